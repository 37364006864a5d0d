//! `Line`: a rule as it is written: comments that are none, and signs that mean something else than many think.

use std::ops::Range;

use shipload_context::EntryPath;

use super::subject::Subject;
use super::words::quoted;
use crate::code::{Code, Severity};
use crate::finding::{Edit, Finding, Location};
use crate::fix::literal;
use crate::survey::{Matched, RuleFile};

/// A line that is a rule.
pub(super) struct Line<'a> {
    file: &'a RuleFile,
    number: usize,
    /// How long it is, without its end.
    length: usize,
    /// The bytes before the rule: white space, or a byte order mark.
    indent: usize,
    /// The rule.
    text: &'a [u8],
}

impl<'a> Line<'a> {
    pub(super) fn new(file: &'a RuleFile, number: usize, rule: &[u8]) -> Self {
        let whole = &file.content()[file.line(number)];
        let whole = whole.strip_suffix(b"\r").unwrap_or(whole);
        // Before the rule there is nothing of which rules are made.
        let indent = memchr::memmem::find(whole, rule).unwrap_or(0);
        let end = whole.len().min(indent + rule.len());
        Self {
            file,
            number,
            length: whole.len(),
            indent,
            text: &whole[indent..end],
        }
    }

    /// What is wrong with the rule as it is written.
    pub(super) fn finding(
        &self,
        subject: &Subject<'_>,
        matched: &Matched,
        is_negated: bool,
    ) -> Option<Finding> {
        self.name_with_space(subject, is_negated)
            .or_else(|| self.comment(matched))
            .or_else(|| self.negated_class(matched))
            .or_else(|| self.braces(matched, is_negated))
            .or_else(|| self.power())
            .or_else(|| self.trailing_slash(subject, matched))
    }

    fn found(&self, code: Code, message: String, at: usize, width: usize) -> Finding {
        let start = self.indent + at;
        let place = self.file.place(self.number, start..start + width);
        Finding::new(code, message).at(place)
    }

    /// The edit that puts something in the place of a part of the text.
    fn replaced(&self, at: usize, width: usize, text: impl Into<Vec<u8>>) -> Vec<Edit> {
        let start = self.indent + at;
        let part = start..start + width;
        vec![self.file.replacement(self.number, part, text)]
    }

    /// ` # comment` and `pattern # comment`, unless there is something of that name.
    fn comment(&self, matched: &Matched) -> Option<Finding> {
        if matched.count > 0 {
            return None;
        }
        if self.text.starts_with(b"#") {
            let message =
                "only a `#` at the very start of a line makes a comment; this is a pattern";
            let edit = self.file.replacement(self.number, 0..self.indent, "");
            return Some(
                self.found(
                    Code::CommentAsPattern,
                    message.to_owned(),
                    0,
                    self.text.len(),
                )
                .fix("remove the white space before the `#`", vec![edit]),
            );
        }
        let mut pairs = self.text.windows(2);
        let at = pairs.position(|pair| pair[0].is_ascii_whitespace() && pair[1] == b'#')? + 1;
        let pattern = self.text[..at].trim_ascii_end();
        let comment = &self.text[at..];
        let message = format!(
            "{} is part of the pattern: a comment has a line of its own",
            quoted(comment)
        );
        let text = [comment, b"\n", pattern].concat();
        Some(
            self.found(Code::CommentAsPattern, message, at, comment.len())
                .fix(
                    "put the comment on a line of its own",
                    self.replaced(0, self.text.len(), text),
                ),
        )
    }

    /// `[!a]`, which is `!` or `a`.
    fn negated_class(&self, matched: &Matched) -> Option<Finding> {
        let at = unescaped(self.text, b"[")
            .into_iter()
            .find(|&at| self.text.get(at + 1) == Some(&b'!') && self.text[at..].contains(&b']'))?;
        let of = if matched.count > 0 {
            ""
        } else {
            ", and matches nothing"
        };
        let message =
            format!("`[!` starts a class that holds `!`{of}: a negated class starts with `[^`");
        Some(
            self.found(Code::NegatedClass, message, at, 2)
                .fix("write `[^`", self.replaced(at + 1, 1, "^")),
        )
    }

