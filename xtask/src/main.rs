//! Development tasks: `cargo xtask COMMAND`. Each command is one file.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a task runner talks to a person"
)]

mod alarms;
mod bench;
mod corpus;
mod demo;
mod depcheck;
mod engines;
mod fuzz;
mod generate;
mod record;
mod report;
mod shell;
mod test;
mod tools;
mod trees;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(name = "cargo xtask", about = "Development tasks of shipload")]
struct Arguments {
    #[command(subcommand)]
    command: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Checks everything: format, lints, documentation, all tests, those on a real Engine too
    Test(test::Arguments),
    /// Lists, packs, builds and runs a little example
    Demo,
    /// Measures packing on generated trees, beside GNU tar, gzip, pigz, docker-py and the docker CLI
    Bench(bench::Arguments),
    /// One side of a comparison, for `bench`
    #[command(hide = true)]
    BenchPeer(bench::peer::Arguments),
    /// Compares with real builders on tens of thousands of random cases
    Fuzz(fuzz::Arguments),
    /// Records the answers of real builders, for tests on machines that lack them
    Record(record::Arguments),
    /// Gathers Dockerfiles from packages that ship them, for the tests of the parser
    Corpus,
    /// Writes man pages, shell completions and docs/cli.md from the program's own help
    Gen(generate::Arguments),
    /// Checks that crates depend on each other as ARCHITECTURE.md says
    Depcheck,
    /// Counts what `check` says of real trees from package registries, and how much of it is false
    Alarms,
    /// Packs real trees from package registries, unpacks them with GNU tar and compares
    Trees(trees::Arguments),
}

fn main() -> ExitCode {
    match Arguments::parse().command {
        Task::Test(arguments) => test::run(&arguments),
        Task::Demo => demo::run(),
        Task::Bench(arguments) => bench::run(&arguments),
        Task::BenchPeer(arguments) => bench::peer::run(&arguments),
        Task::Fuzz(arguments) => fuzz::run(&arguments),
        Task::Record(arguments) => record::run(&arguments),
        Task::Corpus => corpus::run(),
        Task::Gen(arguments) => generate::run(&arguments),
        Task::Depcheck => depcheck::run(),
        Task::Alarms => alarms::run(),
        Task::Trees(arguments) => trees::run(&arguments),
    }
}
