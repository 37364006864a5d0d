//! The files that a build writes about its result: `--iidfile` and `--metadata-file`.

use std::collections::BTreeMap;
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use serde_json::Value;
use shipload::context::show;
use shipload::engine::Built;

use crate::exit::Failure;

/// What exporters tell of an image; the classic builder has none, and its id is the first.
const DIGESTS: [&str; 2] = ["containerimage.config.digest", "containerimage.digest"];

/// Where results are written down.
#[derive(Debug)]
pub(super) struct Results {
    id: Option<PathBuf>,
    metadata: Option<PathBuf>,
}

impl Results {
    /// Removes what earlier builds left: the id of an earlier image must not pass for that of a build that fails. It may lie
    /// in the context, so this comes before the walk.
    pub(super) fn begin(id: Option<&PathBuf>, metadata: Option<&PathBuf>) -> Result<Self, Failure> {
        for file in [id, metadata].into_iter().flatten() {
            remove(file)?;
        }
        Ok(Self {
            id: id.cloned(),
            metadata: metadata.cloned(),
        })
    }

    /// Writes down what came of it.
    pub(super) fn write(&self, built: &Built) -> Result<(), Failure> {
        if let Some(file) = self.id.as_ref().filter(|_| !built.image_id.is_empty()) {
            write(file, built.image_id.as_bytes(), "image id", built)?;
        }
        if let Some(file) = &self.metadata {
            let text = format!("{:#}\n", metadata(built));
            write(file, text.as_bytes(), "metadata", built)?;
        }
        Ok(())
    }
}

/// What the exporters told, as buildx writes it: JSON that came in base64 is JSON again.
fn metadata(built: &Built) -> Value {
    let mut told: BTreeMap<&str, Value> = BTreeMap::new();
    for (name, text) in &built.metadata {
        told.insert(name, decoded(text).unwrap_or_else(|| text.as_str().into()));
    }
    let has_digest = |name: &&str| built.metadata.contains_key(*name);
    if !built.image_id.is_empty() && !DIGESTS.iter().any(has_digest) {
        told.insert(DIGESTS[0], built.image_id.as_str().into());
    }
    let names: Vec<_> = built.tags.iter().map(ToString::to_string).collect();
    if !names.is_empty() {
        told.entry("image.name")
            .or_insert_with(|| names.join(",").into());
    }
    Value::from_iter(told)
}

fn decoded(text: &str) -> Option<Value> {
    use base64::Engine as _;
    let bytes = base64::engine::general_purpose::STANDARD
        .decode(text)
        .ok()?;
    let value: Value = serde_json::from_slice(&bytes).ok()?;
    (value.is_object() || value.is_array()).then_some(value)
}

fn remove(file: &Path) -> Result<(), Failure> {
    if is_open_elsewhere(file) {
        return Ok(());
    }
    match fs_err::remove_file(file) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            let file = show(file.as_os_str().as_bytes());
            Err(Failure::new(format!("cannot remove the old `{file}`")).caused_by(&error))
        }
        _ => Ok(()),
    }
}

/// Whether it is a pipe or device, or the name of an open file such as `/dev/stdout`: these hold nothing old, and have to stay.
fn is_open_elsewhere(file: &Path) -> bool {
    let proc = Path::new("/proc");
    let is_below =
        |path: &Path| fs_err::canonicalize(path).is_ok_and(|path| path.starts_with(proc));
    fs_err::metadata(file).is_ok_and(|found| !found.is_file() && !found.is_dir())
        || fs_err::read_link(file).is_ok_and(|target| target.starts_with(proc))
        || file.parent().is_some_and(is_below)
}

fn write(file: &Path, content: &[u8], what: &str, built: &Built) -> Result<(), Failure> {
    fs_err::write(file, content).map_err(|error| {
        let mut failure = Failure::new(format!("cannot write the {what}")).caused_by(&error);
        failure.details.extend(is_there(built));
        failure
    })
}

/// What a failure after the build should say: the image is there all the same.
pub(super) fn is_there(built: &Built) -> Option<String> {
    let id = &built.image_id;
    (!id.is_empty()).then(|| format!("the image was built: {id}"))
}

#[cfg(test)]
mod tests {
    use std::os::fd::AsRawFd as _;

    use super::*;

    #[test]
    fn what_is_told_of_an_image() {
        let digest = |name: &str| (name.to_owned(), "sha256:11".to_owned());
        let rows = [
            ("", vec![], "{}"),
            (
                "sha256:00",
                vec![],
                r#"{"containerimage.config.digest":"sha256:00"}"#,
            ),
            (
                "sha256:00",
                vec![digest("containerimage.digest")],
                r#"{"containerimage.digest":"sha256:11"}"#,
            ),
        ];
        for (id, told, expected) in rows {
            let built = Built {
                image_id: id.to_owned(),
                tags: Vec::new(),
                metadata: told.into_iter().collect(),
            };
            assert_eq!(metadata(&built).to_string(), expected);
        }
    }

    /// A user may name a pipe, or `/dev/stdout`, and run as root.
    #[test]
    fn only_old_files_are_removed() {
        let dir = tempfile::tempdir().unwrap();
        let path = |name: &str| dir.path().join(name);
        fs_err::write(path("file"), "sha256:old").unwrap();
        let mode = rustix::fs::Mode::RUSR;
        let fifo = rustix::fs::FileType::Fifo;
        rustix::fs::mknodat(rustix::fs::CWD, path("pipe"), fifo, mode, 0).unwrap();
        let open = fs_err::File::create(path("open")).unwrap();
        let descriptor = format!("/proc/self/fd/{}", open.as_raw_fd());
        for (target, name) in [("pipe", "link"), (&descriptor, "stdout"), ("open", "other")] {
            std::os::unix::fs::symlink(target, path(name)).unwrap();
        }
        Results::begin(Some(&PathBuf::from(descriptor)), None).unwrap();
        let rows = [
            ("file", false),
            ("pipe", true),
            ("link", true),
            ("stdout", true),
            ("other", false),
            ("none", false),
        ];
        for (name, stays) in rows {
            Results::begin(Some(&path(name)), None).unwrap();
            let is_there = fs_err::symlink_metadata(path(name)).is_ok();
            assert_eq!(is_there, stays, "{name}");
        }
        assert!(path("open").exists());
        assert!(Results::begin(None, Some(&path("."))).is_err());
    }

    #[test]
    fn json_within_metadata_is_json() {
        use base64::Engine as _;
        let encode = |text: &str| base64::engine::general_purpose::STANDARD.encode(text);
        let rows = [
            (encode(r#"{"size":3}"#), Some(r#"{"size":3}"#)),
            (encode("plain"), None),
            (encode("12"), None),
            ("sha256:00".to_owned(), None),
        ];
        for (text, expected) in rows {
            let found = decoded(&text).map(|value| value.to_string());
            assert_eq!(found.as_deref(), expected, "{text}");
        }
    }
}
