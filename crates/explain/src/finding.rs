//! `Finding`: one thing that is wrong with a context, where, and what to do about it. Plain data; who shows it decides how.

use std::ops::Range;
use std::path::{Path, PathBuf};

use shipload_context::{EntryPath, show};

use crate::code::{Code, Severity};

/// Something that is wrong with a context, or good to know of it.
///
/// ```
/// use shipload_explain::{Code, Finding, Severity};
///
/// let finding = Finding::new(Code::Junk, "`node_modules` is in the context").of("node_modules".parse()?);
/// assert_eq!(finding.severity, Severity::Warning);
/// assert_eq!(finding.to_string(), "warning[junk]: `node_modules` is in the context");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Finding {
    /// What kind of thing it is.
    pub code: Code,
    /// How bad it is here.
    pub severity: Severity,
    /// What is wrong, in one sentence without a full stop. Never a secret.
    pub message: String,
    /// Where, if it is in a text file: an ignore file, the Dockerfile, or another.
    pub location: Option<Location>,
    /// Where, if it is something in the context.
    pub path: Option<EntryPath>,
    /// The first of the paths of the context that it concerns, beside `path`; at most [`Finding::SHOWN`].
    pub concerns: Vec<EntryPath>,
    /// How many paths it concerns in all; 0 where that is no question.
    pub count: usize,
    /// How many bytes of content they have, each file counted once; none where that is no question.
    pub bytes: Option<u64>,
    /// Other places that have to do with it, such as the instruction that copies a file into the image.
    pub related: Vec<Related>,
    /// What to do about it.
    pub fix: Option<Fix>,
}

/// A place in a text file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Location {
    /// The file: on this machine with its links resolved, or a name alone (`Dockerfile`) where it is no file of it.
    pub file: PathBuf,
    /// The line, counted from 1.
    pub line: usize,
    /// The byte in the line, counted from 1.
    pub column: usize,
    /// How many bytes of the line it is about; 0 if only its beginning is known.
    pub width: usize,
    /// The line, without its end, as it may be shown: what is not UTF-8 is replaced. Empty where it must not be shown.
    pub excerpt: String,
}

/// Another place that has to do with a finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Related {
    /// What is there, without a full stop.
    pub message: String,
    /// Where.
    pub location: Location,
}

/// What to do about a finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fix {
    /// What to do, in one sentence without a full stop.
    pub advice: String,
    /// The edits that do it, in the order of their places; none where a person has to decide.
    pub edits: Vec<Edit>,
}

/// One change of a text file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit {
    /// The file.
    pub file: PathBuf,
    /// The bytes of the file that go.
    pub range: Range<usize>,
    /// What comes in their place.
    pub text: Vec<u8>,
}

/// # Making one
impl Finding {
    /// The most paths in `concerns`.
    pub const SHOWN: usize = 5;

    /// A finding with the severity of its code and nothing else.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self {
            code,
            severity: code.severity(),
            message: message.into(),
            location: None,
            path: None,
            concerns: Vec::new(),
            count: 0,
            bytes: None,
            related: Vec::new(),
            fix: None,
        }
    }

    /// The same with another severity than the usual one.
    #[must_use]
    pub fn severity(self, severity: Severity) -> Self {
        Self { severity, ..self }
    }

    /// The same, at this place in a text file.
    #[must_use]
    pub fn at(self, location: Location) -> Self {
        Self {
            location: Some(location),
            ..self
        }
    }

    /// The same, about this path of the context.
    #[must_use]
    pub fn of(self, path: EntryPath) -> Self {
        Self {
            path: Some(path),
            ..self
        }
    }

    /// The same, about all these paths; the first are kept, and their number.
    #[must_use]
    pub fn concerning<'p>(mut self, paths: impl IntoIterator<Item = &'p EntryPath>) -> Self {
        for path in paths {
            self.count += 1;
            if self.concerns.len() < Self::SHOWN {
                self.concerns.push(path.clone());
            }
        }
        self
    }

    /// The same, with the size of what it is about.
    #[must_use]
    pub fn weighing(self, bytes: u64) -> Self {
        Self {
            bytes: Some(bytes),
            ..self
        }
    }

    /// The same, with another place that has to do with it.
    #[must_use]
    pub fn related(mut self, message: impl Into<String>, location: Location) -> Self {
        let message = message.into();
        self.related.push(Related { message, location });
        self
    }

    /// The same, with advice that no edit carries out.
    #[must_use]
    pub fn advice(self, advice: impl Into<String>) -> Self {
        self.fix(advice, Vec::new())
    }

    /// The same, with advice and the edits that carry it out.
    #[must_use]
    pub fn fix(self, advice: impl Into<String>, edits: Vec<Edit>) -> Self {
        let advice = advice.into();
        Self {
            fix: Some(Fix { advice, edits }),
            ..self
        }
    }
}

