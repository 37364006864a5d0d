//! `cargo xtask alarms`: what `shipload check` says of real trees, counted by code, and how much of it is false.
//!
//! The trees are source packages from registries, which is why this is not part of `cargo xtask test`; they stay below
//! `target/alarms` for the next run. Each is checked as the context of its own Dockerfile, or of one that reads all of it.
//! Somebody has read every finding: those that say something untrue or useless stand in `FALSE`, and docs/checks/false-alarms.md has
//! the table that is printed here.
//!
//! What is said as SARIF is held against the JSON schema of SARIF 2.1.0, which a crate ships, by Python's `jsonschema`.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

use fs_err as fs;
use serde_json::Value;
use shipload_testkit::workspace;

use crate::corpus::fetch::Registry;
use crate::shell;

/// Registry, name and version.
const PACKAGES: &str = "\
crates bollard 0.21.1
crates bore-cli 0.5.0
crates cargo-chef 0.1.60
crates cargo-xwin 0.23.1
crates cargo-zigbuild 0.24.0
crates cross 0.2.5
crates dotenv-linter 3.0.0
crates goose 0.16.0
crates miniserve 0.24.0
crates sccache 0.4.0
npm newman 6.2.2
npm sitespeed.io 40.5.0
npm statsd 0.9.0
pypi-source copier 9.19.1
pypi-source flytekit 1.16.31
pypi-source jina 3.34.0
pypi-source jupyter-repo2docker 2026.4.0
pypi-source jupyterhub 6.1.1
pypi-source localstack-core 2026.3.0
pypi-source snakemake 9.27.1
pypi-source toil 9.6.0
pypi-source truss 0.18.36
";

/// The crate with the schema of SARIF 2.1.0, and where it is in it.
const SCHEMA: (&str, &str, &str) = ("serde-sarif", "0.8.0", "src/schema.json");

/// Fails unless the documents after the schema are valid.
const VALIDATE: &str = "\
import json, sys
import jsonschema
schema = json.load(open(sys.argv[1]))
Validator = jsonschema.validators.validator_for(schema)
Validator.check_schema(schema)
bad = 0
for path in sys.argv[2:]:
    for error in Validator(schema).iter_errors(json.load(open(path))):
        print(path, error.json_path, error.message)
        bad += 1
print(len(sys.argv) - 2, 'SARIF documents,', bad, 'errors')
sys.exit(bad != 0)
";

/// What was read and found false: package, code, file and line or path, and why.
const FALSE: &[(&str, &str, &str, &str)] = &[
    (
        "dotenv-linter",
        "secret-file",
        "tests/fixes/fixtures/complicated.env:3",
        "data of a test",
    ),
    (
        "dotenv-linter",
        "secret-file",
        "tests/fixes/fixtures/correct.env:5",
        "data of a test",
    ),
    (
        "jupyter-repo2docker",
        "possible-secret",
        "PKG-INFO:122",
        "a token shown in the manual",
    ),
    (
        "flytekit",
        "dead-rule",
        ".dockerignore:15",
        "comes and goes",
    ),
    (
        "flytekit",
        "dead-rule",
        ".dockerignore:33",
        "comes and goes",
    ),
    (
        "localstack-core",
        "dead-rule",
        ".dockerignore:3",
        "comes and goes",
    ),
    (
        "localstack-core",
        "dead-rule",
        ".dockerignore:4",
        "comes and goes",
    ),
    (
        "statsd",
        "anchored-rule",
        ".dockerignore:19",
        "meant for a file of developers at the top",
    ),
];

/// How often a code was found, and how often that was false.
#[derive(Default)]
struct Count {
    all: usize,
    wrong: usize,
    trees: usize,
}

pub(crate) fn run() -> ExitCode {
    match count() {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("{why}");
            ExitCode::FAILURE
        }
    }
}

