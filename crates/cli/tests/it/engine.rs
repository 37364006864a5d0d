//! Builds on a real Engine.

mod buildkit;

use std::process::Command;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fs_err as fs;
use rustix::process::{Pid, Signal, kill_process};
use shipload_testkit::engine::{self, Handle};
use shipload_testkit::packages::BUSYBOX;
use shipload_testkit::registry::{PASSWORD, Registry, USER};

use crate::sandbox::{Run, Sandbox};

/// An image that is removed when the test ends.
struct Image<'a> {
    engine: &'a Handle,
    name: String,
}

impl<'a> Image<'a> {
    fn new(engine: &'a Handle) -> Self {
        let name = engine.unique("shipload-cli");
        Self { engine, name }
    }

    fn exists(&self) -> bool {
        let path = format!("/images/{}/json", self.name);
        self.engine.request("GET", &path, None).unwrap().status == 200
    }
}

impl Drop for Image<'_> {
    fn drop(&mut self) {
        let path = format!("/images/{}?force=1", self.name);
        let _ = self.engine.request("DELETE", &path, None);
    }
}

fn command(sandbox: &Sandbox, engine: &Handle, arguments: &[&str]) -> Command {
    let mut command = sandbox.command(&["build", "--engine", "classic", "--network", "none"]);
    command.args(arguments).env("DOCKER_HOST", &engine.host);
    command
}

fn build(sandbox: &Sandbox, engine: &Handle, arguments: &[&str]) -> Run {
    sandbox.finish(command(sandbox, engine, arguments).spawn().unwrap())
}

/// A context whose image has a shell. Its cache is its own: of two builds of one step at once the Engine keeps both, and then
/// takes either.
fn with_shell(image: &Image<'_>, steps: &str) -> Sandbox {
    let start = format!("FROM scratch\nLABEL test={}\nCOPY sh /bin/sh\n", image.name);
    let sandbox = Sandbox::with(&[("Dockerfile", &format!("{start}{steps}"))]);
    let unpacked = BUSYBOX.provide().unwrap();
    fs::copy(unpacked.program("busybox").unwrap(), sandbox.path("sh")).unwrap();
    sandbox
}

/// As `docker login` leaves it behind; returns what must be shown nowhere.
fn log_in(sandbox: &Sandbox, registry: &Registry) -> String {
    let auth = STANDARD.encode(format!("{USER}:{PASSWORD}"));
    let config = format!(
        r#"{{"auths": {{"{}": {{"auth": "{auth}"}}}}}}"#,
        registry.address()
    );
    let settings = sandbox.dir().with_file_name("home").join(".docker");
    fs::create_dir(&settings).unwrap();
    fs::write(settings.join("config.json"), config).unwrap();
    auth
}

#[test]
fn from_a_directory_to_what_runs() {
    let Some(engine) = engine::shared() else {
        return;
    };
    let image = Image::new(&engine);
    let sandbox = with_shell(
        &image,
        "ARG WHO=nobody\nRUN echo building for $WHO > /who\n\
         CMD [\"/bin/sh\", \"-c\", \"read who < /who; echo $who\"]\n",
    );
    let run = build(
        &sandbox,
        &engine,
        &["-t", &image.name, "--build-arg", "WHO=me"],
    );
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    let lines: Vec<&str> = run.stderr.lines().collect();
    let steps = [
        "[1/6] FROM scratch",
        &format!("[2/6] LABEL test={}", image.name),
        "[3/6] COPY sh /bin/sh",
        "[4/6] ARG WHO=nobody",
        "[5/6] RUN echo building for $WHO > /who",
    ];
    assert_eq!(lines[1..6], steps);
    assert_eq!(
        lines.last(),
        Some(&format!("named {}", image.name).as_str())
    );
    assert_eq!(
        engine.run(&image.name, &[]).unwrap().output,
        "building for me\n"
    );

    // Once more: every step is there, and the id is the result.
    let quiet = build(
        &sandbox,
        &engine,
        &["-q", "--build-arg", "WHO=me", "--iidfile", "id"],
    );
    let id = quiet.fine().text();
    let inspected = engine.request("GET", &format!("/images/{}/json", image.name), None);
    assert_eq!(
        inspected.unwrap().json().unwrap()["Id"].as_str(),
        Some(id.trim_end())
    );
    assert_eq!(
        fs::read_to_string(sandbox.path("id")).unwrap(),
        id.trim_end()
    );
    fs::remove_file(sandbox.path("id")).unwrap();
    let again = build(&sandbox, &engine, &["--build-arg", "WHO=me"]);
    assert_eq!(
        again
            .stderr
            .matches("  taken from the build cache\n")
            .count(),
        5,
        "{}",
        again.stderr
    );
}

