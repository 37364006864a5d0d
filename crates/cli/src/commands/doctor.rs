//! `shipload doctor`: which engine would be used and why, and what it can do.

use std::io::Write as _;

use clap::{Args, ValueEnum};
use serde_json::{Value, json};
use shipload::blocking::{Engine, StartError};
use shipload::engine::{
    Abilities, About, ConnectError, Considered, EngineKind, Environment, RequestError, SystemInfo,
    VersionInfo, sanitize,
};

use crate::args::EngineArguments;
use crate::engine::Preference;
use crate::exit::Failure;
use crate::size::Size;
use crate::ui::Ui;

/// Says which engine would be used and why
///
/// Asks it what it is. Exits with 1 where no engine answers.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// How the findings are written
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,

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

/// What is known of an engine.
struct Findings<'a> {
    about: &'a About,
    version: Result<VersionInfo, RequestError>,
    info: Result<SystemInfo, RequestError>,
    /// What its BuildKit can do.
    buildkit: Result<Abilities, RequestError>,
    /// By `DOCKER_BUILDKIT`.
    is_buildkit_forbidden: bool,
}

pub(crate) fn run(ui: &Ui, arguments: &Arguments, engine: EngineArguments) -> Result<(), Failure> {
    let environment = Environment::from_process();
    let engine = arguments
        .engine
        .or(engine)
        .connect(&environment, Preference::Docker);
    let engine = match engine {
        Ok(engine) => engine,
        Err(error) => {
            if arguments.format == Format::Json {
                write(&format!("{}\n", absent(&error)))?;
            }
            return Err(error.into());
        }
    };
    let findings = Findings::of(&engine, &environment);
    let errors = [
        findings.version.as_ref().err(),
        findings.info.as_ref().err(),
    ];
    for error in errors.into_iter().flatten() {
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
        Format::Text => write(&findings.text()),
        Format::Json => write(&format!("{}\n", findings.json())),
    }
}

fn write(text: &str) -> Result<(), Failure> {
    Ui::result()?
        .write_all(text.as_bytes())
        .map_err(|error| Failure::new("cannot write the findings").caused_by(&error))
}

impl<'a> Findings<'a> {
    fn of(engine: &'a Engine, environment: &Environment) -> Self {
        Self {
            about: engine.about(),
            version: engine.version(),
            info: engine.info(),
            buildkit: engine.buildkit().abilities(),
            // Other text than a boolean is for a build to refuse.
            is_buildkit_forbidden: environment.buildkit() == Ok(Some(false)),
        }
    }

