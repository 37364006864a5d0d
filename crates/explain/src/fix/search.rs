//! The search for the cheapest edit that is exact.
//!
//! A plain edit is found first: a line for each path, at the end, and lines for what goes astray, until nothing does. Then
//! whatever is cheaper is tried: patterns for several paths, single changes anywhere in the file, pairs of them. Nothing is taken
//! that was not held against the whole tree for every engine. Most of what is tried fails on an entry on which something else has
//! failed before, so these are asked first.
//!
//! All is bounded by [`EFFORT`], which counts work and not time, so that the same question has the same answer everywhere.

mod candidates;
mod lines;

use std::cmp::Ordering;

use super::ground::{Engine, Ground, Outcome, Wrong};
use super::text::{Changes, Text};
use candidates::turned;
use lines::Stuck;

/// How much is tried beside [`CHECKS`], in entries judged.
const EFFORT: u64 = 600_000;
/// How many times the whole tree can be judged: seconds' worth, where it has 100,000 entries.
const CHECKS: u64 = 30;
/// What reading a line of a rule file costs beside that.
const LINE_EFFORT: u64 = 12;
/// How many times lines are added for what went astray.
const ROUNDS: usize = 10;
/// Entries on which something failed.
const WITNESSES: usize = 48;
/// Single changes that are tried with another one that takes a line away,
const PAIRED: usize = 80;
/// and how many of the latter.
const DELETED: usize = 24;

/// A search under way.
pub(super) struct Search<'g> {
    ground: &'g Ground<'g>,
    text: Text,
    /// What is on the wrong side before anything is changed.
    wrong: Vec<Wrong>,
    /// Entries and engines on which something failed.
    witnesses: Vec<(usize, usize)>,
    effort: u64,
    best: Option<Changes>,
}

/// # Searching
impl<'g> Search<'g> {
    pub(super) fn new(ground: &'g Ground<'g>, text: Text, wrong: Vec<Wrong>) -> Self {
        let mut search = Self {
            ground,
            text,
            wrong,
            witnesses: Vec::new(),
            effort: EFFORT + CHECKS * ground.effort(),
            best: None,
        };
        let wrong = search.wrong.clone();
        search.remember(&wrong);
        search
    }

    /// The cheapest exact changes that were found.
    pub(super) fn run(mut self) -> Option<Changes> {
        // Where this is stuck something else need not be.
        let _ = self.repair(Changes::default());
        self.try_patterns();
        let singles = self.singles();
        for single in &singles {
            if !self.attempt(single) && self.is_cheaper_than_best(single) == Some(false) {
                break;
            }
        }
        if self.best.is_none() {
            self.rescue();
        }
        if self.best_lines() > 2 {
            // Lines that only come were put together before.
            let old = singles
                .iter()
                .filter(|single| single.deletes())
                .take(DELETED);
            for one in old {
                for other in singles.iter().take(PAIRED) {
                    self.attempt(&one.and(other));
                }
            }
        }
        self.prune();
        self.best
    }

    /// The lines that would be added first, exact or not.
    pub(super) fn nearest(&self) -> Changes {
        let none = Changes::default();
        self.lines_for(&self.wrong, &none)
            .map(|lines| self.appended(&none, &lines))
            .unwrap_or_default()
    }

    /// Adds lines for what is on the wrong side until nothing is.
    fn repair(&mut self, start: Changes) -> Result<(), Stuck> {
        let mut changes = start;
        for _ in 0..ROUNDS {
            if self.is_cheaper_than_best(&changes) == Some(false) {
                return Ok(());
            }
            let wrong = match self.check(&changes) {
                Some(Outcome::Exact) => {
                    self.best = Some(changes);
                    return Ok(());
                }
                Some(Outcome::Wrong(wrong)) => wrong,
                Some(Outcome::Refused) | None => return Ok(()),
            };
            let lines = self.lines_for(&wrong, &changes)?;
            if lines.is_empty() {
                return Ok(());
            }
            changes = self.appended(&changes, &lines);
        }
        Ok(())
    }

