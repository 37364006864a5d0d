//! Docker ignore rules, exactly as the three builders mean them.
//!
//! Give the text of a `.dockerignore` to [`Rules::parse`], walk a tree, and ask [`Rules::judge`]
//! about each entry: the answer says whether it stays out, which line decided, and whether a
//! directory is worth entering. Nothing here touches a file system; the caller reads files, and
//! [`Semantics::candidates`] says which.
//!
//! ```
//! use shipload_ignore::{Rules, Semantics};
//!
//! let text = b"**\n!src\nsrc/**/*.o\n";
//! let rules = Rules::parse(Semantics::BuildKit, ".dockerignore", text)?;
//!
//! let src = rules.judge(&rules.root(), b"src", true)?;
//! assert!(!src.excluded && src.enter);
//! let object = rules.judge(&src.frame, b"src/a.o", false)?;
//! assert!(object.excluded);
//! assert_eq!(object.rule.map(ToString::to_string).as_deref(), Some(".dockerignore:3: src/**/*.o"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # The rules
//!
//! **Lines.** `#` makes a comment in the first column only. Lines are trimmed, of Unicode white
//! space too. `!` includes again. Patterns are cleaned as paths (`a//b/../c` is `a/c`), one
//! leading `/` is dropped, and so is a trailing one: there are no patterns for directories alone.
//! A line of 64 KiB, a lone `!` and a malformed class (`[`) fail the file.
//!
//! **Patterns** hold for the whole path from the top of the context: `a` is not `b/a`.
//!
//! | pattern | matches |
//! |---|---|
//! | `*`, `?` | any characters, one character, but no `/` |
//! | `**/a` | `a` at any depth |
//! | `a/**` | everything below `a`, not `a` |
//! | `**a` | what ends in `a`: also `xa`, `x/ya` |
//! | `a**` | what starts with `a`: also `ax/y` |
//! | `a**b` | `ab`, and `b` as the last component below a directory whose path starts with `a` |
//! | `[a-c]`, `[^a-c]` | a character of the class, or not of it, **which may be `/`** |
//! | `\x` | `x`, if it is punctuation |
//!
//! Once a pattern holds a wildcard it is a Go regular expression in which `|`, `{`, `}` and `^`
//! keep their power and `\d`, `\pL`, `[[:alpha:]]` work: `a|b*` matches what starts with `a`
//! *or* is `b…` at the end. A pattern without wildcards is plain text. Case counts. File names
//! that are not UTF-8 work: each stray byte is one character that only wildcards match.
//!
//! **Verdict.** The last rule that applies wins, and a rule that matches a directory applies to
//! all that lies below it. But a `!` rule applies only where something is excluded at that point,
//! and what did not apply to a directory is not handed down. So `**/*.log` with `!logs` still
//! drops `logs/x.log`. Podman does not hand down; there every path stands for itself.
//!
//! **Excluded directories** are entered if something below may be included again. Classic and
//! podman look for a `!` pattern that has the directory as a literal prefix; `BuildKit` enters
//! all as soon as any `!` pattern holds a wildcard. With `*` and `!**/*.md`, a classic build gets
//! top-level files only, `BuildKit` all.
//!
//! **Failures.** Some patterns fail only when a path is held against them (`[b-a]`). The build
//! fails then, and so does [`Rules::judge`].
//!
//! The behaviour is that of `moby/patternmatcher`, `moby/go-archive` and `tonistiigi/fsutil` as
//! in docker CLI 28.2.2 and current `BuildKit`, and of buildah 1.28 with `containers/storage`; the
//! tests compare with these tools.

mod charset;
mod descent;
mod error;
mod glob;
mod gopath;
mod includes;
mod index;
mod parse;
mod pattern;
#[cfg(test)]
mod reference;
mod regexp;
mod rules;
mod semantics;
mod walk;

pub use error::{LoadError, LoadProblem, MatchError, Place};
pub use includes::{Includes, Inclusion};
pub use rules::{Origin, Rule, Rules, RulesBuilder};
pub use semantics::{Candidate, Semantics};
pub use walk::{Explanation, Frame, Judgement, Match, Matching, Step};