    /// `*.{js,ts}`, of which a shell makes two words, and Docker one pattern.
    fn braces(&self, matched: &Matched, is_negated: bool) -> Option<Finding> {
        if matched.count > 0 || self.text.contains(&b'\\') {
            return None;
        }
        let open = self.text.iter().position(|&byte| byte == b'{')?;
        let close = open + self.text[open..].iter().position(|&byte| byte == b'}')?;
        let inner = &self.text[open + 1..close];
        let is_choice =
            inner.contains(&b',') && !inner.iter().all(|byte| b"0123456789,".contains(byte));
        if !is_choice {
            return None;
        }
        let message = "`{a,b}` is no choice of words here; the rule matches nothing".to_owned();
        let finding = self.found(Code::RegularExpression, message, open, close + 1 - open);
        let rest = &self.text[close + 1..];
        if inner.contains(&b'{') || rest.contains(&b'{') || (is_negated && open == 0) {
            return Some(finding.advice("write a rule for each of the words"));
        }
        let words = inner.split(|&byte| byte == b',');
        let rules: Vec<_> = words
            .map(|word| [&self.text[..open], word, rest].concat())
            .collect();
        let edits = self.replaced(0, self.text.len(), rules.join(&b'\n'));
        Some(finding.fix("write a rule for each of the words", edits))
    }

    /// `|`, `{`, `}` and `^` beside wildcards, which Docker leaves to the regular expression that it makes of the pattern.
    fn power(&self) -> Option<Finding> {
        if unescaped(self.text, b"*?[\\").is_empty() {
            return None;
        }
        let mut signs = unescaped(self.text, b"|{}^").into_iter();
        let at = signs.find(|&at| !self.is_in_class(at))?;
        let is_repetition = self.text[at] != b'{' || {
            // `{` that begins no number of repetitions is a `{`.
            let close = self.text[at..].iter().position(|&byte| byte == b'}');
            close.is_some_and(|close| {
                let inner = &self.text[at + 1..at + close];
                inner.first().is_some_and(u8::is_ascii_digit)
                    && inner.iter().all(|byte| b"0123456789,".contains(byte))
            })
        };
        if self.text[at] == b'}' || !is_repetition {
            return None;
        }
        let sign = char::from(self.text[at]);
        let message =
            format!("beside wildcards, `{sign}` has the power that it has in a regular expression");
        Some(
            self.found(Code::RegularExpression, message, at, 1)
                .fix(format!("write `\\{sign}`"), self.replaced(at, 0, "\\")),
        )
    }

    /// Whether a sign is within `[…]`.
    fn is_in_class(&self, at: usize) -> bool {
        let before = unescaped(&self.text[..at], b"[]");
        before.last().is_some_and(|&last| self.text[last] == b'[')
    }

    /// `name/`, which in `.gitignore` is for directories only.
    fn trailing_slash(&self, subject: &Subject<'_>, matched: &Matched) -> Option<Finding> {
        if !self.text.ends_with(b"/") || self.text.ends_with(b"**/") {
            return None;
        }
        let mut entries = matched
            .topmost
            .iter()
            .map(|&place| subject.survey.entry(place));
        let leaf = &entries.find(|entry| !entry.is_dir())?.path;
        let message = format!(
            "the final `/` is dropped: the rule also holds for `{leaf}`, which is no directory"
        );
        let at = self.text.len() - 1;
        Some(
            self.found(Code::TrailingSlash, message, at, 1).advice(
                "write the rule without it, or with `/**` for what is in directories alone",
            ),
        )
    }
}

/// # White space behind the rule
impl Line<'_> {
    /// Whether there is any.
    pub(super) fn has_space(&self) -> bool {
        !self.space().is_empty()
    }

    /// Where it is.
    pub(super) fn space_place(&self) -> Location {
        self.file.place(self.number, self.space())
    }

    /// The edit that removes it.
    pub(super) fn without_space(&self) -> Edit {
        self.file.replacement(self.number, self.space(), "")
    }

    /// Of a rule that with it would be the name of something.
    fn name_with_space(&self, subject: &Subject<'_>, is_negated: bool) -> Option<Finding> {
        if !self.has_space() {
            return None;
        }
        let whole = &self.file.content()[self.file.line(self.number)];
        let start = self.indent + usize::from(is_negated);
        let path = EntryPath::new(whole.get(start..self.length)?).ok()?;
        subject.survey.tree().get(&path)?;
        let line = literal::for_all(&path, is_negated)?;
        let message = format!("builders trim the white space with which the name `{path}` ends");
        let edits = self.replaced(0, self.length - self.indent, line.clone());
        Some(
            Finding::new(Code::TrailingSpace, message)
                .severity(Severity::Warning)
                .at(self.space_place())
                .fix(format!("write {}", quoted(&line)), edits),
        )
    }

    /// In bytes from the start of the line.
    fn space(&self) -> Range<usize> {
        self.indent + self.text.len()..self.length
    }
}

/// Where one of these signs stands without a `\` before it.
fn unescaped(text: &[u8], signs: &[u8]) -> Vec<usize> {
    let mut found = Vec::new();
    let mut bytes = text.iter().enumerate();
    while let Some((at, byte)) = bytes.next() {
        if signs.contains(byte) {
            found.push(at);
        }
        if *byte == b'\\' {
            bytes.next();
        }
    }
    found
}
