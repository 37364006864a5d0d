//! `cargo xtask record`: asks real builders what tests replay where the builder is missing, or compare with.

mod least;

use std::process::ExitCode;

use fs_err as fs;
use shipload_testkit::oracle::{Oracle, Semantics};
use shipload_testkit::{record, workspace};

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Which answers to renew
    #[arg(value_enum, default_value_t = What::Rules)]
    what: What,
    /// Of the least contexts only cases whose names contain this; without it, those that have no answers
    #[arg(long, value_name = "TEXT")]
    only: Option<String>,
    /// How many cases of each builder
    #[arg(long, default_value_t = 400)]
    cases: u64,
    /// The first seed
    #[arg(long, default_value_t = 50_000)]
    seed: u64,
}

#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum What {
    /// Which paths ignore rules leave
    Rules,
    /// Which paths Dockerfiles read
    Least,
}

/// Each builder and the recording of its answers, below `crates/ignore/tests/recorded`.
const RECORDINGS: &[(Semantics, &str)] = &[
    (Semantics::Classic, "classic.jsonl"),
    (Semantics::BuildKit, "buildkit.jsonl"),
    (Semantics::Podman, "podman.jsonl"),
];

pub(crate) fn run(arguments: &Arguments) -> ExitCode {
    match arguments.what {
        What::Rules => rules(arguments),
        What::Least => match least::record(arguments.only.as_deref()) {
            Ok(()) => ExitCode::SUCCESS,
            Err(why) => {
                eprintln!("the table is left as it is: {why}");
                ExitCode::FAILURE
            }
        },
    }
}

fn rules(arguments: &Arguments) -> ExitCode {
    let mut code = ExitCode::SUCCESS;
    for (semantics, file) in RECORDINGS {
        let file = workspace::root()
            .join("crates/ignore/tests/recorded")
            .join(file);
        let written = Oracle::find(*semantics).and_then(|oracle| {
            let recording = record::record(&oracle, arguments.seed, arguments.cases);
            let text = recording.and_then(|recording| recording.to_text());
            text.and_then(|text| fs::write(&file, text))
                .map_err(|error| error.to_string())
        });
        match written {
            Ok(()) => println!("{}", file.display()),
            Err(why) => {
                eprintln!("{} is left as it is: {why}", file.display());
                code = ExitCode::FAILURE;
            }
        }
    }
    code
}
