//! What an edit is judged by: the whole tree on disk, who reads the file, and what each of them has to leave in. Whether it does
//! under given rules is told in `judging`.

mod judging;
mod telling;

use std::collections::HashMap;

use shipload_context::{EntryPath, Notice};
use shipload_ignore::{LoadError, MatchError, Semantics};

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
