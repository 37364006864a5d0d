//! What a build is given beside its context: secrets, an SSH agent, further contexts. And that secrets stay secret.

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fs_err as fs;
use shipload_testkit::registry::{PASSWORD, Registry, USER};

use super::{build, command, engines, fine, is_old, refused_unsent};
use crate::engine::{Image, with_shell};
use crate::sandbox::Sandbox;

#[test]
fn secrets() {
    for engine in engines() {
        let image = Image::new(&engine);
        let sandbox = with_shell(
            &image,
            "RUN --mount=type=secret,id=file --mount=type=secret,id=TOKEN \
             read a < /run/secrets/file; read b < /run/secrets/TOKEN; echo ${#a} ${b%%-*} > /seen\n\
             CMD [\"/bin/sh\", \"-c\", \"read seen < /seen; echo $seen\"]\n",
        );
        sandbox.write("password", "c4n4ry");
        let mut command = command(&sandbox, &engine.host, &["-t", &image.name]);
        command
            .args(["--secret", "id=file,src=password", "--secret", "id=TOKEN"])
            .env("TOKEN", "four-c4n4ry");
        let run = fine(sandbox.finish(command.spawn().unwrap()));
        assert!(!run.stderr.contains("c4n4ry"), "{}", run.stderr);
        assert_eq!(engine.run(&image.name, &[]).unwrap().output, "6 four\n");
        refused_unsent(
            &sandbox,
            &engine,
            &["--secret", "id=file,src=missing"],
            "error: cannot read the secret `file` from `missing`\n  \
             caused by: No such file or directory (os error 2)\n\
             hint: give the file as `--secret id=file,src=FILE`, or a variable as `--secret id=file,env=NAME`\n",
        );
    }
}

/// An `ssh-agent` without keys on a socket of its own.
struct Agent {
    process: Child,
    socket: PathBuf,
}

impl Agent {
    fn start(sandbox: &Sandbox) -> Self {
        let socket = sandbox.dir().with_file_name("agent");
        let mut command = Command::new("ssh-agent");
        command.arg("-D").arg("-a").arg(&socket);
        let process = command.stdout(Stdio::null()).spawn().unwrap();
        let start = Instant::now();
        while !socket.exists() {
            assert!(start.elapsed() < Duration::from_secs(10), "no agent");
            std::thread::sleep(Duration::from_millis(10));
        }
        Self { process, socket }
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[test]
fn an_ssh_agent() {
    for engine in engines() {
        let image = Image::new(&engine);
        let sandbox = with_shell(
            &image,
            "RUN --mount=type=ssh,required=true [ -S \"$SSH_AUTH_SOCK\" ]\n",
        );
        let agent = Agent::start(&sandbox);
        let socket = agent.socket.to_str().unwrap();
        let arguments: &[&[&str]] = &[
            &["--ssh", "default"],
            &["--ssh", &format!("default={socket}")],
        ];
        for arguments in arguments {
            let mut command = command(&sandbox, &engine.host, &["--no-cache"]);
            command.args(*arguments).env("SSH_AUTH_SOCK", socket);
            fine(sandbox.finish(command.spawn().unwrap()));
        }
        let without = build(&sandbox, &engine, &["--no-cache"]);
        assert_eq!(without.code, Some(1), "{}", without.stderr);
    }
}

#[test]
fn further_contexts() {
    for engine in engines() {
        let image = Image::new(&engine);
        let dockerfile = format!(
            "FROM scratch\nLABEL test={}\nCOPY --from=other b /\n",
            image.name
        );
        let sandbox = Sandbox::with(&[("Dockerfile", &dockerfile), ("other/b", "b")]);
        let arguments = ["-t", &image.name, "--build-context", "other=other"];
        if is_old(&engine) {
            refused_unsent(
                &sandbox,
                &engine,
                &arguments,
                "error: BuildKit 0.8 of the engine, without its containerd image store, cannot take several contexts (--build-context)\n\
                 hint: use BuildKit 0.10 or later (Engine 23), or begin the Dockerfile with `# syntax=docker/dockerfile:1`\n",
            );
            continue;
        }
        let run = fine(build(&sandbox, &engine, &arguments));
        assert!(run.stderr.contains("[context other]"), "{}", run.stderr);
        let files = engine.image(&image.name).unwrap().files;
        assert_eq!(files.len(), 1, "{files:?}");
    }
}

/// Neither a build that succeeds nor one that fails shows what it was trusted with, whatever is asked to be shown.
#[test]
fn secrets_are_shown_nowhere() {
    for engine in engines() {
        let registry = Registry::start().unwrap();
        let mut image = Image::new(&engine);
        image.name = format!("{}/{}:1", registry.address(), image.name);
        let step = "RUN --mount=type=secret,id=a --mount=type=secret,id=B [ -e /run/secrets/a ]";
        let sandbox = with_shell(&image, "");
        let start = fs::read_to_string(sandbox.path("Dockerfile")).unwrap();
        let auth = STANDARD.encode(format!("{USER}:{PASSWORD}"));
        let settings = sandbox.dir().with_file_name("home").join(".docker");
        fs::create_dir(&settings).unwrap();
        let config = format!(
            r#"{{"auths": {{"{}": {{"auth": "{auth}"}}}}, "proxies": {{"default": {{"httpProxy": "http://u:c4n4ry-proxy@p.invalid"}}}}}}"#,
            registry.address()
        );
        fs::write(settings.join("config.json"), config).unwrap();
        sandbox.write("password", "c4n4ry-file");
        for (code, last) in [(0, ""), (1, " && exit 3")] {
            sandbox.write("Dockerfile", format!("{start}{step}{last}\n"));
            for progress in ["plain", "rawjson", "quiet"] {
                let arguments = [
                    "--progress",
                    progress,
                    "-t",
                    &image.name,
                    "--push",
                    "--no-cache",
                    "--secret",
                    "id=a,src=password",
                    "--secret",
                    "id=B",
                    "--build-arg",
                    "HTTPS_PROXY=http://u:c4n4ry-arg@p.invalid",
                ];
                let mut command = command(&sandbox, &engine.host, &arguments);
                command.env("RUST_LOG", "trace").env("B", "c4n4ry-variable");
                let run = sandbox.finish(command.spawn().unwrap());
                assert_eq!(run.code, Some(code), "{progress}: {}", run.stderr);
                let said = format!("{}{}", run.stderr, String::from_utf8_lossy(&run.stdout));
                for canary in ["c4n4ry", PASSWORD, &auth] {
                    assert!(!said.contains(canary), "{progress}: {canary} in {said}");
                }
            }
        }
    }
}
