//! The OCI layouts of this machine that a build reads and writes: caches in directories, and images as contexts.
//!
//! BuildKit finds them by ids (its `client/solve.go`): `local:` with a cache's attribute `src` or `dest`, `oci:` with the name that stands
//! in a context's address. It asks for blobs by their digests and never sees an index, so tags are looked up before the
//! build, and set after it.
//!
//! Where BuildKit's own client has the directory in the id, here it has a name made of that. The id goes over the wire as a header,
//! in which not every path can stand; and the path is nobody else's business.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::layout::{Descriptor, Digest, Layout, LayoutError};
use crate::options::BuildOptions;
use crate::random;
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
        for cache in only.cache_to.iter_mut().filter(|cache| cache.is_local()) {
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

    fn write(&mut self, cache: &mut CacheEntry) -> Result<(), LayoutError> {
        let dest = Path::new(cache.attribute("dest").unwrap_or_default());
        let layout = Layout::create(dest)?;
        let tag = cache.attribute("tag").unwrap_or(LATEST);
        self.written.push((layout.clone(), tag.to_owned()));
        let name = self.offer("local", dest, Store::new(layout, Access::Write));
        cache.set("dest", name);
        Ok(())
    }

    /// Makes a store known, unless the directory has one, and returns its name.
    fn offer(&mut self, kind: &str, directory: &Path, store: Store) -> String {
        let path = directory.as_os_str().as_encoded_bytes();
        let name = format!("layout-{}", random::digest(&[path]));
        // Where a cache is written it is offered first, and what may be written may be read.
        self.by_id.entry(format!("{kind}:{name}")).or_insert(store);
        name
    }

    /// Whether there is a cache.
    fn read(&mut self, cache: &mut CacheEntry) -> bool {
        let src = PathBuf::from(cache.attribute("src").unwrap_or_default());
        let opened = Layout::open(&src).and_then(|layout| {
            let digest = cache_digest(&layout, cache)?;
            present(&layout, &digest)?;
            Ok((layout, digest))
        });
        match opened {
            Ok((layout, digest)) => {
                cache.set("digest", digest.to_string());
                let name = self.offer("local", &src, Store::new(layout, Access::Read));
                cache.set("src", name);
                true
            }
            Err(error) => {
                let cause = std::error::Error::source(&error);
                let cause = cause.map(|cause| format!(": {cause}")).unwrap_or_default();
                self.warnings
                    .push(format!("building without a cache: {error}{cause}"));
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
        let store = Store::new(layout, Access::Read);
        let name = self.offer("oci", &wanted.directory, store);
        Ok(format!("oci-layout://{name}@{digest}"))
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

#[cfg(test)]
mod tests {
    use fs_err as fs;

    use super::*;
    use crate::layout::Ingest;

    /// A layout with one blob, tagged.
    fn layout(folder: &Path, tag: &str) -> Digest {
        let layout = Layout::create(folder).unwrap();
        let mut ingest = Ingest::begin(&layout).unwrap();
        ingest.write(tag.as_bytes()).unwrap();
        let digest = ingest.commit(None, None).unwrap();
        layout.tag(&descriptor(&digest), tag).unwrap();
        digest
    }

    fn descriptor(digest: &Digest) -> Descriptor {
        let text = format!("{{\"digest\":\"{digest}\",\"size\":1}}");
        serde_json::from_str(&text).unwrap()
    }

    fn options(to: &[String], from: &[String]) -> BuildOptions {
        let read = |texts: &[String]| {
            let texts = texts.iter().map(|text| CacheEntry::read(text).unwrap());
            texts.flatten().collect()
        };
        let mut options = BuildOptions::default();
        options.buildkit.cache_to = read(to);
        options.buildkit.cache_from = read(from);
        options
    }

    #[test]
    fn a_builder_is_told_digests_and_no_paths() {
        let folder = tempfile::tempdir().unwrap();
        let digest = layout(&folder.path().join("a"), "latest");
        let place = folder.path().join("a").display().to_string();
        let mut options = options(
            &[format!("type=local,dest={place}"), "type=inline".to_owned()],
            &[
                format!("type=local,src={place}"),
                format!("type=local,src={place},tag=none"),
                format!("type=local,src={place}/none"),
                "type=registry,ref=x".to_owned(),
            ],
        );
        let image = OciLayout {
            directory: folder.path().join("a"),
            tag: "whatever".to_owned(),
            digest: None,
        };
        let contexts = &mut options.buildkit.contexts;
        contexts.insert("x".to_owned(), NamedContext::OciLayout(image));
        let stores = Stores::open(&mut options).unwrap();

        let only = &options.buildkit;
        let [cache, registry] = &only.cache_from[..] else {
            panic!("{:?}", only.cache_from)
        };
        assert_eq!(cache.attribute("digest").unwrap(), digest.to_string());
        assert_eq!(registry.kind, "registry");
        assert_eq!(stores.warnings.len(), 2, "{:?}", stores.warnings);
        let name = cache.attribute("src").unwrap();
        assert!(name.starts_with("layout-"), "{name}");
        assert_eq!(only.cache_to[0].attribute("dest"), Some(name));
        let NamedContext::Reference(address) = &only.contexts["x"] else {
            panic!()
        };
        assert_eq!(*address, format!("oci-layout://{name}@{digest}"));
        let ids: Vec<_> = stores.by_id.keys().collect();
        assert_eq!(ids, [&format!("local:{name}"), &format!("oci:{name}")]);
    }

    #[test]
    fn tags_are_set_by_what_the_builder_says() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a/b");
        let to = format!("type=local,dest={},tag=main", path.display());
        let finish = |said: Option<String>| {
            let mut stores = Stores::open(&mut options(std::slice::from_ref(&to), &[])).unwrap();
            let said = said.map(|said| (CACHE_MANIFEST.to_owned(), said));
            let finished = stores.finish(&said.into_iter().collect());
            (finished.map_err(|error| error.to_string()), stores.warnings)
        };
        let (finished, warnings) = finish(None);
        finished.unwrap();
        assert!(warnings[0].starts_with("the builder wrote no cache into `"));
        assert!(!path.join("index.json").exists());

        let digest = layout(&path, "other");
        let there = format!("{{\"digest\":\"{digest}\"}}");
        let absent = format!("{{\"digest\":\"sha256:{}\"}}", "0".repeat(64));
        for said in ["", "[]", "{}", "{\"digest\":\"sha256:../x\"}", &absent] {
            assert!(finish(Some(said.to_owned())).0.is_err(), "{said}");
        }
        let before = fs::read_to_string(path.join("index.json")).unwrap();
        assert!(!before.contains("main"));
        finish(Some(there)).0.unwrap();
        let found = Layout::open(&path).unwrap().tagged("main").unwrap();
        assert_eq!(found, Some(digest));
    }
}
