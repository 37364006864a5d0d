//! `Oracle`: lays the steps of a new build over those of an old one.

use std::cell::Cell;
use std::collections::{HashMap, HashSet};

use shipload_context::{Semantics, Unsure};

use super::cause::{Cause, causes, is_unseen};
use super::chain::{Place, is_from, places};
use super::prediction::{Fate, Forecast, Prediction, Unpredictable};
use crate::digest::Digest;
use crate::inputs::{Inputs, Step};

/// How many steps and files are compared; manifests can be made that would take for ever.
const WORK: usize = 16 << 20;

/// What is known of the old build, and of the new one so far.
pub(super) struct Oracle<'i> {
    old: &'i Inputs,
    new: &'i Inputs,
    places: Vec<Place>,
    full: HashSet<Digest>,
    /// The old steps of each kind in each place, whatever their files are.
    loose: HashMap<Digest, Vec<usize>>,
    /// The texts of the new build.
    texts: HashSet<&'i str>,
    /// What hangs on a step.
    children: HashMap<Digest, Vec<usize>>,
    /// The ends of the new build's stages, and what became of them.
    ends: HashMap<usize, Digest>,
    fates: HashMap<usize, Fate>,
    work: Cell<usize>,
}

impl<'i> Oracle<'i> {
    pub(super) fn new(old: &'i Inputs, new: &'i Inputs) -> Self {
        let places = places(old);
        let (mut loose, mut children) = (HashMap::new(), HashMap::new());
        for (index, place) in places.iter().enumerate() {
            let all: &mut Vec<usize> = loose.entry(place.loose).or_default();
            all.push(index);
            if !is_from(&old.steps, index) {
                let all: &mut Vec<usize> = children.entry(place.parent).or_default();
                all.push(index);
            }
        }
        Self {
            old,
            new,
            full: places.iter().map(|place| place.full).collect(),
            places,
            loose,
            texts: new.steps.iter().map(|step| step.text.as_str()).collect(),
            children,
            ends: HashMap::new(),
            fates: HashMap::new(),
            work: Cell::new(WORK),
        }
    }

    /// Counts a comparison of two steps with their files; false if there were too many.
    fn spend(&self, was: usize, step: &Step) -> bool {
        let count = |step: &Step| step.reads.iter().map(ExactSizeIterator::len).sum::<usize>();
        let work = 1 + count(&self.old.steps[was]) + count(step);
        self.work.set(self.work.get().saturating_sub(work));
        self.work.get() > 0
    }

    /// Goes through the new build.
    pub(super) fn tell(mut self, prediction: &mut Prediction) {
        let mut parent = Digest([0; 32]);
        let mut before = Fate::Cached;
        // Why what hangs on a stage's `FROM` is not what it was.
        let mut base: Option<Cause> = None;
        for (index, step) in self.new.steps.iter().enumerate() {
            let begins = is_from(&self.new.steps, index);
            let place = if begins {
                base = None;
                before = Fate::Cached;
                Place::of_from(step, &self.ends)
            } else {
                Place::of(step, parent, &self.ends)
            };
            let (fate, candidate) = self.fate(step, &place, before);
            if let Some(Unsure::Image { .. }) = &step.unsure
                && let Some(unsure) = &step.unsure
                && !prediction.assumed.contains(unsure)
            {
                prediction.assumed.push(unsure.clone());
            }
            // What only may be another one is, for what follows, at first what it was.
            parent = match (fate, candidate) {
                (Fate::MayRun, Some(candidate)) => self.places[candidate].full,
                _ => place.full,
            };
            if begins {
                let fate = match step.from.first() {
                    Some(stage) => self.fates.get(stage).copied().unwrap_or(Fate::Runs),
                    None => fate,
                };
                if fate != Fate::Cached {
                    base = Some(self.base(step));
                }
                before = fate;
            } else {
                let causes = match fate {
                    Fate::Cached => Vec::new(),
                    Fate::MayRun | Fate::Runs => {
                        self.causes(step, &place, before, base.take(), prediction)
                    }
                };
                before = before.max(fate);
                prediction.steps.push(Forecast {
                    step: index,
                    stage: step.stage,
                    stage_name: step.stage_name.clone(),
                    line: step.line,
                    text: step.text.clone(),
                    fate,
                    causes,
                });
                // The classic builder finds in the next stage what it has made in this one.
                if self.new.builder == Semantics::Classic {
                    self.full.insert(place.full);
                }
            }
            self.ends.insert(step.stage, parent);
            self.fates.insert(step.stage, before);
            if self.work.get() == 0 {
                prediction.steps.clear();
                prediction.assumed.clear();
                prediction.unpredictable = Some(Unpredictable::Work);
                return;
            }
        }
    }

