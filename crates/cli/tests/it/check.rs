//! `shipload check`.

mod pages;

use std::path::Path;

use serde_json::Value;

use crate::sandbox::{Run, Sandbox};

/// A project with an error, warnings and a note.
fn project() -> Sandbox {
    let sandbox = Sandbox::with(&[
        (
            "Dockerfile",
            "FROM scratch AS app\nCOPY src package.json /app/\nCOPY . /all\n",
        ),
        (".dockerignore", "*.test.ts\nold/data\n"),
        ("src/a.test.ts", ""),
        ("src/b.test.ts", ""),
        ("web/package.json", "{}"),
    ]);
    sandbox.write("node_modules/x/index.js", "1234567");
    sandbox
}

/// What a run wrote to standard output.
fn text(run: &Run) -> &str {
    std::str::from_utf8(&run.stdout).unwrap()
}

const TEXT: &str = ".dockerignore:1:1: warning[anchored-rule]: `*.test.ts` matches nothing, since patterns start at the top of the context; `**/*.test.ts` would match 2 files
  | *.test.ts
  | ^^^^^^^^^
  = src/a.test.ts, src/b.test.ts
  fix: write `**/*.test.ts`
.dockerignore:2:1: note[dead-rule]: `old/data` matches nothing
  | old/data
  | ^^^^^^^^
  fix: remove the line
Dockerfile:2:10: error[missing-source]: there is no `package.json` in the context
  | COPY src package.json /app/
  |          ^^^^^^^^^^^^
  fix: there is `web/package.json`
node_modules: warning[junk]: `node_modules` is in the context: packages that npm installs, 1 file, 7 B
  = Dockerfile:3:6: `.` reads it here
  fix: add the rule `**/node_modules`
";

#[test]
fn findings_for_people() {
    let sandbox = project();
    let run = sandbox.run(&["check"]);
    assert_eq!((text(&run), run.code, &*run.stderr), (TEXT, Some(3), ""));
    // Files are named from where the program runs.
    let from_above = sandbox
        .command(&["check", "work"])
        .current_dir(sandbox.path(".."))
        .spawn();
    let run = sandbox.finish(from_above.unwrap());
    assert_eq!(run.code, Some(3));
    assert!(
        text(&run).starts_with("work/.dockerignore:1:1: "),
        "{}",
        text(&run)
    );
    assert!(
        text(&run).contains("\nwork/node_modules: warning[junk]"),
        "{}",
        text(&run)
    );
}

#[test]
fn the_status_tells_what_was_asked() {
    let sandbox = project();
    let only_note = ["check", "--only", "dead-rule"];
    for (arguments, code) in [
        (&["check"][..], 3),
        (&["check", "--fail-on", "never"], 0),
        (&["check", "--fail-on", "error"], 3),
        (&only_note, 0),
        (&["check", "--only", "dead-rule", "--fail-on", "note"], 3),
        (
            &["check", "--skip", "missing-source", "--fail-on", "error"],
            0,
        ),
        (&["check", "--skip", "missing-source,junk,anchored-rule"], 0),
        (&["check", "--target", "none"], 3),
        (
            &["check", "--max-context", "1k", "--only", "context-size"],
            0,
        ),
        (
            &["check", "--max-context", "50b", "--only", "context-size"],
            3,
        ),
        (&["check", "--only", "bogus"], 2),
        (&["check", "--only", "junk", "--skip", "junk"], 2),
        (&["check", "none"], 1),
        (&["check", "-f", "none"], 1),
        (&["check", "src"], 1),
    ] {
        let run = sandbox.run(arguments);
        assert_eq!(
            run.code,
            Some(code),
            "{arguments:?}: {} {}",
            text(&run),
            run.stderr
        );
    }
    let run = sandbox.run(&only_note);
    assert!(
        text(&run).starts_with(".dockerignore:2:1: note[dead-rule]"),
        "{}",
        text(&run)
    );
    let clean = Sandbox::with(&[("Dockerfile", "FROM scratch\nCOPY a /\n"), ("a", "")]);
    let run = clean.run(&["check"]);
    assert_eq!((text(&run), run.code, &*run.stderr), ("", Some(0), ""));
}

