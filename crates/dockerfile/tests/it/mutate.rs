//! Random texts that are almost Dockerfiles: pieces of real and generated ones with what parsers stumble over put in.

use std::sync::LazyLock;

use shipload_testkit::random::Random;

use crate::corpus::{Sample, samples};
use crate::generate;

static SAMPLES: LazyLock<Vec<Sample>> = LazyLock::new(samples);

/// The most lines that are taken of a sample, so that a case is quickly parsed and shrunk.
const WINDOW: usize = 24;

/// What BuildKit's parser looks at, or might.
pub(crate) const TOKENS: &[&str] = &[
    "\\",
    "`",
    "#",
    "\\\n",
    "`\n",
    "\\ \t\n",
    "\\\\\n",
    "\\\r\n",
    "\n",
    "\r\n",
    "\r",
    "\n\n",
    "\t",
    " ",
    "  ",
    "\u{b}",
    "\u{c}",
    "\u{a0}",
    "\u{85}",
    "\u{2028}",
    "\u{2003}",
    "\u{feff}",
    "\u{200b}",
    "é",
    "\u{1f433}",
    "\u{7f}",
    "\u{1}",
    "\"",
    "'",
    "\"\"",
    "''",
    "\"a b\"",
    "'a b'",
    "\\\"",
    "\\'",
    "\\ ",
    "$",
    "$x",
    "${x}",
    "${x:-y}",
    "${x",
    "\\$",
    "=",
    "==",
    "a=b",
    "a= b",
    "a=\"b c\"",
    "--",
    "---",
    "-- ",
    "--x",
    "--x=y",
    "--x=\"y z\"",
    "--x='y",
    "--\\x=y",
    "--from=a",
    "--x=é",
    "-",
    "<",
    "<<",
    "<<<",
    "<<-",
    "<<EOF",
    "<<-EOF",
    "<<\"EOF\"",
    "<<'E F'",
    "3<<EOF",
    "99999999999999999999<<E",
    "<<E\"O\"F",
    "<<$x",
    "<<${x}",
    "<< EOF",
    "<<EOF<<EOF",
    "<<\\EOF",
    "EOF",
    "\nEOF\n",
    "\n\tEOF\n",
    "E",
    "[",
    "]",
    "[]",
    "[ ]",
    "[\"a\"]",
    "[\"a\", \"b\"]",
    "[\"a\",]",
    "[\"a\" \"b\"]",
    "['a']",
    "[\"a\"] b",
    "[1]",
    "[null]",
    "[[\"a\"]]",
    "[\"a\",[\"b\"]]",
    "[{}]",
    "{\"a\":1}",
    "[1e999]",
    "[\"a\",1e999]",
    "[-0]",
    "[01]",
    "[tru",
    "[\"\\ud800\"]",
    "[\"\\ud83d\\udc33\"]",
    "[\"\\u0000\"]",
    "[\"\\x\"]",
    "[\"\\u00e9\\n\\/\"]",
    "[\"\t\"]",
    "[\"\u{7f}\"]",
    "[\"a\"]\u{a0}",
    "\u{a0}[\"a\"]",
    ",",
    ":",
    "# syntax=docker/dockerfile:1\n",
    "# escape=`\n",
    "#escape=\\\n",
    "# escape = x\n",
    "# ESCAPE=`\n",
    "# check=skip=all\n",
    "# syntax=\n",
    "# other=1\n",
    "# comment\n",
    "  # indented\n",
    "#\n",
    "//syntax=x\n",
    "FROM",
    "RUN",
    "COPY",
    "ADD",
    "ENV",
    "LABEL",
    "ARG",
    "CMD",
    "ENTRYPOINT",
    "SHELL",
    "VOLUME",
    "EXPOSE",
    "USER",
    "WORKDIR",
    "STOPSIGNAL",
    "MAINTAINER",
    "HEALTHCHECK",
    "ONBUILD",
    "run",
    "OnBuild",
    "INCLUDE",
    "ONBUILD ",
    "ONBUILD RUN ",
    "HEALTHCHECK CMD ",
    "HEALTHCHECK NONE",
    "HEALTHCHECK --interval=5s CMD [\"a\"]",
    " NONE ",
    " CMD ",
    " AS ",
    "\nFROM a\n",
    "\nRUN ",
    "\nCOPY ",
    "\nENV a b\n",
    "\nENV a=b c\n",
    "\nENV a\n",
    "\nLABEL a=b \\\n c=d\n",
    "\nARG a=b c\n",
    "\nRUN <<EOF\na\nEOF\n",
    "\nCOPY <<A <<B /\na\nA\nb\nB\n",
    "\nRUN <<-EOF\n\ta\n\tEOF\n",
    "\nONBUILD RUN <<EOF\na\nEOF\n",
    "\nHEALTHCHECK ",
    "\nCOPY [\"a\",\"b\"]\n",
    "\nCMD [\"a\",1]\n",
    "\nRUN a \\\n\n  b\n",
    "\nRUN a \\\n# c\n  b\n",
    "\nSHELL []\n",
    "\nONBUILD ONBUILD RUN a\n",
    "\nVOLUME [\"/a\"] /b\n",
    "\nEXPOSE 80  81\n",
    "\nINCLUDE x\n",
];

