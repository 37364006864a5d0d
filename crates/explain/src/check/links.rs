//! Links in the context that lead to nothing in it, or out of it.

use std::os::unix::ffi::OsStrExt as _;

use shipload_context::{EntryPath, Kind, Tree, show};

use super::subject::Subject;
use crate::code::{Code, Severity};
use crate::finding::Finding;

/// So many links one after the other the kernel follows.
const MOST_HOPS: usize = 40;

/// Where a link leads.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Lead {
    /// To something that is there.
    There,
    /// To a path at which nothing is.
    Nothing(Vec<u8>),
    /// Above the top of the context.
    Out,
    /// To a path from the root of whatever file system it is in.
    Absolute(Vec<u8>),
    /// Back to itself.
    Round,
}

pub(super) fn all(subject: &Subject<'_>) -> Vec<Finding> {
    let members = subject.members();
    let links = members.filter_map(|member| match &member.entry.kind {
        Kind::Symlink { target } => Some((&member.entry.path, target)),
        _ => None,
    });
    links
        .filter_map(|(path, target)| finding(subject, path, target))
        .collect()
}

fn finding(subject: &Subject<'_>, path: &EntryPath, target: &[u8]) -> Option<Finding> {
    let shown = show(target);
    let new = |code, message: String| Finding::new(code, message).of(path.clone());
    let finding = match lead(subject.plan.view.tree(), path, target) {
        Lead::There => return None,
        Lead::Nothing(missing) => {
            let on_disk = lead(subject.survey.tree(), path, target) == Lead::There;
            let (why, advice) = if on_disk {
                (
                    "is excluded by a rule",
                    "exclude the link as well, or include what it leads to",
                )
            } else {
                ("does not exist", "remove the link, or exclude it")
            };
            let missing = show(&missing);
            let to = if missing == shown {
                String::new()
            } else {
                format!(" (`{shown}`)")
            };
            new(
                Code::DanglingLink,
                format!("`{path}` is a link to `{missing}`{to}, which {why}"),
            )
            .advice(advice)
        }
        Lead::Round => new(
            Code::DanglingLink,
            format!("`{path}` is a link to `{shown}`, and leads round in a circle"),
        )
        .advice("remove the link"),
        Lead::Out => new(
            Code::EscapingLink,
            format!("`{path}` is a link to `{shown}`, which is outside the context"),
        )
        .advice(
            "put what it leads to into the context; links are sent as they are, and not followed",
        ),
        Lead::Absolute(absolute) => {
            let directory = subject.plan.directory.as_deref();
            let is_here = directory
                .is_some_and(|directory| absolute.starts_with(directory.as_os_str().as_bytes()));
            let finding = new(
                Code::EscapingLink,
                format!(
                    "`{path}` is a link to `{shown}`, which in an image is a path of the image"
                ),
            );
            if is_here {
                finding.advice("make it a relative link")
            } else {
                // The image may well have it.
                finding.severity(Severity::Note)
            }
        }
    };
    Some(subject.unwanted(finding, subject.reading(path)))
}

/// Follows a link through a tree.
fn lead(tree: &Tree, path: &EntryPath, target: &[u8]) -> Lead {
    let mut at: Vec<Vec<u8>> = path.components().map(<[u8]>::to_vec).collect();
    at.pop();
    let mut left: Vec<Vec<u8>> = Vec::new();
    let mut hops = 0;
    let mut next = Some(target.to_vec());
    loop {
        if let Some(target) = next.take() {
            hops += 1;
            if hops > MOST_HOPS {
                return Lead::Round;
            }
            if target.first() == Some(&b'/') {
                return Lead::Absolute(target);
            }
            left.extend(target.split(|&byte| byte == b'/').rev().map(<[u8]>::to_vec));
        }
        let Some(part) = left.pop() else {
            return Lead::There;
        };
        match &part[..] {
            b"" | b"." => {}
            b".." => {
                if at.pop().is_none() {
                    return Lead::Out;
                }
            }
            _ => {
                at.push(part);
                let here = at.join(&b'/');
                let entry = EntryPath::new(&here).ok().and_then(|here| tree.get(&here));
                let Some(entry) = entry else {
                    return Lead::Nothing(here);
                };
                if let Kind::Symlink { target } = &entry.kind {
                    at.pop();
                    next = Some(target.to_vec());
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use shipload_context::{EntryMetadata, TreeBuilder};

    #[test]
    fn links_are_followed_within_the_context() {
        let mut builder = TreeBuilder::new().bytes("d/f".parse().unwrap(), "");
        for (path, target) in [
            ("l", "d"),
            ("round", "round"),
            ("d/up", "../l/f"),
            ("abs", "/d"),
        ] {
            let link = EntryMetadata::symlink(path.parse().unwrap(), target);
            builder = builder.entry(link, &b""[..]).unwrap();
        }
        let tree = builder.build().unwrap();
        let nothing = |path: &str| Lead::Nothing(path.into());
        for (from, target, expected) in [
            ("x", "d/f", Lead::There),
            ("x", ".", Lead::There),
            ("x", "l/f", Lead::There),
            ("d/x", "f", Lead::There),
            ("d/x", "up", Lead::There),
            ("d/x", "../d/./f", Lead::There),
            ("x", "none", nothing("none")),
            ("x", "l/none/f", nothing("d/none")),
            ("x", "d/f/../f", Lead::There),
            ("x", "..", Lead::Out),
            ("d/x", "../../y", Lead::Out),
            ("x", "round", Lead::Round),
            ("x", "abs/f", Lead::Absolute("/d".into())),
            ("x", "/etc", Lead::Absolute("/etc".into())),
        ] {
            let from: EntryPath = from.parse().unwrap();
            assert_eq!(
                lead(&tree, &from, target.as_bytes()),
                expected,
                "{from} {target}"
            );
        }
    }
}
