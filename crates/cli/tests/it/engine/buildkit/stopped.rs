//! Builds that fail or are interrupted.

use std::time::{Duration, Instant};

use fs_err as fs;
use rustix::process::{Pid, Signal, kill_process};

use super::{build, command, engines, is_old};
use crate::engine::{Image, with_shell};

#[test]
fn a_step_that_fails() {
    for engine in engines() {
        let image = Image::new(&engine);
        let sandbox = with_shell(&image, "RUN printf 'one\\ntwo\\033[2J\\n' && exit 7\n");
        // Those of an earlier build must not pass for those of one that failed.
        sandbox.write("id", "sha256:earlier");
        sandbox.write("metadata", "{}");
        let results = ["--iidfile", "id", "--metadata-file", "metadata"];
        for quiet in [&[][..], &["-q"]] {
            let arguments = [&["-t", &image.name], &results[..], quiet].concat();
            let run = build(&sandbox, &engine, &arguments);
            assert_eq!((run.code, &run.stdout[..]), (Some(1), &b""[..]));
            // Quiet or not, what the command said is needed now.
            let (_, end) = run.stderr.split_once("------\n > [2/2] RUN ").unwrap();
            let mut lines = end.lines().skip(1);
            for said in ["one", "two"] {
                let line = lines.next().unwrap();
                assert_eq!(line.split_once(' ').unwrap().1, said, "{}", run.stderr);
            }
            assert_eq!(lines.next(), Some("------"));
            // 20.10 does not say which line it was.
            if !is_old(&engine) {
                assert_eq!(lines.next(), Some("Dockerfile:4"), "{}", run.stderr);
                let marked = lines.find(|line| line.contains(" >>> "));
                let marked = marked.unwrap_or_default();
                assert!(
                    marked.starts_with("   4 | >>> RUN printf"),
                    "{}",
                    run.stderr
                );
            }
            let last = run.stderr.lines().last().unwrap();
            assert!(last.starts_with("error: the build failed: "), "{last}");
            assert!(last.ends_with("exit code: 7"), "{last}");
            assert!(!image.exists());
            assert!(!sandbox.path("id").exists() && !sandbox.path("metadata").exists());
        }
    }
}

/// Whether a process runs that was started with `word` in its arguments.
pub(super) fn runs(word: &str) -> bool {
    let processes = fs::read_dir("/proc").unwrap();
    processes.flatten().any(|process| {
        let arguments = fs::read(process.path().join("cmdline")).unwrap_or_default();
        let is_shell = arguments.starts_with(b"/bin/sh\0-c\0");
        is_shell && String::from_utf8_lossy(&arguments).contains(word)
    })
}

#[track_caller]
pub(super) fn wait(what: &str, mut is_so: impl FnMut() -> bool) {
    let start = Instant::now();
    while !is_so() {
        assert!(start.elapsed() < Duration::from_secs(60), "{what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn interrupted() {
    for engine in engines() {
        let image = Image::new(&engine);
        let step = format!("RUN : {}; echo begun; while :; do :; done\n", image.name);
        let sandbox = with_shell(&image, &step);
        let log = sandbox.dir().with_file_name("log");
        let stderr = fs::File::create(&log).unwrap().into_parts().0;
        let mut command = command(&sandbox, &engine.host, &["-t", &image.name]);
        let mut child = command.stderr(stderr).spawn().unwrap();
        let said = || fs::read_to_string(&log).unwrap();
        let begun = || said().lines().any(|line| line.ends_with(" begun"));
        wait("the step does not begin", || {
            begun() || child.try_wait().unwrap().is_some()
        });
        assert!(begun() && runs(&image.name), "{}", said());
        kill_process(Pid::from_child(&child), Signal::INT).unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(130));
        assert!(said().ends_with("error: interrupted\n"), "{}", said());
        wait("the step goes on", || !runs(&image.name));
        assert!(!image.exists());
    }
}
