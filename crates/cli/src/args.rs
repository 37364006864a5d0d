//! What all verbs' arguments have in common, as clap reads them. What they mean is for `plan` to say.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::PathBuf;
use std::str::FromStr;

use clap::{Args, Parser, Subcommand, ValueEnum, ValueHint};
use shipload::context::{EntryPath, Modes, View};

use crate::commands::{build, check, deps, diff, digest, doctor, du, fix, ls, pack, repack, why};
use crate::size::Size;

/// The program's arguments.
#[derive(Debug, Parser)]
#[command(
    name = "shipload",
    version,
    about = "Makes, explains and sends Docker build contexts",
    disable_help_subcommand = true,
    infer_long_args = false,
    after_help = "Results go to standard output, everything else to standard error.\n\
                  Exit status: 0 done, 1 the work failed, 2 wrong usage, 3 a check found something, 130 interrupted."
)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) engine: EngineArguments,

    #[command(subcommand)]
    pub(crate) verb: Verb,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    Build(Box<build::Arguments>),
    Pack(pack::Arguments),
    Ls(ls::Arguments),
    Deps(deps::Arguments),
    Du(du::Arguments),
    Digest(digest::Arguments),
    Diff(diff::Arguments),
    Repack(repack::Arguments),
    Check(check::Arguments),
    Why(why::Arguments),
    Fix(fix::Arguments),
    Doctor(doctor::Arguments),
}

/// Where the engine is; for every verb that asks one.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Engine options")]
pub(crate) struct EngineArguments {
    /// The engine's address: `unix://PATH`, `tcp://HOST:PORT` or `ssh://USER@HOST` [default: `DOCKER_HOST`, else the docker
    /// context, else the sockets of Docker and Podman]
    #[arg(short = 'H', long, value_name = "ADDRESS")]
    pub(crate) host: Option<String>,

    /// The docker context to take the address from [default: `DOCKER_CONTEXT`, else the current one]
    #[arg(long, value_name = "NAME", conflicts_with = "host")]
    pub(crate) context: Option<String>,
}

/// Which files make the context; for every verb that looks at one.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Context options")]
pub(crate) struct ContextArguments {
    /// The Dockerfile, relative to the current directory; `-` reads it from standard input [default: `Dockerfile` in the
    /// context]
    #[arg(short, long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) file: Option<PathBuf>,

    /// Take the ignore rules from FILE, relative to the current directory; several files count as one; `none` for no
    /// rules [default: where the builder looks]
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) ignorefile: Vec<PathBuf>,

    /// Whose ignore rules apply; for a build, whose builder builds
    #[arg(long, value_name = "ENGINE", default_value = "auto")]
    pub(crate) engine: EngineChoice,

    /// Add the file or directory HOST under the name CTX in the context; ignore rules do not apply to it; may be
    /// repeated; split at the last `=`
    #[arg(long, value_name = "HOST=CTX")]
    pub(crate) add: Vec<Addition>,

    /// Add the members of the tar archive TAR, plain or compressed, where they are in it; ignore rules do not apply to
    /// them; may be repeated
    #[arg(long, value_name = "TAR", value_hint = ValueHint::FilePath)]
    pub(crate) add_archive: Vec<PathBuf>,

    /// Modification times in the context: those of the files, N seconds after 1970 for all, the time of git's HEAD for
    /// all, or that in `SOURCE_DATE_EPOCH`
    #[arg(
        long,
        value_name = "keep|N|git|source-date-epoch",
        default_value = "keep",
        allow_hyphen_values = true
    )]
    pub(crate) mtime: MtimeChoice,

    /// What to do with a file or directory that cannot be read and is not excluded
    #[arg(long, value_name = "ACTION", default_value = "fail")]
    pub(crate) on_unreadable: UnreadableChoice,

    /// Fail if the files in the context have more bytes than SIZE, such as `500k`, `20m` or `1.5g` (steps of 1024, as
    /// docker reads sizes) [default: no limit]
    #[arg(long, value_name = "SIZE")]
    pub(crate) max_context: Option<Size>,
}

