//! What an edit is judged by: the whole tree on disk, who reads the file, what each of them has to leave in, and whether it
//! does under given rules.

mod telling;

use std::collections::HashMap;

use shipload_context::{EntryPath, Notice};
use shipload_ignore::{Frame, LoadError, MatchError, Rules, Semantics};

use crate::survey::Survey;

use super::{FixInput, Side, Wanted};

/// The tree, what is asked of it, and the engines.
#[derive(Debug)]
pub(super) struct Ground<'i> {
    pub(super) places: Vec<Place<'i>>,
    pub(super) engines: Vec<Engine>,
    before: &'i [(String, Vec<u8>)],
    name: &'i str,
}

/// One entry of the tree.
#[derive(Debug)]
pub(super) struct Place<'i> {
    pub(super) path: &'i EntryPath,
    pub(super) is_dir: bool,
    /// The place behind all that is below it.
    pub(super) end: usize,
    pub(super) parent: Option<usize>,
    /// What was asked of it or, last, of a directory above it.
    pub(super) asked: Option<Side>,
}

/// A builder that reads the file.
#[derive(Debug)]
pub(super) struct Engine {
    pub(super) semantics: Semantics,
    dockerfile: Option<Vec<u8>>,
    /// The places of the files that the classic builder is sent in any case: whether a build sees them the rules alone say.
    own: Vec<usize>,
    /// What the rules leave in now, by place.
    pub(super) now: Vec<bool>,
    /// What they are to leave in.
    pub(super) goal: Vec<bool>,
    /// What they are to leave in by itself, and not as a directory above something.
    by_itself: Vec<bool>,
}

/// An entry on the wrong side, and for which engines: bits by their number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Wrong {
    pub(super) place: usize,
    /// Those that leave it out and should not.
    pub(super) out: u8,
    /// Those that leave it in and should not.
    pub(super) within: u8,
}

/// What is to be said of a text.
#[derive(Debug)]
pub(super) enum Outcome {
    /// Every engine leaves in just what it has to.
    Exact,
    /// An engine does not take it.
    Refused,
    /// These are on the wrong side, in order.
    Wrong(Vec<Wrong>),
}

/// Why an engine has no context.
#[derive(Debug)]
pub(super) enum Refusal {
    Load(LoadError),
    Match(MatchError),
}

/// The rules as an engine applies them.
pub(super) struct Read {
    /// To what is sent.
    sent: Rules,
    /// To what a build sees of its own files.
    plain: Rules,
}

/// # Making
impl<'i> Ground<'i> {
    /// Lays out the tree and what is asked. `refuse` is told of engines that refuse the file as it is; they are left out.
    pub(super) fn new(
        input: &'i FixInput,
        wanted: &Wanted,
        mut refuse: impl FnMut(Semantics, Refusal),
    ) -> Self {
        let mut ground = Self {
            places: places(&input.survey, wanted),
            engines: Vec::new(),
            before: &input.before,
            name: &input.name,
        };
        let text = input.text.as_deref().unwrap_or_default();
        for engine in &input.engines {
            let mut seen = Engine {
                semantics: engine.semantics,
                dockerfile: engine
                    .dockerfile
                    .as_ref()
                    .map(|path| path.as_bytes().to_vec()),
                own: Vec::new(),
                now: Vec::new(),
                goal: Vec::new(),
                by_itself: Vec::new(),
            };
            seen.own = ground.own(&seen);
            match ground
                .read(&seen, text)
                .and_then(|read| ground.verdicts(&seen, &read))
            {
                Ok(now) => {
                    seen.by_itself = ground.asked_of(&now);
                    seen.goal.clone_from(&seen.by_itself);
                    ground.close(seen.semantics, &mut seen.goal);
                    seen.now = now;
                    ground.close(seen.semantics, &mut seen.now);
                    ground.engines.push(seen);
                }
                Err(why) => refuse(seen.semantics, why),
            }
        }
        ground
    }

    fn own(&self, engine: &Engine) -> Vec<usize> {
        match engine.semantics {
            Semantics::BuildKit | Semantics::Podman => Vec::new(),
            Semantics::Classic => {
                let names = [Some(&b".dockerignore"[..]), engine.dockerfile.as_deref()];
                let is_own = |place: &&Place<'_>| names.contains(&Some(place.path.as_bytes()));
                let files = self.places.iter().enumerate();
                files
                    .filter(|(_, place)| is_own(place))
                    .map(|(number, _)| number)
                    .collect()
            }
        }
    }

    fn asked_of(&self, now: &[bool]) -> Vec<bool> {
        let asked = self.places.iter().map(|place| place.asked);
        asked
            .zip(now)
            .map(|(asked, now)| match asked {
                Some(Side::Included) => true,
                Some(Side::Excluded) => false,
                None => *now,
            })
            .collect()
    }

    /// Adds the directories above what is left in, where an engine is sent them or cannot tell: the classic builder alone
    /// is sent a directory with its own metadata or not at all.
    fn close(&self, engine: Semantics, included: &mut [bool]) {
        match engine {
            Semantics::Classic => {}
            Semantics::BuildKit | Semantics::Podman => {
                for (number, place) in self.places.iter().enumerate().rev() {
                    if included[number]
                        && let Some(parent) = place.parent
                    {
                        included[parent] = true;
                    }
                }
            }
        }
    }
}

