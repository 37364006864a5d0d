//! What is in the context: how much, files that are large for nothing, and what no archive or image can hold.

use shipload_context::{EntryPath, Kind, MemberKind, Notice, OnUnreadable, Semantics};

use super::exclusion;
use super::subject::{Reading, Subject};
use super::words::size;
use crate::code::{Code, Severity};
use crate::finding::Finding;

pub(super) fn all(subject: &Subject<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    findings.extend(budget(subject));
    findings.extend(large(subject));
    findings.extend(special(subject));
    findings.extend(
        subject
            .plan
            .notices()
            .iter()
            .map(|notice| noticed(subject, notice)),
    );
    findings
}

/// More bytes than allowed, with the largest parts.
fn budget(subject: &Subject<'_>) -> Option<Finding> {
    let limit = subject.options.max_context?;
    let bytes = subject.plan.view.content_bytes();
    if bytes <= limit {
        return None;
    }
    let message = format!(
        "the files in the context have {}, more than the {} that are allowed",
        size(bytes),
        size(limit)
    );
    let mut parts: Vec<(u64, EntryPath)> = Vec::new();
    for member in subject.plan.view.members() {
        let MemberKind::File { size } = member.kind else {
            continue;
        };
        let path = &member.entry.path;
        let top = path
            .components()
            .next()
            .and_then(|name| EntryPath::new(name).ok());
        match (parts.last_mut(), top) {
            (Some((sum, part)), Some(top)) if *part == top => *sum = sum.saturating_add(size),
            (_, Some(top)) => parts.push((size, top)),
            (_, None) => {}
        }
    }
    parts.sort_by_key(|(bytes, _)| std::cmp::Reverse(*bytes));
    let count = parts.len();
    parts.truncate(Finding::SHOWN);
    let told = parts
        .iter()
        .map(|(bytes, path)| format!("`{path}` ({})", size(*bytes)));
    let largest: Vec<_> = told.collect();
    let mut finding = Finding::new(Code::ContextSize, message).weighing(bytes);
    finding.concerns = parts.into_iter().map(|(_, path)| path).collect();
    finding.count = count;
    Some(finding.advice(format!(
        "exclude what is not needed; the largest: {}",
        largest.join(", ")
    )))
}

/// Large files that nothing reads.
fn large(subject: &Subject<'_>) -> Vec<Finding> {
    let members = subject.members();
    let large = members.filter_map(|member| match member.kind {
        MemberKind::File { size } if size >= subject.options.large_file => {
            Some((&member.entry.path, size))
        }
        _ => None,
    });
    let unread = large.filter(|(path, _)| matches!(subject.reading(path), Reading::Not));
    let finding = |(path, bytes): (&EntryPath, u64)| {
        let message = format!(
            "`{path}` has {}, and the Dockerfile does not read it",
            size(bytes)
        );
        let finding = Finding::new(Code::LargeFile, message)
            .of(path.clone())
            .weighing(bytes);
        let finding = subject.unwanted(finding, Reading::Not);
        exclusion::advised(subject, finding, path, "")
    };
    unread.map(finding).collect()
}

/// FIFOs and devices.
fn special(subject: &Subject<'_>) -> Vec<Finding> {
    let members = subject.members();
    let special = members.filter_map(|member| match member.entry.kind {
        Kind::Fifo => Some((&member.entry.path, "a FIFO")),
        Kind::Char(_) | Kind::Block(_) => Some((&member.entry.path, "a device")),
        Kind::File { .. } | Kind::Dir | Kind::Symlink { .. } => None,
    });
    let finding = |(path, what): (&EntryPath, &str)| {
        let message =
            format!("`{path}` is {what}, which an image gets as it is, without what is behind it");
        let finding = Finding::new(Code::SpecialFile, message).of(path.clone());
        let finding = subject.unwanted(finding, subject.reading(path));
        exclusion::advised(subject, finding, path, "")
    };
    special.map(finding).collect()
}

/// What listing the context noticed.
fn noticed(subject: &Subject<'_>, notice: &Notice) -> Finding {
    let path = notice.path();
    let new = |code, message: String| Finding::new(code, message).of(path.clone());
    match notice {
        Notice::Socket(_) => {
            let message =
                format!("`{path}` is a socket, which no builder can be sent: it is left out");
            exclusion::advised(subject, new(Code::Socket, message), path, "")
        }
        Notice::Unreadable(_) => {
            let finding = new(Code::Unreadable, format!("`{path}` cannot be read"));
            let finding = match subject.options.on_unreadable {
                OnUnreadable::Fail => finding,
                OnUnreadable::Skip => finding.severity(Severity::Warning),
            };
            exclusion::advised(subject, finding, path, "make it readable, or ")
        }
        Notice::Whiteout(_) => {
            let finding = new(
                Code::WhiteoutName,
                format!(
                    "`{path}` will not be in an image of the classic builder, which takes `.wh.` for a deletion"
                ),
            );
            match subject.plan.semantics {
                Semantics::Classic => finding,
                Semantics::BuildKit | Semantics::Podman => finding.severity(Severity::Note),
            }
            .advice("give it another name")
        }
        other => new(Code::Unreadable, other.to_string()).severity(Severity::Note),
    }
}
