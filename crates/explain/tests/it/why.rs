//! Why a path is in or out: rows with everything there is to say, and 1,000 random trees on which it agrees with the plan.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use fs_err as fs;
use shipload_context::{
    DockerfileChoice, EntryPath, IgnoreChoice, OnUnreadable, Plan, Progress, Recipe, Request,
    Semantics,
};
use shipload_explain::{Answers, Question, Why, why};
use shipload_testkit::dockerfiles::random_dockerfile;
use shipload_testkit::opens::Opens;
use shipload_testkit::random::Random;
use shipload_testkit::tree::{Case, Item, Kind, Kinds, random_case};

const ALL: [Semantics; 3] = [Semantics::Classic, Semantics::BuildKit, Semantics::Podman];

const CASES: u64 = 1_000;

fn path(bytes: &[u8]) -> EntryPath {
    EntryPath::new(bytes).unwrap()
}

fn ask(recipe: &Recipe, questions: &[Question]) -> Answers {
    why(recipe, &Request::default(), questions).unwrap()
}

/// A tree with links that lead through each other, and with what a builder treats in its own way.
fn random_context(seed: u64) -> Case {
    let mut case = random_case(seed, Kinds::Every);
    let mut random = Random::new(seed ^ 0x5eed);
    let dockerfile = case.dockerfile.clone().into_bytes();
    let paths: Vec<Vec<u8>> = case.tree.entries.keys().cloned().collect();
    for number in 0..random.below(4) {
        let target = random.pick(&paths).clone();
        let target = match random.below(4) {
            0 => [b"/", &*target].concat(),
            1 => [b"no/such/../../", &*target].concat(),
            _ => target,
        };
        let dir = random.pick(&paths);
        let is_dir = case.tree.entries.get(dir).is_some_and(Item::is_dir);
        let link = if is_dir && random.chance(70) {
            [&**dir, format!("/to-{number}").as_bytes()].concat()
        } else {
            format!("to-{number}").into_bytes()
        };
        case.tree
            .add(&link, Item::new(Kind::Symlink { target }, 0o777));
    }
    if random.chance(10) {
        case.tree.file(b".wh.gone", b"");
    }
    let mut text = random_dockerfile(seed, &case.tree);
    if random.chance(70) {
        let lines = text.split_inclusive('\n');
        text = lines.filter(|line| !line.contains(" . ")).collect();
    }
    let more = [
        "RUN --mount=type=bind,source=a,target=/m true",
        "COPY --parents **/*.md /md/",
        "COPY */a to-0/a* to-1/../b /x/",
        "COPY src/*/* **/x.log /y/",
        "COPY to-*/* /z/",
        "COPY to-0/b/c /",
        "COPY --parents **/to-* **/to-0 /links/",
        "COPY --parents **/to-1 /links/",
    ];
    for line in more {
        if random.chance(20) {
            text.push_str(line);
            text.push('\n');
        }
    }
    let content = text.into_bytes();
    let mut item = case.tree.entries[&dockerfile].clone();
    item.kind = Kind::File { content };
    case.tree.add(&dockerfile, item);
    case
}

/// A recipe with what may stand in the way of what the directory has.
fn random_recipe(seed: u64, case: &Case, top: &Path, outside: &Path) -> Recipe {
    let mut random = Random::new(seed ^ 0xadd);
    let mut recipe = Recipe::new(top);
    recipe = match random.below(8) {
        0 => recipe.dockerfile(DockerfileChoice::Bytes(
            b"FROM scratch\nCOPY a /\n".to_vec(),
        )),
        1 => recipe.dockerfile(DockerfileChoice::File(outside.join("Dockerfile"))),
        _ => recipe.dockerfile(DockerfileChoice::File(top.join(&case.dockerfile))),
    };
    recipe = match random.below(8) {
        0 => recipe.ignore(IgnoreChoice::None),
        1 => recipe.ignore(IgnoreChoice::Files(vec![outside.join("rules")])),
        _ => recipe,
    };
    if random.chance(30) {
        recipe = recipe.on_unreadable(OnUnreadable::Skip);
    }
    if random.chance(20) {
        recipe = recipe.add(outside.join("rules"), path(b"a/added/file"));
    }
    if random.chance(20) {
        let at = random.pick(&["src", "added/deep", "b/c"]);
        recipe = recipe.add(outside.join("dir"), path(at.as_bytes()));
    }
    recipe
}

