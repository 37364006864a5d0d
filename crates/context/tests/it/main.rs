//! Trees, views and archives on real directories.

mod changing;
mod clashes;
mod same_bytes;
mod support;
mod walking;