/// What a build is asked for, as far as it decides on the files that the Dockerfile reads.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Dockerfile options")]
pub(crate) struct ReadsArguments {
    /// The stage that would be built [default: the last]
    #[arg(long, value_name = "STAGE")]
    pub(crate) target: Option<String>,

    /// A build-time variable; without `=VALUE` it is taken from the environment; may be repeated
    #[arg(long, value_name = "NAME[=VALUE]")]
    pub(crate) build_arg: Vec<String>,

    /// The platform that would be built for, such as `linux/arm64` [default: Linux on this machine's processor]
    #[arg(long, value_name = "PLATFORM")]
    pub(crate) platform: Option<String>,
}

impl ReadsArguments {
    /// Whether something is asked for.
    pub(crate) fn is_given(&self) -> bool {
        self.target.is_some() || !self.build_arg.is_empty() || self.platform.is_some()
    }
}

/// Whose rules and whose engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum EngineChoice {
    /// BuildKit's rules where no engine is asked; for a build, what the engine is
    Auto,
    /// The builder behind `POST /build` of Docker Engine
    Classic,
    /// Docker's default builder
    Buildkit,
    /// Podman and Buildah
    Podman,
    /// A build without an engine
    Builtin,
}

/// What happens to what cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum UnreadableChoice {
    /// End without a result
    Fail,
    /// Leave it out and say so
    Skip,
}

/// Which permissions count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ModesChoice {
    /// Those of the files, which count for the builder's cache
    Keep,
    /// 0755 for directories and what anybody may execute, 0644 for all else: whoever checked it out, under whatever umask
    Normal,
}

impl ModesChoice {
    /// The view with these permissions.
    pub(crate) fn apply(self, view: View) -> View {
        view.with_modes(match self {
            Self::Keep => Modes::Keep,
            Self::Normal => Modes::Normal,
        })
    }
}

/// Where modification times come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum MtimeChoice {
    /// The files.
    Keep,
    /// Here, in seconds since 1970.
    Seconds(i64),
    /// The commit that is checked out.
    Git,
    /// The variable `SOURCE_DATE_EPOCH`.
    SourceDateEpoch,
}

impl FromStr for MtimeChoice {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "keep" => Ok(Self::Keep),
            "git" => Ok(Self::Git),
            "source-date-epoch" => Ok(Self::SourceDateEpoch),
            _ => text.parse().map(Self::Seconds).map_err(|_| {
                "it is `keep`, `git`, `source-date-epoch` or seconds since 1970".to_owned()
            }),
        }
    }
}

/// A file or directory of this machine under a name of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Addition {
    /// Where it is.
    pub(crate) host: PathBuf,
    /// Its name in the context.
    pub(crate) at: EntryPath,
}

impl Addition {
    fn parse(text: &OsStr) -> Result<Self, String> {
        let bytes = text.as_bytes();
        let split = bytes.iter().rposition(|&byte| byte == b'=');
        let (host, at) = match split {
            Some(place) if place > 0 => (&bytes[..place], &bytes[place + 1..]),
            _ => {
                return Err(
                    "it is HOST=CTX, a path of this machine and its name in the context".to_owned(),
                );
            }
        };
        Ok(Self {
            host: PathBuf::from(OsStr::from_bytes(host)),
            at: EntryPath::new(at).map_err(|error| error.to_string())?,
        })
    }
}

/// Reads an [`Addition`], whose paths need not be UTF-8.
#[derive(Debug, Clone)]
pub(crate) struct AdditionParser;

impl clap::builder::TypedValueParser for AdditionParser {
    type Value = Addition;

    fn parse_ref(
        &self,
        command: &clap::Command,
        argument: Option<&clap::Arg>,
        value: &OsStr,
    ) -> Result<Addition, clap::Error> {
        Addition::parse(value).map_err(|reason| {
            let name = argument.map(ToString::to_string).unwrap_or_default();
            let value = shipload::context::show(value.as_bytes());
            clap::Error::raw(
                clap::error::ErrorKind::ValueValidation,
                format!("invalid value '{value}' for '{name}': {reason}\n"),
            )
            .with_cmd(command)
        })
    }
}

impl clap::builder::ValueParserFactory for Addition {
    type Parser = AdditionParser;

    fn value_parser() -> AdditionParser {
        AdditionParser
    }
}
