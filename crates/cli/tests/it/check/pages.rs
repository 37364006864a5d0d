//! The example on each page of docs/checks is what the program says of a directory made for it, and the cure there cures it.
//!
//! With `SHIPLOAD_WRITE_PAGES` set the examples are written instead of compared.

use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;
use std::path::PathBuf;

use fs_err as fs;
use serde_json::Value;
use shipload::explain::Code;
use shipload_testkit::workspace;

use crate::sandbox::{Run, Sandbox};

/// A directory in which a code is found.
struct Scene {
    code: Code,
    /// Beside `check --only CODE`.
    arguments: &'static [&'static str],
    files: &'static [(&'static str, &'static str)],
    /// What files alone do not make.
    make: fn(&Sandbox),
    cure: Cure,
}

/// What the page says is to be done.
enum Cure {
    /// The edits of the finding.
    Edits,
    /// What a person has to decide on.
    By(fn(&Sandbox)),
}

const ALL: (&str, &str) = ("Dockerfile", "FROM scratch\nCOPY . /\n");
const SRC: (&str, &str) = ("Dockerfile", "FROM scratch\nCOPY src /\n");
const CLASSIC: &[&str] = &["--engine", "classic"];

const SCENE: Scene = Scene {
    code: Code::DeadRule,
    arguments: &[],
    files: &[ALL],
    make: |_| {},
    cure: Cure::Edits,
};

/// Random texts, which stand for secrets.
const RANDOM: [&str; 3] = [
    "zQWBuTSOoRi4A9spHcVY5ncnsDkxkJ0mLq17",
    "q8Zr2Lm9Xw4TbN7c",
    "b7f3c09e1d5a4826f0c7",
];

const IN_RULES: &[Scene] = &[
    Scene {
        code: Code::MalformedRule,
        files: &[ALL, (".dockerignore", "# names\nx[\n")],
        cure: Cure::By(|at| at.write(".dockerignore", "# names\nx\\[\n")),
        ..SCENE
    },
    Scene {
        files: &[ALL, (".dockerignore", "fixtures/old\n")],
        ..SCENE
    },
    Scene {
        code: Code::AnchoredRule,
        files: &[
            ALL,
            (".dockerignore", "*.test.ts\n"),
            ("src/a.test.ts", ""),
            ("src/b.test.ts", ""),
        ],
        ..SCENE
    },
    Scene {
        code: Code::WrongCase,
        files: &[
            ALL,
            (".dockerignore", "*.PDF\n"),
            ("a.pdf", ""),
            ("b.pdf", ""),
        ],
        ..SCENE
    },
    Scene {
        code: Code::ShadowedRule,
        files: &[
            ALL,
            (".dockerignore", "data/a\ndata\n"),
            ("data/a", ""),
            ("data/b", ""),
        ],
        ..SCENE
    },
    Scene {
        code: Code::DuplicateRule,
        files: &[
            ALL,
            (".dockerignore", "a\nb\n/a/\n"),
            ("a/x", ""),
            ("b", ""),
        ],
        ..SCENE
    },
    Scene {
        code: Code::FutileException,
        arguments: CLASSIC,
        files: &[
            ALL,
            (".dockerignore", "docs\n!**/*.md\n"),
            ("docs/a.md", ""),
            ("docs/b", ""),
        ],
        cure: Cure::By(|at| at.write(".dockerignore", "docs/*\n!docs/*.md\n")),
        ..SCENE
    },
    Scene {
        code: Code::CommentAsPattern,
        files: &[
            ALL,
            (".dockerignore", "a\nb # and b\n"),
            ("a", ""),
            ("b", ""),
        ],
        ..SCENE
    },
    Scene {
        code: Code::NegatedClass,
        files: &[ALL, (".dockerignore", "f[!a]\n"), ("fa", ""), ("fb", "")],
        ..SCENE
    },
    Scene {
        code: Code::RegularExpression,
        files: &[
            ALL,
            (".dockerignore", "*.{js,ts}\n"),
            ("a.js", ""),
            ("b.ts", ""),
        ],
        ..SCENE
    },
    Scene {
        code: Code::TrailingSlash,
        files: &[ALL, (".dockerignore", "cfg/\n"), ("cfg", "")],
        cure: Cure::By(|at| at.write(".dockerignore", "cfg\n")),
        ..SCENE
    },
    Scene {
        code: Code::ByteOrderMark,
        files: &[
            ALL,
            (".dockerignore", "\u{feff}fixtures\n"),
            ("fixtures/a", ""),
        ],
        ..SCENE
    },
    Scene {
        code: Code::LineEndings,
        files: &[
            ALL,
            (".dockerignore", "fixtures\r\n*.md\r\n"),
            ("fixtures/a", ""),
        ],
        ..SCENE
    },
    Scene {
        code: Code::TrailingSpace,
        files: &[ALL, (".dockerignore", "fixtures  \n"), ("fixtures/a", "")],
        ..SCENE
    },
    Scene {
        code: Code::DisabledRules,
        files: &[
            ALL,
            ("Dockerfile.dockerignore", "# nothing\n"),
            (".dockerignore", "a\n"),
            ("a", ""),
        ],
        cure: Cure::By(|at| fs::remove_file(at.path("Dockerfile.dockerignore")).unwrap()),
        ..SCENE
    },
    Scene {
        code: Code::UnreadRules,
        arguments: &["-f", "docker/Dockerfile"],
        files: &[
            ("docker/Dockerfile", "FROM scratch\n"),
            ("docker/.dockerignore", "a\n"),
            ("a", ""),
        ],
        cure: Cure::By(|at| {
            fs::rename(
                at.path("docker/.dockerignore"),
                at.path("docker/Dockerfile.dockerignore"),
            )
            .unwrap();
        }),
        ..SCENE
    },
    Scene {
        code: Code::EngineDifference,
        files: &[
            ALL,
            (".dockerignore", "*\n!**/*.md\n"),
            ("d/b.md", ""),
            ("d/c.md", ""),
        ],
        cure: Cure::By(|at| at.write(".dockerignore", "*\n!d/b.md\n!d/c.md\n")),
        ..SCENE
    },
];

