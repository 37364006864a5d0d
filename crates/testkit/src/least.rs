//! Dockerfiles with trees, and which paths of the tree each of four real builders reads for them.
//!
//! The table is text: `*.txt` below `crates/shipload/tests/it/least/cases`, in the form that `least/text.rs` tells.
//! Dockerfiles and trees are written by hand; the paths by `cargo xtask record least`, which takes one entry after the
//! other away and looks whether the image changes ([`observe`]). So a path that is not in the set may be missing from a
//! context, and one that is may not.

mod builders;
mod observe;
mod text;

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::PathBuf;

use fs_err as fs;

pub use self::builders::{Builders, Cache, Outcome};
pub use self::observe::observe;
pub use self::text::{parse, with_answers};
use crate::tree::{Kind, TreeSpec};
use crate::workspace;

/// A builder of one of the two Engines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Column {
    /// The classic builder of the usual Engine, 20.10.
    Classic20,
    /// BuildKit of the usual Engine, asked by its own CLI.
    BuildKit20,
    /// The classic builder of the later Engine, 26.1.
    Classic26,
    /// BuildKit of the later Engine, asked by `buildx`.
    BuildKit26,
}

impl Column {
    /// All of them.
    pub const ALL: [Self; 4] = [
        Self::Classic20,
        Self::BuildKit20,
        Self::Classic26,
        Self::BuildKit26,
    ];

    /// Its name in the table.
    pub fn name(self) -> &'static str {
        match self {
            Self::Classic20 => "classic-20",
            Self::BuildKit20 => "buildkit-20",
            Self::Classic26 => "classic-26",
            Self::BuildKit26 => "buildkit-26",
        }
    }
}

/// A Dockerfile and a tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Case {
    /// What it is about; unique in the table.
    pub name: String,
    /// Who builds it. None if no Engine here can; then `by_hand` has the paths.
    pub builders: BTreeSet<Column>,
    /// `--target`.
    pub target: Option<String>,
    /// `--build-arg`.
    pub build_args: BTreeMap<String, String>,
    /// `--platform`.
    pub platform: Option<String>,
    /// The Dockerfile of an image that has to be there: `@base@` in the case's Dockerfile.
    pub base: Option<String>,
    /// The Dockerfile. `@busybox@` in it is an image with a shell.
    pub dockerfile: String,
    /// The context without its Dockerfile.
    pub tree: TreeSpec,
    /// What the builders read.
    pub answers: BTreeMap<Column, Answer>,
    /// What is read if no Engine here can tell.
    pub by_hand: Option<BTreeSet<Vec<u8>>>,
    /// What is sent besides on purpose, because it cannot be known or is not worth telling apart.
    pub also: BTreeSet<Vec<u8>>,
}

/// What a builder makes of the whole context, and of which paths.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Answer {
    /// An image, which is another one if any of these is taken away.
    ///
    /// Files and links, directories that are empty, and directories whose mode is seen in the image.
    Reads(BTreeSet<Vec<u8>>),
    /// No image.
    Fails,
}

/// Where the table is.
pub fn folder() -> PathBuf {
    workspace::root().join("crates/shipload/tests/it/least/cases")
}

/// The files of the table, sorted.
///
/// # Errors
/// When the folder cannot be read.
pub fn files() -> io::Result<Vec<PathBuf>> {
    let files = fs::read_dir(folder())?.map(|entry| Ok(entry?.path()));
    let mut files = files.collect::<io::Result<Vec<_>>>()?;
    files.retain(|file| file.extension().is_some_and(|end| end == "txt"));
    files.sort();
    Ok(files)
}

/// The whole table.
///
/// # Errors
/// When it cannot be read, is malformed, or has a name twice.
pub fn cases() -> io::Result<Vec<Case>> {
    let mut cases: Vec<Case> = Vec::new();
    for file in files()? {
        let text = fs::read_to_string(&file)?;
        let found = parse(&text)
            .map_err(|error| io::Error::other(format!("{}: {error}", file.display())))?;
        for case in found {
            if cases.iter().any(|other| other.name == case.name) {
                return Err(io::Error::other(format!("`{}` is there twice", case.name)));
            }
            cases.push(case);
        }
    }
    Ok(cases)
}

/// Contexts
impl Case {
    /// The tree with what `column` reads and the directories above that, as plain as they can be.
    ///
    /// The rules stay: the official clients always send `.dockerignore`.
    pub fn least(&self, column: Column) -> TreeSpec {
        let reads = match self.answers.get(&column) {
            Some(Answer::Reads(paths)) => paths,
            Some(Answer::Fails) | None => &BTreeSet::new(),
        };
        let unread = self.tree.entries.keys().rev();
        let unread: Vec<_> = unread.filter(|path| !reads.contains(*path)).collect();
        let mut least = self.tree.clone();
        for path in unread {
            if !is_rules(path) {
                without(&mut least, path);
            }
        }
        least
    }
}

/// Whether this is an ignore file, which clients look at themselves and send in any case.
pub fn is_rules(path: &[u8]) -> bool {
    path.ends_with(b".dockerignore")
}

/// Takes one entry away and nothing else: of hard-linked names the next becomes the file, and a directory that has
/// something in it loses its mode only.
pub fn without(tree: &mut TreeSpec, path: &[u8]) {
    let inside = [path, b"/"].concat();
    if tree.entries.keys().any(|other| other.starts_with(&inside)) {
        if let Some(directory) = tree.entries.get_mut(path) {
            directory.mode = 0o755;
        }
        return;
    }
    let Some(gone) = tree.entries.remove(path) else {
        return;
    };
    let mut heir: Option<Vec<u8>> = None;
    for (other, item) in &mut tree.entries {
        if !matches!(&item.kind, Kind::Hardlink { to } if to == path) {
            continue;
        }
        match &heir {
            None => {
                *item = gone.clone();
                heir = Some(other.clone());
            }
            Some(heir) => item.kind = Kind::Hardlink { to: heir.clone() },
        }
    }
}
