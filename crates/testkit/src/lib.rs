//! Test support: random trees, a fake engine, the real engine, real tools.

pub mod buildah;
pub mod buildkit_parser;
pub mod containers;
pub mod debian_cli;
pub mod devtools;
pub mod docker_cli;
pub mod engine;
pub mod escape;
pub mod fake_engine;
pub mod fuzz;
pub mod held;
pub mod http;
pub mod image;
pub mod least;
pub mod member;
pub mod opens;
pub mod oracle;
pub mod packages;
pub mod proxy;
pub mod random;
pub mod record;
pub mod registry;
pub mod traces;
pub mod tree;
pub mod workspace;
