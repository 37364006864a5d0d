//! Building small trees on disk, and asking about them.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use sha2::{Digest as _, Sha256};
use shipload_context::{PackOptions, Plan, Progress, Recipe, Request, View, pack};
use shipload_explain::Inputs;

/// Writes files given as `(path, content)`; a path that ends in `/` is a directory, a content `-> x` a link to `x`. Modes are those
/// of a checkout under the umask 022.
pub(crate) fn write(root: &Path, rows: &[(&str, &str)]) {
    use std::os::unix::fs::{PermissionsExt, symlink};
    for (path, content) in rows {
        let full = root.join(path);
        let dir = if path.ends_with('/') {
            &full
        } else {
            full.parent().unwrap()
        };
        let missing: Vec<_> = dir.ancestors().take_while(|dir| !dir.exists()).collect();
        for dir in missing.iter().rev() {
            fs_err::create_dir(dir).unwrap();
            fs_err::set_permissions(dir, PermissionsExt::from_mode(0o755)).unwrap();
        }
        if path.ends_with('/') {
            continue;
        }
        if let Some(target) = content.strip_prefix("-> ") {
            symlink(target, &full).unwrap();
        } else {
            fs_err::write(&full, content).unwrap();
            fs_err::set_permissions(&full, PermissionsExt::from_mode(0o644)).unwrap();
        }
    }
}

/// The context directory by its own rules.
pub(crate) fn plan(dir: &Path) -> Plan {
    Recipe::new(dir).plan(&Progress::new()).unwrap()
}

pub(crate) fn inputs_of(plan: &Plan, request: &Request) -> Inputs {
    let least = plan.referenced(request).unwrap();
    Inputs::of(plan, request, &least, &Progress::new()).unwrap()
}

pub(crate) fn inputs(dir: &Path, request: &Request) -> Inputs {
    inputs_of(&plan(dir), request)
}

/// The archive of a view.
pub(crate) fn packed(view: &View) -> Vec<u8> {
    let mut tar = Vec::new();
    pack(view, &PackOptions::default(), &Progress::new(), &mut tar).unwrap();
    tar
}

/// What the `tar` crate says of a member: mode and content, or what is written for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Unpacked {
    pub(crate) mode: u32,
    pub(crate) what: String,
}

/// The members of an archive by path, hard links as what they are links to.
pub(crate) fn unpacked(tar: &[u8]) -> BTreeMap<Vec<u8>, Unpacked> {
    let mut members: BTreeMap<Vec<u8>, Unpacked> = BTreeMap::new();
    for entry in tar::Archive::new(tar).entries().unwrap() {
        let mut entry = entry.unwrap();
        let path = entry
            .path_bytes()
            .strip_suffix(b"/")
            .map_or_else(|| entry.path_bytes().to_vec(), <[u8]>::to_vec);
        let mode = entry.header().mode().unwrap();
        let link = entry.link_name_bytes().map(|link| link.to_vec());
        let what = match entry.header().entry_type() {
            tar::EntryType::Regular => {
                let mut content = Vec::new();
                entry.read_to_end(&mut content).unwrap();
                format!("file {} {:x}", content.len(), Sha256::digest(&content))
            }
            tar::EntryType::Link => members[&link.unwrap()].what.clone(),
            tar::EntryType::Symlink => format!("symlink {:?}", link.unwrap()),
            other => format!("{other:?}"),
        };
        members.insert(path, Unpacked { mode, what });
    }
    members
}

/// Runs `check` for each seed on all cores, and counts where it came to something.
pub(crate) fn on_all_cores(seeds: u64, check: impl Fn(u64) -> bool + Sync) -> u64 {
    let (next, checked) = (AtomicU64::new(0), AtomicU64::new(0));
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, NonZeroUsize::get) {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= seeds {
                        return;
                    }
                    checked.fetch_add(check(seed).into(), Ordering::Relaxed);
                }
            });
        }
    });
    checked.into_inner()
}
