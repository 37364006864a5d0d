//! Arguments of `build` → what the engine is told.

use shipload::engine::{
    BuildKitOptions, BuildOptions, Environment, ImageName, ImageNameError, Limits,
};

use crate::exit::Failure;
use crate::reads;

use super::arguments::{Arguments, ProgressChoice};
use super::buildkit;

/// The options that can be told before there is an engine. Everything that can be wrong with them is found here.
pub(super) fn options(
    arguments: &Arguments,
    environment: &Environment,
) -> Result<BuildOptions, Failure> {
    let containers = &arguments.containers;
    let tags = names(&arguments.tag)?;
    if arguments.push && tags.is_empty() {
        return Err(Failure::usage("`--push` needs a name to push")
            .hint("name the image with `--tag`".to_owned()));
    }
    let platform = (!arguments.platform.is_empty()).then(|| arguments.platform.join(","));
    let (images, caches) = buildkit::cache_from(&containers.cache_from, environment)?;
    let limits = Limits {
        memory: containers.memory.map(|size| size.0),
        memory_swap: containers.memory_swap.map(|limit| limit.0),
        shm_size: containers.shm_size.map(|size| size.0),
        cpu_shares: containers.cpu_shares,
        cpuset_cpus: containers.cpuset_cpus.clone(),
        cpuset_mems: containers.cpuset_mems.clone(),
        cpu_period: containers.cpu_period,
        cpu_quota: containers.cpu_quota,
        ulimits: containers
            .ulimit
            .iter()
            .map(|limit| limit.0.clone())
            .collect(),
        cgroup_parent: containers.cgroup_parent.clone(),
    };
    let labels = arguments.label.iter().cloned();
    Ok(BuildOptions {
        tags,
        build_args: reads::build_args(&arguments.build_arg, environment)?,
        labels: labels.map(|label| (label.key, label.value)).collect(),
        target: arguments.target.clone(),
        platform: platform.or_else(|| environment.default_platform().map(str::to_owned)),
        no_cache: arguments.no_cache,
        pull: arguments.pull,
        remove: containers.rm,
        force_remove: containers.force_rm,
        network: containers.network.clone(),
        extra_hosts: containers
            .add_host
            .iter()
            .map(|host| host.0.clone())
            .collect(),
        cache_from: images,
        squash: containers.squash,
        security_options: containers.security_opt.clone(),
        isolation: containers.isolation.clone(),
        limits,
        buildkit: BuildKitOptions {
            cache_from: caches,
            ..buildkit::options(&arguments.buildkit, environment)?
        },
        ..BuildOptions::default()
    })
}

fn names(texts: &[String]) -> Result<Vec<ImageName>, Failure> {
    let name = |text: &String| {
        let name: ImageName = text
            .parse()
            .map_err(|error: ImageNameError| Failure::usage(error.to_string()))?;
        if name.digest().is_some() {
            return Err(Failure::usage(format!(
                "cannot tag an image as `{name}`, which has a digest"
            )));
        }
        Ok(name)
    };
    texts.iter().map(name).collect()
}

/// How progress is shown, by the option or else `BUILDKIT_PROGRESS`.
pub(super) fn progress(
    arguments: &Arguments,
    environment: &Environment,
) -> Result<ProgressChoice, Failure> {
    use clap::ValueEnum as _;
    if arguments.quiet {
        return Ok(ProgressChoice::Quiet);
    }
    match (arguments.progress, environment.text("BUILDKIT_PROGRESS")) {
        (Some(choice), _) => Ok(choice),
        (None, None) => Ok(ProgressChoice::Auto),
        (None, Some(text)) => ProgressChoice::from_str(text, false).map_err(|_| {
            Failure::usage(format!(
                "`BUILDKIT_PROGRESS` is `{text}`, which is not one of auto, plain, tty, quiet, none and rawjson"
            ))
        }),
    }
}
