//! Dockerfiles against BuildKit.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "helpers fail their tests, and the report of a comparison is worth reading"
)]

mod builder;
mod variables;
mod words;