    /// What becomes of a step, and the old step that it is if it is in the cache after all.
    fn fate(&self, step: &Step, place: &Place, before: Fate) -> (Fate, Option<usize>) {
        let candidates = self.loose.get(&place.loose).map_or(&[][..], Vec::as_slice);
        let candidates = candidates.iter().copied();
        let candidates = candidates.take_while(|&old| self.spend(old, step));
        let has_origins = |old: &usize| self.old.steps[*old].from.len() == step.from.len();
        let (same, other): (Vec<_>, Vec<_>) = candidates.partition(has_origins);
        let mut open = same.iter().copied();
        let open = open.find(|&old| !is_certain(self.old, old, self.new, step));
        // What comes from a stage now may be the very files that came from the context.
        let open = open.or_else(|| other.first().copied().filter(|_| same.is_empty()));
        if step.unsure == Some(Unsure::Remote) && open.is_some() {
            return (Fate::MayRun, open);
        }
        if !self.full.contains(&place.full) {
            let may_be = open.is_some() || self.is_kept_apart(step);
            return (if may_be { Fate::MayRun } else { Fate::Runs }, open);
        }
        let changed = |stage: &usize| self.fates.get(stage) != Some(&Fate::Cached);
        // Other stages may have come to the same files, and other networks too.
        let takes = step.from.iter().any(changed);
        let fate = if takes {
            Fate::MayRun.max(before)
        } else {
            before
        };
        (fate, open)
    }

    /// Whether there was a layer of its own like this one, in whatever place.
    fn is_kept_apart(&self, step: &Step) -> bool {
        let is_same = |old: &Step| old.key == step.key && old.content == step.content;
        let mut steps = (0..self.old.steps.len()).take_while(|&old| self.spend(old, step));
        step.unsure == Some(Unsure::Apart) && steps.any(|old| is_same(&self.old.steps[old]))
    }

    /// Why a stage begins elsewhere.
    fn base(&self, step: &Step) -> Cause {
        if let Some(&stage) = step.from.first() {
            return Cause::Stage { stage };
        }
        let mut froms = (0..self.old.steps.len()).filter(|&index| is_from(&self.old.steps, index));
        let same = |index: &usize| self.old.steps[*index].stage_name == step.stage_name;
        let was = froms
            .clone()
            .find(|index| same(index) && step.stage_name.is_some());
        let was = was.or_else(|| froms.find(|&index| self.old.steps[index].stage == step.stage));
        Cause::Base {
            text: step.text.clone(),
            was: was.map(|index| self.old.steps[index].text.clone()),
        }
    }

    fn causes(
        &self,
        step: &Step,
        place: &Place,
        before: Fate,
        base: Option<Cause>,
        prediction: &Prediction,
    ) -> Vec<Cause> {
        if let Some(base) = base {
            return vec![base];
        }
        if before != Fate::Cached {
            let mut earlier = prediction.steps.iter().rev();
            let earlier = earlier.find(|one| one.stage == step.stage && one.fate != Fate::Cached);
            if let Some(earlier) = earlier {
                return vec![Cause::Before { line: earlier.line }];
            }
        }
        let from = step
            .from
            .iter()
            .filter(|stage| self.fates.get(stage) != Some(&Fate::Cached));
        let mut all: Vec<_> = from.map(|&stage| Cause::Stage { stage }).collect();
        let siblings = self
            .children
            .get(&place.parent)
            .map_or(&[][..], Vec::as_slice);
        let same = |wanted: &dyn Fn(&Step) -> bool| {
            let siblings = siblings.iter().copied();
            let mut siblings = siblings.take_while(|&index| self.spend(index, step));
            siblings.find(|&index| wanted(&self.old.steps[index]))
        };
        let word = |step: &Step| {
            step.text
                .split_whitespace()
                .next()
                .map(str::to_ascii_uppercase)
        };
        let is_kept = |old: &Step| self.texts.contains(old.text.as_str());
        let counterpart = same(&|old| old.key == step.key && old.text == step.text)
            .or_else(|| same(&|old| old.text == step.text))
            .or_else(|| same(&|old| old.key == step.key && !is_kept(old)))
            .or_else(|| same(&|old| word(old) == word(step) && !is_kept(old)));
        all.extend(causes(self.old, counterpart, self.new, step));
        all
    }
}

/// Whether a step is certain not to be the old one, of the same kind and in the same place, because it reads other files.
fn is_certain(old: &Inputs, was: usize, new: &Inputs, step: &Step) -> bool {
    let was = &old.steps[was];
    let is_understood = |step: &Step| {
        !matches!(
            step.unsure,
            Some(
                Unsure::Triggers { .. }
                    | Unsure::Sources
                    | Unsure::Unknown
                    | Unsure::Frontend { .. }
                    | Unsure::Wildcards
                    | Unsure::Work
            )
        )
    };
    let is_understood = is_understood(was) && is_understood(step);
    was.content != step.content && is_understood && !is_unseen(old, was, new, step)
}
