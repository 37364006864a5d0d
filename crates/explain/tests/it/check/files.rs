//! What is in the context: junk, size, links, special files, names.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs::Permissions;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixListener;

use fs_err as fs;
use shipload_context::{OnUnreadable, Semantics};
use shipload_explain::CheckOptions;

use super::{ALL, ROW, Row, write};

const SRC: (&str, &str) = ("Dockerfile", "FROM scratch\nCOPY src /\n");

const JUNK: &[Row] = &[
    Row {
        name: "packages, and what they hold",
        files: &[
            ALL,
            ("node_modules/a/index.js", "12345"),
            ("web/node_modules/b/node_modules/c.js", ""),
            ("web/a.js", ""),
        ],
        findings: &[
            "warning junk node_modules: `node_modules` and 1 other place are in the context: packages that npm installs, 2 files, 5 B",
        ],
        moves: &[
            "node_modules/a/index.js",
            "web/node_modules/b/node_modules/c.js",
        ],
        ..ROW
    },
    Row {
        name: "packages that are excluded",
        files: &[
            ALL,
            (".dockerignore", "**/node_modules\n"),
            ("node_modules/a/index.js", ""),
            ("web/node_modules/b.js", ""),
        ],
        ..ROW
    },
    Row {
        name: "packages that the Dockerfile names",
        files: &[
            (
                "Dockerfile",
                "FROM scratch\nCOPY node_modules /n\nCOPY web/node_modules/b.js /\n",
            ),
            ("node_modules/a.js", ""),
            ("web/node_modules/b.js", ""),
        ],
        ..ROW
    },
    Row {
        name: "a repository that nothing reads",
        files: &[
            SRC,
            ("src/a", ""),
            (".git/HEAD", "x"),
            (".git/objects/a", ""),
        ],
        findings: &[
            "note junk .git: `.git` is in the context: the history of the repository, 2 files, 1 B",
        ],
        moves: &[".git/HEAD", ".git/objects/a"],
        ..ROW
    },
    Row {
        name: "the same, sent to the classic builder",
        semantics: Semantics::Classic,
        files: &[
            SRC,
            (".dockerignore", "a.log"),
            ("a.log", ""),
            ("src/a", ""),
            (".git/HEAD", ""),
            (".git/b", ""),
        ],
        findings: &["warning junk .git: "],
        moves: &[".git/HEAD", ".git/b"],
    },
    Row {
        name: "what tools build",
        files: &[
            ALL,
            ("Cargo.toml", ""),
            ("target/debug/a", ""),
            ("py/__pycache__/a.pyc", ""),
            ("env/pyvenv.cfg", ""),
            ("infra/.terraform/providers/p", ""),
            ("cmake/CMakeCache.txt", ""),
            (".mypy_cache/CACHEDIR.TAG", ""),
        ],
        findings: &[
            "warning junk .mypy_cache: `.mypy_cache` is in the context: a cache of mypy",
            "warning junk cmake: `cmake` is in the context: what CMake builds",
            "warning junk env: `env` is in the context: an environment of Python",
            "warning junk infra/.terraform: ",
            "warning junk py/__pycache__: `py/__pycache__` is in the context: compiled Python",
            "warning junk target: `target` is in the context: what cargo builds",
        ],
        moves: &[
            ".mypy_cache/CACHEDIR.TAG",
            "cmake/CMakeCache.txt",
            "env/pyvenv.cfg",
            "infra/.terraform/providers/p",
            "py/__pycache__/a.pyc",
            "target/debug/a",
        ],
        ..ROW
    },
    Row {
        name: "what only has their names",
        files: &[
            ALL,
            ("target/debug/a", ""),
            ("venv/a", ""),
            ("build/classes/a", ""),
            ("obj/a", ""),
            (".terraform/a", ""),
            ("core.rs", ""),
            ("core.c1", ""),
            (".git", "gitdir: ../x\n"),
        ],
        ..ROW
    },
    Row {
        name: "files that are left behind",
        files: &[
            ALL,
            (".DS_Store", ""),
            ("a/.b.c.swp", ""),
            ("c.txt~", ""),
            ("core.123", ""),
            ("npm-debug.log", ""),
        ],
        findings: &[
            "warning junk .DS_Store: ",
            "warning junk a/.b.c.swp: `a/.b.c.swp` is in the context: what vim has not saved",
            "warning junk c.txt~: ",
            "warning junk core.123: `core.123` is in the context: a core dump",
            "warning junk npm-debug.log: ",
        ],
        moves: &[
            ".DS_Store",
            "a/.b.c.swp",
            "c.txt~",
            "core.123",
            "npm-debug.log",
        ],
        ..ROW
    },
];