#[test]
fn findings_as_json_are_edits_that_work() {
    let sandbox = project();
    let run = sandbox.run(&["check", "--format", "json"]);
    let findings: Vec<Value> = run
        .text()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let codes: Vec<_> = findings
        .iter()
        .map(|finding| finding["code"].as_str().unwrap())
        .collect();
    assert_eq!(
        codes,
        ["anchored-rule", "dead-rule", "missing-source", "junk"]
    );
    let expected = serde_json::json!({
        "code": "anchored-rule",
        "severity": "warning",
        "message": "`*.test.ts` matches nothing, since patterns start at the top of the context; `**/*.test.ts` would match 2 files",
        "file": ".dockerignore",
        "line": 1,
        "column": 1,
        "end_column": 10,
        "count": 2,
        "paths": [{ "path": "src/a.test.ts" }, { "path": "src/b.test.ts" }],
        "fix": {
            "advice": "write `**/*.test.ts`",
            "edits": [{ "file": ".dockerignore", "start": 0, "end": 9, "text": "**/*.test.ts" }],
        },
    });
    assert_eq!(findings[0], expected);
    assert_eq!(findings[3]["path"], "node_modules");
    assert_eq!(findings[3]["bytes"], 7);
    assert_eq!(findings[3]["related"][0]["line"], 3);
}

#[test]
fn findings_as_annotations() {
    let sandbox = project();
    let run = sandbox.run(&["check", "--format", "github", "--skip", "anchored-rule"]);
    let expected = "::notice file=.dockerignore,line=2,col=1,endLine=2,endColumn=8,title=dead-rule::`old/data` matches nothing%0Afix: remove the line
::error file=Dockerfile,line=2,col=10,endLine=2,endColumn=21,title=missing-source::there is no `package.json` in the context%0Afix: there is `web/package.json`
::warning file=node_modules,title=junk::`node_modules` is in the context: packages that npm installs, 1 file, 7 B%0Afix: add the rule `**/node_modules`
";
    assert_eq!(text(&run), expected);
    // A name is no command.
    let sandbox = Sandbox::with(&[
        ("Dockerfile", "FROM scratch\nCOPY . /\n"),
        ("a\n::error::b,c:d%", ""),
    ]);
    let run = sandbox.run(&["check", "--format", "github"]);
    let expected = "::notice file=a\\u{a}%3A%3Aerror%3A%3Ab%2Cc%3Ad%25,title=unusual-name::";
    assert!(text(&run).starts_with(expected), "{}", text(&run));
    assert_eq!(text(&run).lines().count(), 1);
}

/// What section 3 of SARIF 2.1.0 demands of the parts that are written.
#[test]
fn findings_as_sarif() {
    let sandbox = project();
    sandbox.write("a b%.swp~", "");
    let run = sandbox.run(&["check", "--format", "sarif", "--max-context", "1"]);
    let document: Value = serde_json::from_slice(&run.stdout).unwrap();
    assert_eq!(document["version"], "2.1.0");
    let run = &document["runs"][0];
    let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
    assert_eq!(run["tool"]["driver"]["name"], "shipload");
    let results = run["results"].as_array().unwrap();
    assert_eq!(results.len(), 6);
    for result in results {
        let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
        assert_eq!(rules[index]["id"], result["ruleId"]);
        assert!(["error", "warning", "note"].contains(&result["level"].as_str().unwrap()));
        assert!(!result["message"]["text"].as_str().unwrap().is_empty());
        let location = &result["locations"][0]["physicalLocation"];
        let uri = location["artifactLocation"]["uri"].as_str().unwrap();
        assert!(
            !uri.is_empty() && !uri.contains(' ') && !Path::new(uri).is_absolute(),
            "{uri}"
        );
        let region = &location["region"];
        if !region.is_null() {
            assert!(region["startLine"].as_u64().unwrap() > 0);
            assert!(region["endColumn"].as_u64() >= region["startColumn"].as_u64());
        }
        for fix in result["fixes"].as_array().into_iter().flatten() {
            let replacement = &fix["artifactChanges"][0]["replacements"][0];
            assert!(replacement["deletedRegion"]["byteOffset"].is_u64());
            assert!(replacement["insertedContent"]["text"].is_string());
        }
    }
    let uris = results.iter().map(|result| {
        result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
            .as_str()
            .unwrap()
    });
    assert!(uris.collect::<Vec<_>>().contains(&"a%20b%25.swp~"));
}

#[test]
fn what_others_may_not_read_is_found_for_them() {
    let sandbox = Sandbox::with(&[
        ("Dockerfile", "FROM scratch\nCOPY . /\n"),
        ("open", ""),
        ("closed", ""),
    ]);
    let closed = std::os::unix::fs::PermissionsExt::from_mode(0o000);
    fs_err::set_permissions(sandbox.path("closed"), closed).unwrap();
    for (arguments, severity, code) in [
        (&["check"][..], "error", 3),
        (
            &["check", "--on-unreadable", "skip", "--fail-on", "error"],
            "warning",
            0,
        ),
    ] {
        let Some(mut command) = sandbox.command_as_nobody(arguments) else {
            return;
        };
        let run = sandbox.finish(command.spawn().unwrap());
        assert_eq!(run.code, Some(code), "{}", run.stderr);
        let expected = format!("closed: {severity}[unreadable]: `closed` cannot be read\n");
        assert!(text(&run).starts_with(&expected), "{}", text(&run));
    }
}