const IN_DOCKERFILES: &[Scene] = &[
    Scene {
        code: Code::DockerfileSyntax,
        files: &[("Dockerfile", "FROM scratch\nCOPY a\n"), ("a", "")],
        cure: Cure::By(|at| at.write("Dockerfile", "FROM scratch\nCOPY a /\n")),
        ..SCENE
    },
    Scene {
        code: Code::UnknownReads,
        files: &[("Dockerfile", "# syntax=vendor/yaml\nfrom: scratch\n")],
        cure: Cure::By(|at| at.write("Dockerfile", "FROM scratch\n")),
        ..SCENE
    },
    Scene {
        code: Code::MissingSource,
        files: &[
            ("Dockerfile", "FROM scratch\nCOPY src package.json /app/\n"),
            ("src/a", ""),
            ("web/package.json", "{}"),
        ],
        cure: Cure::By(|at| {
            at.write(
                "Dockerfile",
                "FROM scratch\nCOPY src web/package.json /app/\n",
            );
        }),
        ..SCENE
    },
    Scene {
        code: Code::IgnoredSource,
        files: &[
            ("Dockerfile", "FROM scratch\nCOPY a.log /\n"),
            (".dockerignore", "*.log\n"),
            ("a.log", ""),
        ],
        ..SCENE
    },
    Scene {
        code: Code::DockerfileSecret,
        make: |at| {
            let text = format!("FROM scratch\nENV API_TOKEN={}\n", RANDOM[1]);
            at.write("Dockerfile", text);
        },
        cure: Cure::By(|at| {
            at.write(
                "Dockerfile",
                "FROM scratch\nRUN --mount=type=secret,id=token x\n",
            );
        }),
        ..SCENE
    },
];

