//! `cargo xtask fuzz`: long comparisons with real builders on random cases. The tests run short ones.

use std::process::ExitCode;

use shipload_testkit::oracle::{Oracle, Semantics};
use shipload_testkit::{buildkit_parser, fuzz, workspace};

use crate::{shell, tools};

#[derive(clap::Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    subject: Subject,
}

#[derive(clap::Subcommand)]
enum Subject {
    /// Compares the ignore rules with the docker CLI and with `BuildKit`'s walk
    Ignore {
        /// How many cases
        #[arg(long, default_value_t = 50_000)]
        cases: u64,
        /// The first seed; the tests use those below 100,000
        #[arg(long, default_value_t = 100_000)]
        seed: u64,
        /// Only these builders; buildah is slow, hence not among the usual ones
        #[arg(long = "builder", default_values = ["classic", "buildkit"])]
        builders: Vec<Builder>,
    },
    /// Compares the parser of Dockerfiles with `BuildKit`'s, on mutated and generated ones
    Dockerfile {
        /// How many cases
        #[arg(long, default_value_t = 200_000)]
        cases: u64,
        /// The first seed; the tests use those below 100,000
        #[arg(long, default_value_t = 100_000)]
        seed: u64,
    },
    /// Expands words of anything that is special in them, and words of a mebibyte against the clock
    Words {
        /// How many cases
        #[arg(long, default_value_t = 1_000_000)]
        cases: u32,
    },
    /// Gives hostile values to every method of the Dockerfile builder, and reads them back with both parsers
    Builder {
        /// How many values
        #[arg(long, default_value_t = 1_000_000)]
        cases: u64,
        /// The first seed; the tests use those below 100,000
        #[arg(long, default_value_t = 100_000)]
        seed: u64,
    },
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum Builder {
    /// The docker CLI's classic builds
    Classic,
    /// `docker-devtools`
    Buildkit,
    /// buildah
    Podman,
}

impl Builder {
    fn semantics(self) -> Semantics {
        match self {
            Self::Classic => Semantics::Classic,
            Self::Buildkit => Semantics::BuildKit,
            Self::Podman => Semantics::Podman,
        }
    }
}

pub(crate) fn run(arguments: &Arguments) -> ExitCode {
    match &arguments.subject {
        Subject::Ignore {
            cases,
            seed,
            builders,
        } => ignore(*cases, *seed, builders),
        Subject::Dockerfile { cases, seed } => outcome(dockerfile(*cases, *seed)),
        Subject::Words { cases } => outcome(test(
            "shipload-dockerfile",
            &["words::quoted", "words::arbitrary", "words::hostile"],
            (*cases).into(),
            0,
        )),
        Subject::Builder { cases, seed } => {
            let names = ["builder::hostile::what_parsers_read_is_what_was_given"];
            outcome(test("shipload-dockerfile", &names, *cases, *seed))
        }
    }
}

fn outcome(result: Result<(), String>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("{why}");
            ExitCode::FAILURE
        }
    }
}

/// Against the other parser, and against the clock, which only an optimised build can meet.
fn dockerfile(cases: u64, seed: u64) -> Result<(), String> {
    // Without it the tests would skip themselves.
    tools::for_tests()?;
    let names = ["differential::", "hostile::a_mebibyte"];
    test("shipload-dockerfile", &names, cases, seed)
}

fn ignore(cases: u64, seed: u64, builders: &[Builder]) -> ExitCode {
    let mut code = ExitCode::SUCCESS;
    for builder in builders {
        let semantics = builder.semantics();
        let report = Oracle::find(semantics).and_then(|oracle| {
            fuzz::ignore(&oracle, cases, seed).map_err(|error| error.to_string())
        });
        match report {
            Ok(report) => {
                println!("{semantics:?}: {report}");
                if !report.differing.is_empty() {
                    code = ExitCode::FAILURE;
                }
            }
            Err(why) => {
                eprintln!("{semantics:?}: {why}");
                code = ExitCode::FAILURE;
            }
        }
        // Whole archives too, on trees with every kind of file.
        if let Builder::Classic = builder
            && let Err(why) = test(
                "shipload-context",
                &["official::the_classic_archive"],
                cases,
                seed,
            )
        {
            eprintln!("{semantics:?}: {why}");
            code = ExitCode::FAILURE;
        }
    }
    code
}

/// Runs tests of a crate with as many cases. They stand there, because xtask has to run when that crate does not compile.
fn test(package: &str, names: &[&str], cases: u64, seed: u64) -> Result<(), String> {
    let mut test = shell::cargo();
    test.args(["test", "--quiet", "--release", "--locked", "--test", "it"])
        .args(["--package", package, "--", "--nocapture"])
        .args(names)
        .env("SHIPLOAD_CASES", cases.to_string())
        .env("SHIPLOAD_SEED", seed.to_string());
    match tools::for_tests() {
        Ok(tools) => {
            test.env(workspace::DEVTOOLS_VARIABLE, tools.devtools)
                .env(buildkit_parser::PYTHON_VARIABLE, tools.python);
        }
        Err(why) => eprintln!("{why}"),
    }
    shell::stream(&mut test)
}
