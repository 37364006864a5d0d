//! Which members a call gets: paths, links on the way, include and exclude patterns.

use shipload_context::{EntryMetadata, Offer, SyncRequest, Tree, TreeBuilder, View};

/// A tree of what is given: `a/` is a directory, `a -> b` a link, all else an empty file.
pub(super) fn tree(entries: &[&str]) -> Tree {
    let mut builder = TreeBuilder::new();
    for entry in entries {
        let metadata = match entry.split_once(" -> ") {
            Some((path, target)) => EntryMetadata::symlink(path.parse().unwrap(), target),
            None if entry.ends_with('/') => EntryMetadata::directory(entry.parse().unwrap()),
            None => EntryMetadata::file(entry.parse().unwrap()),
        };
        builder = builder.entry(metadata, std::io::empty()).unwrap();
    }
    builder.build().unwrap()
}

pub(super) fn request(follow: &[&str], include: &[&str], exclude: &[&str]) -> SyncRequest {
    let own = |texts: &[&str]| texts.iter().map(ToString::to_string).collect();
    SyncRequest {
        follow_paths: own(follow),
        include_patterns: own(include),
        exclude_patterns: own(exclude),
    }
}

pub(super) fn paths(offer: &Offer) -> Vec<String> {
    let entries = (0..offer.len()).map(|id| offer.entry(id).unwrap());
    entries.map(|entry| entry.path.to_string()).collect()
}

fn offered(tree: &Tree, request: &SyncRequest) -> Vec<String> {
    paths(&Offer::new(&View::new(tree), request).unwrap())
}

/// The cases of fsutil's own `followlinks_test.go`, as members instead of patterns.
#[test]
fn paths_are_followed_as_fsutil_follows_them() {
    let simple: &[&str] = &["dir/foo", "dir/l1 -> foo", "l2 -> dir/l1", "bar", "baz"];
    let loops: &[&str] = &["l1 -> l1", "l3 -> l2", "l2 -> l3", "x"];
    let absolute: &[&str] = &["dir/l1 -> /foo/bar/baz", "foo/bar -> ../", "baz", "x"];
    let outside: &[&str] = &["dir/l1 -> /foo/bar/baz", "foo/bar -> ../../../", "baz", "x"];
    let normal: &[&str] = &["dir/l1 -> /foo", "dir/l2 -> /", "foo/bar", "x"];
    let wild: &[&str] = &[
        "dir/l1 -> /foo/bar1",
        "dir/l2 -> /foo/bar2",
        "dir/anotherlink -> /foo/bar3",
        "foo/bar2 -> ../baz",
        "foo/bar1",
        "foo/bar3",
        "baz",
    ];
    let rows: &[(&[&str], &[&str], &[&str])] = &[
        (
            simple,
            &["l2", "bar"],
            &["bar", "dir", "dir/foo", "dir/l1", "l2"],
        ),
        (loops, &["l1", "l3"], &["l1", "l2", "l3"]),
        (
            absolute,
            &["dir/l1"],
            &["baz", "dir", "dir/l1", "foo", "foo/bar"],
        ),
        (
            outside,
            &["dir/l1"],
            &["baz", "dir", "dir/l1", "foo", "foo/bar"],
        ),
        (&["x"], &["foo/bar/baz", "bar/baz"], &[]),
        (&["x"], &["f*/foo/t*"], &[]),
        (&["x"], &["."], &["x"]),
        (&["x"], &[""], &["x"]),
        (
            normal,
            &["dir/l1", "foo/bar"],
            &["dir", "dir/l1", "foo", "foo/bar"],
        ),
        (
            normal,
            &["dir/l2", "foo", "foo/bar"],
            &["dir", "dir/l1", "dir/l2", "foo", "foo/bar", "x"],
        ),
        (
            wild,
            &["dir/l*"],
            &[
                "baz", "dir", "dir/l1", "dir/l2", "foo", "foo/bar1", "foo/bar2",
            ],
        ),
        (
            wild,
            &["dir"],
            &["dir", "dir/anotherlink", "dir/l1", "dir/l2"],
        ),
        (
            wild,
            &["dir", "dir/*link"],
            &[
                "dir",
                "dir/anotherlink",
                "dir/l1",
                "dir/l2",
                "foo",
                "foo/bar3",
            ],
        ),
    ];
    for (entries, follow, expected) in rows {
        let found = offered(&tree(entries), &request(follow, &[], &[]));
        assert_eq!(found, *expected, "{follow:?} in {entries:?}");
    }
}

#[test]
fn two_paths_may_lead_through_one_link() {
    let tree = tree(&["link -> dir", "dir/a", "dir/b", "dir/c"]);
    let found = offered(&tree, &request(&["link/a", "link/b"], &[], &[]));
    assert_eq!(found, ["dir", "dir/a", "dir/b", "link"]);
}

#[test]
fn malformed_patterns_are_named() {
    let tree = tree(&["a", "l -> ["]);
    let rows = [
        (
            request(&[], &["a["], &[]),
            "include-patterns:1:2: `a[` is a malformed pattern",
        ),
        (
            request(&[], &[], &["b", "!"]),
            "exclude-patterns:2:1: `!` re-includes nothing",
        ),
        (
            request(&["["], &[], &[]),
            "include-patterns:1:1: `[` is a malformed pattern",
        ),
        (
            request(&[], &[], &["[b-a]"]),
            "exclude-patterns:1:1: cannot match \"a\" with `[b-a]`: a range in a class is reversed",
        ),
    ];
    for (request, expected) in rows {
        let error = Offer::new(&View::new(&tree), &request).unwrap_err();
        assert_eq!(
            error.to_string(),
            format!("cannot select what the builder asks for: {expected}")
        );
        assert!(error.hint().is_some());
    }
}