const IN_CONTEXTS: &[Scene] = &[
    Scene {
        code: Code::Junk,
        files: &[
            ("Dockerfile", "FROM node\nWORKDIR /app\nCOPY . .\n"),
            ("web/node_modules/b.js", ""),
        ],
        make: |at| large(at, "node_modules/a/index.js", 381_000_000),
        ..SCENE
    },
    Scene {
        code: Code::LargeFile,
        arguments: CLASSIC,
        files: &[SRC, ("src/a", "")],
        make: |at| large(at, "dump.sql", 812_000_000),
        ..SCENE
    },
    Scene {
        code: Code::ContextSize,
        arguments: &["--max-context", "50mb"],
        files: &[ALL, ("package.json", "{}")],
        make: |at| {
            large(at, "node_modules/a.js", 381_000_000);
            large(at, "src/a.js", 38_000_000);
        },
        cure: Cure::By(|at| at.write(".dockerignore", "**/node_modules\n")),
    },
    Scene {
        code: Code::DanglingLink,
        files: &[ALL, (".dockerignore", "b\n"), ("b", ""), ("d/a", "")],
        make: |at| symlink("../b", at.path("d/c")).unwrap(),
        cure: Cure::By(|at| at.write(".dockerignore", "b\nd/c\n")),
        ..SCENE
    },
    Scene {
        code: Code::EscapingLink,
        make: |at| symlink("../shared/conf", at.path("conf")).unwrap(),
        cure: Cure::By(|at| {
            fs::remove_file(at.path("conf")).unwrap();
            at.write("conf", "");
        }),
        ..SCENE
    },
    Scene {
        code: Code::Socket,
        files: &[ALL, ("run/a", "")],
        make: |at| drop(UnixListener::bind(at.path("run/app.sock")).unwrap()),
        ..SCENE
    },
    Scene {
        code: Code::SpecialFile,
        make: |at| {
            let mode = 0o644.into();
            rustix::fs::mkfifoat(rustix::fs::CWD, at.path("f"), mode).unwrap();
        },
        ..SCENE
    },
    Scene {
        code: Code::WhiteoutName,
        arguments: CLASSIC,
        files: &[ALL, (".wh.a", "")],
        cure: Cure::By(|at| fs::rename(at.path(".wh.a"), at.path("a")).unwrap()),
        ..SCENE
    },
    Scene {
        code: Code::Unreadable,
        files: &[ALL, ("data/db/a", "")],
        make: |at| {
            let closed = std::os::unix::fs::PermissionsExt::from_mode(0o000);
            fs::set_permissions(at.path("data/db"), closed).unwrap();
        },
        ..SCENE
    },
    Scene {
        code: Code::Secret,
        make: |at| {
            at.write(
                "deploy.sh",
                format!("#!/bin/sh\nTOKEN={}_{}\n", "ghp", RANDOM[0]),
            );
        },
        ..SCENE
    },
    Scene {
        code: Code::SecretFile,
        make: |at| {
            at.write(
                ".netrc",
                format!("machine r login me password {}\n", RANDOM[1]),
            );
        },
        ..SCENE
    },
    Scene {
        code: Code::PossibleSecret,
        make: |at| {
            at.write(
                "settings.py",
                format!("A = 1\nB = 2\nSECRET='{}'\n", RANDOM[2]),
            );
        },
        ..SCENE
    },
    Scene {
        code: Code::GitIgnored,
        files: &[
            ALL,
            (".gitignore", "local.cfg\n"),
            (".dockerignore", ".git\n"),
            ("local.cfg", "a = 1\n"),
        ],
        make: |at| at.git(&["init", "-q"]),
        ..SCENE
    },
    Scene {
        code: Code::CaseCollision,
        files: &[ALL, ("Readme", ""), ("readme", "")],
        cure: Cure::By(|at| fs::remove_file(at.path("readme")).unwrap()),
        ..SCENE
    },
    Scene {
        code: Code::UnusualName,
        files: &[ALL, ("a\u{1b}b", "")],
        cure: Cure::By(|at| fs::rename(at.path("a\u{1b}b"), at.path("ab")).unwrap()),
        ..SCENE
    },
];

