//! What is in an image: its configuration and the files that its layers leave, without any time.
//!
//! Read from what `docker save` writes, which holds `manifest.json` with either layout of the layers, so it is
//! the same for all Engines.

use std::collections::BTreeMap;
use std::io::{self, Read as _};
use std::path::{Component, Path};

use serde_json::Value;

use crate::engine::Handle;
use crate::member::{self, Member};

/// An image, as far as two images can be expected to agree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Image {
    /// The configuration (`Env`, `Cmd`, `Labels` and so on), the platform, and the commands of the history.
    ///
    /// Times are left out, and what names a parent image or a container, since those names hold times. So are the
    /// digests by which the classic builder looks for a step in its cache: of a link they hold what it leads to,
    /// though the link alone is copied.
    pub config: Value,
    /// What the layers leave of each other, in the order of the paths; times are empty.
    pub files: Vec<Member>,
}

/// Reading images
impl Handle {
    /// The id of the image `name`.
    ///
    /// # Errors
    /// When the Engine does not answer, or has no such image.
    pub fn image_id(&self, name: &str) -> io::Result<String> {
        let answer = self.request("GET", &format!("/images/{name}/json"), None)?;
        let inspected = answer.json()?;
        let id = inspected["Id"].as_str();
        id.map(str::to_owned)
            .ok_or_else(|| io::Error::other(format!("no image `{name}`: {}", answer.text())))
    }

    /// The digests of the layers of the image `name`, uncompressed, from the lowest up.
    ///
    /// # Errors
    /// When the Engine does not answer, or has no such image.
    pub fn layers(&self, name: &str) -> io::Result<Vec<String>> {
        let answer = self.request("GET", &format!("/images/{name}/json"), None)?;
        let inspected = answer.json()?;
        let layers = inspected["RootFS"]["Layers"].as_array();
        let layers = layers
            .ok_or_else(|| io::Error::other(format!("no image `{name}`: {}", answer.text())))?;
        let digests = layers
            .iter()
            .filter_map(|layer| layer.as_str().map(str::to_owned));
        Ok(digests.collect())
    }

    /// The image `name`. All of it is held in memory for a moment, so it ought to be small.
    ///
    /// # Errors
    /// When the Engine does not answer, or has no such image, or sends what is no image.
    pub fn image(&self, name: &str) -> io::Result<Image> {
        let answer = self.request("GET", &format!("/images/{name}/get"), None)?;
        if answer.status != 200 {
            let message = format!("cannot save `{name}`: {}", answer.text());
            return Err(io::Error::other(message));
        }
        Image::read(&answer.body)
    }
}

/// Making
impl Image {
    fn read(saved: &[u8]) -> io::Result<Self> {
        let saved = Saved::read(saved)?;
        let manifest: Value = serde_json::from_slice(saved.file("manifest.json")?)?;
        let named = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let config = saved.file(&named(&manifest[0]["Config"]))?;
        let mut files = BTreeMap::new();
        for layer in manifest[0]["Layers"].as_array().into_iter().flatten() {
            apply(&mut files, member::read(saved.file(&named(layer))?)?);
        }
        Ok(Self {
            config: timeless(&serde_json::from_slice(config)?),
            files: files.into_values().collect(),
        })
    }
}

/// Comparing
impl Image {
    /// What is otherwise in `other`, a line each; empty if the two agree.
    pub fn differences(&self, other: &Self) -> Vec<String> {
        let mut lines = member::differences(&self.files, &other.files);
        if self.config != other.config {
            lines.push(format!("config: {}", self.config));
            lines.push(format!("   but: {}", other.config));
        }
        lines
    }
}

/// The members of what `docker save` writes.
struct Saved {
    files: BTreeMap<String, Vec<u8>>,
    /// Of two equal layers the older layout has one and a link to it.
    links: BTreeMap<String, String>,
}

impl Saved {
    fn read(archive: &[u8]) -> io::Result<Self> {
        let mut saved = Self {
            files: BTreeMap::new(),
            links: BTreeMap::new(),
        };
        for entry in tar::Archive::new(archive).entries()? {
            let mut entry = entry?;
            let path = entry.path()?.to_string_lossy().into_owned();
            if let Some(target) = entry.link_name()? {
                let parent = Path::new(&path).parent().unwrap_or(Path::new(""));
                saved
                    .links
                    .insert(path.clone(), clean(&parent.join(target)));
            } else {
                let mut content = Vec::new();
                entry.read_to_end(&mut content)?;
                saved.files.insert(path, content);
            }
        }
        Ok(saved)
    }

    fn file(&self, path: &str) -> io::Result<&[u8]> {
        let path = self.links.get(path).map_or(path, String::as_str);
        let content = self.files.get(path).map(Vec::as_slice);
        content.ok_or_else(|| io::Error::other(format!("the saved image lacks `{path}`")))
    }
}

