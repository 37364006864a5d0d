//! Sources of a Dockerfile that lead nowhere, and why.

use std::fmt;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::{Path, PathBuf};

use shipload_dockerfile::{ContextSource, Glob};
use shipload_ignore::{Explanation, Origin, Place, Rule, Semantics};

use crate::path::{EntryPath, show};
use crate::recipe::Plan;

/// A source that leads nowhere.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Missing {
    /// The source.
    pub source: ContextSource,
    /// Why it leads nowhere.
    pub cause: MissingCause,
}

/// Why a source leads nowhere.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum MissingCause {
    /// There is nothing of that name.
    Absent {
        /// What may have been meant.
        nearest: Option<EntryPath>,
    },
    /// It is there, but not in the context.
    Excluded(ExcludedBy),
    /// It is a link, or behind one, and this is where it leads.
    Dangling {
        /// A path of the context at which there is nothing.
        path: String,
    },
    /// It is a pattern that no builder takes.
    Malformed,
}

/// The rule that takes a path out of the context.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExcludedBy {
    /// The path that is there.
    pub path: String,
    /// Where the rule stands.
    pub place: Place,
    /// The rule as written.
    pub rule: String,
}

impl Missing {
    /// Advice for the user, if there is any.
    pub fn hint(&self) -> Option<String> {
        match &self.cause {
            MissingCause::Absent { nearest } => {
                nearest.as_ref().map(|path| format!("there is `{path}`"))
            }
            MissingCause::Excluded(by) => Some(format!(
                "remove the rule, or write `!{}` below it in `{}`",
                by.path, by.place.file
            )),
            MissingCause::Dangling { .. } => {
                Some("links lead within the context, from its top where they are absolute".into())
            }
            MissingCause::Malformed => Some("write `\\\\[` for a `[` in a name".into()),
        }
    }
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let pattern = &self.source.pattern;
        match &self.cause {
            MissingCause::Absent { .. }
                if Glob::new(pattern).is_ok_and(|glob| glob.is_pattern()) =>
            {
                write!(f, "nothing in the context matches `{pattern}`")
            }
            MissingCause::Absent { .. } => write!(f, "there is no `{pattern}` in the context"),
            MissingCause::Excluded(by) => {
                write!(
                    f,
                    "`{}` is excluded by {}: `{}`",
                    by.path, by.place, by.rule
                )
            }
            MissingCause::Dangling { path } => write!(
                f,
                "`{pattern}` is a link to `{path}`, which is not in the context"
            ),
            MissingCause::Malformed => write!(f, "`{pattern}` is a malformed pattern"),
        }
    }
}

/// Says why sources lead nowhere.
pub(super) struct Explainer<'p> {
    plan: &'p Plan,
    /// For how many more sources the whole context is searched.
    searches: usize,
}

/// For how many sources the whole context is searched for what may have been meant. A reader stops long before.
const SEARCHES: usize = 32;

impl<'p> Explainer<'p> {
    pub(super) fn new(plan: &'p Plan) -> Self {
        let searches = SEARCHES;
        Self { plan, searches }
    }

    /// Says where a source leads that is a link.
    pub(super) fn lost(&mut self, source: &ContextSource, path: &str) -> Missing {
        let by = excluded(self.plan, path).map(MissingCause::Excluded);
        let path = path.to_owned();
        Missing {
            source: source.clone(),
            cause: by.unwrap_or(MissingCause::Dangling { path }),
        }
    }

    /// Says why a source leads nowhere; of the first ones also what may have been meant.
    pub(super) fn explain(&mut self, source: &ContextSource) -> Missing {
        let pattern = source.pattern.as_str();
        let is_searched = self.searches > 0;
        self.searches = self.searches.saturating_sub(1);
        // A name is one look at the file system, a pattern one at all names in a directory.
        let is_name = Glob::new(pattern).is_ok_and(|glob| glob.literal().is_some());
        let excluded = (is_searched || is_name).then(|| excluded(self.plan, pattern));
        let cause = match excluded.flatten() {
            Some(by) => MissingCause::Excluded(by),
            None => MissingCause::Absent {
                nearest: is_searched.then(|| nearest(self.plan, pattern)).flatten(),
            },
        };
        Missing {
            source: source.clone(),
            cause,
        }
    }
}

