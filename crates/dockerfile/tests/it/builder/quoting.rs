//! What values become, place by place.

use shipload_dockerfile::builder::{CacheMount, CopyOptions, Mount, Preamble, RunOptions, Source};
use shipload_dockerfile::{BuilderError, Dockerfile, DockerfileBuilder, Escape, Value};

/// What one call writes.
fn written(call: impl FnOnce(&mut DockerfileBuilder) -> Result<(), BuilderError>) -> String {
    written_with(Escape::Backslash, call)
}

fn written_with(
    escape: Escape,
    call: impl FnOnce(&mut DockerfileBuilder) -> Result<(), BuilderError>,
) -> String {
    let mut file = Preamble::new().escape(escape).from("a").unwrap();
    call(&mut file).unwrap();
    file.finalize().unwrap();
    let (_, text) = file.text().split_once("FROM a\n").unwrap();
    text.trim_end().to_owned()
}

#[test]
fn values_of_variables() {
    let rows = [
        ("plain", "plain"),
        ("a/b:c@d,e", "a/b:c@d,e"),
        ("ü", "ü"),
        ("", r#""""#),
        ("a b", r#""a b""#),
        ("\u{a0}", "\"\u{a0}\""),
        (r#"a"b"#, r#""a\"b""#),
        ("it's", r#""it's""#),
        (r"C:\x\", r#""C:\\x\\""#),
        ("$HOME", r#""\$HOME""#),
        ("`id`", r#""`id`""#),
        ("a\rb", "\"a\rb\""),
        ("--x", "--x"),
        ("#x", "#x"),
        ("<<EOF", "<<EOF"),
    ];
    for (value, expected) in rows {
        let text = written(|file| file.env("A", value).map(drop));
        assert_eq!(text, format!("ENV A={expected}"));
        let text = written(|file| file.label("A", value).map(drop));
        assert_eq!(text, format!("LABEL A={expected}"));
    }
    let expanding = [
        ("$A", "$A"),
        ("${A}/b", "${A}/b"),
        ("$A b", r#""$A b""#),
        ("${A:-x y}\\", r#""${A:-x y}\\""#),
    ];
    for (value, expected) in expanding {
        let text = written(|file| file.env("B", Value::expand(value)).map(drop));
        assert_eq!(text, format!("ENV B={expected}"));
    }
    let text = written_with(Escape::Backtick, |file| {
        file.env("A", r"C:\x $y `z").map(drop)
    });
    assert_eq!(text, r#"ENV A="C:\x `$y ``z""#);
}

#[test]
fn texts_to_the_end_of_a_line() {
    let rows = [
        ("/a  b", "/a  b"),
        (" a", r#"" a""#),
        ("a\u{3000}", "\"a\u{3000}\""),
        ("--a", r#""--a""#),
        ("a$b", r#""a\$b""#),
        ("#a", "#a"),
    ];
    for (value, expected) in rows {
        let text = written(|file| file.workdir(value).map(drop));
        assert_eq!(text, format!("WORKDIR {expected}"));
    }
    let rows = [
        ("a  $B \\$c 'd", "a  $B \\$c 'd"),
        ("--a", "-- --a"),
        ("[ -d x ]", "[ -d x ]"),
        ("[a", "[a"),
        ("echo $((1<<2)) <<<x", "echo $((1<<2)) <<<x"),
        ("#a", "#a"),
    ];
    for (value, expected) in rows {
        let text = written(|file| file.run(value).map(drop));
        assert_eq!(text, format!("RUN {expected}"));
    }
}

#[test]
fn paths() {
    let rows = [
        ("a", "a"),
        ("a b", "a b"),
        ("a\nb\u{1}", "a\\nb\\u0001"),
        ("a$b", r#"\"a\\$b\""#),
        (r"a\b", r#"\"a\\\\b\""#),
        ("a*", "a[*]"),
        (r"a\*", r#"\"a[\\\\\\\\][*]\""#),
        ("[a]?", "[[]a][?]"),
        ("<<EOF", "./<<EOF"),
        ("http://x/y", "./http://x/y"),
        ("git@x:y", "./git@x:y"),
        ("x.git", "./x.git"),
        ("./x.git", "./x.git"),
        ("/x:y", "/x:y"),
    ];
    for (path, expected) in rows {
        let text = written(|file| file.add([path], "/d").map(drop));
        assert_eq!(text, format!("ADD [\"{expected}\", \"/d\"]"));
    }
    let text = written(|file| {
        file.add([Source::pattern("https://x/*?y=1")], "<<d")
            .map(drop)
    });
    assert_eq!(text, r#"ADD ["https://x/*?y=1", "./<<d"]"#);
}

#[test]
fn flags() {
    let options = CopyOptions {
        chown: Some(r#"a "b$c"#.into()),
        exclude: vec!["*.md".into(), r"a\ b'".into()],
        ..CopyOptions::default()
    };
    let text = written(|file| file.copy_with(["x"], "/", &options).map(drop));
    let expected = r#"COPY --chown=\"a\ \\\"b\\$c\" --exclude=*.md --exclude=a\\\ b\' ["x", "/"]"#;
    assert_eq!(text, expected);
    let mount = CacheMount {
        target: "/a,b".into(),
        id: Some("c d".into()),
        mode: Some(0o700),
        ..CacheMount::default()
    };
    let options = RunOptions {
        mounts: vec![Mount::Cache(mount)],
        ..RunOptions::default()
    };
    let text = written(|file| file.run_with("x", &options).map(drop));
    assert_eq!(
        text,
        r#"RUN --mount=type=cache,\"target=/a,b\",\"id=\"\"c\ d\"\"\",mode=0700 x"#
    );
}

#[test]
fn long_lines_are_cut_where_they_come_together_again() {
    for unit in ["a", "ab #", "a\\", "é ", "\u{3000}x"] {
        let value = unit.repeat(200_000 / unit.len());
        let mut file = DockerfileBuilder::new("a").unwrap();
        file.env("A", &value)
            .unwrap()
            .run([value.as_str()])
            .unwrap()
            .run("b")
            .unwrap();
        assert!(
            file.text().lines().all(|line| line.len() < 65_535),
            "{unit:?}"
        );
        let parsed = Dockerfile::parse(file.text()).unwrap();
        assert_eq!(parsed.instructions().count(), 4, "{unit:?}");
        let run = parsed.instructions().nth(2).unwrap();
        let shipload_dockerfile::Arguments::Json(words) = &run.arguments else {
            panic!("{unit:?}")
        };
        assert_eq!(words[0].text, value);
    }
}
