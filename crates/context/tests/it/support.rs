//! Building small trees on disk, and reading archives with a reader that is not ours.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::mpsc;
use std::time::Duration;

use shipload_context::{HostDir, PackError, PackOptions, Progress, Tree, TreeBuilder, View, pack};

/// Writes files given as `(path, content)`; a path that ends in `/` is a directory, a content `-> x` a link
/// to `x`.
pub(crate) fn files(root: &Path, rows: &[(&str, &str)]) {
    for (path, content) in rows {
        let full = root.join(path);
        if path.ends_with('/') {
            fs_err::create_dir_all(&full).unwrap();
            continue;
        }
        fs_err::create_dir_all(full.parent().unwrap()).unwrap();
        match content.strip_prefix("-> ") {
            Some(target) => std::os::unix::fs::symlink(target, &full).unwrap(),
            None => fs_err::write(&full, content).unwrap(),
        }
    }
}

/// The directory as a tree, without rules.
pub(crate) fn tree(root: &Path) -> Tree {
    TreeBuilder::new()
        .directory(HostDir::new(root))
        .build()
        .unwrap()
}

/// The paths of a view's members.
pub(crate) fn paths(view: &View) -> Vec<String> {
    view.members().map(|m| m.entry.path.to_string()).collect()
}

/// Packs without compression.
pub(crate) fn packed(view: &View) -> Result<Vec<u8>, PackError> {
    let mut out = Vec::new();
    pack(view, &PackOptions::default(), &Progress::new(), &mut out).map(|_| out)
}

/// The members of an archive as the `tar` crate reads them: path to type and content, or link target.
pub(crate) fn unpacked(archive: &[u8]) -> BTreeMap<String, (tar::EntryType, Vec<u8>)> {
    tar::Archive::new(archive)
        .entries()
        .unwrap()
        .map(|entry| {
            let mut entry = entry.unwrap();
            let path = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
            let mut content = Vec::new();
            match entry.link_name_bytes() {
                Some(target) => content.extend_from_slice(&target),
                None => {
                    entry.read_to_end(&mut content).unwrap();
                }
            }
            (path, (entry.header().entry_type(), content))
        })
        .collect()
}

/// What `work` returns; `None` where it panics. Fails where it does not come to an end.
pub(crate) fn ends<T: Send + 'static>(
    what: &str,
    work: impl FnOnce() -> T + Send + 'static,
) -> Option<T> {
    let (done, outcome) = mpsc::channel();
    std::thread::spawn(move || done.send(catch_unwind(AssertUnwindSafe(work)).ok()));
    outcome
        .recv_timeout(Duration::from_secs(60))
        .unwrap_or_else(|_| panic!("{what}: waits for ever"))
}
