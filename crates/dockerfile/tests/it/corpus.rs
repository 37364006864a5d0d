//! Dockerfiles from real packages; `corpus/SOURCES.md` says which, `cargo xtask corpus` gathers them.

use shipload_dockerfile::{Dockerfile, Request};

const ARCHIVE: &str = include_str!("../corpus/dockerfiles.txt");

/// A Dockerfile of a package.
#[derive(Clone, Copy)]
pub(crate) struct Sample {
    /// Registry, package, version and path.
    pub(crate) source: &'static str,
    pub(crate) text: &'static str,
}

impl Sample {
    /// Whether it was written to test a builder, not to build something.
    fn is_fixture(&self) -> bool {
        self.source.contains("containers-buildah")
    }
}

/// All samples, in the order of the archive: before each a line `==== BYTES SOURCE`, after it a newline.
pub(crate) fn samples() -> Vec<Sample> {
    let mut samples = Vec::new();
    let mut rest = ARCHIVE;
    while !rest.is_empty() {
        let head = rest.strip_prefix("==== ").expect("a header");
        let (head, after) = head.split_once('\n').expect("a text");
        let (length, source) = head.split_once(' ').expect("a length");
        let length: usize = length.parse().unwrap();
        let text = &after[..length];
        rest = after[length..].strip_prefix('\n').expect("a newline");
        samples.push(Sample { source, text });
    }
    samples
}

#[test]
fn it_holds_hundreds_of_real_dockerfiles() {
    let samples = samples();
    let real = samples.iter().filter(|sample| !sample.is_fixture()).count();
    println!(
        "{real} real Dockerfiles, {} test data of a builder",
        samples.len() - real
    );
    assert!(real >= 300);
}

/// No false alarm: what builds somewhere is understood, and nothing is taken for read that is not.
#[test]
fn what_real_dockerfiles_read_can_be_told() {
    for sample in samples().iter().filter(|sample| !sample.is_fixture()) {
        let Ok(file) = Dockerfile::parse(sample.text) else {
            continue;
        };
        match file.reads(&Request::default()) {
            Ok(reads) => assert!(
                reads.whole.is_empty(),
                "{}: {:?}",
                sample.source,
                reads.whole
            ),
            // Written to fail.
            Err(_) if sample.source.ends_with("Dockerfile.shell.fail") => {}
            Err(error) => panic!("{}: {error}", sample.source),
        }
    }
}
