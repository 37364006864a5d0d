//! `cargo xtask trees`: real trees, packed by shipload and unpacked by GNU tar, must come back as they were.
//!
//! The trees are what people have in their contexts: a `node_modules` of tens of thousands of files, a Python environment with
//! large libraries, a git checkout of thousands of files. They come from package registries, which is why this is not part of
//! `cargo xtask test`. They stay below `target/trees` for the next run.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

use fs_err as fs;
use shipload_testkit::workspace;

use crate::report::Report;
use crate::shell;

const NODE: &[&str] = &[
    "typescript",
    "webpack",
    "eslint",
    "jest",
    "react-scripts",
    "@babel/preset-env",
];
const PYTHON: &[&str] = &["numpy", "scipy", "pandas"];

/// Fills an empty directory with a tree.
type Maker = fn(&Path) -> Result<(), String>;

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Check these directories instead
    #[arg(value_name = "DIR")]
    dirs: Vec<PathBuf>,
}

pub(crate) fn run(arguments: &Arguments) -> ExitCode {
    let mut report = Report::new(workspace::is_ci());
    let mut trees = arguments.dirs.clone();
    if trees.is_empty() {
        let makers: [(&str, Maker); 3] = [
            ("node_modules", node),
            ("python", python),
            ("checkout", checkout),
        ];
        for (name, make) in makers {
            let dir = workspace::target().join("trees").join(name);
            report.check(&format!("make {name}"), || once(&dir, make));
            trees.push(dir);
        }
    }
    report.check("shipload", || {
        shell::stream(shell::cargo().args(["build", "--release", "--package", "shipload-cli"]))
    });
    for dir in trees.iter().filter(|dir| dir.is_dir()) {
        for codec in ["none", "gzip", "zstd"] {
            report.check(&format!("{} {codec}", dir.display()), || {
                round_trip(dir, codec)
            });
        }
    }
    report.finish()
}

/// Makes a tree under a temporary name, so that an interrupted run leaves none that looks whole.
fn once(dir: &Path, make: Maker) -> Result<(), String> {
    if dir.is_dir() {
        return Ok(());
    }
    let partial = dir.with_extension("partial");
    let _ = fs::remove_dir_all(&partial);
    fs::create_dir_all(&partial).map_err(|e| e.to_string())?;
    make(&partial)?;
    fs::rename(&partial, dir).map_err(|e| e.to_string())
}

fn node(dir: &Path) -> Result<(), String> {
    let mut npm = Command::new("npm");
    npm.args([
        "install",
        "--silent",
        "--no-audit",
        "--no-fund",
        "--ignore-scripts",
        "--prefix",
    ]);
    shell::stream(npm.arg(dir).args(NODE))
}

fn python(dir: &Path) -> Result<(), String> {
    let mut pip = Command::new("python3");
    pip.args([
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "--target",
    ]);
    shell::stream(pip.arg(dir).args(PYTHON))
}

/// The sources of our own dependencies as a git repository, with its object store.
fn checkout(dir: &Path) -> Result<(), String> {
    shell::stream(
        shell::cargo()
            .args(["vendor", "--quiet", "--locked", "--versioned-dirs"])
            .arg(dir.join("vendor")),
    )?;
    for arguments in [
        &["init", "--quiet"][..],
        // It would go on changing the repository in the background.
        &["config", "maintenance.auto", "false"],
        &["add", "--force", "."],
        &[
            "-c",
            "user.name=x",
            "-c",
            "user.email=x@localhost",
            "commit",
            "--quiet",
            "--message",
            "sources",
        ],
        &["repack", "-q", "-d"],
    ] {
        shell::stream(Command::new("git").current_dir(dir).args(arguments))?;
    }
    Ok(())
}

/// Packs, unpacks and compares: names, types, modes, sizes, times, links, and every byte.
fn round_trip(dir: &Path, codec: &str) -> Result<(), String> {
    let scratch = tempfile::tempdir_in(workspace::target()).map_err(|e| e.to_string())?;
    let (archive, out) = (scratch.path().join("archive"), scratch.path().join("out"));
    fs::create_dir_all(&out).map_err(|e| e.to_string())?;
    let dockerfile = scratch.path().join("Dockerfile");
    fs::write(&dockerfile, "FROM scratch\n").map_err(|e| e.to_string())?;
    let mut pack = Command::new(workspace::target().join("release/shipload"));
    pack.args([
        "pack",
        "--ignorefile",
        "none",
        "--compression",
        codec,
        "--output",
    ])
    .arg(&archive);
    shell::stream(pack.arg("--file").arg(&dockerfile).arg(dir))?;
    let decoder = if codec == "none" { "cat" } else { codec };
    let mut decode = Command::new(decoder);
    if decoder != "cat" {
        decode.arg("-dc");
    }
    let mut decode = decode
        .stdin(
            fs::File::open(&archive)
                .map_err(|e| e.to_string())?
                .into_parts()
                .0,
        )
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|e| format!("cannot run `{decoder}`: {e}"))?;
    let stream = decode.stdout.take().ok_or("no output")?;
    let mut unpack = Command::new("tar");
    // Dockerfiles from outside are packed under a name of their own.
    unpack
        .args([
            "--extract",
            "--same-permissions",
            "--exclude",
            ".dockerfile.*",
            "--directory",
        ])
        .arg(&out);
    shell::stream(unpack.stdin(stream))?;
    if !decode.wait().is_ok_and(|status| status.success()) {
        return Err(format!("`{decoder}` refuses the archive"));
    }
    let (before, after) = (listing(dir)?, listing(&out)?);
    if before != after {
        let odd = before
            .symmetric_difference(&after)
            .next()
            .cloned()
            .unwrap_or_default();
        return Err(format!(
            "{} and {} entries; one that differs: {odd}",
            before.len(),
            after.len()
        ));
    }
    println!("    {} entries", before.len());
    shell::stream(
        Command::new("diff")
            .args(["--recursive", "--no-dereference", "--brief"])
            .arg(dir)
            .arg(&out),
    )
}

fn listing(dir: &Path) -> Result<std::collections::BTreeSet<String>, String> {
    // Sizes of directories are the file system's business; fractions of seconds are not sent.
    let format = [
        "(",
        "-type",
        "d",
        "-printf",
        "%P\\0d %m %Ts\\0\\n",
        ")",
        "-o",
    ];
    let rest = ["-printf", "%P\\0%y %m %s %Ts %l\\0\\n"];
    let found = Command::new("find")
        .arg(dir)
        .args(["-mindepth", "1"])
        .args(format)
        .args(rest)
        .output();
    let found = found.map_err(|e| format!("cannot run `find`: {e}"))?;
    Ok(String::from_utf8_lossy(&found.stdout)
        .split("\0\n")
        .map(str::to_owned)
        .collect())
}
