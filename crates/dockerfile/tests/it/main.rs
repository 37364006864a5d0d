//! Dockerfiles against BuildKit.

#![allow(clippy::unwrap_used, reason = "helpers fail their tests")]

mod words;
