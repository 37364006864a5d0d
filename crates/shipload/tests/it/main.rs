//! The libraries together, on a real Engine: one cache with the docker CLI, and no image of a context that changed.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a failed test is a panic"
)]

mod cache;
mod changing;
mod least;
mod support;
