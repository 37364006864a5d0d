//! What rules leave in of the whole tree, and what of that is wrong.

use shipload_ignore::{Frame, Rules};

use super::{Engine, Ground, Outcome, Refusal, Wrong};

/// The rules as an engine applies them.
pub(in super::super) struct Read {
    /// To what is sent.
    sent: Rules,
    /// To what a build sees of its own files.
    plain: Rules,
}

/// # Judging
impl Ground<'_> {
    /// Holds every entry against a text, for every engine.
    pub(in super::super) fn check(&self, text: &[u8]) -> Outcome {
        let mut wrong = vec![(0_u8, 0_u8); self.places.len()];
        let mut is_exact = true;
        for (number, engine) in self.engines.iter().enumerate() {
            let verdicts = self
                .read(engine, text)
                .and_then(|read| self.verdicts(engine, &read));
            let Ok(mut included) = verdicts else {
                return Outcome::Refused;
            };
            self.close(engine.semantics, &mut included);
            if included == engine.goal {
                continue;
            }
            is_exact = false;
            for (wrong, (is, goal)) in wrong.iter_mut().zip(included.iter().zip(&engine.goal)) {
                match (is, goal) {
                    (false, true) => wrong.0 |= 1 << number,
                    (true, false) => wrong.1 |= 1 << number,
                    (true, true) | (false, false) => {}
                }
            }
        }
        if is_exact {
            return Outcome::Exact;
        }
        let numbered = wrong.into_iter().enumerate();
        let wrong = numbered
            .filter(|(_, wrong)| *wrong != (0, 0))
            .map(|(place, (out, within))| Wrong { place, out, within });
        Outcome::Wrong(wrong.collect())
    }

    /// The text as an engine reads it, behind the files that come before it.
    pub(in super::super) fn read(&self, engine: &Engine, text: &[u8]) -> Result<Read, Refusal> {
        let mut builder = Rules::builder(engine.semantics);
        for (name, text) in self.before {
            builder = builder.file(name, text).map_err(Refusal::Load)?;
        }
        let plain = builder
            .file(self.name, text)
            .map_err(Refusal::Load)?
            .build();
        let sent = plain
            .with_build_files(engine.dockerfile.as_deref())
            .map_err(Refusal::Load)?;
        Ok(Read { sent, plain })
    }

    /// Whether the entry at a place is left in, its directories aside.
    pub(in super::super) fn includes(
        &self,
        engine: &Engine,
        read: &Read,
        place: usize,
    ) -> Result<bool, Refusal> {
        let rules = if engine.own.contains(&place) {
            &read.plain
        } else {
            &read.sent
        };
        let place = &self.places[place];
        let path = place.path.as_bytes();
        let mut frame = rules.root();
        for at in memchr::memchr_iter(b'/', path) {
            let judged = rules
                .judge(&frame, &path[..at], true)
                .map_err(Refusal::Match)?;
            if !judged.enter {
                return Ok(false);
            }
            frame = judged.frame;
        }
        let judged = rules.judge(&frame, path, place.is_dir);
        judged
            .map(|judged| !judged.excluded)
            .map_err(Refusal::Match)
    }

    /// The lines of the file, counted from 0, with rules that count for the entry at a place or a directory above it.
    pub(in super::super) fn deciding_lines(&self, read: &Read, place: usize) -> Vec<usize> {
        let place = &self.places[place];
        let Ok(explained) = read.sent.explain(place.path.as_bytes(), place.is_dir) else {
            return Vec::new();
        };
        let rules = explained.steps.iter().flat_map(|step| &step.rules);
        let places = rules.map(|counts| counts.rule.place());
        places
            .filter(|place| *place.file == *self.name)
            .map(|place| place.line - 1)
            .collect()
    }

    /// What the rules leave in, by place, without the directories above.
    pub(super) fn verdicts(&self, engine: &Engine, read: &Read) -> Result<Vec<bool>, Refusal> {
        let rules = &read.sent;
        let mut included = vec![false; self.places.len()];
        let root = rules.root();
        let mut above: Vec<(usize, Frame)> = Vec::new();
        let mut number = 0;
        while let Some(place) = self.places.get(number) {
            while above.last().is_some_and(|(end, _)| *end <= number) {
                above.pop();
            }
            let frame = above.last().map_or(&root, |(_, frame)| frame);
            let judged = rules
                .judge(frame, place.path.as_bytes(), place.is_dir)
                .map_err(Refusal::Match)?;
            included[number] = !judged.excluded;
            if judged.enter {
                above.push((place.end, judged.frame));
                number += 1;
            } else {
                number = place.end;
            }
        }
        for &own in &engine.own {
            included[own] = self.includes(engine, read, own)?;
        }
        Ok(included)
    }
}
