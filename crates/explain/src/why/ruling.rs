//! `Ruling`: what one builder makes of one path.

use std::fmt;
use std::path::Path;

use shipload_context::{
    Entry, EntryPath, Excerpt, Notice, OnUnreadable, Semantics, Standing, show,
};
use shipload_ignore::{Explanation, MatchError, Origin, Rule};

use super::ground::Ground;
use super::{Question, Reason};

/// Whether a path is in the context, and because of what.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Ruling {
    /// Whether it is in.
    pub included: bool,
    /// Whether rules leave it in. Of a path at which there is nothing, this is what would be.
    pub allowed: bool,
    /// The rule that decided; none where no rule counts.
    pub rule: Option<RuleLine>,
    /// What decides beside rules; none where they alone do.
    pub reason: Option<Reason>,
}

/// A line of an ignore file.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RuleLine {
    /// The file: relative to the context directory if it is in it, else as it was named.
    pub file: String,
    /// The line, counted from 1.
    pub line: usize,
    /// The line as written, without the white space around it.
    pub text: Vec<u8>,
    /// Whether it includes again (`!`).
    pub is_negated: bool,
}

/// A directory above a path, or the path itself, on the way that a walk takes.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Level {
    /// The path up to here.
    pub path: EntryPath,
    /// Whether rules leave it in.
    pub allowed: bool,
    /// Whether the walk goes on below it.
    pub entered: bool,
    /// The rules that count here, in order, and whether each does because it matched a directory above; the last one decided.
    pub rules: Vec<(RuleLine, bool)>,
}

impl Ruling {
    /// Whether two builders make the same of a path, for the same reason.
    pub(super) fn agrees(&self, other: &Self) -> bool {
        let code = |ruling: &Self| ruling.reason.as_ref().map(Reason::code);
        (self.included, self.allowed, &self.rule, code(self))
            == (other.included, other.allowed, &other.rule, code(other))
    }
}

impl RuleLine {
    fn new(rule: &Rule) -> Self {
        Self {
            file: rule.place().file.to_string(),
            line: rule.place().line,
            text: rule.text().to_vec(),
            is_negated: rule.is_negated(),
        }
    }

    /// A rule that somebody wrote.
    fn written(rule: Option<&Rule>) -> Option<Self> {
        let written = rule.filter(|rule| rule.origin() == Origin::File);
        written.map(Self::new)
    }
}

impl fmt::Display for RuleLine {
    /// `.dockerignore:3: !keep`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.file, self.line, show(&self.text))
    }
}

/// Says what a builder makes of paths.
pub(super) struct Judge<'e> {
    excerpt: &'e Excerpt,
}

impl<'e> Judge<'e> {
    pub(super) fn new(excerpt: &'e Excerpt) -> Self {
        Self { excerpt }
    }

