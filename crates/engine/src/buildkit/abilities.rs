//! What a builder can do, and whether that is enough for a build: asked before anything is sent.
//!
//! | | classic, Podman | Engine, its own store | Engine, containerd's store | `buildkitd` | BuildKit since |
//! |---|---|---|---|---|---|
//! | secrets, SSH agents, entitlements, `--no-cache-filter`, inline cache, caches to read, files as output | – | yes | yes | yes | |
//! | images in the OCI layout as contexts | – | – | yes | yes | 0.11 |
//! | contexts beside the main one | – | yes | yes | yes | 0.10, or a newer frontend by `# syntax=` |
//! | attestations | – | – | yes | yes | 0.11 |
//! | several outputs | – | yes | yes | yes | 0.13 |
//! | archives of images, caches to write, several platforms | – | – | yes | yes | |
//! | `--ulimit`, `--shm-size`, `--cgroup-parent` | yes | yes | yes | yes | 0.10; left unheeded before |
//! | `--squash`, memory and processors, `--security-opt`, `--isolation` | yes | – | – | – | left unheeded |
//! | `--network` other than `none`, `host` and `default` | yes | – | – | – | |
//!
//! It is what buildx 0.13 says and Engines 20.10 and 26.1 do; what is left unheeded there is left so here, with a warning for
//! each, where buildx has one for some.

mod demand;
mod version;

use std::fmt;

use bollard_buildkit_proto::moby::buildkit::v1 as proto;
use bollard_buildkit_proto::moby::buildkit::v1::control_client::ControlClient;
use tonic::Code;

use crate::client::{ApiVersion, EngineKind};
use crate::error::RequestError;
use crate::options::BuildOptions;

use self::demand::{Ability, demands};
use super::channel::Channel;

pub use self::version::BuildKitVersion;

/// The label of a worker whose images are in containerd's store.
const SNAPSHOTTER: &str = "org.mobyproject.buildkit.worker.snapshotter";

/// What builds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BuilderKind {
    /// The classic builder of Docker Engine.
    Classic,
    /// Podman, by the same API.
    Podman,
    /// BuildKit in an Engine that keeps images as it always did.
    Engine,
    /// BuildKit in an Engine that keeps images in containerd.
    EngineWithContainerd,
    /// A BuildKit by itself.
    Daemon,
}

/// What a builder can do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Abilities {
    /// What builds.
    pub kind: BuilderKind,
    /// Its release; of Engines that do not say, the release that they have at least. None for what is no BuildKit, and where
    /// it cannot be told.
    pub version: Option<BuildKitVersion>,
    /// The platforms that it builds for, such as `linux/amd64`; none where it was not asked.
    pub platforms: Vec<String>,
}

/// Where the part of BuildKit comes from that reads the Dockerfile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Frontend {
    /// From BuildKit itself.
    BuiltIn,
    /// From an image that `# syntax=` or `BUILDKIT_SYNTAX` names; it may know more.
    Image,
}

/// Something that a builder cannot do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{builder} cannot {what}")]
pub struct Unsupported {
    /// What it was to do, such as "build for several platforms at once".
    pub what: String,
    /// Which builder it is.
    pub builder: String,
    /// Which one can.
    pub alternative: String,
}

impl Unsupported {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        Some(self.alternative.clone())
    }
}

/// An option that has no effect, as in the docker CLI.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unheeded {
    /// The option, such as `--memory`.
    pub option: &'static str,
    /// Which builder it is.
    pub builder: String,
    /// What has the effect.
    pub alternative: &'static str,
}

impl fmt::Display for Unheeded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} has no effect on {}", self.option, self.builder)
    }
}

const USE_CLASSIC: &str = "the classic builder heeds it (--engine classic)";
const USE_STAGES: &str =
    "copy what matters into a last stage, or use the classic builder (--engine classic)";
const USE_NEWER: &str = "BuildKit heeds it from 0.10 on (Engine 23)";

/// Finding out
impl Abilities {
    /// Those of the builders that are asked for with an archive.
    pub fn classic(kind: EngineKind) -> Self {
        Self {
            kind: match kind {
                EngineKind::Docker => BuilderKind::Classic,
                EngineKind::Podman => BuilderKind::Podman,
            },
            version: None,
            platforms: Vec::new(),
        }
    }

