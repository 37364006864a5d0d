//! Builds that make files instead of images.

use fs_err as fs;

use super::{build, engines, fine, is_old};
use crate::engine::Image;
use crate::sandbox::{Sandbox, names};

#[test]
fn a_directory_a_file_and_a_pipe() {
    for engine in engines() {
        let image = Image::new(&engine);
        let sandbox = Sandbox::with(&[
            ("Dockerfile", "FROM scratch\nCOPY a in/b /made/\n"),
            ("a", "one"),
            ("in/b", "two"),
        ]);
        for (spec, file) in [
            ("out", "out/made/a"),
            ("type=local,dest=other", "other/made/a"),
            ("type=tar,dest=made.tar", "made.tar"),
        ] {
            let run = build(&sandbox, &engine, &["-t", &image.name, "-o", spec]);
            let run = fine(run);
            assert!(run.stdout.is_empty());
            assert!(run.stderr.contains("\ndone in "), "{}", run.stderr);
            assert!(sandbox.path(file).is_file(), "{spec}");
            fs::rename(sandbox.path(file), sandbox.dir().with_file_name("made")).unwrap();
        }
        let file = fs::read(sandbox.dir().with_file_name("made")).unwrap();
        let expected = ["made/", "made/a", "made/b"];
        assert_eq!(names(&file), expected);
        let piped = build(&sandbox, &engine, &["-q", "-o", "-"]).fine().stdout;
        assert_eq!(names(&piped), expected);
        // What is made for a place is in no store.
        assert!(!image.exists());
    }
}

#[test]
fn files_and_an_image_at_once() {
    for engine in engines() {
        let image = Image::new(&engine);
        let dockerfile = format!("FROM scratch\nLABEL test={}\nCOPY a /\n", image.name);
        let sandbox = Sandbox::with(&[("Dockerfile", &dockerfile), ("a", "one")]);
        let run = build(
            &sandbox,
            &engine,
            &["-t", &image.name, "-o", "out", "--load"],
        );
        if is_old(&engine) {
            run.refused(
                1,
                "error: BuildKit 0.8 of the engine, without its containerd image store, cannot make several outputs of a build (--output)\n\
                 hint: build once for each output, or use BuildKit 0.13 or later (Engine 26)\n",
            );
        } else {
            fine(run);
            assert!(image.exists() && sandbox.path("out/a").is_file());
        }
    }
}