/// The entries, and what cannot be read: rules tell it by its name.
fn places<'i>(survey: &'i Survey, wanted: &Wanted) -> Vec<Place<'i>> {
    let read = survey.entries().iter();
    let mut all: Vec<(&EntryPath, bool)> =
        read.map(|entry| (&entry.path, entry.is_dir())).collect();
    let notices = survey.tree().notices().iter();
    all.extend(notices.filter_map(|notice| match notice {
        Notice::Unreadable(path) => Some((path, false)),
        _ => None,
    }));
    all.sort_by_key(|(path, _)| *path);
    all.dedup_by_key(|(path, _)| *path);
    let asked: HashMap<&EntryPath, Side> = wanted.sides().collect();
    let mut places: Vec<Place<'i>> = Vec::with_capacity(all.len());
    let mut above: Vec<usize> = Vec::new();
    for (path, is_dir) in all {
        let number = places.len();
        while let Some(&last) = above.last()
            && !path.starts_with(places[last].path)
        {
            places[last].end = number;
            above.pop();
        }
        let parent = above.last().copied();
        let inherited = parent.and_then(|parent| places[parent].asked);
        places.push(Place {
            path,
            is_dir,
            end: number + 1,
            parent,
            asked: asked.get(path).copied().or(inherited),
        });
        if is_dir {
            above.push(number);
        }
    }
    let count = places.len();
    for last in above {
        places[last].end = count;
    }
    places
}

/// # Judging
impl Ground<'_> {
    /// Holds every entry against a text, for every engine.
    pub(super) fn check(&self, text: &[u8]) -> Outcome {
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
    pub(super) fn read(&self, engine: &Engine, text: &[u8]) -> Result<Read, Refusal> {
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
    pub(super) fn includes(
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
    pub(super) fn deciding_lines(&self, read: &Read, place: usize) -> Vec<usize> {
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
    fn verdicts(&self, engine: &Engine, read: &Read) -> Result<Vec<bool>, Refusal> {
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

/// # Looking
impl Ground<'_> {
    /// What it takes to hold rules against the tree, in entries judged.
    pub(super) fn effort(&self) -> u64 {
        self.places.len() as u64 * self.engines.len() as u64
    }

    pub(super) fn place_of(&self, path: &EntryPath) -> Option<usize> {
        self.places
            .binary_search_by(|place| place.path.cmp(path))
            .ok()
    }

    pub(super) fn semantics(&self) -> Vec<Semantics> {
        self.engines.iter().map(|engine| engine.semantics).collect()
    }

    /// The engines of some bits.
    pub(super) fn named(&self, bits: u8) -> Vec<Semantics> {
        let numbered = self.engines.iter().enumerate();
        numbered
            .filter(|(number, _)| bits & (1 << number) != 0)
            .map(|(_, engine)| engine.semantics)
            .collect()
    }

    /// Those of which no directory above is wrong too; without directories that something below is to bring in.
    pub(super) fn topmost(&self, wrong: &[Wrong]) -> Vec<Wrong> {
        let mut done = 0;
        let mut found = Vec::new();
        for &one in wrong {
            if one.place >= done && !self.is_implied(one) {
                done = self.places[one.place].end;
                found.push(one);
            }
        }
        found
    }

    fn is_implied(&self, wrong: Wrong) -> bool {
        let wanting = self.engines.iter().enumerate();
        let mut wanting = wanting.filter(|(number, _)| wrong.out & (1 << number) != 0);
        wrong.within == 0 && wanting.all(|(_, engine)| !engine.by_itself[wrong.place])
    }

    /// Whether all engines are to leave in the entry and all that is below it.
    pub(super) fn is_wholly_wanted(&self, place: usize) -> bool {
        let end = self.places[place].end;
        let whole = |engine: &Engine| engine.goal[place..end].iter().all(|goal| *goal);
        self.engines.iter().all(whole)
    }

    /// An entry that no rules can be exact about: the classic builder and BuildKit are both to look into its directory, where
    /// they take the same, and to differ on it.
    pub(super) fn conflict(&self) -> Option<usize> {
        let by = |wanted| {
            self.engines
                .iter()
                .find(|engine| engine.semantics == wanted)
        };
        let (classic, buildkit) = (by(Semantics::Classic)?, by(Semantics::BuildKit)?);
        let reaches = |engine: &Engine, place: Option<usize>| match place {
            None => true,
            Some(dir) => engine.goal[dir + 1..self.places[dir].end].contains(&true),
        };
        (0..self.places.len()).find(|&number| {
            let place = &self.places[number];
            // Of a directory BuildKit is sent also what only holds something.
            let is_file = !place.is_dir;
            is_file
                && classic.goal[number] != buildkit.goal[number]
                && !classic.own.contains(&number)
                && reaches(classic, place.parent)
                && reaches(buildkit, place.parent)
        })
    }
}
