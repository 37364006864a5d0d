//! Extended attributes of entries of this machine, and what they do to digests.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use rustix::fs::XattrFlags;
use shipload_context::{
    HostDir, Offer, Policy, ReadProblem, Stat, SyncError, SyncRequest, Times, Tree, TreeBuilder,
    View,
};

/// Sets an attribute; false where the file system or our rights do not allow it.
fn set(path: &Path, name: &str, value: &[u8]) -> bool {
    let done = rustix::fs::lsetxattr(path, name, value, XattrFlags::empty());
    if let Err(error) = done {
        println!("no attribute `{name}` here: {error}");
    }
    done.is_ok()
}

fn tree(top: &Path) -> Tree {
    let dir = HostDir::new(top).at("in".parse().unwrap());
    TreeBuilder::new().directory(dir).build().unwrap()
}

fn offer(tree: &Tree, times: Times) -> Offer {
    let policy = Policy {
        times,
        ..Policy::default()
    };
    Offer::new(&View::new(tree).policy(policy), &SyncRequest::default()).unwrap()
}

fn stat(offer: &Offer, path: &str) -> Result<Stat, SyncError> {
    let is_it = |id: &u32| offer.entry(*id).unwrap().path.as_bytes() == path.as_bytes();
    offer.stat((0..offer.len()).find(is_it).unwrap())
}

#[test]
fn everything_may_have_attributes() {
    let temp = tempfile::tempdir().unwrap();
    let top = temp.path();
    fs_err::create_dir(top.join("dir")).unwrap();
    fs_err::write(top.join("dir/file"), "x").unwrap();
    fs_err::write(top.join("plain"), "x").unwrap();
    std::os::unix::fs::symlink("nowhere", top.join("dir/link")).unwrap();
    let long = vec![b'v'; 1000];
    let rows = [
        ("dir", "user.dir", &b"1"[..]),
        ("dir/file", "user.one", b""),
        ("dir/file", "user.two", &long),
        ("dir/link", "trusted.link", b"2"),
    ];
    let rows: Vec<_> = rows
        .into_iter()
        .filter(|(path, name, value)| set(&top.join(path), name, value))
        .collect();
    // It need not be readable to be described.
    let locked = std::fs::Permissions::from_mode(0o000);
    fs_err::set_permissions(top.join("dir/file"), locked).unwrap();
    let tree = tree(top);
    let offer = offer(&tree, Times::Exact);
    for path in ["in/dir", "in/dir/file", "in/dir/link", "in/plain"] {
        let found = stat(&offer, path).unwrap().xattrs;
        let own = found
            .iter()
            .filter(|(name, _)| name.starts_with(b"user.") || name.starts_with(b"trusted.link"));
        let own: Vec<_> = own.map(|(name, value)| (&name[..], &value[..])).collect();
        // Who may not read a file may not read its attributes either, but hears of it.
        let hidden = path == "in/dir/file" && !rustix::process::geteuid().is_root();
        let expected = rows
            .iter()
            .filter(|(at, ..)| format!("in/{at}") == path && !hidden);
        let expected: Vec<_> = expected
            .map(|(_, name, value)| (name.as_bytes(), *value))
            .collect();
        assert_eq!(own, expected, "{path}");
    }
}

#[test]
fn an_attribute_changes_the_digest_and_many_are_read() {
    let temp = tempfile::tempdir().unwrap();
    let file = temp.path().join("f");
    fs_err::write(&file, "x").unwrap();
    let tree = tree(temp.path());
    let mut times = vec![stat(&offer(&tree, Times::Pinned(1)), "in/f").unwrap().mtime];
    for (number, value) in ["a", "b"].into_iter().enumerate() {
        let is_set = (0..40).all(|at| set(&file, &format!("user.{at}"), value.as_bytes()));
        if !is_set {
            return;
        }
        let stat = stat(&offer(&tree, Times::Pinned(1)), "in/f").unwrap();
        let own = stat.xattrs.keys().filter(|name| name.starts_with(b"user."));
        assert_eq!(own.count(), 40);
        assert!(!times.contains(&stat.mtime), "{number}");
        times.push(stat.mtime);
    }
}

/// No path is followed out of the context, and what is gone is said to be.
#[test]
fn what_was_exchanged_is_an_error() {
    type Exchange = fn(&Path);
    let rows: [(&str, Exchange, &str); 3] = [
        (
            "a removed file",
            |top| fs_err::remove_file(top.join("d/f")).unwrap(),
            "removed",
        ),
        (
            "a directory for a link",
            |top| {
                fs_err::rename(top.join("d"), top.join("e")).unwrap();
                std::os::unix::fs::symlink("e", top.join("d")).unwrap();
            },
            "replaced",
        ),
        (
            "a directory for a file",
            |top| {
                fs_err::rename(top.join("d"), top.join("e")).unwrap();
                fs_err::write(top.join("d"), "").unwrap();
            },
            "replaced",
        ),
    ];
    for (what, exchange, expected) in rows {
        let temp = tempfile::tempdir().unwrap();
        fs_err::create_dir(temp.path().join("d")).unwrap();
        fs_err::write(temp.path().join("d/f"), "x").unwrap();
        let tree = tree(temp.path());
        exchange(temp.path());
        let problem = match stat(&offer(&tree, Times::WholeSeconds), "in/d/f") {
            Err(SyncError::Read(error)) => error.problem,
            other => panic!("{what}: {other:?}"),
        };
        let found = match problem {
            ReadProblem::Removed => "removed",
            ReadProblem::Replaced => "replaced",
            other => panic!("{what}: {other:?}"),
        };
        assert_eq!(found, expected, "{what}");
    }
}

/// A digest that is known does not outlive the file it is of.
#[test]
fn a_changed_file_is_an_error_under_pinned_times() {
    let temp = tempfile::tempdir().unwrap();
    let file = temp.path().join("f");
    fs_err::write(&file, "one").unwrap();
    let tree = tree(temp.path());
    let pinned = || stat(&offer(&tree, Times::Pinned(0)), "in/f");
    assert_eq!(pinned().unwrap(), pinned().unwrap());
    fs_err::write(&file, "four").unwrap();
    assert!(matches!(pinned(), Err(SyncError::Read(_))));
}
