//! A change is never missed, though BuildKit compares times and sizes and not content, and under pinned times all times are one.

use std::collections::BTreeSet;
use std::time::Duration;

use fs_err as fs;
use shipload_context::{EntryMetadata, TreeBuilder, View};
use shipload_engine::{BuildOptions, SessionContext};
use shipload_testkit::member::{Member, fingerprint};

use super::{Side, both, pinned, plan};

const EDITS: u32 = 20;

/// What stands in the file after an edit: always so many bytes.
fn content(edit: u32) -> String {
    format!("edit {edit:04}\n")
}

/// The only file of that name in the image of a build.
fn copied(side: &Side, context: &SessionContext, path: &[u8]) -> Member {
    let image = side.built(context);
    let mut files = image.files.into_iter().filter(|file| file.path == path);
    files.next().unwrap()
}

#[test]
fn edits_of_a_file_on_disk_are_seen() {
    let Some(sides) = both() else { return };
    for side in &sides {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("Dockerfile"), "FROM scratch\nCOPY . /\n").unwrap();
        for edit in 0..EDITS {
            fs::write(dir.path().join("source"), content(edit)).unwrap();
            let context = pinned(plan(dir.path(), "Dockerfile").unwrap());
            let file = copied(side, &context, b"source");
            assert_eq!(
                file.content,
                fingerprint(content(edit).as_bytes()),
                "edit {edit}"
            );
        }
    }
}

#[test]
fn edits_of_the_dockerfile_are_seen() {
    let Some(sides) = both() else { return };
    for side in &sides {
        let dir = tempfile::tempdir().unwrap();
        for edit in 0..EDITS {
            let text = format!("FROM scratch\nCOPY . /\nLABEL edit={edit:04}\n");
            fs::write(dir.path().join("Dockerfile"), text).unwrap();
            let context = pinned(plan(dir.path(), "Dockerfile").unwrap());
            let image = side.built(&context);
            let label = &image.config["config"]["Labels"]["edit"];
            assert_eq!(*label, format!("{edit:04}"));
        }
    }
}

/// Files that are made have no time of their own: all of them are of the year 1970.
#[test]
fn edits_in_memory_are_seen() {
    let Some(sides) = both() else { return };
    for side in &sides {
        for edit in 0..EDITS {
            let metadata = EntryMetadata::file("made".parse().unwrap());
            let tree = TreeBuilder::new()
                .bytes("source".parse().unwrap(), content(edit))
                .entry(metadata, content(edit + 1).as_bytes())
                .unwrap();
            // The Dockerfile stays the same text, and is not in the view.
            let context = SessionContext::new(
                View::new(&tree.build().unwrap()),
                "FROM scratch\nCOPY . /\n",
            );
            let context = context.identity("edits in memory");
            let image = side.built(&context);
            let found: BTreeSet<_> = image.files.iter().map(|file| file.content).collect();
            let expected = [edit, edit + 1].map(|edit| fingerprint(content(edit).as_bytes()));
            assert_eq!(found, BTreeSet::from(expected), "edit {edit}");
        }
    }
}

/// What is made of a pinned time. Directories that BuildKit makes itself have the time of the build, and on 20.10 all have.
#[test]
fn two_clones_made_at_different_times_give_the_same_layers() {
    let Some([usual, modern]) = both() else {
        return;
    };
    let rows = [
        (&usual, "COPY file dir/file link /", Layers::Same),
        (&usual, "COPY . /", Layers::Other),
        (&modern, "COPY file dir/file link /", Layers::Same),
        (&modern, "COPY . /", Layers::Same),
        (&modern, "ADD . /", Layers::Same),
        (&modern, "COPY dir /dir/", Layers::Same),
        (&modern, "COPY file /made/", Layers::Other),
    ];
    let build = || {
        // Of its own path, inodes and times, all of them different from the other clone's.
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("dir")).unwrap();
        fs::write(dir.path().join("file"), "one").unwrap();
        fs::write(dir.path().join("dir/file"), "two").unwrap();
        std::os::unix::fs::symlink("file", dir.path().join("link")).unwrap();
        rows.map(|(side, step, _)| {
            fs::write(
                dir.path().join("Dockerfile"),
                format!("FROM scratch\n{step}\n"),
            )
            .unwrap();
            let context = pinned(plan(dir.path(), "Dockerfile").unwrap());
            let tag = side.handle.unique("shipload/clone");
            let options = BuildOptions {
                no_cache: true,
                ..BuildOptions::tagged(tag.parse().unwrap())
            };
            side.build(&context, &options).1.unwrap();
            side.handle.layers(&tag).unwrap()
        })
    };
    let first = build();
    // Times in layers are whole seconds.
    std::thread::sleep(Duration::from_millis(1100));
    for ((first, second), (side, step, expected)) in first.into_iter().zip(build()).zip(rows) {
        let found = if first == second {
            Layers::Same
        } else {
            Layers::Other
        };
        assert_eq!(
            found,
            expected,
            "{step} on {}",
            side.handle.describe().unwrap()
        );
    }
}

/// How the layers of two clones compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Layers {
    Same,
    Other,
}
