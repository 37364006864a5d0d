//! Times the judging of 200,000 paths by 200 rules, for rule files of several kinds.
//!
//! `cargo run --release -p shipload-ignore --example speed`

#![allow(clippy::print_stdout)]

use std::fmt::Write as _;
use std::time::Instant;

use shipload_ignore::{Frame, MatchError, Rules, Semantics};

/// Writes the `i`th rule of a file.
type Write = fn(&mut String, usize) -> std::fmt::Result;

const KINDS: &[(&str, Write)] = &[
    ("`**` and `!`, mixed", |out, i| match i % 5 {
        0 => writeln!(out, "**/name{i}"),
        1 => writeln!(out, "**/*.ext{i}"),
        2 => writeln!(out, "!**/keep{i}*.txt"),
        3 => writeln!(out, "dir{i}/**/gen_*.go"),
        _ => writeln!(out, "**/cache{i}/**"),
    }),
    ("`**/name`", |out, i| writeln!(out, "**/name{i}")),
    ("`**/*name*`", |out, i| writeln!(out, "**/*name{i}*")),
    ("`**/*[ab]N*.c`, same ending", |out, i| {
        writeln!(out, "**/*[ab]{i}*.c")
    }),
    ("`aN|bN*`, one automaton", |out, i| {
        writeln!(out, "q{i}|**/r{i}*")
    }),
    ("`**/*[^x]qN*`, automaton", |out, i| {
        writeln!(out, "**/*[^x]q{i}*")
    }),
    ("`x**/y*N`, one automaton", |out, i| {
        writeln!(out, "x**y*{i}")
    }),
];

fn main() -> Result<(), Box<dyn std::error::Error>> {
    for (kind, write) in KINDS {
        let mut text = String::new();
        for i in 0..200 {
            write(&mut text, i)?;
        }
        for semantics in [Semantics::Classic, Semantics::BuildKit, Semantics::Podman] {
            let start = Instant::now();
            let rules = Rules::parse(semantics, ".dockerignore", text.as_bytes())?;
            let loaded = start.elapsed();
            let start = Instant::now();
            let mut count = Count::default();
            walk(&rules, &rules.root(), "", 0, &mut count)?;
            let judged = start.elapsed();
            let each = judged.as_nanos() / u128::from(count.paths);
            println!(
                "{kind:28} {semantics:?}: {} paths, {} out, load {loaded:.1?}, judge {judged:.1?}, \
                 {each} ns each",
                count.paths, count.excluded
            );
        }
    }
    Ok(())
}

#[derive(Default)]
struct Count {
    paths: u32,
    excluded: u32,
}

/// Five levels of ten directories, with a few files in each directory.
fn walk(
    rules: &Rules,
    frame: &Frame,
    directory: &str,
    depth: usize,
    count: &mut Count,
) -> Result<(), MatchError> {
    const FILES: &[&str] = &[
        "name7.txt",
        "main.c",
        "lib.ext6",
        "README.md",
        "keep12_a.txt",
        "a8b.c",
        "x.rs",
        "y199",
    ];
    let mut judge = |name: &str, is_directory: bool| {
        let path = format!("{directory}{name}");
        let judged = rules.judge(frame, path.as_bytes(), is_directory)?;
        count.paths += 1;
        count.excluded += u32::from(judged.excluded);
        if judged.enter {
            walk(rules, &judged.frame, &format!("{path}/"), depth + 1, count)?;
        }
        Ok(())
    };
    for number in 0..if depth == 4 { 10 } else { 0 } {
        judge(&format!("file{number}.py"), false)?;
    }
    for file in FILES {
        judge(file, false)?;
    }
    for number in 0..if depth < 4 { 10 } else { 0 } {
        judge(&format!("directory_{number}"), true)?;
    }
    Ok(())
}
