//! A private Engine comes up, answers, and is gone without a trace, however its starter ends.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use fs_err as fs;
use shipload_testkit::engine;

#[test]
fn the_shared_engine_answers() {
    let Some(engine) = engine::shared() else {
        return;
    };
    assert!(engine.answers());
    assert!(engine.describe().unwrap().contains("storage "));
}

#[test]
fn a_dropped_engine_leaves_nothing() {
    let Some(engine) = engine::private() else {
        return;
    };
    let (folder, process) = (engine.folder().to_path_buf(), engine.pid());
    assert!(engine.handle().answers());
    drop(engine);
    assert_gone(&folder, process);
}

#[test]
fn a_killed_engine_leaves_nothing() {
    let Some(engine) = engine::private() else {
        return;
    };
    let (folder, process) = (engine.folder().to_path_buf(), engine.pid());
    engine.kill().unwrap();
    drop(engine);
    assert_gone(&folder, process);
}

#[test]
fn an_engine_ends_with_a_starter_that_is_killed() {
    // Where this test can have no Engine its starter cannot either.
    if engine::private().is_none() {
        return;
    }
    let mut starter = Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "engine::start_and_wait_to_be_killed",
            "--ignored",
            "--nocapture",
        ])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(starter.stdout.take().unwrap()).lines();
    let line = lines.map(Result::unwrap).find_map(|line| {
        let (_, rest) = line.split_once("started ")?;
        Some(rest.to_owned())
    });
    starter.kill().unwrap();
    starter.wait().unwrap();
    let Some(line) = line else {
        return engine::skip("no Engine of its own");
    };
    let (process, folder) = line.split_once(' ').unwrap();
    let process = process.parse().unwrap();

    let start = Instant::now();
    while Path::new(folder).exists() && start.elapsed() < Duration::from_secs(30) {
        thread::sleep(Duration::from_millis(50));
    }
    assert_gone(Path::new(folder), process);
}

/// The starter of the test above, in a process of its own.
#[test]
#[ignore = "run by the test above"]
fn start_and_wait_to_be_killed() {
    let Some(engine) = engine::private() else {
        return;
    };
    println!("started {} {}", engine.pid(), engine.folder().display());
    let _ = std::io::stdin().read_line(&mut String::new());
}

fn assert_gone(folder: &Path, process: u32) {
    assert!(!folder.exists(), "{} is left", folder.display());
    assert!(
        !Path::new("/proc").join(process.to_string()).exists(),
        "process {process} is left"
    );
    let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap();
    assert!(!mounts.contains(folder.to_str().unwrap()), "{mounts}");
    // The supervisor itself ends a moment after it has removed the folder.
    let start = Instant::now();
    while let Some(line) = process_that_names(folder) {
        assert!(start.elapsed() < Duration::from_secs(10), "left: {line}");
        thread::sleep(Duration::from_millis(20));
    }
}

/// The command line of some process with a path below the folder in it.
fn process_that_names(folder: &Path) -> Option<String> {
    let below = format!("{}/", folder.display());
    fs::read_dir("/proc").unwrap().find_map(|process| {
        let file: PathBuf = process.unwrap().path().join("cmdline");
        // Most entries of /proc are no processes, and processes come and go.
        let line = fs::read(file).unwrap_or_default();
        let line = String::from_utf8_lossy(&line).replace('\0', " ");
        line.contains(&below).then_some(line)
    })
}
