//! What is told of builds: real ones, ones written by hand, and any at all.

mod any;
mod recorded;
mod told;
