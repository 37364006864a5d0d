//! `cargo xtask demo`: the main job, on a directory that needs no base image.
//!
//! It compiles the program of `examples/hello`, then has `shipload` list the context, pack it and build it, and runs the
//! image. It takes the Engine that answers, else a private one; where there can be none it says what was left out.

use std::env;
use std::ffi::OsString;
use std::process::{Command, ExitCode};

use fs_err as fs;
use shipload_testkit::engine::{self, Handle};
use shipload_testkit::workspace;

use crate::shell;

/// The example, from the root of this checkout.
const HELLO: &str = "examples/hello";

/// The image's name, so that it is known on an Engine that is not ours.
const IMAGE: &str = "shipload-demo";

pub(crate) fn run() -> ExitCode {
    match demonstrate() {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("\nthe demo failed: {message}");
            ExitCode::FAILURE
        }
    }
}

fn demonstrate() -> Result<(), String> {
    heading("The program and what goes into its image");
    let mut cargo = shell::cargo();
    shell::stream(cargo.args(["build", "--locked", "--package", "shipload-cli"]))?;
    compile().map_err(|error| format!("cannot compile the example: {error}"))?;

    heading("The build context: what `.dockerignore` leaves of the directory");
    shell::stream(shipload().args(["ls", "--long", HELLO]))?;

    heading("The same as an archive");
    let archive = workspace::target().join("demo/hello.tar.gz");
    fs::create_dir_all(workspace::target().join("demo")).map_err(|error| error.to_string())?;
    shell::stream(shipload().arg("pack").arg("-o").arg(&archive).arg(HELLO))?;
    let size = fs::metadata(&archive)
        .map_err(|error| error.to_string())?
        .len();
    println!("    {} has {size} bytes", archive.display());

    heading("An image of it");
    let private;
    let engine = match answering() {
        Some(engine) => {
            println!("    on the Engine that answers at {}", engine.host);
            engine
        }
        None => match engine::start_private() {
            Ok(engine) => {
                println!(
                    "    on a private Engine at {}, gone when the demo ends",
                    engine.host()
                );
                private = engine;
                private.handle().clone()
            }
            Err(error) => {
                println!(
                    "    NOT DONE: nothing was built or run, because {}",
                    shell::chain(&error)
                );
                if let Some(hint) = error.hint() {
                    println!("    hint: {hint}");
                }
                return Ok(());
            }
        },
    };
    build_and_run(&engine)
}

fn build_and_run(engine: &Handle) -> Result<(), String> {
    let mut build = shipload();
    build.args([
        "build",
        "--engine",
        "classic",
        "--network",
        "none",
        "-t",
        IMAGE,
        HELLO,
    ]);
    for variable in ["DOCKER_CONTEXT", "DOCKER_TLS_VERIFY", "DOCKER_BUILDKIT"] {
        build.env_remove(variable);
    }
    shell::stream(build.env("DOCKER_HOST", &engine.host))?;

    let image = engine.request("GET", &format!("/images/{IMAGE}/json"), None);
    let image = image
        .and_then(|answer| answer.json())
        .map_err(|error| error.to_string())?;
    let id = image["Id"]
        .as_str()
        .ok_or("the Engine does not know the image")?;
    println!("    {IMAGE}: {id}, {} bytes", image["Size"]);

    heading("What it says when it runs");
    let ran = engine.run(IMAGE, &[]).map_err(|error| error.to_string())?;
    for line in ran.output.lines() {
        println!("    {line}");
    }
    if ran.code == 0 {
        Ok(())
    } else {
        Err(format!("the container ended with {}", ran.code))
    }
}

/// The program, in the folder of this checkout.
fn shipload() -> Command {
    let mut command = Command::new(workspace::target().join("debug/shipload"));
    command.current_dir(workspace::root());
    command
}

/// Compiles the example's program so that it needs nothing but a kernel.
fn compile() -> Result<(), String> {
    let hello = workspace::root().join(HELLO);
    fs::create_dir_all(hello.join("build")).map_err(|error| error.to_string())?;
    let mut rustc = Command::new(env::var_os("RUSTC").unwrap_or_else(|| OsString::from("rustc")));
    rustc
        .current_dir(hello)
        .args(["--edition", "2024", "-C", "opt-level=s", "-C"]);
    rustc.args(["strip=symbols", "-C", "target-feature=+crt-static"]);
    shell::stream(rustc.args(["-o", "build/hello", "src/hello.rs"]))
}

/// The Engine that `DOCKER_HOST` names, or that of the machine, if it answers.
fn answering() -> Option<Handle> {
    let host = env::var("DOCKER_HOST").ok().filter(|host| !host.is_empty());
    let host = host.unwrap_or_else(|| "unix:///var/run/docker.sock".to_owned());
    Some(Handle { host }).filter(Handle::answers)
}

fn heading(text: &str) {
    println!("\n==> {text}");
}