#[test]
fn a_step_that_fails() {
    let Some(engine) = engine::shared() else {
        return;
    };
    let image = Image::new(&engine);
    let sandbox = with_shell(&image, "RUN printf 'one\\ntwo\\033[2J' && exit 7\n");
    // The id of an earlier build must not pass for that of one that failed.
    sandbox.write("id", "sha256:earlier");
    for arguments in [
        &["-t", &image.name, "--iidfile", "id"][..],
        &["-q", "-t", &image.name],
    ] {
        let run = build(&sandbox, &engine, arguments);
        assert_eq!((run.code, &run.stdout[..]), (Some(1), &b""[..]));
        // Quiet or not, what the command said is needed now.
        assert!(run.stderr.contains("  one\n  two\n"), "{}", run.stderr);
        let last = run.stderr.lines().last().unwrap();
        assert!(last.starts_with("error: the build failed: "), "{last}");
        assert!(last.contains("returned a non-zero code: 7"), "{last}");
        assert!(!image.exists() && !sandbox.path("id").exists());
    }
}

#[test]
fn interrupted() {
    let Some(engine) = engine::shared() else {
        return;
    };
    let image = Image::new(&engine);
    let sandbox = with_shell(&image, "RUN while :; do :; done\n");
    let log = sandbox.dir().with_file_name("log");
    let stderr = fs::File::create(&log).unwrap().into_parts().0;
    let mut child = command(&sandbox, &engine, &["-t", &image.name])
        .stderr(stderr)
        .spawn()
        .unwrap();
    let start = Instant::now();
    while !fs::read_to_string(&log).unwrap().contains("[4/4]") {
        assert!(
            start.elapsed() < Duration::from_secs(60),
            "the step does not begin"
        );
        assert!(
            child.try_wait().unwrap().is_none(),
            "{}",
            fs::read_to_string(&log).unwrap()
        );
        std::thread::sleep(Duration::from_millis(50));
    }
    kill_process(Pid::from_child(&child), Signal::INT).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130));
    let said = fs::read_to_string(&log).unwrap();
    assert!(said.ends_with("error: interrupted\n"), "{said}");
    assert!(!image.exists());
}

#[test]
fn a_context_on_standard_input() {
    let Some(engine) = engine::shared() else {
        return;
    };
    let unique = engine.unique("shipload-cli");
    let dockerfile = format!("FROM scratch\nLABEL test={unique}\nCOPY a /\n");
    let sandbox = Sandbox::with(&[("Dockerfile", &dockerfile), ("a", "a")]);
    let archive = sandbox
        .run(&["pack", "--compression", "zstd"])
        .fine()
        .stdout;
    fs::write(sandbox.path("context.tar.zst"), archive).unwrap();
    let mut from_stdin = command(&sandbox, &engine, &["-q", "-"]);
    from_stdin.stdin(
        fs::File::open(sandbox.path("context.tar.zst"))
            .unwrap()
            .into_parts()
            .0,
    );
    let id = sandbox.finish(from_stdin.spawn().unwrap()).fine().text();
    // The same context as a directory is the same image: one cache.
    fs::remove_file(sandbox.path("context.tar.zst")).unwrap();
    assert_eq!(build(&sandbox, &engine, &["-q"]).fine().text(), id);
    let path = format!("/images/{}?force=1", id.trim_end());
    engine.request("DELETE", &path, None).unwrap();
}

