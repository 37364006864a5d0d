//! Docker build contexts: many sources make one immutable [`Tree`] of entries, and every sink reads that tree.
//!
//! A [`TreeBuilder`] lists directories of this machine under ignore rules, single files under other names,
//! bytes in memory and members of other archives. A [`View`] is the tree as a builder shall see it.
//! [`pack()`] writes it as a tar, the same bytes on every machine. Nothing here knows the network or an async
//! runtime.
//!
//! ```
//! use shipload_context::{HostDir, PackOptions, Progress, TreeBuilder, View, pack};
//!
//! # let temp = tempfile::tempdir()?;
//! # let dir = temp.path();
//! # std::fs::write(dir.join("index.html"), "<h1>hello</h1>")?;
//! let tree = TreeBuilder::new()
//!     .directory(HostDir::new(dir).at("site".parse()?))
//!     .bytes("Dockerfile".parse()?, "FROM scratch\nCOPY site /\n")
//!     .build()?;
//! let mut archive = Vec::new();
//! pack(&View::new(&tree), &PackOptions::default(), &Progress::new(), &mut archive)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod content;
mod context;
mod entry;
mod filesync;
mod path;
mod progress;
mod recipe;
mod referenced;
pub mod sink;
pub mod source;
mod threads;
mod tree;
mod view;

pub use content::{ArchiveRange, Content, HostFile, HostNode, Opened, ReadError, ReadProblem};
pub use context::{Context, ContextArchive, ContextError, ContextOptions};
pub use entry::{Device, Entry, Kind, Mtime, Origin, Standing};
pub use filesync::{
    Announcement, Heard, Offer, ProtocolError, Reply, Sender, Stat, SyncError, SyncRequest,
};
pub use path::{EntryPath, PathError, show};
pub use progress::{Counts, Moment, Progress};
pub use recipe::{DockerfileChoice, IgnoreChoice, Outline, Plan, Recipe, RecipeError};
pub use referenced::{
    Excerpt, ExcludedBy, Missing, MissingCause, Readership, Referenced, ReferencedError,
};
pub use shipload_dockerfile::{
    BaseImage, Builder, CacheStep, ContextSource, Dockerfile, DockerfileBuilder, ImageUse,
    OtherImages, Position, Reader, Reads, ReadsError, Reason, Request, StepKey, Unsure, Whole,
};
pub use shipload_ignore::{Rules, Semantics};
pub use sink::compress::Compression;
pub use sink::digest::{DigestsError, FileDigest, digests};
pub use sink::file::{pack_to_file, replace_file};
pub use sink::list::{ListFormat, list};
pub use sink::measure::archive_bytes;
pub use sink::pack::{PackError, PackOptions, PackSummary, pack};
pub use source::archive::{
    Archive, ArchiveError, ArchiveMember, ArchiveOptions, ArchiveProblem, Limits,
};
pub use source::host::{HostDir, OnUnreadable};
pub use source::made::EntryMetadata;
pub use threads::on_threads;
pub use tree::{Clash, Notice, Tree, TreeBuilder, TreeError};
pub use view::{Member, MemberKind, Modes, Owner, Parents, Policy, Times, View};
