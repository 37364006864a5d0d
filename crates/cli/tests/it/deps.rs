//! `shipload deps`, and `--referenced` of `pack` and `ls`: what the Dockerfile reads, and nothing else.

use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::symlink;

use fs_err as fs;
use shipload_testkit::workspace::{on_path, target};

use crate::sandbox::{Sandbox, names};

const FILES: &[(&str, &str)] = &[
    (
        "Dockerfile",
        "ARG APP=web\nFROM scratch AS base\nARG APP\nCOPY apps/$APP /app\nFROM base\nCOPY *.txt tool /\n",
    ),
    (".dockerignore", "*.log\n"),
    ("apps/web/a.js", "1"),
    ("apps/web/b.log", "2"),
    ("apps/shop/c.js", "3"),
    ("one.txt", "4"),
    ("sub/two.txt", "5"),
    ("bin/tool", "6"),
];

fn scene() -> Sandbox {
    let sandbox = Sandbox::with(FILES);
    symlink("bin/tool", sandbox.path("tool")).unwrap();
    sandbox
}

#[test]
fn formats() {
    let sandbox = scene();
    fs::create_dir(sandbox.path("apps/web/empty")).unwrap();
    let rows: &[(&[&str], &str)] = &[
        (
            &["deps"],
            "apps/web/a.js\napps/web/b.log\napps/web/empty/\nbin/tool\none.txt\ntool\n",
        ),
        (
            &["deps", "--target", "base", "--build-arg", "APP=shop"],
            "apps/shop/c.js\n",
        ),
        (&["deps", "--patterns"], "*.txt\napps/web\ntool\n"),
        (
            &["deps", "--patterns", "--format=json"],
            "{\"path\":\"*.txt\"}\n{\"path\":\"apps/web\"}\n{\"path\":\"tool\"}\n",
        ),
        (
            &["deps", "--format=nul", "--target=base"],
            "apps/web/a.js\0apps/web/b.log\0apps/web/empty\0",
        ),
        (
            &["ls", "--referenced", "--target", "0"],
            ".dockerignore\nDockerfile\napps/\napps/web/\napps/web/a.js\napps/web/b.log\napps/web/empty/\n",
        ),
        (
            &[
                "deps",
                "--format=make",
                "--target=base",
                "--output-name=app.img",
            ],
            "app.img: \\\n  Dockerfile \\\n  .dockerignore \\\n  apps/web/a.js \\\n  apps/web/b.log \\\n  apps/web/empty\n\n\
             Dockerfile:\n\n.dockerignore:\n\napps/web/a.js:\n\napps/web/b.log:\n\napps/web/empty:\n",
        ),
        (
            &[
                "deps",
                "--format=ninja",
                "--target=base",
                "--build-arg=APP=shop",
            ],
            "build image: phony $\n  Dockerfile $\n  .dockerignore $\n  apps/shop/c.js\n",
        ),
    ];
    for (arguments, expected) in rows {
        let text = sandbox.run(arguments).fine().text();
        assert_eq!(&text, expected, "{arguments:?}");
    }
    sandbox.write("Dockerfile", "FROM scratch\nCOPY . /\n");
    assert_eq!(sandbox.run(&["deps"]).fine().text(), ".\n");
    assert_eq!(
        sandbox.run(&["deps", "--format=json"]).fine().text(),
        "{\"path\":\".\"}\n"
    );
    sandbox.write("Dockerfile", "FROM scratch\n");
    assert_eq!(sandbox.run(&["deps"]).fine().text(), "");
}

