//! `digest`: the manifest lists what the Dockerfile reads as it is in the archive, and whatever changes of that changes it.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{PermissionsExt as _, lchown};
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fs_err as fs;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use shipload_testkit::member::{self, Member};
use shipload_testkit::random::Random;
use shipload_testkit::tree::{Item, Kind, TreeSpec, host_path};

use super::{Scene, path};
use crate::sandbox::{Run, Sandbox};

/// What a manifest says.
struct Manifest {
    text: Vec<u8>,
    digest: String,
    files: Vec<Value>,
}

impl Manifest {
    /// Checks its digests.
    fn read(text: Vec<u8>) -> Self {
        let lines: Vec<&[u8]> = text.split_inclusive(|&byte| byte == b'\n').collect();
        let is_digest = |line: &&[u8]| line.starts_with(b"{\"digest\"");
        let end = lines.iter().position(is_digest).unwrap();
        let told = |place: usize, name: &str| {
            let line: Value = serde_json::from_slice(lines[place]).unwrap();
            let digest = line[name].as_str().unwrap().to_owned();
            assert_eq!(digest, sha256(&lines[..place].concat()), "{line}");
            digest
        };
        told(lines.len() - 1, "end");
        let digest = told(end, "digest");
        let files = lines[1..end].iter();
        let files = files.map(|line| serde_json::from_slice(line).unwrap());
        Self {
            digest,
            files: files.collect(),
            text,
        }
    }
}

/// The members of an archive by path, as a manifest has them.
pub(super) fn listed(tar: &[u8]) -> BTreeMap<Vec<u8>, Value> {
    let mut listed: BTreeMap<Vec<u8>, Value> = BTreeMap::new();
    for (member, content) in member::read_with_content(tar).unwrap() {
        let line = match member.kind {
            // Another name of a file is that file.
            '1' => with_text("path", &member.path, listed[&member.link].clone()),
            _ => line(&member, content),
        };
        listed.insert(member.path, line);
    }
    listed
}

fn line(member: &Member, content: &[u8]) -> Value {
    let mode = format!("{:04o}", member.mode);
    let line = match member.kind {
        '0' => {
            json!({"type": "file", "mode": mode, "size": member.size, "digest": sha256(content)})
        }
        '2' => with_text(
            "target",
            &member.link,
            json!({"type": "symlink", "mode": "0777"}),
        ),
        '5' => json!({"type": "dir", "mode": mode}),
        other => {
            assert_eq!(other, '6', "only root can make others");
            json!({"type": "fifo", "mode": mode})
        }
    };
    with_text("path", &member.path, line)
}

/// The directory that the classic builder and podman make of one that they are not sent.
fn made(path: &[u8]) -> Value {
    with_text("path", path, json!({"type": "dir", "mode": "0755"}))
}

/// An object with a text that may not be UTF-8.
fn with_text(name: &str, text: &[u8], mut object: Value) -> Value {
    let other = format!("{name}_b64");
    let fields = object.as_object_mut().unwrap();
    fields.retain(|key, _| key != name && *key != other);
    match str::from_utf8(text) {
        Ok(text) => fields.insert(name.to_owned(), text.into()),
        Err(_) => fields.insert(other, STANDARD.encode(text).into()),
    };
    object
}

fn sha256(bytes: &[u8]) -> String {
    format!("sha256:{:x}", Sha256::digest(bytes))
}

/// Whether a pattern of a random Dockerfile leads to a path: to it, or to a directory above it.
fn leads_to(pattern: &str, path: &[u8]) -> bool {
    let mut parts = path.split(|&byte| byte == b'/');
    pattern == "."
        || pattern
            .split('/')
            .all(|pattern| parts.next().is_some_and(|name| matches(pattern, name)))
}

