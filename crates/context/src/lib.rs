//! Build contexts.
pub mod sink;
