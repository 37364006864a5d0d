//! Rules: their text, what they do, to whom, and which files of them are read.

use shipload_context::Semantics;

use super::{ALL, ROW, Row};

const TEXT: &[Row] = &[
    Row {
        name: "comments that are none",
        files: &[
            ALL,
            (".dockerignore", " # all logs\nb # and b\n"),
            ("b", ""),
            ("c", ""),
        ],
        findings: &[
            "warning comment-as-pattern .dockerignore:1:2: only a `#` at the very start",
            "warning comment-as-pattern .dockerignore:2:3: `# and b` is part of the pattern",
        ],
        moves: &["b"],
        ..ROW
    },
    Row {
        name: "comments, and names with a number sign",
        files: &[
            ALL,
            (".dockerignore", "# all logs\n #b\nc #d\n"),
            ("#b", ""),
            ("c #d", ""),
        ],
        ..ROW
    },
    Row {
        name: "a class that negates nothing",
        files: &[ALL, (".dockerignore", "f[!a]\n"), ("fa", ""), ("fb", "")],
        findings: &[
            "warning negated-class .dockerignore:1:2: `[!` starts a class that holds `!`: a",
        ],
        moves: &["fa", "fb"],
        ..ROW
    },
    Row {
        name: "a class that negates",
        files: &[
            ALL,
            (".dockerignore", "f[^a]\nx\\[!a]\n"),
            ("fa", ""),
            ("fb", ""),
            ("x[!a]", ""),
        ],
        ..ROW
    },
    Row {
        name: "a choice of words",
        files: &[
            ALL,
            (".dockerignore", "*.{js,ts}\n"),
            ("a.js", ""),
            ("b.ts", ""),
        ],
        findings: &["warning regular-expression .dockerignore:1:3: `{a,b}` is no choice"],
        moves: &["a.js", "b.ts"],
        ..ROW
    },
    Row {
        name: "signs of regular expressions",
        files: &[
            ALL,
            (".dockerignore", "a|b*\nx{2}*\n^c*\n"),
            ("ay", ""),
            ("a|bc", ""),
            ("xx", ""),
            ("x{2}", ""),
            ("cd", ""),
            ("^cd", ""),
        ],
        findings: &[
            "warning regular-expression .dockerignore:1:2: beside wildcards, `|` has",
            "warning regular-expression .dockerignore:2:2: beside wildcards, `{` has",
            "warning regular-expression .dockerignore:3:1: beside wildcards, `^` has",
        ],
        moves: &["^cd", "ay", "cd", "xx", "x{2}"],
        ..ROW
    },
    Row {
        name: "the same signs where they are themselves",
        files: &[
            ALL,
            (".dockerignore", "a|b\n[a|b]z*\n\\^c*\n{{v}}/*\n"),
            ("a|b", ""),
            ("az", ""),
            ("^c", ""),
            ("{{v}}/f", ""),
        ],
        ..ROW
    },
    Row {
        name: "a final slash on a file",
        files: &[ALL, (".dockerignore", "cfg/\n"), ("cfg", "")],
        findings: &[
            "warning trailing-slash .dockerignore:1:4: the final `/` is dropped: the rule also holds for `cfg`",
        ],
        ..ROW
    },
    Row {
        name: "a final slash on a directory",
        files: &[ALL, (".dockerignore", "cfg/\n"), ("cfg/a", "")],
        ..ROW
    },
    Row {
        name: "a byte order mark and line ends",
        files: &[
            ALL,
            (".dockerignore", "\u{feff}a\r\nb\r\n"),
            ("a", ""),
            ("b", ""),
        ],
        findings: &[
            "note byte-order-mark .dockerignore:1:1: the file starts with",
            "note line-endings .dockerignore:1:1: 2 lines end in CR LF",
        ],
        ..ROW
    },
    Row {
        name: "carriage returns alone",
        files: &[ALL, (".dockerignore", "a\rb\n"), ("a", ""), ("b", "")],
        findings: &[
            "warning line-endings .dockerignore:1:2: a CR within a line ends no line: what follows is part of the pattern",
        ],
        moves: &["a", "b"],
        ..ROW
    },
    Row {
        name: "carriage returns for all lines",
        files: &[
            ALL,
            (".dockerignore", "# made long ago\ra\rb\r"),
            ("a", ""),
            ("b", ""),
        ],
        findings: &[
            "warning line-endings .dockerignore:1:16: a CR within a line ends no line: what follows is part of the comment",
        ],
        moves: &["a", "b"],
        ..ROW
    },
    Row {
        name: "white space behind rules",
        files: &[
            ALL,
            (".dockerignore", "a \n\nb\t\u{a0}\r\n# c \n \n!b/d\n"),
            ("a", ""),
            ("b/c", ""),
            ("b/d", ""),
        ],
        findings: &[
            "note line-endings .dockerignore:1:1: 1 line ends in CR LF",
            "note trailing-space .dockerignore:1:2: 2 rules end in white space; Docker and podman trim that",
        ],
        ..ROW
    },
    Row {
        name: "white space behind a name",
        files: &[ALL, (".dockerignore", "a \n"), ("a ", ""), ("b", "")],
        findings: &[
            "warning trailing-space .dockerignore:1:2: builders trim the white space with which the name `a ` ends",
            "note unusual-name a : ",
        ],
        moves: &["a "],
        ..ROW
    },
    Row {
        name: "white space before rules, and none",
        files: &[
            ALL,
            (".dockerignore", "  a\nb[ ]\nc d\n"),
            ("a", ""),
            ("b ", ""),
            ("c d", ""),
        ],
        ..ROW
    },
    Row {
        name: "malformed",
        files: &[ALL, (".dockerignore", "ok\nx[\n\n!\n"), ("x", "")],
        findings: &[
            "error malformed-rule .dockerignore:2:2: `x[` is a malformed pattern",
            "error malformed-rule .dockerignore:4:1: `!` re-includes nothing",
        ],
        ..ROW
    },
    Row {
        name: "malformed when it is used",
        files: &[ALL, (".dockerignore", "[b-a]\n"), ("x", "")],
        findings: &["error malformed-rule .dockerignore:1:1: `[b-a]` cannot be evaluated"],
        ..ROW
    },
    Row {
        name: "malformed to podman",
        files: &[ALL, (".dockerignore", "(a\n"), ("(a", "")],
        findings: &[
            "warning malformed-rule .dockerignore:1:1: podman refuses this: `(a` cannot be evaluated",
        ],
        ..ROW
    },
];

