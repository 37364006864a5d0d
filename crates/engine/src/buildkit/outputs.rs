//! What becomes of a result, as BuildKit's exporters are told it.

use std::collections::HashMap;

use bollard_buildkit_proto::moby::buildkit::v1::Exporter;

use crate::build::BuildError;
use crate::buildkit::options::{Output, OutputKind};
use crate::image_name::{ImageName, ImageNameError};
use crate::options::BuildOptions;
use crate::session::export::Target;

/// The exporters that `options` ask for. On an Engine, what is not said to go elsewhere goes into its image store.
pub(crate) fn exporters(options: &BuildOptions, is_engine: bool) -> Vec<Exporter> {
    let outputs = &options.buildkit.outputs;
    if outputs.is_empty() && is_engine {
        return vec![named("moby", HashMap::new(), options)];
    }
    let exporter = |output: &Output| {
        let mut attributes: HashMap<_, _> = output.attributes.clone().into_iter().collect();
        let stays = output.destination.is_none();
        match output.kind {
            OutputKind::Docker if stays && is_engine => Some(named("moby", attributes, options)),
            OutputKind::Image if is_engine => {
                // Not all Engines can push while they build; all can afterwards.
                attributes.remove("push");
                Some(named("moby", attributes, options))
            }
            OutputKind::Image => Some(named("image", attributes, options)),
            OutputKind::Docker => Some(named("docker", attributes, options)),
            OutputKind::Oci => Some(named("oci", attributes, options)),
            OutputKind::Tar => Some(exporter("tar", attributes)),
            OutputKind::Local => Some(exporter("local", attributes)),
            OutputKind::CacheOnly => None,
        }
    };
    outputs.iter().filter_map(exporter).collect()
}

/// The names that the image gets: those that were asked for, if an image is what comes of it.
pub(crate) fn names(options: &BuildOptions, is_engine: bool) -> Vec<ImageName> {
    let outputs = &options.buildkit.outputs;
    let is_image = outputs.iter().any(|output| match output.kind {
        OutputKind::Image | OutputKind::Docker | OutputKind::Oci => true,
        OutputKind::Tar | OutputKind::Local | OutputKind::CacheOnly => false,
    });
    if is_image || (outputs.is_empty() && is_engine) {
        options.names()
    } else {
        Vec::new()
    }
}

/// Whether an image is to be in the builder's store afterwards, of which it then tells the id.
pub(crate) fn is_image(options: &BuildOptions, is_engine: bool) -> bool {
    let exporters = exporters(options, is_engine);
    let mut kinds = exporters.iter().map(|exporter| exporter.r#type.as_str());
    kinds.any(|kind| matches!(kind, "moby" | "image"))
}

/// The names that an Engine pushes its image under when it is built.
pub(crate) fn pushed(options: &BuildOptions) -> Result<Vec<ImageName>, BuildError> {
    let mut names = Vec::new();
    for output in options
        .buildkit
        .outputs
        .iter()
        .filter(|one| one.is_pushed())
    {
        let own = output.attributes.get("name").map(|list| list.split(','));
        let before = names.len();
        for name in own.into_iter().flatten() {
            names.push(
                name.parse()
                    .map_err(|error: ImageNameError| BuildError::Failed {
                        message: error.to_string(),
                        code: None,
                    })?,
            );
        }
        if names.len() == before {
            names.extend(options.names());
        }
        if names.is_empty() {
            let message = "an image without a name cannot be pushed".to_owned();
            return Err(BuildError::Failed {
                message,
                code: None,
            });
        }
    }
    Ok(names)
}

/// Where the results go on this machine, in the order of the exporters.
pub(crate) fn targets(options: &BuildOptions) -> Vec<Target> {
    let outputs = options.buildkit.outputs.iter();
    let exported = outputs.filter(|output| output.kind != OutputKind::CacheOnly);
    exported.map(Target::from).collect()
}

/// An exporter of images, with the names of the image unless the caller gave it others.
fn named(kind: &str, mut attributes: HashMap<String, String>, options: &BuildOptions) -> Exporter {
    let names = options.tags.iter().chain(&options.further_tags);
    let names: Vec<_> = names.map(ImageName::as_str).collect();
    if !names.is_empty() {
        attributes
            .entry("name".to_owned())
            .or_insert_with(|| names.join(","));
    }
    exporter(kind, attributes)
}

fn exporter(kind: &str, attrs: HashMap<String, String>) -> Exporter {
    Exporter {
        r#type: kind.to_owned(),
        attrs,
    }
}