const LINKS: &[Row] = &[
    Row {
        name: "links that lead nowhere",
        files: &[
            ALL,
            (".dockerignore", "b\n"),
            ("a", "-> none"),
            ("b", ""),
            ("d/c", "-> ../b"),
            ("e", "-> e"),
        ],
        findings: &[
            "warning dangling-link a: `a` is a link to `none`, which does not exist",
            "warning dangling-link d/c: `d/c` is a link to `b` (`../b`), which is excluded by a rule",
            "warning dangling-link e: `e` is a link to `e`, and leads round",
        ],
        ..ROW
    },
    Row {
        name: "links that lead out",
        files: &[
            ALL,
            ("a", "-> ../x"),
            ("b", "-> /etc/hosts"),
            ("d/c", "-> ../../x"),
        ],
        findings: &[
            "warning escaping-link a: `a` is a link to `../x`, which is outside",
            "note escaping-link b: `b` is a link to `/etc/hosts`, which in an image",
            "warning escaping-link d/c: ",
        ],
        ..ROW
    },
    Row {
        name: "links that nothing reads",
        files: &[SRC, ("src/a", ""), ("a", "-> none")],
        findings: &["note dangling-link a: "],
        ..ROW
    },
    Row {
        name: "links that lead to something",
        files: &[
            ALL,
            ("a", "-> d/f"),
            ("d/f", ""),
            ("d/g", "-> f"),
            ("d/h", "-> ../l/f"),
            ("l", "-> d"),
            ("m", "-> ."),
        ],
        ..ROW
    },
];

const NAMES: &[Row] = &[
    Row {
        name: "case",
        files: &[
            ALL,
            ("Readme", ""),
            ("readme", ""),
            ("d/A", ""),
            ("D/a", ""),
        ],
        findings: &[
            "note case-collision D: `D` and `d` are one file",
            "note case-collision Readme: `Readme` and `readme` are one file",
        ],
        ..ROW
    },
    Row {
        name: "names that hide something",
        files: &[
            ALL,
            ("a\u{200b}b", ""),
            ("b\u{202e}cod.exe", ""),
            ("c\nd", ""),
            ("e ", ""),
        ],
        findings: &[
            "note unusual-name a\\u{200b}b: the name of `a\\u{200b}b` holds a character that cannot",
            "note unusual-name b\\u{202e}cod.exe: the name of `b\\u{202e}cod.exe` holds",
            "note unusual-name c\\u{a}d: the name of `c\\u{a}d` holds a control character",
            "note unusual-name e : the name of `e ` begins or ends",
        ],
        ..ROW
    },
    Row {
        name: "names that hide nothing",
        files: &[
            ALL,
            ("Readme", ""),
            ("d/readme", ""),
            ("na\u{ef}ve.txt", ""),
            ("a b", ""),
        ],
        ..ROW
    },
    Row {
        name: "names that delete",
        semantics: Semantics::Classic,
        files: &[ALL, (".wh.a", ""), ("wh.b", "")],
        findings: &["warning whiteout-name .wh.a: "],
        ..ROW
    },
    Row {
        name: "names that delete nothing with BuildKit",
        files: &[ALL, (".wh.a", "")],
        findings: &["note whiteout-name .wh.a: "],
        ..ROW
    },
];

fn run(rows: &[Row]) {
    for row in rows {
        row.run();
    }
}

#[test]
fn junk() {
    run(JUNK);
}

#[test]
fn links() {
    run(LINKS);
}

#[test]
fn names() {
    run(NAMES);
}

/// Runs a row after the directory was made stranger than a row can say.
fn run_after(row: &Row, options: &CheckOptions, prepare: impl Fn(&std::path::Path)) {
    let dir = tempfile::tempdir().unwrap();
    let root = fs::canonicalize(dir.path()).unwrap();
    write(&root, row.files);
    prepare(&root);
    row.run_in(&root, options);
}

