//! What an engine is and what it can do.

use serde_json::{Value, json};
use shipload::blocking::{Engine, StartError};
use shipload::engine::{
    Abilities, About, ConnectError, Considered, EngineKind, RequestError, SystemInfo, VersionInfo,
};

use crate::exit::Failure;
use crate::size::Size;

use super::Rows;

/// What is known of an engine.
pub(super) struct Findings<'a> {
    about: &'a About,
    version: Result<VersionInfo, RequestError>,
    info: Result<SystemInfo, RequestError>,
    /// What its BuildKit can do.
    buildkit: Result<Abilities, RequestError>,
}

impl<'a> Findings<'a> {
    /// Asks.
    pub(super) fn of(engine: &'a Engine) -> Self {
        Self {
            about: engine.about(),
            version: engine.version(),
            info: engine.info(),
            buildkit: engine.buildkit().abilities(),
        }
    }

    /// Who was asked for its address.
    pub(super) fn trail(&self) -> Value {
        trail(&self.about.trail)
    }

    /// What it did not answer to.
    pub(super) fn errors(&self) -> impl Iterator<Item = &RequestError> {
        let errors = [self.version.as_ref().err(), self.info.as_ref().err()];
        errors.into_iter().flatten()
    }

    fn kind(&self) -> &'static str {
        match self.about.kind {
            EngineKind::Docker => "docker",
            EngineKind::Podman => "podman",
        }
    }

    /// The classic builder, and BuildKit with what it can and cannot do.
    fn builders(&self) -> Rows {
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
        rows.extend(able(abilities));
        rows
    }

    /// Lines of text.
    pub(super) fn rows(&self) -> Rows {
        let about = self.about;
        let version = self.version.as_ref().ok();
        let known = |text: Option<&String>| text.map_or("unknown", String::as_str).to_owned();
        let mut rows = vec![("engine", format!("{} ({})", about.address, about.why))];
        rows.extend(asked(&about.trail));
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
        rows.push(("sends", format!("with compression {}", compression(about))));
        let warnings = self.info.iter().flat_map(|info| &info.warnings);
        rows.extend(warnings.map(|warning| ("warning", warning.clone())));
        rows
    }

    /// The same for programs.
    pub(super) fn json(&self) -> Value {
        let about = self.about;
        let version = self.version.as_ref().ok();
        let info = self.info.as_ref().ok();
        json!({
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
                "builders": { "classic": true, "buildkit": self.buildkit.as_ref().map_or(Value::Null, told) },
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

/// What a BuildKit builds for, and what it lacks.
pub(super) fn able(abilities: &Abilities) -> Rows {
    let mut rows = vec![("for", abilities.platforms.join(", "))];
    let missing = abilities.missing().join(", ");
    if !missing.is_empty() {
        rows.push(("without", missing));
    }
    rows
}

/// The same for programs.
pub(super) fn told(abilities: &Abilities) -> Value {
    json!({
        "version": abilities.version.map(|version| version.to_string()),
        "platforms": abilities.platforms,
        "missing": abilities.missing(),
    })
}

/// Who was asked on the way to a decision, and what was said.
pub(super) fn asked(trail: &[Considered]) -> Rows {
    let row = |Considered { source, said }: &Considered| {
        let said = said.as_ref();
        let said = said.map_or("says nothing".to_owned(), |said| format!("says {said}"));
        ("", format!("{source} {said}"))
    };
    trail.iter().map(row).collect()
}

/// The same for programs.
pub(super) fn trail(trail: &[Considered]) -> Value {
    let asked = |asked: &Considered| json!({"source": asked.source, "said": asked.said});
    trail.iter().map(asked).collect()
}

/// What is known where no engine answers.
pub(super) fn absent(error: &StartError) -> Value {
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