/// `a/../b` as `b`.
fn clean(path: &Path) -> String {
    let mut parts: Vec<String> = Vec::new();
    for part in path.components() {
        match part {
            Component::ParentDir => drop(parts.pop()),
            Component::Normal(name) => parts.push(name.to_string_lossy().into_owned()),
            Component::CurDir | Component::RootDir | Component::Prefix(_) => {}
        }
    }
    parts.join("/")
}

/// Lays a layer over those below, as the image specification says: `.wh.x` removes `x`, and `.wh..wh..opq` all
/// that a directory had.
fn apply(files: &mut BTreeMap<Vec<u8>, Member>, layer: Vec<Member>) {
    const OPAQUE: &[u8] = b".wh..wh..opq";
    let mut own = Vec::new();
    for mut member in layer {
        while let Some(rest) = member.path.strip_prefix(b"./") {
            member.path = rest.to_vec();
        }
        let slash = member.path.iter().rposition(|&byte| byte == b'/');
        let (parent, name) = member.path.split_at(slash.map_or(0, |at| at + 1));
        if name == OPAQUE {
            files.retain(|path, _| !path.starts_with(parent));
        } else if let Some(removed) = name.strip_prefix(b".wh.") {
            let removed = [parent, removed].concat();
            remove(files, &removed);
        } else {
            own.push(member);
        }
    }
    for mut member in own {
        // A directory over a directory changes its metadata; anything else replaces.
        if member.kind != '5' {
            remove(files, &member.path);
        }
        member.mtime.clear();
        // Of the extended headers some hold other times.
        member
            .extensions
            .retain(|key, _| key.starts_with("SCHILY.xattr."));
        files.insert(member.path.clone(), member);
    }
}

fn remove(files: &mut BTreeMap<Vec<u8>, Member>, path: &[u8]) {
    let inside = [path, b"/"].concat();
    files.retain(|other, _| other != path && !other.starts_with(&inside));
}

/// The configuration without times, and without names that hold times.
fn timeless(config: &Value) -> Value {
    let mut settings = config["config"].clone();
    if let Some(settings) = settings.as_object_mut() {
        // Of the classic builder: the parent image, and the container that made the last layer.
        settings.remove("Image");
        settings.remove("Hostname");
    }
    let history = config["history"].as_array().into_iter().flatten();
    let commands: Vec<_> = history
        .map(|step| {
            let by = step["created_by"].as_str().unwrap_or_default();
            serde_json::json!({ "by": without_digests(by), "empty": step["empty_layer"] })
        })
        .collect();
    serde_json::json!({
        "config": settings,
        "platform": [config["os"], config["architecture"], config["variant"]],
        "history": commands,
    })
}

/// `COPY file:0123… in /` as `COPY file: in /`.
fn without_digests(command: &str) -> String {
    let words = command.split(' ').map(|word| match word.split_once(':') {
        Some((kind @ ("file" | "dir" | "multi"), digest)) if digest.len() == 64 => {
            format!("{kind}:")
        }
        _ => word.to_owned(),
    });
    words.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layer(members: &[(&str, tar::EntryType)]) -> Vec<Member> {
        let mut archive = tar::Builder::new(Vec::new());
        for (path, kind) in members {
            let mut header = tar::Header::new_ustar();
            header.set_entry_type(*kind);
            header.set_mode(0o755);
            header.set_size(0);
            archive.append_data(&mut header, path, &[][..]).unwrap();
        }
        member::read(&archive.into_inner().unwrap()).unwrap()
    }

    #[test]
    fn layers_hide_what_is_below() {
        use tar::EntryType::{Directory, Regular};
        let below: &[(&str, tar::EntryType)] = &[
            ("d/", Directory),
            ("d/a", Regular),
            ("d/b", Regular),
            ("e/", Directory),
            ("e/a", Regular),
            ("ea", Regular),
        ];
        for (above, expected) in [
            (&[("d/.wh.a", Regular)][..], "d d/b e e/a ea"),
            (&[(".wh.e", Regular)], "d d/a d/b ea"),
            (
                &[
                    ("d/", Directory),
                    ("d/.wh..wh..opq", Regular),
                    ("d/c", Regular),
                ],
                "d d/c e e/a ea",
            ),
            (&[("e", Regular)], "d d/a d/b e ea"),
            (&[("e/", Directory)], "d d/a d/b e e/a ea"),
        ] {
            let mut files = BTreeMap::new();
            apply(&mut files, layer(below));
            apply(&mut files, layer(above));
            let left: Vec<_> = files
                .keys()
                .map(|path| str::from_utf8(path).unwrap())
                .collect();
            assert_eq!(left.join(" "), expected);
        }
    }
}
