//! The arguments of `build`: those of `docker build`, by the same names.

use std::path::PathBuf;

use clap::builder::BoolishValueParser;
use clap::{ArgAction, Args, ValueEnum, ValueHint};

use crate::args::{ContextArguments, EngineArguments};
use crate::size::Size;

use super::values::{ExtraHost, Label, SwapLimit, UlimitArgument};

/// Builds an image from the context
///
/// As `docker build`: on BuildKit where the engine has it, on its classic builder, or on Podman. BuildKit is sent what it asks for and
/// has not got already; the others are sent what the Dockerfile reads.
#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "docker's switches")]
pub(crate) struct Arguments {
    /// The context directory; `-` reads a tar archive (plain or compressed) or a Dockerfile from standard input
    #[arg(default_value = ".", value_hint = ValueHint::DirPath)]
    pub(super) path: PathBuf,

    /// Give the image this name (and `:tag`, else `latest`); may be repeated
    #[arg(short, long, value_name = "NAME")]
    pub(super) tag: Vec<String>,

    /// Set a build-time variable; without `=VALUE` it is taken from the environment; may be repeated
    #[arg(long, value_name = "NAME[=VALUE]")]
    pub(super) build_arg: Vec<String>,

    /// Build this stage [default: the last]
    #[arg(long, value_name = "STAGE")]
    pub(super) target: Option<String>,

    /// Give the image a label; may be repeated
    #[arg(long, value_name = "KEY[=VALUE]")]
    pub(super) label: Vec<Label>,

    /// Build for this platform, such as `linux/arm64`; several, where the builder can, with commas or repeated [default:
    /// `DOCKER_DEFAULT_PLATFORM`, else the engine's]
    #[arg(long, value_name = "PLATFORM", value_delimiter = ',')]
    pub(super) platform: Vec<String>,

    /// Do not use the build cache
    #[arg(long)]
    pub(super) no_cache: bool,

    /// Pull base images even if the engine has them
    #[arg(long)]
    pub(super) pull: bool,

    /// Print the image id on success and nothing else
    #[arg(short, long)]
    pub(super) quiet: bool,

    /// Write the image id to FILE
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(super) iidfile: Option<PathBuf>,

    /// Push every name of the image when it is built
    #[arg(long)]
    pub(super) push: bool,

    /// Keep the image in the engine, which is done anyway unless `--output` or the builder says otherwise
    #[arg(long)]
    pub(super) load: bool,

    /// How progress is shown [default: `BUILDKIT_PROGRESS`, else auto]
    #[arg(long, value_name = "HOW")]
    pub(super) progress: Option<ProgressChoice>,

    /// Send the context compressed with gzip [default: only to an engine that is reached over a network]
    #[arg(long)]
    pub(super) compress: Option<bool>,

    /// Send the whole context, not only what the Dockerfile reads
    #[arg(long)]
    pub(super) whole_context: bool,

    #[command(flatten)]
    pub(super) containers: ContainerArguments,

    #[command(flatten)]
    pub(super) context: ContextArguments,

    #[command(flatten)]
    pub(super) engine: EngineArguments,

    #[command(flatten)]
    pub(super) buildkit: BuildKitArguments,
}

/// The containers in which `RUN` runs.
#[derive(Debug, Args)]
#[command(next_help_heading = "Options for `RUN`")]
pub(super) struct ContainerArguments {
    /// The network [default: the engine's]
    #[arg(long, value_name = "MODE")]
    pub(super) network: Option<String>,

    /// Add a name to `/etc/hosts`; may be repeated
    #[arg(long, value_name = "HOST:IP")]
    pub(super) add_host: Vec<ExtraHost>,

    /// Take layers of this image as cache, or what `type=registry,ref=IMAGE`, `type=local,src=DIRECTORY` and their like name; may be
    /// repeated
    #[arg(long, value_name = "SPEC")]
    pub(super) cache_from: Vec<String>,

    /// The most memory, such as `512m` [default: no limit]
    #[arg(short, long, value_name = "SIZE")]
    pub(super) memory: Option<Size>,

    /// The most memory and swap together; -1 for no limit [default: twice `--memory`]
    #[arg(long, value_name = "SIZE", allow_hyphen_values = true)]
    pub(super) memory_swap: Option<SwapLimit>,

    /// The relative weight of processor time [default: the engine's]
    #[arg(short, long, value_name = "N")]
    pub(super) cpu_shares: Option<u64>,

    /// The period of the processor limit in microseconds [default: the engine's]
    #[arg(long, value_name = "N")]
    pub(super) cpu_period: Option<u64>,

    /// The processor time in each period in microseconds [default: no limit]
    #[arg(long, value_name = "N", allow_hyphen_values = true)]
    pub(super) cpu_quota: Option<i64>,

    /// The processors that may be used, such as `0-3` or `0,1` [default: all]
    #[arg(long, value_name = "LIST")]
    pub(super) cpuset_cpus: Option<String>,

    /// The memory nodes that may be used, such as `0-3` or `0,1` [default: all]
    #[arg(long, value_name = "LIST")]
    pub(super) cpuset_mems: Option<String>,

    /// The size of `/dev/shm` [default: the engine's]
    #[arg(long, value_name = "SIZE")]
    pub(super) shm_size: Option<Size>,