    fn kind(&self) -> &'static str {
        match self.about.kind {
            EngineKind::Docker => "docker",
            EngineKind::Podman => "podman",
        }
    }

    /// The classic builder, and BuildKit with what it can and cannot do.
    fn builders(&self) -> Vec<(&'static str, String)> {
        let abilities = match &self.buildkit {
            Ok(abilities) => abilities,
            Err(error) => {
                let why = Failure::of(error);
                let why = why.causes.last().unwrap_or(&why.message);
                return vec![("builders", format!("classic; no BuildKit: {why}"))];
            }
        };
        let version = abilities.version.map(|version| format!(" {version}"));
        let version = version.unwrap_or_default();
        let mut rows = vec![("builders", format!("classic; BuildKit{version}"))];
        rows.push(("for", abilities.platforms.join(", ")));
        let missing = abilities.missing().join(", ");
        if !missing.is_empty() {
            rows.push(("without", missing));
        }
        rows
    }

    fn buildkit(&self) -> Value {
        let Ok(abilities) = &self.buildkit else {
            return Value::Null;
        };
        json!({
            "version": abilities.version.map(|version| version.to_string()),
            "platforms": abilities.platforms,
            "missing": abilities.missing(),
        })
    }

    fn text(&self) -> String {
        let about = self.about;
        let version = self.version.as_ref().ok();
        let known = |text: Option<&String>| text.map_or("unknown", String::as_str).to_owned();
        let mut rows = vec![("engine", format!("{} ({})", about.address, about.why))];
        for Considered { source, said } in &about.trail {
            let said = said
                .as_ref()
                .map_or("says nothing".to_owned(), |said| format!("says {said}"));
            rows.push(("", format!("{source} {said}")));
        }
        let name = match about.kind {
            EngineKind::Docker => "Docker Engine",
            EngineKind::Podman => "Podman",
        };
        let number = known(version.and_then(|version| version.version.as_ref()));
        let os = known(version.and_then(|version| version.os.as_ref()));
        let arch = known(version.and_then(|version| version.arch.as_ref()));
        rows.push(("is", format!("{name} {number} on {os}/{arch}")));
        let newest = about
            .newest_api
            .map_or(String::new(), |api| format!(", of at most {api}"));
        rows.push(("API", format!("{}{newest}", about.api)));
        if let Ok(info) = &self.info {
            let unknown = || "unknown".to_owned();
            let cpus = info.cpus.map_or_else(unknown, |cpus| cpus.to_string());
            let memory = info
                .memory
                .map_or_else(unknown, |bytes| Size(bytes).to_string());
            rows.push(("storage", known(info.storage_driver.as_ref())));
            rows.push(("machine", format!("{cpus} processors, {memory} of memory")));
        }
        rows.extend(self.builders());
        rows.push(("rules", format!("those of {}", self.rules())));
        rows.push(("sends", format!("with compression {}", compression(about))));
        let warnings = self.info.iter().flat_map(|info| &info.warnings);
        rows.extend(warnings.map(|warning| ("warning", warning.clone())));
        let lines: Vec<String> = rows
            .iter()
            .map(|(name, text)| format!("{name:9} {}", sanitize(text)).trim_end().to_owned())
            .collect();
        lines.join("\n") + "\n"
    }

    /// Whose ignore rules `shipload build` goes by.
    fn rules(&self) -> &'static str {
        match self.about.kind {
            EngineKind::Docker if self.buildkit.is_ok() && !self.is_buildkit_forbidden => {
                "BuildKit"
            }
            EngineKind::Docker => "the classic builder",
            EngineKind::Podman => "podman",
        }
    }

    fn json(&self) -> Value {
        let about = self.about;
        let version = self.version.as_ref().ok();
        let info = self.info.as_ref().ok();
        json!({
            "engine": {
                "address": about.address.to_string(),
                "why": about.why.to_string(),
                "kind": self.kind(),
                "version": version.and_then(|version| version.version.clone()),
                "os": version.and_then(|version| version.os.clone()),
                "arch": version.and_then(|version| version.arch.clone()),
                "api": about.api.to_string(),
                "newest_api": about.newest_api.map(|api| api.to_string()),
                "storage": info.and_then(|info| info.storage_driver.clone()),
                "cpus": info.and_then(|info| info.cpus),
                "memory": info.and_then(|info| info.memory),
                "warnings": info.map(|info| info.warnings.clone()).unwrap_or_default(),
                "builders": { "classic": true, "buildkit": self.buildkit() },
            },
            "trail": trail(&about.trail),
        })
    }
}

/// None over a Unix socket, gzip over a network.
fn compression(about: &About) -> &'static str {
    if about.address.is_remote() {
        "gzip"
    } else {
        "none"
    }
}

fn trail(trail: &[Considered]) -> Value {
    let asked = |asked: &Considered| json!({"source": asked.source, "said": asked.said});
    trail.iter().map(asked).collect()
}

/// What is known where no engine answers.
fn absent(error: &StartError) -> Value {
    let StartError::Connect(ConnectError::NoEngine(tried)) = error else {
        return json!({ "engine": null });
    };
    let attempts: Value = tried
        .attempts
        .iter()
        .map(|attempt| {
            let why = Failure::of(&attempt.error);
            json!({
                "address": attempt.candidate.address.to_string(),
                "why": attempt.candidate.why.to_string(),
                "error": why.causes.last().unwrap_or(&why.message),
            })
        })
        .collect();
    json!({"engine": null, "tried": attempts, "trail": trail(&tried.trail)})
}
