//! Writes what follows from the command line's definition into a folder: `man/`, `completions/` and `cli.md`.
//!
//! `cargo xtask gen` runs it. It is an example, and not part of the program, so that users do not carry its code.

use std::env;
use std::error::Error;
use std::path::PathBuf;

use clap::{Command, ValueEnum};
use clap_complete::Shell;
use fs_err as fs;

/// Help is laid out for this width, whatever the terminal.
const WIDTH: usize = 100;

fn main() -> Result<(), Box<dyn Error>> {
    let folder = PathBuf::from(env::args_os().nth(1).ok_or("usage: reference FOLDER")?);
    let man = folder.join("man");
    let completions = folder.join("completions");
    fs::create_dir_all(&man)?;
    fs::create_dir_all(&completions)?;

    let mut command = shipload_cli::command().term_width(WIDTH);
    for shell in Shell::value_variants() {
        clap_complete::generate_to(*shell, &mut command.clone(), "shipload", &completions)?;
    }
    clap_mangen::generate_to(command.clone(), &man)?;
    command.build();
    fs::write(folder.join("cli.md"), markdown(&mut command))?;
    Ok(())
}

/// The help of the program and of each verb, in the order in which the program lists them.
fn markdown(command: &mut Command) -> String {
    let mut text = String::from(
        "# The command line\n\nWritten by `cargo xtask gen` from the program's own help; edit that.\n",
    );
    section(&mut text, "shipload", command);
    for verb in command.get_subcommands_mut() {
        if !verb.is_hide_set() && verb.get_name() != "help" {
            let title = format!("shipload {}", verb.get_name());
            section(&mut text, &title, verb);
        }
    }
    text
}

fn section(text: &mut String, title: &str, command: &mut Command) {
    let help = command
        .clone()
        .term_width(WIDTH)
        .render_long_help()
        .to_string();
    let help: Vec<_> = help.lines().map(str::trim_end).collect();
    let help = help.join("\n");
    for part in ["\n## ", title, "\n\n```text\n", help.trim_end(), "\n```\n"] {
        text.push_str(part);
    }
}
