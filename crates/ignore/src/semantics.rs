//! Whose rules: the three builders that read ignore files, and what each calls them.

use std::path::{Path, PathBuf};

/// Which builder's meaning of an ignore file applies.
///
/// They agree on most files. They differ on which excluded directories are searched for
/// re-included entries, on whether an exclusion above a path can be taken back, and on the names
/// of the files.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Semantics {
    /// `POST /build` as docker CLI 25 and later fill it: an excluded directory is entered only
    /// if a `!` pattern has it as a literal prefix.
    Classic,
    /// `BuildKit`: an excluded directory is entered also whenever any `!` pattern holds a
    /// wildcard. The default, because it is Docker's default builder.
    #[default]
    BuildKit,
    /// `podman build` and `buildah build` (as buildah 1.28): every path is judged on its own by
    /// the last rule that matches it or a directory above it.
    Podman,
}

/// A place where an ignore file may be. The first that exists is read, alone, even if empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Candidate {
    /// The Dockerfile's own path with this suffix; it need not lie in the context.
    BesideDockerfile(&'static str),
    /// A file of this name at the top of the context.
    InContext(&'static str),
}

impl Semantics {
    /// Where the builder looks for its ignore file, in order.
    ///
    /// ```
    /// use shipload_ignore::{Candidate, Semantics};
    ///
    /// let candidates = Semantics::BuildKit.candidates();
    /// assert_eq!(candidates[0], Candidate::BesideDockerfile(".dockerignore"));
    /// assert_eq!(Semantics::Classic.candidates(), [Candidate::InContext(".dockerignore")]);
    /// ```
    pub const fn candidates(self) -> &'static [Candidate] {
        match self {
            Self::Classic => &[Candidate::InContext(".dockerignore")],
            Self::BuildKit => &[
                Candidate::BesideDockerfile(".dockerignore"),
                Candidate::InContext(".dockerignore"),
            ],
            Self::Podman => &[
                Candidate::BesideDockerfile(".dockerignore"),
                Candidate::BesideDockerfile(".containerignore"),
                Candidate::InContext(".containerignore"),
                Candidate::InContext(".dockerignore"),
            ],
        }
    }

    /// Whether the client sends the entry of an excluded directory that holds an entry which is
    /// sent. `BuildKit` needs it, with its real mode; the others leave it to the receiver.
    pub const fn sends_excluded_parents(self) -> bool {
        match self {
            Self::BuildKit => true,
            Self::Classic | Self::Podman => false,
        }
    }
}

impl Candidate {
    /// The path to look at, given the paths of the Dockerfile and of the context directory.
    ///
    /// ```
    /// use std::path::Path;
    /// use shipload_ignore::Candidate;
    ///
    /// let beside = Candidate::BesideDockerfile(".dockerignore");
    /// let path = beside.path(Path::new("docker/web.Dockerfile"), Path::new("."));
    /// assert_eq!(path, Path::new("docker/web.Dockerfile.dockerignore"));
    /// ```
    pub fn path(self, dockerfile: &Path, context: &Path) -> PathBuf {
        match self {
            Self::BesideDockerfile(suffix) => {
                let mut path = dockerfile.as_os_str().to_owned();
                path.push(suffix);
                path.into()
            }
            Self::InContext(name) => context.join(name),
        }
    }
}
