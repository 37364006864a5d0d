//! The rows of docker-map's `DockerFile`, each with a test of its name, and what was wrong there.

use shipload_dockerfile::builder::{
    AddFile, Command, ContextFile, CopyOptions, Healthcheck, Port, Source, Stage,
};
use shipload_dockerfile::{BuilderError, DockerfileBuilder};

fn file() -> DockerfileBuilder {
    DockerfileBuilder::new("scratch").unwrap()
}

type Call = fn(&mut DockerfileBuilder) -> Result<(), BuilderError>;

/// What stands after `FROM scratch`.
fn written(call: impl FnOnce(&mut DockerfileBuilder) -> Result<(), BuilderError>) -> String {
    let mut file = file();
    call(&mut file).unwrap();
    file.finalize().unwrap();
    file.text()
        .strip_prefix("FROM scratch\n")
        .unwrap()
        .to_owned()
}

#[test]
fn dockerfile_base_image_maintainer_initial() {
    let mut file = DockerfileBuilder::new("debian:12").unwrap();
    file.maintainer("Me <me@example.com>").unwrap();
    file.writelines(["RUN true", "RUN false"]).unwrap();
    assert_eq!(
        file.text(),
        "FROM debian:12\nMAINTAINER Me <me@example.com>\nRUN true\nRUN false\n"
    );
}

#[test]
fn dockerfile_keyword_settings_wait_for_finalize() {
    let mut file = file();
    file.user("me").unwrap().volume("/data").unwrap();
    assert_eq!(file.text(), "FROM scratch\n");
    file.run("true").unwrap().finalize().unwrap();
    assert_eq!(
        file.text(),
        "FROM scratch\nRUN true\nVOLUME [\"/data\"]\nUSER me\n"
    );
}

#[test]
fn prefix_and_prefix_all() {
    let text = written(|file| {
        file.prefix("ENV", ["A", "b"])?;
        let lines: [&[&str]; 4] = [&["A=1", "B=2"], &[], &["C=3"], &[""]];
        file.prefix_all("ENV", lines).map(drop)
    });
    assert_eq!(text, "ENV A b\nENV A=1 B=2\n\nENV C=3\n\n");
}

#[test]
fn run_run_all_run_join() {
    let text = written(|file| {
        file.run("a  b")?
            .run_all(["c", "d"])?
            .run_join(["e", "f"])?;
        file.run("--help")?
            .run("[ -f x ]")?
            .run(["a b", "\n"])
            .map(drop)
    });
    assert_eq!(
        text,
        "RUN a  b\nRUN c\nRUN d\nRUN e && f\nRUN -- --help\nRUN [ -f x ]\nRUN [\"a b\", \"\\n\"]\n"
    );
}

/// Source, `dst`, `context_path`; the path in the context, and what is written.
type Added = (
    &'static str,
    Option<&'static str>,
    Option<&'static str>,
    &'static str,
    &'static str,
);

