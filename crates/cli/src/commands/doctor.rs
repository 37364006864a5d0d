//! `shipload doctor`: which engine and which builder would be used and why, what they can do, and which credentials there are.

mod builder;
mod engine;
mod logins;

use std::io::Write as _;

use clap::{Args, ValueEnum};
use serde_json::{Value, json};
use shipload::blocking::Engine;
use shipload::engine::{
    AddressQuery, Builder, BuilderQuery, BuilderResolution, ConnectOptions, Environment,
    resolve_builder, sanitize,
};

use crate::args::{EngineArguments, EngineChoice};
use crate::commands::build::builder::Wish;
use crate::exit::{Exit, Failure};
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

/// How many characters of a text are shown.
const LONGEST: usize = 300;

/// Lines of text: a name, or none for what belongs to the line above, and what there is to say.
type Rows = Vec<(&'static str, String)>;

pub(crate) fn run(ui: &Ui, arguments: &Arguments, engine: EngineArguments) -> Result<(), Failure> {
    let environment = Environment::from_process();
    let given = arguments.engine.or(engine);
    let wish = Wish::of(EngineChoice::Auto, &environment)?;
    let query = given.query(wish.preference());
    let resolution = resolve(arguments, wish, &environment, query.clone());
    if let Err(failure) = &resolution
        && failure.exit == Exit::Usage
    {
        return resolution.map(drop);
    }
    let logins = Logins::find(ui, &environment)?;
    let mut options = ConnectOptions::new(environment);
    options.query = match &resolution {
        Ok(Some(BuilderResolution {
            builder: Builder::Engine(named),
            ..
        })) => named.clone(),
        Ok(_) | Err(_) => query,
    };
    let engine = Engine::connect(&options);
    let chosen = resolution.map(|found| match (found, &engine) {
        (Some(found), _) if matches!(found.builder, Builder::Daemon(_)) => {
            Chosen::daemon(found, &options).map(Some)
        }
        (found, Ok(engine)) => Ok(Some(Chosen::of_engine(ui, found, wish, engine))),
        (_, Err(_)) => Ok(None),
    });
    let chosen = chosen.flatten();
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
    let builder = chosen.as_ref().ok().and_then(Option::as_ref);
    let found = match arguments.format {
        Format::Text => text(findings.as_ref().ok(), builder, &logins),
        Format::Json => {
            let mut found = match &findings {
                Ok(findings) => json!({"engine": findings.json(), "trail": findings.trail()}),
                Err(error) => engine::absent(error),
            };
            found["builder"] = builder.map_or(Value::Null, Chosen::json);
            found["logins"] = logins.json();
            found["login_problems"] = logins.problems();
            format!("{found}\n")
        }
    };
    Ui::listing("findings", |out| out.write_all(found.as_bytes()))?;
    match chosen? {
        Some(_) => Ok(()),
        None => engine.map(drop).map_err(Failure::from),
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

/// What is known, whether there is a builder or not.
fn text(findings: Option<&Findings<'_>>, chosen: Option<&Chosen>, logins: &Logins) -> String {
    let mut rows = match (findings, chosen) {
        (Some(findings), _) => findings.rows(),
        (None, Some(_)) => vec![(
            "engine",
            "none answers, and the builder needs none".to_owned(),
        )],
        (None, None) => vec![("engine", "none".to_owned())],
    };
    let none = || vec![("builder", "none".to_owned())];
    rows.extend(chosen.map_or_else(none, Chosen::rows));
    rows.extend(logins.rows());
    let lines: Vec<String> = rows
        .iter()
        .map(|(name, text)| format!("{name:9} {}", line(text)).trim_end().to_owned())
        .collect();
    lines.join("\n") + "\n"
}

/// A text that may be somebody else's, on one line: a proxy answers with a page.
fn line(text: &str) -> String {
    let text = sanitize(text);
    let words: Vec<&str> = text.split_whitespace().collect();
    let mut line = words.join(" ");
    if let Some((end, _)) = line.char_indices().nth(LONGEST) {
        line.truncate(end);
        line.push('…');
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_others_say_is_one_short_line() {
        let page = "<html>\n  <p>\tno\x1b[31m\n</html>\n";
        assert_eq!(line(page), "<html> <p> no </html>");
        let long = line(&"é ".repeat(1000));
        assert_eq!(long.chars().count(), LONGEST + 1);
        assert!(long.ends_with('…'));
    }
}