/// Without the place: `warning[dead-rule]: …`.
impl std::fmt::Display for Finding {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}[{}]: {}", self.severity, self.code, self.message)
    }
}

impl Location {
    /// The line with a caret below each byte that it is about, on two lines; none where the line is empty. Characters that a
    /// terminal may obey are escaped, and so is a byte order mark; tabs are four spaces.
    pub fn caret(&self) -> Option<String> {
        if self.excerpt.is_empty() {
            return None;
        }
        let visible = |text: &str| text.replace('\t', "    ").replace('\u{feff}', "\\u{feff}");
        let shown = |text: &str| show(visible(text).as_bytes());
        let boundary = |at: usize| {
            let mut inside = (0..=at.min(self.excerpt.len())).rev();
            inside
                .find(|&at| self.excerpt.is_char_boundary(at))
                .unwrap_or(0)
        };
        let start = boundary(self.column.saturating_sub(1));
        let end = boundary(start.saturating_add(self.width));
        let (before, marked) = (&self.excerpt[..start], &self.excerpt[start..end.max(start)]);
        let indent = shown(before).chars().count();
        let carets = shown(marked).chars().count().max(1);
        Some(format!(
            "{}\n{}{}",
            shown(&self.excerpt),
            " ".repeat(indent),
            "^".repeat(carets)
        ))
    }
}

impl Fix {
    /// The content of `file` after the edits that are in it; none if they do not fit it.
    pub fn applied(&self, file: &Path, content: &[u8]) -> Option<Vec<u8>> {
        Edit::apply(self.edits.iter().filter(|edit| edit.file == file), content)
    }
}

impl Edit {
    /// A content after edits of it, which are in the order of their places; none if they do not fit.
    pub fn apply<'e>(edits: impl IntoIterator<Item = &'e Self>, content: &[u8]) -> Option<Vec<u8>> {
        let mut out = Vec::with_capacity(content.len());
        let mut done = 0;
        for edit in edits {
            out.extend_from_slice(content.get(done..edit.range.start)?);
            content.get(edit.range.clone())?;
            out.extend_from_slice(&edit.text);
            done = edit.range.end;
        }
        out.extend_from_slice(content.get(done..)?);
        Some(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn carets_stand_below_what_they_mean() {
        let at = |excerpt: &str, column, width| {
            let excerpt = excerpt.to_owned();
            let file = PathBuf::from("f");
            Location {
                file,
                line: 1,
                column,
                width,
                excerpt,
            }
            .caret()
        };
        assert_eq!(at("COPY a b", 6, 1).as_deref(), Some("COPY a b\n     ^"));
        assert_eq!(
            at("\tn\u{f6}\u{1b}x", 3, 3).as_deref(),
            Some("    n\u{f6}\\u{1b}x\n     ^^^^^^^")
        );
        assert_eq!(
            at("\u{feff}ab", 4, 2).as_deref(),
            Some("\\u{feff}ab\n        ^^")
        );
        assert_eq!(at("ab", 9, 9).as_deref(), Some("ab\n  ^"));
        assert_eq!(at("", 1, 1), None);
    }

    #[test]
    fn edits_apply_in_order_or_not_at_all() {
        let edit = |range, text: &str| Edit {
            file: "f".into(),
            range,
            text: text.into(),
        };
        let fix = |edits| Fix {
            advice: String::new(),
            edits,
        };
        let both = fix(vec![edit(0..1, "X"), edit(2..2, "--")]);
        assert_eq!(
            both.applied(Path::new("f"), b"abc").as_deref(),
            Some(&b"Xb--c"[..])
        );
        assert_eq!(
            both.applied(Path::new("g"), b"abc").as_deref(),
            Some(&b"abc"[..])
        );
        for edits in [vec![edit(2..9, "")], vec![edit(2..3, ""), edit(0..1, "")]] {
            assert_eq!(fix(edits).applied(Path::new("f"), b"abc"), None);
        }
    }
}
