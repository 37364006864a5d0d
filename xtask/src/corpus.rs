//! `cargo xtask corpus`: gathers real Dockerfiles from packages that ship them, for the tests of the parser.
//!
//! The result is committed, `crates/dockerfile/tests/corpus`, because a test run may not depend on four registries. It is one
//! file rather than hundreds: no scanner, editor or line-end conversion then takes them for Dockerfiles of this project.
//! Packages are only unpacked; nothing of them is run, except where pip needs a source package's metadata.

pub(crate) mod fetch;

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use fs_err as fs;
use shipload_testkit::workspace;

use self::fetch::Registry;

/// Packages that ship Dockerfiles: registry, name, version and licence. Only licences that allow copying under their own terms.
///
/// Of two equal files the first package's is kept. The last package's are test data of a builder; the others alone are more than
/// 300.
const PACKAGES: &str = "\
crates backtrace 0.3.40 MIT OR Apache-2.0
crates bore-cli 0.5.0 MIT
crates cargo-chef 0.1.60 MIT OR Apache-2.0
crates cross 0.2.5 MIT OR Apache-2.0
crates dotenv-linter 3.0.0 MIT
crates goose 0.16.0 Apache-2.0
crates libc 0.2.20 MIT OR Apache-2.0
crates libm 0.2.1 MIT OR Apache-2.0
crates miniserve 0.24.0 MIT
crates packed_simd 0.3.3 MIT OR Apache-2.0
crates packed_simd_2 0.3.8 MIT OR Apache-2.0
crates sccache 0.4.0 Apache-2.0
npm @aws-amplify/amplify-container-hosting 2.8.27 Apache-2.0
npm @aws-cdk/aws-lambda-go-alpha 2.258.0-alpha.0 Apache-2.0
npm @aws-cdk/aws-lambda-python-alpha 2.269.0-alpha.0 Apache-2.0
npm @balena/compose 8.0.5 Apache-2.0
npm @devcontainers/cli 0.89.0 MIT
npm @loopback/cli 7.0.17 MIT
npm amplify-category-api 3.3.5 Apache-2.0
npm artillery 2.0.21 MPL-2.0
npm dockerfile-utils 0.16.3 MIT
npm dockerfile_lint 0.3.4 MIT
npm dockerfilelint 1.8.0 MIT
npm dockerlint 0.3.9 MIT
npm generator-jhipster 8.11.0 Apache-2.0
npm newman 6.2.2 Apache-2.0
npm sitespeed.io 40.5.0 MIT
npm statsd 0.9.0 MIT
pypi-source atomic-reactor 1.6.26.3 BSD-3-Clause
pypi-source copier 9.19.1 MIT
pypi-wheel exasol-integration-test-docker-environment 6.5.1 MIT
pypi-wheel feast 0.67.0 Apache-2.0
pypi-source flytekit 1.16.31 Apache-2.0
pypi-wheel inspect-evals 0.26.0 MIT
pypi-source jina 3.34.0 Apache-2.0
pypi-source jupyter-repo2docker 2026.4.0 BSD-3-Clause
pypi-source jupyterhub 6.1.1 BSD-3-Clause
pypi-wheel kedro-docker 0.6.2 Apache-2.0
pypi-source localstack-core 2026.3.0 Apache-2.0
pypi-source pytest-docker-tools 3.1.10 Apache-2.0
pypi-source salt 3008.5 Apache-2.0
pypi-source snakemake 9.27.1 MIT
pypi-source toil 9.6.0 Apache-2.0
pypi-source truss 0.18.36 MIT
debian-source golang-github-containers-buildah 1.28.2+ds1-3+deb12u1 Apache-2.0
";

/// Files that name the host of a package registry, which nothing in this repository does: package and path.
const LEFT_OUT: &[(&str, &str)] = &[
    ("inspect-evals", "inspect_evals/gdpval/Dockerfile"),
    ("sitespeed.io", "Dockerfile-slim"),
];

/// The largest Dockerfile that is taken, in bytes.
const LARGEST: usize = 64 * 1024;

pub(crate) fn run() -> ExitCode {
    match gather() {
        Ok(note) => {
            println!("{note}");
            ExitCode::SUCCESS
        }
        Err(why) => {
            eprintln!("the corpus is left as it is: {why}");
            ExitCode::FAILURE
        }
    }
}

