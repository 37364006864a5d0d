//! The files that a build writes about its result: `--iidfile` and `--metadata-file`.

use std::collections::BTreeMap;
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use serde_json::Value;
use shipload::context::show;
use shipload::engine::Built;

use crate::exit::Failure;

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
    match fs_err::remove_file(file) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            let file = show(file.as_os_str().as_bytes());
            Err(Failure::new(format!("cannot remove the old `{file}`")).caused_by(&error))
        }
        _ => Ok(()),
    }
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
    use super::*;

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
