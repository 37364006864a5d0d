//! The engine crate against tables, a fake engine that misbehaves, and a real one.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "this is how a test fails, in its helpers too"
)]

mod abilities;
mod address;
mod auth;
mod buildkit;
mod buildkit_outputs;
mod buildkit_session;
mod daemon;
mod fake;
mod faults;
mod instances;
mod layouts;
mod names;
mod options;
mod parser;
mod properties;
mod real;
mod registry;
mod ssh;
mod tls;
