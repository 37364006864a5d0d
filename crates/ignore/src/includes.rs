//! Patterns that say what is wanted, where rules say what is not.

use crate::descent::Descent;
use crate::error::{LoadError, MatchError};
use crate::rules::Rules;
use crate::semantics::Semantics;
use crate::walk::Frame;

/// The patterns of what a receiver of a context asks for, as fsutil's `IncludePatterns`: what is below a match is wanted too, `!`
/// takes back, and the last pattern that applies wins.
///
/// Immutable, cheap to clone, and shared between threads at will.
///
/// ```
/// use shipload_ignore::Includes;
///
/// let wanted = Includes::new("include-patterns", ["src/*.c", "!src/old*"])?;
/// let src = wanted.judge(&wanted.root(), b"src", true)?;
/// assert!(!src.included && src.enter);
/// assert!(wanted.judge(&src.frame, b"src/a.c", false)?.included);
/// assert!(!wanted.judge(&src.frame, b"src/old.c", false)?.included);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Includes {
    rules: Rules,
    descent: std::sync::Arc<Descent>,
}

/// What the patterns say about one entry.
#[derive(Clone, Debug)]
pub struct Inclusion {
    /// Whether the entry itself is wanted. A directory that is not is sent all the same if anything below it is.
    pub included: bool,
    /// Whether the entry is a directory whose children are to be judged. If not, nothing below it is wanted.
    pub enter: bool,
    /// For the judgements of the children.
    pub frame: Frame,
}

impl Includes {
    /// Understands patterns, which are not lines of a file: see [`RulesBuilder::patterns`](crate::RulesBuilder::patterns). Of no
    /// patterns at all, nothing is wanted.
    ///
    /// # Errors
    /// If `BuildKit` would refuse one of them.
    pub fn new(
        name: &str,
        patterns: impl IntoIterator<Item: AsRef<[u8]>>,
    ) -> Result<Self, LoadError> {
        let semantics = Semantics::BuildKit;
        let rules = Rules::builder(semantics).patterns(name, patterns)?.build();
        let wanted = rules.iter().filter(|rule| !rule.is_negated());
        let descent = Descent::towards(semantics, wanted).into();
        Ok(Self { rules, descent })
    }

    /// The state at the top of the context, for the judgements of its direct children.
    pub fn root(&self) -> Frame {
        self.rules.root()
    }

    /// Judges one entry. `path` is its whole path, relative and clean; `parent` is the frame that judging its directory gave, or
    /// [`Includes::root`].
    ///
    /// # Errors
    /// If a pattern that has to be evaluated turns out malformed, as `BuildKit` fails then.
    pub fn judge(
        &self,
        parent: &Frame,
        path: &[u8],
        is_directory: bool,
    ) -> Result<Inclusion, MatchError> {
        let (included, frame) = self.rules.matches(parent, path)?;
        Ok(Inclusion {
            included,
            enter: is_directory && (included || self.descent.enters(path)),
            frame,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Walks down to `path`; `None` where a directory on the way is not entered.
    fn included(patterns: &[&str], path: &str) -> Option<bool> {
        let wanted = Includes::new("p", patterns).unwrap();
        let mut frame = wanted.root();
        for (at, _) in path.match_indices('/') {
            let dir = wanted.judge(&frame, &path.as_bytes()[..at], true).unwrap();
            if !dir.enter {
                return None;
            }
            frame = dir.frame;
        }
        let found = wanted.judge(&frame, path.as_bytes(), false).unwrap();
        Some(found.included)
    }

    #[test]
    fn what_is_wanted() {
        for (patterns, path, expected) in [
            (&["a"][..], "a", Some(true)),
            (&["a"], "b", Some(false)),
            (&["a"], "a/b/c", Some(true)),
            (&["a/b"], "a/b/c", Some(true)),
            (&["a/b"], "a/c", Some(false)),
            (&["a/b"], "c/b", None),
            (&["a/**"], "a/b/c", Some(true)),
            (&["a/**"], "c/b", None),
            (&["**/*.c"], "x/y/a.c", Some(true)),
            (&["*/b"], "c/d", Some(false)),
            (&["a", "!a/b"], "a/b", Some(false)),
            (&["a", "!a/b"], "a/b/c", None),
            (&["a", "!a/b", "a/b/c"], "a/b/c", Some(true)),
            (&["!a"], "a", Some(false)),
            (&[" a "], "a", Some(true)),
            (&["/a"], "a", Some(false)),
            (&["#a"], "#a", Some(true)),
            (&["a\nb"], "a\nb", Some(true)),
            (&[""], "a", Some(false)),
            (&[], "a", Some(false)),
        ] {
            assert_eq!(included(patterns, path), expected, "{patterns:?} {path}");
        }
    }

    #[test]
    fn what_is_refused() {
        for pattern in ["!", "[", "a/[]", "\\"] {
            let error = Includes::new("p", ["ok", pattern]).unwrap_err();
            assert_eq!(
                (error.place.line, &*error.place.file),
                (2, "p"),
                "{pattern}"
            );
        }
        let late = Includes::new("p", ["[b-a]"]).unwrap();
        assert!(late.judge(&late.root(), b"a", false).is_err());
    }
}
