//! The trees that are packed: made from a seed below `target/bench`, kept for the next run, or real ones that the caller names.
//!
//! A generated tree is made aside and renamed when it is whole, with its stamp beside it; another seed or version makes it anew.

use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use fs_err as fs;
use serde_json::{Value, json};

use super::random::Random;
use super::shape::Shape;

/// Part of each stamp: to be raised when a shape changes, so that trees made earlier are not mistaken for it.
const VERSION: u64 = 1;

/// A tree on disk.
#[derive(Debug, Clone)]
pub(super) struct Tree {
    pub(super) name: String,
    pub(super) path: PathBuf,
    /// Whether its ignore rules are what is measured; else they are disregarded.
    pub(super) rules: bool,
    pub(super) size: Size,
}

/// How much a tree holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Size {
    /// Files, directories and links below its root.
    pub(super) entries: u64,
    /// Bytes of all files.
    pub(super) bytes: u64,
    /// Bytes of all paths.
    pub(super) path_bytes: u64,
}

/// Providing
impl Tree {
    /// The tree of that shape below `folder`, made first if it is not there yet.
    pub(super) fn generated(shape: Shape, seed: u64, folder: &Path) -> io::Result<Tree> {
        let path = folder.join(shape.name());
        let stamp = folder.join(format!("{}.json", shape.name()));
        let known = fs::read(&stamp)
            .ok()
            .filter(|_| path.is_dir())
            .and_then(|text| Size::from_stamp(&serde_json::from_slice(&text).ok()?, seed));
        let size = if let Some(size) = known {
            size
        } else {
            println!("    making the tree `{}` …", shape.name());
            remove(&stamp)?;
            remove(&path)?;
            let aside = folder.join(format!("{}.partial", shape.name()));
            remove(&aside)?;
            fs::create_dir_all(&aside)?;
            shape.make(&mut Random::new(seed, shape.name()), &aside)?;
            let size = Size::of(&aside)?;
            fs::rename(&aside, &path)?;
            fs::write(&stamp, size.stamp(seed).to_string())?;
            size
        };
        Ok(Self {
            name: shape.name().to_owned(),
            path,
            rules: matches!(shape, Shape::Rules | Shape::AnyDepth),
            size,
        })
    }

    /// A real tree, named by its folder.
    pub(super) fn real(path: &Path) -> io::Result<Self> {
        let path = fs::canonicalize(path)?;
        let name = path.file_name().unwrap_or(path.as_os_str());
        Ok(Self {
            name: name.to_string_lossy().into_owned(),
            size: Size::of(&path)?,
            rules: false,
            path,
        })
    }
}

/// Doubling
impl Tree {
    /// A tree with the same files beside a generated one, kept for the next run; `None` of a tree that is large or real.
    pub(super) fn copy(&self) -> io::Result<Option<PathBuf>> {
        let stamp = self.path.with_extension("json");
        if self.size.bytes > 1 << 30 || !stamp.is_file() {
            return Ok(None);
        }
        let copy = self.path.with_extension("copy");
        let copied = self.path.with_extension("copy.json");
        let stamp = fs::read(&stamp)?;
        if copy.is_dir() && fs::read(&copied).is_ok_and(|known| known == stamp) {
            return Ok(Some(copy));
        }
        remove(&copied)?;
        remove(&copy)?;
        let mut cp = Command::new("cp");
        let done = cp.arg("-a").args([&self.path, &copy]).status()?;
        if !done.success() {
            return Err(io::Error::other(format!("`cp`: {done}")));
        }
        fs::write(&copied, stamp)?;
        Ok(Some(copy))
    }
}

impl Size {
    pub(super) fn of(root: &Path) -> io::Result<Self> {
        let mut size = Self::default();
        let mut waiting = vec![root.to_owned()];
        while let Some(dir) = waiting.pop() {
            for entry in fs::read_dir(&dir)? {
                let entry = entry?;
                let path = entry.path();
                let inside = path.strip_prefix(root).unwrap_or(&path);
                size.entries += 1;
                size.path_bytes += inside.as_os_str().as_bytes().len() as u64;
                let metadata = entry.metadata()?;
                if metadata.is_dir() {
                    waiting.push(path);
                } else if metadata.is_file() {
                    size.bytes += metadata.len();
                }
            }
        }
        Ok(size)
    }

    fn stamp(&self, seed: u64) -> Value {
        json!({
            "version": VERSION, "seed": seed,
            "entries": self.entries, "bytes": self.bytes, "path_bytes": self.path_bytes,
        })
    }

    /// `None` where the stamp is of another seed or version.
    fn from_stamp(stamp: &Value, seed: u64) -> Option<Self> {
        let number = |key: &str| stamp.get(key)?.as_u64();
        let ours = number("version") == Some(VERSION) && number("seed") == Some(seed);
        Some(Self {
            entries: number("entries").filter(|_| ours)?,
            bytes: number("bytes")?,
            path_bytes: number("path_bytes")?,
        })
    }
}

/// Removes whatever is there, if anything.
fn remove(path: &Path) -> io::Result<()> {
    match fs::symlink_metadata(path) {
        Ok(metadata) if metadata.is_dir() => fs::remove_dir_all(path),
        Ok(_) => fs::remove_file(path),
        Err(_) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stamp_of_another_seed_or_version_counts_for_nothing() {
        let size = Size {
            entries: 1,
            bytes: 2,
            path_bytes: 3,
        };
        assert_eq!(Size::from_stamp(&size.stamp(7), 7), Some(size));
        assert_eq!(Size::from_stamp(&size.stamp(7), 8), None);
        let older = json!({ "version": 0, "seed": 7, "entries": 1, "bytes": 2, "path_bytes": 3 });
        assert_eq!(Size::from_stamp(&older, 7), None);
    }
}
