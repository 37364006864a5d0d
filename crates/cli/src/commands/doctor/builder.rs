//! Which builder `shipload build` would use and why, and by which way it is reached.

use serde_json::{Value, json};
use shipload::blocking::{BuildKit, Engine};
use shipload::context::Semantics;
use shipload::engine::{
    Abilities, Builder as Place, BuilderResolution, ConnectOptions, Considered, Way, WhyBuilder,
};

use crate::commands::build::builder::{Builder, Wish};
use crate::exit::Failure;
use crate::ui::Ui;

use super::{Rows, engine};

/// A builder and how it came to be chosen.
pub(super) struct Chosen {
    kind: Kind,
    why: String,
    trail: Vec<Considered>,
    /// How BuildKit is reached.
    way: Option<Way>,
}

enum Kind {
    Classic,
    Podman,
    /// The BuildKit of the engine.
    BuildKit,
    /// One that is part of no engine, and its address.
    Daemon(String, Box<Abilities>),
    /// What was asked for is not there.
    None,
}

impl Chosen {
    /// Connects to one that is part of no engine.
    pub(super) fn daemon(
        found: BuilderResolution,
        options: &ConnectOptions,
    ) -> Result<Self, Failure> {
        let Place::Daemon(address) = &found.builder else {
            return Err(Failure::new("the builder is one of an engine"));
        };
        let connected = BuildKit::connect(address, options);
        let (buildkit, abilities) =
            connected.map_err(|error| Failure::of(&error).hint(error.hint()))?;
        Ok(Self {
            kind: Kind::Daemon(address.to_string(), Box::new(abilities)),
            why: found.why.to_string(),
            trail: found.trail,
            way: buildkit.ping().ok(),
        })
    }

    /// One of the engine's. Where it has not got what was asked for, there is a warning.
    pub(super) fn of_engine(
        ui: &Ui,
        found: Option<BuilderResolution>,
        wish: Wish,
        engine: &Engine,
    ) -> Self {
        let mut way = None;
        let kind = match Builder::choose(wish, engine) {
            Ok(Builder::Classic) => Kind::Classic,
            Ok(Builder::Podman) => Kind::Podman,
            Ok(Builder::BuildKit(buildkit)) => {
                way = buildkit.ping().ok();
                Kind::BuildKit
            }
            Err(failure) => {
                ui.warning(&failure.message, failure.hint.as_deref());
                Kind::None
            }
        };
        let why = match found.as_ref().map(|found| &found.why) {
            None => "DOCKER_BUILDKIT".to_owned(),
            Some(WhyBuilder::Engine) => "nothing names another".to_owned(),
            Some(why) => why.to_string(),
        };
        let trail = found.map(|found| found.trail).unwrap_or_default();
        Self {
            kind,
            why,
            trail,
            way,
        }
    }

    /// Whose ignore rules it goes by.
    fn rules(&self) -> Option<Semantics> {
        match self.kind {
            Kind::Classic => Some(Semantics::Classic),
            Kind::Podman => Some(Semantics::Podman),
            Kind::BuildKit | Kind::Daemon(..) => Some(Semantics::BuildKit),
            Kind::None => None,
        }
    }

    /// Lines of text.
    pub(super) fn rows(&self) -> Rows {
        let name = match &self.kind {
            Kind::Classic => "the classic builder".to_owned(),
            Kind::Podman => "Podman".to_owned(),
            Kind::BuildKit => "BuildKit of the engine".to_owned(),
            Kind::Daemon(address, abilities) => format!("{abilities} at {address}"),
            Kind::None => "none".to_owned(),
        };
        let mut rows = vec![("builder", format!("{name} ({})", self.why))];
        rows.extend(engine::asked(&self.trail));
        if let Some(way) = self.way {
            rows.push(("reached", format!("by {way}")));
        }
        if let Kind::Daemon(_, abilities) = &self.kind {
            rows.extend(engine::able(abilities));
        }
        if let Some(rules) = self.rules() {
            let whose = match rules {
                Semantics::Classic => "the classic builder",
                Semantics::BuildKit => "BuildKit",
                Semantics::Podman => "podman",
            };
            rows.push(("rules", format!("those of {whose}")));
        }
        rows
    }

    /// The same for programs.
    pub(super) fn json(&self) -> Value {
        let (kind, address, abilities) = match &self.kind {
            Kind::Classic => (Some("classic"), None, None),
            Kind::Podman => (Some("podman"), None, None),
            Kind::BuildKit => (Some("buildkit"), None, None),
            Kind::Daemon(address, abilities) => (
                Some("buildkit"),
                Some(address),
                Some(engine::told(abilities)),
            ),
            Kind::None => (None, None, None),
        };
        let way = self.way.map(|way| match way {
            Way::Direct => "direct",
            Way::Upgrade => "upgrade",
            Way::Post => "post",
        });
        json!({
            "kind": kind, "address": address, "why": self.why, "way": way, "buildkit": abilities,
            "trail": engine::trail(&self.trail),
        })
    }
}
