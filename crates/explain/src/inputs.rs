//! `Inputs`: what a build depends on, as plain data that can be written down and compared.

use std::collections::BTreeMap;
use std::ops::Range;

use shipload_context::{Device, EntryPath, Semantics};

use crate::digest::Digest;

/// What a build depends on: its Dockerfile, what the Dockerfile reads, and what was asked for.
///
/// Times, owners, the machine and the place of the context are not among it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Inputs {
    /// The builder whose rules and whose cache it is.
    pub builder: Semantics,
    /// The stage that was asked for; none for the last.
    pub target: Option<String>,
    /// The platform that was asked for; none for the builder's own.
    pub platform: Option<String>,
    /// The build arguments that were given, with the digests of their values; none for one that was named without a value and
    /// is not in the environment. The values themselves may be secrets.
    pub arguments: BTreeMap<String, Option<Digest>>,
    /// The digest of the Dockerfile.
    pub dockerfile: Digest,
    /// What is read of the context, in the order of an archive.
    pub files: Vec<InputFile>,
    /// The instructions of the stages that the target needs, in the order in which the stages stand in the Dockerfile.
    pub steps: Vec<Step>,
}

/// A member of the context that a build reads.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct InputFile {
    /// Where it is in the context.
    pub path: EntryPath,
    /// What it is.
    pub kind: InputKind,
    /// Permission bits, within `0o7777`.
    pub mode: u32,
}

/// What a member is, with what counts of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InputKind {
    /// A file.
    File {
        /// Its length in bytes.
        size: u64,
        /// The digest of its content.
        digest: Digest,
    },
    /// A directory.
    Dir,
    /// A symbolic link.
    Symlink {
        /// Where it points, as written.
        target: Vec<u8>,
    },
    /// Another name of an earlier member.
    Hardlink {
        /// That member.
        target: EntryPath,
    },
    /// A named pipe.
    Fifo,
    /// A character device.
    Char(Device),
    /// A block device.
    Block(Device),
}

/// An instruction as a builder's cache knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Step {
    /// The stage it is in, counted from 0.
    pub stage: usize,
    /// The name of that stage.
    pub stage_name: Option<String>,
    /// The line of the Dockerfile in which it begins, counted from 1.
    pub line: usize,
    /// The instruction as written, its first line.
    pub text: String,
    /// The digest of all that its entry in the cache depends on beside files and the step before: the instruction with its
    /// variables expanded, the environment and arguments that count.
    pub key: Digest,
    /// What it reads of the context: ranges of [`Inputs::files`].
    pub reads: Vec<Range<usize>>,
    /// The stages that it takes files from, or that its own stage is built on if it is the first of it.
    pub from: Vec<usize>,
}
