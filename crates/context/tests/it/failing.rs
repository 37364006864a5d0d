//! What the caller gives us fails, or asks for too much: an error or the caller's own panic, and never a wait
//! without end.

use std::io::{self, Write};
use std::num::NonZeroUsize;
use std::path::Path;

use shipload_context::{
    Compression, HostDir, Moment, PackError, PackOptions, Progress, TreeBuilder, View, pack,
};

use crate::support::{ends, files, tree};

fn scene() -> tempfile::TempDir {
    let temp = tempfile::tempdir().unwrap();
    let large = "x".repeat(8_000_000);
    files(temp.path(), &[("a/b", "b"), ("large", &large), ("z", "z")]);
    temp
}

struct PanicsAfter(usize);

impl Write for PanicsAfter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        assert!(bytes.len() <= self.0, "no more");
        self.0 -= bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_panic_of_the_caller_comes_back_to_the_caller() {
    let temp = scene();
    for threads in [1, 2, 5] {
        for compression in [Compression::None, Compression::Gzip] {
            let options = PackOptions {
                threads: NonZeroUsize::new(threads),
                ..PackOptions::new(compression)
            };
            for (path, when) in [
                ("a/b", Moment::Opening),
                ("large", Moment::Opened),
                ("large", Moment::Read),
                ("z", Moment::Read),
            ] {
                let view = View::new(&tree(temp.path()));
                let packed = ends(&format!("{path} at {when:?}, {threads}"), move || {
                    let progress = Progress::observed(move |moment, at| {
                        assert!(moment != when || at.as_bytes() != path.as_bytes(), "no");
                    });
                    pack(&view, &options, &progress, &mut io::sink()).is_ok()
                });
                assert_eq!(packed, None, "{path} at {when:?}, {threads}");
            }
            let view = View::new(&tree(temp.path()));
            let packed = ends(&format!("output, {threads}"), move || {
                pack(&view, &options, &Progress::new(), &mut PanicsAfter(2_000)).is_ok()
            });
            assert_eq!(packed, None, "output, {threads}");
        }
        let root = temp.path().to_owned();
        let listed = ends(&format!("listing, {threads}"), move || {
            let progress = Progress::observed(|_, at| assert!(at.as_bytes() != b"a/b", "no"));
            let builder = TreeBuilder::new().directory(HostDir::new(root));
            let threads = NonZeroUsize::new(threads).unwrap();
            builder.threads(threads).build_with(&progress).is_ok()
        });
        assert_eq!(listed, None, "listing, {threads}");
    }
}

#[test]
fn any_number_of_threads_may_be_asked_for() {
    let temp = scene();
    let builder = TreeBuilder::new().directory(HostDir::new(temp.path()));
    let tree = builder.threads(NonZeroUsize::MAX).build().unwrap();
    let packed = |threads| {
        let mut out = Vec::new();
        let options = PackOptions {
            threads: NonZeroUsize::new(threads),
            ..PackOptions::default()
        };
        pack(&View::new(&tree), &options, &Progress::new(), &mut out).unwrap();
        out
    };
    assert!(packed(1) == packed(usize::MAX));
}

/// A file that has no blocks can be larger than any disk.
#[test]
fn a_huge_sparse_file_is_begun_at_once() {
    let memory = Path::new("/dev/shm");
    let temp = if memory.is_dir() {
        tempfile::tempdir_in(memory).unwrap()
    } else {
        tempfile::tempdir().unwrap()
    };
    let file = fs_err::File::create(temp.path().join("huge")).unwrap();
    // The most that tmpfs, xfs and btrfs take, and that ext4 takes.
    let size = [i64::MAX as u64, 1 << 43]
        .into_iter()
        .find(|&size| file.file().set_len(size).is_ok());
    let Some(size) = size else {
        println!("skipped: no sparse files in {}", temp.path().display());
        return;
    };
    let tree = tree(temp.path());
    let view = View::new(&tree);
    assert_eq!(view.content_bytes(), size);
    let packed = ends("packing", move || {
        let mut little = [0; 4096];
        let packed = pack(
            &view,
            &PackOptions::default(),
            &Progress::new(),
            &mut &mut little[..],
        );
        matches!(packed, Err(PackError::Output(_)))
    });
    assert_eq!(packed, Some(true));
    assert!(tree.entries()[0].read().is_err());
}
