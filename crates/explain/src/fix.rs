//! `fix`: the smallest edit of a rule file after which exactly the asked paths are on the other side.
//!
//! What *exactly* means: for each engine that reads the file, the context after the edit is the context before it without what was
//! asked out, with all below, and with what was asked in, with all below that is on disk. Of paths that contain one another the inner one
//! counts. The tree on disk is what it is held against; what patterns would do to files that are not there is not looked at.
//! A directory that is in an archive only because something below it is comes and goes with that.
//!
//! The classic builder is sent its Dockerfile and `.dockerignore` whatever the rules say. They count as in or out as a build sees
//! them: the builder removes them if they are excluded.
//!
//! The smallest edit is the one that changes the fewest lines; among those, the one whose lines have the fewest and narrowest
//! wildcards, since these speak of files that are not there yet; then one that turns no line into another; and then the one that leaves the
//! shortest file. An edit is made of lines that go, come or become other ones, anywhere in the file. Lines are names, spelled so that every engine takes
//! them for themselves; patterns for several paths of the kinds that people write; and what a line of the file becomes without
//! its `!` or its last wildcard. So a cleverer pattern might be smaller, and nobody would understand it.

mod diff;
mod error;
mod general;
mod ground;
pub(crate) mod literal;
mod search;
mod target;
mod text;

use shipload_context::{EntryPath, Semantics};

use ground::{Ground, Outcome, Refusal, Wrong};
use search::Search;
use text::Text;

use crate::survey::Survey;

pub use diff::{DiffLine, Hunk};
pub use error::{Astray, FixError, Obstacle};
pub use target::{Readers, Target, TargetError};

/// A rule file, what it is held against, and who reads it.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct FixInput {
    /// All that is in the directory.
    pub survey: Survey,
    /// What the file is called in messages and diffs.
    pub name: String,
    /// What is in it; none where it is still to be made.
    pub text: Option<Vec<u8>>,
    /// Names and texts of the files whose rules come before its own, as of several `--ignorefile`.
    pub before: Vec<(String, Vec<u8>)>,
    /// The engines that read it. The first is the one that matters most: if it refuses the file that is an error, while others are
    /// left out then.
    pub engines: Vec<FixEngine>,
}

/// An engine that reads a rule file.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct FixEngine {
    /// Its rules.
    pub semantics: Semantics,
    /// The Dockerfile in the context; none if it is elsewhere.
    pub dockerfile: Option<EntryPath>,
}

/// What is to change sides. A directory means all that is in it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wanted {
    /// What is to be out of the context.
    pub exclude: Vec<EntryPath>,
    /// What is to be in it.
    pub include: Vec<EntryPath>,
}

/// In or out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Side {
    /// Out of the context.
    Excluded,
    /// In the context.
    Included,
}

/// An edit of a rule file that was held against the whole tree for every engine.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Edit {
    /// The file's name, as in [`FixInput::name`].
    pub name: String,
    /// Whether the file is made.
    pub is_new: bool,
    /// Its text before.
    pub old: Vec<u8>,
    /// Its text after.
    pub new: Vec<u8>,
    /// The difference between the two; none where everything is as it is wanted.
    pub hunks: Vec<Hunk>,
    /// How many lines are new, gone, or other than before.
    pub lines: usize,
    /// What moves, by the paths that were asked, in order; without those that are where they shall be.
    pub moves: Vec<Move>,
    /// The engines that it was held against.
    pub engines: Vec<Semantics>,
    /// Engines that read the file but refuse it as it is, and why.
    pub refusing: Vec<(Semantics, String)>,
    /// What was asked out and is sent to the classic builder all the same, which removes it before the build sees it.
    pub still_sent: Vec<EntryPath>,
}

/// A path that was asked for and what of it moves.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Move {
    /// The path.
    pub path: EntryPath,
    /// Where it goes.
    pub side: Side,
    /// How many entries move, the path itself among them, for any engine.
    pub entries: usize,
    /// For which engines something moves.
    pub engines: Vec<Semantics>,
}

