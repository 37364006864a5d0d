//! The `shipload` program: arguments → plan → run.
//!
//! Arguments are first parsed ([`command`] is all that clap knows of them), then resolved into what the libraries take
//! (`plan.rs`), then run (`commands/`, a file a verb). Only `ui.rs` prints. What a verb prints on standard output is its
//! result; all else goes to standard error.

mod args;
mod commands;
mod engine;
mod exit;
mod given;
mod interrupt;
mod json;
mod packing;
mod plan;
mod reads;
mod size;
mod ui;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::{CommandFactory as _, FromArgMatches as _};

use crate::args::{Arguments, Verb};
use crate::exit::{Exit, Failure};
use crate::ui::Ui;

/// The program's arguments, for completions, manual pages and the reference.
///
/// ```
/// let verbs: Vec<_> = shipload_cli::command().get_subcommands().map(|c| c.get_name().to_owned()).collect();
/// assert!(verbs.contains(&"pack".to_owned()));
/// ```
pub fn command() -> clap::Command {
    Arguments::command().mut_subcommand("build", commands::build::with_switches)
}

/// Does what `arguments` say, the first of which is the program's name, and returns how the program ends: 0 done, 1 the
/// work failed, 2 wrong usage, 3 a check found something, 130 interrupted.
///
/// It prints, takes signals and may end the process; it is for a `main` function.
pub fn main_with(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let matches = command().try_get_matches_from(arguments);
    let arguments = match matches.and_then(|found| Arguments::from_arg_matches(&found)) {
        Ok(arguments) => arguments,
        Err(error) => return Ui::parse_error(&error).into(),
    };
    let ui = Ui::new();
    match run(&ui, arguments) {
        Ok(exit) => exit.into(),
        Err(failure) => {
            ui.failure(&failure);
            failure.exit.into()
        }
    }
}

fn run(ui: &Ui, arguments: Arguments) -> Result<Exit, Failure> {
    let engine = arguments.engine;
    match arguments.verb {
        Verb::Build(build) => commands::build::run(ui, &build, engine)?,
        Verb::Doctor(doctor) => commands::doctor::run(ui, &doctor, engine)?,
        _ if engine.is_given() => {
            return Err(Failure::usage(
                "`--host` and `--context` have no use here: no engine is asked",
            ));
        }
        Verb::Pack(pack) => commands::pack::run(ui, pack)?,
        Verb::Ls(ls) => commands::ls::run(ui, &ls)?,
        Verb::Deps(deps) => commands::deps::run(ui, &deps)?,
        Verb::Du(du) => commands::du::run(ui, &du)?,
        Verb::Digest(digest) => commands::digest::run(ui, &digest)?,
        Verb::Diff(diff) => return commands::diff::run(ui, &diff),
        Verb::Repack(repack) => commands::repack::run(ui, repack)?,
        Verb::Check(check) => return commands::check::run(ui, &check),
        Verb::Why(why) => commands::why::run(ui, &why)?,
        Verb::Fix(fix) => commands::fix::run(ui, &fix)?,
    }
    Ok(Exit::Done)
}
