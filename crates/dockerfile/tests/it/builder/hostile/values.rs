//! Values that were chosen to break a writer of Dockerfiles.

use shipload_dockerfile::Value;
use shipload_testkit::random::Random;

use super::lexer::variable;

const PIECES: &[&str] = &[
    "a",
    "b",
    "x",
    "0",
    "A",
    "é",
    "日本",
    "😀",
    "ß",
    "\u{301}",
    " ",
    "  ",
    "\t",
    "\r",
    "\n",
    "\r\n",
    "\u{b}",
    "\u{c}",
    "\u{85}",
    "\u{a0}",
    "\u{2028}",
    "\u{2029}",
    "\u{3000}",
    "\u{200b}",
    "\u{feff}",
    "\u{1}",
    "\u{1b}[31m",
    "\u{7f}",
    "\0",
    "\\",
    "\\\\",
    "\\\\\\",
    "\\n",
    "\\u0041",
    "\\\n",
    "\\ ",
    "`",
    "``",
    "`\n",
    "\"",
    "\"\"",
    "\\\"",
    "'",
    "''",
    "\\'",
    "$",
    "$$",
    "$V",
    "${V}",
    "${V:-x}",
    "${",
    "}",
    "$(",
    "`x`",
    "<<",
    "<<EOF",
    "<<-EOF",
    "<<'EOF'",
    "0<<EOF",
    "<< EOF",
    "<<<",
    "EOF",
    "\nEOF\n",
    "EOF\r\n",
    "EOF2",
    "#",
    "# escape=`",
    "#syntax=x",
    "# check=skip=all",
    "// syntax=x",
    "#!",
    "--",
    "--from=x",
    "-- ",
    "-",
    "--mount=type=bind",
    "[",
    "]",
    "[]",
    "[\"a\"]",
    "[\"a\", 1]",
    "[1]",
    "[a]",
    "{",
    "{\"a\":1}",
    "=",
    "==",
    "a=b",
    ",",
    ";",
    ":",
    "@",
    "&&",
    "||",
    "|",
    ">",
    "*",
    "?",
    "[a-z]",
    "[^a]",
    "..",
    "../",
    "/",
    "//",
    "./",
    "~",
    "~/",
    "http://h/x",
    "git@h:x",
    "x.git",
    "github.com/a/b",
    "RUN x",
    "\nRUN x",
    "FROM y",
    "\nFROM y\n",
    "ONBUILD ",
    "AS x",
    " AS x",
    "CMD ",
    "NONE",
    "null",
    "true",
    "rm -rf /",
];

/// A text, mostly short.
pub(super) fn text(random: &mut Random) -> String {
    if random.chance(1) && random.chance(20) {
        let unit = random.pick(&["x", "y ", "\\", "#", "é", " ", "a\\", "\n", "'", "$"]);
        let length = 59_990 + random.below(8_000);
        return unit.repeat(length / unit.len());
    }
    if random.chance(20) {
        return random
            .pick(&[
                "", "app", "/opt/app", "user", "a b", "$HOME", "sha256:0", "8080",
            ])
            .to_string();
    }
    let mut text: String = (0..=random.below(6))
        .map(|_| *random.pick(PIECES))
        .collect();
    // Hardly anything takes these, and what is refused is not read.
    if random.chance(90) {
        text.retain(|c| c != '\0');
    }
    if random.chance(60) {
        text.retain(|c| c != '\n');
    }
    text
}

/// A value, and what a build shall see of it. Of one that expands, the text without variables holds no `$`.
pub(super) fn value(random: &mut Random) -> (Value, String) {
    if random.chance(80) {
        let text = text(random);
        return (Value::from(text.as_str()), text);
    }
    let (mut given, mut seen) = (String::new(), String::new());
    for _ in 0..=random.below(3) {
        let literal = text(random).replace('$', "");
        given.push_str(&literal);
        seen.push_str(&literal);
        let (expression, value) = match random.below(4) {
            0 => ("${V}", variable("V").unwrap_or_default()),
            1 => ("${EMPTY:-de fault}", "de fault"),
            2 => ("${UNSET}", ""),
            _ => ("${V:-x}", variable("V").unwrap_or_default()),
        };
        given.push_str(expression);
        seen.push_str(value);
    }
    (Value::expand(given), seen)
}