/// Finds the smallest edit after which exactly the wanted paths have changed sides, for every engine that reads the file.
///
/// If all are where they shall be, the edit is empty. Holding an edit against 100,000 entries takes a tenth of a second; the
/// search is bounded by work, not by time, so that it finds the same everywhere.
///
/// ```
/// use shipload_context::TreeBuilder;
/// use shipload_explain::Survey;
/// use shipload_explain::fix::{FixInput, Wanted, fix};
///
/// let tree = TreeBuilder::new()
///     .bytes("dist/app.js".parse()?, "")
///     .bytes("src/app.ts".parse()?, "")
///     .build()?;
/// let input = FixInput::new(Survey::of(tree), ".dockerignore", Some(b"*\n!src\n".to_vec()));
/// let edit = fix(&input, &Wanted { include: vec!["dist".parse()?], ..Wanted::default() })?;
/// assert_eq!(edit.new, b"*\n!src\n!dist\n");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// [`FixError`]; where no edit is exact, with the nearest that is not.
pub fn fix(input: &FixInput, wanted: &Wanted) -> Result<Edit, FixError> {
    let mut refused = Vec::new();
    let ground = Ground::new(input, wanted, |engine, why| refused.push((engine, why)));
    check_asked(&ground, wanted)?;
    let mut refusing = Vec::new();
    for (engine, why) in refused {
        let is_first = input
            .engines
            .first()
            .is_some_and(|first| first.semantics == engine);
        match why {
            Refusal::Load(error) if is_first => return Err(error.into()),
            Refusal::Match(error) if is_first => return Err(error.into()),
            Refusal::Load(error) => refusing.push((engine, error.to_string())),
            Refusal::Match(error) => refusing.push((engine, error.to_string())),
        }
    }
    if ground.engines.is_empty() {
        return Err(FixError::NoEngine {
            file: input.name.clone(),
        });
    }
    let old = input.text.clone().unwrap_or_default();
    let edit = |new: Vec<u8>, lines: usize| Edit {
        name: input.name.clone(),
        is_new: input.text.is_none(),
        hunks: diff::hunks(&old, &new),
        old: old.clone(),
        new,
        lines,
        moves: ground.moves(),
        engines: ground.semantics(),
        refusing: refusing.clone(),
        still_sent: ground.still_sent(),
    };
    let wrong = match ground.check(&old) {
        Outcome::Exact => return Ok(edit(old.clone(), 0)),
        Outcome::Wrong(wrong) => wrong,
        // It was read a moment ago.
        Outcome::Refused => Vec::new(),
    };
    let text = Text::new(&old);
    let search = Search::new(&ground, text.clone(), wrong.clone());
    let nearest = search.nearest();
    let conflict = ground.conflict();
    let found = match conflict {
        Some(_) => None,
        None => search.run(),
    };
    if let Some(changes) = found {
        return Ok(edit(text.with(&changes), text.cost(&changes).lines));
    }
    let new = text.with(&nearest);
    let astray = match ground.check(&new) {
        Outcome::Wrong(wrong) => ground.astray(&wrong),
        Outcome::Exact | Outcome::Refused => Vec::new(),
    };
    let path = |place: usize| ground.places[place].path.clone();
    let why = match (conflict, unwritable(&ground, &wrong)) {
        (Some(place), _) => Obstacle::Apart { path: path(place) },
        (None, Some(place)) => Obstacle::Name { path: path(place) },
        (None, None) => Obstacle::NotFound,
    };
    Err(FixError::Inexact {
        file: input.name.clone(),
        why,
        nearest: Box::new(edit(new, text.cost(&nearest).lines)),
        astray,
    })
}

/// The first of what is wrong that no line stands for, or is in a directory that no line has engines look into.
fn unwritable(ground: &Ground<'_>, wrong: &[Wrong]) -> Option<usize> {
    let engines = ground.semantics();
    let is_unwritable = |wrong: &&Wrong| {
        let path = ground.places[wrong.place].path.as_bytes();
        let is_negated = wrong.out != 0;
        let line = literal::line(path, is_negated, literal::Below::Itself, &engines);
        let is_found = !is_negated || literal::search_line(path).is_some();
        line.is_none() || !is_found
    };
    wrong.iter().find(is_unwritable).map(|wrong| wrong.place)
}

fn check_asked(ground: &Ground<'_>, wanted: &Wanted) -> Result<(), FixError> {
    if let Some(path) = wanted
        .exclude
        .iter()
        .find(|path| wanted.include.contains(path))
    {
        return Err(FixError::BothWays { path: path.clone() });
    }
    for (path, _) in wanted.sides() {
        if ground.place_of(path).is_none() {
            return Err(FixError::NotThere { path: path.clone() });
        }
    }
    Ok(())
}

impl FixInput {
    /// A file that all three engines read, before which no others come, with `Dockerfile` at the top of the context.
    pub fn new(survey: Survey, name: impl Into<String>, text: Option<Vec<u8>>) -> Self {
        let engines = [Semantics::BuildKit, Semantics::Classic, Semantics::Podman];
        Self {
            survey,
            name: name.into(),
            text,
            before: Vec::new(),
            engines: engines
                .map(|semantics| FixEngine::new(semantics, "Dockerfile".parse().ok()))
                .into(),
        }
    }
}

impl FixEngine {
    /// An engine with the Dockerfile of its build.
    pub fn new(semantics: Semantics, dockerfile: Option<EntryPath>) -> Self {
        Self {
            semantics,
            dockerfile,
        }
    }
}

impl Wanted {
    fn sides(&self) -> impl Iterator<Item = (&EntryPath, Side)> {
        let exclude = self.exclude.iter().map(|path| (path, Side::Excluded));
        exclude.chain(self.include.iter().map(|path| (path, Side::Included)))
    }
}

impl Edit {
    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.old == self.new
    }
}

/// What an engine is called on the command line: `classic`, `buildkit`, `podman`.
pub(crate) const fn engine_name(engine: Semantics) -> &'static str {
    match engine {
        Semantics::Classic => "classic",
        Semantics::BuildKit => "buildkit",
        Semantics::Podman => "podman",
    }
}