/// Whether a part of a pattern, of which only `*` and classes of one character are used, matches a name.
fn matches(pattern: &str, name: &[u8]) -> bool {
    fn rest(pattern: &[u8], name: &[u8]) -> bool {
        match pattern.split_first() {
            None => name.is_empty(),
            Some((b'*', after)) => (0..=name.len()).any(|taken| rest(after, &name[taken..])),
            Some((first, after)) => name
                .strip_prefix(&[*first])
                .is_some_and(|name| rest(after, name)),
        }
    }
    rest(pattern.replace(['[', ']'], "").as_bytes(), name)
}

/// # What has to agree
impl Scene {
    /// Gives the manifest back, where what is read can be told and is there.
    pub(super) fn digest(&self, seed: u64) -> Option<Vec<u8>> {
        let deps = self.paths("deps", &["--format=nul"]);
        let run = self.run("digest", &["--manifest", "-"]);
        assert_eq!(run.code == Some(0), deps.is_some(), "{}", run.stderr);
        if run.code != Some(0) {
            return None;
        }
        let manifest = Manifest::read(run.stdout);
        self.lists(&manifest);
        self.stays(&manifest);
        self.changes(seed, &manifest);
        Some(manifest.text)
    }

    /// What the archive has of what is read, and in its order.
    fn lists(&self, manifest: &Manifest) {
        let members = listed(&self.tar);
        let mut left: BTreeSet<&Vec<u8>> = members.keys().collect();
        let mut order = self.all.iter();
        for file in &manifest.files {
            let path = path(file);
            left.remove(&path);
            match members.get(&path) {
                Some(member) => {
                    assert_eq!(file, member);
                    assert!(order.any(|member| member.path == path), "{file} comes late");
                }
                None => assert_eq!((file, self.engine == "buildkit"), (&made(&path), false)),
            }
        }
        let patterns = self.paths("deps", &["--patterns", "--format=nul"]).unwrap();
        let patterns = patterns
            .iter()
            .map(|pattern| str::from_utf8(pattern).unwrap());
        let patterns: Vec<&str> = patterns.collect();
        let is_read = |path: &[u8]| patterns.iter().any(|pattern| leads_to(pattern, path));
        // The classic builder and podman remove these if rules exclude them.
        left.retain(|path| is_read(path) && !self.is_build_file(path));
        assert!(left.is_empty(), "{left:?} {patterns:?}");
        // What links lead to is not in the way of the patterns.
        let links: Vec<&[u8]> = self.links().collect();
        let is_followed = |pattern: &&str| {
            let parts: Vec<&str> = pattern.split('/').collect();
            let fronts = (1..=parts.len()).map(|end| parts[..end].join("/"));
            let mut fronts = fronts.filter(|front| front != ".");
            fronts.any(|front| links.iter().any(|link| leads_to(&front, link)))
        };
        if !patterns.iter().any(is_followed) {
            for file in &manifest.files {
                assert!(is_read(&path(file)), "{file} {patterns:?}");
            }
        }
    }

    /// The paths of symbolic links in the archive.
    fn links(&self) -> impl Iterator<Item = &[u8]> {
        let links = self.all.iter().filter(|member| member.kind == '2');
        links.map(|member| &*member.path)
    }

    /// From the archive, from another directory, after changes of times, owners and what is not read.
    fn stays(&self, manifest: &Manifest) {
        let want = format!("{}\n", manifest.digest);
        if self.sends_dockerfile() {
            fs::write(self.sandbox.path("../all.tar"), &self.tar).unwrap();
            let run = self.run("digest", &["../all.tar"]);
            assert_eq!(run.text(), want);
        }
        let mut tree = self.case.tree.clone();
        let read: BTreeSet<Vec<u8>> = manifest.files.iter().map(path).collect();
        let linked: BTreeSet<Vec<u8>> = read.iter().map(|path| file_of(&tree, path)).collect();
        for (path, item) in &mut tree.entries {
            item.mtime = (1_000_000_000, 0);
            if read.contains(path) || linked.contains(path) || self.is_build_file(path) {
                continue;
            }
            match &mut item.kind {
                Kind::File { content } => content.push(b'x'),
                Kind::Dir | Kind::Fifo | Kind::Socket => {}
                Kind::Symlink { .. } | Kind::Hardlink { .. } => continue,
            }
            item.mode ^= 0o010;
        }
        let sandbox = Sandbox::in_memory();
        tree.write(&sandbox.dir()).unwrap();
        shuffle(&tree, &sandbox);
        assert_eq!(self.digest_in(&sandbox).text(), want);
    }

