//! Sources: what the entries of a tree come from.

pub mod archive;
pub(crate) mod archive_file;
pub(crate) mod host;
pub(crate) mod made;
pub(crate) mod view;
