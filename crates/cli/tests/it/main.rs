//! The program as its users see it: arguments in; standard output, standard error and exit status out.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

mod agreement;
mod bad_input;
mod build;
mod check;
mod context;
mod deps;
mod diff;
mod digest;
mod doctor;
mod du;
mod engine;
mod fix;
mod help;
mod ls;
mod pack;
mod repack;
mod sandbox;
mod secrets;
mod terminal;
mod why;
