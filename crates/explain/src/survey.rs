//! `Survey`: everything that a context directory holds, and what rules make of it.
//!
//! A plan lists only what its rules let in. Whoever judges the rules themselves needs the rest as well: what is on disk and
//! stays out. It is listed once; any number of rule lists, of any builder's semantics, are then held against it.

mod rule_files;

use std::collections::HashMap;
use std::path::Path;

use shipload_context::{
    Entry, HostDir, OnUnreadable, Progress, Rules, Tree, TreeBuilder, TreeError,
};
use shipload_ignore::{Frame, MatchError, Rule};

pub use rule_files::{LineId, RuleFile, RuleFiles};

/// Everything that a directory holds, by its place in the order of paths.
#[derive(Debug, Clone)]
pub struct Survey {
    tree: Tree,
    /// For each entry the place behind it and all below it.
    ends: Vec<u32>,
}

/// What rules say of one entry of a [`Survey`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verdict {
    /// Whether it stays out of the context.
    pub excluded: bool,
    /// Whether the walk comes to it. What it does not come to is excluded.
    pub reached: bool,
    /// Whether it is a directory whose content is judged.
    pub entered: bool,
    /// The place in [`Rules::iter`] of the rule that decided: of what is not reached, the one that excluded the directory at
    /// which the walk turned back.
    pub rule: Option<u32>,
}

/// What one rule matches by itself, whether it counts or not.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Matched {
    /// How many entries.
    pub count: usize,
    /// How many of them the walk of the plain rule list leaves in the context.
    pub included: usize,
    /// The places of those that are in no directory that it matches, in order.
    pub topmost: Vec<u32>,
}

/// # Making one
impl Survey {
    /// Lists a directory whole, whatever ignore files are in it. What cannot be read is left out, and noted in the tree.
    ///
    /// # Errors
    /// [`TreeError`] if the directory itself cannot be read, or the listing was cancelled.
    pub fn new(directory: &Path, progress: &Progress) -> Result<Self, TreeError> {
        let dir = HostDir::new(directory).on_unreadable(OnUnreadable::Skip);
        let tree = TreeBuilder::new().directory(dir).build_with(progress)?;
        Ok(Self::of(tree))
    }

    /// The survey of a tree that is listed already.
    pub fn of(tree: Tree) -> Self {
        let entries = tree.entries();
        let mut ends = vec![0; entries.len()];
        let mut open: Vec<usize> = Vec::new();
        for (place, entry) in entries.iter().enumerate() {
            close(&mut open, &mut ends, place, |above| {
                !entry.path.starts_with(&entries[above].path)
            });
            open.push(place);
        }
        close(&mut open, &mut ends, entries.len(), |_| true);
        Self { tree, ends }
    }
}

/// Ends those of the innermost open entries for which `is_over` is true.
fn close(open: &mut Vec<usize>, ends: &mut [u32], end: usize, is_over: impl Fn(usize) -> bool) {
    while let Some(&above) = open.last().filter(|&&above| is_over(above)) {
        ends[above] = u32::try_from(end).unwrap_or(u32::MAX);
        open.pop();
    }
}

/// # Reading it
impl Survey {
    /// What was listed.
    pub fn tree(&self) -> &Tree {
        &self.tree
    }

    /// All entries, in order.
    pub fn entries(&self) -> &[Entry] {
        self.tree.entries()
    }

    /// The entry at a place.
    ///
    /// # Panics
    /// Where there is none.
    pub fn entry(&self, place: u32) -> &Entry {
        &self.tree.entries()[place as usize]
    }

    /// The place behind an entry and all below it.
    pub fn end(&self, place: usize) -> usize {
        self.ends.get(place).map_or(place, |&end| end as usize)
    }
}

