//! Inputs of a mebibyte that are made to cost time, memory or stack.

use std::time::{Duration, Instant};

use shipload_dockerfile::{Builder, Dialect, Dockerfile, Request};

/// A name, and the text.
type Shape = (&'static str, String);

const SIZE: usize = 1 << 20;

/// How long one may take; unoptimised code is ten times slower and more.
const LIMIT: Duration = Duration::from_secs(if cfg!(debug_assertions) { 30 } else { 1 });

/// Who reads it; unoptimised, one is slow enough.
const DIALECTS: &[Dialect] = if cfg!(debug_assertions) {
    &[Dialect::Current]
} else {
    &[Dialect::Current, Dialect::BuildKit0_12]
};

/// So many of it as make a mebibyte.
fn much(piece: &str) -> String {
    piece.repeat(SIZE / piece.len())
}

/// The same, broken into lines that are continued.
fn lines(piece: &str) -> String {
    much(&format!("{}\\\n", piece.repeat(60_000 / piece.len())))
}

fn shapes() -> Vec<Shape> {
    let (mut announced, mut ended) = (String::new(), String::new());
    for at in 0..100_000 {
        if at % 5_000 == 0 {
            announced.push_str("\\\n");
        }
        announced.extend([" <<E", &at.to_string()]);
        ended.extend(["E", &at.to_string(), "\n"]);
    }
    vec![
        ("nothing", String::new()),
        ("one line", format!("RUN {}", much("a"))),
        ("many short lines", much("A\n")),
        ("newlines", much("\n")),
        ("carriage returns", much("\r")),
        ("comments", much("#\n")),
        ("directives", much("# syntax=a\n")),
        ("other directives", format!("{}FROM a", much("# a=b\n"))),
        ("continuations", format!("RUN a{}", much("\\\n"))),
        (
            "continuations of comments",
            format!("RUN a \\\n{}", much("#\\\n")),
        ),
        (
            "continuations of white space",
            format!("RUN a \\\n{}", much(" \\\n")),
        ),
        ("blank continuations", format!("RUN a \\\n{}", much("\n"))),
        (
            "one heredoc without end",
            format!("RUN <<EOF\n{}", much("a\n")),
        ),
        (
            "one long heredoc",
            format!("RUN <<EOF\n{}EOF\n", much("EO\n")),
        ),
        (
            "a tabbed heredoc",
            format!("RUN <<-EOF\n{}EOF\n", much("\t\t\t\tEO\n")),
        ),
        (
            "many heredocs in a line",
            format!("RUN {announced} /d\n{ended}"),
        ),
        ("many heredocs without end", format!("RUN {announced} /d\n")),
        ("many instructions with heredocs", much("RUN <<E\nE\n")),
        ("many open heredocs", much("RUN <<E <<F\n")),
        (
            "heredoc words of quotes",
            format!("RUN <<{}x\n", lines("'a'\"b\"")),
        ),
        ("onbuild", format!("{}RUN a", lines("ONBUILD "))),
        (
            "onbuild, one line",
            format!("{}RUN a", "ONBUILD ".repeat(8_000)),
        ),
        (
            "onbuild with flags",
            format!("{}RUN a", "ONBUILD --a ".repeat(5_000)),
        ),
        ("flags", format!("RUN {}", lines("--a=b "))),
        ("an open quoted flag", format!("RUN --a='{}", lines("b "))),
        ("dashes", format!("RUN {}", lines("-"))),
        ("env", format!("ENV {}", lines("a=b "))),
        ("env without equals", format!("ENV a=b {}", lines("c "))),
        ("env, open quote", format!("ENV a='{}", lines("b "))),
        ("old env", format!("ENV a {}", lines("b "))),
        ("arg", format!("ARG {}", lines("a "))),
        ("expose", format!("EXPOSE {}", lines("1 "))),
        ("escapes", format!("ENV a={}", lines("\\a"))),
        (
            "non-ASCII",
            format!("LABEL a=\"{}\"", lines("é\u{a0}\u{1f433}")),
        ),
        ("white space", format!("RUN{}a", lines(" \t\u{b}"))),
        ("no-break space", much("\u{a0}")),
        ("health", format!("HEALTHCHECK {}", lines("CMD "))),
        ("variables", format!("RUN <<EOF {}x\nEOF\n", lines("${a:-"))),
        ("dollars", format!("RUN <<EOF {}x\nEOF\n", lines("$"))),
    ]
}

fn json_shapes() -> Vec<Shape> {
    let array = |inner: &str, end: &str| format!("RUN [\"a\"{}{end}", lines(inner));
    vec![
        ("a long array", array(",\"a\"", "]")),
        ("an array of numbers", array(",1", "]")),
        ("an array without end", array(",\"a\"", "")),
        ("escapes in JSON", format!("RUN [\"{}\"]", lines("\\u0061"))),
        ("half surrogates", format!("RUN [\"{}\"]", lines("\\ud800"))),
        ("an open string", format!("RUN [\"{}", lines("a"))),
        ("nested arrays", format!("RUN {}{}", lines("["), lines("]"))),
        (
            "nested arrays in one line",
            format!("RUN {}{}", "[".repeat(30_000), "]".repeat(30_000)),
        ),
        (
            "nested below a string",
            format!("RUN [\"a\",{}{}]", "[".repeat(9_000), "]".repeat(9_000)),
        ),
        ("nested objects", format!("CMD {}", lines("{\"a\":"))),
        (
            "nested objects in arrays",
            format!("CMD {}", lines("[{\"a\":")),
        ),
        ("a long number", format!("RUN [{}]", lines("9"))),
        ("many small arrays", much("RUN [\"a\",\"b\"]\n")),
        (
            "many deep arrays",
            much(&format!("RUN {}\n", "[".repeat(9_000))),
        ),
    ]
}

#[test]
fn a_mebibyte_of_anything_is_read_in_a_second() {
    let mut slow = Vec::new();
    for (name, text) in [shapes(), json_shapes()].concat() {
        for &dialect in DIALECTS {
            let start = Instant::now();
            let parsed = Dockerfile::parse_as(&text, dialect);
            let took = start.elapsed();
            let outcome = match &parsed {
                Ok(file) => format!("{} items", file.items().len()),
                Err(error) => format!("refused: {:.60}", error.to_string()),
            };
            println!("{took:>10.1?}  {name}, {} KiB: {outcome}", text.len() >> 10);
            if took > LIMIT {
                slow.push(format!("{name} takes {took:?} ({dialect:?})"));
            }
            if let Ok(file) = parsed {
                assert!(file.to_string() == text, "{name} is written otherwise");
            }
        }
    }
    assert!(slow.is_empty(), "{slow:#?}");
}

/// Dockerfiles of which it takes work to tell what they read.
fn reading_shapes() -> Vec<Shape> {
    let numbered = |piece: &str| -> String {
        let pieces = (0..SIZE / (piece.len() + 4)).map(|at| piece.replace('#', &at.to_string()));
        pieces.collect()
    };
    let (mut announced, mut ended) = (String::new(), String::new());
    for at in 0..50_000 {
        if at % 5_000 == 0 {
            announced.push_str("\\\n");
        }
        announced.extend([" <<E", &at.to_string()]);
        ended.extend(["E", &at.to_string(), "\n"]);
    }
    vec![
        ("sources", format!("FROM a\nCOPY {} /", lines("a "))),
        (
            "sources, each in its line",
            format!("FROM a\nCOPY {} /", much("a \\\n")),
        ),
        (
            "mounts",
            format!("FROM a\nRUN {} a", lines("--mount=target=/a ")),
        ),
        ("heredocs", format!("FROM a\nCOPY {announced} /d\n{ended}")),
        ("instructions", format!("FROM a\n{}", much("COPY a b\n"))),
        ("stages on images", numbered("FROM a#\n")),
        ("stages with names", numbered("FROM a AS n#\n")),
        (
            "stages on one",
            format!("FROM a AS b\n{}", much("FROM b\n")),
        ),
        (
            "copies between stages",
            numbered("FROM a AS n#\nCOPY --from=n# a b\n"),
        ),
        ("variables", format!("FROM a\n{}", numbered("ENV a#=$a#\n"))),
    ]
}

#[test]
fn what_a_mebibyte_reads_is_known_in_a_second() {
    let mut slow = Vec::new();
    for (name, text) in reading_shapes() {
        let file = Dockerfile::parse(&text).unwrap();
        for builder in [Builder::BuildKit, Builder::Classic] {
            let request = Request {
                builder,
                ..Request::default()
            };
            let start = Instant::now();
            let reads = file.reads(&request);
            let took = start.elapsed();
            let sources = reads.map(|reads| reads.sources.len());
            println!("{took:>10.1?}  {name} ({builder:?}): {sources:?}");
            if took > LIMIT {
                slow.push(format!("{name} takes {took:?} ({builder:?})"));
            }
        }
    }
    assert!(slow.is_empty(), "{slow:#?}");
}
