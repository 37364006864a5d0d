//! The text of ignore files: marks, ends of lines, white space. What single rules look like is in `line`.

use std::collections::{BTreeMap, BTreeSet};

use super::judged::Judged;
use super::line::Line;
use super::subject::Subject;
use super::words::count;
use crate::code::{Code, Severity};
use crate::finding::{Edit, Finding};
use crate::survey::{LineId, RuleFile};

const MARK: &[u8] = b"\xef\xbb\xbf";

/// What is wrong with the text; and the lines of which it is said why they match nothing.
pub(super) fn all(
    subject: &Subject<'_>,
    judged: &[Judged],
    findings: &mut Vec<Finding>,
) -> BTreeSet<LineId> {
    let mut explained = BTreeSet::new();
    for (number, file) in subject.files.files.iter().enumerate() {
        findings.extend(byte_order_mark(file));
        findings.extend(line_feeds(file));
        for (line, finding) in lone_carriage_returns(file) {
            let file = number;
            explained.insert(LineId { file, line });
            findings.push(finding);
        }
    }
    let Some(chosen) = judged.first() else {
        return explained;
    };
    let mut loose: BTreeMap<usize, Vec<Line<'_>>> = BTreeMap::new();
    for (number, rule, id) in chosen.rules_in_files() {
        let file = &subject.files.files[id.file];
        let line = Line::new(file, id.line, rule.text());
        if !explained.contains(&id)
            && let Some(finding) = line.finding(subject, &chosen.matched[number], rule.is_negated())
        {
            explained.insert(id);
            findings.push(finding);
        } else if line.has_space() {
            loose.entry(id.file).or_default().push(line);
        }
    }
    findings.extend(loose.values().filter_map(|lines| trailing_space(lines)));
    explained
}

/// Builders drop one at the start of the file, other readers do not; anywhere else it is part of a name.
fn byte_order_mark(file: &RuleFile) -> Option<Finding> {
    file.content().starts_with(MARK).then(|| {
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
    let ends = memchr::memmem::find_iter(file.content(), b"\r\n");
    let edits: Vec<Edit> = ends
        .map(|at| Edit {
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

/// A CR that ends no line is part of the pattern, or of the comment; by the lines with one.
fn lone_carriage_returns(file: &RuleFile) -> Vec<(usize, Finding)> {
    let finding = |line: usize| {
        let text = &file.content()[file.line(line)];
        let indent = text.len() - text.trim_ascii_start().len();
        let inside = memchr::memchr_iter(b'\r', text.trim_ascii());
        let places: Vec<usize> = inside.map(|at| indent + at).collect();
        let &first = places.first()?;
        let of = if text.starts_with(b"#") {
            "comment"
        } else {
            "pattern"
        };
        let message = format!("a CR within a line ends no line: what follows is part of the {of}");
        let edits = places
            .into_iter()
            .map(|at| file.replacement(line, at..at + 1, "\n"));
        let finding = Finding::new(Code::LineEndings, message)
            .severity(Severity::Warning)
            .at(file.place(line, first..first))
            .fix("end lines in LF", edits.collect());
        Some((line, finding))
    };
    (1..=file.line_count()).filter_map(finding).collect()
}

/// White space behind rules, which builders drop.
fn trailing_space(lines: &[Line<'_>]) -> Option<Finding> {
    let rules = count(lines.len(), "rule ends", "rules end");
    let message = format!(
        "{rules} in white space; Docker and podman trim that, other readers of the file may not"
    );
    let edits = lines.iter().map(Line::without_space).collect();
    let finding = Finding::new(Code::TrailingSpace, message).at(lines.first()?.space_place());
    Some(finding.fix("end rules without white space", edits))
}
