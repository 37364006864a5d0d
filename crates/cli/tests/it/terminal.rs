//! What is different when a person watches: colours, summaries, and no archives on the screen.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::os::fd::OwnedFd;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use rustix::fs::{Mode, OFlags};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

use crate::sandbox::Sandbox;

/// Both ends of a terminal: ours and the program's.
pub(crate) fn terminal() -> (File, OwnedFd) {
    let ours = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).unwrap();
    grantpt(&ours).unwrap();
    unlockpt(&ours).unwrap();
    let name = ptsname(&ours, Vec::new()).unwrap();
    let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC;
    let theirs = rustix::fs::open(name.as_c_str(), flags, Mode::empty()).unwrap();
    (ours.into(), theirs)
}

/// Runs the program with standard error on a terminal; returns how it ended and what was shown.
fn watch(
    sandbox: &Sandbox,
    arguments: &[&str],
    variables: &[(&str, &str)],
) -> (Option<i32>, String) {
    let (mut ours, theirs) = terminal();
    let mut command = sandbox.command(arguments);
    command
        .envs(variables.iter().copied())
        .stderr(theirs)
        .stdout(Stdio::null());
    let mut child = command.spawn().unwrap();
    // The last open end of theirs, so that reading ends.
    drop(command);
    let mut shown = Vec::new();
    // A terminal whose other end is closed says EIO.
    let _ = ours.read_to_end(&mut shown);
    (
        child.wait().unwrap().code(),
        String::from_utf8(shown).unwrap(),
    )
}

#[test]
fn colours() {
    let sandbox = Sandbox::new();
    let coloured = "\u{1b}[1;31merror: \u{1b}[0mthere is no Dockerfile in `.`\r\n\
                    \u{1b}[1;36mhint: \u{1b}[0mname it with `--file`, or check the path of the context\r\n";
    let plain = "error: there is no Dockerfile in `.`\r\n\
                 hint: name it with `--file`, or check the path of the context\r\n";
    let rows: &[(&[(&str, &str)], &str)] = &[
        (&[], coloured),
        (&[("NO_COLOR", "")], coloured),
        (&[("NO_COLOR", "1")], plain),
        (&[("TERM", "dumb")], plain),
    ];
    for (variables, expected) in rows {
        let (code, shown) = watch(&sandbox, &["ls"], variables);
        assert_eq!(
            (code, shown.as_str()),
            (Some(1), *expected),
            "{variables:?}"
        );
    }
}

#[test]
fn summary() {
    let sandbox = Sandbox::with(&[("Dockerfile", "FROM scratch\n"), ("a", "aaaa")]);
    let (code, shown) = watch(&sandbox, &["pack"], &[]);
    assert_eq!(code, Some(0));
    // Two members of a header and a block each, and the end: 6 × 512 bytes.
    assert!(
        shown.starts_with("packed 2 entries, 3.07 kB in 0."),
        "{shown}"
    );
    assert!(shown.ends_with(" s\r\n"), "{shown}");
    let (_, shown) = watch(&sandbox, &["pack", "--compression=gzip"], &[]);
    assert!(shown.contains(" s, compressed to "), "{shown}");
    assert_eq!(
        watch(&sandbox, &["pack", "-q"], &[]),
        (Some(0), String::new())
    );
    assert_eq!(watch(&sandbox, &["ls"], &[]), (Some(0), String::new()));
}

/// Nobody reads the archive for a while, so that it takes long on any machine.
#[test]
fn a_meter_for_what_takes_long_leaves_no_trace() {
    let sandbox = Sandbox::with(&[("Dockerfile", "FROM scratch\n")]);
    sandbox.write("big", vec![0; 20 << 20]);
    let (mut ours, theirs) = terminal();
    let mut command = sandbox.command(&["pack"]);
    let mut child = command.stderr(theirs).spawn().unwrap();
    drop(command);
    let mut stdout = child.stdout.take().unwrap();
    let archive = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_secs(1));
        std::io::copy(&mut stdout, &mut std::io::sink()).unwrap()
    });
    let mut shown = Vec::new();
    let _ = ours.read_to_end(&mut shown);
    let shown = String::from_utf8(shown).unwrap();
    assert!(child.wait().unwrap().success() && archive.join().unwrap() > 20 << 20);
    assert!(shown.contains(" of 21.0 MB"), "{shown:?}");
    let last = shown.rsplit("\u{1b}[2K").next().unwrap();
    assert!(
        last.trim_start_matches('\r')
            .starts_with("packed 2 entries"),
        "{last:?}"
    );
}

/// An engine that takes its time: before it reads a context, and for each of two steps.
fn slow_engine(socket: &Path) {
    const ID: &str = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    let listener = UnixListener::bind(socket).unwrap();
    let serve = |mut stream: UnixStream| -> std::io::Result<()> {
        let mut input = BufReader::new(stream.try_clone()?);
        loop {
            let mut head = String::new();
            while !head.ends_with("\r\n\r\n") {
                if input.read_line(&mut head)? == 0 {
                    return Ok(());
                }
            }
            if !head.starts_with("POST") {
                stream.write_all(
                    b"HTTP/1.1 200 OK\r\nApi-Version: 1.41\r\nContent-Length: 2\r\n\r\nOK",
                )?;
                continue;
            }
            std::thread::sleep(Duration::from_millis(900));
            let mut size = String::new();
            while size != "0\r\n" {
                size.clear();
                input.read_line(&mut size)?;
                let length = u64::from_str_radix(size.trim(), 16).unwrap() + 2;
                std::io::copy(&mut input.by_ref().take(length), &mut std::io::sink())?;
            }
            stream.write_all(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")?;
            for step in ["Step 1/2 : FROM scratch", "Step 2/2 : COPY big /"] {
                writeln!(stream, "{{\"stream\":\"{step}\\n\"}}")?;
                std::thread::sleep(Duration::from_millis(600));
            }
            return writeln!(stream, "{{\"aux\":{{\"ID\":\"{ID}\"}}}}");
        }
    };
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            std::thread::spawn(move || serve(stream.unwrap()));
        }
    });
}

#[test]
fn a_build_has_a_bar_for_the_upload_and_one_for_the_steps() {
    let sandbox = Sandbox::with(&[("Dockerfile", "FROM scratch\nCOPY big /\n")]);
    sandbox.write("big", vec![0; 20 << 20]);
    let socket = sandbox.path("s");
    slow_engine(&socket);
    let host = format!("unix://{}", socket.display());
    let (code, shown) = watch(
        &sandbox,
        &["build", "--engine", "classic"],
        &[("DOCKER_HOST", &host)],
    );
    assert_eq!(code, Some(0), "{shown}");
    assert!(
        shown.contains("░ sent ") && shown.contains(" of 21.0 MB"),
        "{shown:?}"
    );
    // One of two steps is done, and the bar is half full.
    let half = format!("{}{}", "█".repeat(15), "░".repeat(15));
    let second = shown
        .split('\r')
        .any(|line| line.contains(&half) && line.contains("[2/2] COPY big /"));
    assert!(second, "{shown:?}");
}

#[test]
fn an_archive_is_not_for_a_terminal() {
    let sandbox = Sandbox::with(&[("Dockerfile", "FROM scratch\n")]);
    for arguments in [&["pack"][..], &["pack", "-o", "-"]] {
        let (_ours, theirs) = terminal();
        let child = sandbox.command(arguments).stdout(theirs).spawn().unwrap();
        sandbox.finish(child).refused(
            2,
            "error: an archive is not for a terminal\n\
             hint: name a file with `--output`, or send standard output to a file or program\n",
        );
    }
}
