//! Test support: random trees, a fake engine, the real engine, real tools.

pub mod containers;
pub mod engine;
pub mod http;
pub mod packages;
pub mod registry;
pub mod workspace;
