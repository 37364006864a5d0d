//! `Cause`: why a step is not in the cache.

use std::cmp::Ordering;

use shipload_context::{EntryPath, Semantics, Unsure};

use crate::inputs::{InputFile, InputKind, Inputs, Step};

/// Why a step is not in the cache, or may not be.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Cause {
    /// A file that it reads has changed.
    File {
        /// The file.
        path: EntryPath,
        /// How.
        change: FileChange,
    },
    /// `BuildKit` asks for a directory's new mode only where it does not have the directory yet.
    DirectoryMode {
        /// The directory.
        path: EntryPath,
    },
    /// Something that links in its files lead to has changed, or how files are linked.
    Links,
    /// There was no such instruction in this place.
    New,
    /// The instruction was another one.
    Instruction {
        /// That.
        was: String,
    },
    /// One of these build arguments has another value.
    Arguments {
        /// Their names.
        names: Vec<String>,
    },
    /// What it runs with is another: variables, shell, directory or user, as earlier instructions have set them, or a heredoc.
    Settings,
    /// It is the same step to some versions of the builder, and to others it is not.
    Variant,
    /// Its stage is built on something else.
    Base {
        /// The `FROM`.
        text: String,
        /// What it was.
        was: Option<String>,
    },
    /// An earlier step of its stage is not in the cache.
    Before {
        /// The line of that step.
        line: usize,
    },
    /// It takes files from a stage that has changed, or is built on it. If the files have not changed it is in the cache.
    Stage {
        /// That stage, counted from 0.
        stage: usize,
    },
    /// It cannot be told what it does or reads.
    Unsure(Unsure),
}

impl Cause {
    fn is_instruction(&self) -> bool {
        matches!(self, Self::Instruction { .. })
    }

    /// Whether it is that a file is read, or is not, where it was the other way round.
    fn is_other_file(&self) -> bool {
        let Self::File { change, .. } = self else {
            return false;
        };
        matches!(change, FileChange::Added | FileChange::Removed)
    }
}

/// How a file has changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum FileChange {
    /// It was not there, or not read.
    Added,
    /// It is not there any more, or not read.
    Removed,
    /// Its content.
    Content,
    /// Its permission bits.
    Mode {
        /// Before.
        old: u32,
        /// Now.
        new: u32,
    },
    /// What a link says.
    Target,
    /// It is something else than it was, such as a link in place of a file.
    Kind,
    /// Its `security.capability`.
    Capability,
}

/// Why `step` is not what the old step was at its place, if there was one.
pub(super) fn causes(old: &Inputs, was: Option<usize>, new: &Inputs, step: &Step) -> Vec<Cause> {
    let doubt = match &step.unsure {
        Some(Unsure::Image { .. } | Unsure::Apart) | None => None,
        Some(unsure) => Some(Cause::Unsure(unsure.clone())),
    };
    let Some(before) = was.map(|index| &old.steps[index]) else {
        return vec![Cause::New];
    };
    let mut all = Vec::new();
    if before.key != step.key || before.text != step.text {
        all.push(other_key(old, before, new, step));
    }
    if all.is_empty() && before.variant != step.variant {
        all.push(Cause::Variant);
    }
    if before.content != step.content {
        let mut files = changes(old, before, new, step);
        if all.iter().any(Cause::is_instruction) {
            // It is no news that another instruction reads other files.
            files.retain(|cause| !cause.is_other_file());
        } else if files.is_empty() && doubt.is_none() {
            files.push(Cause::Links);
        }
        all.append(&mut files);
    }
    all.extend(doubt);
    all
}

fn other_key(old: &Inputs, before: &Step, new: &Inputs, step: &Step) -> Cause {
    if before.text != step.text {
        return Cause::Instruction {
            was: before.text.clone(),
        };
    }
    let (was, is) = (&old.arguments, &new.arguments);
    let names = was
        .keys()
        .chain(is.keys().filter(|name| !was.contains_key(*name)));
    let names: Vec<_> = names
        .filter(|name| was.get(*name) != is.get(*name))
        .cloned()
        .collect();
    if names.is_empty() {
        Cause::Settings
    } else {
        Cause::Arguments { names }
    }
}

/// What has changed among the files of a step.
fn changes(old: &Inputs, before: &Step, new: &Inputs, step: &Step) -> Vec<Cause> {
    let (was, is) = (files(old, before), files(new, step));
    let (mut was, mut is) = (was.peekable(), is.peekable());
    let mut all = Vec::new();
    loop {
        let order = match (was.peek(), is.peek()) {
            (None, None) => break,
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some(was), Some(is)) => was.path.cmp(&is.path),
        };
        let changed = match order {
            Ordering::Less => was.next().map(|file| (file, FileChange::Removed)),
            Ordering::Greater => is.next().map(|file| (file, FileChange::Added)),
            Ordering::Equal => match (was.next(), is.next()) {
                (Some(was), Some(is)) => change(was, is).map(|change| (is, change)),
                _ => None,
            },
        };
        if let Some((file, change)) = changed {
            let path = file.path.clone();
            let is_mode = matches!(change, FileChange::Mode { .. }) && file.kind == InputKind::Dir;
            all.push(if is_mode && new.builder == Semantics::BuildKit {
                Cause::DirectoryMode { path }
            } else {
                Cause::File { path, change }
            });
        }
    }
    all
}

/// Whether nothing has changed but modes of directories and capabilities, of which `BuildKit` is not told for what it has already.
pub(super) fn is_unseen(old: &Inputs, before: &Step, new: &Inputs, step: &Step) -> bool {
    let changes = changes(old, before, new, step);
    let is_unseen = |cause: &Cause| match cause {
        Cause::DirectoryMode { .. } => true,
        Cause::File { change, .. } => {
            *change == FileChange::Capability && new.builder == Semantics::BuildKit
        }
        _ => false,
    };
    !changes.is_empty() && changes.iter().all(is_unseen)
}

fn files<'i>(inputs: &'i Inputs, step: &Step) -> impl Iterator<Item = &'i InputFile> {
    let ranges = step.reads.clone().into_iter();
    ranges.flat_map(|range| inputs.files.get(range).unwrap_or_default())
}

fn change(was: &InputFile, is: &InputFile) -> Option<FileChange> {
    use InputKind::{Block, Char, Dir, Fifo, File, Symlink};
    let kind = match (&was.kind, &is.kind) {
        (File { digest: was, .. }, File { digest: is, .. }) => {
            (was != is).then_some(FileChange::Content)
        }
        (Symlink { target: was }, Symlink { target: is }) => {
            (was != is).then_some(FileChange::Target)
        }
        (Dir, Dir) | (Fifo, Fifo) => None,
        (Char(was), Char(is)) | (Block(was), Block(is)) => (was != is).then_some(FileChange::Kind),
        _ => Some(FileChange::Kind),
    };
    let (old, new) = (was.mode, is.mode);
    let mode = || (old != new).then_some(FileChange::Mode { old, new });
    let capability = || (was.capability != is.capability).then_some(FileChange::Capability);
    kind.or_else(mode).or_else(capability)
}