#[test]
fn bytes_that_are_no_text_in_a_name() {
    let row = Row {
        files: &[ALL],
        findings: &["note unusual-name a\\xff: the name of `a\\xff` is not UTF-8"],
        ..ROW
    };
    run_after(&row, &CheckOptions::default(), |root| {
        fs::write(root.join(OsStr::from_bytes(b"a\xff")), "").unwrap();
    });
}

#[test]
fn sockets_and_fifos() {
    let row = Row {
        files: &[ALL, ("plain", "")],
        findings: &[
            "warning special-file f: `f` is a FIFO",
            "note socket s: `s` is a socket",
        ],
        moves: &["f"],
        ..ROW
    };
    run_after(&row, &CheckOptions::default(), |root| {
        drop(UnixListener::bind(root.join("s")).unwrap());
        let mode = rustix::fs::Mode::from_raw_mode(0o644);
        rustix::fs::mknodat(
            rustix::fs::CWD,
            root.join("f"),
            rustix::fs::FileType::Fifo,
            mode,
            0,
        )
        .unwrap();
    });
}

#[test]
fn names_that_mean_something_in_a_rule() {
    let row = Row {
        files: &[SRC, ("src/a", ""), ("b1", "")],
        findings: &[
            "note large-file !b[1]: ",
            "note large-file #a : ",
            "note unusual-name #a : ",
        ],
        moves: &["!b[1]", "#a "],
        ..ROW
    };
    let mut options = CheckOptions::default();
    options.large_file = 100;
    run_after(&row, &options, |root| {
        for name in ["#a ", "!b[1]"] {
            fs::write(root.join(name), [b'x'; 100]).unwrap();
        }
    });
}

#[test]
fn rules_for_what_is_not_listed_do_something() {
    let row = Row {
        files: &[
            ALL,
            (".dockerignore", "run/app.sock\nfixtures/*.sock\n"),
            ("run/a", ""),
        ],
        findings: &["note dead-rule .dockerignore:2:1: `fixtures/*.sock` matches nothing"],
        ..ROW
    };
    run_after(&row, &CheckOptions::default(), |root| {
        drop(UnixListener::bind(root.join("run/app.sock")).unwrap());
    });
}

#[test]
fn what_cannot_be_read() {
    if rustix::process::geteuid().is_root() {
        // Root may read everything; the program's own tests run it as somebody else.
        return;
    }
    let closed = |root: &std::path::Path| {
        fs::set_permissions(root.join("closed"), Permissions::from_mode(0o000)).unwrap();
    };
    let files = &[ALL, ("closed", ""), ("open", "")];
    let row = Row {
        files,
        findings: &["error unreadable closed: `closed` cannot be read"],
        moves: &["closed"],
        ..ROW
    };
    run_after(&row, &CheckOptions::default(), closed);
    let mut options = CheckOptions::default();
    options.on_unreadable = OnUnreadable::Skip;
    let row = Row {
        files,
        findings: &["warning unreadable closed: `closed` cannot be read"],
        moves: &["closed"],
        ..ROW
    };
    run_after(&row, &options, closed);
}

#[test]
fn sizes() {
    let mut options = CheckOptions::default();
    (options.large_file, options.max_context) = (100, Some(150));
    let large = |root: &std::path::Path| {
        for name in ["unread.iso", "src/read.iso"] {
            fs::write(root.join(name), [b'x'; 100]).unwrap();
        }
        fs::write(root.join("small"), [b'x'; 99]).unwrap();
    };
    let row = Row {
        files: &[SRC, ("src/a", "")],
        findings: &[
            "error context-size .: the files in the context have 323 B, more than the 150 B that are allowed",
            "note large-file unread.iso: `unread.iso` has 100 B, and the Dockerfile does not read it",
        ],
        moves: &["unread.iso"],
        ..ROW
    };
    run_after(&row, &options, large);
    options.max_context = Some(323);
    let row = Row {
        semantics: Semantics::Classic,
        findings: &["warning large-file unread.iso: "],
        ..row
    };
    run_after(&row, &options, large);
    let everything = CheckOptions::default().codes;
    options.codes = &everything - &BTreeSet::from([shipload_explain::Code::LargeFile]);
    run_after(
        &Row {
            findings: &[],
            moves: &[],
            ..row
        },
        &options,
        large,
    );
}