fn count() -> Result<(), String> {
    shell::stream(shell::cargo().args(["build", "--package", "shipload-cli"]))?;
    let mut codes: BTreeMap<(String, String), Count> = BTreeMap::new();
    println!(
        "| registry | package | version | Dockerfile | ignore file | findings |\n|---|---|---|---|---|---|"
    );
    let mut documents = Vec::new();
    for line in PACKAGES.lines() {
        let [key, name, version] = line.split(' ').collect::<Vec<_>>()[..] else {
            return Err(format!("`{line}` lacks a field"));
        };
        let registry = Registry::find(key)?;
        let tree = fetched(registry, name, version)?;
        let findings = check(&tree)?;
        documents.push(kept(&tree, "sarif")?);
        let mut in_tree: BTreeMap<(String, String), Count> = BTreeMap::new();
        for finding in &findings {
            let text = |key: &str| finding[key].as_str().unwrap_or_default().to_owned();
            let count = in_tree.entry((text("severity"), text("code"))).or_default();
            count.all += 1;
            count.wrong += usize::from(is_false(name, finding));
        }
        let has = |file: &str| {
            if tree.join(file).is_file() {
                "its own"
            } else {
                "–"
            }
        };
        println!(
            "| {} | {name} | {version} | {} | {} | {} |",
            registry.title(),
            has("Dockerfile"),
            has(".dockerignore"),
            findings.len()
        );
        for (code, count) in in_tree {
            let sum = codes.entry(code).or_default();
            (sum.all, sum.wrong, sum.trees) =
                (sum.all + count.all, sum.wrong + count.wrong, sum.trees + 1);
        }
    }
    println!("\n| code | severity | alarms | in trees | false |\n|---|---|---|---|---|");
    for ((severity, code), count) in &codes {
        let (all, wrong, trees) = (count.all, count.wrong, count.trees);
        println!("| `{code}` | {severity} | {all} | {trees} | {wrong} |");
    }
    println!();
    validate(&documents)
}

fn validate(documents: &[PathBuf]) -> Result<(), String> {
    let (name, version, path) = SCHEMA;
    let schema = fetched(Registry::Crates, name, version)?.join(path);
    let modules = workspace::target().join("alarms/python");
    if !modules.is_dir() {
        let mut pip = Command::new("python3");
        pip.args([
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
        ]);
        shell::stream(pip.arg("--target").arg(&modules).arg("jsonschema"))?;
    }
    let mut python = Command::new("python3");
    python.args(["-c", VALIDATE]).arg(schema).args(documents);
    match python.env("PYTHONPATH", modules).status() {
        Ok(status) if status.success() => Ok(()),
        Ok(_) => Err("not valid as SARIF 2.1.0".to_owned()),
        Err(error) => Err(format!("cannot run `python3`: {error}")),
    }
}

/// Fetches a package once.
fn fetched(registry: Registry, name: &str, version: &str) -> Result<PathBuf, String> {
    let dir = workspace::target()
        .join("alarms")
        .join(format!("{name}-{version}"));
    if dir.is_dir() {
        return Ok(dir);
    }
    let parent = dir.parent().unwrap_or(&dir);
    fs::create_dir_all(parent).map_err(|e| e.to_string())?;
    let scratch = tempfile::tempdir_in(parent).map_err(|e| e.to_string())?;
    let unpacked = registry
        .unpack(name, version, scratch.path())
        .map_err(|why| format!("{name} {version}: {why}"))?;
    fs::rename(unpacked, &dir).map_err(|e| e.to_string())?;
    Ok(dir)
}

/// The findings, which are also kept as text beside the tree, for who reads them.
fn check(tree: &Path) -> Result<Vec<Value>, String> {
    kept(tree, "text")?;
    let json = checked(tree, "json")?;
    let lines = json.lines().map(serde_json::from_str);
    lines.collect::<Result<_, _>>().map_err(|e| e.to_string())
}

/// What is found, in a file beside the tree.
fn kept(tree: &Path, format: &str) -> Result<PathBuf, String> {
    let name = tree.file_name().unwrap_or_default().to_string_lossy();
    let file = tree.with_file_name(format!("{name}.{format}"));
    fs::write(&file, checked(tree, format)?).map_err(|e| e.to_string())?;
    Ok(file)
}

fn checked(tree: &Path, format: &str) -> Result<String, String> {
    let mut shipload = Command::new(workspace::target().join("debug/shipload"));
    shipload
        .args(["check", "--format", format])
        .current_dir(tree);
    if !tree.join("Dockerfile").is_file() {
        shipload.args(["--file", "-"]);
    }
    shipload
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = shipload.spawn().map_err(|e| e.to_string())?;
    if let Some(mut input) = child.stdin.take() {
        // Where there is a Dockerfile nobody reads this.
        let _ = input.write_all(b"FROM scratch\nCOPY . /src\n");
    }
    let output = child.wait_with_output().map_err(|e| e.to_string())?;
    match output.status.code() {
        Some(0 | 3) => String::from_utf8(output.stdout).map_err(|e| e.to_string()),
        _ => Err(format!(
            "{}: {}",
            tree.display(),
            String::from_utf8_lossy(&output.stderr)
        )),
    }
}

fn is_false(package: &str, finding: &Value) -> bool {
    let text = |key: &str| finding[key].as_str().unwrap_or_default();
    FALSE.iter().any(|(of, code, place, _)| {
        let at = format!("{}:{}", text("file"), finding["line"]);
        *of == package && *code == text("code") && (*place == at || *place == text("path"))
    })
}