const EFFECTS: &[Row] = &[
    Row {
        name: "a rule for what is not there",
        files: &[ALL, (".dockerignore", "fixtures/old\n"), ("a", "")],
        findings: &["note dead-rule .dockerignore:1:1: `fixtures/old` matches nothing"],
        ..ROW
    },
    Row {
        name: "a mark before a rule for what is not there",
        files: &[ALL, (".dockerignore", "\u{feff}fixtures/old\n"), ("a", "")],
        findings: &[
            "note byte-order-mark .dockerignore:1:1: ",
            "note dead-rule .dockerignore:1:4: `fixtures/old` matches nothing",
        ],
        ..ROW
    },
    Row {
        name: "a rule for what comes and goes",
        files: &[
            ALL,
            (".dockerignore", "**/node_modules\n*.log\n/local.cfg\n"),
            (".gitignore", "local.cfg\n"),
            ("a", ""),
        ],
        ..ROW
    },
    Row {
        name: "anchored",
        files: &[
            ALL,
            (".dockerignore", "*.test.ts\n"),
            ("src/a.test.ts", ""),
            ("src/d/b.test.ts", ""),
            ("src/c.ts", ""),
        ],
        findings: &[
            "warning anchored-rule .dockerignore:1:1: `*.test.ts` matches nothing, since patterns start at the top of the context; `**/*.test.ts` would match 2 files",
        ],
        moves: &["src/a.test.ts", "src/d/b.test.ts"],
        ..ROW
    },
    Row {
        name: "anchored names, of junk, of a file, and of what is built at the top",
        files: &[
            ALL,
            (".dockerignore", "node_modules\nlocal.js\ndist\n"),
            ("web/node_modules/a.js", ""),
            ("lib/local.js", ""),
            ("vendor/x/dist/a.js", ""),
        ],
        findings: &[
            "warning anchored-rule .dockerignore:1:1: `node_modules` matches nothing",
            "note anchored-rule .dockerignore:2:1: `local.js` matches nothing, since patterns start at the top of the context; `**/local.js` would match 1 file",
            "warning junk web/node_modules: ",
        ],
        moves: &["web/node_modules/a.js"],
        ..ROW
    },
    Row {
        name: "anchored and meant so",
        files: &[
            ALL,
            (".dockerignore", "/fixture.bin\nsrc/fixture.bin\n"),
            ("src/d/fixture.bin", ""),
        ],
        findings: &[
            "note dead-rule .dockerignore:1:1: `/fixture.bin` matches nothing",
            "note dead-rule .dockerignore:2:1: `src/fixture.bin` matches nothing",
        ],
        ..ROW
    },
    Row {
        name: "anchored, with another rule for the rest",
        files: &[
            ALL,
            (".dockerignore", "*.pyc\n**/*.pyc\n"),
            ("src/a.pyc", ""),
        ],
        ..ROW
    },
    Row {
        name: "case",
        files: &[
            ALL,
            (".dockerignore", "Node_Packages\n*.PDF\n"),
            ("node_packages/a", ""),
            ("b.pdf", ""),
            ("c", ""),
        ],
        findings: &[
            "warning wrong-case .dockerignore:1:1: `Node_Packages` matches nothing, since case counts; `node_packages` would match 1 path",
            "warning wrong-case .dockerignore:2:1: `*.PDF` matches nothing, since case counts; `*.pdf` would match 1 file",
        ],
        moves: &["b.pdf", "node_packages/a"],
        ..ROW
    },
    Row {
        name: "the right case",
        files: &[
            ALL,
            (".dockerignore", "node_packages\n*.pdf\n"),
            ("node_packages/a", ""),
            ("b.pdf", ""),
        ],
        ..ROW
    },
    Row {
        name: "a rule that another one covers",
        files: &[
            ALL,
            (".dockerignore", "data/a\ndata\n"),
            ("data/a", ""),
            ("data/b", ""),
        ],
        findings: &[
            "note shadowed-rule .dockerignore:1:1: `data/a` matches 1 path, and nothing would change without it",
        ],
        ..ROW
    },
    Row {
        name: "two rules that need each other",
        files: &[
            ALL,
            (".dockerignore", "data/*\n!data/a\n"),
            ("data/a", ""),
            ("data/b", ""),
        ],
        ..ROW
    },
    Row {
        name: "the same rule twice",
        files: &[
            ALL,
            (".dockerignore", "a\nb\n/a/\n"),
            ("a/x", ""),
            ("b", ""),
        ],
        findings: &["note duplicate-rule .dockerignore:3:1: `/a/` is there already, in line 1"],
        ..ROW
    },
    Row {
        name: "the same rule twice with something between",
        files: &[
            ALL,
            (".dockerignore", "*.c\n!x.c\nd/*\n!d/x.c\n"),
            ("a.c", ""),
            ("x.c", ""),
            ("d/x.c", ""),
            ("d/y.c", ""),
        ],
        ..ROW
    },
    Row {
        name: "an exception from nothing",
        files: &[ALL, (".dockerignore", "b\n!a\n"), ("a", ""), ("b", "")],
        findings: &[
            "note futile-exception .dockerignore:2:1: `!a` includes nothing again: nothing that it matches is excluded",
        ],
        ..ROW
    },
    Row {
        name: "an exception that comes too early",
        files: &[
            ALL,
            (".dockerignore", "!a.md\n*.md\n"),
            ("a.md", ""),
            ("b.md", ""),
        ],
        findings: &[
            "warning futile-exception .dockerignore:1:1: `!a.md` includes nothing again: `a.md` is excluded again by line 2",
        ],
        ..ROW
    },
    Row {
        name: "an exception below what is not entered",
        semantics: Semantics::Classic,
        files: &[
            ALL,
            (".dockerignore", "docs\n!**/*.md\n"),
            ("docs/a.md", ""),
        ],
        findings: &[
            "warning engine-difference .dockerignore:1:1: `docs` means something else to each builder: `docs/a.md` is in the context of buildkit, and not in that of classic",
            "warning futile-exception .dockerignore:2:1: `!**/*.md` includes nothing again: `docs/a.md` is in a directory that is excluded by line 1, and classic does not look into it",
        ],
        ..ROW
    },
    Row {
        name: "an exception for what directories hand down",
        files: &[
            ALL,
            (".dockerignore", "**/*.log\n!logs\n"),
            ("logs/a.log", ""),
            ("logs/b", ""),
        ],
        findings: &[
            "warning engine-difference",
            "note futile-exception .dockerignore:2:1: `!logs`",
        ],
        ..ROW
    },
    Row {
        name: "an exception that works",
        files: &[
            ALL,
            (".dockerignore", "docs/*\n!docs/a.md\n"),
            ("docs/a.md", ""),
            ("docs/b.md", ""),
        ],
        ..ROW
    },
    Row {
        name: "rules about the build's own files",
        files: &[
            ALL,
            (".dockerignore", "Dockerfile\n.dockerignore\n*.txt\n"),
            ("a.txt", ""),
            ("b", ""),
        ],
        ..ROW
    },
];