#[test]
fn doctor_names_the_engine() {
    let Some(engine) = engine::shared() else {
        return;
    };
    let sandbox = Sandbox::new();
    let text = sandbox.run(&["doctor", "-H", &engine.host]).fine().text();
    let (version, storage) = engine
        .describe()
        .unwrap()
        .split_once(", storage ")
        .map(|(v, s)| (v.to_owned(), s.to_owned()))
        .unwrap();
    assert!(
        text.contains(&format!("is        Docker Engine {version} on linux/")),
        "{text}"
    );
    assert!(text.contains(&format!("\nstorage   {storage}\n")), "{text}");

    // What each release can do is in the engine's tests.
    let (builders, lacks) = match version.get(..5) {
        Some("20.10") => ("classic; BuildKit 0.8", "several contexts, attestations, "),
        _ => ("classic; BuildKit ", ""),
    };
    assert!(text.contains(&format!("\nbuilders  {builders}")), "{text}");
    assert!(text.contains("\nfor       linux/"), "{text}");
    let builder = "\nbuilder   BuildKit of the engine (nothing names another)\n";
    assert!(text.contains(builder), "{text}");
    assert!(text.contains("\nrules     those of BuildKit\n"), "{text}");
    let mut command = sandbox.command(&["doctor", "-H", &engine.host]);
    let classic = command.env("DOCKER_BUILDKIT", "0").spawn().unwrap();
    let classic = sandbox.finish(classic).fine().text();
    assert!(
        classic.contains("\nrules     those of the classic builder\n"),
        "{classic}"
    );
    let builder = "\nbuilder   the classic builder (DOCKER_BUILDKIT)\nrules ";
    assert!(classic.contains(builder), "{classic}");
    assert!(text.contains(lacks), "{text}");
    let json = sandbox.run(&["doctor", "-H", &engine.host, "--format", "json"]);
    let json: serde_json::Value = serde_json::from_str(&json.fine().text()).unwrap();
    let buildkit = &json["engine"]["builders"]["buildkit"];
    assert!(
        !buildkit["platforms"].as_array().unwrap().is_empty(),
        "{json}"
    );
}

#[test]
fn pushed_when_it_is_built() {
    let Some(engine) = engine::shared() else {
        return;
    };
    let registry = Registry::start().unwrap();
    let mut image = Image::new(&engine);
    image.name = format!("{}/{}:1", registry.address(), image.name);
    let sandbox = Sandbox::with(&[("Dockerfile", "FROM scratch\nCOPY a /\n"), ("a", "a")]);
    let arguments = ["-t", &image.name, "--push"];

    let refused = build(&sandbox, &engine, &arguments);
    assert_eq!(refused.code, Some(1), "{}", refused.stderr);
    let said = refused.stderr.lines().rev().take(3).collect::<Vec<_>>();
    assert!(image.exists(), "it was built, if not pushed");
    assert!(
        refused.stderr.contains("\n  the image was built: sha256:"),
        "{said:?}"
    );

    log_in(&sandbox, &registry);
    let pushed = build(&sandbox, &engine, &arguments);
    assert_eq!(pushed.code, Some(0), "{}", pushed.stderr);
    let last = pushed.stderr.lines().last().unwrap();
    assert!(last.starts_with("pushed 1: sha256:"), "{last}");
}

