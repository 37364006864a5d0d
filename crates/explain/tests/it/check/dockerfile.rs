//! The Dockerfile: its syntax, and its sources held against the context.

use shipload_context::Semantics;

use super::{ALL, ROW, Row};

const ROWS: &[Row] = &[
    Row {
        name: "syntax",
        files: &[("Dockerfile", "FROM scratch\nCOPY a\n"), ("a", "")],
        findings: &["error dockerfile-syntax Dockerfile:2:1: `COPY` takes"],
        ..ROW
    },
    Row {
        name: "what only a newer frontend may know",
        files: &[("Dockerfile", "FROM scratch\nCOPPY a /\n"), ("a", "")],
        findings: &[
            "warning unknown-reads Dockerfile:2:1: the whole context counts as read: there is no instruction `COPPY`",
        ],
        ..ROW
    },
    Row {
        name: "a variable that must be set",
        files: &[("Dockerfile", "FROM scratch\nARG A\nCOPY ${A:?} /\n")],
        findings: &["error dockerfile-syntax Dockerfile:3:"],
        ..ROW
    },
    Row {
        name: "malformed rules hide no syntax",
        files: &[("Dockerfile", "FROM\n"), (".dockerignore", "[\n")],
        findings: &[
            "error malformed-rule .dockerignore:1:",
            "error dockerfile-syntax Dockerfile:1:",
        ],
        ..ROW
    },
    Row {
        name: "another frontend",
        files: &[
            ("Dockerfile", "# syntax=vendor/yaml\nanything\n"),
            ("a", ""),
        ],
        findings: &[
            "note unknown-reads Dockerfile:1:1: the whole context counts as read: the frontend `vendor/yaml` may read anything",
        ],
        ..ROW
    },
    Row {
        name: "a frontend of Docker",
        files: &[
            (
                "Dockerfile",
                "# syntax=docker/dockerfile:1\nFROM scratch\nCOPY a /\n",
            ),
            ("a", ""),
        ],
        ..ROW
    },
    Row {
        name: "a source that is not there",
        files: &[
            ("Dockerfile", "FROM scratch\nCOPY sub/app.js b /\nADD c /\n"),
            ("app.js", ""),
            ("b", ""),
        ],
        findings: &[
            "error missing-source Dockerfile:2:6: there is no `sub/app.js` in the context",
            "error missing-source Dockerfile:3:5: there is no `c` in the context",
        ],
        ..ROW
    },
    Row {
        name: "sources that are there",
        files: &[
            ("Dockerfile", "FROM scratch\nCOPY app.js b /\nADD *.c /\n"),
            ("app.js", ""),
            ("b", ""),
            ("x.c", ""),
        ],
        ..ROW
    },
    Row {
        name: "a source that is ignored",
        files: &[
            ("Dockerfile", "FROM scratch\nCOPY a.log /\n"),
            (".dockerignore", "*.log\n"),
            ("a.log", ""),
            ("b.log", ""),
        ],
        findings: &[
            "error ignored-source Dockerfile:2:6: `a.log` is excluded by .dockerignore:1:1: `*.log`",
        ],
        moves: &["a.log"],
        ..ROW
    },
    Row {
        name: "a source that is included again",
        files: &[
            ("Dockerfile", "FROM scratch\nCOPY a.log /\n"),
            (".dockerignore", "*.log\n!a.log\n"),
            ("a.log", ""),
            ("b.log", ""),
        ],
        ..ROW
    },
    Row {
        name: "a source in a directory that is ignored",
        semantics: Semantics::Classic,
        files: &[
            ("Dockerfile", "FROM scratch\nCOPY d/a /\n"),
            (".dockerignore", "d\n"),
            ("d/a", ""),
            ("d/b", ""),
        ],
        findings: &[
            "error ignored-source Dockerfile:2:6: `d/a` is excluded by .dockerignore:1:1: `d`",
        ],
        moves: &["d/a"],
    },
    Row {
        name: "a mount of what is not there",
        files: &[(
            "Dockerfile",
            "FROM scratch\nRUN --mount=type=bind,source=a,target=/a x\n",
        )],
        findings: &["error missing-source Dockerfile:2:"],
        ..ROW
    },
    Row {
        name: "nothing wrong",
        files: &[
            ALL,
            (".dockerignore", "*.log\n"),
            ("a.log", ""),
            ("src/main.c", ""),
        ],
        ..ROW
    },
];

#[test]
fn dockerfiles() {
    for row in ROWS {
        row.run();
    }
}
