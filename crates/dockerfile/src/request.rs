//! What a build is asked for, as far as it decides on the files that are read.

use std::collections::BTreeMap;
use std::env::consts::ARCH;

/// A build: its target, its arguments, its platform, and who builds.
///
/// ```
/// use shipload_dockerfile::{Dockerfile, Request};
///
/// let file = Dockerfile::parse("ARG APP=web\nFROM scratch\nARG APP\nCOPY apps/$APP /app\n")?;
/// let mut request = Request::default();
/// request.build_args.insert("APP".into(), Some("shop".into()));
/// let reads = file.reads(&request)?;
/// assert_eq!(reads.patterns().collect::<Vec<_>>(), ["apps/shop"]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Request {
    /// The stage to build, by name or number; the default, also for an empty name, is the last.
    pub target: Option<String>,
    /// Build arguments; one without a value is not set.
    pub build_args: BTreeMap<String, Option<String>>,
    /// The platform to build for, such as `linux/arm64/v8`; the default is Linux on the processor that this runs on.
    pub platform: Option<String>,
    /// The platform that builds; the default is Linux on the processor that this runs on.
    pub build_platform: Option<String>,
    /// Who builds: they differ in the stages that they run and in the variables that hold.
    pub builder: Builder,
    /// What is known of base images, by the names that the Dockerfile has for them.
    pub images: BTreeMap<String, BaseImage>,
    /// What is taken for granted of images that are not in `images`.
    pub other_images: OtherImages,
}

/// Who builds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Builder {
    /// `BuildKit`, which runs only the stages that the target needs.
    #[default]
    BuildKit,
    /// The classic builder of Docker Engine, which runs all stages up to the target.
    Classic,
    /// Podman and Buildah, taken to run all stages up to the target, as older releases do.
    Podman,
}

/// What a base image brings.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BaseImage {
    /// Its environment variables.
    pub environment: Vec<(String, String)>,
    /// Its `ONBUILD` instructions, which run in every build on it and may read anything.
    pub triggers: Vec<String>,
}

/// What is taken for granted of a base image of which nothing is known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OtherImages {
    /// It has no `ONBUILD` instructions: hardly any image has.
    #[default]
    WithoutTriggers,
    /// Nothing: a build on it may read anything.
    Unknown,
}

impl Request {
    /// The value given for a build argument.
    pub(crate) fn build_argument(&self, name: &str) -> Option<&str> {
        self.build_args.get(name)?.as_deref()
    }

    /// The platform to build for.
    pub(crate) fn platform(&self) -> &str {
        self.platform
            .as_deref()
            .unwrap_or_else(|| self.build_platform())
    }

    /// The platform that builds.
    pub(crate) fn build_platform(&self) -> &str {
        self.build_platform.as_deref().unwrap_or(native())
    }
}

/// Linux on this processor, as Docker names it.
fn native() -> &'static str {
    match ARCH {
        "x86_64" => "linux/amd64",
        "aarch64" => "linux/arm64",
        "arm" => "linux/arm/v7",
        "x86" => "linux/386",
        "powerpc64" => "linux/ppc64le",
        "s390x" => "linux/s390x",
        "riscv64" => "linux/riscv64",
        "loongarch64" => "linux/loong64",
        _ => "linux",
    }
}
