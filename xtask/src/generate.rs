//! `cargo xtask gen`: man pages, shell completions and the reference of the command line, below `docs`.
//!
//! They are committed, so that packagers need no build to have them, and `--check`, which `cargo xtask test` runs, fails
//! when they no longer follow from the program.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use fs_err as fs;
use shipload_testkit::workspace;

use crate::shell;

/// What below `docs` is generated, all of it.
const GENERATED: &[&str] = &["man", "completions", "cli.md"];

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Write nothing; fail if something would change
    #[arg(long)]
    check: bool,
}

pub(crate) fn run(arguments: &Arguments) -> ExitCode {
    let done = if arguments.check { check() } else { write() };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("{message}");
            ExitCode::FAILURE
        }
    }
}

/// Fails if the committed files differ from what the program gives now.
pub(crate) fn check() -> Result<(), String> {
    let (new, old) = (read(&generate()?)?, read(&docs())?);
    let mut stale: Vec<_> = new
        .iter()
        .filter(|(path, text)| old.get(*path) != Some(*text))
        .collect();
    stale.extend(old.iter().filter(|(path, _)| !new.contains_key(*path)));
    if stale.is_empty() {
        println!("    {} files are as the program gives them", new.len());
        return Ok(());
    }
    let paths: Vec<_> = stale
        .iter()
        .map(|(path, _)| format!("docs/{}", path.display()))
        .collect();
    Err(format!(
        "`cargo xtask gen` would change {}",
        paths.join(", ")
    ))
}

fn write() -> Result<(), String> {
    let generated = generate()?;
    replace(&generated).map_err(|error| format!("cannot write the generated files: {error}"))
}

/// Puts the new files where the old ones are, and removes those that are no more.
fn replace(generated: &Path) -> io::Result<()> {
    for name in GENERATED {
        let old = docs().join(name);
        if old.is_dir() {
            fs::remove_dir_all(&old)?;
        }
    }
    for (path, text) in read(generated).map_err(io::Error::other)? {
        let path = docs().join(path);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        fs::write(&path, text)?;
    }
    Ok(())
}

/// Has the program's crate write everything into a new folder below `target`.
fn generate() -> Result<PathBuf, String> {
    let folder = workspace::target().join("generated");
    if folder.exists() {
        fs::remove_dir_all(&folder).map_err(|error| error.to_string())?;
    }
    let mut cargo = shell::cargo();
    cargo.args(["run", "--locked", "--package", "shipload-cli"]);
    shell::stream(cargo.args(["--example", "reference", "--"]).arg(&folder))?;
    Ok(folder)
}

fn docs() -> PathBuf {
    workspace::root().join("docs")
}

/// The generated files below `folder`, by their paths in it.
fn read(folder: &Path) -> Result<BTreeMap<PathBuf, Vec<u8>>, String> {
    let mut files = BTreeMap::new();
    for name in GENERATED {
        let path = folder.join(name);
        let listed = if path.is_dir() {
            fs::read_dir(&path).and_then(|entries| {
                entries
                    .map(|entry| Ok(Path::new(name).join(entry?.file_name())))
                    .collect()
            })
        } else {
            Ok(if path.is_file() {
                vec![PathBuf::from(name)]
            } else {
                Vec::new()
            })
        };
        for path in listed.map_err(|error: io::Error| error.to_string())? {
            let text = fs::read(folder.join(&path)).map_err(|error| error.to_string())?;
            files.insert(path, text);
        }
    }
    Ok(files)
}