impl Plan {
    /// The rule by which the classic builder removes a file before it copies: it is sent its Dockerfile and `.dockerignore` even if
    /// they are excluded, and removes them if the `.dockerignore` that it is sent says so. There is none for other builders.
    pub fn removed_by(&self, path: &[u8]) -> Option<&Rule> {
        let own = self.directory.as_ref()?.join(".dockerignore");
        if self.semantics != Semantics::Classic || self.ignore_files != [own] {
            return None;
        }
        let explanation = self.rules.explain(path, false).ok()?;
        let decided = explanation
            .rule
            .filter(|rule| rule.origin() == Origin::BuildFile)?;
        let steps = explanation.steps.last()?;
        let mut rules = steps.rules.iter().map(|counted| counted.rule);
        let rule = rules.rfind(|rule| rule.place() != decided.place())?;
        (!rule.is_negated()).then_some(rule)
    }
}

/// The rule by which the builder removes a source before it copies.
pub(super) fn removed_by_engine(plan: &Plan, source: &ContextSource) -> Option<Missing> {
    let rule = plan.removed_by(source.pattern.as_bytes())?;
    let cause = MissingCause::Excluded(by(&source.pattern, rule));
    Some(Missing {
        source: source.clone(),
        cause,
    })
}

fn by(path: &str, rule: &Rule) -> ExcludedBy {
    ExcludedBy {
        path: path.to_owned(),
        place: rule.place().clone(),
        rule: rule.text_lossy().into_owned(),
    }
}

/// The rule that excludes what is there under a name, or the first name that a pattern matches.
fn excluded(plan: &Plan, pattern: &str) -> Option<ExcludedBy> {
    let root = plan.directory.as_deref()?;
    let (dir, last) = pattern.rsplit_once('/').unwrap_or(("", pattern));
    let dir_path = within(root, dir)?;
    let glob = Glob::new(last).ok()?;
    let names = match glob.literal() {
        Some(name) => vec![name.as_bytes().to_vec()],
        None => names(&dir_path)
            .into_iter()
            .filter(|name| glob.matches(name))
            .collect(),
    };
    names.into_iter().find_map(|name| {
        let path = dir_path.join(std::ffi::OsStr::from_bytes(&name));
        let is_dir = fs_err::symlink_metadata(&path).ok()?.is_dir();
        let path = [dir.as_bytes(), &name].join(&b'/');
        let path = path.strip_prefix(b"/").unwrap_or(&path);
        let explanation: Explanation<'_> = plan.rules.explain(path, is_dir).ok()?;
        let rule = explanation.rule.filter(|_| explanation.excluded)?;
        Some(by(&show(path), rule))
    })
}

/// A directory of the context on this machine, unless a link in its path leads out.
fn within(root: &Path, dir: &str) -> Option<PathBuf> {
    let real = fs_err::canonicalize(root.join(dir)).ok()?;
    real.starts_with(root).then_some(real)
}

/// The names in a directory, sorted.
fn names(dir: &Path) -> Vec<Vec<u8>> {
    let entries = fs_err::read_dir(dir).into_iter().flatten().flatten();
    let mut names: Vec<_> = entries.map(|entry| entry.file_name().into_vec()).collect();
    names.sort();
    names
}

/// The entry whose path is most like a pattern: the same name elsewhere, else one that differs in little.
fn nearest(plan: &Plan, pattern: &str) -> Option<EntryPath> {
    let name = pattern.rsplit('/').next().unwrap_or(pattern).to_lowercase();
    let allowed = (pattern.chars().count() / 4).clamp(1, 4);
    let close = plan.view.members().filter_map(|member| {
        let path = member.entry.path.to_string();
        let own = path.rsplit('/').next().unwrap_or(&path).to_lowercase();
        let distance = if path.len().abs_diff(pattern.len()) <= allowed {
            strsim::damerau_levenshtein(&path.to_lowercase(), &pattern.to_lowercase())
        } else {
            usize::MAX
        };
        let rank = match distance {
            near if near <= allowed => near,
            _ if own == name => allowed + 1,
            _ => return None,
        };
        Some((rank, member.entry.path.depth(), &member.entry.path))
    });
    close
        .min_by_key(|(rank, depth, _)| (*rank, *depth))
        .map(|(_, _, path)| path.clone())
}
