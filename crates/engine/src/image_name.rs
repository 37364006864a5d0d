//! Names of images, checked before they become part of a request's path.

use std::fmt;
use std::str::FromStr;

use crate::auth::Registry;

/// The name of an image: `[registry/]path[:tag][@digest]`, or an id.
///
/// The grammar is that of the distribution project's references; an id (`sha256:…` or hex) fits it.
/// Kept as written; a name that climbs, has capitals in its path or has a stray character cannot be
/// made.
///
/// ```
/// use shipload_engine::ImageName;
///
/// let name: ImageName = "localhost:5000/team/app:1.2".parse()?;
/// assert_eq!(name.repository(), "localhost:5000/team/app");
/// assert_eq!(name.tag(), Some("1.2"));
/// assert_eq!(name.registry().as_str(), "localhost:5000");
/// assert!("../containers/json".parse::<ImageName>().is_err());
/// # Ok::<(), shipload_engine::ImageNameError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ImageName {
    text: String,
    /// Where the repository ends.
    repository: usize,
    /// Where the tag begins and ends.
    tag: Option<(usize, usize)>,
}

/// A text that names no image.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is no name of an image: {reason}")]
pub struct ImageNameError {
    /// The text.
    pub text: String,
    /// What is wrong with it.
    pub reason: &'static str,
}

/// The longest repository, in bytes, as the distribution project has it.
const REPOSITORY_LIMIT: usize = 255;

/// The longest tag, in bytes.
const TAG_LIMIT: usize = 128;

impl FromStr for ImageName {
    type Err = ImageNameError;

    fn from_str(text: &str) -> Result<Self, ImageNameError> {
        let fail = |reason| ImageNameError {
            text: text.to_owned(),
            reason,
        };
        let (named, digest) = match text.split_once('@') {
            Some((named, digest)) => (named, Some(digest)),
            None => (text, None),
        };
        if digest.is_some_and(|digest| !is_digest(digest)) {
            return Err(fail("what follows `@` is no digest"));
        }
        let path_start = named.rfind('/').map_or(0, |slash| slash + 1);
        let (repository, tag) = match named[path_start..].find(':') {
            Some(colon) => (
                path_start + colon,
                Some((path_start + colon + 1, named.len())),
            ),
            None => (named.len(), None),
        };
        if tag.is_some_and(|(start, end)| !is_tag(&named[start..end])) {
            return Err(fail(
                "the tag has a character that no tag has, or none or too many",
            ));
        }
        check_repository(&named[..repository]).map_err(fail)?;
        Ok(Self {
            text: text.to_owned(),
            repository,
            tag,
        })
    }
}

impl ImageName {
    /// As it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Without tag and digest.
    pub fn repository(&self) -> &str {
        &self.text[..self.repository]
    }

    /// The tag, where one is written.
    pub fn tag(&self) -> Option<&str> {
        self.tag.map(|(start, end)| &self.text[start..end])
    }

    /// The digest, where one is written.
    pub fn digest(&self) -> Option<&str> {
        self.text.split_once('@').map(|(_, digest)| digest)
    }

    /// The tag, or `latest`, as docker reads a name without one.
    pub fn tag_or_latest(&self) -> &str {
        self.tag().unwrap_or("latest")
    }

    /// The registry that it would be pulled from.
    pub fn registry(&self) -> Registry {
        match self.repository().split_once('/') {
            Some((first, _)) if is_domain(first) => Registry::new(first),
            _ => Registry::docker_hub(),
        }
    }

    /// The same repository with another tag, and no digest.
    ///
    /// # Errors
    /// When `tag` is no tag.
    pub fn with_tag(&self, tag: &str) -> Result<Self, ImageNameError> {
        format!("{}:{tag}", self.repository()).parse()
    }
}

impl fmt::Display for ImageName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// The first part is a registry if it has a dot or a port, or is `localhost`, or has capitals.
fn is_domain(part: &str) -> bool {
    part.contains(['.', ':', '[']) || part == "localhost" || part != part.to_lowercase()
}

fn check_repository(text: &str) -> Result<(), &'static str> {
    if text.len() > REPOSITORY_LIMIT {
        return Err("it is longer than 255 bytes");
    }
    let path = match text.split_once('/') {
        Some((first, rest)) if is_domain(first) => {
            let well_formed = first
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-.:[]".contains(&byte));
            let climbs = first.split('.').any(str::is_empty);
            if !well_formed || climbs || first.starts_with(['-', ':']) {
                return Err("the registry is no host");
            }
            rest
        }
        _ => text,
    };
    if path.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return Err("the repository must be in lower case");
    }
    let fits = |part: &str| {
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
        part.bytes()
            .all(|byte| plain(byte) || b"._-".contains(&byte))
            && part.bytes().next().is_some_and(plain)
            && part.bytes().last().is_some_and(plain)
            && !["..", "___", "._", "_.", "-.", ".-", "-_", "_-"]
                .iter()
                .any(|bad| part.contains(bad))
    };
    if path.split('/').all(fits) {
        Ok(())
    } else {
        Err("the repository is not well-formed")
    }
}

fn is_tag(text: &str) -> bool {
    let first = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    text.len() <= TAG_LIMIT
        && text.bytes().next().is_some_and(first)
        && text
            .bytes()
            .all(|byte| first(byte) || byte == b'.' || byte == b'-')
}

fn is_digest(text: &str) -> bool {
    text.split_once(':').is_some_and(|(algorithm, hex)| {
        !algorithm.is_empty()
            && algorithm
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"+._-".contains(&byte))
            && hex.len() >= 32
            && hex.bytes().all(|byte| byte.is_ascii_hexdigit())
    })
}
