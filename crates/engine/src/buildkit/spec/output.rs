//! `--output`.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::str::FromStr;

use super::{Spec, SpecError, boolean, fields, pair};
use crate::buildkit::options::{Destination, Output, OutputKind};

/// `--output DIRECTORY`, `--output -` for a tar on the standard output, or `--output type=TYPE[,dest=PATH][,KEY=VALUE…]`.
///
/// `type=registry` is an image that is pushed. An archive without `dest` goes to the standard output, but for `docker`, which
/// then goes into the engine.
///
/// ```
/// use shipload_engine::{Destination, Output, OutputKind};
///
/// let output: Output = "type=tar,dest=out.tar".parse()?;
/// assert_eq!(output.kind, OutputKind::Tar);
/// assert_eq!(output.destination, Some(Destination::File("out.tar".into())));
/// # Ok::<(), shipload_engine::SpecError>(())
/// ```
impl FromStr for Output {
    type Err = SpecError;

    fn from_str(text: &str) -> Result<Self, SpecError> {
        let spec = Spec {
            option: "--output",
            text,
            usage: "write a directory, `-` for a tar, or `type=local|tar|oci|docker|image|registry,dest=PATH`",
        };
        let fields = fields(text).map_err(|problem| spec.error(problem))?;
        if fields.len() == 1 && fields[0] == text && !text.starts_with("type=") {
            return Ok(without_type(text));
        }
        let (mut kind, mut destination, mut attributes) = ("", "", BTreeMap::new());
        for field in &fields {
            let (key, value) =
                pair(field).ok_or_else(|| spec.error(format!("`{field}` has no value")))?;
            match key.to_lowercase().trim() {
                "type" => kind = value,
                "dest" => destination = value,
                key => drop(attributes.insert(key.to_owned(), value.to_owned())),
            }
        }
        let kind = match kind {
            "local" => OutputKind::Local,
            "tar" => OutputKind::Tar,
            "oci" => OutputKind::Oci,
            "docker" => OutputKind::Docker,
            "image" => OutputKind::Image,
            "registry" => {
                attributes.insert("push".to_owned(), "true".to_owned());
                OutputKind::Image
            }
            "cacheonly" => OutputKind::CacheOnly,
            "" => return Err(spec.error("it has no type")),
            other => return Err(spec.error(format!("there is no type `{other}`"))),
        };
        check_supported(spec, kind, &attributes)?;
        Ok(Self {
            kind,
            destination: place(spec, kind, destination)?,
            attributes,
        })
    }
}

fn without_type(text: &str) -> Output {
    let (kind, destination) = match text {
        "-" => (OutputKind::Tar, Destination::Stdout),
        path => (OutputKind::Local, Destination::Directory(path.into())),
    };
    Output {
        kind,
        destination: Some(destination),
        attributes: BTreeMap::new(),
    }
}

/// What buildx does on this machine and not the builder, and shipload does not.
fn check_supported(
    spec: Spec<'_>,
    kind: OutputKind,
    attributes: &BTreeMap<String, String>,
) -> Result<(), SpecError> {
    let attribute = |name: &str| attributes.get(name).map(String::as_str);
    let (problem, hint) = match kind {
        OutputKind::Oci | OutputKind::Docker
            if attribute("tar").and_then(boolean) == Some(false) =>
        {
            (
                "a directory in the OCI layout is not supported",
                "write an archive with `dest=FILE` and unpack it",
            )
        }
        OutputKind::Local if attribute("mode") == Some("delete") => (
            "`mode=delete` is not supported",
            "remove the directory before the build",
        ),
        _ => return Ok(()),
    };
    Err(spec.error_with(spec.text, problem, hint))
}

fn place(
    spec: Spec<'_>,
    kind: OutputKind,
    destination: &str,
) -> Result<Option<Destination>, SpecError> {
    let place = match (kind, destination) {
        (OutputKind::Local, "") => return Err(spec.error("it needs a directory as `dest`")),
        (OutputKind::Local, "-") => {
            return Err(spec.error("a directory cannot go to the standard output"));
        }
        (OutputKind::Local, path) => Destination::Directory(PathBuf::from(path)),
        (OutputKind::Tar | OutputKind::Oci, "") | (_, "-") if is_archive(kind) => {
            Destination::Stdout
        }
        (_, path) if is_archive(kind) && !path.is_empty() => Destination::File(PathBuf::from(path)),
        // `docker` without one; the others have none, and buildx overlooks one.
        _ => return Ok(None),
    };
    Ok(Some(place))
}

fn is_archive(kind: OutputKind) -> bool {
    match kind {
        OutputKind::Tar | OutputKind::Oci | OutputKind::Docker => true,
        OutputKind::Image | OutputKind::Local | OutputKind::CacheOnly => false,
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::read;
    use super::*;

    #[test]
    fn outputs() {
        let rows = [
            ("out", "Local Directory(\"out\")"),
            ("-", "Tar Stdout"),
            ("dest=out", "Local Directory(\"dest=out\")"),
            ("type=local,dest=out", "Local Directory(\"out\")"),
            (
                "type=local,dest=out,platform-split=false",
                "Local Directory(\"out\") platform-split=false",
            ),
            ("type=tar", "Tar Stdout"),
            ("type=tar,dest=-", "Tar Stdout"),
            ("type=tar,dest=x.tar", "Tar File(\"x.tar\")"),
            (
                "type=oci,dest=x.tar,Compression=zstd",
                "Oci File(\"x.tar\") compression=zstd",
            ),
            ("type=oci", "Oci Stdout"),
            ("type=docker", "Docker"),
            ("type=docker,dest=-", "Docker Stdout"),
            (
                "type=docker,dest=x.tar,tar=true",
                "Docker File(\"x.tar\") tar=true",
            ),
            ("type=image,name=a/b", "Image name=a/b"),
            (
                "type=image,\"name=a,b\",push=true",
                "Image name=a,b push=true",
            ),
            ("type=registry", "Image push=true"),
            ("type=registry,push=false", "Image push=true"),
            ("type=cacheonly", "CacheOnly"),
            ("type=local", "it needs a directory as `dest`"),
            (
                "type=local,dest=-",
                "a directory cannot go to the standard output",
            ),
            (
                "type=local,dest=x,mode=delete",
                "`mode=delete` is not supported",
            ),
            (
                "type=oci,dest=x,tar=false",
                "a directory in the OCI layout is not supported",
            ),
            ("type=moby", "there is no type `moby`"),
            ("type=tar,x", "`x` has no value"),
            ("dest=x,name=y", "it has no type"),
            ("", "it is empty"),
        ];
        for (text, expected) in rows {
            let show = |output: Output| {
                let mut parts = vec![format!("{:?}", output.kind)];
                parts.extend(output.destination.map(|place| format!("{place:?}")));
                let attribute = |(key, value): (String, String)| format!("{key}={value}");
                parts.extend(output.attributes.into_iter().map(attribute));
                parts.join(" ")
            };
            assert_eq!(read(text, show), expected, "{text}");
        }
        let error = "type=oci,dest=x,tar=0".parse::<Output>().unwrap_err();
        let hint = "write an archive with `dest=FILE` and unpack it";
        assert_eq!(error.hint().unwrap(), hint);
    }
}
