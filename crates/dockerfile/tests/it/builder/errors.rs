//! What the builder refuses, and why; and that nothing of it is written.

use shipload_dockerfile::builder::{
    AddFile, AddOptions, BindMount, CopyOptions, HealthOptions, Healthcheck, Mount, Platform, Port,
    Preamble, RunOptions, SecretMount, Source, Stage,
};
use shipload_dockerfile::{BuilderError, DockerfileBuilder, Escape, Value};

type Call = fn(&mut DockerfileBuilder) -> Result<(), BuilderError>;

fn file() -> DockerfileBuilder {
    DockerfileBuilder::new("scratch").unwrap()
}

fn mount(mount: Mount) -> RunOptions {
    RunOptions {
        mounts: vec![mount],
        ..RunOptions::default()
    }
}

/// Calls, and what is said of them.
const ROWS: &[(Call, &str)] = &[
    (
        |f| f.env("A", "b\nUSER root").map(drop),
        "cannot write the variable `A`: it holds a line break",
    ),
    (
        |f| f.env("A", "b\0").map(drop),
        "cannot write the variable `A`: it holds a NUL byte",
    ),
    (
        |f| f.env("A=B", "c").map(drop),
        "cannot write the variable `A=B`: it holds `=`, which ends a name",
    ),
    (
        |f| f.env("", "c").map(drop),
        "cannot write the variable ``: it is empty",
    ),
    (
        |f| f.env("A", Value::expand("$5")).map(drop),
        "cannot write the variable `A`: a `$` in it begins no variable",
    ),
    (
        |f| f.label("a=b", "c").map(drop),
        "cannot write the label `a=b`: it holds `=`, which ends a name",
    ),
    (
        |f| f.label("a", "b\n").map(drop),
        "cannot write the label `a`: it holds a line break",
    ),
    (
        |f| f.arg("A B\n").map(drop),
        "cannot write the argument `A B\\n`: it holds a line break",
    ),
    (
        |f| f.stage(Stage::of("a").named("b\u{a0}\x1b")).map(drop),
        "cannot write the name `b\u{a0}\\u{1b}` of a stage: it holds `\\u{a0}`",
    ),
    (
        |f| f.now(|f| f.finalize().map(drop)).map(drop),
        "cannot finalize the Dockerfile within `now` or `onbuild`",
    ),
    (
        |f| f.maintainer("me\\").map(drop),
        "cannot write the maintainer: it ends with the escape character",
    ),
    (
        |f| f.run("a\nb").map(drop),
        "cannot write the command of `RUN`: it holds a line break",
    ),
    (
        |f| f.run("a \\").map(drop),
        "cannot write the command of `RUN`: it ends with the escape character",
    ),
    (
        |f| f.run(" a").map(drop),
        "cannot write the command of `RUN`: it begins or ends with white space",
    ),
    (
        |f| f.run("a\u{a0}").map(drop),
        "cannot write the command of `RUN`: it begins or ends with white space",
    ),
    (
        |f| f.run("").map(drop),
        "cannot write the command of `RUN`: it is empty",
    ),
    (
        |f| f.run("[\"a\"] && b").map(drop),
        "cannot write the command of `RUN`: it would be taken for a JSON array",
    ),
    (
        |f| f.run("[1, 2]").map(drop),
        "cannot write the command of `RUN`: it would be taken for a JSON array",
    ),
    (
        |f| f.run("cat <<EOF").map(drop),
        "cannot write the command of `RUN`: it would begin a heredoc",
    ),
    (
        |f| f.run("cat << EOF").map(drop),
        "cannot write the command of `RUN`: it would begin a heredoc",
    ),
    (
        |f| f.run(Vec::<String>::new()).map(drop),
        "cannot write the command of `RUN`: it is empty",
    ),
    (
        |f| f.run(["a\0"]).map(drop),
        "cannot write the command of `RUN`: it holds a NUL byte",
    ),
    (
        |f| f.run_join(["a", ""]).map(drop),
        "cannot write the command ``: it is empty",
    ),
    (
        |f| f.copy(Vec::<Source>::new(), "/").map(drop),
        "cannot write the sources of `COPY`: it is empty",
    ),
    (
        |f| f.copy([""], "/").map(drop),
        "cannot write the source ``: it is empty",
    ),
    (
        |f| f.copy(["a"], "").map(drop),
        "cannot write the target ``: it is empty",
    ),
    (
        |f| {
            f.copy_with(
                ["a"],
                "/",
                &CopyOptions {
                    chown: Some("jürgen".into()),
                    ..CopyOptions::default()
                },
            )
            .map(drop)
        },
        "cannot write `--chown`: it is not ASCII, and stands in a flag",
    ),
    (
        |f| {
            f.copy_with(
                ["a"],
                "/",
                &CopyOptions {
                    from: Some("a b".into()),
                    ..CopyOptions::default()
                },
            )
            .map(drop)
        },
        "cannot write `--from`: it holds ` `",
    ),
    (
        |f| {
            f.copy_with(
                ["a"],
                "/",
                &CopyOptions {
                    chmod: Some("0755 ".into()),
                    ..CopyOptions::default()
                },
            )
            .map(drop)
        },
        "cannot write `--chmod`: it holds ` `",
    ),
    (
        |f| {
            f.add_with(
                ["a"],
                "/",
                &AddOptions {
                    exclude: vec!["a\nb".into()],
                    ..AddOptions::default()
                },
            )
            .map(drop)
        },
        "cannot write `--exclude`: it holds a line break",
    ),
    (
        |f| {
            f.run_with("a", &mount(Mount::Bind(BindMount::default())))
                .map(drop)
        },
        "cannot write a mount: it is empty",
    ),
    (
        |f| {
            f.run_with("a", &mount(Mount::Secret(SecretMount::default())))
                .map(drop)
        },
        "cannot write a mount: it is empty",
    ),
    (
        |f| {
            f.copy_text("no line end", "/a", &CopyOptions::default())
                .map(drop)
        },
        "cannot write the content of `/a`: its last line does not end with a line break",
    ),
    (
        |f| {
            f.copy_text("x\n", "/a b", &CopyOptions::default())
                .map(drop)
        },
        "cannot write the target `/a b`: it holds white space",
    ),
    (
        |f| f.comment("a\0b").map(drop),
        "cannot write a comment: it holds a NUL byte",
    ),
    (
        |f| f.comment(&"a".repeat(70_000)).map(drop),
        "cannot write a comment: a line of it is longer than 65535 bytes",
    ),
    (
        |f| f.env("A", "\\".repeat(70_000)).map(drop),
        "cannot write the arguments of `ENV`: a line of it is longer than 65535 bytes",
    ),
    (
        |f| f.user("").map(drop),
        "cannot write the user: it is empty",
    ),
    (
        |f| f.prefix("RUN", ["a\nUSER root"]).map(drop),
        "cannot write the arguments of `RUN`: it holds a line break",
    ),
    (
        |f| f.prefix("RUN a\nUSER", ["root"]).map(drop),
        "cannot write the instruction `RUN a\\nUSER`: it holds ` `",
    ),
    (
        |f| f.prefix("COPY", ["<<A", "/b"]).map(drop),
        "cannot write the arguments of `COPY`: it would begin a heredoc",
    ),
    (
        |f| f.prefix("ONBUILD", ["COPY", "<<A", "/b"]).map(drop),
        "cannot write the arguments of `ONBUILD`: it would begin a heredoc",
    ),
    (
        |f| f.stage("a b").map(drop),
        "cannot write the name of the base image: it holds ` `",
    ),
    (
        |f| f.stage("a\nUSER").map(drop),
        "cannot write the name of the base image: it holds `\\n`",
    ),
    (
        |f| f.stage("--platform=x").map(drop),
        "cannot write the name of the base image: it holds `-`",
    ),
    (
        |f| f.stage(Stage::of("a").named("1st")).map(drop),
        "cannot write the name `1st` of a stage: it holds `1`",
    ),
    (
        |f| {
            f.stage(Stage::of("a").named("x"))?
                .stage(Stage::of("a").named("X"))
                .map(drop)
        },
        "there is already a stage `X`",
    ),
    (
        |f| f.onbuild(|f| f.stage("a").map(drop)).map(drop),
        "cannot write `FROM`: it cannot be an `ONBUILD` instruction",
    ),
    (
        |f| f.onbuild(|f| f.maintainer("a").map(drop)).map(drop),
        "cannot write `MAINTAINER`: it cannot be an `ONBUILD` instruction",
    ),
    (
        |f| f.onbuild(|f| f.onbuild(|_| Ok(())).map(drop)).map(drop),
        "cannot write `ONBUILD`: it cannot be an `ONBUILD` instruction",
    ),
    (
        |f| f.onbuild(|f| f.write("x").map(drop)).map(drop),
        "cannot write raw text: it cannot be an `ONBUILD` instruction",
    ),
    (
        |f| {
            f.onbuild(|f| f.add_file("a", &AddFile::default()).map(drop))
                .map(drop)
        },
        "cannot write `ADD`: it cannot be an `ONBUILD` instruction",
    ),
    (
        |f| f.add_file("/", &AddFile::default()).map(drop),
        "`/` has no last part that could be its name in the image",
    ),
    (
        |f| {
            f.add_file(
                "a",
                &AddFile {
                    dst: Some("../b"),
                    ..AddFile::default()
                },
            )
            .map(drop)
        },
        "cannot write the context path of `a`: it leads out of the context",
    ),
    (
        |f| {
            f.add_file(
                "a",
                &AddFile {
                    dst: Some("/"),
                    remove_final: true,
                    ..AddFile::default()
                },
            )
            .map(drop)
        },
        "cannot write the removal of `/`: it is the root or the working directory",
    ),
    (
        |f| {
            let options = HealthOptions {
                retries: Some(0),
                ..HealthOptions::default()
            };
            f.healthcheck(&Healthcheck::Command("a".into(), options))
                .map(drop)
        },
        "cannot write `--retries`: it is not within 1 to 2147483647",
    ),
];