/// All that is on disk or listed, and what is not.
fn questions(seed: u64, case: &Case, plan: &Plan) -> Vec<Question> {
    let mut random = Random::new(seed ^ 0x9a);
    let on_disk = case.tree.entries.keys().cloned();
    let listed = plan.view.tree().entries().iter();
    let listed = listed.map(|entry| entry.path.as_bytes().to_vec());
    let mut paths: Vec<Vec<u8>> = on_disk.chain(listed).collect();
    for _ in 0..6 {
        let one = random.pick(&paths).clone();
        let other = random.pick(&paths).clone();
        paths.push([&*one, b"/", &*other].concat());
        paths.push([&*one, b"~"].concat());
    }
    paths.push(b".dockerignore".to_vec());
    paths.push(b"no/such/thing".to_vec());
    paths.sort();
    paths.dedup();
    let question = |bytes: Vec<u8>| Question {
        path: path(&bytes),
        is_dir: random.chance(20),
    };
    paths.into_iter().map(question).collect()
}

/// Holds an answer against the plans of all builders; the first is that which was asked.
fn agrees(answer: &Why, plans: &[(Semantics, Option<Plan>)], own: Semantics) {
    let is_in = |plan: &Plan| {
        let mut members = plan.view.members();
        members.any(|member| member.entry.path == answer.path)
    };
    for (semantics, plan) in plans {
        let Some(plan) = plan else { continue };
        let ruling = match answer
            .engines
            .iter()
            .find(|one| one.semantics == *semantics)
        {
            Some(one) => one.ruling.as_ref().unwrap(),
            None => &answer.ruling,
        };
        assert_eq!(ruling.included, is_in(plan), "{semantics:?} {answer:#?}");
        if *semantics != own {
            continue;
        }
        assert_eq!(ruling, &answer.ruling);
        assert!(ruling.allowed || !ruling.included || ruling.reason.is_some());
        if !ruling.included && ruling.allowed {
            assert!(ruling.reason.is_some(), "{answer:#?}");
        }
        assert_eq!(
            ruling.allowed,
            ruling.rule.as_ref().is_none_or(|rule| rule.is_negated),
            "{answer:#?}"
        );
    }
}

