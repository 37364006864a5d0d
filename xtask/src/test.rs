//! `cargo xtask test`: every check there is, on any machine that has Rust and a C compiler.
//!
//! Later steps run even when an earlier one failed, so that one run tells everything. What this machine cannot do is
//! skipped and said so in the table at the end; with `CI` set a skip is a failure.

use std::collections::{BTreeMap, BTreeSet};
use std::process::{Command, ExitCode};

use fs_err as fs;
use shipload_testkit::{buildkit_parser, engine, workspace};

use crate::engines::{Engines, Wanted};
use crate::report::{Outcome, Report};
use crate::tools::{self, Tools};
use crate::{depcheck, generate, shell};

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Only this crate, as cargo takes it; may be repeated
    #[arg(short, long, value_name = "CRATE")]
    package: Vec<String>,
    /// Run no Engine; tests that need one are skipped
    #[arg(long)]
    no_engine: bool,
    /// Run only tests whose names contain one of these, and none of the other checks
    #[arg(value_name = "FILTER")]
    filters: Vec<String>,
}

pub(crate) fn run(arguments: &Arguments) -> ExitCode {
    let mut report = Report::new(workspace::is_ci());
    if arguments.filters.is_empty() {
        static_checks(arguments, &mut report);
    }
    let tools = provide_tools(&mut report);
    let engines = Engines::provide(arguments.engines(), &mut report);

    let skips = workspace::target().join("skipped-tests");
    let _ = fs::remove_file(&skips);
    let prepare = |command: &mut Command| {
        command.env(engine::SKIPS_VARIABLE, &skips);
        engines.name(command);
        if let Some(tools) = &tools {
            command
                .env(workspace::DEVTOOLS_VARIABLE, &tools.devtools)
                .env(buildkit_parser::PYTHON_VARIABLE, &tools.python);
        }
    };
    report.check("tests", || {
        let mut tests = shell::cargo();
        if shell::has_cargo("nextest") {
            tests.args(["nextest", "run", "--locked", "--no-fail-fast"]);
            // A crate may have no tests yet, but a filter that finds none is a slip.
            if arguments.filters.is_empty() {
                tests.arg("--no-tests=pass");
            }
        } else {
            // Everything that has tests: libraries and programs too, whatever the option is called.
            tests.args(["test", "--locked", "--no-fail-fast", "--tests"]);
            // It knows no groups, and no two tests may build on one Engine at once (`.config/nextest.toml` says why).
            tests.env("RUST_TEST_THREADS", "1");
        }
        arguments.select(&mut tests);
        tests.arg("--").args(&arguments.filters);
        prepare(&mut tests);
        shell::stream(&mut tests)
    });
    if arguments.filters.is_empty() {
        // nextest does not run them.
        report.check("documentation tests", || {
            let mut tests = shell::cargo();
            tests.args(["test", "--locked", "--doc"]);
            arguments.select(&mut tests);
            prepare(&mut tests);
            shell::stream(&mut tests)
        });
    }
    report_skips(&fs::read_to_string(&skips).unwrap_or_default(), &mut report);
    drop(engines);
    report.finish()
}

impl Arguments {
    /// Whether the named crate is to be checked.
    fn covers(&self, package: &str) -> bool {
        self.package.is_empty() || self.package.iter().any(|chosen| chosen == package)
    }

    fn engines(&self) -> Wanted {
        if self.no_engine {
            Wanted::No
        } else {
            Wanted::Yes
        }
    }

    fn select(&self, command: &mut Command) {
        if self.package.is_empty() {
            command.arg("--workspace");
        }
        for package in &self.package {
            command.args(["--package", package]);
        }
    }
}

/// Reads what tests noted when they skipped themselves, and gives each reason a line.
fn report_skips(notes: &str, report: &mut Report) {
    let mut reasons: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for line in notes.lines() {
        let (test, why) = line.split_once('\t').unwrap_or((line, ""));
        reasons.entry(why).or_default().insert(test);
    }
    for (why, tests) in reasons {
        println!("\n==> skipped tests");
        for test in &tests {
            println!("    {test}");
        }
        let plural = if tests.len() == 1 { "" } else { "s" };
        report.skipped(&format!("{} test{plural}", tests.len()), why);
    }
}

fn static_checks(arguments: &Arguments, report: &mut Report) {
    report.step("format", || {
        component("fmt", shell::cargo().args(["fmt", "--all", "--check"]))
    });
    report.check("dependencies", depcheck::check);
    report.step("lints", || {
        let mut clippy = shell::cargo();
        clippy.args(["clippy", "--locked", "--all-targets"]);
        arguments.select(&mut clippy);
        component("clippy", clippy.args(["--", "-D", "warnings"]))
    });
    report.check("documentation", || {
        let mut doc = shell::cargo();
        doc.args(["doc", "--locked", "--no-deps"])
            .env("RUSTDOCFLAGS", "-D warnings");
        arguments.select(&mut doc);
        shell::stream(&mut doc)
    });
    if arguments.covers("shipload-cli") {
        report.check("generated files", generate::check);
    }
}

/// Runs a part of the toolchain that may not be installed.
fn component(name: &str, command: &mut Command) -> Outcome {
    if !shell::has_cargo(name) {
        return Outcome::Skipped(format!("`cargo {name}` is not installed"));
    }
    match shell::stream(command) {
        Ok(()) => Outcome::Passed(String::new()),
        Err(message) => Outcome::Failed(message),
    }
}

fn provide_tools(report: &mut Report) -> Option<Tools> {
    let mut provided = None;
    report.step("docker-devtools, dockerfile", || match tools::for_tests() {
        Ok(tools) => {
            provided = Some(tools);
            Outcome::Passed(String::new())
        }
        Err(why) => Outcome::Skipped(format!(
            "{why}; tests replay recorded answers or skip themselves"
        )),
    });
    provided
}
