//! `Churn`: which files of a context change most often, as git remembers.
//!
//! What changes often and is read by the Dockerfile makes its instruction, and all that follow, miss the cache as often.

use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::time::{Duration, Instant};

use shipload_context::{EntryPath, Plan, Referenced};
use shipload_dockerfile::ContextSource;

use crate::git::{Git, GitError, Limits};

/// How many files there are at most.
const FILES: usize = 100;

/// For all that is asked. A thousand commits of a large repository take a second, and some megabytes.
const LIMITS: Limits = Limits {
    time: Duration::from_secs(10),
    bytes: 64 << 20,
};

/// How often the files of a context changed in the last commits of the repository that it lies in.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Churn {
    /// How many commits were looked at: those that are reachable from the one that is checked out, merges left out.
    pub commits: usize,
    /// Whether there may be more of them which git was not given the time to tell: ten seconds.
    pub is_cut: bool,
    /// Whether the repository is a shallow clone, so that earlier commits are not there.
    pub is_shallow: bool,
    /// The files that are in the context and changed, most often first, a hundred at most.
    pub files: Vec<Changed>,
}

/// A file that changed.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Changed {
    /// Its name in the context.
    pub path: EntryPath,
    /// In how many commits.
    pub commits: usize,
    /// The sources that read it, by their numbers in [`Reads::sources`](shipload_context::Reads::sources).
    pub read_by: Vec<usize>,
}

/// Why it cannot be told what changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ChurnError {
    /// The context is an archive.
    #[error("the context is no directory")]
    NoDirectory,
    /// Git did not tell.
    #[error(transparent)]
    Git(#[from] GitError),
}

impl Churn {
    /// Asks git about the last `commits` commits of the repository that the context's directory lies in.
    ///
    /// Git runs none of the programs that the repository may name, and for ten seconds at most.
    ///
    /// # Errors
    /// [`ChurnError`]: there is no git, no repository, or no commit.
    pub fn of(
        plan: &Plan,
        referenced: Option<&Referenced>,
        commits: usize,
    ) -> Result<Self, ChurnError> {
        let dir = plan.directory.as_deref().ok_or(ChurnError::NoDirectory)?;
        let started = Instant::now();
        let is_shallow = is_shallow(dir)?;
        let count = format!("--max-count={commits}");
        let mut arguments = vec!["log", &count];
        arguments.extend(LOG);
        let left = Limits {
            time: LIMITS.time.saturating_sub(started.elapsed()),
            ..LIMITS
        };
        let answer = Git::in_directory(dir).ask(&arguments, left)?;
        let log = Log::read(&answer.bytes);

        let members = plan.view.members().filter(|member| !member.entry.is_dir());
        let members: HashSet<&[u8]> = members.map(|member| member.entry.path.as_bytes()).collect();
        let mut counts: Vec<(&[u8], usize)> = log
            .changes
            .into_iter()
            .filter(|(path, _)| members.contains(path))
            .collect();
        counts.sort_unstable_by_key(|&(path, count)| (Reverse(count), path));
        let changed = |(path, commits)| {
            let path = EntryPath::new(path).ok()?;
            let read_by = referenced.map(|referenced| readers(referenced, &path));
            Some(Changed {
                read_by: read_by.unwrap_or_default(),
                path,
                commits,
            })
        };
        Ok(Self {
            commits: log.commits,
            is_cut: answer.is_cut,
            is_shallow,
            files: counts.into_iter().take(FILES).filter_map(changed).collect(),
        })
    }
}

/// How the log is written: for each commit its hash, and for each file that it changes a line of modes and hashes and its path
/// from the directory where git runs. All end in NUL, and only the lines start with a colon.
const LOG: &[&str] = &[
    "--format=%H",
    "--raw",
    "-z",
    "--no-abbrev",
    "--relative",
    "--no-merges",
    "--no-renames",
    "--no-color",
    "--no-decorate",
    "--no-ext-diff",
    "--no-textconv",
    "--no-show-signature",
    "--ignore-submodules=all",
    "-O/dev/null",
    "HEAD",
    "--",
];

/// What a log says.
#[derive(Debug, Default, PartialEq, Eq)]
struct Log<'a> {
    commits: usize,
    changes: HashMap<&'a [u8], usize>,
}

impl<'a> Log<'a> {
    fn read(text: &'a [u8]) -> Self {
        let mut log = Self::default();
        let end = text.iter().rposition(|&byte| byte == 0).unwrap_or_default();
        let mut fields = text[..end].split(|&byte| byte == 0);
        while let Some(field) = fields.next() {
            // The first line of a commit follows a line break.
            if field.trim_ascii_start().starts_with(b":") {
                if let Some(path) = fields.next().filter(|path| !path.is_empty()) {
                    *log.changes.entry(path).or_default() += 1;
                }
            } else if !field.is_empty() {
                log.commits += 1;
            }
        }
        log
    }
}

fn is_shallow(dir: &Path) -> Result<bool, GitError> {
    let answer = Git::in_directory(dir).ask(&["rev-parse", "--is-shallow-repository"], LIMITS)?;
    Ok(answer.bytes.starts_with(b"true"))
}

/// The numbers of the sources that read a file.
fn readers(referenced: &Referenced, path: &EntryPath) -> Vec<usize> {
    let sources = &referenced.reads.sources;
    let number =
        |source: &ContextSource| sources.iter().position(|other| std::ptr::eq(source, other));
    referenced.read_by(path).filter_map(number).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_is_read() {
        // As git 2.39 writes it.
        let text = b"075d\0\n:1006 1006 7898 0f7b M\0s/a\0:0000 1006 0000 6178 A\0:b\n\0e182\0b10d\0\n:0000 1006 0000 7898 A\0s/a\0";
        let log = Log::read(text);
        assert_eq!(log.commits, 3);
        let expected = HashMap::from([(&b"s/a"[..], 2), (&b":b\n"[..], 1)]);
        assert_eq!(log.changes, expected);
        // What is cut off may be the beginning of another name.
        for length in 0..text.len() {
            let cut = Log::read(&text[..length]);
            let whole = cut
                .changes
                .iter()
                .all(|(path, count)| log.changes[path] >= *count);
            assert!(whole && cut.commits <= log.commits, "{length}: {cut:?}");
        }
    }
}
