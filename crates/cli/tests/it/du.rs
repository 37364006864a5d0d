//! `shipload du`.

use std::os::unix::ffi::OsStrExt as _;

use fs_err as fs;
use serde_json::{Value, json};

use crate::sandbox::{Run, Sandbox};

/// A project of which the Dockerfile reads `src`.
fn project() -> Sandbox {
    let sandbox = Sandbox::with(&[
        ("Dockerfile", "FROM scratch\nCOPY src /\n"),
        (".dockerignore", "*.log\n"),
        ("huge.log", &"l".repeat(1 << 20)),
    ]);
    sandbox.write("node_modules/a/a.js", "a".repeat(9_000));
    sandbox.write("web/node_modules/b/b.js", "b".repeat(1_500));
    sandbox.write("src/main.js", "m".repeat(700));
    sandbox
}

#[test]
fn tables() {
    let sandbox = project();
    let expected = "   SIZE  ENTRIES  NOT READ  DIRECTORY
11.2 kB       11   10.5 kB  .
9.00 kB        3   9.00 kB  node_modules/
1.50 kB        4   1.50 kB  web/
  700 B        2       0 B  src/

   SIZE  ENTRIES  NOT READ  FILE
9.00 kB        1   9.00 kB  node_modules/a/a.js
1.50 kB        1   1.50 kB  web/node_modules/b/b.js
  700 B        1       0 B  src/main.js
   24 B        1       0 B  Dockerfile
    6 B        1       0 B  .dockerignore

   SIZE  ENTRIES  NOT READ  RULE THAT WOULD TAKE IT OUT
11.2 kB        3   10.5 kB  **/*.js  (read by Dockerfile:2 `src`)
10.5 kB        6   10.5 kB  **/node_modules
9.00 kB        3   9.00 kB  /node_modules
1.50 kB        4   1.50 kB  /web
  700 B        2       0 B  /src  (read by Dockerfile:2 `src`)

what changes often is not known: `[work]` is in no git repository

as an archive, without compression: 19.5 kB
";
    let real = fs::canonicalize(sandbox.dir()).unwrap();
    let text = |run: Run| run.fine().text().replace(real.to_str().unwrap(), "[work]");
    assert_eq!(text(sandbox.run(&["du"])), expected);
    let expected = " SIZE  ENTRIES  NOT READ  DIRECTORY
730 B        4       0 B  .

 SIZE  ENTRIES  NOT READ  FILE
700 B        1       0 B  src/main.js
 24 B        1       0 B  Dockerfile
  6 B        1       0 B  .dockerignore

 SIZE  ENTRIES  NOT READ  RULE THAT WOULD TAKE IT OUT
700 B        2       0 B  /src  (read by Dockerfile:2 `src`)

what changes often is not known: `[work]` is in no git repository

as an archive, without compression: 5.12 kB
";
    let run = sandbox.run(&["du", "--referenced", "--depth=0", "."]);
    assert_eq!(text(run), expected);
}

