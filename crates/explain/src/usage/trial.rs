//! What a further rule really takes out, by the walk that builders do.

use std::collections::HashSet;

use shipload_context::{Entry, EntryPath, Plan, Rules};
use shipload_ignore::{Origin, Rule};

use super::Sum;
use super::candidates::{Candidate, Loss};
use super::unread::{Unread, ranks};

/// The rules of a plan, to which others are added.
pub(super) struct Trial<'a> {
    plan: &'a Plan,
    /// The rules as written, a line each.
    lines: Vec<u8>,
}

impl<'a> Trial<'a> {
    /// A trial, if what a rule takes out cannot be told without.
    pub(super) fn needed(plan: &'a Plan) -> Option<Self> {
        let of_files = || {
            plan.rules
                .iter()
                .filter(|rule| rule.origin() == Origin::File)
        };
        if !of_files().any(Rule::is_negated) {
            return None;
        }
        let lines = of_files()
            .flat_map(|rule| [rule.text(), b"\n"].concat())
            .collect();
        Some(Self { plan, lines })
    }

    /// The rule of a candidate, or the one for all that is below what it matches, whichever takes out more, and what that is.
    pub(super) fn best(
        &self,
        candidate: &Candidate,
        unread: Option<&Unread>,
    ) -> Option<(String, Loss)> {
        let rule = candidate.rule.clone();
        let loss = self.loss(&rule, unread)?;
        if loss.out >= candidate.out {
            return Some((rule, loss));
        }
        let below = format!("{rule}/**");
        match self.loss(&below, unread) {
            Some(other) if other.out > loss.out => Some((below, other)),
            _ => Some((rule, loss)),
        }
    }

    /// What a rule takes out that is written last; `None` where the rules are malformed.
    fn loss(&self, rule: &str, unread: Option<&Unread>) -> Option<Loss> {
        let view = &self.plan.view;
        let lines = [&self.lines, rule.as_bytes()].concat();
        let rules = Rules::parse(self.plan.semantics, "", &lines).ok()?;
        let dockerfile = self.plan.dockerfile.as_bytes();
        let rules = rules.with_build_files(Some(dockerfile)).ok()?;
        let under = view.clone().under(&rules).ok()?;
        let fixed = Fixed::new(self.plan);
        let stays: Vec<bool> = ranks(view, &under)
            .zip(view.members())
            .map(|(rank, member)| rank.is_some() || fixed.holds(member.entry))
            .collect();
        let kept = stays
            .iter()
            .zip(view.members())
            .filter(|(stays, _)| **stays);
        let kept: HashSet<u32> = kept.filter_map(|(_, member)| member.entry.inode).collect();
        let mut loss = Loss::default();
        for (place, member) in (0..)
            .zip(view.members())
            .filter(|(place, _)| !stays[*place])
        {
            let has_name = member
                .entry
                .inode
                .is_some_and(|inode| kept.contains(&inode));
            let freed = |mut sum: Sum| {
                if has_name {
                    sum.bytes = 0;
                }
                sum
            };
            loss.out += freed(Sum::of(&member));
            if let Some(unread) = unread {
                loss.unread += freed(unread.sum(place, &member));
                loss.ranks.extend(unread.rank(place));
            }
        }
        Some(loss)
    }
}

/// What no rule takes out.
pub(super) struct Fixed<'a> {
    plan: &'a Plan,
    /// How the directory of the context is named among the sources.
    base: Option<&'a str>,
    /// The directories above the Dockerfile, where they stay with it.
    above: HashSet<EntryPath>,
}

impl<'a> Fixed<'a> {
    pub(super) fn new(plan: &'a Plan) -> Self {
        let stay = plan.semantics.sends_excluded_parents();
        let above = std::iter::successors(plan.dockerfile.parent(), EntryPath::parent);
        Self {
            plan,
            base: plan.view.tree().origins().next(),
            above: above.filter(|_| stay).collect(),
        }
    }

    pub(super) fn holds(&self, entry: &Entry) -> bool {
        let origin = self.plan.view.tree().origin(entry.origin);
        // Two sources may have one name.
        let is_base = self.base.is_some_and(|base| std::ptr::eq(base, origin));
        !is_base || self.plan.is_build_file(&entry.path) || self.above.contains(&entry.path)
    }
}
