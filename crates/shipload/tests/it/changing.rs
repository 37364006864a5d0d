//! A file that changes while it is sent: an error that names it, and the Engine builds nothing.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use shipload_context::{Moment, PackError, Progress};
use shipload_engine::{BuildError, Event, ListOptions};
use shipload_testkit::engine::shared;

use crate::support::{build, connect, files, view};

type Change = fn(&Path);

fn truncate(file: &Path) {
    fs_err::OpenOptions::new()
        .write(true)
        .open(file)
        .unwrap()
        .set_len(3)
        .unwrap();
}

fn grow(file: &Path) {
    let now = fs_err::read(file).unwrap();
    fs_err::write(file, [now, b"more".to_vec()].concat()).unwrap();
}

fn link(file: &Path) {
    fs_err::remove_file(file).unwrap();
    std::os::unix::fs::symlink("/etc/passwd", file).unwrap();
}

fn remove(file: &Path) {
    fs_err::remove_file(file).unwrap();
}

#[test]
fn a_context_that_changed_is_not_built() {
    let Some(handle) = shared() else { return };
    let engine = connect(&handle);
    let changes: [(&str, Change); 4] = [
        ("truncated", truncate),
        ("grown", grow),
        ("linked", link),
        ("removed", remove),
    ];
    for (name, change) in changes {
        for when in [Moment::Opening, Moment::Opened, Moment::Read] {
            // A small file is one read; a large one is on its way for a while, much of it already with the Engine.
            for size in [2_000, 20_000_000] {
                let temp = tempfile::tempdir().unwrap();
                let root = temp.path().to_owned();
                // The Dockerfile is before it in the archive, so a cut archive would be one that can be built.
                files(
                    &root,
                    &[
                        ("Dockerfile", "FROM scratch\nCOPY Dockerfile /\n"),
                        ("data", &"x".repeat(size)),
                    ],
                );
                let view = view(&root);
                let done = AtomicBool::new(false);
                let progress = Progress::observed(move |moment, path| {
                    if moment == when
                        && path.as_bytes() == b"data"
                        && !done.swap(true, Ordering::SeqCst)
                    {
                        change(&root.join("data"));
                    }
                });
                let tag = handle.unique("shipload/changing");
                let (events, built) = build(&engine, view, progress, &tag);
                let what = format!("{name} at {when:?}, {size} bytes");
                let Err(BuildError::Pack(cause)) = built else {
                    panic!("{what}: {built:?}")
                };
                let Some(PackError::Read(error)) = cause.downcast_ref() else {
                    panic!("{what}: {cause:?}")
                };
                assert_eq!(error.path.to_string(), "data", "{what}");
                let built = |event: &Event| {
                    matches!(
                        event,
                        Event::ImageId(_) | Event::Tagged(_) | Event::Step { .. }
                    )
                };
                assert!(!events.iter().any(built), "{what}: {events:?}");
                let images = engine.images(&ListOptions::default()).unwrap();
                assert!(!format!("{images:?}").contains(&tag), "{what}: tagged");
            }
        }
    }
}
