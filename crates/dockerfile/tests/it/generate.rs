//! Random Dockerfiles from a grammar: every instruction in every form.

use shipload_testkit::random::Random;

/// The Dockerfile of a seed. Nearly all are valid for the parser; what they would build is of no interest.
pub(crate) fn dockerfile(seed: u64) -> String {
    let mut random = Random::new(seed);
    let escape = if random.chance(15) { '`' } else { '\\' };
    let end = if random.chance(10) { "\r\n" } else { "\n" };
    let mut text = String::new();
    if random.chance(5) {
        text.push('\u{feff}');
    }
    if random.chance(20) {
        text.push_str("# syntax=docker/dockerfile:1\n");
    }
    if escape == '`' {
        text.push_str("# escape=`\n");
    }
    let mut writer = Writer {
        random: &mut random,
        text,
        escape,
    };
    writer.line("FROM alpine:3 AS base");
    for _ in 0..writer.random.below(12) {
        writer.instruction();
    }
    let text = writer.text;
    if random.chance(10) {
        return text.trim_end_matches('\n').replace('\n', end);
    }
    text.replace('\n', end)
}

struct Writer<'r> {
    random: &'r mut Random,
    text: String,
    escape: char,
}

const WORDS: &[&str] = &[
    "a",
    "src",
    "./x",
    "/usr/bin/env",
    "a.b*c",
    "$HOME",
    "${V:-d}",
    "é",
    "80/tcp",
    "key=value",
    "\"two words\"",
    "'single $x'",
    "a\\ b",
    "&&",
    "|",
    "-f",
    "#no",
    "http://host/x?y=z",
    "[x]",
    "{}",
    "1",
    "\u{1f433}",
    "<",
    ">",
];

const STRINGS: &[&str] = &[
    "a",
    "/bin/sh",
    "-c",
    "two words",
    "\\\"quoted\\\"",
    "\\\\",
    "\\n\\t\\/",
    "\\u00e9",
    "\\ud83d\\udc33",
    "\\ud800",
    "é",
    "",
    "$x",
    "<<EOF",
];

const FLAGS: &[&str] = &[
    "--from=base",
    "--chown=1:1",
    "--chmod=0755",
    "--link",
    "--mount=type=bind,source=a,target=/b",
    "--network=none",
    "--parents",
    "--exclude=*.md",
    "--platform=$BUILDPLATFORM",
    "--x=\"y z\"",
    "--x='y'",
    "--keep-git-dir=true",
    "--\"x\"",
    "--a\\=b",
];

const TEXTS: &[&str] = &[
    "echo a && echo b",
    "set -e; make -j\"$(nproc)\"",
    "cat a | grep '#'",
    "echo \"a  b\" 'c'",
    "true",
    "if [ x = y ]; then z; fi",
    "[ -f x ] || exit",
    "[\"a\", 'b']",
    "{\"a\": 1}",
];