#[test]
fn what_cannot_be_written_is_an_error_that_says_why() {
    for (call, message) in ROWS {
        let mut file = file();
        file.finalize().unwrap();
        let finalized = file.clone();
        assert_eq!(call(&mut file), Err(BuilderError::Finalized), "{message}");
        assert_eq!(file.text(), finalized.text());

        let mut file = self::file();
        let error = call(&mut file).unwrap_err();
        assert_eq!(error.to_string(), *message);
        // Of the stage that came before the one with its name, more remains.
        if !message.contains("already") {
            assert_eq!(
                file.finalize().unwrap().text(),
                "FROM scratch\n",
                "{message}"
            );
        }
    }
}

#[test]
fn what_is_no_port_and_no_platform_is_none() {
    for text in [
        "", "0x50", "80/", "80/TCP", "65536", "9-8", "8-", "+80", "80 81", "80\n81", "٨",
    ] {
        assert!(text.parse::<Port>().is_err(), "{text:?}");
    }
    for text in [
        "",
        "linux/",
        "/amd64",
        "a/b/c/d",
        "linux amd64",
        "$X",
        "linux\n/x",
        "é",
    ] {
        assert!(text.parse::<Platform>().is_err(), "{text:?}");
        assert!(Platform::variable(&format!("{text}-")).is_err(), "{text:?}");
    }
}

