//! Integration tests of the context crate.

// clippy.toml frees tests of these, but not the helpers beside them.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout)]

mod compress;
