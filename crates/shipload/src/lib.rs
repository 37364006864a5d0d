//! Docker build contexts: make them, explain them, send them. The crate to depend on: all libraries of shipload under one
//! name.
//!
//! | module | is |
//! |---|---|
//! | [`context`] | sources → an immutable tree → archives and listings; no network, no async |
//! | [`ignore`] | `.dockerignore` rules: is a path in or out, and which line decided; no I/O |
//!
//! What most programs need stands in the [`prelude`].
//!
//! ```
//! use shipload::prelude::*;
//!
//! # let temp = tempfile::tempdir()?;
//! # let dir = temp.path();
//! # std::fs::write(dir.join("Dockerfile"), "FROM scratch\nCOPY . /\n")?;
//! # std::fs::write(dir.join("index.html"), "<h1>hello</h1>")?;
//! // What `docker build dir` would send, and the archive it would send it in.
//! let plan = Recipe::new(dir).plan(&Progress::new())?;
//! for member in plan.view.members() {
//!     println!("{}", member.entry.path);
//! }
//! let options = PackOptions::new(Compression::Gzip);
//! pack_to_file(&plan.view, &options, &Progress::new(), &dir.join("context.tar.gz"))?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub use shipload_context as context;
pub use shipload_ignore as ignore;

/// What most programs need, for `use shipload::prelude::*`.
pub mod prelude {
    pub use shipload_context::{
        Compression, DockerfileChoice, EntryPath, HostDir, IgnoreChoice, ListFormat, OnUnreadable,
        PackOptions, Plan, Policy, Progress, Recipe, Semantics, Times, Tree, TreeBuilder, View,
        list, pack, pack_to_file,
    };
}

/// The examples in the README.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct Readme;
