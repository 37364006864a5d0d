//! Dockerfiles against BuildKit: real, mutated, generated and hostile ones.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "helpers fail their tests, and the report of a comparison is worth reading"
)]

mod builder;
mod corpus;
mod differential;
mod edges;
mod generate;
mod hostile;
mod mutate;
mod reads;
mod round_trip;
mod shown;
mod shrink;
mod steps;
mod variables;
mod words;
