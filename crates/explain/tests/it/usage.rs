//! What a context weighs: the sums are those of the archive, and the rules do what is said of them.

mod churn;
mod page;
mod random;

use std::path::Path;

use fs_err as fs;
use shipload_context::{Plan, Progress, Recipe, Request};
use shipload_explain::{Sum, Usage};

/// Writes files of so many bytes.
fn context(files: &[(&str, usize)], dockerfile: &str) -> tempfile::TempDir {
    let temp = tempfile::tempdir().unwrap();
    write(temp.path(), "Dockerfile", dockerfile.as_bytes());
    for (name, size) in files {
        write(temp.path(), name, &vec![b'x'; *size]);
    }
    temp
}

fn write(dir: &Path, name: &str, content: &[u8]) {
    let path = dir.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, content).unwrap();
}

fn plan(dir: &Path) -> Plan {
    Recipe::new(dir).plan(&Progress::new()).unwrap()
}

fn usage(dir: &Path) -> Usage {
    let plan = plan(dir);
    let least = plan.referenced(&Request::default()).unwrap();
    Usage::of(&plan, Some(&least))
}

fn sum(bytes: u64, entries: u64) -> Sum {
    let mut sum = Sum::default();
    (sum.bytes, sum.entries) = (bytes, entries);
    sum
}

#[test]
fn directories_by_size() {
    let files = [
        ("src/main.rs", 10),
        ("src/deep/er/x", 300),
        ("lib/a", 200),
        ("top", 5),
    ];
    let temp = context(&files, "FROM scratch\nCOPY src /\n");
    let usage = usage(temp.path());
    let rows: Vec<_> = usage
        .largest_directories(9)
        .map(|dir| {
            let path = dir
                .path
                .as_ref()
                .map_or(".".to_owned(), ToString::to_string);
            (path, dir.own, dir.all, dir.unread.unwrap())
        })
        .collect();
    let expected = [
        (".", sum(29, 4), sum(539, 9), sum(205, 3)),
        ("src", sum(10, 2), sum(310, 5), sum(0, 0)),
        ("src/deep", sum(0, 1), sum(300, 3), sum(0, 0)),
        ("src/deep/er", sum(300, 1), sum(300, 2), sum(0, 0)),
        ("lib", sum(200, 1), sum(200, 2), sum(200, 2)),
    ];
    let expected = expected.map(|(path, own, all, unread)| (path.to_owned(), own, all, unread));
    assert_eq!(rows, expected);
    assert_eq!(usage.largest_directories(0).count(), 1);
    assert_eq!(usage.largest_directories(1).count(), 3);
    let largest: Vec<_> = usage
        .largest
        .iter()
        .map(|file| (file.path.to_string(), file.bytes, file.is_unread.unwrap()))
        .collect();
    assert_eq!(largest[0], ("src/deep/er/x".to_owned(), 300, false));
    assert_eq!(largest[1], ("lib/a".to_owned(), 200, true));
}

/// Rules with how much they take out, how much of that is not read, and the lines that read of it.
fn rules(dir: &Path) -> Vec<(String, u64, u64, Vec<usize>)> {
    let plan = plan(dir);
    let least = plan.referenced(&Request::default()).unwrap();
    let usage = Usage::of(&plan, Some(&least));
    let row = |candidate: &shipload_explain::Candidate| {
        let lines = candidate.read_by.iter();
        let lines = lines
            .map(|number| least.reads.sources[*number].position.line)
            .collect();
        let unread = candidate.unread.unwrap().bytes;
        (candidate.rule.clone(), candidate.out.bytes, unread, lines)
    };
    usage.candidates.iter().map(row).collect()
}

#[test]
fn rules_that_take_much_out() {
    let project: &[(&str, usize)] = &[
        (".git/objects/1", 9000),
        ("node_modules/a/lib/a.js", 5000),
        ("node_modules/a/lib/a.js.map", 3000),
        ("node_modules/b/lib/b.js", 500),
        ("node_modules/b/node_modules/a/lib/a.js", 500),
        ("web/node_modules/c/c.js", 700),
        ("src/a.js", 400),
        ("src/a.js.map", 300),
        ("tiny", 1),
    ];
    // `lib` recurs, but all of it is in `node_modules`.
    let temp = context(project, "FROM scratch\nCOPY src package*.json /srv/\n");
    let none = Vec::new();
    let expected = vec![
        ("**/node_modules".to_owned(), 9700, 9700, none.clone()),
        ("/node_modules".to_owned(), 9000, 9000, none.clone()),
        ("/.git".to_owned(), 9000, 9000, none.clone()),
        ("**/*.js".to_owned(), 7100, 6700, vec![2]),
        ("**/*.map".to_owned(), 3300, 3000, vec![2]),
        ("/web".to_owned(), 700, 700, none),
        ("/src".to_owned(), 700, 0, vec![2]),
    ];
    assert_eq!(rules(temp.path()), expected);

    // What only the whole context reads may go.
    write(temp.path(), "Dockerfile", b"FROM scratch\nCOPY . /\n");
    let found = rules(temp.path());
    assert_eq!(found[0], ("**/node_modules".to_owned(), 9700, 0, vec![2]));
    assert!(!found.iter().any(|row| row.0 == "**/lib"), "{found:?}");
}

#[test]
fn a_file_goes_with_the_last_of_its_names() {
    let temp = context(&[("a/file", 5000), ("c/own", 6000)], "FROM scratch\n");
    fs::create_dir(temp.path().join("b")).unwrap();
    fs::hard_link(temp.path().join("a/file"), temp.path().join("b/file")).unwrap();
    let found: Vec<_> = rules(temp.path())
        .into_iter()
        .map(|row| (row.0, row.1))
        .collect();
    assert_eq!(
        found,
        [("/c".to_owned(), 6000)],
        "neither `/a` nor `/b` frees a byte"
    );
}

#[test]
fn what_cannot_be_told_is_not() {
    let temp = context(&[("a", 5000)], "# syntax=vendor/other\nwhatever\n");
    let found = usage(temp.path());
    assert_eq!((found.unread, found.largest[0].is_unread), (None, None));
    let candidate = &found.candidates[0];
    assert_eq!((candidate.rule.as_str(), candidate.unread), ("/a", None));
}

#[test]
fn names_that_no_rule_can_tell() {
    let names = [
        "a*",
        "a?",
        "[a]",
        "back\\slash",
        "a|b",
        "{a}",
        "^a",
        " edge",
        "edge ",
        "new\nline",
        "nbsp\u{a0}",
    ];
    let files: Vec<_> = names.iter().map(|name| (*name, 1000)).collect();
    let temp = context(&files, "FROM scratch\n");
    assert_eq!(rules(temp.path()), []);
    for (name, rule) in [
        ("!a", "/!a"),
        ("#a", "/#a"),
        ("a b", "/a b"),
        ("(a).+$", "/(a).+$"),
    ] {
        write(temp.path(), name, &vec![0; 20_000]);
        assert_eq!(rules(temp.path())[0].0, rule);
        fs::remove_file(temp.path().join(name)).unwrap();
    }
}