    pub(super) fn sends_dockerfile(&self) -> bool {
        let dockerfile = self.case.dockerfile.as_bytes();
        self.all.iter().any(|member| member.path == dockerfile)
    }

    fn digest_in(&self, sandbox: &Sandbox) -> Run {
        sandbox.run(&[
            "digest",
            "--engine",
            self.engine,
            "-f",
            &self.case.dockerfile,
        ])
    }

    /// After any change of something that is read.
    fn changes(&self, seed: u64, manifest: &Manifest) {
        let mut random = Random::new(seed);
        let sent: BTreeSet<&[u8]> = self.all.iter().map(|member| &*member.path).collect();
        // Directories that are made for an excluded Dockerfile have always one mode.
        let leads_to_dockerfile =
            |path: &[u8]| Path::new(&self.case.dockerfile).starts_with(OsStr::from_bytes(path));
        let read = manifest.files.iter().map(path);
        let read = read.filter(|path| sent.contains(&**path) && !leads_to_dockerfile(path));
        let read: Vec<Vec<u8>> = read.filter(|path| !self.is_build_file(path)).collect();
        if read.is_empty() {
            return;
        }
        let mut tree = self.case.tree.clone();
        let path = file_of(&tree, random.pick::<Vec<u8>>(&read));
        let choice = random.below(4);
        change(&mut tree, &path, choice);
        let sandbox = Sandbox::in_memory();
        tree.write(&sandbox.dir()).unwrap();
        // It may be that there is no digest any more.
        let run = self.digest_in(&sandbox);
        let is_same = run.code == Some(0) && run.text() == format!("{}\n", manifest.digest);
        assert!(!is_same, "change {choice} of {}", path.escape_ascii());
    }
}

/// The first name of what is at a path.
fn file_of(tree: &TreeSpec, path: &[u8]) -> Vec<u8> {
    match &tree.entries[path].kind {
        Kind::Hardlink { to } => to.clone(),
        _ => path.to_vec(),
    }
}

/// Changes what is at a path: mode, type, content or target, or takes it away.
fn change(tree: &mut TreeSpec, path: &[u8], choice: usize) {
    let has_names = tree
        .entries
        .values()
        .any(|item| matches!(&item.kind, Kind::Hardlink { to } if to == path));
    let item = tree.entries.get_mut(path).unwrap();
    match (choice, &mut item.kind) {
        (0, _) => tree.remove(path),
        (1, Kind::File { .. }) if !has_names => *item = Item::new(Kind::Fifo, item.mode),
        (2, Kind::File { content }) if !content.is_empty() => content[0] ^= 1,
        (_, Kind::File { content }) if choice == 3 => content.push(b'x'),
        (_, Kind::Symlink { target }) => target.push(b'x'),
        _ => item.mode ^= 0o010,
    }
}

/// Gives everything another owner, and another place in its directory.
fn shuffle(tree: &TreeSpec, sandbox: &Sandbox) {
    let is_root = rustix::process::geteuid().is_root();
    for (path, item) in tree.entries.iter().rev() {
        let path = host_path(&sandbox.dir(), path);
        let aside = sandbox.path("../aside");
        fs::rename(&path, &aside).unwrap();
        if is_root {
            lchown(&aside, Some(7), Some(8)).unwrap();
        }
        // A change of owner takes bits away.
        if !matches!(item.kind, Kind::Symlink { .. } | Kind::Hardlink { .. }) {
            fs::set_permissions(&aside, std::fs::Permissions::from_mode(item.mode)).unwrap();
        }
        fs::rename(&aside, &path).unwrap();
    }
}