#[test]
fn directives_are_what_was_asked_for_and_nothing_else() {
    for bad in ["", "a b", "x\nFROM y", "x\r", "é"] {
        assert!(Preamble::new().syntax(bad).is_err(), "{bad:?}");
        assert!(Preamble::new().check(bad).is_err(), "{bad:?}");
    }
    let text = |preamble: Preamble| preamble.from("a").unwrap().text().to_owned();
    assert_eq!(text(Preamble::new()), "FROM a\n");
    assert_eq!(
        text(Preamble::new().check("skip=all").unwrap()),
        "# check=skip=all\n\nFROM a\n"
    );
    let all = Preamble::new().check("skip=all").unwrap();
    let all = all.escape(Escape::Backtick).syntax("a/b:1").unwrap();
    assert_eq!(
        text(all),
        "# syntax=a/b:1\n# escape=`\n# check=skip=all\n\nFROM a\n"
    );
    assert_eq!(
        text(Preamble::new().comment("escape=`\nfoo=b").unwrap()),
        "\n# escape=`\n# foo=b\nFROM a\n"
    );
}

#[test]
fn hints_say_what_to_do() {
    let error = file().run("cat <<EOF").unwrap_err();
    assert_eq!(
        error.hint().unwrap(),
        "use `run_script` or `copy_text`, which choose a terminator"
    );
    assert_eq!(
        BuilderError::Finalized.hint().unwrap(),
        "make a new one, or write before `finalize`"
    );
}
