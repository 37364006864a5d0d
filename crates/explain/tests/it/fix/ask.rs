//! Random questions, and the trees to put them to.

use shipload_context::{EntryPath, Progress};
use shipload_explain::Survey;
use shipload_explain::fix::{FixEngine, FixInput, Wanted};
use shipload_testkit::oracle::Semantics;
use shipload_testkit::random::Random;
use shipload_testkit::tree::{Case, Kinds, random_case};

pub(super) const ENGINES: [Semantics; 3] =
    [Semantics::BuildKit, Semantics::Classic, Semantics::Podman];

/// A case in which all engines read one file, and what is to move in it.
pub(super) struct Question {
    pub(super) case: Case,
    pub(super) wanted: Wanted,
}

impl Question {
    pub(super) fn random(seed: u64) -> Self {
        let mut case = random_case(seed, Kinds::Plain);
        let beside = format!("{}.dockerignore", case.dockerfile);
        case.tree.remove(beside.as_bytes());
        case.tree.remove(b".containerignore");
        let mut random = Random::new(seed ^ 0x00f1_85ee_d000_0000);
        let build_files = [&b".dockerignore"[..], case.dockerfile.as_bytes()];
        let paths: Vec<&Vec<u8>> = case
            .tree
            .entries
            .keys()
            .filter(|path| !build_files.contains(&&path[..]))
            .collect();
        let mut wanted = Wanted::default();
        let count = match random.below(10) {
            0..5 => 1,
            5..8 => 2,
            _ => 3 + random.below(4),
        };
        let sides = random.below(3);
        for _ in 0..count {
            let path = EntryPath::new(random.pick(&paths)).unwrap();
            let side = match sides {
                0 => &mut wanted.exclude,
                1 => &mut wanted.include,
                _ if random.chance(50) => &mut wanted.exclude,
                _ => &mut wanted.include,
            };
            side.push(path);
        }
        let both = wanted.exclude.clone();
        wanted.include.retain(|path| !both.contains(path));
        Self { case, wanted }
    }

    pub(super) fn input(&self) -> FixInput {
        let text = self.case.tree.content(b".dockerignore").map(<[u8]>::to_vec);
        let mut input = FixInput::new(survey(&self.case), ".dockerignore", text);
        let dockerfile: EntryPath = self.case.dockerfile.parse().unwrap();
        input.engines = ENGINES
            .map(|engine| FixEngine::new(engine, Some(dockerfile.clone())))
            .into();
        input
    }

    /// The same with other rules.
    pub(super) fn with(&self, rules: &[u8]) -> Case {
        let mut case = self.case.clone();
        case.tree.file(b".dockerignore", rules);
        case
    }
}

fn survey(case: &Case) -> Survey {
    let directory = tempfile::tempdir().unwrap();
    case.tree.write(directory.path()).unwrap();
    Survey::new(directory.path(), &Progress::new()).unwrap()
}
