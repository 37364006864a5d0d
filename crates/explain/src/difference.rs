//! What differs between two contexts, or between what two builds depend on. Times and owners are no difference.

mod content;
mod item;

use std::cmp::Ordering;

use shipload_context::{EntryPath, Kind, Progress, ReadError, View};

use crate::digest::Digest;
use crate::inputs::Inputs;
use content::Pair;
use item::Item;

/// One of two things that are compared.
#[derive(Debug, Clone, Copy)]
pub enum Side<'a> {
    /// A whole context.
    Context {
        /// Its members.
        view: &'a View,
        /// What is known of the contents of some; it saves reading them again.
        known: Option<&'a Inputs>,
    },
    /// What a build reads of its context.
    Inputs(&'a Inputs),
}

/// A path that is not the same on both sides.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Difference {
    /// Where.
    pub path: EntryPath,
    /// What happened to it.
    pub change: Change,
    /// What is there on the first side.
    pub from: Option<State>,
    /// What is there on the second side.
    pub to: Option<State>,
}

/// What happened to a path. Where several things did, the last of this list counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// It is only on the second side.
    Added,
    /// It is only on the first side.
    Removed,
    /// Its permissions are others, and nothing else.
    Mode,
    /// Its content, its `security.capability`, the target of the link or the numbers of the device are others.
    Modified,
    /// It is of another type.
    Type,
}

/// What is at a path.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct State {
    /// What it is. Another name of a file is a file.
    pub kind: Kind,
    /// Permission bits, within `0o7777`.
    pub mode: u32,
    /// The digest of a file's content, where it had to be found out.
    pub digest: Option<Digest>,
}

/// Something that was asked for, or the Dockerfile, is not the same on both sides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InputChange {
    /// The bytes of the Dockerfile.
    Dockerfile,
    /// The target: of the first side, and of the second; none for the last stage.
    Target(Option<String>, Option<String>),
    /// The platform: of the first side, and of the second; none for the builder's own.
    Platform(Option<String>, Option<String>),
    /// A build argument of this name: only on the second side, only on the first, or with another value.
    Argument(String, Change),
}

/// Why two sides could not be compared.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DifferenceError {
    /// A file is not what was listed, or cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// It was cancelled through its [`Progress`].
    #[error("cancelled")]
    Cancelled,
}

impl DifferenceError {
    /// What to do about it, where we know.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Read(error) => error.hint(),
            Self::Cancelled => None,
        }
    }
}

impl Change {
    /// The word for it: `added`, `removed`, `mode`, `modified`, `type`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Removed => "removed",
            Self::Mode => "mode",
            Self::Modified => "modified",
            Self::Type => "type",
        }
    }
}

/// Compares two sides: what differs, in the order of paths.
///
/// Contents are read, by as many threads as there are cores, where they may differ: of files that are on both sides with one
/// size. Directories that nobody listed, but that have something in them, are there with mode 0755, as whoever unpacks an archive
/// makes them.
///
/// ```
/// use shipload_context::{Progress, TreeBuilder, View};
/// use shipload_explain::{Change, Side, differences};
///
/// let view = |text: &str| -> Result<View, Box<dyn std::error::Error>> {
///     Ok(View::new(&TreeBuilder::new().bytes("a".parse()?, text).bytes("b".parse()?, "b").build()?))
/// };
/// let (one, other) = (view("one")?, view("two")?);
/// let side = |view| Side::Context { view, known: None };
/// let found = differences(&side(&one), &side(&other), &Progress::new())?;
/// assert_eq!(found.len(), 1);
/// assert_eq!((found[0].path.to_string(), found[0].change), ("a".to_owned(), Change::Modified));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// [`DifferenceError`]; of several files that cannot be read it is always the same.
pub fn differences(
    from: &Side<'_>,
    to: &Side<'_>,
    progress: &Progress,
) -> Result<Vec<Difference>, DifferenceError> {
    let (from, to) = (item::items(from), item::items(to));
    let (mut one, mut other) = (from.iter().peekable(), to.iter().peekable());
    let mut found = Vec::new();
    // Pairs of files that only their contents can tell apart, with their places in `found`.
    let mut open: Vec<(usize, Pair<'_>)> = Vec::new();
    loop {
        let order = match (one.peek(), other.peek()) {
            (None, None) => break,
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some(one), Some(other)) => one.path.cmp(&other.path),
        };
        let from = one.next_if(|_| order != Ordering::Greater);
        let to = other.next_if(|_| order != Ordering::Less);
        let change = match (from, to) {
            (Some(from), Some(to)) => {
                if let Some(pair) = Pair::of(from, to) {
                    open.push((found.len(), pair));
                }
                from.change(to)
            }
            (Some(_), None) => Some(Change::Removed),
            (None, _) => Some(Change::Added),
        };
        let state = |item: Option<&Item<'_>>| item.map(Item::state);
        if let Some(path) = from.or(to).map(|item| item.path.as_ref().clone()) {
            let (from, to) = (state(from), state(to));
            found.push((change, path, from, to));
        }
    }
    for (place, is_same) in content::compare(&open, progress)? {
        if !is_same {
            found[place].0 = Some(Change::Modified);
        }
    }
    let found = found.into_iter().filter_map(|(change, path, from, to)| {
        Some(Difference {
            path,
            change: change?,
            from,
            to,
        })
    });
    Ok(found.collect())
}

/// What else than files makes two builds different.
///
/// ```
/// use shipload_context::{Progress, Recipe, Request};
/// use shipload_explain::{Change, InputChange, Inputs, input_changes};
///
/// # let temp = tempfile::tempdir()?;
/// # let dir = temp.path();
/// # std::fs::write(dir.join("Dockerfile"), "FROM scratch\nARG V\n")?;
/// let inputs = |value: &str| -> Result<Inputs, Box<dyn std::error::Error>> {
///     let mut request = Request::default();
///     request.build_args.insert("V".to_owned(), Some(value.to_owned()));
///     let plan = Recipe::new(dir).plan(&Progress::new())?;
///     Ok(Inputs::of(&plan, &request, &plan.referenced(&request)?, &Progress::new())?)
/// };
/// let changes = input_changes(&inputs("1")?, &inputs("2")?);
/// assert_eq!(changes, [InputChange::Argument("V".to_owned(), Change::Modified)]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn input_changes(from: &Inputs, to: &Inputs) -> Vec<InputChange> {
    let mut changes = Vec::new();
    if from.dockerfile != to.dockerfile {
        changes.push(InputChange::Dockerfile);
    }
    if from.target != to.target {
        changes.push(InputChange::Target(from.target.clone(), to.target.clone()));
    }
    if from.platform != to.platform {
        let platforms = (from.platform.clone(), to.platform.clone());
        changes.push(InputChange::Platform(platforms.0, platforms.1));
    }
    for (name, value) in &from.arguments {
        let change = match to.arguments.get(name) {
            None => Change::Removed,
            Some(other) if other != value => Change::Modified,
            Some(_) => continue,
        };
        changes.push(InputChange::Argument(name.clone(), change));
    }
    let new = to
        .arguments
        .keys()
        .filter(|name| !from.arguments.contains_key(*name));
    changes.extend(new.map(|name| InputChange::Argument(name.clone(), Change::Added)));
    changes
}
