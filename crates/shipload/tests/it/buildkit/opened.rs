//! Of a large tree only what the Dockerfile reads is opened: BuildKit asks for three files, and no digest is taken of others.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use fs_err as fs;
use shipload_engine::SessionContext;
use shipload_testkit::opens::Opens;

use super::{both, pinned, plan};

/// 100 directories of 1,000 files.
fn large(root: &Path) {
    let dockerfile = "FROM scratch\nCOPY d007/f0042 /one\nCOPY d099/f099[89] /more/\n";
    fs::write(root.join("Dockerfile"), dockerfile).unwrap();
    for dir in 0..100 {
        let dir = root.join(format!("d{dir:03}"));
        fs::create_dir(&dir).unwrap();
        for file in 0..1000 {
            fs::write(dir.join(format!("f{file:04}")), "x").unwrap();
        }
    }
}

#[test]
fn of_100_000_files_three_are_opened() {
    let Some(sides) = both() else { return };
    let dir = tempfile::tempdir().unwrap();
    large(dir.path());
    let expected = ["Dockerfile", "d007/f0042", "d099/f0998", "d099/f0999"].map(PathBuf::from);
    let mut opens = Opens::watch(dir.path()).unwrap();
    for side in &sides {
        for is_pinned in [false, true] {
            let plan = plan(dir.path(), "Dockerfile").unwrap();
            let context = if is_pinned {
                pinned(plan)
            } else {
                SessionContext::from_plan(&plan).unwrap()
            };
            // Of its own, so that nothing is there from before.
            let context = context.identity(side.handle.unique("opened"));
            let image = side.built(&context);
            assert_eq!(image.files.len(), 4, "{:?}", image.files);
            assert_eq!(
                opens.take().unwrap(),
                BTreeSet::from(expected.clone()),
                "{is_pinned}"
            );
        }
    }
}
