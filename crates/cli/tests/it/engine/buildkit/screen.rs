//! Builds with a person watching.

use std::fs::File;
use std::io::Read as _;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use rustix::process::{Pid, Signal, kill_process};
use rustix::termios::{tcgetwinsize, tcsetwinsize};

use super::stopped::{runs, wait};
use super::{command, engines, is_old};
use crate::engine::{Image, with_shell};
use crate::terminal::terminal;

const HIDE: &str = "\u{1b}[?25l";
const SHOW: &str = "\u{1b}[?25h";

/// A program with standard error on a terminal, of which everything is kept.
struct Watched {
    child: Child,
    shown: Arc<Mutex<Vec<u8>>>,
    reader: Option<JoinHandle<()>>,
}

impl Watched {
    fn start(mut command: Command) -> Self {
        let (ours, theirs) = terminal();
        // So that there is room for what a step prints.
        let mut size = tcgetwinsize(&ours).unwrap();
        (size.ws_col, size.ws_row) = (100, 30);
        tcsetwinsize(&ours, size).unwrap();
        let child = command
            .stderr(theirs)
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        // The last open end of theirs, so that reading ends.
        drop(command);
        let shown = Arc::default();
        let kept = Arc::clone(&shown);
        let reader = Some(std::thread::spawn(move || keep(ours, &kept)));
        Self {
            child,
            shown,
            reader,
        }
    }

    fn shown(&self) -> String {
        String::from_utf8_lossy(&self.shown.lock().unwrap()).into_owned()
    }

    /// How it ended and all that was shown.
    fn finish(mut self) -> (Option<i32>, String) {
        let code = self.child.wait().unwrap().code();
        self.reader.take().unwrap().join().unwrap();
        (code, self.shown())
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        // A test that fails leaves no build behind.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A terminal whose other end is closed says EIO.
fn keep(mut ours: File, kept: &Mutex<Vec<u8>>) {
    let mut buffer = [0; 4096];
    while let Ok(length @ 1..) = ours.read(&mut buffer) {
        kept.lock().unwrap().extend(&buffer[..length]);
    }
}

/// The lines that a terminal shows in the end, with times as `0.0s`.
fn left(shown: &str) -> Vec<String> {
    let (before, last) = shown.rsplit_once(HIDE).unwrap();
    assert_eq!(
        before.matches(HIDE).count() + 1,
        shown.matches(SHOW).count(),
        "the cursor is shown as often as it is hidden"
    );
    assert!(last.contains(SHOW), "{last:?}");
    let mut text = String::new();
    let mut rest = last;
    while let Some((plain, sequence)) = rest.split_once("\u{1b}[") {
        text.push_str(plain);
        let end = sequence.find(|c: char| c.is_ascii_alphabetic()).unwrap();
        rest = &sequence[end + 1..];
    }
    text.push_str(rest);
    let line = |line: &str| {
        let words = line.split_whitespace().map(|word| {
            let number = word.strip_suffix('s').unwrap_or_default();
            let is_time = number.parse::<f64>().is_ok();
            if is_time { "0.0s" } else { word }
        });
        words.collect::<Vec<_>>().join(" ")
    };
    text.lines()
        .map(line)
        .filter(|line| !line.is_empty())
        .collect()
}

/// As buildx leaves it behind; which of the files comes first is BuildKit's choice.
#[test]
fn the_picture_of_a_build() {
    for engine in engines() {
        let image = Image::new(&engine);
        let sandbox = with_shell(&image, &format!("RUN : {}; echo said\n", image.name));
        let command = command(&sandbox, &engine.host, &["-t", &image.name]);
        let (code, shown) = Watched::start(command).finish();
        assert_eq!(code, Some(0), "{shown}");
        let lines = left(&shown);
        let steps = 5 + usize::from(is_old(&engine));
        assert_eq!(
            lines[0],
            format!("[+] Building 0.0s ({steps}/{steps}) FINISHED")
        );
        let run = format!("=> [2/2] RUN : {}; echo said 0.0s", image.name);
        let named = format!("=> => naming to docker.io/library/{} 0.0s", image.name);
        for line in [
            "=> [internal] load build definition from Dockerfile 0.0s",
            "=> [internal] load build context 0.0s",
            "=> => transferring context: 1.98MB 0.0s",
            &run,
            "=> exporting to image 0.0s",
            "=> => exporting layers 0.0s",
            &named,
        ] {
            assert_eq!(
                lines.iter().filter(|shown| *shown == line).count(),
                1,
                "{line}: {lines:#?}"
            );
        }
        // What a step said is gone when it is done.
        assert!(
            !lines.iter().any(|line| line.contains("# said")),
            "{lines:#?}"
        );
        let [.., built, last] = &lines[..] else {
            panic!("{lines:#?}")
        };
        assert!(built.starts_with("built sha256:"), "{built}");
        assert_eq!(*last, format!("named {}", image.name));
    }
}

#[test]
fn the_picture_of_a_build_that_is_interrupted() {
    for engine in engines() {
        let image = Image::new(&engine);
        let step = format!("RUN : {}; echo begun; while :; do :; done\n", image.name);
        let sandbox = with_shell(&image, &step);
        let watched = Watched::start(command(&sandbox, &engine.host, &["-t", &image.name]));
        wait("the step does not begin", || {
            watched.shown().contains("# begun")
        });
        assert!(runs(&image.name));
        kill_process(Pid::from_child(&watched.child), Signal::INT).unwrap();
        let (code, shown) = watched.finish();
        assert_eq!(code, Some(130), "{shown}");
        let lines = left(&shown);
        let [first, .., step, last] = &lines[..] else {
            panic!("{lines:#?}")
        };
        assert!(first.starts_with("[+] Building 0.0s ("), "{first}");
        assert!(!first.ends_with("FINISHED"), "{first}");
        assert!(step.starts_with("=> [2/2] RUN : "), "{step}");
        assert_eq!(last, "error: interrupted");
        wait("the step goes on", || !runs(&image.name));
    }
}