    /// Asks; `api` is the newest version of the Engine's API where BuildKit is in one.
    pub(crate) async fn ask(
        channel: &Channel,
        api: Option<ApiVersion>,
    ) -> Result<Self, RequestError> {
        let mut control = ControlClient::with_origin(channel.clone(), Channel::origin());
        let workers = control.list_workers(proto::ListWorkersRequest::default());
        let workers = match workers.await {
            Ok(answer) => answer.into_inner(),
            Err(status) => return Err(channel.failure(status).await),
        };
        // 0.11 and later know it.
        let told = match control.info(proto::InfoRequest {}).await {
            Ok(answer) => answer.into_inner().buildkit_version,
            Err(status) if status.code() == Code::Unimplemented => None,
            Err(status) => return Err(channel.failure(status).await),
        };
        Ok(Self::read(&workers, told.map(|told| told.version), api))
    }

    fn read(
        workers: &proto::ListWorkersResponse,
        told: Option<String>,
        api: Option<ApiVersion>,
    ) -> Self {
        let in_containerd = workers
            .record
            .iter()
            .any(|worker| worker.labels.contains_key(SNAPSHOTTER));
        let kind = match api {
            None => BuilderKind::Daemon,
            Some(_) if in_containerd => BuilderKind::EngineWithContainerd,
            Some(_) => BuilderKind::Engine,
        };
        let mut platforms = Vec::new();
        for platform in workers.record.iter().flat_map(|worker| &worker.platforms) {
            let mut name = format!("{}/{}", platform.os, platform.architecture);
            if !platform.variant.is_empty() {
                name = format!("{name}/{}", platform.variant);
            }
            if !platforms.contains(&name) {
                platforms.push(name);
            }
        }
        // A build that does not know is `v0.0.0+unknown`.
        let told = told
            .and_then(|text| text.parse().ok())
            .filter(|version| *version > BuildKitVersion::new(0, 0));
        let version = told.or_else(|| BuildKitVersion::of_engine(api?));
        Self {
            kind,
            version,
            platforms,
        }
    }
}

/// Judging
impl Abilities {
    /// Whether the builder can do all that `options` ask for, and which of them it will leave unheeded.
    ///
    /// What depends on its configuration (entitlements, emulators of other processors) is left for it to refuse.
    ///
    /// # Errors
    /// With the first thing that it cannot do, and which builder can.
    pub fn check(
        &self,
        options: &BuildOptions,
        frontend: Frontend,
    ) -> Result<Vec<Unheeded>, Unsupported> {
        for (ability, what) in demands(options) {
            if let Some(alternative) = self.lacks(ability, frontend) {
                return Err(Unsupported {
                    what,
                    builder: self.to_string(),
                    alternative: alternative.to_owned(),
                });
            }
        }
        Ok(match self.kind {
            BuilderKind::Classic | BuilderKind::Podman => Vec::new(),
            BuilderKind::Engine | BuilderKind::EngineWithContainerd | BuilderKind::Daemon => {
                self.unheeded(options)
            }
        })
    }

