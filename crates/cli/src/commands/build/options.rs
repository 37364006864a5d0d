//! Arguments of `build` → what the engine is told.

use shipload::engine::{BuildOptions, Environment, ImageName, ImageNameError, Limits};

use crate::exit::Failure;
use crate::reads;

use super::arguments::{Arguments, BuildKitArguments, ProgressChoice};

/// The options that can be told before there is an engine. Everything that can be wrong with them is found here.
pub(super) fn options(
    arguments: &Arguments,
    environment: &Environment,
) -> Result<BuildOptions, Failure> {
    needs_buildkit(&arguments.buildkit)?;
    let containers = &arguments.containers;
    let tags = names(&arguments.tag)?;
    if arguments.push && tags.is_empty() {
        return Err(Failure::usage("`--push` needs a name to push")
            .hint("name the image with `--tag`".to_owned()));
    }
    let platform = arguments.platform.as_deref();
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
        platform: platform
            .or(environment.default_platform())
            .map(str::to_owned),
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
        cache_from: containers.cache_from.clone(),
        squash: containers.squash,
        security_options: containers.security_opt.clone(),
        isolation: containers.isolation.clone(),
        limits,
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

/// Refuses what the classic builder cannot do, rather than leaving it out.
fn needs_buildkit(arguments: &BuildKitArguments) -> Result<(), Failure> {
    let asked = [
        (
            "--secret",
            !arguments.secret.is_empty(),
            "copy no secret instead: mount it when the image runs",
        ),
        (
            "--ssh",
            !arguments.ssh.is_empty(),
            "fetch with SSH before the build, and `--add` the result",
        ),
        (
            "--output",
            !arguments.output.is_empty(),
            "build an image, and copy files out of a container of it",
        ),
        (
            "--cache-to",
            !arguments.cache_to.is_empty(),
            "push the image, and name it with `--cache-from`",
        ),
        (
            "--build-context",
            !arguments.build_context.is_empty(),
            "add the files with `--add HOST=CTX`",
        ),
        (
            "--metadata-file",
            arguments.metadata_file.is_some(),
            "take the image id from `--iidfile`",
        ),
    ];
    match asked.into_iter().find(|&(_, given, _)| given) {
        Some((option, _, instead)) => Err(Failure::new(format!(
            "`{option}` needs BuildKit, which is not supported"
        ))
        .hint(format!("{instead}; or use `docker build`"))),
        None => Ok(()),
    }
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
