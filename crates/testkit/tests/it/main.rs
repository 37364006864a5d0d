//! What tests rely on, tested.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

mod containers;
mod engine;
