//! `index.json`: what is in a layout, by tag, as BuildKit's clients read and write it.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Write};
use std::os::fd::OwnedFd;
use std::thread;
use std::time::{Duration, Instant};

use rustix::fs::{
    AtFlags, FlockOperation, Mode, OFlags, flock, fstat, openat, renameat, statat, unlinkat,
};
use rustix::io::Errno;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{Blob, Digest, Layout, LayoutError};
use crate::random;

const INDEX: &str = "index.json";

/// Held while the index is rewritten, by BuildKit's clients too.
const LOCK: &str = "index.json.lock";

/// How long another process may hold it.
const PATIENCE: Duration = Duration::from_secs(10);

/// The longest index that is read, in bytes.
const LIMIT: u64 = 16 << 20;

/// The name of an image, as containerd notes it.
const IMAGE_NAME: &str = "io.containerd.image.name";

/// The tag, as OCI has it.
const REF_NAME: &str = "org.opencontainers.image.ref.name";

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Index {
    #[serde(default)]
    schema_version: u32,
    #[serde(default)]
    media_type: String,
    /// Go writes `null` where there are none.
    manifests: Option<Vec<Descriptor>>,
    #[serde(flatten)]
    rest: Map<String, Value>,
}

/// What the index, or a builder, says of a blob.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Descriptor {
    /// Which blob; not parsed, since others may name theirs otherwise.
    digest: String,
    #[serde(default)]
    annotations: BTreeMap<String, String>,
    #[serde(flatten)]
    rest: Map<String, Value>,
}

/// Reading
impl Layout {
    /// The digest of what has this tag, or this name in containerd.
    pub(crate) fn tagged(&self, tag: &str) -> Result<Option<Digest>, LayoutError> {
        let manifests = self.index()?.manifests.unwrap_or_default();
        let by = |annotation: &str| {
            let mut found = manifests.iter();
            found.find(|one| one.annotations.get(annotation).is_some_and(|it| it == tag))
        };
        let found = by(IMAGE_NAME).or_else(|| by(REF_NAME));
        found.map(|found| self.digest_of(found)).transpose()
    }

    /// The digest of what is there alone.
    pub(crate) fn only(&self) -> Result<Option<Digest>, LayoutError> {
        match &self.index()?.manifests.unwrap_or_default()[..] {
            [only] => self.digest_of(only).map(Some),
            _ => Ok(None),
        }
    }

    fn digest_of(&self, descriptor: &Descriptor) -> Result<Digest, LayoutError> {
        let digest = descriptor.digest.parse();
        digest.map_err(|error| self.cannot_read(io::Error::new(io::ErrorKind::InvalidData, error)))
    }

    fn index(&self) -> Result<Index, LayoutError> {
        let read = || {
            let index = Blob::open(&self.0.root, INDEX)?;
            if index.size > LIMIT {
                return Err(io::Error::from(io::ErrorKind::FileTooLarge));
            }
            // Not longer than it was a moment ago, whatever happens to it.
            index.read_at(0, usize::try_from(index.size).unwrap_or(usize::MAX))
        };
        let text = read().map_err(|error| self.cannot_read(error))?;
        if text.is_empty() {
            return Ok(Index::default());
        }
        serde_json::from_slice(&text).map_err(|source| LayoutError::Index {
            path: self.path().to_owned(),
            source,
        })
    }
}

