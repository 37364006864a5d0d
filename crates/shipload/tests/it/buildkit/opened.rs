//! Of a large tree only what the Dockerfile reads is opened: BuildKit asks for three files, and no digest is taken of others.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use fs_err as fs;
use shipload_context::Plan;
use shipload_engine::SessionContext;
use shipload_testkit::opens::Opens;

use super::{modern, pinned, plan, usual};

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
    let (Some(usual), Some(modern)) = (usual(), modern()) else {
        return;
    };
    // In memory, where that can be had: a busy disk takes a minute to remove so many.
    let dir = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir());
    let dir = dir.unwrap();
    large(dir.path());
    let expected = ["Dockerfile", "d007/f0042", "d099/f0998", "d099/f0999"].map(PathBuf::from);
    let mut opens = Opens::watch(dir.path()).unwrap();
    let as_it_is = |plan| SessionContext::from_plan(&plan).unwrap();
    let contexts: [fn(Plan) -> SessionContext; 2] = [as_it_is, pinned];
    for (side, context) in [usual, modern].iter().zip(contexts) {
        let context = context(plan(dir.path(), "Dockerfile").unwrap());
        let image = side.built(&context);
        assert_eq!(image.files.len(), 4, "{:?}", image.files);
        assert_eq!(opens.take().unwrap(), BTreeSet::from(expected.clone()));
    }
}
