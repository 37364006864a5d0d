//! Why there is no edit.

use std::fmt;

use shipload_context::{EntryPath, Semantics, show};
use shipload_ignore::{LoadError, MatchError};

use super::{Edit, Side, engine_name};

/// Why no edit moves exactly what was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FixError {
    /// The same path is asked both out and in.
    #[error("`{path}` cannot be both excluded and included")]
    BothWays {
        /// The path.
        path: EntryPath,
    },
    /// There is no such entry in the directory, so that there is nothing to hold an edit against.
    #[error("there is no `{path}` in the directory")]
    NotThere {
        /// The path.
        path: EntryPath,
    },
    /// No engine reads the file.
    #[error("no engine reads `{file}`")]
    NoEngine {
        /// The file.
        file: String,
    },
    /// The engine that was asked for refuses the file as it is.
    #[error("cannot read the rules")]
    Load(#[from] LoadError),
    /// A rule of the file fails when it is used.
    #[error("cannot use the rules")]
    Match(#[from] MatchError),
    /// Nothing that was tried moves just what was asked.
    #[error("no edit of `{file}` moves just what was asked: {why}")]
    Inexact {
        /// The file.
        file: String,
        /// What stands in the way.
        why: Obstacle,
        /// The edit that says what was asked and nothing more; it is not exact.
        nearest: Box<Edit>,
        /// What would be on the wrong side after it.
        astray: Vec<Astray>,
    },
}

/// What stands in the way of an exact edit.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Obstacle {
    /// To find what is asked in, the classic builder has to look into a directory that it passes by now. There it would take an
    /// entry that BuildKit takes already, or the other way round: within a directory that both look into they take the same.
    Apart {
        /// The entry.
        path: EntryPath,
    },
    /// A name that no pattern of the engines stands for.
    Name {
        /// The entry.
        path: EntryPath,
    },
    /// None was found. That there is none is not proven.
    NotFound,
}

/// An entry that an edit would leave on the wrong side.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Astray {
    /// The entry.
    pub path: EntryPath,
    /// The side on which it would be.
    pub side: Side,
    /// For which engines.
    pub engines: Vec<Semantics>,
}

impl fmt::Display for Obstacle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Apart { path } => {
                let path = show(path.as_bytes());
                write!(
                    f,
                    "the classic builder and BuildKit would have to look into one directory and differ on `{path}` in it"
                )
            }
            Self::Name { path } => {
                write!(
                    f,
                    "no pattern stands for `{}` with all engines",
                    show(path.as_bytes())
                )
            }
            Self::NotFound => f.write_str("none was found"),
        }
    }
}

impl fmt::Display for Astray {
    /// `a/b would be out for classic`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let side = match self.side {
            Side::Excluded => "out",
            Side::Included => "in",
        };
        let engines: Vec<&str> = self
            .engines
            .iter()
            .map(|engine| engine_name(*engine))
            .collect();
        let path = show(self.path.as_bytes());
        write!(f, "`{path}` would be {side} for {}", engines.join(", "))
    }
}

impl FixError {
    /// Advice for the user.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Inexact {
                why: Obstacle::Apart { path },
                ..
            } => Some(format!(
                "say on which side `{}` shall be as well, or choose one engine",
                show(path.as_bytes())
            )),
            Self::Inexact { .. } => {
                Some("ask for the directories above as well, or choose one engine".to_owned())
            }
            Self::Load(error) => error.hint(),
            Self::Match(error) => error.hint(),
            Self::NotThere { .. } => {
                Some("paths are relative to the context, and have to be there".to_owned())
            }
            Self::BothWays { .. } | Self::NoEngine { .. } => None,
        }
    }
}
