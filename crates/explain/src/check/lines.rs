//! The text of ignore files: marks, line ends, comments that are none, and signs that mean something else than many think.

use std::collections::BTreeSet;

use super::judged::Judged;
use super::subject::Subject;
use super::words::{count, quoted};
use crate::code::{Code, Severity};
use crate::finding::{Edit, Finding};
use crate::survey::{LineId, Matched, RuleFile};

const MARK: &[u8] = b"\xef\xbb\xbf";

/// What is wrong with the text; and the lines of which it is said why they match nothing.
pub(super) fn all(
    subject: &Subject<'_>,
    judged: &[Judged],
    findings: &mut Vec<Finding>,
) -> BTreeSet<LineId> {
    for file in &subject.files.files {
        findings.extend(byte_order_mark(file));
        findings.extend(line_feeds(file));
        findings.extend(lone_carriage_returns(file));
    }
    let mut explained = BTreeSet::new();
    let Some(chosen) = judged.first() else {
        return explained;
    };
    for (number, rule, id) in chosen.rules_in_files() {
        let file = &subject.files.files[id.file];
        let line = Line::new(file, id.line);
        let matched = &chosen.matched[number];
        let found = line
            .comment(matched)
            .or_else(|| line.negated_class(matched))
            .or_else(|| line.braces(matched, rule.is_negated()))
            .or_else(|| line.power())
            .or_else(|| line.trailing_slash(subject, matched));
        if let Some(finding) = found {
            explained.insert(id);
            findings.push(finding);
        }
    }
    explained
}

/// Builders drop one at the start of the file, other readers do not; anywhere else it is part of a name.
fn byte_order_mark(file: &RuleFile) -> Option<Finding> {
    file.content.starts_with(MARK).then(|| {
        Finding::new(
            Code::ByteOrderMark,
            "the file starts with a byte order mark",
        )
        .at(file.place(1, 0..0))
        .fix(
            "save the file as UTF-8 without a byte order mark",
            vec![file.replacement(1, 0..MARK.len(), "")],
        )
    })
}

fn line_feeds(file: &RuleFile) -> Option<Finding> {
    let ends = file.content.windows(2).enumerate();
    let ends = ends.filter(|(_, pair)| pair == b"\r\n");
    let edits: Vec<Edit> = ends
        .map(|(at, _)| Edit {
            file: file.path.clone(),
            range: at..at + 1,
            text: Vec::new(),
        })
        .collect();
    let lines = count(edits.len(), "line ends", "lines end");
    (!edits.is_empty()).then(|| {
        Finding::new(
            Code::LineEndings,
            format!(
                "{lines} in CR LF; Docker and podman trim that, other readers of the file may not"
            ),
        )
        .at(file.place(1, 0..0))
        .fix("end lines in LF alone", edits)
    })
}

/// A CR that ends no line is part of the pattern.
fn lone_carriage_returns(file: &RuleFile) -> Vec<Finding> {
    let lines = (1..).zip(file.content.split(|&byte| byte == b'\n'));
    let inside = lines.filter_map(|(number, text)| {
        let at = text.trim_ascii().iter().position(|&byte| byte == b'\r')?;
        let at = at + (text.len() - text.trim_ascii_start().len());
        (!text.starts_with(b"#")).then_some((number, at))
    });
    inside
        .map(|(number, at)| {
            let message = "a CR within a line ends no line: what follows is part of the pattern";
            Finding::new(Code::LineEndings, message)
                .severity(Severity::Warning)
                .at(file.place(number, at..at))
                .fix(
                    "end the line in LF",
                    vec![file.replacement(number, at..at + 1, "\n")],
                )
        })
        .collect()
}

/// A line that is a rule.
struct Line<'a> {
    file: &'a RuleFile,
    number: usize,
    /// The bytes before it: white space, or a byte order mark.
    indent: usize,
    /// The line without the white space around it.
    text: &'a [u8],
}

impl<'a> Line<'a> {
    fn new(file: &'a RuleFile, number: usize) -> Self {
        let whole = &file.content[file.line(number)];
        let mark = if number == 1 && whole.starts_with(MARK) {
            MARK.len()
        } else {
            0
        };
        let text = whole[mark..].trim_ascii();
        let indent = whole.len() - whole[mark..].trim_ascii_start().len();
        Self {
            file,
            number,
            indent,
            text,
        }
    }

    fn finding(&self, code: Code, message: String, at: usize, width: usize) -> Finding {
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
                self.finding(
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
            self.finding(Code::CommentAsPattern, message, at, comment.len())
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
            self.finding(Code::NegatedClass, message, at, 2)
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
        let finding = self.finding(Code::RegularExpression, message, open, close + 1 - open);
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
            self.finding(Code::RegularExpression, message, at, 1)
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
            self.finding(Code::TrailingSlash, message, at, 1).advice(
                "write the rule without it, or with `/**` for what is in directories alone",
            ),
        )
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
