//! What git ignores and the builder is sent all the same.
//!
//! Who lists `config/local.yml` in `.gitignore` does not want it to leave the machine, and easily forgets that Docker reads another
//! file. Git is asked, in a way in which the repository cannot make it run anything.

use std::collections::HashSet;
use std::io::Read as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use shipload_context::{EntryPath, Plan, View};

use super::super::scan::Scan;
use super::fate::{Fate, Fates};
use super::lower;
use crate::code::{Code, Severity};
use crate::finding::Finding;

/// As long is waited for git.
const PATIENCE: Duration = Duration::from_secs(20);

/// As much is read of what it says, in bytes.
const MOST: u64 = 64 << 20;

/// Ends of names of configuration.
const CONFIGURATION: &[&[u8]] = &[
    b".env",
    b".yml",
    b".yaml",
    b".json",
    b".toml",
    b".ini",
    b".conf",
    b".cfg",
    b".cnf",
    b".properties",
    b".xml",
    b".plist",
    b".pem",
    b".key",
    b".crt",
    b".tfvars",
    b".local",
    b".secret",
    b".secrets",
    b".credentials",
    b".php",
    b".config",
    b".sqlite",
    b".sqlite3",
    b".db",
    b".sql",
    b".dump",
];

/// Words in names of what is private.
const PRIVATE: &[&[u8]] = &[
    b"secret",
    b"credential",
    b"private",
    b"local",
    b".env",
    b"password",
    b"token",
    b"certs",
    b"keys",
    b"config",
    b"backup",
];

/// What can be made again; the check `junk` speaks of it.
const MADE: &[&[u8]] = &[
    b"node_modules",
    b"target",
    b"dist",
    b"build",
    b"out",
    b"__pycache__",
    b".venv",
    b"venv",
    b".tox",
    b".cache",
    b"coverage",
    b".next",
    b".nuxt",
    b".gradle",
    b"bin",
    b"obj",
    b".terraform",
    b"vendor",
    b".pytest_cache",
    b".mypy_cache",
    b".ruff_cache",
    b".idea",
    b".vscode",
    b".DS_Store",
    b"Thumbs.db",
    b"tmp",
    b"temp",
    b"log",
    b"logs",
    b".git",
    b".eggs",
    b"bower_components",
    b".parcel-cache",
    b".turbo",
    b".svelte-kit",
    b".output",
    b"htmlcov",
    b".nyc_output",
    b".coverage",
    b".bundle",
    b"Pods",
    b"DerivedData",
    b"_build",
    b"deps",
    b"elm-stuff",
];

/// What git ignores of what is in `view`.
pub(super) fn all(plan: &Plan, view: &View, fates: &Fates<'_>, scan: &Scan) -> Vec<Finding> {
    let Some(directory) = &plan.directory else {
        return Vec::new();
    };
    let Some(ignored) = ignored(directory) else {
        return Vec::new();
    };
    let mut findings = Vec::new();
    let mut others = Vec::new();
    let members: Vec<_> = view.members().map(|member| &member.entry.path).collect();
    let told: HashSet<_> = scan.hits.iter().map(|hit| &hit.path).collect();
    let names: Vec<_> = ignored.split(|byte| *byte == 0).collect();
    for (place, name) in names.iter().enumerate() {
        // A directory of which git ignores every file is listed before them, even where no rule is about it.
        let is_above = names
            .get(place + 1)
            .is_some_and(|next| next.starts_with(name));
        let Ok(path) = EntryPath::new(name) else {
            continue;
        };
        if is_above || is_made(&path) || !is_sent(&members, &path) || told.contains(&path) {
            continue;
        }
        let fate = fates.of(&path);
        if is_private(&path) {
            findings.push(finding(&path, name.ends_with(b"/"), &fate));
        } else if fate.is_read() {
            others.push(path);
        }
    }
    findings.extend(rest(&others));
    findings
}