fn gather() -> Result<String, String> {
    let mut known = BTreeSet::new();
    let mut archive = String::new();
    let mut sources = String::from(HEAD);
    for line in PACKAGES.lines() {
        let mut fields = line.splitn(4, ' ');
        let mut field = || {
            fields
                .next()
                .ok_or_else(|| format!("`{line}` lacks a field"))
        };
        let (registry, name, version, licence) =
            (Registry::find(field()?)?, field()?, field()?, field()?);
        let scratch = tempfile::tempdir_in(workspace::target()).map_err(|e| e.to_string())?;
        let unpacked = registry
            .unpack(name, version, scratch.path())
            .map_err(|why| format!("{name} {version}: {why}"))?;
        let (mut taken, mut found) = (0, 0);
        for path in dockerfiles(&unpacked)? {
            let bytes = fs::read(unpacked.join(&path)).map_err(|e| e.to_string())?;
            let Ok(text) = String::from_utf8(bytes) else {
                continue;
            };
            found += 1;
            let is_left_out = LEFT_OUT
                .iter()
                .any(|&(of, file)| of == name && path == Path::new(file));
            if is_left_out || text.len() > LARGEST || !known.insert(text.clone()) {
                continue;
            }
            taken += 1;
            let (path, length) = (path.display(), text.len());
            // Writing to a string does not fail.
            let _ = writeln!(
                archive,
                "==== {length} {} {name} {version} {path}\n{text}",
                registry.key()
            );
        }
        println!("    {name} {version}: {taken} of {found}");
        let _ = writeln!(
            sources,
            "| {} | {name} | {version} | {licence} | {taken} | {found} |",
            registry.title(),
        );
    }
    let folder = workspace::root().join("crates/dockerfile/tests/corpus");
    fs::create_dir_all(&folder).map_err(|e| e.to_string())?;
    for (name, text) in [("dockerfiles.txt", &archive), ("SOURCES.md", &sources)] {
        fs::write(folder.join(name), text).map_err(|e| e.to_string())?;
    }
    Ok(format!("{} different Dockerfiles", known.len()))
}

const HEAD: &str = "\
# Where these Dockerfiles come from

`dockerfiles.txt` holds them one after the other, as they are in the packages. Before each stands a line
`==== BYTES REGISTRY PACKAGE VERSION PATH`, after it a newline. Equal ones are kept once. Left out are templates of other
languages (`.j2`, `.ejs` and the like), what is not UTF-8, and what names the host of a package registry. Written by
`cargo xtask corpus`, which has the list of packages; each file is under its package's licence, as the package states it.

| registry | package | version | licence | files here | in the package |
|---|---|---|---|---|---|
";

/// The paths below a directory that are named as Dockerfiles are, sorted.
fn dockerfiles(root: &Path) -> Result<Vec<PathBuf>, String> {
    let mut found = Vec::new();
    let mut pending = vec![root.to_owned()];
    while let Some(dir) = pending.pop() {
        for entry in fs::read_dir(&dir).map_err(|e| e.to_string())? {
            let entry = entry.map_err(|e| e.to_string())?;
            let kind = entry.file_type().map_err(|e| e.to_string())?;
            let (name, path) = (entry.file_name(), entry.path());
            if kind.is_dir() {
                pending.push(path);
            } else if kind.is_file()
                && name.to_str().is_some_and(is_dockerfile)
                && let Ok(path) = path.strip_prefix(root)
            {
                found.push(path.to_owned());
            }
        }
    }
    found.sort();
    Ok(found)
}

/// Ends of names that are something else: templates, programs, words about Dockerfiles.
const OTHERS: &[&str] = &[
    "j2",
    "jinja",
    "jinja2",
    "ejs",
    "tpl",
    "tmpl",
    "template",
    "in",
    "m4",
    "erb",
    "mustache",
    "md",
    "rst",
    "html",
    "json",
    "yaml",
    "yml",
    "xml",
    "js",
    "ts",
    "map",
    "py",
    "go",
    "sh",
    "dockerignore",
];

/// Whether a file of that name is a Dockerfile: `Dockerfile`, `Containerfile`, `Dockerfile.dev`, `dev.Dockerfile`, `x.dockerfile`.
///
/// `dockerfile-utils` is a program.
fn is_dockerfile(name: &str) -> bool {
    let mut parts = name.split(['.', '-']);
    let is_named = parts.any(|part| part == "Dockerfile" || part == "Containerfile");
    let end = name.rsplit('.').next().unwrap_or_default();
    end == "dockerfile" || is_named && !OTHERS.contains(&end)
}

#[cfg(test)]
mod tests {
    use super::is_dockerfile;

    #[test]
    fn dockerfiles_are_known_by_their_names() {
        for name in [
            "Dockerfile",
            "Containerfile.alpine",
            "Dockerfile-slim",
            "updateUID.Dockerfile",
            "x.dockerfile",
        ] {
            assert!(is_dockerfile(name), "{name}");
        }
        for name in [
            "Dockerfile.j2",
            "Dockerfile.dockerignore",
            "dockerfile-utils",
            "dockerfiles",
            "MyDockerfile.go",
            "Makefile",
        ] {
            assert!(!is_dockerfile(name), "{name}");
        }
    }
}
