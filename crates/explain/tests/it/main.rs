//! Answers about real directories, held against the archives that are written of them.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a failed test is a panic, a skipped one says so"
)]

mod cache;
mod check;
mod difference;
mod digest;
mod fix;
mod manifest;
mod pages;
mod revision;
mod secrets;
mod support;
mod survey;
mod usage;
mod why;
