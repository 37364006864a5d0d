//! What the caller gives us fails, or asks for too much: an error or the caller's own panic, and never a wait without end.

use std::io::{self, Write};
use std::num::NonZeroUsize;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc;
use std::time::Duration;

use shipload_context::{
    Compression, HostDir, Moment, PackOptions, Progress, TreeBuilder, View, pack,
};

use crate::support::{files, tree};

/// What `work` returns; `None` where it panics. Fails where it does not come to an end.
fn ends<T: Send + 'static>(what: &str, work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    let (done, outcome) = mpsc::channel();
    std::thread::spawn(move || done.send(catch_unwind(AssertUnwindSafe(work)).ok()));
    outcome
        .recv_timeout(Duration::from_secs(60))
        .unwrap_or_else(|_| panic!("{what}: waits for ever"))
}

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