/// The context is large, the Dockerfile copies one file of it, and the image is that of the whole context.
#[test]
fn what_the_dockerfile_does_not_read_is_left_behind() {
    let Some(engine) = engine::shared() else {
        return;
    };
    let image = Image::new(&engine);
    let sandbox = Sandbox::with(&[
        (
            "Dockerfile",
            &format!(
                "FROM scratch\nLABEL test={}\nCOPY app/$MODE.js app/lib /srv/\n",
                image.name
            ),
        ),
        ("app/.js", "1"),
        ("app/lib/a.js", "2"),
        ("node_modules/a/index.js", "3"),
        ("node_modules/b/index.js", "4"),
    ]);
    let least = build(&sandbox, &engine, &["-t", &image.name]);
    assert_eq!(least.code, Some(0), "{}", least.stderr);
    let lines: Vec<&str> = least.stderr.lines().collect();
    assert_eq!(
        lines[0],
        "left behind 5 entries, 2 B, that the Dockerfile does not read"
    );
    assert!(lines[1].starts_with("sending 5 entries, "), "{lines:?}");
    let whole = build(&sandbox, &engine, &["--whole-context", "-t", &image.name]);
    let lines: Vec<&str> = whole.stderr.lines().collect();
    assert!(lines[0].starts_with("sending 10 entries, "), "{lines:?}");
    assert_eq!(
        whole
            .stderr
            .matches("  taken from the build cache\n")
            .count(),
        2,
        "{}",
        whole.stderr
    );
}

/// What a base image triggers may read anything; whether it triggers anything is known once the engine has it.
#[test]
fn a_base_image_with_triggers_gets_the_whole_context() {
    let Some(engine) = engine::shared() else {
        return;
    };
    let (plain, triggering) = (Image::new(&engine), Image::new(&engine));
    let sandbox = Sandbox::with(&[("one", "1"), ("two", "2")]);
    for (base, line) in [
        (&plain, "ENV FILE=one"),
        (&triggering, "ONBUILD COPY two /two"),
    ] {
        sandbox.write(
            "Dockerfile",
            format!("FROM scratch\nLABEL test={}\n{line}\n", base.name),
        );
        assert_eq!(build(&sandbox, &engine, &["-t", &base.name]).code, Some(0));
    }
    let image = Image::new(&engine);
    let on = |base: &str| {
        sandbox.write("Dockerfile", format!("FROM {base}\nCOPY $FILE /one\n"));
        build(&sandbox, &engine, &["-t", &image.name])
    };
    let run = on(&plain.name);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    assert!(
        run.stderr.starts_with("left behind 1 entry, 1 B, "),
        "{}",
        run.stderr
    );

    sandbox.write(
        "Dockerfile",
        format!("FROM {}\nCOPY one /one\n", triggering.name),
    );
    let run = build(&sandbox, &engine, &["-t", &image.name]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    let because = format!(
        "sending the whole context: Dockerfile:1:6: `{}` has ONBUILD instructions, which may read anything",
        triggering.name
    );
    assert_eq!(run.stderr.lines().next(), Some(because.as_str()));

    // The engine has no network, so the build fails; but until it has the image, nothing is left behind.
    let run = on("nowhere.invalid/nothing");
    assert_eq!(run.code, Some(1));
    assert!(
        run.stderr
            .starts_with("sending the whole context: Dockerfile:1:6: "),
        "{}",
        run.stderr
    );
}

#[test]
fn what_cannot_be_built_is_refused_before_anything_is_sent() {
    let Some(engine) = engine::shared() else {
        return;
    };
    let sandbox = Sandbox::with(&[(".dockerignore", "dist\n"), ("dist/app.js", "1")]);
    let rows = [
        (
            "FROM scratch\nCOPY dist/app.js /\n",
            "error: Dockerfile:2:6: `dist/app.js` is excluded by .dockerignore:1:1: `dist`\n  COPY dist/app.js /\n       ^\n\
             hint: remove the rule, or write `!dist/app.js` below it in `.dockerignore`\n",
        ),
        (
            "FROM scratch\nCOPY <<EOF /a\ntext\nEOF\n",
            "error: Dockerfile:2:1: the classic builder has no heredocs, as this `COPY` needs\n\
             hint: build on BuildKit, or put the text into a file, and copy or run that\n",
        ),
        (
            "FROM scratch\nEXPOSE\n",
            "error: Dockerfile:2:1: `EXPOSE` takes at least one argument\n  EXPOSE\n  ^\n",
        ),
    ];
    for (dockerfile, said) in rows {
        sandbox.write("Dockerfile", dockerfile);
        build(&sandbox, &engine, &[]).refused(1, said);
    }
}