#[test]
fn add_file() {
    let rows: &[Added] = &[
        ("a/b.txt", None, None, "b.txt", r#"["b.txt", "b.txt"]"#),
        ("a/dir/", None, None, "dir", r#"["dir", "dir"]"#),
        (
            "a/b.txt",
            Some("/opt/c.txt"),
            None,
            "opt/c.txt",
            r#"["opt/c.txt", "/opt/c.txt"]"#,
        ),
        (
            "a/b.txt",
            Some("/opt/"),
            None,
            "opt/b.txt",
            r#"["opt/b.txt", "/opt/"]"#,
        ),
        ("a/b.txt", Some("."), None, "b.txt", r#"["b.txt", "."]"#),
        (
            "a/b.txt",
            Some("/opt/c"),
            Some("in/ctx"),
            "in/ctx",
            r#"["in/ctx", "/opt/c"]"#,
        ),
        ("/r/../x", Some("/a/../b"), None, "b", r#"["b", "/a/../b"]"#),
        (
            "my file",
            None,
            None,
            "my file",
            r#"["my file", "my file"]"#,
        ),
        ("$HOME/~", None, None, "~", r#"["~", "~"]"#),
    ];
    for (src, dst, context_path, path, line) in rows {
        let mut file = file();
        let options = AddFile {
            dst: *dst,
            context_path: *context_path,
            ..AddFile::default()
        };
        assert_eq!(file.add_file(src, &options).as_deref(), Ok(*path), "{src}");
        assert_eq!(file.text(), format!("FROM scratch\nADD {line}\n"));
        let expected = ContextFile {
            host: src.into(),
            context_path: (*path).to_owned(),
        };
        assert_eq!(file.files(), [expected]);
    }
}

#[test]
fn add_file_expanduser_expandvars() {
    let lookup = |name: &str| (name == "APP").then(|| "shop $1".to_owned());
    let options = AddFile {
        dst: Some("/srv/${APP}/$NONE"),
        expand_vars: Some(&lookup),
        expand_user: Some("/home/me/"),
        ..AddFile::default()
    };
    let mut file = file();
    assert_eq!(
        file.add_file("~/$APP", &options).unwrap(),
        "srv/shop $1/$NONE"
    );
    assert_eq!(file.files()[0].host.to_str(), Some("/home/me/shop $1"));
    // What the caller's variables gave is literal for the build.
    let line = r#"ADD ["\"srv/shop \\$1/\\$NONE\"", "\"/srv/shop \\$1/\\$NONE\""]"#;
    assert_eq!(file.text(), format!("FROM scratch\n{line}\n"));
    let rows = [
        ("~", "/home/me"),
        ("~root/x", "~root/x"),
        ("a~", "a~"),
        ("$", "$"),
        ("${", "${"),
        ("${}", "${}"),
        ("$-", "$-"),
    ];
    for (given, expected) in rows {
        let mut file = self::file();
        let options = AddFile {
            dst: Some("x"),
            ..options
        };
        file.add_file(given, &options).unwrap();
        assert_eq!(file.files()[0].host.to_str(), Some(expected), "{given}");
    }
}

#[test]
fn add_file_remove_final() {
    let options = |dst| AddFile {
        dst: Some(dst),
        remove_final: true,
        ..AddFile::default()
    };
    let text = written(|file| {
        file.add_file("a", &options("/tmp/a b"))?;
        file.add_file("b", &options("-rf"))?;
        file.user("me")?.run("true").map(drop)
    });
    let end = "RUN true\nRUN [\"rm\", \"-Rf\", \"--\", \"/tmp/a b\", \"-rf\"]\nUSER me\n";
    assert!(text.ends_with(end), "{text}");
}

#[test]
fn add_archive() {
    let mut file = file();
    file.add_archive("x.tar", ["etc", "a [1]"], true).unwrap();
    assert_eq!(file.archives(), [std::path::Path::new("x.tar")]);
    assert_eq!(
        file.finalize().unwrap().text(),
        "FROM scratch\nADD [\"etc\", \"etc\"]\nADD [\"a [[]1]\", \"a [1]\"]\nRUN [\"rm\", \"-Rf\", \"--\", \"etc\", \"a [1]\"]\n"
    );
}

#[test]
fn settings_are_written_at_finalize_in_order() {
    let text = written(|file| {
        file.healthcheck(&Healthcheck::None)?
            .stopsignal("SIGQUIT")?;
        file.labels([("a", "b c"), ("d", "e")])?
            .expose([80, 443])?
            .expose([Port::from(80)])?;
        file.command(["x", "y"])?
            .entrypoint(["e"])?
            .shell(["/bin/sh", "-ec"])?;
        file.workdir("/w x")?
            .user("u:g")?
            .volumes(["/v", "/w"])?
            .volume("/x")?;
        let options = AddFile {
            remove_final: true,
            ..AddFile::default()
        };
        file.add_file("f", &options).map(drop)
    });
    assert_eq!(
        text,
        "ADD [\"f\", \"f\"]\nRUN [\"rm\", \"-Rf\", \"--\", \"f\"]\nVOLUME [\"/v\", \"/w\", \"/x\"]\nUSER u:g\nWORKDIR /w x\n\
         SHELL [\"/bin/sh\", \"-ec\"]\nENTRYPOINT [\"e\"]\nCMD [\"x\", \"y\"]\nEXPOSE 80 443\nLABEL a=\"b c\" d=e\n\
         STOPSIGNAL SIGQUIT\nHEALTHCHECK NONE\n"
    );
}

#[test]
fn command_shell() {
    let text = written(|file| {
        file.entrypoint(Command::shell("exec a $X"))?
            .command(Command::exec(["b", "$X"]))
            .map(drop)
    });
    assert_eq!(text, "ENTRYPOINT exec a $X\nCMD [\"b\", \"$X\"]\n");
}

#[test]
fn comment_blank_write_writeline_writelines() {
    let text = written(|file| {
        file.comment("one\n\n# two")?
            .blank()?
            .write("RUN ")?
            .write("a \\\n  b")?;
        file.run("c")?
            .writeline("RUN d")?
            .writelines(["RUN e", "", "RUN f"])
            .map(drop)
    });
    assert_eq!(
        text,
        "# one\n#\n# # two\n\nRUN a \\\n  b\nRUN c\nRUN d\nRUN e\n\nRUN f\n"
    );
}

#[test]
fn finalize_twice_is_harmless_and_then_nothing_is_written() {
    let mut file = file();
    file.user("me").unwrap();
    let text = file.finalize().unwrap().text().to_owned();
    assert_eq!(file.finalize().unwrap().text(), text);
    assert!(file.is_finalized());
    let calls: [Call; 9] = [
        |file| file.run("a").map(drop),
        |file| file.write("a").map(drop),
        |file| file.writelines([]).map(drop),
        |file| file.comment("a").map(drop),
        |file| file.blank().map(drop),
        |file| file.user("a").map(drop),
        |file| file.expose([80]).map(drop),
        |file| file.stage("a").map(drop),
        |file| file.add_file("a", &AddFile::default()).map(drop),
    ];
    for call in calls {
        assert_eq!(call(&mut file), Err(BuilderError::Finalized));
        assert_eq!(file.text(), text);
    }
}

#[test]
fn save_fileobj_getvalue() {
    let mut file = file();
    file.run("true").unwrap();
    assert_eq!(file.text(), "FROM scratch\nRUN true\n");
    let saved = tempfile::NamedTempFile::new().unwrap();
    fs_err::write(saved.path(), file.finalize().unwrap().text()).unwrap();
    assert_eq!(fs_err::read_to_string(saved.path()).unwrap(), file.text());
}

#[test]
fn wrong_in_docker_map_replace_space() {
    let text = written(|file| {
        let options = AddFile {
            dst: Some("/x y/"),
            ..AddFile::default()
        };
        assert_eq!(file.add_file("a b", &options)?, "x y/a b");
        file.copy(["c d"], "/e f").map(drop)
    });
    assert_eq!(
        text,
        "ADD [\"x y/a b\", \"/x y/\"]\nCOPY [\"c d\", \"/e f\"]\n"
    );
}

#[test]
fn wrong_in_docker_map_labels_and_commands_are_not_quoted() {
    let text = written(|file| {
        file.label("k \"q\"", "v $x\\")?
            .command(Command::split("sh -c 'a  b'").unwrap())
            .map(drop)
    });
    assert_eq!(
        text,
        "CMD [\"sh\", \"-c\", \"a  b\"]\nLABEL \"k \\\"q\\\"\"=\"v \\$x\\\\\"\n"
    );
    let rows: &[(&str, Option<&[&str]>)] = &[
        ("", Some(&[])),
        ("a  b\tc", Some(&["a", "b", "c"])),
        (
            r#"a "b 'c' \" \x" 'd "e" \'"#,
            Some(&["a", r#"b 'c' " \x"#, r#"d "e" \"#]),
        ),
        (r"a\ b '' c", Some(&["a b", "", "c"])),
        ("a 'b", None),
        ("a\\", None),
    ];
    for (line, expected) in rows {
        let expected = expected.map(|words| Command::exec(words.iter().copied()));
        assert_eq!(Command::split(line).ok(), expected, "{line}");
    }
}

#[test]
fn wrong_in_docker_map_prefix_without_arguments() {
    assert_eq!(
        written(|file| file.prefix("X", [])?.run("a").map(drop)),
        "X\nRUN a\n"
    );
}

#[test]
fn since_docker_map_several_stages() {
    let mut file = DockerfileBuilder::new(Stage::of("golang").named("build")).unwrap();
    file.workdir("/src").unwrap().run("go build").unwrap();
    file.stage("scratch").unwrap();
    let options = CopyOptions {
        from: Some("build".into()),
        chown: Some("1:1".into()),
        link: true,
        ..CopyOptions::default()
    };
    file.copy_with([Source::pattern("/src/*.bin")], "/", &options)
        .unwrap();
    assert_eq!(
        file.text(),
        "FROM golang AS build\nRUN go build\nWORKDIR /src\nFROM scratch\nCOPY --from=build --chown=1:1 --link [\"/src/*.bin\", \"/\"]\n"
    );
}

#[test]
fn since_docker_map_settings_at_once() {
    let text = written(|file| {
        let gone = AddFile {
            remove_final: true,
            ..AddFile::default()
        };
        file.user("late")?.now(|file| {
            file.add_file("a", &gone)?;
            file.run_all(["x", "y"])?;
            file.now(|file| file.workdir("/w").map(drop))?;
            Ok(())
        })?;
        file.run("z").map(drop)
    });
    assert_eq!(
        text,
        "ADD [\"a\", \"a\"]\nRUN x\nRUN y\nWORKDIR /w\nRUN z\nRUN [\"rm\", \"-Rf\", \"--\", \"a\"]\nUSER late\n"
    );
    // What waits belongs to the stage in which it was called, however the next one begins.
    let begin: [Call; 2] = [
        |file| file.stage("b").map(drop),
        |file| file.prefix("from", ["b"]).map(drop),
    ];
    for begin in begin {
        let text = written(|file| {
            file.user("first")?.now(|file| {
                begin(file)?;
                file.workdir("/w").map(drop)
            })?;
            file.stopsignal("9").map(drop)
        });
        let text = text.to_uppercase();
        assert_eq!(text, "USER FIRST\nFROM B\nWORKDIR /W\nSTOPSIGNAL 9\n");
    }
}