const ENGINES: &[Row] = &[
    Row {
        name: "what only BuildKit enters",
        files: &[
            ALL,
            (".dockerignore", "*\n!**/*.md\n"),
            ("a.md", ""),
            ("d/b.md", ""),
            ("d/c.md", ""),
        ],
        findings: &[
            "warning engine-difference .dockerignore:1:1: `*` means something else to each builder: 2 files are in the context of buildkit, and not in that of classic and podman",
        ],
        ..ROW
    },
    Row {
        name: "a name that has to be escaped",
        files: &[
            ALL,
            (".dockerignore", "lib\n!lib/\\[x\\]/a\n"),
            ("lib/[x]/a", ""),
            ("lib/[x]/b", ""),
            ("lib/y", ""),
        ],
        findings: &[
            "warning engine-difference .dockerignore:1:1: `lib` means something else to each builder: `lib/[x]/a` is in the context of buildkit, and not in that of classic and podman",
        ],
        ..ROW
    },
    Row {
        name: "the same, by the classic builder",
        semantics: Semantics::Classic,
        files: &[
            ALL,
            (".dockerignore", "lib\n!lib/\\[x\\]/a\n"),
            ("lib/[x]/a", ""),
            ("lib/y", ""),
        ],
        findings: &[
            "warning engine-difference .dockerignore:1:1: ",
            "warning futile-exception .dockerignore:2:1: ",
        ],
        moves: &["lib/[x]/a"],
    },
    Row {
        name: "what all enter",
        files: &[
            ALL,
            (".dockerignore", "*\n!d\n!*.md\n"),
            ("a.md", ""),
            ("d/b.md", ""),
            ("x", ""),
        ],
        ..ROW
    },
];