/// A file without content of this size.
fn large(at: &Sandbox, name: &str, size: u64) {
    at.write(name, "");
    let file = fs::File::options().write(true).open(at.path(name));
    file.unwrap().set_len(size).unwrap();
}

impl Scene {
    /// What `check` says; none where it cannot be tried.
    fn run(&self, sandbox: &Sandbox, format: &str) -> Option<Run> {
        let mut arguments = vec!["check", "--only", self.code.name(), "--format", format];
        arguments.extend(self.arguments);
        // Root may read everything.
        if self.code == Code::Unreadable && rustix::process::geteuid().is_root() {
            let mut command = sandbox.command_as_nobody(&arguments)?;
            return Some(sandbox.finish(command.spawn().unwrap()));
        }
        Some(sandbox.run(&arguments))
    }

    fn try_out(&self) {
        let code = self.code;
        let sandbox = Sandbox::with(self.files);
        (self.make)(&sandbox);
        let Some(run) = self.run(&sandbox, "text") else {
            return;
        };
        assert_eq!(run.stderr, "", "{code}");
        self.hold_against_page(&run.text());
        let json = self
            .run(&sandbox, "json")
            .map(Run::text)
            .unwrap_or_default();
        match self.cure {
            Cure::Edits => json.lines().for_each(|line| apply(&sandbox, line)),
            Cure::By(cure) => {
                assert!(!json.contains("\"start\""), "{code} has edits");
                cure(&sandbox);
            }
        }
        let after = self
            .run(&sandbox, "text")
            .map(Run::text)
            .unwrap_or_default();
        assert_eq!(after, "", "{code} is not cured");
    }

    fn hold_against_page(&self, said: &str) {
        let path = page(self.code);
        let text = fs::read_to_string(&path).unwrap();
        let (before, rest) = text.split_once("## Example\n\n```text\n").unwrap();
        let (example, after) = rest.split_once("```\n").unwrap();
        // Pages have no white space at the ends of lines.
        let said: String = said
            .lines()
            .flat_map(|line| [line.trim_end(), "\n"])
            .collect();
        if std::env::var_os("SHIPLOAD_WRITE_PAGES").is_some() {
            let text = format!("{before}## Example\n\n```text\n{said}```\n{after}");
            fs::write(&path, text).unwrap();
        } else {
            assert_eq!(
                said, example,
                "{}: run this test with SHIPLOAD_WRITE_PAGES=1",
                self.code
            );
        }
    }
}

fn page(code: Code) -> PathBuf {
    workspace::root().join(format!("docs/checks/{code}.md"))
}

/// Makes the edits of a finding, the last one first.
fn apply(sandbox: &Sandbox, finding: &str) {
    let finding: Value = serde_json::from_str(finding).unwrap();
    let edits = finding["fix"]["edits"].as_array().unwrap();
    assert!(!edits.is_empty(), "no edits: {finding}");
    for edit in edits.iter().rev() {
        let number = |name: &str| usize::try_from(edit[name].as_u64().unwrap()).unwrap();
        let file = edit["file"].as_str().unwrap();
        let mut content = fs::read(sandbox.path(file)).unwrap_or_default();
        let text = edit["text"].as_str().unwrap();
        content.splice(number("start")..number("end"), text.bytes());
        sandbox.write(file, content);
    }
}

#[test]
fn examples_are_found_and_cured() {
    let scenes = || {
        [IN_RULES, IN_DOCKERFILES, IN_CONTEXTS]
            .into_iter()
            .flatten()
    };
    for code in Code::ALL {
        let own = scenes().filter(|scene| scene.code == *code);
        assert_eq!(own.count(), 1, "{code}");
    }
    scenes().for_each(Scene::try_out);
}
