//! `--build-context`.

use std::path::PathBuf;
use std::str::FromStr;

use super::{Spec, SpecError};
use crate::buildkit::options::OciLayout;
use crate::buildkit::stores::LATEST;
use crate::image_name::ImageName;
use crate::layout::DigestError;

/// A context beside the main one, by name; where it is has not been looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContextSpec {
    /// The name by which the Dockerfile calls it, as the frontend knows it: `golang` for `docker.io/library/golang:latest`.
    pub name: String,
    /// Where it is.
    pub source: ContextSource,
}

/// Where a context is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ContextSource {
    /// In a directory of this machine.
    Path(PathBuf),
    /// An image in a directory of this machine: `oci-layout://DIRECTORY[:TAG][@DIGEST]`.
    OciLayout(OciLayout),
    /// Where the builder finds it itself: `docker-image://…`, a git or an HTTP address, `target:…`.
    Reference(String),
}

/// What the builder fetches itself begins with one of these.
const REFERENCES: [&str; 8] = [
    "docker-image://",
    "target:",
    "http://",
    "https://",
    "git://",
    "ssh://",
    "git@",
    "github.com/",
];

/// `--build-context NAME=PATH`, or an address in the place of the path.
///
/// ```
/// use shipload_engine::{ContextSource, ContextSpec};
///
/// let context: ContextSpec = "alpine=docker-image://alpine:3.21".parse()?;
/// assert_eq!(context.source, ContextSource::Reference("docker-image://alpine:3.21".to_owned()));
/// # Ok::<(), shipload_engine::SpecError>(())
/// ```
impl FromStr for ContextSpec {
    type Err = SpecError;

    fn from_str(text: &str) -> Result<Self, SpecError> {
        let spec = Spec {
            option: "--build-context",
            text,
            usage: "write `NAME=DIRECTORY`, `NAME=docker-image://IMAGE`, `NAME=oci-layout://DIRECTORY` or the address of a git repository",
        };
        let hidden = without_password(text);
        let error = |problem: String| spec.error_with(&hidden, problem, spec.usage);
        let (name, place) = text
            .split_once('=')
            .ok_or_else(|| error("it has no name".to_owned()))?;
        let name = familiar(name).ok_or_else(|| error(format!("`{name}` cannot be a name")))?;
        if place.is_empty() {
            return Err(error("it has no place".to_owned()));
        }
        if let Some(layout) = place.strip_prefix("oci-layout://") {
            let source = match oci_layout(layout) {
                Ok(layout) if layout.directory.as_os_str().is_empty() => {
                    return Err(error("it names no directory".to_owned()));
                }
                Ok(layout) => ContextSource::OciLayout(layout),
                Err(problem) => return Err(error(problem.to_string())),
            };
            return Ok(Self { name, source });
        }
        let is_reference = REFERENCES.iter().any(|start| place.starts_with(start));
        let source = if is_reference {
            ContextSource::Reference(place.to_owned())
        } else {
            ContextSource::Path(PathBuf::from(place))
        };
        Ok(Self { name, source })
    }
}

/// What stands behind `oci-layout://`, of which neither `:` nor `@` can be in the directory's name.
fn oci_layout(text: &str) -> Result<OciLayout, DigestError> {
    let (text, digest) = match text.split_once('@') {
        Some((text, digest)) => (text, Some(digest.parse()?)),
        None => (text, None),
    };
    let (directory, tag) = text.split_once(':').unwrap_or((text, LATEST));
    Ok(OciLayout {
        directory: PathBuf::from(directory),
        tag: tag.to_owned(),
        digest,
    })
}

/// The shortest form of a name, as docker shows it.
fn familiar(name: &str) -> Option<String> {
    let name: ImageName = name.parse().ok()?;
    let text = name.as_str();
    let text = ["docker.io/", "index.docker.io/"]
        .iter()
        .find_map(|hub| text.strip_prefix(hub))
        .unwrap_or(text);
    let text = match text.strip_prefix("library/") {
        Some(official) if !official.contains('/') => official,
        _ => text,
    };
    Some(text.strip_suffix(":latest").unwrap_or(text).to_owned())
}

/// An address whose user and password, if it has any, are left out.
pub(crate) fn without_password(text: &str) -> String {
    let Some((start, rest)) = text.split_once("://") else {
        return text.to_owned();
    };
    // What stands before an `@` there is a directory.
    if start.ends_with("=oci-layout") {
        return text.to_owned();
    }
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    match authority.rsplit_once('@') {
        Some((_, host)) => format!("{start}://…@{host}{path}"),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::read;
    use super::*;

    #[test]
    fn contexts() {
        // The names as in buildx' `TestParseContextNames`.
        let rows = [
            ("library/golang=one", "golang Path(\"one\")"),
            ("docker.io/library/golang=two", "golang Path(\"two\")"),
            ("golang:latest=two", "golang Path(\"two\")"),
            (
                "example.com/project/image:v1=three",
                "example.com/project/image:v1 Path(\"three\")",
            ),
            ("a=./b=c", "a Path(\"./b=c\")"),
            (
                "a=docker-image://alpine",
                "a Reference(\"docker-image://alpine\")",
            ),
            (
                "a=https://host/x.git#main",
                "a Reference(\"https://host/x.git#main\")",
            ),
            ("a=git@host:x/y", "a Reference(\"git@host:x/y\")"),
            ("a=github.com/x/y", "a Reference(\"github.com/x/y\")"),
            ("a=target:b", "a Reference(\"target:b\")"),
            ("golang", "it has no name"),
            ("UPPERCASE=value", "`UPPERCASE` cannot be a name"),
            ("a=", "it has no place"),
            ("a=oci-layout://", "it names no directory"),
            ("a=oci-layout://:tag", "it names no directory"),
            (
                "a=oci-layout://x@sha256:../../y",
                "`sha256:../../y` is no digest",
            ),
        ];
        for (text, expected) in rows {
            let show = |context: ContextSpec| format!("{} {:?}", context.name, context.source);
            assert_eq!(read(text, show), expected, "{text}");
        }
    }

    #[test]
    fn images_in_directories() {
        let digest = format!("sha256:{}", "ab".repeat(32));
        let rows = [
            ("out/x".to_owned(), "out/x latest"),
            ("/out:main".to_owned(), "/out main"),
            ("../x:".to_owned(), "../x "),
            ("x:a:b".to_owned(), "x a:b"),
            (format!("x@{digest}"), "x latest DIGEST"),
            (format!("x:y@{digest}"), "x y DIGEST"),
        ];
        for (text, expected) in rows {
            let show = |context: ContextSpec| {
                let ContextSource::OciLayout(layout) = context.source else {
                    panic!()
                };
                let found = layout.digest.map(|digest| format!(" {digest}"));
                let found = found.unwrap_or_default().replace(&digest, "DIGEST");
                format!("{} {}{found}", layout.directory.display(), layout.tag)
            };
            let text = format!("a=oci-layout://{text}");
            assert_eq!(read(&text, show), expected, "{text}");
        }
    }

    #[test]
    fn an_error_shows_no_password() {
        for (text, shown) in [
            ("https://me:c4n4ry@host/x", "https://…@host/x"),
            ("A=https://c4n4ry@host", "A=https://…@host"),
            ("A=https://host/x@y", "A=https://host/x@y"),
            ("a=oci-layout://x@y", "a=oci-layout://x@y"),
        ] {
            let error = text.parse::<ContextSpec>().unwrap_err();
            assert_eq!(error.spec, shown);
            assert!(!format!("{error:?}").contains("c4n4ry"));
        }
    }
}
