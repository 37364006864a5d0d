//! Extended attributes of what stands below a [`HostRoot`]: of files that cannot be opened, and of links and special files too.
//!
//! There is no call that takes an open directory and a name in it before Linux 6.13. But `/proc/self/fd/N` is the directory that
//! `N` was opened for, wherever its name leads by now, and the call for attributes of a path does not follow a link at its end.
//! So one directory is opened for all that is in it, beneath the root and through no link, and an entry without any attributes
//! costs one call.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use super::root::HostRoot;
use crate::path::EntryPath;

/// Names and values.
pub(crate) type Xattrs = BTreeMap<Vec<u8>, Vec<u8>>;

/// Reads attributes, and holds the directory open that it was last asked about.
#[derive(Debug, Default)]
pub(crate) struct XattrReader {
    #[cfg_attr(
        not(target_os = "linux"),
        allow(dead_code, reason = "nothing is read there")
    )]
    held: Mutex<Option<Held>>,
}

#[derive(Debug, Clone)]
#[cfg_attr(
    not(target_os = "linux"),
    allow(dead_code, reason = "nothing is read there")
)]
struct Held {
    root: Arc<HostRoot>,
    /// Relative to the root, and empty for the root itself.
    path: Vec<u8>,
    dir: Arc<std::os::fd::OwnedFd>,
}

#[cfg(target_os = "linux")]
impl XattrReader {
    /// All attributes of what stands at `path` whose values can be read. Where the file system has no such thing, or no `/proc`
    /// is mounted, there are none.
    ///
    /// # Errors
    /// Those of opening a path beneath the root, and of listxattr(2).
    pub(crate) fn read(&self, root: &Arc<HostRoot>, path: &EntryPath) -> io::Result<Xattrs> {
        use rustix::io::Errno;
        let relative = root.relative(path);
        let (dir, name) = match relative.iter().rposition(|&byte| byte == b'/') {
            Some(slash) => (&relative[..slash], &relative[slash + 1..]),
            None => (&b""[..], relative),
        };
        let dir = self.hold(root, dir)?;
        let place = place(&dir, name);
        let names = filled(|buffer| rustix::fs::llistxattr(&*place, buffer));
        let names = match names {
            Ok(names) if names.is_empty() => return Ok(Xattrs::new()),
            Ok(names) => names,
            Err(Errno::NOTSUP) => return Ok(Xattrs::new()),
            Err(Errno::NOENT) if !has_proc(&dir) => return Ok(Xattrs::new()),
            Err(e) => return Err(e.into()),
        };
        let names = names
            .split(|&byte| byte == 0)
            .filter(|name| !name.is_empty());
        let pairs = names.filter_map(|name| {
            // What cannot be read is left out, as by the docker CLI.
            let value = filled(|buffer| rustix::fs::lgetxattr(&*place, name, buffer)).ok()?;
            Some((name.to_vec(), value))
        });
        Ok(pairs.collect())
    }

    /// The directory at `path` below `root`, opened for reaching what is in it.
    fn hold(&self, root: &Arc<HostRoot>, path: &[u8]) -> io::Result<Arc<std::os::fd::OwnedFd>> {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(held) = &*held
            && Arc::ptr_eq(&held.root, root)
            && held.path == path
        {
            return Ok(Arc::clone(&held.dir));
        }
        let dir = Arc::new(root.reach_dir(path)?);
        *held = Some(Held {
            root: Arc::clone(root),
            path: path.to_vec(),
            dir: Arc::clone(&dir),
        });
        Ok(dir)
    }
}

#[cfg(not(target_os = "linux"))]
impl XattrReader {
    /// None: other systems' attributes mean nothing in an image.
    pub(crate) fn read(&self, _: &Arc<HostRoot>, _: &EntryPath) -> io::Result<Xattrs> {
        Ok(Xattrs::new())
    }
}

#[cfg(target_os = "linux")]
fn place(dir: &std::os::fd::OwnedFd, name: &[u8]) -> Vec<u8> {
    use std::os::fd::AsRawFd as _;
    let mut place = format!("/proc/self/fd/{}/", dir.as_raw_fd()).into_bytes();
    // The root itself.
    place.extend_from_slice(if name.is_empty() { b"." } else { name });
    place
}

#[cfg(target_os = "linux")]
fn has_proc(dir: &std::os::fd::OwnedFd) -> bool {
    rustix::fs::stat(&*place(dir, b"")).is_ok()
}

/// What a call puts into a buffer that is large enough. What changes in size meanwhile is asked for again.
#[cfg(target_os = "linux")]
fn filled(
    mut call: impl FnMut(&mut [u8]) -> rustix::io::Result<usize>,
) -> rustix::io::Result<Vec<u8>> {
    use rustix::io::Errno;
    /// Linux limits both a list and a value to this.
    const LIMIT: usize = 64 << 10;
    let mut small = [0_u8; 256];
    match call(&mut small) {
        Ok(len) => return Ok(small[..len.min(small.len())].to_vec()),
        Err(Errno::RANGE) => {}
        Err(e) => return Err(e),
    }
    let mut large = vec![0_u8; LIMIT];
    let len = call(&mut large)?;
    large.truncate(len);
    Ok(large)
}
