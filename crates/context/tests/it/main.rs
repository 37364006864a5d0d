//! Trees, views and archives on real directories.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a failed test is a panic"
)]

mod changing;
mod clashes;
mod same_bytes;
mod support;
mod walking;
