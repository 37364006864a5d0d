//! `diff`: nothing between a directory, its archive and its manifest, and else exactly what the archives say.

use std::collections::{BTreeMap, BTreeSet};

use fs_err as fs;
use serde_json::Value;
use shipload_testkit::tree::{Case, edited};

use super::digest::listed;
use super::{Scene, path};

/// # What has to agree
impl Scene {
    pub(super) fn diff(&self, seed: u64, manifest: Option<&[u8]>) {
        fs::write(self.sandbox.path("../all.tar"), &self.tar).unwrap();
        fs::write(
            self.sandbox.path("../manifest"),
            manifest.unwrap_or_default(),
        )
        .unwrap();
        let same: &[[&str; 2]] = match (self.sends_dockerfile(), manifest.is_some()) {
            (true, true) => &[
                [".", "../all.tar"],
                ["../manifest", "."],
                ["../all.tar", "../manifest"],
            ],
            (true, false) => &[[".", "../all.tar"]],
            (false, true) => &[["../manifest", "."]],
            (false, false) => &[],
        };
        for pair in same {
            let run = self.run("diff", pair);
            assert_eq!(run.code, Some(0), "{pair:?}: {}", run.stderr);
            assert_eq!(run.text(), "", "{pair:?}");
        }
        let name = self.case.dockerfile.as_bytes();
        let case = Case {
            tree: edited(seed, &self.case.tree, name),
            ..self.case.clone()
        };
        let Some(other) = Self::new(case, self.engine) else {
            return;
        };
        self.differs(seed, &other);
    }

    /// Compares with another, either as a directory or as an archive.
    fn differs(&self, seed: u64, other: &Self) {
        let form = |scene: &Self, number: u64| {
            if number.is_multiple_of(2) || !scene.sends_dockerfile() {
                return scene.sandbox.dir();
            }
            let archive = scene.sandbox.path("../all.tar");
            fs::write(&archive, &scene.tar).unwrap();
            archive
        };
        let (from, to) = (form(self, seed / 3), form(other, seed / 6));
        let pair = [from.to_str().unwrap(), to.to_str().unwrap()];
        let run = self.run("diff", &[&["--format=json"], &pair[..]].concat());
        let want = differences(&whole(&self.tar), &whole(&other.tar));
        let code = if want.is_empty() { 0 } else { 3 };
        assert_eq!(run.code, Some(code), "{}", run.stderr);
        let mut found = BTreeMap::new();
        for line in run.text().lines() {
            let line: Value = serde_json::from_str(line).unwrap();
            if line.get("change").is_none() || line.get("input").is_some() {
                continue;
            }
            let change = line["change"].as_str().unwrap().to_owned();
            assert!(found.insert(path(&line), change).is_none(), "{line} twice");
        }
        assert_eq!(found, want);
    }
}

/// What an archive has in it once it is unpacked.
fn whole(tar: &[u8]) -> BTreeMap<Vec<u8>, Value> {
    let mut all = listed(tar);
    let paths: Vec<Vec<u8>> = all.keys().cloned().collect();
    for path in &paths {
        for (end, _) in path.iter().enumerate().filter(|(_, byte)| **byte == b'/') {
            let dir = serde_json::json!({"type": "dir", "mode": "0755"});
            all.entry(path[..end].to_vec()).or_insert(dir);
        }
    }
    all
}

/// What differs, and how, told from the lines of manifests.
fn differences(
    from: &BTreeMap<Vec<u8>, Value>,
    to: &BTreeMap<Vec<u8>, Value>,
) -> BTreeMap<Vec<u8>, String> {
    let paths: BTreeSet<&Vec<u8>> = from.keys().chain(to.keys()).collect();
    let word = |path: &Vec<u8>| {
        let (Some(one), Some(other)) = (from.get(path), to.get(path)) else {
            return Some(if from.contains_key(path) {
                "removed"
            } else {
                "added"
            });
        };
        let differs = |field: &str| one.get(field) != other.get(field);
        match () {
            () if differs("type") => Some("type"),
            () if ["digest", "target", "target_b64"].into_iter().any(differs) => Some("modified"),
            () if differs("mode") => Some("mode"),
            () => None,
        }
    };
    let found = paths.into_iter();
    found
        .filter_map(|path| Some((path.clone(), word(path)?.to_owned())))
        .collect()
}
