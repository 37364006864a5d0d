//! The steps of a build as a tree: each hangs on the one before it.

use std::collections::HashMap;

use super::hasher::Hasher;
use crate::digest::Digest;
use crate::inputs::{Inputs, Step};

/// Where a step hangs.
#[derive(Clone, Copy)]
pub(super) struct Place {
    /// The step before, or that which its stage is built on.
    pub(super) parent: Digest,
    /// It as an instruction, whatever its files are.
    pub(super) loose: Digest,
    /// It with its files and the stages that it takes files from. What hangs on it has this for its parent.
    pub(super) full: Digest,
}

impl Place {
    /// The place of a step on a parent. `ends` are the ends of the stages.
    pub(super) fn of(step: &Step, parent: Digest, ends: &HashMap<usize, Digest>) -> Self {
        let loose = Hasher::new("step").part(&parent.0).part(&step.key.0);
        let mut full = loose.clone();
        for digest in [step.content, step.variant] {
            full.add(digest.as_ref().map_or(&[], |digest| &digest.0));
        }
        for stage in &step.from {
            full.add(ends.get(stage).map_or(&[], |end| &end.0));
        }
        Self {
            parent,
            loose: loose.finish(),
            full: full.finish(),
        }
    }

    /// The place of a `FROM`. One that is built on a stage is where that ends.
    pub(super) fn of_from(step: &Step, ends: &HashMap<usize, Digest>) -> Self {
        let end = step.from.first().and_then(|stage| ends.get(stage));
        match end {
            Some(&full) => Self {
                parent: full,
                loose: full,
                full,
            },
            None => Self::of(step, Digest([0; 32]), ends),
        }
    }
}

/// Whether a step is the first of its stage, which is its `FROM`.
pub(super) fn is_from(steps: &[Step], index: usize) -> bool {
    let before = index.checked_sub(1).and_then(|before| steps.get(before));
    before.is_none_or(|before| before.stage != steps[index].stage)
}

/// The places of all steps.
pub(super) fn places(inputs: &Inputs) -> Vec<Place> {
    let mut ends = HashMap::new();
    let mut places: Vec<Place> = Vec::new();
    for (index, step) in inputs.steps.iter().enumerate() {
        let place = match places.last() {
            Some(before) if !is_from(&inputs.steps, index) => Place::of(step, before.full, &ends),
            _ => Place::of_from(step, &ends),
        };
        ends.insert(step.stage, place.full);
        places.push(place);
    }
    places
}