/// # Holding rules against it
impl Survey {
    /// What rules say of each entry, in order.
    ///
    /// # Errors
    /// [`MatchError`] for a rule that turns out malformed when it is evaluated, as builders fail then.
    ///
    /// ```
    /// use shipload_context::{Progress, Rules, Semantics};
    /// use shipload_explain::Survey;
    ///
    /// # let temp = tempfile::tempdir()?;
    /// # let dir = temp.path();
    /// # for name in ["a.log", "b"] { std::fs::write(dir.join(name), "")?; }
    /// let survey = Survey::new(dir, &Progress::new())?;
    /// let rules = Rules::parse(Semantics::BuildKit, ".dockerignore", b"*.log")?;
    /// let excluded: Vec<_> = survey.verdicts(&rules)?.iter().map(|verdict| verdict.excluded).collect();
    /// assert_eq!(excluded, [true, false]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn verdicts(&self, rules: &Rules) -> Result<Vec<Verdict>, MatchError> {
        let numbers = numbers(rules);
        let mut verdicts = Vec::with_capacity(self.ends.len());
        let mut walk = Walk::new(self, rules.root());
        while let Some((place, entry, frame)) = walk.next() {
            let judged = rules.judge(frame, entry.path.as_bytes(), entry.is_dir())?;
            let rule = judged
                .rule
                .and_then(|rule| numbers.get(&std::ptr::from_ref(rule)));
            let verdict = Verdict {
                excluded: judged.excluded,
                reached: true,
                entered: judged.enter,
                rule: rule.copied(),
            };
            verdicts.push(verdict);
            let frame = judged.enter.then_some(judged.frame);
            if frame.is_none() {
                let below = Verdict {
                    reached: false,
                    ..verdict
                };
                verdicts.resize(self.end(place), below);
            }
            walk.go_on(place, frame);
        }
        Ok(verdicts)
    }

    /// What each rule matches, in their order. `verdicts` are those of the same survey, and only tell what is counted as included.
    ///
    /// # Errors
    /// [`MatchError`] as [`verdicts`](Self::verdicts), for names that are not UTF-8 only.
    pub fn matched(&self, rules: &Rules, verdicts: &[Verdict]) -> Result<Vec<Matched>, MatchError> {
        let mut all = vec![Matched::default(); rules.iter().len()];
        self.each_match(rules, <[u8]>::to_vec, |place, numbers| {
            let included = verdicts.get(place).is_some_and(|verdict| !verdict.excluded);
            for &number in numbers {
                all[number].add(self, place, included);
            }
        })?;
        Ok(all)
    }

    /// Tells of each entry which rules match it by themselves: the place of the entry, and those of the rules. `spell` is how paths
    /// are held against the rules.
    pub(crate) fn each_match(
        &self,
        rules: &Rules,
        spell: impl Fn(&[u8]) -> Vec<u8>,
        mut tell: impl FnMut(usize, &[usize]),
    ) -> Result<(), MatchError> {
        let mut walk = Walk::new(self, rules.root());
        while let Some((place, entry, frame)) = walk.next() {
            let matching = rules.matching(frame, &spell(entry.path.as_bytes()))?;
            if !matching.rules.is_empty() {
                tell(place, &matching.rules);
            }
            walk.go_on(place, entry.is_dir().then_some(matching.frame));
        }
        Ok(())
    }

    /// The first entry that other rules judge in another way than `verdicts`; none if all stay on their side.
    ///
    /// Where a rule was only left out, `only` bounds where that can matter: the topmost of what it matches, in order. With it the
    /// rest is not judged again.
    ///
    /// # Errors
    /// [`MatchError`] as [`verdicts`](Self::verdicts).
    pub fn first_change(
        &self,
        verdicts: &[Verdict],
        rules: &Rules,
        only: Option<&[u32]>,
    ) -> Result<Option<usize>, MatchError> {
        let searched = Searched::new(self, verdicts, only);
        let mut walk = Walk::new(self, rules.root());
        while let Some((place, entry, frame)) = walk.next() {
            let end = self.end(place);
            if !searched.any_in(place, end) {
                walk.go_on(place, None);
                continue;
            }
            let judged = rules.judge(frame, entry.path.as_bytes(), entry.is_dir())?;
            let before = verdicts.get(place);
            if before.is_some_and(|before| before.excluded != judged.excluded) {
                return Ok(Some(place));
            }
            // What is below is out with the directory, whatever it was.
            let mut below = place + 1..if judged.enter { place } else { end };
            if let Some(lost) = below.find(|&below| !is_excluded(verdicts, below)) {
                return Ok(Some(lost));
            }
            walk.go_on(place, judged.enter.then_some(judged.frame));
        }
        Ok(None)
    }
}