    /// What this builder cannot do, though others can, in a few words each; with its own frontend.
    pub fn missing(&self) -> Vec<&'static str> {
        [
            (Ability::Any, "secrets, SSH agents, files as output"),
            (Ability::Contexts, "several contexts"),
            (Ability::Attestations, "attestations"),
            (Ability::SeveralOutputs, "several outputs"),
            (
                Ability::ContainerdOrDaemon,
                "several platforms, archives of images, caches elsewhere",
            ),
        ]
        .into_iter()
        .filter(|(ability, _)| self.lacks(*ability, Frontend::BuiltIn).is_some())
        .map(|(_, name)| name)
        .collect()
    }

    /// What can do it instead, if this builder cannot.
    fn lacks(&self, ability: Ability, frontend: Frontend) -> Option<&'static str> {
        use BuilderKind::{Classic, Daemon, Engine, EngineWithContainerd, Podman};

        let since = |major, minor| {
            let needed = BuildKitVersion::new(major, minor);
            // Where it cannot be told, the builder is asked.
            self.version.is_some_and(|version| version < needed)
        };
        Some(match (ability, self.kind) {
            (Ability::Networks, Classic | Podman) => return None,
            (Ability::Networks, Engine | EngineWithContainerd | Daemon) => {
                "use none, host or default, or the classic builder with --engine classic"
            }
            (_, Classic) => "use BuildKit, with --engine buildkit",
            (_, Podman) => "use BuildKit of a Docker Engine or of its own, with --engine buildkit",
            (Ability::ContainerdOrDaemon | Ability::Attestations | Ability::OciLayouts, Engine) => {
                "turn on the Engine's containerd image store, or use a BuildKit of its own, with --builder or BUILDKIT_HOST"
            }
            (Ability::Contexts, _) if since(0, 10) && frontend == Frontend::BuiltIn => {
                "use BuildKit 0.10 or later (Engine 23), or begin the Dockerfile with `# syntax=docker/dockerfile:1`"
            }
            (Ability::Attestations | Ability::OciLayouts, _) if since(0, 11) => {
                "use BuildKit 0.11 or later (Engine 24)"
            }
            (Ability::SeveralOutputs, _) if since(0, 13) => {
                "build once for each output, or use BuildKit 0.13 or later (Engine 26)"
            }
            (
                Ability::Any
                | Ability::ContainerdOrDaemon
                | Ability::Contexts
                | Ability::Attestations
                | Ability::OciLayouts
                | Ability::SeveralOutputs,
                Engine | EngineWithContainerd | Daemon,
            ) => return None,
        })
    }

    /// What BuildKit does not know; docker says it of the first three.
    fn unheeded(&self, options: &BuildOptions) -> Vec<Unheeded> {
        let limits = &options.limits;
        let needed = BuildKitVersion::new(0, 10);
        let is_old = self.version.is_some_and(|version| version < needed);
        let table = [
            ("--squash", options.squash, USE_STAGES),
            (
                "--security-opt",
                !options.security_options.is_empty(),
                USE_CLASSIC,
            ),
            ("--isolation", options.isolation.is_some(), USE_CLASSIC),
            ("--memory", limits.memory.is_some(), USE_CLASSIC),
            ("--memory-swap", limits.memory_swap.is_some(), USE_CLASSIC),
            ("--cpu-shares", limits.cpu_shares.is_some(), USE_CLASSIC),
            ("--cpu-period", limits.cpu_period.is_some(), USE_CLASSIC),
            ("--cpu-quota", limits.cpu_quota.is_some(), USE_CLASSIC),
            ("--cpuset-cpus", limits.cpuset_cpus.is_some(), USE_CLASSIC),
            ("--cpuset-mems", limits.cpuset_mems.is_some(), USE_CLASSIC),
            ("--shm-size", is_old && limits.shm_size.is_some(), USE_NEWER),
            ("--ulimit", is_old && !limits.ulimits.is_empty(), USE_NEWER),
            (
                "--cgroup-parent",
                is_old && limits.cgroup_parent.is_some(),
                USE_NEWER,
            ),
        ];
        table
            .into_iter()
            .filter(|(_, is_asked, _)| *is_asked)
            .map(|(option, _, alternative)| Unheeded {
                option,
                builder: self.to_string(),
                alternative,
            })
            .collect()
    }

    /// What builds, in short: `BuildKit 0.13 of the engine`.
    fn name(&self) -> &'static str {
        match self.kind {
            BuilderKind::Classic => "the classic builder",
            BuilderKind::Podman => "Podman",
            BuilderKind::Engine | BuilderKind::EngineWithContainerd | BuilderKind::Daemon => {
                "BuildKit"
            }
        }
    }
}

/// Such as `the classic builder` or `BuildKit 0.13 in the engine`.
impl fmt::Display for Abilities {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())?;
        if let Some(version) = self.version {
            write!(f, " {version}")?;
        }
        match self.kind {
            BuilderKind::Classic | BuilderKind::Podman | BuilderKind::Daemon => Ok(()),
            BuilderKind::Engine => {
                f.write_str(" of the engine, without its containerd image store,")
            }
            BuilderKind::EngineWithContainerd => f.write_str(" of the engine"),
        }
    }
}