fn objects(text: &str) -> Vec<Value> {
    let lines = text.lines();
    lines
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

#[test]
fn json() {
    let sandbox = project();
    let objects = objects(&sandbox.run(&["du", "--format", "json"]).fine().text());
    let rows = [
        json!({"kind": "total", "bytes": 11230, "entries": 11, "archive_bytes": 19456,
            "unread_bytes": 10500, "unread_entries": 7}),
        json!({"kind": "directory", "path": ".", "bytes": 11230, "entries": 11, "own_bytes": 30,
            "own_entries": 5, "unread_bytes": 10500, "unread_entries": 7}),
        json!({"kind": "directory", "path": "node_modules", "bytes": 9000, "entries": 3, "own_bytes": 0,
            "own_entries": 1, "unread_bytes": 9000, "unread_entries": 3}),
        json!({"kind": "file", "path": "src/main.js", "bytes": 700, "is_unread": false}),
        json!({"kind": "rule", "rule": "/src", "bytes": 700, "entries": 2, "unread_bytes": 0,
            "unread_entries": 0, "read_by": [{"line": 2, "source": "src"}]}),
    ];
    for row in rows {
        assert!(objects.contains(&row), "{row} is not in {objects:#?}");
    }
    let count = |kind: &str| {
        objects
            .iter()
            .filter(|object| object["kind"] == kind)
            .count()
    };
    let counts = ["total", "directory", "file", "rule"].map(count);
    assert_eq!((counts, objects.len()), ([1, 4, 5, 5], 16));
}

#[test]
fn the_total_is_that_of_the_archive() {
    let sandbox = project();
    let archive = sandbox.run(&["pack", "-o", "-"]).fine().stdout;
    let objects = objects(&sandbox.run(&["du", "--format=json"]).fine().text());
    assert_eq!(objects[0]["archive_bytes"], archive.len());
}

#[test]
fn names_that_are_no_text() {
    let sandbox = Sandbox::with(&[("Dockerfile", "FROM scratch\n")]);
    let name = std::ffi::OsStr::from_bytes(b"\xff\x1b[2J\n");
    sandbox.write(std::path::Path::new(name).join("x"), "x");
    let nul = sandbox.run(&["du", "--format", "nul"]).fine().stdout;
    assert_eq!(nul, b".\0\xff\x1b[2J\n\0");
    let text = sandbox.run(&["du"]).fine().text();
    assert!(text.contains("\\xff\\u{1b}[2J\\u{a}/\n"), "{text:?}");
    assert!(text.contains("\\xff\\u{1b}[2J\\u{a}/x\n"), "{text:?}");
    let json = sandbox.run(&["du", "--format", "json"]).fine().text();
    // `printf '\xff\x1b[2J\n' | base64`
    assert!(json.contains(r#""path_b64":"/xtbMkoK""#), "{json}");
}

#[test]
fn what_is_read_is_told_where_it_can_be() {
    let sandbox = project();
    // A source that is not there is for `check` and `build` to refuse.
    sandbox.write("Dockerfile", "FROM scratch\nCOPY src gone /\n");
    let text = sandbox.run(&["du", "--depth=0"]).fine().text();
    assert!(
        text.starts_with("   SIZE  ENTRIES  NOT READ  DIRECTORY\n"),
        "{text}"
    );
    let run = sandbox.run(&["du", "--referenced"]);
    assert_eq!(run.code, Some(1), "{}", run.stderr);

    sandbox.write("Dockerfile", "FROM scratch\nENV\n");
    let run = sandbox.run(&["du", "--depth=0"]);
    let expected = "\
warning: cannot tell what the Dockerfile reads: Dockerfile:2:1: `ENV` takes at least one argument
";
    assert_eq!((run.code, run.stderr.as_str()), (Some(0), expected));
    let text = run.text();
    assert!(text.starts_with("   SIZE  ENTRIES  DIRECTORY\n"), "{text}");

    sandbox.write(
        "Dockerfile",
        "FROM scratch AS a\nCOPY src /\nFROM scratch\n",
    );
    let unread = |arguments: &[&str]| {
        let arguments = [&["du", "--format=json"], arguments].concat();
        objects(&sandbox.run(&arguments).fine().text())[0]["unread_bytes"].clone()
    };
    assert_eq!(unread(&[]), 11_200);
    assert_eq!(unread(&["--target=a"]), 10_500);
    let run = sandbox.run(&["du", "--target=b"]);
    run.refused(
        1,
        "error: Dockerfile: there is no stage `b`\nhint: there are `a`\n",
    );
}

#[test]
fn the_rules_are_the_engines() {
    let sandbox = project();
    sandbox.write(".dockerignore", "*\n!**/*.js\n");
    let total = |engine: &str| {
        let run = sandbox.run(&["du", "--format=json", "--engine", engine]);
        objects(&run.fine().text())[0]["entries"].clone()
    };
    // The classic builder enters no excluded directory for a pattern with wildcards.
    assert_eq!((total("buildkit"), total("classic")), (json!(9), json!(2)));
    sandbox.run(&["du", "--max-context=1k"]).refused(
        1,
        "error: the context has 11,200 bytes (11.2 kB), more than the 1,024 that `--max-context` allows\n\
         hint: exclude what the build does not need in the ignore file; the largest are `node_modules` (9.00 kB), `web` (1.50 kB), `src` (700 B)\n",
    );
}

#[test]
fn what_changes_often() {
    let sandbox = project();
    sandbox.git(&["init", "--quiet"]);
    for text in ["1", "of another size"] {
        sandbox.write("src/main.js", text);
        sandbox.git(&["add", "--all"]);
        sandbox.git(&["commit", "--quiet", "--message=m"]);
    }
    let text = sandbox.run(&["du"]).fine().text();
    let expected = "
COMMITS  FILE THAT CHANGED IN THE LAST 2 COMMITS
      2  src/main.js  (read by Dockerfile:2 `src`)
      1  .dockerignore
      1  Dockerfile
      1  node_modules/a/a.js
      1  web/node_modules/b/b.js

as an archive";
    assert!(text.contains(expected), "{text}");
    let text = sandbox.run(&["du", "--commits=1"]).fine().text();
    let expected = "
COMMITS  FILE THAT CHANGED IN THE LAST COMMIT
      1  src/main.js  (read by Dockerfile:2 `src`)

as an archive";
    assert!(text.contains(expected), "{text}");
    let text = sandbox.run(&["du", "--commits=0"]).fine().text();
    assert!(
        !text.contains("COMMIT") && !text.contains("git repository"),
        "{text}"
    );

    let rows = objects(&sandbox.run(&["du", "--format=json"]).fine().text());
    let commits = json!({"kind": "commits", "commits": 2, "is_cut": false, "is_shallow": false});
    let changed = json!({"kind": "changed", "path": "src/main.js", "commits": 2,
        "read_by": [{"line": 2, "source": "src"}]});
    assert!(
        rows.contains(&commits) && rows.contains(&changed),
        "{rows:#?}"
    );
}

/// What is on the page, and how it is used, the library's tests see in a browser.
#[test]
fn a_page() {
    let sandbox = project();
    let run = sandbox.run(&["du", "--html", "out.html"]);
    let warning = "warning: the page `out.html` lies inside the context, so the next one will contain it\n\
                   hint: write it elsewhere, or exclude it in the ignore file\n";
    assert_eq!((run.stderr.as_str(), run.stdout.len()), (warning, 0));
    let page = fs::read_to_string(sandbox.path("out.html")).unwrap();
    assert!(page.starts_with("<!doctype html>\n") && page.ends_with("</html>\n"));
    assert!(
        page.contains(r#""names":[".",".dockerignore","Dockerfile","node_modules","a","a.js","#)
    );
    assert!(page.contains("the context is in no git repository"));
    let place = fs::canonicalize(sandbox.dir()).unwrap();
    let place = place.to_str().unwrap();
    assert!(
        !page.contains(place),
        "nobody else needs to know of {place}"
    );
    for outside in ["src=", "href=", "@import", "url("] {
        assert!(!page.contains(outside), "{outside}");
    }
    // What is there already is replaced as a whole, and is in the context then.
    let again = sandbox.run(&["du", "--html=-"]).fine().text();
    assert!(again.contains("\"out.html\""));
    assert_eq!(
        sandbox.names().len(),
        7,
        "nothing is left beside it: {:?}",
        sandbox.names()
    );
    let run = sandbox.run(&["du", "--html", "no/such/dir.html"]);
    assert_eq!(run.code, Some(1));
    let expected = "error: cannot write `no/such/dir.html`\n  caused by: No such file or directory";
    assert!(run.stderr.starts_with(expected), "{}", run.stderr);
    let run = sandbox.run(&["du", "--html=x", "--format=json"]);
    assert_eq!(run.code, Some(2), "{}", run.stderr);
}
