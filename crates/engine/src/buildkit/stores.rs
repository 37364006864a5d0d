//! The OCI layouts of this machine that a build reads and writes: caches in directories, and images as contexts.
//!
//! BuildKit finds them by ids, as BuildKit's own client gives them (its `client/solve.go`): `local:` with a cache's attribute `src`
//! or `dest`, `oci:` with the name that stands in a context's address. It asks for blobs by their digests and never sees
//! an index, so tags are looked up before the build, and set after it.

use std::collections::BTreeMap;
use std::path::Path;

use crate::layout::{Descriptor, Digest, Layout, LayoutError};
use crate::options::BuildOptions;
use crate::random;
use crate::secret::Secret;
use crate::session::content::{Access, Store};

use super::options::{CacheEntry, NamedContext, OciLayout};

/// The tag of a cache or an image that is named by none.
pub(crate) const LATEST: &str = "latest";

/// What the builder says of a cache that it wrote: a descriptor, in JSON.
const CACHE_MANIFEST: &str = "cache.manifest";

/// The layouts of one build.
#[derive(Debug, Default)]
pub(super) struct Stores {
    by_id: BTreeMap<String, Store>,
    /// Caches that are written, with their tags.
    written: Vec<(Layout, String)>,
    /// What is left out, in words for a person.
    pub(super) warnings: Vec<String>,
}

impl Stores {
    /// Opens what `options` name, and puts digests in the place of tags. A cache that is not there is left out, with a
    /// warning, as by BuildKit's client: the first build of many has none.
    ///
    /// # Errors
    /// When a context is not there, or a directory cannot be made.
    pub(super) fn open(options: &mut BuildOptions) -> Result<Self, LayoutError> {
        let mut stores = Self::default();
        let only = &mut options.buildkit;
        for cache in only.cache_to.iter().filter(|cache| cache.is_local()) {
            stores.write(cache)?;
        }
        only.cache_from
            .retain_mut(|cache| !cache.is_local() || stores.read(cache));
        for context in only.contexts.values_mut() {
            if let NamedContext::OciLayout(layout) = context {
                *context = NamedContext::Reference(stores.context(layout)?);
            }
        }
        Ok(stores)
    }

    /// For the session.
    pub(super) fn by_id(&self) -> BTreeMap<String, Store> {
        self.by_id.clone()
    }

    fn write(&mut self, cache: &CacheEntry) -> Result<(), LayoutError> {
        let dest = cache.attribute("dest").unwrap_or_default();
        let layout = Layout::create(Path::new(dest))?;
        let tag = cache.attribute("tag").unwrap_or(LATEST);
        self.written.push((layout.clone(), tag.to_owned()));
        let store = Store::new(layout, Access::Write);
        self.by_id.entry(local(dest)).or_insert(store);
        Ok(())
    }

    /// Whether there is a cache.
    fn read(&mut self, cache: &mut CacheEntry) -> bool {
        let src = cache.attribute("src").unwrap_or_default().to_owned();
        let opened = Layout::open(Path::new(&src)).and_then(|layout| {
            let digest = cache_digest(&layout, cache)?;
            present(&layout, &digest)?;
            Ok((layout, digest))
        });
        match opened {
            Ok((layout, digest)) => {
                let digest = Secret::new(digest.to_string());
                cache.attributes.insert("digest".to_owned(), digest);
                let store = Store::new(layout, Access::Read);
                self.by_id.entry(local(&src)).or_insert(store);
                true
            }
            Err(error) => {
                let cause = std::error::Error::source(&error);
                let cause = cause.map(|cause| format!(": {cause}")).unwrap_or_default();
                self.warnings.push(format!(
                    "building without the cache in `{src}`: {error}{cause}"
                ));
                false
            }
        }
    }

    /// The address of a context, as the frontend takes it.
    fn context(&mut self, wanted: &OciLayout) -> Result<String, LayoutError> {
        let layout = Layout::open(&wanted.directory)?;
        let digest = match &wanted.digest {
            Some(digest) => digest.clone(),
            None => match layout.tagged(&wanted.tag)? {
                Some(digest) => digest,
                // As buildx does, whatever the tag.
                None => layout.only()?.ok_or_else(|| LayoutError::NoTag {
                    path: wanted.directory.clone(),
                    tag: wanted.tag.clone(),
                })?,
            },
        };
        present(&layout, &digest)?;
        // The same for one directory, so that two contexts in it are one store.
        let path = wanted.directory.as_os_str().as_encoded_bytes();
        let name = format!("layout-{}", random::digest(&[path]));
        let address = format!("oci-layout://{name}@{digest}");
        let store = Store::new(layout, Access::Read);
        self.by_id.entry(format!("oci:{name}")).or_insert(store);
        Ok(address)
    }

    /// Sets the tags of what was written, of which `said` is what the builder says of its results.
    ///
    /// # Errors
    /// When an index cannot be written.
    pub(super) fn finish(&mut self, said: &BTreeMap<String, String>) -> Result<(), LayoutError> {
        for (layout, tag) in std::mem::take(&mut self.written) {
            let Some(text) = said.get(CACHE_MANIFEST) else {
                let path = layout.path().display();
                self.warnings
                    .push(format!("the builder wrote no cache into `{path}`"));
                continue;
            };
            let cache: Descriptor = serde_json::from_str(text).map_err(|source| {
                let path = layout.path().to_owned();
                LayoutError::Unintelligible { path, source }
            })?;
            layout.tag(&cache, &tag)?;
        }
        Ok(())
    }
}

/// The id of a cache's store.
fn local(directory: &str) -> String {
    format!("local:{directory}")
}

fn cache_digest(layout: &Layout, cache: &CacheEntry) -> Result<Digest, LayoutError> {
    // Its text was read with the specification.
    if let Some(Ok(digest)) = cache.attribute("digest").map(str::parse) {
        return Ok(digest);
    }
    let tag = cache.attribute("tag").unwrap_or(LATEST);
    layout.tagged(tag)?.ok_or_else(|| LayoutError::NoTag {
        path: layout.path().to_owned(),
        tag: tag.to_owned(),
    })
}

fn present(layout: &Layout, digest: &Digest) -> Result<(), LayoutError> {
    match layout.blob(digest) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Err(LayoutError::NoBlob {
            path: layout.path().to_owned(),
            digest: digest.clone(),
        }),
        Err(error) => Err(layout.cannot_read(error)),
    }
}
