//! Trees, views and archives on real directories.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a failed test is a panic, a skipped one says so"
)]

mod archive;
mod changing;
mod clashes;
mod compress;
mod digests;
mod docker_map;
mod failing;
mod filesync;
mod official;
mod recipes;
mod referenced;
mod same_bytes;
mod support;
mod under;
mod unpacked;
mod walking;