fn is_excluded(verdicts: &[Verdict], place: usize) -> bool {
    verdicts.get(place).is_none_or(|verdict| verdict.excluded)
}

impl Matched {
    fn add(&mut self, survey: &Survey, place: usize, included: bool) {
        let Ok(number) = u32::try_from(place) else {
            return;
        };
        self.count += 1;
        self.included += usize::from(included);
        let is_below = |&top: &u32| place < survey.end(top as usize);
        if !self.topmost.last().is_some_and(is_below) {
            self.topmost.push(number);
        }
    }
}

/// The place of each rule in its list, by its address.
fn numbers(rules: &Rules) -> HashMap<*const Rule, u32> {
    rules.iter().map(std::ptr::from_ref).zip(0..).collect()
}

/// Where a change can be.
struct Searched<'a> {
    survey: &'a Survey,
    only: Option<&'a [u32]>,
    /// Excluded directories that are entered: which ones these are follows from all `!` rules together.
    doors: Vec<u32>,
}

impl<'a> Searched<'a> {
    fn new(survey: &'a Survey, verdicts: &[Verdict], only: Option<&'a [u32]>) -> Self {
        let doors = (0..)
            .zip(verdicts)
            .filter(|(_, verdict)| verdict.excluded && verdict.entered)
            .map(|(place, _)| place);
        let doors = doors.collect();
        Self {
            survey,
            only,
            doors,
        }
    }

    /// Whether a change can be at one of the places from `start` to before `end`.
    fn any_in(&self, start: usize, end: usize) -> bool {
        let Some(only) = self.only else { return true };
        let first = |places: &[u32]| places.partition_point(|&place| (place as usize) < start);
        let starts_in = |places: &[u32]| {
            let next = places.get(first(places));
            next.is_some_and(|&place| (place as usize) < end)
        };
        let is_below = || {
            let before = first(only).checked_sub(1).and_then(|last| only.get(last));
            before.is_some_and(|&top| self.survey.end(top as usize) > start)
        };
        starts_in(only) || starts_in(&self.doors) || is_below()
    }
}

/// A walk over a survey in order, which skips what is below directories that are not entered.
struct Walk<'s> {
    survey: &'s Survey,
    root: Frame,
    place: usize,
    /// The directories that the next entry is in: the place behind each, and its frame.
    above: Vec<(usize, Frame)>,
}

impl<'s> Walk<'s> {
    fn new(survey: &'s Survey, root: Frame) -> Self {
        Self {
            survey,
            root,
            place: 0,
            above: Vec::new(),
        }
    }

    /// The next entry and the frame of its directory. To be followed by [`Walk::go_on`].
    fn next(&mut self) -> Option<(usize, &'s Entry, &Frame)> {
        let entry = self.survey.entries().get(self.place)?;
        while self.above.last().is_some_and(|(end, _)| *end <= self.place) {
            self.above.pop();
        }
        let frame = self.above.last().map_or(&self.root, |(_, frame)| frame);
        Some((self.place, entry, frame))
    }

    /// Goes on below an entry that is entered, which then has a frame, or behind it.
    fn go_on(&mut self, place: usize, frame: Option<Frame>) {
        let end = self.survey.end(place);
        match frame {
            Some(frame) => {
                self.above.push((end, frame));
                self.place = place + 1;
            }
            None => self.place = end,
        }
    }
}
