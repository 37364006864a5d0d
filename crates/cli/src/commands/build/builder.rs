//! Which builder of the engine builds.

use shipload::blocking::{BuildKit, Engine};
use shipload::context::{Plan, Semantics};
use shipload::engine::{
    Abilities, ApiVersion, BuildOptions, Builder as Address, BuilderQuery, ConnectOptions,
    EngineKind, Environment, Frontend, RequestError, resolve_builder,
};

use crate::args::{EngineArguments, EngineChoice};
use crate::engine::Preference;
use crate::exit::Failure;
use crate::ui::Ui;

/// The first version of the API that has BuildKit without an experimental mode, that of Engine 18.09.
const FIRST_WITH_BUILDKIT: ApiVersion = ApiVersion {
    major: 1,
    minor: 39,
};

/// What is asked for, before there is an engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wish {
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
pub(crate) enum Builder {
    /// Docker's classic builder.
    Classic,
    /// BuildKit.
    BuildKit(BuildKit),
    /// Podman, through Docker's API.
    Podman,
}

impl Wish {
    /// By the option, else by `DOCKER_BUILDKIT`.
    pub(crate) fn of(choice: EngineChoice, environment: &Environment) -> Result<Self, Failure> {
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

    /// What is said of `--builder` where it has no choice.
    pub(crate) fn forbids_builders() -> Failure {
        Failure::usage("`--builder` names a BuildKit, and the engine's own builder was asked for")
            .hint("leave out `--builder`, or `--engine` and `DOCKER_BUILDKIT`".to_owned())
    }

    /// Whom to ask first where nothing names an engine.
    pub(crate) const fn preference(self) -> Preference {
        match self {
            Self::Podman => Preference::Podman,
            Self::Any | Self::Classic | Self::BuildKit => Preference::Docker,
        }
    }
}

impl Builder {
    /// The builder of `engine` that was wished for.
    pub(crate) fn choose(wish: Wish, engine: &Engine) -> Result<Self, Failure> {
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
                    (Ok(_), _) => Ok(Self::BuildKit(buildkit)),
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
    pub(crate) const fn semantics(&self) -> Semantics {
        match self {
            Self::Classic => Semantics::Classic,
            Self::BuildKit(_) => Semantics::BuildKit,
            Self::Podman => Semantics::Podman,
        }
    }
}

/// Where a build happens.
#[derive(Debug)]
pub(super) struct Place {
    /// The engine; none where the builder is part of none.
    pub(super) engine: Option<Engine>,
    /// Its builder, or the one that is part of none.
    pub(super) builder: Builder,
    /// What that can do; none where it cannot be asked.
    pub(super) abilities: Option<Abilities>,
}

/// What is said of the place.
pub(super) struct Directions<'a> {
    pub(super) wish: Wish,
    /// `--builder`.
    pub(super) builder: Option<&'a String>,
    /// `--host` and `--context`.
    pub(super) engine: EngineArguments,
    pub(super) platforms: &'a [String],
    pub(super) environment: &'a Environment,
}

impl Directions<'_> {
    /// Connects.
    pub(super) fn follow(self) -> Result<Place, Failure> {
        let Self {
            wish,
            builder,
            engine,
            platforms,
            environment,
        } = self;
        if matches!(wish, Wish::Classic | Wish::Podman) {
            if builder.is_some() {
                return Err(Wish::forbids_builders());
            }
            let engine = engine.connect(environment, wish.preference())?;
            return Place::on(wish, engine);
        }
        let query = BuilderQuery {
            builder: builder.cloned(),
            engine: engine.query(wish.preference()),
            platforms: platforms.to_vec(),
        };
        let found = resolve_builder(environment, &query)
            .map_err(|error| Failure::of(&error).hint(error.hint()))?;
        let mut options = ConnectOptions::new(environment.clone());
        match found.builder {
            Address::Engine(query) => {
                options.query = query;
                Place::on(wish, Engine::connect(&options)?)
            }
            Address::Daemon(address) => {
                options.query = engine.query(wish.preference());
                let connected = BuildKit::connect(&address, &options);
                let (buildkit, abilities) =
                    connected.map_err(|error| Failure::of(&error).hint(error.hint()))?;
                Ok(Place {
                    engine: None,
                    builder: Builder::BuildKit(buildkit),
                    abilities: Some(abilities),
                })
            }
        }
    }
}

impl Place {
    /// The builder of `engine` that was wished for.
    fn on(wish: Wish, engine: Engine) -> Result<Self, Failure> {
        let builder = Builder::choose(wish, &engine)?;
        let abilities = match &builder {
            Builder::Classic | Builder::Podman => Some(Abilities::classic(engine.about().kind)),
            Builder::BuildKit(buildkit) => match buildkit.abilities() {
                Ok(abilities) => Some(abilities),
                // It is reached by documented requests only.
                Err(RequestError::Refused { .. }) => None,
                Err(error) => return Err(Failure::of(&error).hint(error.hint())),
            },
        };
        Ok(Self {
            engine: Some(engine),
            builder,
            abilities,
        })
    }

    /// Refuses what the builder cannot do, before anything is sent, and warns of what it will not heed.
    pub(super) fn check(
        &self,
        ui: &Ui,
        plan: &Plan,
        options: &BuildOptions,
    ) -> Result<(), Failure> {
        let Some(abilities) = &self.abilities else {
            return Ok(());
        };
        // One that cannot be parsed is the builder's to refuse.
        let file = plan.parse_dockerfile();
        let has_syntax = file.is_ok_and(|file| file.syntax().is_some())
            || options.build_args.contains_key("BUILDKIT_SYNTAX");
        let frontend = if has_syntax {
            Frontend::Image
        } else {
            Frontend::BuiltIn
        };
        let unheeded = abilities
            .check(options, frontend)
            .map_err(|error| Failure::of(&error).hint(error.hint()))?;
        for one in unheeded {
            ui.warning(&one.to_string(), Some(one.alternative));
        }
        if self.engine.is_none() && options.buildkit.outputs.is_empty() {
            ui.warning(
                "nothing will be left of the build but its cache",
                Some("push the image with --push, load it into an engine with --load, or use --output"),
            );
        }
        Ok(())
    }
}