/// Writing
impl Layout {
    /// Notes a blob under a tag, in the place of what had it. What else the index says stays.
    ///
    /// # Errors
    /// When the blob is not there, the index is none, or it cannot be written, or not within 10 seconds.
    pub(crate) fn tag(&self, blob: &Descriptor, tag: &str) -> Result<(), LayoutError> {
        let digest = self.digest_of(blob)?;
        self.blob(&digest).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => LayoutError::NoBlob {
                path: self.path().to_owned(),
                digest,
            },
            _ => self.cannot_read(error),
        })?;
        let failed = |error| self.cannot_write(error);
        let lock = self.lock().map_err(failed)?;
        let mut index = match self.index() {
            Err(LayoutError::Read { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
                Index::default()
            }
            index => index?,
        };
        if index.schema_version == 0 {
            index.schema_version = 2;
        }
        if index.media_type.is_empty() {
            "application/vnd.oci.image.index.v1+json".clone_into(&mut index.media_type);
        }
        let manifests = index.manifests.get_or_insert_default();
        manifests.retain(|one| {
            one.annotations.get(REF_NAME).map(String::as_str) != Some(tag)
                || one.annotations.contains_key(IMAGE_NAME)
        });
        let mut blob = blob.clone();
        blob.annotations.insert(REF_NAME.to_owned(), tag.to_owned());
        manifests.push(blob);
        let text = serde_json::to_vec(&index).map_err(|error| failed(error.into()))?;
        self.replace("oci-layout", br#"{"imageLayoutVersion":"1.0.0"}"#)
            .and_then(|()| self.replace(INDEX, &text))
            .map_err(failed)?;
        drop(lock);
        Ok(())
    }

    /// Writes a file so that there is always a whole one.
    fn replace(&self, name: &str, text: &[u8]) -> io::Result<()> {
        let root = &self.0.root;
        let temporary = format!(".shipload-{}", random::name()?);
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC;
        let file = openat(root, &temporary, flags, Mode::from_raw_mode(0o644))?;
        let mut file = File::from(file);
        let written = file
            .write_all(text)
            .and_then(|()| file.sync_all())
            .and_then(|()| Ok(renameat(root, &temporary, root, name)?));
        if written.is_err() {
            let _ = unlinkat(root, &temporary, AtFlags::empty());
        }
        written
    }

    /// Waits until nobody else writes. Whoever is done removes the file, so it may be another one by the time it is locked.
    fn lock(&self) -> io::Result<Lock<'_>> {
        let root = &self.0.root;
        let flags = OFlags::RDWR | OFlags::CREATE | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let start = Instant::now();
        loop {
            let file = openat(root, LOCK, flags, Mode::from_raw_mode(0o644))?;
            match flock(&file, FlockOperation::NonBlockingLockExclusive) {
                Ok(()) => {
                    let (held, named) =
                        (fstat(&file)?, statat(root, LOCK, AtFlags::SYMLINK_NOFOLLOW));
                    if named.is_ok_and(|named| named.st_ino == held.st_ino) {
                        return Ok(Lock {
                            layout: self,
                            _file: file,
                        });
                    }
                }
                Err(Errno::WOULDBLOCK) if start.elapsed() < PATIENCE => {
                    thread::sleep(Duration::from_millis(20));
                }
                Err(Errno::WOULDBLOCK) => return Err(io::ErrorKind::TimedOut.into()),
                Err(error) => return Err(error.into()),
            }
        }
    }
}

/// The right to write the index.
struct Lock<'a> {
    layout: &'a Layout,
    /// Closed, and so unlocked, after the name is gone.
    _file: OwnedFd,
}

