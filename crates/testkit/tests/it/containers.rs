//! An image of nothing but busybox is built from a tar of our own making, and runs.

use std::io;

use fs_err as fs;
use shipload_testkit::containers::Ran;
use shipload_testkit::engine::{self, Handle};
use shipload_testkit::packages;

#[test]
fn a_busybox_image_says_what_it_was_told() {
    let Some(engine) = engine::shared() else {
        return;
    };
    let image = engine.unique("testkit-busybox");
    build(&engine, &image).unwrap();

    let said = |command: &[&str]| engine.run(&image, command).unwrap();
    let cases: &[(&[&str], i64, &str)] = &[
        (&["/busybox", "echo", "hello"], 0, "hello\n"),
        (
            &["/busybox", "sh", "-c", "echo a; echo b >&2; exit 3"],
            3,
            "a\nb\n",
        ),
    ];
    for (command, code, output) in cases {
        assert_eq!(
            said(command),
            Ran {
                code: *code,
                output: (*output).to_owned()
            }
        );
    }
    assert_eq!(
        engine
            .request("DELETE", &format!("/images/{image}"), None)
            .unwrap()
            .status,
        200
    );

    let error = engine.run(&image, &[]).unwrap_err().to_string();
    assert!(
        error.contains("404") && error.contains("No such image"),
        "{error}"
    );
}

fn build(engine: &Handle, image: &str) -> io::Result<()> {
    let busybox = packages::BUSYBOX
        .provide()
        .unwrap()
        .program("busybox")
        .unwrap();
    let mut tar = tar::Builder::new(Vec::new());
    let mut add = |name: &str, mode, bytes: &[u8]| {
        let mut header = tar::Header::new_ustar();
        header.set_mode(mode);
        header.set_size(bytes.len() as u64);
        tar.append_data(&mut header, name, bytes)
    };
    add(
        "Dockerfile",
        0o644,
        b"FROM scratch\nCOPY busybox /busybox\n",
    )?;
    add("busybox", 0o755, &fs::read(busybox)?)?;
    let tar = tar.into_inner()?;
    let path = format!("/build?t={image}&networkmode=none");
    let answer = engine.request("POST", &path, Some(("application/x-tar", &tar)))?;
    assert!(
        answer.text().contains("Successfully built"),
        "{}",
        answer.text()
    );
    Ok(())
}