    /// A limit as `ulimit` sets it; may be repeated
    #[arg(long, value_name = "NAME=SOFT[:HARD]")]
    pub(super) ulimit: Vec<UlimitArgument>,

    /// A security option; may be repeated
    #[arg(long, value_name = "OPTION")]
    pub(super) security_opt: Vec<String>,

    /// How containers are isolated, on Windows [default: the engine's]
    #[arg(long, value_name = "HOW")]
    pub(super) isolation: Option<String>,

    /// The parent control group [default: the engine's]
    #[arg(long, value_name = "GROUP")]
    pub(super) cgroup_parent: Option<String>,

    /// Make one layer of the new ones, if the engine's experimental mode is on
    #[arg(long)]
    pub(super) squash: bool,

    /// Remove the containers of steps that succeeded [default: true]
    #[arg(long)]
    pub(super) rm: bool,

    /// Remove the containers of steps that failed, too
    #[arg(long)]
    pub(super) force_rm: bool,
}

/// What only BuildKit can do.
#[derive(Debug, Args)]
#[command(next_help_heading = "Options for BuildKit")]
pub(super) struct BuildKitArguments {
    /// Build on this instance that buildx keeps, or this docker context [default: `BUILDX_BUILDER`, else `BUILDKIT_HOST`, else the
    /// engine]
    #[arg(long, value_name = "NAME")]
    pub(super) builder: Option<String>,

    /// Show a secret to `RUN --mount=type=secret`: `id=ID,src=FILE` or `id=ID,env=NAME`; may be repeated
    #[arg(long, value_name = "SPEC")]
    pub(super) secret: Vec<String>,

    /// Show an SSH agent or keys to `RUN --mount=type=ssh`: `default`, or `ID=SOCKET` or `ID=KEY[,KEY]`; may be repeated
    #[arg(long, value_name = "SPEC")]
    pub(super) ssh: Vec<String>,

    /// Export the result: a directory, `-` for a tar on standard output, or `type=local|tar|oci|docker|image,dest=PATH`; may be
    /// repeated
    #[arg(short, long, value_name = "SPEC")]
    pub(super) output: Vec<String>,

    /// Export the build cache, as to `type=registry,ref=IMAGE`, `type=local,dest=DIRECTORY` or `type=inline`; may be repeated
    #[arg(long, value_name = "SPEC")]
    pub(super) cache_to: Vec<String>,

    /// Another context by name: a directory, `docker-image://IMAGE`, `oci-layout://DIRECTORY[:TAG]`, or the address of a git
    /// repository; may be repeated
    #[arg(long, value_name = "NAME=CONTEXT")]
    pub(super) build_context: Vec<String>,

    /// Attach a statement to the image, such as `type=provenance,mode=max`; may be repeated
    #[arg(long, value_name = "SPEC")]
    pub(super) attest: Vec<String>,

    /// As `--attest type=provenance`: a boolean or attributes
    #[arg(long, value_name = "SPEC", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pub(super) provenance: Option<String>,

    /// As `--attest type=sbom`: a boolean or attributes
    #[arg(long, value_name = "SPEC", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pub(super) sbom: Option<String>,

    /// Allow what needs leave, such as `network.host`; may be repeated
    #[arg(long, value_name = "ENTITLEMENT")]
    pub(super) allow: Vec<String>,

    /// Do not use the build cache of this stage; may be repeated
    #[arg(long, value_name = "STAGE")]
    pub(super) no_cache_filter: Vec<String>,

    /// What BuildKit keeps the sent files under, to compare with at the next build [default: of machine, context, Dockerfile
    /// and target]
    #[arg(long, value_name = "KEY")]
    pub(super) shared_key: Option<String>,

    /// Write what is known of the result to FILE, as JSON
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(super) metadata_file: Option<PathBuf>,
}

/// How progress is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum ProgressChoice {
    /// As tty where standard error is a terminal, else as plain
    Auto,
    /// Lines, those of BuildKit's steps with their numbers
    Plain,
    /// A picture of BuildKit's steps, or lines and a meter for other builders; an error where standard error is no terminal
    Tty,
    /// Nothing, as with `--quiet`, but what explains a failure
    #[value(alias = "none")]
    Quiet,
    /// A JSON object for each event, in the form of BuildKit's clients
    Rawjson,
}

/// The options of docker that take `=true` and `=false`, and whether they are on without being named.
const SWITCHES: &[(&str, Option<&str>)] = &[
    ("no_cache", Some("false")),
    ("pull", Some("false")),
    ("quiet", Some("false")),
    ("push", Some("false")),
    ("load", Some("false")),
    ("compress", None),
    ("squash", Some("false")),
    ("rm", Some("true")),
    ("force_rm", Some("false")),
];

/// Lets switches be written as docker's: `--pull`, `--pull=true`, `--rm=false`.
pub(crate) fn with_switches(build: clap::Command) -> clap::Command {
    SWITCHES.iter().fold(build, |build, (name, default)| {
        build.mut_arg(name, |argument| {
            argument
                .action(ArgAction::Set)
                .num_args(0..=1)
                .require_equals(true)
                .value_name("BOOL")
                .value_parser(BoolishValueParser::new())
                .default_missing_value("true")
                .default_value(*default)
                .hide_default_value(true)
                .hide_possible_values(true)
        })
    })
}
