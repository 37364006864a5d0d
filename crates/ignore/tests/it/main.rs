//! The rules against the real builders.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "helpers fail their tests, and the report of a comparison is worth reading"
)]

mod differential;
