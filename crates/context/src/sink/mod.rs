//! Sinks: what a view is written to.

pub mod compress;
pub(crate) mod digest;
pub(crate) mod file;
pub(crate) mod header;
pub(crate) mod list;
pub(crate) mod measure;
pub(crate) mod pack;
