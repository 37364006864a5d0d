//! A Dockerfile in the making, with what a parser must read from it.

use shipload_dockerfile::builder::Preamble;
use shipload_dockerfile::{Dialect, Dockerfile, DockerfileBuilder, Escape, Item};
use shipload_testkit::buildkit_parser::{Answer, BuildkitParser};
use shipload_testkit::random::Random;

use super::calls;
use super::seen::{Seen, ours, theirs};
use super::want::{Flag, Given, Want};

pub(super) struct Script {
    pub(super) builder: DockerfileBuilder,
    pub(super) escape: char,
    pub(super) wants: Vec<Want>,
    pub(super) comments: Vec<String>,
    pub(super) values: u64,
    pub(super) refused: u64,
    pub(super) onbuild: bool,
}

impl Script {
    pub(super) fn write(random: &mut Random) -> Self {
        let escape = if random.chance(20) {
            Escape::Backtick
        } else {
            Escape::Backslash
        };
        let mut script = Self {
            builder: DockerfileBuilder::new("scratch").unwrap(),
            escape: escape.as_char(),
            wants: Vec::new(),
            comments: Vec::new(),
            values: 0,
            refused: 0,
            onbuild: false,
        };
        let preamble = calls::preamble(random, &mut script, Preamble::new().escape(escape));
        script.builder = preamble.from("base").unwrap();
        script.want("FROM", Given::Words(vec!["base".into()]));
        let mut settings = calls::Settings::default();
        while script.values < 20 {
            calls::one(random, &mut script, &mut settings);
        }
        settings.end(&mut script);
        script.builder.finalize().unwrap();
        script
    }

    pub(super) fn want(&mut self, keyword: &'static str, arguments: Given) {
        self.want_with(keyword, Vec::new(), arguments);
    }

    pub(super) fn want_with(&mut self, keyword: &'static str, flags: Vec<Flag>, arguments: Given) {
        let onbuild = self.onbuild;
        self.wants.push(Want {
            keyword,
            onbuild,
            flags,
            arguments,
        });
    }

    /// Reads it with our parser, as today's BuildKit and as that of older Engines.
    pub(super) fn check_ours(&self, number: u64) {
        for dialect in [Dialect::Current, Dialect::BuildKit0_12] {
            let text = self.builder.text();
            let file = Dockerfile::parse_as(text, dialect);
            let file =
                file.unwrap_or_else(|error| panic!("seed {number}, {dialect:?}: {error}\n{text}"));
            let seen: Vec<_> = file.instructions().map(ours).collect();
            self.check(number, &seen);
            let escapes = file
                .directives()
                .iter()
                .filter(|one| one.name == "escape")
                .count();
            assert_eq!(
                (file.directives().len(), file.escape()),
                (escapes, self.escape),
                "seed {number}\n{text}"
            );
            let comments: Vec<_> = file
                .items()
                .iter()
                .skip(file.directives().len())
                .filter_map(|item| match item {
                    Item::Comment(text) => Some(text.trim_end_matches('\n').to_owned()),
                    Item::Blank(_) | Item::Instruction(_) => None,
                })
                .collect();
            assert_eq!(comments, self.comments, "seed {number}\n{text}");
        }
    }

    /// Reads it with BuildKit's.
    pub(super) fn check_theirs(&self, number: u64, parser: &mut BuildkitParser) {
        let text = self.builder.text();
        match parser.parse(text).unwrap() {
            Answer::Commands(commands) => {
                let seen: Vec<_> = commands.into_iter().map(theirs).collect();
                self.check(number, &seen);
            }
            // The caller's own text: a `HEALTHCHECK` that is cut at a byte in the middle of a character.
            Answer::Unclear(_) if self.wants.iter().any(Want::is_raw) => {}
            answer => panic!("seed {number}: {answer:?}\n{text}"),
        }
    }

    fn check(&self, number: u64, seen: &[Seen]) {
        let text = self.builder.text();
        assert_eq!(
            seen.len(),
            self.wants.len(),
            "seed {number}: instructions\n{text}"
        );
        for (seen, want) in seen.iter().zip(&self.wants) {
            assert!(
                want.is(seen, self.escape),
                "seed {number}\nseen {seen:#?}\nwant {want:#?}\n{text}"
            );
        }
    }
}
