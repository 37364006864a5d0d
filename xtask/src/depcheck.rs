//! `cargo xtask depcheck`: dependencies run downwards only, and the pure crates stay free of networks.
//!
//! The edges that ARCHITECTURE.md draws are the ones allowed; whoever adds one adds it here and there. What is checked
//! comes from `cargo metadata`, with every target and every feature that the workspace turns on.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::process::ExitCode;

use serde_json::Value;

use crate::shell;

/// Each crate of the workspace and the crates of the workspace that it may use.
const ALLOWED: &[(&str, &[&str])] = &[
    ("shipload-ignore", &[]),
    ("shipload-dockerfile", &[]),
    (
        "shipload-context",
        &["shipload-ignore", "shipload-dockerfile"],
    ),
    (
        "shipload-explain",
        &["shipload-ignore", "shipload-dockerfile", "shipload-context"],
    ),
    ("shipload-engine", &["shipload-context"]),
    ("shipload", LIBRARIES),
    ("shipload-cli", ALL_LIBRARIES),
    ("shipload-python", ALL_LIBRARIES),
    // Test support may drive the pure libraries, but no library may need it to work.
    (
        TESTKIT,
        &["shipload-ignore", "shipload-dockerfile", "shipload-context"],
    ),
    // It runs the program as anybody would, and has to run when the program does not compile.
    ("xtask", &[TESTKIT]),
];

const LIBRARIES: &[&str] = &[
    "shipload-ignore",
    "shipload-dockerfile",
    "shipload-context",
    "shipload-explain",
    "shipload-engine",
];
const ALL_LIBRARIES: &[&str] = &[
    "shipload-ignore",
    "shipload-dockerfile",
    "shipload-context",
    "shipload-explain",
    "shipload-engine",
    "shipload",
];

const TESTKIT: &str = "shipload-testkit";

/// The crates that do no networking and no async, and what would bring it in.
const PURE: &[&str] = &[
    "shipload-ignore",
    "shipload-dockerfile",
    "shipload-context",
    "shipload-explain",
];
const NETWORK: &[&str] = &["bollard", "hyper", "reqwest", "tokio", "tonic"];

pub(crate) fn run() -> ExitCode {
    match check() {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("{message}");
            ExitCode::FAILURE
        }
    }
}

/// Checks this workspace and says on stdout what was checked.
pub(crate) fn check() -> Result<(), String> {
    let output = shell::cargo()
        .args(["metadata", "--format-version=1", "--locked"])
        .output()
        .map_err(|error| format!("cannot run `cargo metadata`: {error}"))?;
    if !output.status.success() {
        return Err(format!(
            "`cargo metadata`: {}",
            String::from_utf8_lossy(&output.stderr)
        ));
    }
    let graph = serde_json::from_slice(&output.stdout)
        .ok()
        .and_then(|metadata| Graph::read(&metadata))
        .ok_or("`cargo metadata` prints something else than expected")?;
    let faults = graph.faults();
    if faults.is_empty() {
        println!(
            "    {} crates of the workspace keep to their places",
            graph.members.len()
        );
        return Ok(());
    }
    for fault in &faults {
        println!("    {fault}");
    }
    Err(format!("{} forbidden: {}", faults.len(), faults.join("; ")))
}

/// Who uses whom, dev-dependencies left out: they reach nobody who uses the crate.
#[derive(Debug, Default)]
struct Graph {
    names: BTreeMap<String, String>,
    members: BTreeSet<String>,
    uses: BTreeMap<String, Vec<String>>,
}

impl Graph {
    fn read(metadata: &Value) -> Option<Self> {
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let mut graph = Self::default();
        for package in metadata["packages"].as_array()? {
            graph
                .names
                .insert(text(&package["id"])?, text(&package["name"])?);
        }
        for member in metadata["workspace_members"].as_array()? {
            graph.members.insert(text(member)?);
        }
        for node in metadata["resolve"]["nodes"].as_array()? {
            let mut uses = Vec::new();
            for dependency in node["deps"].as_array()? {
                let mut kinds = dependency["dep_kinds"].as_array()?.iter();
                if kinds.any(|kind| kind["kind"] != "dev") {
                    uses.push(text(&dependency["pkg"])?);
                }
            }
            graph.uses.insert(text(&node["id"])?, uses);
        }
        Some(graph)
    }

    fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        for member in &self.members {
            let name = self.name(member);
            let Some((_, allowed)) = ALLOWED.iter().find(|(known, _)| *known == name) else {
                faults.push(format!("`{name}` has no place in the list of crates"));
                continue;
            };
            for used in self
                .uses(member)
                .filter(|used| self.members.contains(*used))
            {
                let used = self.name(used);
                if !allowed.contains(&used) {
                    faults.push(format!("{name} → {used}"));
                }
            }
            if PURE.contains(&name) {
                faults.extend(
                    NETWORK
                        .iter()
                        .filter_map(|outlaw| self.path(member, outlaw)),
                );
            }
        }
        faults
    }

    /// The shortest way from `start` to a crate called `goal`, written with arrows.
    fn path(&self, start: &str, goal: &str) -> Option<String> {
        let mut came_from = BTreeMap::from([(start, start)]);
        let mut queue = VecDeque::from([start]);
        while let Some(here) = queue.pop_front() {
            if self.name(here) == goal {
                let mut way = vec![self.name(here)];
                let mut at = here;
                while at != start {
                    at = came_from[at];
                    way.push(self.name(at));
                }
                way.reverse();
                return Some(way.join(" → "));
            }
            for next in self.uses(here) {
                came_from.entry(next).or_insert_with(|| {
                    queue.push_back(next);
                    here
                });
            }
        }
        None
    }

    fn uses(&self, id: &str) -> impl Iterator<Item = &String> {
        self.uses.get(id).into_iter().flatten()
    }

    fn name<'a>(&'a self, id: &'a str) -> &'a str {
        self.names.get(id).map_or(id, String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Made-up metadata: every line is `crate: dependency dependency@dev …`; crates of ours are members.
    fn metadata(lines: &str) -> Value {
        let mut names = BTreeSet::new();
        let mut nodes = Vec::new();
        for line in lines.lines().map(str::trim).filter(|line| !line.is_empty()) {
            let (name, dependencies) = line.split_once(':').unwrap();
            names.insert(name.to_owned());
            let deps: Vec<_> = dependencies
                .split_whitespace()
                .map(|dependency| {
                    let (name, kind) = dependency.split_once('@').unwrap_or((dependency, ""));
                    names.insert(name.to_owned());
                    let kind = if kind.is_empty() {
                        Value::Null
                    } else {
                        Value::from(kind)
                    };
                    serde_json::json!({ "pkg": name, "dep_kinds": [{ "kind": kind }] })
                })
                .collect();
            nodes.push(serde_json::json!({ "id": name, "deps": deps }));
        }
        let ours = |name: &&String| name.starts_with("shipload") || *name == "xtask";
        serde_json::json!({
            "packages": names.iter().map(|name| serde_json::json!({ "id": name, "name": name })).collect::<Vec<_>>(),
            "workspace_members": names.iter().filter(ours).collect::<Vec<_>>(),
            "resolve": { "nodes": nodes },
        })
    }

    #[test]
    fn faults_are_named_with_the_way_they_came() {
        let cases: &[(&str, &[&str])] = &[
            (
                "shipload-context: shipload-ignore tar\n shipload-engine: shipload-context tokio",
                &[],
            ),
            (
                "shipload-ignore: shipload-context",
                &["shipload-ignore → shipload-context"],
            ),
            (
                "shipload-context: tar\n tar: filetime\n filetime: tokio\n tokio: mio",
                &["shipload-context → tar → filetime → tokio"],
            ),
            (
                "shipload-context: cc@build\n cc: hyper",
                &["shipload-context → cc → hyper"],
            ),
            ("shipload-context: tokio@dev shipload-testkit@dev", &[]),
            (
                "shipload: shipload-testkit",
                &["shipload → shipload-testkit"],
            ),
            ("xtask: shipload-testkit", &[]),
            (
                "shipload-new: tar",
                &["`shipload-new` has no place in the list of crates"],
            ),
        ];
        for (lines, expected) in cases {
            let graph = Graph::read(&metadata(lines)).unwrap();
            assert_eq!(&graph.faults(), expected, "{lines}");
        }
    }

    #[test]
    fn other_json_is_no_graph() {
        assert!(Graph::read(&serde_json::json!({ "packages": 1 })).is_none());
    }

    #[test]
    fn this_workspace_keeps_its_rules() {
        check().unwrap();
    }
}
