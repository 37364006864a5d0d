//! On random trees, with the rules of all builders.

use std::collections::{BTreeMap, HashSet};
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use fs_err as fs;
use shipload_context::{
    DockerfileChoice, EntryPath, PackOptions, Plan, Progress, Recipe, Request, Rules, Semantics,
    Standing, View, pack,
};
use shipload_explain::{Sum, Usage};
use shipload_testkit::member;
use shipload_testkit::tree::{Kinds, random_case};

use super::sum;

const CASES: u64 = 1_000;
const ALL: [Semantics; 3] = [Semantics::Classic, Semantics::BuildKit, Semantics::Podman];

/// Runs `check` on random contexts, and gives back how many of them there were: a rule may be malformed.
fn on_random_contexts(check: impl Fn(&Path, &Plan, &str) + Sync) -> u64 {
    let (next, planned) = (AtomicU64::new(0), AtomicU64::new(0));
    let work = || {
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= CASES {
                return;
            }
            let case = random_case(seed, Kinds::Every);
            let temp = tempfile::tempdir().unwrap();
            case.tree.write(temp.path()).unwrap();
            for semantics in ALL {
                let dockerfile = DockerfileChoice::File(temp.path().join(&case.dockerfile));
                let recipe = Recipe::new(temp.path()).semantics(semantics);
                if let Ok(plan) = recipe.dockerfile(dockerfile).plan(&Progress::new()) {
                    planned.fetch_add(1, Ordering::Relaxed);
                    check(temp.path(), &plan, &format!("seed {seed}, {semantics:?}"));
                }
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, NonZeroUsize::get) {
            scope.spawn(work);
        }
    });
    planned.into_inner()
}

#[test]
fn the_sums_are_those_of_the_archive() {
    let planned = on_random_contexts(|_, plan, case| {
        let usage = Usage::of(plan, None);
        let mut archive = Vec::new();
        pack(
            &plan.view,
            &PackOptions::default(),
            &Progress::new(),
            &mut archive,
        )
        .unwrap();
        assert_eq!(usage.archive_bytes, archive.len() as u64, "{case}");

        let mut total = Sum::default();
        let mut directories: BTreeMap<Vec<u8>, Sum> = BTreeMap::new();
        // Of a newline in a name that is not ASCII the crate makes the end of it, so names are read by our own reader.
        let names = member::read(&archive).unwrap();
        let mut names = names.into_iter().map(|member| member.path);
        for entry in tar::Archive::new(&archive[..]).entries().unwrap() {
            let entry = entry.unwrap();
            let one = sum(entry.size(), 1);
            total += one;
            let path = names.next().unwrap();
            let is_dir = entry.header().entry_type().is_dir();
            if is_dir {
                *directories.entry(path.clone()).or_default() += one;
            }
            for (slash, _) in path.iter().enumerate().filter(|(_, byte)| **byte == b'/') {
                *directories.entry(path[..slash].to_vec()).or_default() += one;
            }
        }
        assert_eq!(usage.total, total, "{case}");
        assert_eq!(usage.total.bytes, plan.view.content_bytes(), "{case}");
        assert_eq!(usage.total.entries, plan.view.len() as u64, "{case}");
        let (root, below) = usage.directories.split_first().unwrap();
        assert_eq!((&root.path, root.all), (&None, total), "{case}");
        let below: BTreeMap<Vec<u8>, Sum> = below
            .iter()
            .map(|dir| (dir.path.as_ref().unwrap().as_bytes().to_vec(), dir.all))
            .collect();
        assert_eq!(below, directories, "{case}");
        let mut own = Sum::default();
        usage.directories.iter().for_each(|dir| own += dir.own);
        assert_eq!(own, total, "{case}: each entry is right in one directory");
    });
    assert!(planned > CASES * 2, "only {planned} contexts");
}

fn weight(view: &View) -> Sum {
    sum(view.content_bytes(), view.len() as u64)
}

#[test]
fn what_is_not_read_is_what_the_least_context_is_without() {
    let planned = on_random_contexts(|dir, plan, case| {
        // Half of what is at the top is read.
        let names = plan
            .view
            .members()
            .filter(|member| member.entry.path.depth() == 1);
        let names = names.filter_map(|member| str::from_utf8(member.entry.path.as_bytes()).ok());
        let words = names.step_by(2).map(|name| format!("{name:?}"));
        let words: Vec<_> = words
            .filter(|word| !word.contains(['\\', '$', '[', '*', '?', '<']))
            .collect();
        let text = format!("FROM scratch\nCOPY [{}, \"/\"]\n", words.join(", "));
        let path = dir.join("other.Dockerfile");
        fs::write(&path, text).unwrap();
        let recipe = Recipe::new(dir).semantics(plan.semantics);
        let Ok(plan) = recipe
            .dockerfile(DockerfileChoice::File(path))
            .plan(&Progress::new())
        else {
            return;
        };
        let Ok(least) = plan.referenced(&Request::default()) else {
            return;
        };
        let usage = Usage::of(&plan, Some(&least));
        let expected = sum(least.left_bytes, least.left_members as u64);
        assert_eq!(usage.unread, Some(expected), "{case}");
    });
    assert!(planned > CASES * 2, "only {planned} contexts");
}

#[test]
fn the_rules_take_out_what_is_said() {
    let checked = AtomicU64::new(0);
    on_random_contexts(|_, plan, case| {
        let before = weight(&plan.view);
        for candidate in Usage::of(plan, None).candidates {
            let rules = plan
                .ignore_files
                .iter()
                .fold(Rules::builder(plan.semantics), |rules, file| {
                    rules.file("", &fs::read(file).unwrap()).unwrap()
                });
            let rules = rules.file("", candidate.rule.as_bytes()).unwrap().build();
            let rules = rules
                .with_build_files(Some(plan.dockerfile.as_bytes()))
                .unwrap();
            let under = plan.view.clone().under(&rules).unwrap();
            let left: HashSet<EntryPath> = under.members().map(|m| m.entry.path.clone()).collect();
            let above = |path: &EntryPath| {
                plan.semantics.sends_excluded_parents() && plan.dockerfile.starts_with(path)
            };
            // A build has these in any case; and what podman is sent besides, rules do not concern.
            let after = plan.view.clone().filter(|entry| {
                left.contains(&entry.path)
                    || plan.is_build_file(&entry.path)
                    || above(&entry.path)
                    || entry.standing == Standing::Made
            });
            let after = weight(&after);
            let gone = sum(before.bytes - after.bytes, before.entries - after.entries);
            assert_eq!(candidate.out, gone, "{case}: {}", candidate.rule);
            checked.fetch_add(1, Ordering::Relaxed);
        }
    });
    let checked = checked.into_inner();
    assert!(checked > CASES, "only {checked} rules");
}