fn finding(path: &EntryPath, is_dir: bool, fate: &Fate<'_>) -> Finding {
    let slash = if is_dir { "/" } else { "" };
    let message = format!(
        "git ignores `{path}{slash}`, yet it is in the context; {}",
        fate.told()
    );
    Finding::new(Code::GitIgnored, message)
        .severity(fate.weigh(Severity::Warning))
        .of(path.clone())
        .advice("exclude it in the ignore file as well, unless the image needs it")
}

/// What is read and does not look private, all in one.
fn rest(others: &[EntryPath]) -> Option<Finding> {
    let first = others.first()?;
    let message = match others.len() {
        1 => format!("git ignores `{first}`, yet the Dockerfile reads it"),
        more => format!("git ignores {more} paths that the Dockerfile reads, such as `{first}`"),
    };
    let finding = Finding::new(Code::GitIgnored, message)
        .of(first.clone())
        .severity(lower(Severity::Warning))
        .concerning(others);
    Some(finding.advice("exclude in the ignore file as well what the image does not need"))
}

fn is_made(path: &EntryPath) -> bool {
    path.components().any(|name| {
        MADE.contains(&name)
            || name.ends_with(b".log")
            || name.ends_with(b".pyc")
            || name.ends_with(b".egg-info")
            || name.ends_with(b"~")
            || name.ends_with(b".swp")
    })
}

fn is_private(path: &EntryPath) -> bool {
    let name = path.file_name().to_ascii_lowercase();
    CONFIGURATION.iter().any(|end| name.ends_with(end))
        || PRIVATE
            .iter()
            .any(|word| memchr::memmem::find(&name, word).is_some())
}

/// Whether a path, or something below it, is among the members.
fn is_sent(members: &[&EntryPath], path: &EntryPath) -> bool {
    let first = members.partition_point(|member| *member < path);
    members
        .get(first)
        .is_some_and(|member| member.starts_with(path))
}

/// What git ignores and does not track below a directory, as names that end in NUL, directories with `/`; none where there is no
/// git, or no repository that it would read.
///
/// Neither the settings of the machine nor those of the user are looked at, and those of the repository that name programs are
/// overruled; nothing is written, fetched or asked.
fn ignored(directory: &Path) -> Option<Vec<u8>> {
    let mut git = Command::new("git");
    git.env_clear()
        .envs(std::env::var_os("PATH").map(|path| ("PATH", path)));
    let set = [
        ("GIT_CONFIG_NOSYSTEM", "1"),
        ("GIT_CONFIG_GLOBAL", "/dev/null"),
        ("GIT_OPTIONAL_LOCKS", "0"),
        ("GIT_TERMINAL_PROMPT", "0"),
        ("GIT_NO_LAZY_FETCH", "1"),
        ("GIT_ALLOW_PROTOCOL", ""),
        ("GIT_PAGER", "cat"),
        ("LC_ALL", "C"),
        ("HOME", "/nonexistent"),
    ];
    git.envs(set);
    let overruled = [
        "core.fsmonitor=false",
        "core.hooksPath=/dev/null",
        "core.untrackedCache=false",
        "protocol.allow=never",
        "core.preloadIndex=false",
    ];
    git.arg("--no-pager")
        .arg("--literal-pathspecs")
        .arg("-C")
        .arg(directory);
    for setting in overruled {
        git.arg("-c").arg(setting);
    }
    git.args([
        "ls-files",
        "--others",
        "--ignored",
        "--exclude-standard",
        "--directory",
        "-z",
    ]);
    git.stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    let mut child = git.spawn().ok()?;
    let output = child.stdout.take()?;
    let reader = std::thread::spawn(move || {
        let mut names = Vec::new();
        output.take(MOST).read_to_end(&mut names).map(|_| names)
    });
    let start = Instant::now();
    let status = loop {
        match child.try_wait() {
            Ok(Some(status)) => break status,
            Ok(None) if start.elapsed() < PATIENCE => std::thread::sleep(Duration::from_millis(2)),
            // It waits for something that a hostile repository has put in its way.
            _ => {
                let _ = child.kill();
                let _ = child.wait();
                return None;
            }
        }
    };
    let names = reader.join().ok()?.ok()?;
    status.success().then_some(names)
}
