//! Finding the engine that a verb asks, and saying why there is none.

use shipload::blocking::{Engine, StartError};
use shipload::engine::{AddressQuery, ConnectError, ConnectOptions, Environment, NoEngine};

use crate::args::EngineArguments;
use crate::exit::Failure;

/// Whom to ask first where nothing names an engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Preference {
    Docker,
    Podman,
}

impl EngineArguments {
    /// Whether an engine was named.
    pub(crate) fn is_given(&self) -> bool {
        self.host.is_some() || self.context.is_some()
    }

    /// These where they name an engine, else those that stood before the verb.
    #[must_use]
    pub(crate) fn or(&self, before: Self) -> Self {
        if self.is_given() {
            self.clone()
        } else {
            before
        }
    }

    /// Connects.
    ///
    /// # Errors
    /// When no engine answers: with every address that was tried, and why.
    pub(crate) fn connect(
        &self,
        environment: &Environment,
        preference: Preference,
    ) -> Result<Engine, StartError> {
        let mut options = ConnectOptions::new(environment.clone());
        options.query = self.query(preference);
        Engine::connect(&options)
    }

    /// What they say of the engine.
    pub(crate) fn query(&self, preference: Preference) -> AddressQuery {
        AddressQuery {
            context: self.context.clone(),
            host: self.host.clone(),
            podman_first: preference == Preference::Podman,
        }
    }
}

impl From<StartError> for Failure {
    fn from(error: StartError) -> Self {
        let hint = error.hint();
        match &error {
            StartError::Connect(ConnectError::NoEngine(tried)) => no_engine(tried).hint(hint),
            _ => Self::of(&error).hint(hint),
        }
    }
}

fn no_engine(tried: &NoEngine) -> Failure {
    let mut failure = Failure::new("no engine answers");
    for attempt in &tried.attempts {
        let why = Failure::of(&attempt.error);
        let last = why.causes.last().unwrap_or(&why.message);
        let (address, reason) = (&attempt.candidate.address, &attempt.candidate.why);
        failure
            .details
            .push(format!("tried `{address}` ({reason}): {last}"));
    }
    let silent = tried.trail.iter().filter(|asked| asked.said.is_none());
    let silent: Vec<&str> = silent.map(|asked| asked.source).collect();
    if !silent.is_empty() {
        failure
            .details
            .push(format!("nothing was said by {}", silent.join(", ")));
    }
    failure
}
