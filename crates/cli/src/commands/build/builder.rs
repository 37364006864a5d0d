//! Which builder of the engine builds.

use shipload::blocking::{BuildKit, Engine};
use shipload::context::Semantics;
use shipload::engine::{ApiVersion, EngineKind, Environment, RequestError};

use crate::args::EngineChoice;
use crate::engine::Preference;
use crate::exit::Failure;

/// The first version of the API that has BuildKit without an experimental mode, that of Engine 18.09.
const FIRST_WITH_BUILDKIT: ApiVersion = ApiVersion {
    major: 1,
    minor: 39,
};

/// What is asked for, before there is an engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wish {
    /// BuildKit where the engine has it, else what it has.
    Any,
    /// Docker's classic builder.
    Classic,
    /// BuildKit and nothing else.
    BuildKit,
    /// Podman.
    Podman,
}

/// A builder that is there.
#[derive(Debug)]
pub(super) enum Builder {
    /// Docker's classic builder.
    Classic,
    /// BuildKit.
    BuildKit(BuildKit),
    /// Podman, through Docker's API.
    Podman,
}

impl Wish {
    /// By the option, else by `DOCKER_BUILDKIT`.
    pub(super) fn of(choice: EngineChoice, environment: &Environment) -> Result<Self, Failure> {
        match choice {
            EngineChoice::Classic => Ok(Self::Classic),
            EngineChoice::Buildkit => Ok(Self::BuildKit),
            EngineChoice::Podman => Ok(Self::Podman),
            EngineChoice::Builtin => Err(Failure::new(
                "`--engine builtin` asks for a build without an engine, which is not supported for builds",
            )
            .hint("use `--engine buildkit`, `classic` or `podman`".to_owned())),
            EngineChoice::Auto => match environment.buildkit() {
                Err(error) => Err(Failure::usage(error.to_string())),
                Ok(Some(true)) => Ok(Self::BuildKit),
                Ok(Some(false)) => Ok(Self::Classic),
                Ok(None) => Ok(Self::Any),
            },
        }
    }

    /// Whom to ask first where nothing names an engine.
    pub(super) const fn preference(self) -> Preference {
        match self {
            Self::Podman => Preference::Podman,
            Self::Any | Self::Classic | Self::BuildKit => Preference::Docker,
        }
    }
}

impl Builder {
    /// The builder of `engine` that was wished for.
    pub(super) fn choose(wish: Wish, engine: &Engine) -> Result<Self, Failure> {
        let about = engine.about();
        match (about.kind, wish) {
            (EngineKind::Podman, Wish::Any | Wish::Podman) => Ok(Self::Podman),
            // Podman's answer to Docker's API, under its rules.
            (_, Wish::Classic) => Ok(Self::Classic),
            (EngineKind::Docker, Wish::Podman) => Err(Failure::new(format!(
                "`--engine podman` was asked for, but Docker answers at `{}`",
                about.address
            ))
            .hint("name Podman's socket with `--host`".to_owned())),
            (EngineKind::Podman, Wish::BuildKit) => Err(Failure::new(format!(
                "BuildKit was asked for, but Podman answers at `{}`, which has none",
                about.address
            ))
            .hint("use `--engine podman`, or name another engine with `--host`".to_owned())),
            (EngineKind::Docker, Wish::Any) if about.api < FIRST_WITH_BUILDKIT => Ok(Self::Classic),
            (EngineKind::Docker, Wish::Any | Wish::BuildKit) => {
                let buildkit = engine.buildkit();
                match (buildkit.ping(), wish) {
                    (Ok(()), _) => Ok(Self::BuildKit(buildkit)),
                    // It has none, or something in between lets nobody reach it.
                    (Err(RequestError::Refused { .. }), Wish::Any) => Ok(Self::Classic),
                    (Err(error @ RequestError::Refused { .. }), _) => Err(Failure::new(
                        "BuildKit was asked for, but the engine has none that can be reached",
                    )
                    .caused_by(&error)
                    .hint(
                        "use `--engine classic` if the Dockerfile needs none of BuildKit's features"
                            .to_owned(),
                    )),
                    (Err(error), _) => Err(Failure::of(&error).hint(error.hint())),
                }
            }
        }
    }

    /// Whose rules it goes by.
    pub(super) const fn semantics(&self) -> Semantics {
        match self {
            Self::Classic => Semantics::Classic,
            Self::BuildKit(_) => Semantics::BuildKit,
            Self::Podman => Semantics::Podman,
        }
    }
}