#[test]
fn make_and_ninja_read_what_is_written_for_them() {
    let sandbox = Sandbox::with(&[("ctx/Dockerfile", "FROM scratch\nCOPY in /in\n")]);
    // What is special to one of them; `deps` refuses what make cannot be told.
    for name in [
        "plain", "a b", "c#d", "e$f", "g:h", "i%j", "k\\l", "m\\ n", "o*p", "[q]", "ü", "~r",
    ] {
        sandbox.write(format!("ctx/in/{name}"), "x");
    }
    let rows = [
        ("make", "Makefile", "\n\t@touch image\n"),
        ("ninja", "build.ninja", ""),
    ];
    for (tool, file, recipe) in rows {
        let kept = target().join("tools/venv/bin").join(tool);
        let Some(program) = on_path(tool).or_else(|| kept.is_file().then_some(kept)) else {
            // `cargo xtask test` brings ninja; make comes with the C compiler, mostly.
            println!("`{tool}` is not there to be compared with");
            assert!(tool == "make" || std::env::var_os("CI").is_none());
            continue;
        };
        let rule = sandbox
            .run(&["deps", "ctx", "--format", tool])
            .fine()
            .text();
        let text = if tool == "make" {
            rule.replacen("\n\n", &format!("{recipe}\n"), 1)
        } else {
            format!("rule touch\n  command = touch $out\n{rule}build stamp: touch image\n")
        };
        sandbox.write(file, text);
        let run = |sandbox: &Sandbox| -> String {
            let output = sandbox.hermetic(&program, &[] as &[&str]).output().unwrap();
            let text = String::from_utf8_lossy(&output.stdout).into_owned();
            assert!(
                output.status.success(),
                "{tool}: {text}{}",
                String::from_utf8_lossy(&output.stderr)
            );
            text
        };
        run(&sandbox);
        let idle = |text: &str| text.contains("up to date") || text.contains("no work to do");
        assert!(idle(&run(&sandbox)), "{tool}");
        for entry in fs::read_dir(sandbox.path("ctx/in")).unwrap() {
            let path = entry.unwrap().path();
            touch_later(&path);
            let said = run(&sandbox);
            assert!(!idle(&said), "{tool} did not notice {}", path.display());
        }
        // What was deleted since stops make no more than gcc's rules let it.
        for name in ["plain", "i%j"] {
            fs::remove_file(sandbox.path(format!("ctx/in/{name}"))).unwrap();
            if tool == "make" {
                run(&sandbox);
            }
            sandbox.write(format!("ctx/in/{name}"), "x");
        }
        // To ninja a phony target that exists is not phony.
        let _ = fs::remove_file(sandbox.path("image"));
    }
}

/// Other tools know the files of this machine, not their names in the context.
#[test]
fn a_rule_names_what_was_added_as_it_is_called_here() {
    let sandbox = Sandbox::with(&[
        (
            "ctx/Dockerfile",
            "FROM scratch\nCOPY one dir own member /\n",
        ),
        ("ctx/own", ""),
        ("elsewhere/1", ""),
        ("elsewhere/tree/a/b", ""),
    ]);
    let mut archive = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_ustar();
    header.set_size(0);
    archive
        .append_data(&mut header, "member", std::io::empty())
        .unwrap();
    sandbox.write("more.tar", archive.into_inner().unwrap());
    let run = sandbox.run(&[
        "deps",
        "ctx",
        "--format=ninja",
        "--add=elsewhere/1=one",
        "--add=elsewhere/tree=dir",
        "--add-archive=more.tar",
    ]);
    assert_eq!(
        run.fine().text(),
        "build image: phony $\n  ctx/Dockerfile $\n  more.tar $\n  elsewhere/tree/a/b $\n  elsewhere/1 $\n  ctx/own\n"
    );
}

/// Makes a file newer than everything that was made before.
fn touch_later(path: &std::path::Path) {
    std::thread::sleep(std::time::Duration::from_millis(20));
    let file = fs::File::options().write(true).open(path).unwrap();
    file.file()
        .set_modified(std::time::SystemTime::now())
        .unwrap();
    std::thread::sleep(std::time::Duration::from_millis(20));
}

#[test]
fn what_a_rule_cannot_name_is_refused() {
    for (tool, name, reason) in [
        ("make", "a=b", "holds `=`"),
        ("make", "a;b", "holds `;`"),
        ("make", "a|b", "holds `|`"),
        ("make", "a(b)", "holds `(`"),
        ("make", "a\tb", "holds `\\u{9}`"),
        ("make", "ab\\", "ends with `\\`"),
        ("make", "ab&", "ends with `&`"),
        ("ninja", "a|b", "holds `|`"),
        ("ninja", "a\rb", "holds `\\u{d}`"),
        ("ninja", "a\nb", "holds `\\u{a}`"),
    ] {
        let sandbox = Sandbox::with(&[("Dockerfile", "FROM scratch\nCOPY in /\n")]);
        sandbox.write(format!("in/{name}"), "");
        let run = sandbox.run(&["deps", "--format", tool]);
        assert_eq!(run.code, Some(1));
        let said = run.stderr.contains("a rule cannot name") && run.stderr.contains(reason);
        assert!(said, "{tool} {name}: {}", run.stderr);
        assert!(run.stderr.contains("--format nul"), "{}", run.stderr);
    }
}