const PLACES: &[Row] = &[
    Row {
        name: "an empty file of the Dockerfile's own",
        files: &[
            ALL,
            ("Dockerfile.dockerignore", "# nothing\n"),
            (".dockerignore", "a\n"),
            ("a", ""),
        ],
        findings: &[
            "warning disabled-rules Dockerfile.dockerignore:1:1: `Dockerfile.dockerignore` has no rules, and keeps `.dockerignore` from being read",
        ],
        ..ROW
    },
    Row {
        name: "a file of the Dockerfile's own with rules",
        files: &[
            ALL,
            ("Dockerfile.dockerignore", "a\n"),
            (".dockerignore", "b\n"),
            ("a", ""),
            ("b", ""),
        ],
        ..ROW
    },
    Row {
        name: "a file that only others read",
        files: &[ALL, (".containerignore", "a\n"), ("a", "")],
        findings: &[
            "warning unread-rules .containerignore:1:1: buildkit does not read `.containerignore`, which podman does",
        ],
        ..ROW
    },
    Row {
        name: "a file that only BuildKit reads",
        semantics: Semantics::Classic,
        files: &[
            ALL,
            ("Dockerfile.dockerignore", "a\n"),
            (".dockerignore", "b\n"),
            ("a", ""),
            ("b", ""),
        ],
        findings: &[
            "note unread-rules Dockerfile.dockerignore:1:1: classic does not read `Dockerfile.dockerignore`, which buildkit does",
        ],
        ..ROW
    },
    Row {
        name: "a file beside a Dockerfile that is not at the top",
        files: &[
            ("docker/Dockerfile", "FROM scratch\nCOPY a /\n"),
            ("docker/.dockerignore", "b\n"),
            ("a", ""),
        ],
        findings: &[
            "warning unread-rules docker/.dockerignore:1:1: `docker/.dockerignore` is not read",
        ],
        ..ROW
    },
    Row {
        name: "a file that belongs to another context",
        files: &[
            ALL,
            ("web/Dockerfile", "FROM scratch\n"),
            ("web/.dockerignore", "b\n"),
            ("a", ""),
        ],
        ..ROW
    },
];

fn run(rows: &[Row]) {
    for row in rows {
        row.run();
    }
}

#[test]
fn text() {
    run(TEXT);
}

#[test]
fn effects() {
    run(EFFECTS);
}

#[test]
fn engines() {
    run(ENGINES);
}

#[test]
fn places() {
    run(PLACES);
}