    fn explain(&self, question: &Question, ground: &Ground) -> Result<Explanation<'e>, MatchError> {
        let rules = &self.excerpt.plan.rules;
        rules.explain(question.path.as_bytes(), ground.is_dir(question))
    }

    /// What the builder makes of one path.
    pub(super) fn ruling(
        &self,
        question: &Question,
        ground: &Ground,
    ) -> Result<Ruling, MatchError> {
        let explanation = match self.explain(question, ground) {
            // The walk does not come to what is not there, nor to the rule.
            Err(error) if ground.thing.is_none() => {
                return Ok(Ruling {
                    included: false,
                    allowed: false,
                    rule: None,
                    reason: Some(Reason::Undecidable { error }),
                });
            }
            explanation => explanation?,
        };
        let view = &self.excerpt.plan.view;
        let rule = RuleLine::written(explanation.rule);
        let allowed = !explanation.excluded;
        let Some(member) = view.get(&question.path) else {
            return Ok(Ruling {
                included: false,
                allowed,
                reason: self.why_out(question, ground, allowed)?,
                rule,
            });
        };
        let reason = self.why_in(member.entry, &explanation);
        let is_ruled = !matches!(
            reason,
            Some(Reason::Added { .. } | Reason::BuildFile { .. })
        ) && member.entry.standing != Standing::Made;
        Ok(Ruling {
            included: true,
            allowed: allowed || !is_ruled,
            rule: rule.filter(|_| is_ruled),
            reason,
        })
    }

    /// The directories above a path and the path, as far as the walk gets; none where no rules apply.
    pub(super) fn chain(
        &self,
        question: &Question,
        ground: &Ground,
    ) -> Result<Vec<Level>, MatchError> {
        let levels = self.explain(question, ground)?.steps.into_iter();
        let level = |step: shipload_ignore::Step<'_>| {
            let written = |counted: &shipload_ignore::Match<'_>| {
                Some((RuleLine::written(Some(counted.rule))?, counted.is_inherited))
            };
            Some(Level {
                path: EntryPath::new(&step.path).ok()?,
                allowed: !step.excluded,
                entered: step.entered,
                rules: step.rules.iter().filter_map(written).collect(),
            })
        };
        Ok(levels.filter_map(level).collect())
    }

    /// What but rules puts an entry in.
    fn why_in(&self, entry: &Entry, explanation: &Explanation<'_>) -> Option<Reason> {
        let plan = &self.excerpt.plan;
        let path = &entry.path;
        let first_below = || {
            let mut members = plan.view.members().map(|member| &member.entry.path);
            members.find(|member| *member != path && member.starts_with(path))
        };
        match entry.standing {
            Standing::Excluded | Standing::Made => {
                return first_below().map(|member| Reason::Above {
                    member: member.clone(),
                });
            }
            Standing::Named => {}
        }
        let decided_for_builder = explanation
            .rule
            .is_some_and(|rule| rule.origin() == Origin::BuildFile);
        let is_of_base = entry.origin.number() == 0;
        if decided_for_builder || (!is_of_base && self.is_build_file(path)) {
            let removed_by = match plan.semantics {
                Semantics::Classic => plan.removed_by(path.as_bytes()),
                // Its service applies the rules again.
                Semantics::Podman => explanation.rule.filter(|_| explanation.excluded),
                Semantics::BuildKit => None,
            };
            let removed_by = RuleLine::written(removed_by);
            return Some(Reason::BuildFile { removed_by });
        }
        if !is_of_base {
            let from = plan.view.tree().origin(entry.origin).to_owned();
            return Some(Reason::Added { from });
        }
        if self.unreadable(path).is_some() {
            let (above, fails) = (None, true);
            return Some(Reason::Unreadable { above, fails });
        }
        let is_whiteout = path.file_name().starts_with(b".wh.");
        (is_whiteout && plan.semantics == Semantics::Classic).then_some(Reason::Whiteout)
    }

    /// What but rules keeps a path out.
    fn why_out(
        &self,
        question: &Question,
        ground: &Ground,
        allowed: bool,
    ) -> Result<Option<Reason>, MatchError> {
        let plan = &self.excerpt.plan;
        let path = &question.path;
        if let Some(what) = self.unreadable(path) {
            let is_excluded = plan.rules.explain(what.as_bytes(), true)?.excluded;
            return Ok(Some(Reason::Unreadable {
                above: (what != path).then(|| what.clone()),
                fails: self.excerpt.on_unreadable() == OnUnreadable::Fail && !is_excluded,
            }));
        }
        // What rules take out of an archive is not looked for in it.
        let is_known = allowed || plan.directory.is_some();
        if let Some(obstacle) = ground.obstacle.as_ref().filter(|_| is_known) {
            return Ok(Some(obstacle.clone()));
        }
        let is_socket = ground.thing.is_some_and(|thing| thing.kind == "socket");
        Ok(match plan.semantics {
            _ if allowed && is_socket => Some(Reason::Socket),
            Semantics::BuildKit if self.is_build_file(path) => Some(Reason::ReadApart),
            Semantics::Classic | Semantics::BuildKit | Semantics::Podman => None,
        })
    }

    /// What cannot be read, of a path and what is above it.
    fn unreadable(&self, path: &EntryPath) -> Option<&'e EntryPath> {
        self.excerpt
            .plan
            .notices()
            .iter()
            .find_map(|notice| match notice {
                Notice::Unreadable(what) if path.starts_with(what) => Some(what),
                _ => None,
            })
    }

    /// Whether it is the Dockerfile, or an ignore file that was read or that was made up for the builder.
    fn is_build_file(&self, path: &EntryPath) -> bool {
        let plan = &self.excerpt.plan;
        let is_read = |directory: &Path| {
            let host = super::host_path(directory, path);
            plan.ignore_files.contains(&host)
        };
        *path == plan.dockerfile
            || plan.directory.as_deref().is_some_and(is_read)
            || (plan.is_injected && path.as_bytes() == b".dockerignore")
    }
}