#[test]
fn names_that_are_no_text() {
    let sandbox = Sandbox::with(&[("Dockerfile", "FROM scratch\nCOPY in* /\n")]);
    sandbox.write(std::ffi::OsStr::from_bytes(b"in\xff"), "");
    assert_eq!(
        sandbox.run(&["deps", "--format=nul"]).fine().stdout,
        b"in\xff\0"
    );
    assert_eq!(sandbox.run(&["deps"]).fine().text(), "in\\xff\n");
}

/// Each row: a Dockerfile, the engine, and what is said.
#[test]
fn a_source_that_is_not_there_is_refused_with_its_line() {
    let rows = [
        (
            "FROM scratch\nCOPY one.text /\n",
            "buildkit",
            "error: Dockerfile:2:6: there is no `one.text` in the context\n  COPY one.text /\n       ^\nhint: there is `one.txt`\n",
        ),
        (
            "FROM scratch\nCOPY two.txt /\n",
            "buildkit",
            "error: Dockerfile:2:6: there is no `two.txt` in the context\n  COPY two.txt /\n       ^\nhint: there is `sub/two.txt`\n",
        ),
        (
            "FROM scratch\nCOPY \\\n\tone.txt nothing.at.all \\\n\t/\n",
            "buildkit",
            "error: Dockerfile:3:10: there is no `nothing.at.all` in the context\n      one.txt nothing.at.all \\\n              ^\n",
        ),
        (
            "FROM scratch\nCOPY apps/web/b.log no.txt /\n",
            "buildkit",
            "error: Dockerfile:2:6: `apps/web/b.log` is excluded by .dockerignore:1:1: `**/*.log`\n  COPY apps/web/b.log no.txt /\n       ^\n  Dockerfile:2:21: there is no `no.txt` in the context\nhint: remove the rule, or write `!apps/web/b.log` below it in `.dockerignore`\n",
        ),
        (
            "FROM scratch\nCOPY *.md /\n",
            "classic",
            "error: Dockerfile:2:6: nothing in the context matches `*.md`\n  COPY *.md /\n       ^\n",
        ),
        (
            "FROM scratch\nCOPY apps/web/*.log /\n",
            "classic",
            "error: Dockerfile:2:6: `apps/web/b.log` is excluded by .dockerignore:1:1: `**/*.log`\n  COPY apps/web/*.log /\n       ^\nhint: remove the rule, or write `!apps/web/b.log` below it in `.dockerignore`\n",
        ),
        (
            "FROM scratch\nCOPY .dockerignore /\n",
            "classic",
            "error: Dockerfile:2:6: `.dockerignore` is excluded by .dockerignore:2:1: `.docker*`\n  COPY .dockerignore /\n       ^\nhint: remove the rule, or write `!.dockerignore` below it in `.dockerignore`\n",
        ),
    ];
    for (dockerfile, engine, said) in rows {
        let sandbox = scene();
        sandbox.write(".dockerignore", "**/*.log\n.docker*\n");
        sandbox.write("Dockerfile", dockerfile);
        for verb in [
            &["deps"][..],
            &["ls", "--referenced"],
            &["pack", "--referenced"],
        ] {
            let arguments = [verb, &["--engine", engine]].concat();
            sandbox.run(&arguments).refused(1, said);
        }
    }
}

#[test]
fn what_may_match_nothing_is_no_error() {
    let sandbox = scene();
    for (dockerfile, engine) in [
        ("FROM scratch\nCOPY *.md one.txt /\n", "buildkit"),
        ("FROM scratch\nCOPY *.md /\n", "buildkit"),
        ("FROM scratch\nCOPY *.md one.txt /\n", "classic"),
        (
            "FROM scratch AS a\nCOPY nothing /\nFROM scratch\nCOPY one.txt /\n",
            "buildkit",
        ),
    ] {
        sandbox.write("Dockerfile", dockerfile);
        sandbox.run(&["deps", "--engine", engine]).fine();
    }
}

