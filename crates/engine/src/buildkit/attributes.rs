//! Options as the attributes of BuildKit's Dockerfile frontend, by the names that it reads.
//!
//! What they mean is in BuildKit's `frontend/dockerui/config.go`; how the docker CLI writes them, in buildx' `build/opt.go`.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};

use bollard_buildkit_proto::moby::buildkit::v1::CacheOptionsEntry;
use serde::Serialize;

use crate::buildkit::options::{CacheEntry, NamedContext};
use crate::options::BuildOptions;
use crate::secret::Secret;

type Attributes = HashMap<String, String>;

/// What the frontend is told of `options`; `filename` is the Dockerfile's name in its directory.
pub(crate) fn frontend(options: &BuildOptions, filename: &str) -> Attributes {
    let only = &options.buildkit;
    let mut attributes = Attributes::new();
    let mut set = |name: &str, value: &str| {
        attributes.insert(name.to_owned(), value.to_owned());
    };
    set("filename", filename);
    for (name, value) in [
        ("target", options.target.as_ref()),
        ("platform", options.platform.as_ref()),
        ("force-network-mode", options.network.as_ref()),
        ("cgroup-parent", options.limits.cgroup_parent.as_ref()),
    ] {
        if let Some(value) = value {
            set(name, value);
        }
    }
    if options.no_cache {
        set("no-cache", "");
    } else if !only.no_cache_filter.is_empty() {
        set("no-cache", &only.no_cache_filter.join(","));
    }
    if options.pull {
        set("image-resolve-mode", "pull");
    }
    for (name, value) in &options.build_args {
        if let Some(value) = value {
            set(&format!("build-arg:{name}"), value);
        }
    }
    for (name, value) in &options.labels {
        set(&format!("label:{name}"), value);
    }
    if !options.extra_hosts.is_empty() {
        let hosts = options
            .extra_hosts
            .iter()
            .map(|host| host.replacen(':', "=", 1));
        set("add-hosts", &hosts.collect::<Vec<_>>().join(","));
    }
    if let Some(bytes) = options.limits.shm_size {
        set("shm-size", &bytes.to_string());
    }
    if !options.limits.ulimits.is_empty() {
        let limits = options.limits.ulimits.iter();
        let limits = limits.map(|one| format!("{}={}:{}", one.name, one.soft, one.hard));
        set("ulimit", &limits.collect::<Vec<_>>().join(","));
    }
    for (kind, attrs) in &only.attestations {
        set(&format!("attest:{kind}"), attrs);
    }
    for (name, context) in &only.contexts {
        match context {
            NamedContext::Reference(reference) => set(&format!("context:{name}"), reference),
            NamedContext::Local(_) => {
                let local = local_name(name);
                set(&format!("context:{name}"), &format!("local:{local}"));
            }
            // They are references by the time that a build starts.
            NamedContext::OciLayout(_) => {}
        }
    }
    if !only.contexts.is_empty() {
        // A frontend that does not know it fails instead of building without.
        set("frontend.caps", "moby.buildkit.frontend.contexts+forward");
    }
    let imports = imports(options);
    if imports
        .iter()
        .all(|entry| entry.kind == "registry" && entry.attributes.len() == 1)
    {
        let references = imports
            .iter()
            .filter_map(|entry| entry.attributes.get("ref"));
        let references: Vec<_> = references.map(Secret::expose).collect();
        if !references.is_empty() {
            set("cache-from", &references.join(","));
        }
    } else if let Ok(text) = serde_json::to_string(&json(&imports)) {
        set("cache-imports", &text);
    }
    attributes
}

/// The name under which BuildKit asks for the files of a named context. Two names are those of the build's own files, for which
/// buildx puts a line before them, too.
pub(crate) fn local_name(name: &str) -> Cow<'_, str> {
    if matches!(name, "context" | "dockerfile") || name.starts_with('_') {
        format!("_{name}").into()
    } else {
        name.into()
    }
}

/// Where cache is taken from: images by name, and what has a type.
pub(crate) fn imports(options: &BuildOptions) -> Vec<CacheEntry> {
    let images = options
        .cache_from
        .iter()
        .map(|image| CacheEntry::image(image));
    images
        .chain(options.buildkit.cache_from.iter().cloned())
        .collect()
}

/// A cache's place, in the frontend's JSON.
#[derive(Serialize)]
struct Import<'a> {
    #[serde(rename = "Type")]
    kind: &'a str,
    #[serde(rename = "Attrs")]
    attributes: &'a BTreeMap<String, Secret>,
}

fn json(entries: &[CacheEntry]) -> Vec<Import<'_>> {
    entries
        .iter()
        .map(|entry| Import {
            kind: &entry.kind,
            attributes: &entry.attributes,
        })
        .collect()
}

/// Caches as the solver is told of them.
pub(crate) fn caches(entries: &[CacheEntry]) -> Vec<CacheOptionsEntry> {
    entries
        .iter()
        .map(|entry| CacheOptionsEntry {
            r#type: entry.kind.clone(),
            attrs: entry
                .attributes
                .iter()
                .map(|(name, value)| (name.clone(), value.expose().to_owned()))
                .collect(),
        })
        .collect()
}
