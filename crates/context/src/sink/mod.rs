//! Sinks: what a view is written to.

pub mod compress;
