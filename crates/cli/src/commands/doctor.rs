//! `shipload doctor`: which engine and which builder would be used and why, what they can do, and which credentials there are.

mod builder;
mod engine;
mod logins;

use std::io::Write as _;

use clap::{Args, ValueEnum};
use serde_json::{Value, json};
use shipload::blocking::{Engine, StartError};
use shipload::engine::{
    AddressQuery, Builder, BuilderQuery, BuilderResolution, ConnectOptions, Environment,
    resolve_builder, sanitize,
};

use crate::args::{EngineArguments, EngineChoice};
use crate::commands::build::builder::Wish;
use crate::exit::Failure;
use crate::ui::Ui;

use self::builder::Chosen;
use self::engine::Findings;
use self::logins::Logins;

/// Says which engine and builder would be used and why
///
/// Asks them what they are, and credential helpers for which registries they have something: users are named, passwords and
/// tokens are not asked for. Exits with 1 where no engine answers and `build` would need one.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// How the findings are written
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,

    /// The builder that `build` would be told by this option: an instance that buildx keeps, or a docker context [default:
    /// `BUILDX_BUILDER`, else `BUILDKIT_HOST`, else the engine]
    #[arg(long, value_name = "NAME")]
    builder: Option<String>,

    #[command(flatten)]
    engine: EngineArguments,
}

/// How the findings are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Lines
    Text,
    /// A JSON object on a line
    Json,
}

/// Lines of text: a name, or none for what belongs to the line above, and what there is to say.
type Rows = Vec<(&'static str, String)>;

pub(crate) fn run(ui: &Ui, arguments: &Arguments, engine: EngineArguments) -> Result<(), Failure> {
    let environment = Environment::from_process();
    let given = arguments.engine.or(engine);
    let wish = Wish::of(EngineChoice::Auto, &environment)?;
    let query = given.query(wish.preference());
    let resolution = resolve(arguments, wish, &environment, query.clone())?;
    let logins = Logins::find(ui, &environment)?;
    let mut options = ConnectOptions::new(environment);
    options.query = match resolution.as_ref().map(|found| &found.builder) {
        Some(Builder::Engine(named)) => named.clone(),
        Some(Builder::Daemon(_)) | None => query,
    };
    let engine = Engine::connect(&options);
    let chosen = match (resolution, &engine) {
        (Some(found), _) if matches!(found.builder, Builder::Daemon(_)) => {
            Chosen::daemon(found, &options)?
        }
        (found, Ok(engine)) => Chosen::of_engine(ui, found, wish, engine),
        (_, Err(error)) => {
            if arguments.format == Format::Json {
                let found = with_logins(engine::absent(error), &logins);
                write(&format!("{found}\n"))?;
            }
            return engine.map(drop).map_err(Failure::from);
        }
    };
    let findings = engine.as_ref().map(Findings::of);
    for error in findings.iter().flat_map(Findings::errors) {
        let Failure {
            message,
            causes,
            hint,
            ..
        } = Failure::of(error).hint(error.hint());
        let said: Vec<String> = std::iter::once(message).chain(causes).collect();
        ui.warning(&said.join(": "), hint.as_deref());
    }
    match arguments.format {
        Format::Text => write(&text(findings.as_ref(), &chosen, &logins)),
        Format::Json => {
            let mut found = match &findings {
                Ok(findings) => json!({"engine": findings.json(), "trail": findings.trail()}),
                Err(error) => engine::absent(error),
            };
            found["builder"] = chosen.json();
            write(&format!("{}\n", with_logins(found, &logins)))
        }
    }
}

/// Which builder is named; none where `DOCKER_BUILDKIT` says that it is the engine's own.
fn resolve(
    arguments: &Arguments,
    wish: Wish,
    environment: &Environment,
    engine: AddressQuery,
) -> Result<Option<BuilderResolution>, Failure> {
    if wish == Wish::Classic {
        return match arguments.builder {
            Some(_) => Err(Wish::forbids_builders()),
            None => Ok(None),
        };
    }
    let query = BuilderQuery {
        builder: arguments.builder.clone(),
        engine,
        platforms: Vec::new(),
    };
    let found = resolve_builder(environment, &query);
    found
        .map(Some)
        .map_err(|error| Failure::of(&error).hint(error.hint()))
}

/// What was found, with the credentials.
fn with_logins(mut found: Value, logins: &Logins) -> Value {
    found["logins"] = logins.json();
    found["login_problems"] = logins.problems();
    found
}

fn text(findings: Result<&Findings<'_>, &&StartError>, chosen: &Chosen, logins: &Logins) -> String {
    let mut rows = match findings {
        Ok(findings) => findings.rows(),
        Err(_) => vec![(
            "engine",
            "none answers, and the builder needs none".to_owned(),
        )],
    };
    rows.extend(chosen.rows());
    rows.extend(logins.rows());
    let lines: Vec<String> = rows
        .iter()
        .map(|(name, text)| format!("{name:9} {}", sanitize(text)).trim_end().to_owned())
        .collect();
    lines.join("\n") + "\n"
}

fn write(text: &str) -> Result<(), Failure> {
    Ui::result()?
        .write_all(text.as_bytes())
        .map_err(|error| Failure::new("cannot write the findings").caused_by(&error))
}
