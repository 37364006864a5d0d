//! What a builder makes of a case: the real ones' answers and ours, in one form.

use std::collections::BTreeSet;
use std::fmt;
use std::io;

use shipload_ignore::{Frame, MatchError, Rules};

pub use shipload_ignore::Semantics;

use crate::buildah::Buildah;
use crate::devtools::Devtools;
use crate::docker_cli::DockerCli;
use crate::escape;
use crate::tree::{Case, TreeSpec};

/// A builder's answer to a case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// The paths of all entries that it sends, directories without a slash.
    Sent(BTreeSet<Vec<u8>>),
    /// It fails.
    Refused,
    /// It cannot be told: `docker-devtools` compiles every rule by itself before it walks, and so refuses
    /// rule files with a bad rule that BuildKit's walk never comes to.
    Unclear,
}

impl Answer {
    /// The same with all directories above what is sent, which a receiver makes up if they are missing.
    #[must_use]
    pub fn with_parents(self) -> Self {
        match self {
            Self::Refused | Self::Unclear => self,
            Self::Sent(mut paths) => {
                let above: Vec<_> = paths.iter().flat_map(|path| above(path)).collect();
                paths.extend(above);
                Self::Sent(paths)
            }
        }
    }
}

/// The paths of the directories that hold `path`.
fn above(path: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    (0..path.len())
        .filter(|&at| path[at] == b'/')
        .map(|at| path[..at].to_vec())
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused => f.write_str("refused"),
            Self::Unclear => f.write_str("unclear"),
            Self::Sent(paths) => {
                let paths: Vec<String> = paths.iter().map(|path| escape::display(path)).collect();
                write!(f, "sent {}", paths.join(", "))
            }
        }
    }
}

/// A real builder, asked case by case. Threads may share it.
#[derive(Debug)]
pub enum Oracle {
    /// Classic builds, by the docker CLI.
    DockerCli(DockerCli),
    /// BuildKit, by `docker-devtools`.
    Devtools(Devtools),
    /// Podman, by buildah.
    Buildah(Buildah),
}

impl Oracle {
    /// The real builder for some semantics.
    ///
    /// # Errors
    /// In words, why this machine has none.
    pub fn find(semantics: Semantics) -> Result<Self, String> {
        match semantics {
            Semantics::Classic => DockerCli::find().map(Self::DockerCli),
            Semantics::BuildKit => Devtools::find().map(Self::Devtools),
            Semantics::Podman => Buildah::find().map(Self::Buildah),
        }
    }

    /// Whose semantics this builder's are.
    pub fn semantics(&self) -> Semantics {
        match self {
            Self::DockerCli(_) => Semantics::Classic,
            Self::Devtools(_) => Semantics::BuildKit,
            Self::Buildah(_) => Semantics::Podman,
        }
    }

    /// Its name and version, such as `docker CLI 28.2.2`.
    pub fn name(&self) -> String {
        match self {
            Self::DockerCli(docker) => format!("docker CLI {}", docker.version()),
            Self::Devtools(devtools) => format!("docker-devtools {}", devtools.version()),
            Self::Buildah(buildah) => format!("buildah {}", buildah.version()),
        }
    }

    /// The command that it is asked with.
    pub fn command(&self) -> &'static str {
        match self {
            Self::DockerCli(_) => DockerCli::COMMAND,
            Self::Devtools(_) => Devtools::COMMAND,
            Self::Buildah(_) => Buildah::COMMAND,
        }
    }

    /// Its answer to a case.
    ///
    /// # Errors
    /// When it cannot be asked, as opposed to that it refuses the case.
    pub fn answer(&self, case: &Case) -> io::Result<Answer> {
        match self {
            Self::DockerCli(docker) => docker.answer(case),
            Self::Devtools(devtools) => devtools.answer(case),
            Self::Buildah(buildah) => buildah.answer(case),
        }
    }
}

/// Whether our answer is as good as the real builder's.
pub fn agree(ours: &Answer, theirs: &Answer) -> bool {
    *theirs == Answer::Unclear || ours == theirs
}

/// What our rules say to a case, in the form in which the real builder's answer can be seen: of buildah only
/// the image.
pub fn comparable(case: &Case, semantics: Semantics) -> Answer {
    let answer = ours(case, semantics);
    match semantics {
        Semantics::Classic | Semantics::BuildKit => answer,
        Semantics::Podman => answer.with_parents(),
    }
}

/// What our rules make of a case, in memory: the simplest walk there can be.
///
/// Rules of [`Semantics::Classic`] get the build files that the docker CLI adds.
pub fn ours(case: &Case, semantics: Semantics) -> Answer {
    match try_ours(case, semantics) {
        Ok(sent) => Answer::Sent(sent),
        Err(_) => Answer::Refused,
    }
}

/// Why [`ours`] refuses a case, if it does.
pub fn refusal(case: &Case, semantics: Semantics) -> Option<String> {
    try_ours(case, semantics)
        .err()
        .map(|error| error.to_string())
}

fn try_ours(
    case: &Case,
    semantics: Semantics,
) -> Result<BTreeSet<Vec<u8>>, Box<dyn std::error::Error>> {
    let rules = rules(case, semantics)?;
    let mut walk = Walk {
        tree: &case.tree,
        rules: &rules,
        sent: BTreeSet::new(),
    };
    walk.directory(b"", &rules.root())?;
    Ok(walk.sent)
}

/// The rules of a case, from the ignore file that the builder takes.
fn rules(case: &Case, semantics: Semantics) -> Result<Rules, shipload_ignore::LoadError> {
    let found = semantics.candidates().iter().find_map(|candidate| {
        let path = candidate.path(case.dockerfile.as_ref(), "".as_ref());
        let path = path.to_str()?;
        Some((path.to_owned(), case.tree.content(path.as_bytes())?))
    });
    let rules = match found {
        Some((path, content)) => Rules::parse(semantics, &path, content)?,
        None => Rules::none(semantics),
    };
    rules.with_build_files(Some(case.dockerfile.as_bytes()))
}

struct Walk<'c> {
    tree: &'c TreeSpec,
    rules: &'c Rules,
    sent: BTreeSet<Vec<u8>>,
}

impl Walk<'_> {
    fn directory(&mut self, directory: &[u8], frame: &Frame) -> Result<(), MatchError> {
        let inside = if directory.is_empty() {
            Vec::new()
        } else {
            [directory, b"/"].concat()
        };
        let children = self.tree.entries.iter().filter(|(path, _)| {
            path.strip_prefix(&inside[..])
                .is_some_and(|name| !name.contains(&b'/'))
        });
        for (path, item) in children {
            let judged = self.rules.judge(frame, path, item.is_dir())?;
            if !judged.excluded {
                self.send(path);
            }
            if judged.enter {
                self.directory(path, &judged.frame)?;
            }
        }
        Ok(())
    }

    fn send(&mut self, path: &[u8]) {
        if self.rules.semantics().sends_excluded_parents() {
            self.sent.extend(above(path));
        }
        self.sent.insert(path.to_vec());
    }
}
