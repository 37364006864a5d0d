//! `Reason`: why a path is in a context or not, where it is not a rule that decides.

use std::fmt;

use shipload_context::EntryPath;
use shipload_ignore::MatchError;

use super::RuleLine;

/// Why a path is in the context or not, where that is not for rules to say, or not for rules alone.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reason {
    /// There is nothing at this path.
    Absent {
        /// A name in the same directory that may be meant.
        nearest: Option<EntryPath>,
    },
    /// There is nothing at this path, and if there was, a rule that cannot be evaluated would fail the build.
    Undecidable {
        /// The rule, and what is wrong with it.
        error: MatchError,
    },
    /// Something that is no directory stands above it, so that there can be nothing.
    NotADirectory {
        /// What stands above it.
        above: EntryPath,
    },
    /// A symbolic link stands above it. A context has links, not what is behind them.
    BehindLink {
        /// The link.
        link: EntryPath,
        /// The path by which the context has what is meant, if it leads to something in the context directory.
        real: Option<EntryPath>,
    },
    /// It is a socket, which no archive can hold.
    Socket,
    /// It cannot be read, or cannot be reached.
    Unreadable {
        /// The directory above it that cannot be read or searched; none if it is the path itself.
        above: Option<EntryPath>,
        /// Whether that fails the packing; else it is left out.
        fails: bool,
    },
    /// It was added, and ignore rules do not apply to what is added.
    Added {
        /// What it comes from.
        from: String,
    },
    /// It is a directory above something that is in, which is why it is in itself.
    Above {
        /// The first such thing.
        member: EntryPath,
    },
    /// The builder needs it, and it is sent whatever rules say.
    BuildFile {
        /// The rule by which the builder takes it away again, before anything is copied.
        removed_by: Option<RuleLine>,
    },
    /// It is the Dockerfile or the ignore file of a builder that reads them apart from the context.
    ReadApart,
    /// It is sent, but the classic builder takes its name for the deletion of a file, so that no image has it.
    Whiteout,
}

impl Reason {
    /// A word for programs, which does not change.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Absent { .. } => "absent",
            Self::Undecidable { .. } => "undecidable",
            Self::NotADirectory { .. } => "not-a-directory",
            Self::BehindLink { .. } => "behind-link",
            Self::Socket => "socket",
            Self::Unreadable { .. } => "unreadable",
            Self::Added { .. } => "added",
            Self::Above { .. } => "above",
            Self::BuildFile { .. } => "build-file",
            Self::ReadApart => "read-apart",
            Self::Whiteout => "whiteout",
        }
    }

    /// What to do about it, where we know.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Absent {
                nearest: Some(path),
            } => Some(format!("there is `{path}`")),
            Self::BehindLink {
                real: Some(path), ..
            } => Some(format!("ask about `{path}`")),
            Self::Unreadable { fails: true, .. } => Some(
                "make it readable, exclude it, or leave such files out with `--on-unreadable skip`"
                    .into(),
            ),
            Self::Undecidable { error } => error.hint(),
            _ => None,
        }
    }
}

/// A sentence without its subject, the path: `does not exist`.
impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Absent { .. } => f.write_str("does not exist"),
            Self::Undecidable { error } => {
                write!(f, "does not exist; if it did, the build would fail: {error}")
            }
            Self::NotADirectory { above } => {
                write!(f, "does not exist: `{above}` is not a directory")
            }
            Self::BehindLink { link, .. } => write!(
                f,
                "is behind the link `{link}`, and a context has links, not what they lead to"
            ),
            Self::Socket => f.write_str("is a socket, which cannot be sent"),
            Self::Unreadable { above, fails } => {
                f.write_str("cannot be read")?;
                if let Some(above) = above {
                    write!(f, ", because `{above}` cannot")?;
                }
                f.write_str(if *fails {
                    ", so that packing fails"
                } else {
                    ", and is left out"
                })
            }
            Self::Added { from } => {
                write!(f, "is added from {from}, and rules do not apply to that")
            }
            Self::Above { member } => write!(f, "is a directory above `{member}`, which is in"),
            Self::BuildFile { removed_by: None } => {
                f.write_str("is sent for the builder, whatever rules say")
            }
            Self::BuildFile {
                removed_by: Some(rule),
            } => write!(
                f,
                "is sent for the builder, which removes it before it copies, because of {rule}"
            ),
            Self::ReadApart => f.write_str("is read by the builder all the same"),
            Self::Whiteout => f.write_str(
                "is sent, but not in an image of the classic builder, which takes `.wh.` for a deletion",
            ),
        }
    }
}
