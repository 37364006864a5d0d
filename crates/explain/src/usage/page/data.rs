//! What the page's script is given: an array for each property of a node, in the order of the archive, so that a hundred
//! thousand entries are some megabytes.

use std::fmt::Write as _;

use serde_json::{Value, json};
use shipload_context::{MemberKind, show};

use super::Page;
use crate::git::GitError;
use crate::usage::unread::Unread;
use crate::usage::{Churn, ChurnError, Sum};

/// How many sources are named that read a file.
const READERS: usize = 5;

/// The nodes: see `page.js`.
#[derive(Default)]
struct Nodes {
    names: Vec<String>,
    sizes: Vec<u64>,
    /// How many nodes are below each.
    spans: Vec<usize>,
    flags: String,
}

/// All of it as JSON without a character that HTML knows.
pub(super) fn json(page: &Page<'_>, name: &str) -> String {
    let usage = page.usage;
    let nodes = nodes(page);
    let sum = |sum: Sum| json!([sum.bytes, sum.entries]);
    let rules = usage.candidates.iter().map(|candidate| {
        let unread = candidate.unread.map(|unread| unread.bytes);
        let readers = readers(page, &candidate.read_by);
        json!([
            show(candidate.rule.as_bytes()),
            candidate.out.bytes,
            candidate.out.entries,
            unread,
            readers
        ])
    });
    let changes = page.churn.map(|churn| match churn {
        Err(why) => json!({ "note": unknown(why), "files": [] }),
        Ok(churn) => {
            let files = churn.files.iter().map(|file| {
                json!([
                    file.path.to_string(),
                    file.commits,
                    readers(page, &file.read_by)
                ])
            });
            json!({ "note": note(churn), "files": files.collect::<Value>() })
        }
    });
    let data = json!({
        "name": name,
        "total": sum(usage.total),
        "archive": usage.archive_bytes,
        "unread": usage.unread.map(sum),
        "rules": rules.collect::<Value>(),
        "changes": changes,
        "names": nodes.names,
        "sizes": nodes.sizes,
        "spans": nodes.spans,
        "flags": nodes.flags,
    });
    harmless(&data.to_string())
}

/// JSON in which `<`, `>` and `&` are escaped, and the line separators that JavaScript once took for line ends.
fn harmless(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for c in json.chars() {
        match c {
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => {
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out
}

/// A page is for others to see, whom it does not concern where the context is on this machine.
fn unknown(why: &ChurnError) -> String {
    match why {
        ChurnError::Git(GitError::NoRepository { .. }) => {
            "Not known: the context is in no git repository.".to_owned()
        }
        why => format!("Not known: {why}."),
    }
}

fn note(churn: &Churn) -> String {
    let commits = match churn.commits {
        1 => "In the last commit".to_owned(),
        commits => format!("In the last {commits} commits, merges left out"),
    };
    let shallow = if churn.is_shallow {
        "; the repository is a shallow clone, which has no others"
    } else {
        ""
    };
    let cut = if churn.is_cut {
        "; git took too long for more"
    } else {
        ""
    };
    format!("{commits}{shallow}{cut}.")
}

/// Sources of the Dockerfile: where they stand, and as written.
fn readers(page: &Page<'_>, numbers: &[usize]) -> Vec<String> {
    let dockerfile = page.plan.dockerfile_shown();
    let source = |number: &usize| {
        let source = page.referenced?.reads.sources.get(*number)?;
        let written = show(source.written.as_bytes());
        Some(format!("{dockerfile}:{} {written}", source.position.line))
    };
    numbers.iter().take(READERS).filter_map(source).collect()
}

fn nodes(page: &Page<'_>) -> Nodes {
    let view = &page.plan.view;
    let told = page.referenced.filter(|_| page.usage.unread.is_some());
    let unread = told.map(|referenced| Unread::of(view, referenced));
    let mut nodes = Nodes::default();
    // The directories that are open: how many components their paths have, and their nodes.
    let mut open: Vec<(usize, usize)> = Vec::new();
    nodes.push(".".to_owned(), 0, 'p');
    let mut directories = page.usage.directories.iter().skip(1).peekable();
    for (place, member) in (0..).zip(view.members()) {
        let path = &member.entry.path;
        // Those too that are no members, as the classic builder leaves some out.
        while let Some(above) = directories
            .peek()
            .and_then(|directory| directory.path.as_ref())
            .filter(|above| path.starts_with(above) && above != &path)
        {
            nodes.close(&mut open, above.depth());
            open.push((above.depth(), nodes.names.len()));
            nodes.push(show(above.file_name()), 0, 'p');
            directories.next();
        }
        nodes.close(&mut open, path.depth());
        let flag = match member.kind {
            MemberKind::Dir => 'd',
            MemberKind::File { .. } | MemberKind::Hardlink { .. } => 'f',
            MemberKind::Symlink { .. } => 'l',
            MemberKind::Fifo | MemberKind::Char(_) | MemberKind::Block(_) => 'o',
        };
        let all = Sum::of(&member);
        let is_left = unread
            .as_ref()
            .is_some_and(|unread| unread.sum(place, &member) == all);
        if member.entry.is_dir() {
            open.push((path.depth(), nodes.names.len()));
            directories.next();
        }
        let flag = if is_left {
            flag.to_ascii_uppercase()
        } else {
            flag
        };
        nodes.push(show(path.file_name()), all.bytes, flag);
    }
    nodes.close(&mut open, 0);
    nodes.spans[0] = nodes.names.len() - 1;
    nodes
}

impl Nodes {
    fn push(&mut self, name: String, size: u64, flag: char) {
        self.names.push(name);
        self.sizes.push(size);
        self.spans.push(0);
        self.flags.push(flag);
    }

    /// Closes the directories whose paths have at least so many components.
    fn close(&mut self, open: &mut Vec<(usize, usize)>, depth: usize) {
        while let Some((_, node)) = open.pop_if(|(of, _)| *of >= depth) {
            self.spans[node] = self.names.len() - node - 1;
        }
    }
}
