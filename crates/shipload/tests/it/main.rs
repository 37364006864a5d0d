//! The libraries together, on a real Engine: one cache with the docker CLI, no image of a context that changed,
//! and images of Dockerfiles made in code that have what was given.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a failed test is a panic"
)]

mod buildkit;
mod cache;
mod changing;
mod docker_map;
mod least;
mod prediction;
mod support;
mod values;
mod variables;