/// The text of a seed.
pub(crate) fn case(seed: u64) -> String {
    let mut random = Random::new(seed);
    let mut text = base(&mut random);
    for _ in 0..random.below(7) {
        text = mutated(&text, &mut random);
    }
    text
}

fn base(random: &mut Random) -> String {
    match random.below(10) {
        0..=4 => window(random).concat(),
        5 => [window(random), window(random)].concat().concat(),
        // Lines of two files in any order.
        6 => {
            let mut lines = [window(random), window(random)].concat();
            for at in (1..lines.len()).rev() {
                lines.swap(at, random.below(at + 1));
            }
            lines.concat()
        }
        7 => (0..random.below(30))
            .map(|_| *random.pick(TOKENS))
            .collect(),
        _ => generate::dockerfile(random.bits()),
    }
}

/// Some lines of a sample, with their ends; often from its start, where directives are.
fn window(random: &mut Random) -> Vec<&'static str> {
    let sample = random.pick(&SAMPLES);
    let lines: Vec<_> = sample.text.split_inclusive('\n').collect();
    let start = if random.chance(50) {
        0
    } else {
        random.below(lines.len())
    };
    let end = lines.len().min(start + 1 + random.below(WINDOW));
    lines[start.min(end)..end].to_vec()
}

fn mutated(text: &str, random: &mut Random) -> String {
    let places: Vec<usize> = text
        .char_indices()
        .map(|(at, _)| at)
        .chain([text.len()])
        .collect();
    let anywhere = |random: &mut Random| *random.pick(&places);
    let (from, to) = {
        let one = random.below(places.len());
        let other = one + random.below(12);
        (places[one], places[other.min(places.len() - 1)])
    };
    let token = *random.pick(TOKENS);
    match random.below(10) {
        0..=2 => put(text, anywhere(random), 0, token),
        // Where lines begin and end, most is decided.
        3 => {
            let starts: Vec<usize> = text.match_indices('\n').map(|(at, _)| at + 1).collect();
            let at = starts.get(random.below(starts.len() + 1)).copied();
            put(text, at.unwrap_or(0), 0, token)
        }
        4 => {
            let ends: Vec<usize> = text.match_indices('\n').map(|(at, _)| at).collect();
            let at = ends.get(random.below(ends.len() + 1)).copied();
            put(text, at.unwrap_or(text.len()), 0, token)
        }
        5 => put(text, from, to - from, ""),
        6 => put(text, from, to - from, token),
        7 => put(text, anywhere(random), 0, &text[from..to]),
        8 => {
            let end = *random.pick(&["\r\n", "\r", "\n\n", "\\\n", " \\\n", "\\\r\n", ""]);
            if random.chance(30) {
                text.replace('\n', end)
            } else {
                text.replacen('\n', end, 1 + random.below(4))
            }
        }
        _ => {
            let mut lines: Vec<&str> = text.split_inclusive('\n').collect();
            let (one, other) = (random.below(lines.len()), random.below(lines.len()));
            if !lines.is_empty() {
                lines.swap(one, other);
            }
            lines.concat()
        }
    }
}

/// Puts `new` in the place of `length` bytes.
fn put(text: &str, at: usize, length: usize, new: &str) -> String {
    [&text[..at], new, &text[at + length..]].concat()
}
