//! `cargo xtask fuzz`: long comparisons with real builders on random cases. The tests run short ones.

use std::process::ExitCode;

use shipload_testkit::fuzz;
use shipload_testkit::oracle::{Oracle, Semantics};

use crate::shell;

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
    let Subject::Ignore {
        cases,
        seed,
        builders,
    } = &arguments.subject;
    let mut code = ExitCode::SUCCESS;
    for builder in builders {
        let semantics = builder.semantics();
        let report = Oracle::find(semantics).and_then(|oracle| {
            fuzz::ignore(&oracle, *cases, *seed).map_err(|error| error.to_string())
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
        if let Builder::Classic = builder
            && let Err(why) = archives(*cases, *seed)
        {
            eprintln!("{semantics:?}: {why}");
            code = ExitCode::FAILURE;
        }
    }
    code
}

/// Compares whole archives with the docker CLI's, on trees with every kind of file: the test of the context crate, with as many
/// cases. It stands there, because xtask has to run when that crate does not compile.
fn archives(cases: u64, seed: u64) -> Result<(), String> {
    let mut test = shell::cargo();
    test.args([
        "test",
        "--quiet",
        "--release",
        "--locked",
        "--package",
        "shipload-context",
        "--test",
        "it",
    ])
    .args(["official::the_classic_archive", "--", "--nocapture"])
    .env("SHIPLOAD_CASES", cases.to_string())
    .env("SHIPLOAD_SEED", seed.to_string());
    shell::stream(&mut test)
}