impl Drop for Lock<'_> {
    fn drop(&mut self) {
        let _ = unlinkat(&self.layout.0.root, LOCK, AtFlags::empty());
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::sync::Arc;

    use fs_err as fs;
    use serde_json::json;

    use super::*;

    fn layout(folder: &Path) -> Layout {
        Layout::create(&folder.join("a/b")).unwrap()
    }

    fn blob(layout: &Layout, content: &[u8]) -> Digest {
        let mut ingest = super::super::Ingest::begin(layout).unwrap();
        ingest.write(content).unwrap();
        ingest.commit(None, None).unwrap()
    }

    fn descriptor(digest: &Digest) -> Descriptor {
        let text = json!({ "mediaType": "m", "digest": digest.to_string(), "size": 3 });
        serde_json::from_value(text).unwrap()
    }

    fn read(layout: &Layout) -> Value {
        serde_json::from_slice(&fs::read(layout.path().join(INDEX)).unwrap()).unwrap()
    }

    #[test]
    fn a_tag_moves_and_all_else_stays() {
        let folder = tempfile::tempdir().unwrap();
        let layout = layout(folder.path());
        let (one, two) = (blob(&layout, b"one"), blob(&layout, b"two"));
        layout.tag(&descriptor(&one), "latest").unwrap();
        let entry = |digest: &Digest, tag: &str| json!({ "mediaType": "m", "digest": digest.to_string(), "size": 3, "annotations": { REF_NAME: tag } });
        let index = |manifests: Value| {
            json!({
                "schemaVersion": 2,
                "mediaType": "application/vnd.oci.image.index.v1+json",
                "manifests": manifests,
            })
        };
        assert_eq!(read(&layout), index(json!([entry(&one, "latest")])));
        assert_eq!(layout.only().unwrap(), Some(one.clone()));
        layout.tag(&descriptor(&one), "other").unwrap();
        layout.tag(&descriptor(&two), "latest").unwrap();
        let both = json!([entry(&one, "other"), entry(&two, "latest")]);
        assert_eq!(read(&layout), index(both));
        assert_eq!(layout.tagged("latest").unwrap(), Some(two));
        assert_eq!(layout.tagged("other").unwrap(), Some(one));
        assert_eq!(layout.tagged("none").unwrap(), None);
        assert_eq!(layout.only().unwrap(), None);

        let mut names: Vec<_> = fs::read_dir(layout.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        assert_eq!(names, ["blobs", "index.json", "ingest", "oci-layout"]);
    }

    #[test]
    fn what_others_wrote_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let layout = layout(folder.path());
        let one = blob(&layout, b"one");
        let named = json!({
            "digest": one.to_string(),
            "annotations": { REF_NAME: "latest", IMAGE_NAME: "docker.io/library/x:latest" },
            "platform": { "os": "linux" },
        });
        let theirs = json!({
            "schemaVersion": 2,
            "manifests": [named],
            "annotations": { "a": "b" },
            "subject": null,
        });
        fs::write(layout.path().join(INDEX), theirs.to_string()).unwrap();
        assert_eq!(
            layout.tagged("docker.io/library/x:latest").unwrap(),
            Some(one.clone())
        );
        layout.tag(&descriptor(&one), "latest").unwrap();
        let found = read(&layout);
        assert_eq!(found["annotations"], theirs["annotations"]);
        assert_eq!(found["manifests"][0], named);
        assert_eq!(found["manifests"].as_array().unwrap().len(), 2);
        fs::write(
            layout.path().join(INDEX),
            "{\"schemaVersion\":2,\"manifests\":null}",
        )
        .unwrap();
        assert_eq!(layout.only().unwrap(), None);
    }

    #[test]
    fn what_is_no_index_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let layout = layout(folder.path());
        let one = blob(&layout, b"one");
        let path = layout.path().join(INDEX);
        for text in ["[", "[]", "{\"manifests\":[{}]}", "{\"manifests\":3}"] {
            fs::write(&path, text).unwrap();
            let error = layout.tag(&descriptor(&one), "latest").unwrap_err();
            assert!(matches!(error, LayoutError::Index { .. }), "{error}");
            assert_eq!(fs::read_to_string(&path).unwrap(), text);
            assert!(!layout.path().join(LOCK).exists());
        }
        fs::remove_file(&path).unwrap();
        let absent = Digest::sha256(&[7; 32]);
        let error = layout.tag(&descriptor(&absent), "latest").unwrap_err();
        assert!(matches!(error, LayoutError::NoBlob { .. }), "{error}");
        // A link would be read, and then replaced.
        std::os::unix::fs::symlink("/etc/passwd", &path).unwrap();
        assert!(matches!(layout.tagged("a"), Err(LayoutError::Read { .. })));
        let mut odd = descriptor(&one);
        "sha256:../../x".clone_into(&mut odd.digest);
        assert!(matches!(
            layout.tag(&odd, "a"),
            Err(LayoutError::Read { .. })
        ));
    }

    #[test]
    fn many_may_set_tags_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let layout = Arc::new(layout(folder.path()));
        let one = blob(&layout, b"one");
        thread::scope(|scope| {
            for at in 0..8 {
                let (layout, one) = (Arc::clone(&layout), one.clone());
                scope.spawn(move || layout.tag(&descriptor(&one), &at.to_string()).unwrap());
            }
        });
        assert_eq!(read(&layout)["manifests"].as_array().unwrap().len(), 8);
        assert!(!layout.path().join(LOCK).exists());
    }
}
