//! What was parsed is written as it was, and every place is where it says.

use proptest::prelude::*;
use shipload_dockerfile::{Arguments, Dialect, Dockerfile, Instruction, Position, Word};

use crate::corpus::samples;
use crate::generate;

/// Parses as both releases do; what is accepted must come back, and its places be right.
pub(crate) fn check(text: &str) -> Result<(), String> {
    for dialect in [Dialect::Current, Dialect::BuildKit0_12] {
        let Ok(file) = Dockerfile::parse_as(text, dialect) else {
            continue;
        };
        if file.to_string() != text {
            return Err(format!("{dialect:?}: written otherwise"));
        }
        let lines: Vec<&str> = text.split('\n').collect();
        let mut next = 1;
        for instruction in file.instructions() {
            let (first, last) = (*instruction.lines.start(), *instruction.lines.end());
            let count = instruction.text.split_inclusive('\n').count();
            if first < next || last + 1 - first != count {
                return Err(format!("{dialect:?}: lines {first} to {last}"));
            }
            next = last + 1;
            places(instruction, &lines).map_err(|why| format!("{dialect:?}: {why}"))?;
        }
    }
    Ok(())
}

/// Whether each piece begins where it says it does.
fn places(instruction: &Instruction, lines: &[&str]) -> Result<(), String> {
    begins(&instruction.name, &instruction.name.text, lines)?;
    for flag in &instruction.flags {
        at(flag.position, "-", lines)?;
    }
    match &instruction.arguments {
        Arguments::None => Ok(()),
        Arguments::Json(words) => words.iter().try_for_each(|word| begins(word, "\"", lines)),
        Arguments::Words(words) => words
            .iter()
            .try_for_each(|word| begins(word, &word.text, lines)),
        Arguments::Text(word) | Arguments::Unknown(word) => begins(word, &word.text, lines),
        Arguments::Pairs(pairs) => pairs.iter().try_for_each(|pair| {
            begins(&pair.name, &pair.name.text, lines)?;
            begins(&pair.value, &pair.value.text, lines)
        }),
        Arguments::Health { kind, .. } => begins(kind, &kind.text, lines),
        Arguments::Trigger(inner) => places(inner, lines),
    }
}

fn begins(word: &Word, text: &str, lines: &[&str]) -> Result<(), String> {
    // Of a character whose bytes were torn apart nothing stands there.
    let first = text.chars().next().filter(|&first| first != '\u{fffd}');
    let first = first.map(String::from).unwrap_or_default();
    at(word.position, &first, lines)
}

fn at(position: Position, start: &str, lines: &[&str]) -> Result<(), String> {
    // Columns do not count a byte order mark.
    let line = lines[position.line - 1];
    let line = line
        .strip_prefix('\u{feff}')
        .filter(|_| position.line == 1)
        .unwrap_or(line);
    let rest = line.get(position.column - 1..).unwrap_or_default();
    if rest.starts_with(start) {
        return Ok(());
    }
    Err(format!("no {start:?} at {position}"))
}

#[test]
fn the_corpus_comes_back() {
    for sample in samples() {
        check(sample.text).unwrap_or_else(|why| panic!("{}: {why}", sample.source));
    }
}

#[test]
fn generated_dockerfiles_come_back() {
    let mut accepted = 0;
    for seed in 0..5_000 {
        let text = generate::dockerfile(seed);
        check(&text).unwrap_or_else(|why| panic!("seed {seed}: {why}\n{text}"));
        accepted += u32::from(Dockerfile::parse(&text).is_ok());
    }
    assert!(accepted > 4_000, "only {accepted} are Dockerfiles");
}

proptest! {
    #[test]
    fn any_text_comes_back(text in any::<String>()) {
        check(&text).map_err(TestCaseError::fail)?;
    }

    #[test]
    fn any_words_come_back(words in prop::collection::vec(prop::sample::select(crate::mutate::TOKENS), 0..60)) {
        check(&words.concat()).map_err(TestCaseError::fail)?;
    }
}
