//! The Engines that tests run on: those that the environment names, else private ones, the usual and a later one.

use std::process::Command;

use shipload_testkit::engine::{self, EngineError, Handle, Private};

use crate::report::{Outcome, Report};
use crate::shell;

/// Whether tests are to have Engines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wanted {
    Yes,
    No,
}

/// The Engines that tests run on; those of ours end with this.
pub(crate) struct Engines {
    usual: Option<Engine>,
    modern: Option<Engine>,
}

impl Engines {
    pub(crate) fn provide(wanted: Wanted, report: &mut Report) -> Self {
        let mut provide = |name, given, start| {
            let mut engine = None;
            report.step(name, || {
                if wanted == Wanted::No {
                    return Outcome::Skipped("--no-engine".to_owned());
                }
                match provide_engine(given, start) {
                    Ok((provided, note)) => {
                        println!("    {note}");
                        engine = Some(provided);
                        Outcome::Passed(note)
                    }
                    Err(outcome) => outcome,
                }
            });
            engine
        };
        Self {
            usual: provide("engine", engine::shared_host(), engine::start_private),
            modern: provide("later engine", engine::modern_host(), engine::start_modern),
        }
    }

    /// Tells tests where they are, and nothing that the caller's environment says.
    pub(crate) fn name(&self, command: &mut Command) {
        for (variable, engine) in [
            (engine::HOST_VARIABLE, &self.usual),
            (engine::MODERN_HOST_VARIABLE, &self.modern),
        ] {
            match engine {
                Some(engine) => command.env(variable, &engine.handle().host),
                None => command.env_remove(variable),
            };
        }
    }
}

/// The Engine that tests use: somebody else's, or ours.
enum Engine {
    Given(Handle),
    Ours(Private),
}

impl Engine {
    fn handle(&self) -> &Handle {
        match self {
            Self::Given(handle) => handle,
            Self::Ours(private) => private.handle(),
        }
    }
}

/// The Engine that was given, else one of ours, and what it is.
fn provide_engine(
    given: Option<Handle>,
    start: fn() -> Result<Private, EngineError>,
) -> Result<(Engine, String), Outcome> {
    let provided = match given.map_or_else(
        || start().map(Engine::Ours),
        |handle| Ok(Engine::Given(handle)),
    ) {
        Ok(provided) => provided,
        Err(error) if error.is_impossible() => {
            let hint = error.hint().unwrap_or_default();
            return Err(Outcome::Skipped(format!(
                "{}; hint: {hint}",
                shell::chain(&error)
            )));
        }
        Err(error) => return Err(Outcome::Failed(shell::chain(&error))),
    };
    let handle = provided.handle();
    match handle.describe() {
        Ok(what) => {
            let note = format!("{what}, at {}", handle.host);
            Ok((provided, note))
        }
        Err(error) => Err(Outcome::Failed(format!(
            "`{}` does not answer: {error}",
            handle.host
        ))),
    }
}