#[test]
fn a_dockerfile_that_nobody_takes_is_refused_with_its_line() {
    let rows = [
        (
            "FROM scratch\nCOPY a\n",
            "error: Dockerfile:2:1: `COPY` takes a source and a destination\n  COPY a\n  ^\n",
        ),
        (
            "FROM scratch\nENV a=b c\n",
            "error: Dockerfile:2:9: `c` has no `=`\n  ENV a=b c\n          ^\nhint: put a value with white space in double quotes\n",
        ),
        (
            "# nothing\n",
            "error: Dockerfile:1:1: the file has no instructions\nhint: a Dockerfile begins with `FROM`\n",
        ),
        (
            "FROM scratch\nCOPY ${A:?which} /\n",
            "error: Dockerfile:2:6: cannot expand `${A:?which}`\n  caused by: `A`: which\n  COPY ${A:?which} /\n       ^\nhint: set it, for instance with `--build-arg A=…`\n",
        ),
    ];
    for (dockerfile, said) in rows {
        let sandbox = Sandbox::with(&[("Dockerfile", dockerfile)]);
        let run = sandbox.run(&["deps"]);
        assert_eq!(
            (run.code, run.stderr.replace("\n  \n", "\n\n").as_str()),
            (Some(1), said)
        );
    }
}

#[test]
fn everything_where_it_cannot_be_told() {
    let sandbox = scene();
    let all = sandbox.run(&["ls"]).fine().text();
    let rows = [
        (
            "# syntax=vendor/frontend\nFROM scratch\nCOPY one.txt /\n",
            "Dockerfile:1:1: the frontend `vendor/frontend` may read anything\n",
        ),
        (
            "FROM scratch\nCOPY --form=x one.txt /\n",
            "Dockerfile:2:6: `COPY` has no flag `--form`, so its meaning is not known\nhint: did you mean `--from`?\n",
        ),
    ];
    for (dockerfile, why) in rows {
        sandbox.write("Dockerfile", dockerfile);
        let run = sandbox.run(&["deps"]);
        assert_eq!((run.code, run.stdout.as_slice()), (Some(0), &b".\n"[..]));
        let warning = "warning: the whole context counts as read: ";
        assert_eq!(run.stderr, format!("{warning}{why}"));
        assert_eq!(sandbox.run(&["ls", "--referenced"]).text(), all);
    }
}

/// Docker takes any bytes, so they are not refused.
#[test]
fn everything_of_a_dockerfile_that_is_not_utf8() {
    let sandbox = scene();
    sandbox.write("Dockerfile", b"# caf\xe9\nFROM scratch\nCOPY one.txt /\n");
    let run = sandbox.run(&["deps"]);
    assert_eq!((run.code, run.stdout.as_slice()), (Some(0), &b".\n"[..]));
    assert_eq!(
        run.stderr,
        "warning: the whole context counts as read: Dockerfile:1:6: the text is not UTF-8, so its meaning is not known\n\
         hint: save the file as UTF-8\n"
    );
}

/// To a classic builder without heredocs it is none.
#[test]
fn what_older_builders_take_is_not_refused_for_them() {
    let sandbox = scene();
    sandbox.write(
        "Dockerfile",
        "FROM scratch\nCOPY one.txt /\nRUN echo $((1 << 2))\n",
    );
    let run = sandbox.run(&["deps", "--engine", "classic"]);
    assert_eq!((run.code, run.stdout.as_slice()), (Some(0), &b".\n"[..]));
    let run = sandbox.run(&["deps", "--engine", "buildkit"]);
    assert!(
        run.stderr
            .starts_with("error: Dockerfile:3:15: the heredoc `2))` does not end\n"),
        "{}",
        run.stderr
    );
}

#[test]
fn options_of_the_dockerfile_need_a_reason() {
    let sandbox = scene();
    sandbox.run(&["ls", "--target", "base"]).refused(
        2,
        "error: `--target` has no use without `--referenced`: the whole context is the same for all\n",
    );
    sandbox.run(&["deps", "--target", "bass"]).refused(
        1,
        "error: Dockerfile: there is no stage `bass`\nhint: there are `base`\n",
    );
}

#[test]
fn one_of_thirty_thousand_files() {
    let sandbox = Sandbox::in_memory();
    sandbox.write("Dockerfile", "FROM scratch\nCOPY data/150/7 /\n");
    for dir in 0..300 {
        let dir = sandbox.path(format!("data/{dir}"));
        fs::create_dir_all(&dir).unwrap();
        for file in 0..100 {
            fs::write(dir.join(file.to_string()), "some content").unwrap();
        }
    }
    let run = sandbox.run(&["pack", "--referenced"]);
    assert_eq!(run.code, Some(0));
    assert_eq!(
        run.stderr,
        "left behind 30,298 entries, 360 kB, that the Dockerfile does not read\n"
    );
    assert!(run.stdout.len() < 10 << 10, "{}", run.stdout.len());
    assert_eq!(
        names(&run.stdout),
        ["Dockerfile", "data/", "data/150/", "data/150/7"]
    );
}