    /// Where nothing else is exact: without lines that stand in the way, at last without all.
    fn rescue(&mut self) {
        let lines = self.relevant_lines();
        let all = |lines: &mut dyn Iterator<Item = usize>| {
            lines.fold(Changes::default(), |all, line| {
                all.and(&Changes::delete(line))
            })
        };
        let mut seeds: Vec<Changes> = Vec::new();
        for &line in &lines {
            seeds.push(Changes::delete(line));
            let turned = turned(&self.text.lines[line].text);
            seeds.extend(turned.iter().map(|new| Changes::replace(line, new)));
        }
        seeds.push(all(&mut lines.iter().copied()));
        let rules = self.text.lines.iter().enumerate();
        let rules = rules.filter(|(_, line)| line.is_rule());
        seeds.push(all(&mut rules.map(|(number, _)| number)));
        for seed in seeds {
            let _ = self.repair(seed);
        }
    }

    /// Leaves out what is not needed.
    fn prune(&mut self) {
        while let Some(best) = self.best.clone() {
            let mut fewer = best.without_one();
            if !fewer.any(|fewer| self.attempt(&fewer)) {
                break;
            }
        }
    }
}

/// # Judging
impl Search<'_> {
    /// Takes changes that are better than the best and exact.
    fn attempt(&mut self, changes: &Changes) -> bool {
        if self.is_cheaper_than_best(changes) == Some(false) || !self.survives(changes) {
            return false;
        }
        match self.check(changes) {
            Some(Outcome::Exact) => {
                self.best = Some(changes.clone());
                true
            }
            Some(Outcome::Wrong(wrong)) => {
                self.remember(&wrong);
                false
            }
            Some(Outcome::Refused) | None => false,
        }
    }

    /// Whether none of the entries on which something failed speaks against the changes.
    fn survives(&mut self, changes: &Changes) -> bool {
        let text = self.text.with(changes);
        let lines = self.text.lines.len() as u64 + 1;
        for (number, engine) in self.ground.engines.iter().enumerate() {
            let places = self.witnesses.iter().filter(|(of, _)| *of == number);
            let places: Vec<usize> = places.map(|(_, place)| *place).collect();
            let effort = lines * LINE_EFFORT + 3 * places.len() as u64;
            self.effort = self.effort.saturating_sub(effort);
            if self.effort == 0 {
                return false;
            }
            let Ok(read) = self.ground.read(engine, &text) else {
                return false;
            };
            let speaks_against = |&place: &usize| {
                let is_dir = self.ground.places[place].is_dir;
                let Ok(included) = self.ground.includes(engine, &read, place) else {
                    return true;
                };
                contradicts(engine, included, engine.goal[place], is_dir)
            };
            if places.iter().any(speaks_against) {
                return false;
            }
        }
        true
    }

    /// `None` once enough was tried.
    fn check(&mut self, changes: &Changes) -> Option<Outcome> {
        let lines = self.text.lines.len() as u64 + 1;
        let reading = lines * LINE_EFFORT * self.ground.engines.len() as u64;
        self.effort = self.effort.saturating_sub(self.ground.effort() + reading);
        (self.effort > 0).then(|| self.ground.check(&self.text.with(changes)))
    }

    fn remember(&mut self, wrong: &[Wrong]) {
        for wrong in [wrong.first(), wrong.get(wrong.len() / 2), wrong.last()]
            .into_iter()
            .flatten()
        {
            for number in 0..self.ground.engines.len() {
                let witness = (number, wrong.place);
                let is_wrong = (wrong.out | wrong.within) & (1 << number) != 0;
                if is_wrong
                    && self.witnesses.len() < WITNESSES
                    && !self.witnesses.contains(&witness)
                {
                    self.witnesses.push(witness);
                }
            }
        }
    }

    /// `None` as long as there is no best.
    fn is_cheaper_than_best(&self, changes: &Changes) -> Option<bool> {
        let best = self.best.as_ref()?;
        Some(self.text.compare(changes, best) == Ordering::Less)
    }

    fn best_lines(&self) -> usize {
        self.best
            .as_ref()
            .map_or(usize::MAX, |best| self.text.cost(best).lines)
    }
}

/// Whether what the rules say of an entry, by itself, cannot be right.
fn contradicts(engine: &Engine, included: bool, goal: bool, is_dir: bool) -> bool {
    match engine.semantics {
        shipload_ignore::Semantics::Classic => included != goal,
        // A directory may be there for what it holds.
        shipload_ignore::Semantics::BuildKit | shipload_ignore::Semantics::Podman => {
            if included {
                !goal
            } else {
                goal && !is_dir
            }
        }
    }
}
