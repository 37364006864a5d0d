//! What a build wants of its builder, of what not all builders have.

use crate::buildkit::options::{BuildKitOptions, NamedContext, Output, OutputKind};
use crate::options::BuildOptions;

/// What `options` want of a builder, in the order of `docker build --help`, beyond what all can do.
pub(super) fn demands(options: &BuildOptions) -> Vec<(Ability, String)> {
    let BuildKitOptions {
        secrets,
        ssh,
        outputs,
        cache_from,
        cache_to,
        contexts,
        attestations,
        entitlements,
        no_cache_filter,
        shared_key: _,
    } = &options.buildkit;
    let mut demands = Vec::new();
    let mut ask = |is_asked: bool, ability, what: &str| {
        if is_asked {
            demands.push((ability, what.to_owned()));
        }
    };
    let network = options.network.as_deref().unwrap_or("default");
    let platform = options.platform.as_deref().unwrap_or_default();
    let is_wanted =
        |attributes: &String| attributes != "false" && !attributes.contains("disabled=true");
    let stays = |output: &Output| output.kind == OutputKind::Docker && output.destination.is_none();
    ask(
        !entitlements.is_empty(),
        Ability::Any,
        "grant entitlements (--allow)",
    );
    ask(
        attestations.values().any(is_wanted),
        Ability::Attestations,
        "attest (--attest, --provenance, --sbom)",
    );
    ask(
        contexts
            .values()
            .any(|context| matches!(context, NamedContext::OciLayout(_))),
        Ability::OciLayouts,
        "take an image in the OCI layout for a context (--build-context …=oci-layout://…)",
    );
    ask(
        !contexts.is_empty(),
        Ability::Contexts,
        "take several contexts (--build-context)",
    );
    ask(
        !cache_from.is_empty(),
        Ability::Any,
        "take cache from a place with a type (--cache-from type=…)",
    );
    for cache in cache_to {
        let ability = match cache.kind.as_str() {
            "inline" => Ability::Any,
            _ => Ability::ContainerdOrDaemon,
        };
        let what = format!("write its cache somewhere (--cache-to type={})", cache.kind);
        ask(true, ability, &what);
    }
    let what = format!("use the network `{network}` (--network)");
    ask(
        !["", "default", "host", "none"].contains(&network),
        Ability::Networks,
        &what,
    );
    ask(
        !no_cache_filter.is_empty(),
        Ability::Any,
        "leave out the cache of some stages (--no-cache-filter)",
    );
    for output in outputs.iter().filter(|output| !stays(output)) {
        let (ability, what) = of_output(output.kind);
        ask(true, ability, what);
    }
    ask(
        outputs.len() > 1,
        Ability::SeveralOutputs,
        "make several outputs of a build (--output)",
    );
    let what = format!("build for several platforms at once (--platform {platform})");
    ask(platform.contains(','), Ability::ContainerdOrDaemon, &what);
    ask(
        !secrets.is_empty(),
        Ability::Any,
        "hand out secrets (--secret)",
    );
    ask(!ssh.is_empty(), Ability::Any, "hand out SSH agents (--ssh)");
    demands
}

/// What an output wants that does not stay in the engine.
fn of_output(kind: OutputKind) -> (Ability, &'static str) {
    match kind {
        OutputKind::Docker => (
            Ability::ContainerdOrDaemon,
            "write an archive for `docker load` (--output type=docker)",
        ),
        OutputKind::Oci => (
            Ability::ContainerdOrDaemon,
            "write an archive in the OCI layout (--output type=oci)",
        ),
        OutputKind::Image => (
            Ability::Any,
            "put out an image with attributes (--output type=image)",
        ),
        OutputKind::Tar | OutputKind::Local => (Ability::Any, "put out files (--output)"),
        OutputKind::CacheOnly => (
            Ability::Any,
            "build without a result (--output type=cacheonly)",
        ),
    }
}

/// What some builders have and others lack; see the table above.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ability {
    /// What any BuildKit has.
    Any,
    Contexts,
    Attestations,
    /// Images in directories of this machine as contexts.
    OciLayouts,
    SeveralOutputs,
    /// What an Engine has only with containerd's store.
    ContainerdOrDaemon,
    /// Networks of an Engine.
    Networks,
}
