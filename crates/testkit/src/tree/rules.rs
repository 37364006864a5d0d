//! Random ignore files that mean something for a given tree.

use crate::random::Random;

/// Fragments that go into patterns raw: wildcards, classes, escapes, and what Go's regular expressions see in
/// them.
const FRAGMENTS: &[&str] = &[
    "*",
    "*",
    "*",
    "?",
    "**",
    "**/",
    "/**",
    "/*",
    "[ab]",
    "[^a]",
    "[a-c]",
    "[!a]",
    "[^/]",
    "\\a",
    "\\*",
    "\\.",
    "|",
    "{1,2}",
    "{2}",
    "^",
    "$",
    "+",
    "(",
    ")",
    ".",
    "\\d",
    "\\w",
    "\\pL",
    "[[:alpha:]]",
    "[a*]",
    "a{0}",
];

const PLAIN_LINES: &[&str] = &[
    "*",
    "*",
    "**",
    "**",
    "**/*.md",
    "!**/*.md",
    "!*.md",
    "**/a",
    "!a",
    "!src",
    "src",
    "logs",
    "!logs",
    "**/*.log",
    "*/*",
    "!*/b",
    "a/**",
    "!a/**",
    "**/b/**",
    "!a/*",
    "a/*",
    ".*",
    "**/.*",
    "!.git",
    "Dockerfile",
    "*file",
    ".dockerignore",
    ".docker*",
    "docker",
    "!docker/web.Dockerfile",
    "**/node_modules",
    "a**",
    "**a",
    "a**b",
];

const ODD_LINES: &[&str] = &[
    "# comment",
    " #a",
    "",
    "   ",
    "/",
    ".",
    "..",
    "!.",
    "!..",
    "./a",
    "a/",
    "/a",
    "a//b",
    "a/../b",
    "../a",
    "/../a",
    "!/a",
    "! a",
    "!!a",
    "/!a",
    "a/./b/",
    "\u{feff}a",
    "\u{a0}a\u{a0}",
    "a\r",
    "\u{2028}a",
    "***",
    "**/**",
    "/**/",
    "!**",
    "!*",
    "!a/b/**",
    "!src/**/*.md",
    "!a/*/**",
];

/// Lines that some or all builders refuse, at loading or at first use.
const BAD_LINES: &[&str] = &[
    "[", "!", "[b-a]", "a[", "\\", "!/", "[]", "[a-]", "\\y*", "*{2,1}", "[[:no:]]", "a{1001}*",
];

/// Writes a rule file of some lines, most of which match something among `paths`.
pub(super) fn random_rules(random: &mut Random, paths: &[Vec<u8>]) -> Vec<u8> {
    let mut content = Vec::new();
    if random.chance(2) {
        content.extend_from_slice(b"\xef\xbb\xbf");
    }
    for _ in 0..=random.below(7) {
        let mut line = match random.below(100) {
            0..45 => from_path(random, paths),
            45..80 => random.pick(PLAIN_LINES).as_bytes().to_vec(),
            80..92 => [from_path(random, paths), fragment(random)].concat(),
            92..99 => random.pick(ODD_LINES).as_bytes().to_vec(),
            _ => random.pick(BAD_LINES).as_bytes().to_vec(),
        };
        if random.chance(30) && !line.starts_with(b"!") {
            line.insert(0, b'!');
        }
        if random.chance(3) {
            line.splice(0..0, *b" \t");
        }
        content.extend_from_slice(&line);
        content.extend_from_slice(if random.chance(4) { b" \r\n" } else { b"\n" });
    }
    if random.chance(10) {
        content.pop();
    }
    content
}

fn fragment(random: &mut Random) -> Vec<u8> {
    random.pick(FRAGMENTS).as_bytes().to_vec()
}

/// A path of the tree, or the start or end of one, with parts made general.
fn from_path(random: &mut Random, paths: &[Vec<u8>]) -> Vec<u8> {
    if paths.is_empty() {
        return b"a".to_vec();
    }
    let path = random.pick(paths).clone();
    let mut parts: Vec<Vec<u8>> = path
        .split(|&byte| byte == b'/')
        .map(<[u8]>::to_vec)
        .collect();
    if random.chance(40) {
        parts.truncate(1 + random.below(parts.len()));
    }
    let floats = random.chance(25);
    if floats {
        parts.drain(..random.below(parts.len()));
    }
    for part in &mut parts {
        if random.chance(20) {
            generalise(random, part);
        }
    }
    if floats {
        parts.insert(0, b"**".to_vec());
    }
    if random.chance(6) {
        parts.push(random.pick::<&[u8]>(&[&b"**"[..], b"*", b""]).to_vec());
    }
    if random.chance(4) {
        parts.insert(
            0,
            random
                .pick::<&[u8]>(&[&b""[..], b".", b"..", b"**"])
                .to_vec(),
        );
    }
    parts.join(&b'/')
}

/// Replaces a component, or a byte of it, by something that matches it, mostly.
fn generalise(random: &mut Random, part: &mut Vec<u8>) {
    let at = random.below(part.len());
    match random.below(6) {
        0 => *part = b"*".to_vec(),
        1 => *part = b"**".to_vec(),
        2 => {
            part.splice(at..=at, *b"?");
        }
        3 => {
            part.splice(at.., *b"*");
        }
        4 => {
            part.splice(..at, *b"*");
        }
        _ => {
            let byte = part[at];
            part.splice(at..=at, [b'[', byte, b']']);
        }
    }
}
