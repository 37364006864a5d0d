//! Docker build contexts: make them, explain them, send them. The crate to depend on: all libraries of shipload under one
//! name.
//!
//! From a directory to an image:
//!
//! ```no_run
//! use shipload::prelude::*;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let plan = Recipe::new(".").semantics(Semantics::Classic).plan(&Progress::new())?;
//! let engine = shipload::blocking::Engine::connect(&ConnectOptions::default())?;
//! let context = ContextBody::from_view(plan.view, PackOptions::default(), Progress::new());
//! let options = BuildOptions { tags: vec!["hello:1".parse()?], ..BuildOptions::default() };
//! let mut build = engine.build(context, &options);
//! for event in &mut build {
//!     println!("{event:?}");
//! }
//! println!("{}", build.finish()?.image_id);
//! # Ok(())
//! # }
//! ```
//!
//! Without an engine: the list of what would be sent, and the archive it would be sent in.
//!
//! ```
//! use shipload::prelude::*;
//!
//! # let temp = tempfile::tempdir()?;
//! # let dir = temp.path();
//! # std::fs::write(dir.join("Dockerfile"), "FROM scratch\nCOPY . /\n")?;
//! let plan = Recipe::new(dir).plan(&Progress::new())?;
//! for member in plan.view.members() {
//!     println!("{}", member.entry.path);
//! }
//! let options = PackOptions::new(Compression::Gzip);
//! pack_to_file(&plan.view, &options, &Progress::new(), &dir.join("context.tar.gz"))?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! | module | is |
//! |---|---|
//! | [`context`] | sources → an immutable tree → archives and listings; no network, no async |
//! | [`dockerfile`] | Dockerfiles: read, written, generated; which files of the context they read; no I/O |
//! | [`ignore`] | `.dockerignore` rules: is a path in or out, and which line decided; no I/O |
//! | [`explain`] | what is in a context and why, what it costs, what it leaks; no network, no async |
//! | [`engine`] | Docker Engine and Podman: found, connected to, told to build, tag, push; async |
//! | [`blocking`] | the same for programs without an async runtime |
//!
//! What most programs need stands in the [`prelude`].

pub use shipload_context as context;
pub use shipload_dockerfile as dockerfile;
pub use shipload_engine as engine;
pub use shipload_engine::blocking;
pub use shipload_explain as explain;
pub use shipload_ignore as ignore;

/// What most programs need, for `use shipload::prelude::*`. The engine itself is left out, since there are two:
/// [`engine::Engine`] and [`blocking::Engine`].
pub mod prelude {
    pub use shipload_context::{
        Archive, ArchiveOptions, Compression, Context, ContextArchive, ContextOptions,
        DockerfileChoice, EntryMetadata, EntryPath, HostDir, IgnoreChoice, ListFormat,
        OnUnreadable, PackOptions, Plan, Policy, Progress, Recipe, Semantics, Times, Tree,
        TreeBuilder, View, list, pack, pack_to_file,
    };
    pub use shipload_dockerfile::builder::{
        AddFile, CopyOptions, Preamble, RunOptions, Source, Stage,
    };
    pub use shipload_dockerfile::{Dockerfile, DockerfileBuilder, Request, Value};
    pub use shipload_engine::{BuildOptions, Built, ConnectOptions, ContextBody, Event, ImageName};
}

/// The examples in the README.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct Readme;
