//! BuildKit: building over its session, in which it asks for the files that it needs.

pub(crate) mod options;