impl Writer<'_> {
    fn line(&mut self, line: &str) {
        self.text.push_str(line);
        self.text.push('\n');
    }

    fn instruction(&mut self) {
        if self.random.chance(15) {
            let line = *self
                .random
                .pick(&["", "# comment", "   ", "  # indented \\", "\t", "#"]);
            self.line(line);
        }
        if self.random.chance(10) {
            self.text.push_str("ONBUILD ");
        }
        match self.random.below(12) {
            0 | 1 => self.plain(&["RUN", "CMD", "ENTRYPOINT", "SHELL"], TEXTS),
            2 => self.json(),
            3 => self.words(&["COPY", "ADD", "VOLUME", "EXPOSE", "FROM", "ARG", "copy"]),
            4 => self.pairs(),
            5 => self.old_pair(),
            6 | 7 => self.heredocs(),
            8 => self.health(),
            9 => self.plain(
                &["USER", "WORKDIR", "STOPSIGNAL", "MAINTAINER", "workdir"],
                WORDS,
            ),
            10 => self.plain(&["INCLUDE", "FOO", "REQUIRE"], TEXTS),
            _ => self.words(&["FROM"]),
        }
    }

    /// A name in some case, and flags.
    fn name(&mut self, names: &[&str]) {
        if self.random.chance(5) {
            let indent = *self.random.pick(&[" ", "\t", "  "]);
            self.text.push_str(indent);
        }
        let name = *self.random.pick(names);
        if self.random.chance(10) {
            self.text.push_str(&name.to_lowercase());
        } else {
            self.text.push_str(name);
        }
        while self.random.chance(20) {
            self.blank();
            let flag = *self.random.pick(FLAGS);
            self.text.push_str(flag);
        }
    }

    /// White space, now and then with a new line in it.
    fn blank(&mut self) {
        let blank = *self.random.pick(&[" ", " ", " ", "  ", "\t"]);
        self.text.push_str(blank);
        if self.random.chance(12) {
            self.text.push(self.escape);
            let rest = *self
                .random
                .pick(&["\n", " \n", "\n# between\n", "\n\n", "\n  # a\n\n"]);
            self.text.push_str(rest);
            if self.random.chance(70) {
                self.text.push_str("  ");
            }
        }
    }

    fn plain(&mut self, names: &[&str], texts: &[&str]) {
        self.name(names);
        for _ in 0..=self.random.below(3) {
            self.blank();
            let text = *self.random.pick(texts);
            self.text.push_str(text);
        }
        self.text.push('\n');
    }

    fn words(&mut self, names: &[&str]) {
        self.plain(names, WORDS);
    }

    fn array(&mut self) {
        let strings: Vec<String> = (0..self.random.below(4))
            .map(|_| format!("\"{}\"", self.random.pick(STRINGS)))
            .collect();
        let comma = *self.random.pick(&[", ", ",", " , "]);
        self.text.push('[');
        self.text.push_str(&strings.join(comma));
        self.text.push(']');
    }

    fn json(&mut self) {
        self.name(&["RUN", "CMD", "ENTRYPOINT", "SHELL", "COPY", "ADD", "VOLUME"]);
        self.blank();
        self.array();
        self.text.push('\n');
    }

    fn pairs(&mut self) {
        self.name(&["ENV", "LABEL"]);
        for _ in 0..=self.random.below(3) {
            self.blank();
            let name = *self.random.pick(&["A", "b.c", "x-y", "\"q r\"", "é"]);
            let value = *self.random.pick(&[
                "1",
                "",
                "\"two words\"",
                "'a'",
                "a\\ b",
                "$x",
                "a=b",
                "\"a\\\"b\"",
            ]);
            self.text.extend([name, "=", value]);
        }
        self.text.push('\n');
    }

    fn old_pair(&mut self) {
        self.name(&["ENV", "LABEL"]);
        self.blank();
        let value = *self
            .random
            .pick(&["1", "two words", "\"quoted\"", "a=b", "a   b"]);
        self.text.extend(["NAME ", value, "\n"]);
    }

    fn health(&mut self) {
        self.text.push_str("HEALTHCHECK");
        if self.random.chance(40) {
            self.blank();
            let flag = *self
                .random
                .pick(&["--interval=5s", "--timeout=1m", "--retries=3"]);
            self.text.push_str(flag);
        }
        self.blank();
        match self.random.below(4) {
            0 => self.text.push_str("NONE"),
            1 => self
                .text
                .push_str("CMD curl -f http://localhost/ || exit 1"),
            2 => {
                self.text.push_str("CMD ");
                self.array();
            }
            _ => self.text.push_str("cmd"),
        }
        self.text.push('\n');
    }

    fn heredocs(&mut self) {
        self.name(&["RUN", "COPY", "ADD"]);
        let mut bodies = String::new();
        for _ in 0..=self.random.below(2) {
            self.blank();
            let (word, end) = *self.random.pick(&[
                ("<<EOF", "EOF"),
                ("<<-EOF", "\t\tEOF"),
                ("<<\"EOF\"", "EOF"),
                ("<<'a b'", "a b"),
                ("3<<X", "X"),
                ("<<a.txt", "a.txt"),
                ("<<-'Y'", "Y"),
            ]);
            self.text.push_str(word);
            for _ in 0..self.random.below(3) {
                let line = *self.random.pick(&[
                    "\techo a",
                    "# not a comment",
                    "",
                    "FROM x",
                    "a \\",
                    "EOF2",
                    "\u{a0}é",
                ]);
                bodies.push_str(line);
                bodies.push('\n');
            }
            bodies.push_str(end);
            bodies.push('\n');
        }
        if self.random.chance(50) {
            self.blank();
            self.text.push_str("/d/");
        }
        self.text.push('\n');
        self.text.push_str(&bodies);
    }
}