fn check(seed: u64) -> usize {
    let case = random_context(seed);
    let (top, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    case.tree.write(top.path()).unwrap();
    fs::create_dir_all(outside.path().join("dir/b")).unwrap();
    for (name, text) in [
        ("Dockerfile", "FROM scratch\nCOPY a b /\n"),
        ("rules", "**\n!a\n!**/*.md\n"),
        ("dir/b/a", ""),
        ("dir/x.log", ""),
    ] {
        fs::write(outside.path().join(name), text).unwrap();
    }
    let recipe = random_recipe(seed, &case, top.path(), outside.path());
    let plan = |semantics| {
        recipe
            .clone()
            .semantics(semantics)
            .plan(&Progress::new())
            .ok()
    };
    let plans = ALL.map(|semantics| (semantics, plan(semantics)));
    let mut checked = 0;
    for (semantics, plan) in &plans {
        let Some(plan) = plan else { continue };
        let recipe = recipe.clone().semantics(*semantics);
        let questions = questions(seed, &case, plan);
        let full = plan.referenced(&Request::default());
        let mut answers = ask(&recipe, &questions).paths;
        // Asked about alone, a path has to lead to the same with less that is listed.
        let mut random = Random::new(seed);
        for _ in 0..4 {
            let place = random.below(questions.len());
            let alone = ask(&recipe, &questions[place..=place]).paths.remove(0);
            assert_eq!(
                alone.ruling, answers[place].ruling,
                "{:?}",
                questions[place]
            );
            answers.push(alone);
        }
        for answer in &answers {
            agrees(answer, &plans, *semantics);
            if let Ok(full) = &full {
                let expected: Vec<_> = full.read_by(&answer.path).cloned().collect();
                assert_eq!(answer.read_by, expected, "{answer:#?}");
            }
            checked += 1;
        }
    }
    checked
}

/// A directory with these files (`-> target` makes a link), a Dockerfile and rules.
fn directory(files: &[(&str, &str)], instructions: &str, rules: &str) -> tempfile::TempDir {
    let top = tempfile::tempdir().unwrap();
    let dockerfile = format!("FROM scratch\n{instructions}\n");
    let own = [("Dockerfile", &*dockerfile), (".dockerignore", rules)];
    for (name, text) in files.iter().chain(&own) {
        let path = top.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        match text.strip_prefix("-> ") {
            Some(target) => std::os::unix::fs::symlink(target, &path).unwrap(),
            None => fs::write(&path, text).unwrap(),
        }
    }
    top
}

/// 100,000 files elsewhere are not looked at: not one directory of them is opened.
#[test]
fn nothing_else_is_looked_at() {
    let instructions = "COPY src /src\nCOPY packages/*/package.json /\nCOPY link /";
    let mut files = vec![("src/app/main.rs".to_owned(), "")];
    files.extend((0..20).map(|number| (format!("packages/{number}/package.json"), "")));
    files.push(("link".to_owned(), "-> there/x"));
    files.push(("there/x".to_owned(), ""));
    let files: Vec<_> = files.iter().map(|(name, text)| (&**name, *text)).collect();
    let top = directory(&files, instructions, "*.log\n!**/keep.log\n");
    for dir in 0..100 {
        let dir = top.path().join(format!("packages/0/node_modules/{dir}"));
        fs::create_dir_all(&dir).unwrap();
        for file in 0..1_000 {
            fs::write(dir.join(file.to_string()), "").unwrap();
        }
    }
    let recipe = Recipe::new(top.path());
    let mut opens = Opens::watch(top.path()).unwrap();
    let answers = ask(&recipe, &[question("src/app/main.rs"), question("a.log")]);
    assert_eq!(answers.paths[0].read_by.len(), 1);
    assert!(!answers.paths[1].ruling.allowed);
    let (files, directories) = opens.take_all().unwrap();
    let paths = |names: &[&str]| names.iter().map(PathBuf::from).collect::<BTreeSet<_>>();
    assert_eq!(files, paths(&[".dockerignore", "Dockerfile"]));
    let mut expected = paths(&["", "packages", "src", "src/app", "there"]);
    expected.extend((0..20).map(|number| PathBuf::from(format!("packages/{number}"))));
    assert_eq!(directories, expected);
    // A list of everything does open them.
    recipe.plan(&Progress::new()).unwrap();
    let (_, directories) = opens.take_all().unwrap();
    assert!(directories.len() > 100);
}

fn question(path: &str) -> Question {
    Question::new(Path::new("/none"), Path::new(path)).unwrap()
}

/// Who reads a path is found out through what else they read, of which nothing was asked.
#[test]
fn sources_are_followed_beyond_the_path() {
    let files = [
        ("target/file", ""),
        ("one", "-> two"),
        ("two", "-> far/three"),
        ("far/three", "-> ../target"),
        ("a/b/c/to", "-> /target/file"),
        ("x/y/link", "-> /one"),
        ("aa/to", "-> ../a/../target"),
        ("round", "-> round/file"),
    ];
    let rows = [
        ("COPY one /", 1),
        ("COPY one/file /", 1),
        ("COPY on*/f*e /", 1),
        ("COPY --parents **/to /x/", 1),
        ("COPY --parents **/y/link/file /x/", 1),
        ("COPY a*/*/*/to /", 1),
        ("COPY a?/t[o] /", 1),
        ("RUN --mount=source=x/y/link,target=/m true", 1),
        ("COPY round far /", 0),
        ("COPY x/y/link/other /", 0),
        ("COPY one /\nCOPY target /", 2),
    ];
    for (instructions, expected) in rows {
        let top = directory(&files, instructions, "");
        let answers = ask(&Recipe::new(top.path()), &[question("target/file")]);
        let read_by = &answers.paths[0].read_by;
        assert_eq!(read_by.len(), expected, "{instructions}: {read_by:?}");
    }
}

#[test]
fn answers_agree_with_the_plan() {
    let seeds: Vec<u64> = match std::env::var("SEED") {
        Ok(seed) => vec![seed.parse().unwrap()],
        Err(_) => (0..CASES).collect(),
    };
    let halves = seeds.chunks(seeds.len().div_ceil(2));
    let work = |seeds: &[u64]| {
        let mut checked = 0;
        for &seed in seeds {
            let outcome = std::panic::catch_unwind(|| check(seed));
            let Ok(found) = outcome else {
                panic!("SEED={seed}\n{}", random_context(seed));
            };
            checked += found;
        }
        checked
    };
    let checked: usize = std::thread::scope(|scope| {
        let threads: Vec<_> = halves.map(|half| scope.spawn(move || work(half))).collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .sum()
    });
    assert!(
        seeds.len() == 1 || checked > 60_000,
        "only {checked} answers were compared"
    );
}
