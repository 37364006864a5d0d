//! What a builder asks of its client while it builds, answered over a connection that the builder made.
#![allow(dead_code, reason = "the dispatch that calls these comes next")]

pub(crate) mod auth;
#[cfg(test)]
mod duplex;
pub(crate) mod secrets;
pub(crate) mod wire;
