//! Arguments of `build` that only BuildKit knows → what it is told.

use std::collections::BTreeMap;
use std::path::Path;

use shipload::context::{HostDir, Policy, Times, TreeBuilder, View};
use shipload::engine::{
    Attestation, BuildKitOptions, CacheEntry, ContextSource, ContextSpec, Environment,
    NamedContext, SpecError,
};

use crate::exit::Failure;

use super::arguments::BuildKitArguments;

/// All but where cache is taken from. Lists the directories of further contexts.
pub(super) fn options(
    arguments: &BuildKitArguments,
    environment: &Environment,
) -> Result<BuildKitOptions, Failure> {
    let caches: Vec<Vec<_>> = each(&arguments.cache_to, CacheEntry::read)?;
    Ok(BuildKitOptions {
        secrets: each(&arguments.secret, str::parse)?,
        ssh: arguments
            .ssh
            .iter()
            .map(|text| text.as_str().into())
            .collect(),
        outputs: each(&arguments.output, str::parse)?,
        cache_from: Vec::new(),
        cache_to: completed(caches, environment),
        contexts: contexts(&arguments.build_context)?,
        attestations: attestations(arguments)?,
        entitlements: arguments.allow.clone(),
        no_cache_filter: arguments.no_cache_filter.clone(),
        shared_key: arguments.shared_key.clone(),
    })
}

/// Images by name, which every builder knows, and what has a type.
pub(super) fn cache_from(
    texts: &[String],
    environment: &Environment,
) -> Result<(Vec<String>, Vec<CacheEntry>), Failure> {
    let (typed, images): (Vec<_>, Vec<_>) = texts.iter().partition(|text| text.contains('='));
    let typed: Vec<String> = typed.into_iter().cloned().collect();
    let caches = each(&typed, CacheEntry::read)?;
    let images = images.iter().flat_map(|text| text.split(','));
    Ok((
        images.map(str::to_owned).collect(),
        completed(caches, environment),
    ))
}

/// With what the environment adds; what lacks it is left out, as buildx does.
fn completed(caches: Vec<Vec<CacheEntry>>, environment: &Environment) -> Vec<CacheEntry> {
    let caches = caches.into_iter().flatten();
    caches
        .filter_map(|cache| cache.completed(environment))
        .collect()
}

fn contexts(texts: &[String]) -> Result<BTreeMap<String, NamedContext>, Failure> {
    let specs: Vec<ContextSpec> = each(texts, str::parse)?;
    let context = |spec: ContextSpec| {
        let context = match spec.source {
            ContextSource::Path(path) => NamedContext::Local(directory(&path)?),
            ContextSource::OciLayout(layout) => NamedContext::OciLayout(layout),
            ContextSource::Reference(reference) => NamedContext::Reference(reference),
        };
        Ok((spec.name, context))
    };
    specs.into_iter().map(context).collect()
}

/// Whole: what its own ignore file leaves out, BuildKit does not ask for.
fn directory(path: &Path) -> Result<View, Failure> {
    let tree = TreeBuilder::new().directory(HostDir::new(path)).build();
    let tree = tree.map_err(|error| Failure::of(&error).hint(error.hint()))?;
    Ok(View::new(&tree))
}

/// Gives the files of further contexts the times that those of the main one have: of the disk, or one for all.
pub(super) fn time_alike(options: &mut BuildKitOptions, times: Times) {
    for context in options.contexts.values_mut() {
        if let NamedContext::Local(view) = context {
            *view = view.clone().policy(Policy {
                times,
                ..Policy::default()
            });
        }
    }
}

/// The last word on each kind counts.
fn attestations(arguments: &BuildKitArguments) -> Result<BTreeMap<String, String>, Failure> {
    let mut wanted: Vec<Attestation> = each(&arguments.attest, str::parse)?;
    for (text, read) in [
        (
            &arguments.provenance,
            Attestation::provenance as fn(&str) -> _,
        ),
        (&arguments.sbom, Attestation::sbom),
    ] {
        wanted.extend(text.as_deref().map(read).transpose()?);
    }
    let mut kinds = BTreeMap::new();
    for Attestation { kind, attributes } in wanted {
        match attributes {
            Some(attributes) => drop(kinds.insert(kind, attributes)),
            None => drop(kinds.remove(&kind)),
        }
    }
    Ok(kinds)
}

fn each<T>(
    texts: &[String],
    read: impl Fn(&str) -> Result<T, SpecError>,
) -> Result<Vec<T>, Failure> {
    texts.iter().map(|text| Ok(read(text)?)).collect()
}

impl From<SpecError> for Failure {
    fn from(error: SpecError) -> Self {
        Self::usage(error.to_string()).hint(error.hint())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A pinned time that held for one context alone would leave edits of the others unseen.
    #[test]
    fn one_time_holds_for_all_contexts() {
        let dir = tempfile::tempdir().unwrap();
        let other = format!("other={}", dir.path().display());
        let contexts = contexts(&[other, "image=docker-image://a".to_owned()]).unwrap();
        let mut options = BuildKitOptions {
            contexts,
            ..BuildKitOptions::default()
        };
        for times in [Times::WholeSeconds, Times::Pinned(7)] {
            time_alike(&mut options, times);
            let found = options
                .contexts
                .values()
                .filter_map(|context| match context {
                    NamedContext::Local(view) => Some(view.times()),
                    NamedContext::Reference(_) | NamedContext::OciLayout(_) => None,
                });
            assert_eq!(found.collect::<Vec<_>>(), [times]);
        }
    }
}
