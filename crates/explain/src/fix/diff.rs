//! An edit as a unified diff: hunks with three lines of context.

use super::Edit;

/// Lines that are shown around a change.
const CONTEXT: usize = 3;

/// Changes that stand close together, as a unified diff has them.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Hunk {
    /// The first line of it in the old text, counted from 1; 0 where there are no lines.
    pub old_start: usize,
    /// The first line of it in the new text, counted from 1; 0 where there are no lines.
    pub new_start: usize,
    /// Its lines in order, with their ends.
    pub lines: Vec<DiffLine>,
}

/// A line of a diff.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DiffLine {
    /// In both texts.
    Kept(Vec<u8>),
    /// In the old text only.
    Removed(Vec<u8>),
    /// In the new text only.
    Added(Vec<u8>),
}

impl DiffLine {
    /// The line itself, with its end if it has one.
    pub fn text(&self) -> &[u8] {
        match self {
            Self::Kept(text) | Self::Removed(text) | Self::Added(text) => text,
        }
    }
}

/// The hunks between two texts. Both are short or alike: only what is between their common start and end is compared line by line.
pub(super) fn hunks(old: &[u8], new: &[u8]) -> Vec<Hunk> {
    let (old, new) = (lines(old), lines(new));
    let all = compare(&old, &new);
    let changed: Vec<usize> = all
        .iter()
        .enumerate()
        .filter(|(_, line)| !matches!(line, DiffLine::Kept(_)))
        .map(|(place, _)| place)
        .collect();
    let mut hunks = Vec::new();
    let mut rest = &changed[..];
    while let Some(&first) = rest.first() {
        let near = rest
            .windows(2)
            .take_while(|two| two[1] - two[0] <= 2 * CONTEXT + 1);
        let count = near.count() + 1;
        let start = first.saturating_sub(CONTEXT);
        let end = (rest[count - 1] + CONTEXT + 1).min(all.len());
        hunks.push(hunk(&all, start, end));
        rest = &rest[count..];
    }
    hunks
}

fn hunk(all: &[DiffLine], start: usize, end: usize) -> Hunk {
    let lines = all[start..end].to_vec();
    let before =
        |is_there: fn(&DiffLine) -> bool| all[..start].iter().filter(|line| is_there(line)).count();
    let within = |is_there: fn(&DiffLine) -> bool| usize::from(lines.iter().any(is_there));
    Hunk {
        old_start: before(is_old) + within(is_old),
        new_start: before(is_new) + within(is_new),
        lines,
    }
}

fn is_old(line: &DiffLine) -> bool {
    !matches!(line, DiffLine::Added(_))
}

fn is_new(line: &DiffLine) -> bool {
    !matches!(line, DiffLine::Removed(_))
}

fn lines(text: &[u8]) -> Vec<&[u8]> {
    text.split_inclusive(|&byte| byte == b'\n').collect()
}

fn compare(old: &[&[u8]], new: &[&[u8]]) -> Vec<DiffLine> {
    let same = |one: &(&&[u8], &&[u8])| one.0 == one.1;
    let start = old.iter().zip(new).take_while(same).count();
    let (old_rest, new_rest) = (&old[start..], &new[start..]);
    let end = old_rest
        .iter()
        .rev()
        .zip(new_rest.iter().rev())
        .take_while(same)
        .count();
    let (old_middle, new_middle) = (
        &old_rest[..old_rest.len() - end],
        &new_rest[..new_rest.len() - end],
    );
    let kept = |lines: &[&[u8]]| {
        lines
            .iter()
            .map(|line| DiffLine::Kept(line.to_vec()))
            .collect::<Vec<_>>()
    };
    let mut all = kept(&old[..start]);
    all.extend(middle(old_middle, new_middle));
    all.extend(kept(&old[old.len() - end..]));
    all
}

/// By the longest common subsequence, where that is cheap; else all of the one and all of the other.
fn middle(old: &[&[u8]], new: &[&[u8]]) -> Vec<DiffLine> {
    let removed = |line: &[u8]| DiffLine::Removed(line.to_vec());
    let added = |line: &[u8]| DiffLine::Added(line.to_vec());
    if old.len().saturating_mul(new.len()) > 4_000_000 {
        let gone = old.iter().map(|line| removed(line));
        return gone.chain(new.iter().map(|line| added(line))).collect();
    }
    let width = new.len() + 1;
    let mut common = vec![0_u32; (old.len() + 1) * width];
    for (o, old_line) in old.iter().enumerate().rev() {
        for (n, new_line) in new.iter().enumerate().rev() {
            common[o * width + n] = if old_line == new_line {
                common[(o + 1) * width + n + 1] + 1
            } else {
                common[(o + 1) * width + n].max(common[o * width + n + 1])
            };
        }
    }
    let (mut o, mut n) = (0, 0);
    let mut all = Vec::new();
    while o < old.len() || n < new.len() {
        if o < old.len() && n < new.len() && old[o] == new[n] {
            all.push(DiffLine::Kept(old[o].to_vec()));
            (o, n) = (o + 1, n + 1);
        } else if n == new.len()
            || (o < old.len() && common[(o + 1) * width + n] >= common[o * width + n + 1])
        {
            all.push(removed(old[o]));
            o += 1;
        } else {
            all.push(added(new[n]));
            n += 1;
        }
    }
    all
}

impl Edit {
    /// The edit as a unified diff that `patch` and `git apply` take, in the file's own bytes; empty where nothing is changed.
    pub fn to_diff(&self) -> Vec<u8> {
        let mut out = Vec::new();
        if self.hunks.is_empty() {
            return out;
        }
        // A tab ends a name that holds white space.
        let tab = if self.name.contains(' ') { "\t" } else { "" };
        let old = if self.is_new {
            "/dev/null".to_owned()
        } else {
            format!("a/{}{tab}", self.name)
        };
        out.extend_from_slice(format!("--- {old}\n+++ b/{}{tab}\n", self.name).as_bytes());
        for hunk in &self.hunks {
            let count = |is_there: fn(&DiffLine) -> bool| {
                hunk.lines.iter().filter(|line| is_there(line)).count()
            };
            let range = |start: usize, count: usize| match count {
                1 => start.to_string(),
                count => format!("{start},{count}"),
            };
            let old = range(hunk.old_start, count(is_old));
            let new = range(hunk.new_start, count(is_new));
            out.extend_from_slice(format!("@@ -{old} +{new} @@\n").as_bytes());
            for line in &hunk.lines {
                out.push(match line {
                    DiffLine::Kept(_) => b' ',
                    DiffLine::Removed(_) => b'-',
                    DiffLine::Added(_) => b'+',
                });
                out.extend_from_slice(line.text());
                if !line.text().ends_with(b"\n") {
                    out.extend_from_slice(b"\n\\ No newline at end of file\n");
                }
            }
        }
        out
    }
}
