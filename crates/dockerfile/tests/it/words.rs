//! Words as BuildKit expands them: its own answers, and what must hold for any text.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use proptest::prelude::*;
use serde_json::Value;
use shipload_dockerfile::{Escapes, Lexer, Quotes, Unset, WordProblem};

/// What BuildKit's lexer answered for words of all forms and for mutated ones, under the flags that it has.
const RECORDED: &str = include_str!("../recorded/words.jsonl");

fn lexer(flags: &str) -> Lexer {
    let set = |flag| flags.contains(flag);
    Lexer::new(if set('`') { '`' } else { '\\' })
        .quotes(match (set('s'), set('q')) {
            (true, _) => Quotes::Ignore,
            (false, true) => Quotes::Keep,
            (false, false) => Quotes::Remove,
        })
        .escapes(if set('e') {
            Escapes::Keep
        } else {
            Escapes::Remove
        })
        .unset(if set('u') { Unset::Keep } else { Unset::Empty })
}

/// The problem in BuildKit's words.
fn in_their_words(problem: &WordProblem) -> String {
    match problem {
        WordProblem::NoBrace => "syntax error: missing '}'".into(),
        WordProblem::NoSlash => "syntax error: missing '/' in ${}".into(),
        WordProblem::NoName => "syntax error: bad substitution".into(),
        WordProblem::Operator { operator } => {
            format!("unsupported modifier ({operator}) in substitution")
        }
        WordProblem::Quote { quote } => {
            let name = if *quote == '"' { "double" } else { "single" };
            format!("unexpected end of statement while looking for matching {name}-quote")
        }
        WordProblem::Demanded { name, message } => format!("{name}: {message}"),
        WordProblem::Pattern { escaped, .. } => {
            let escaped = escaped.unwrap_or(char::REPLACEMENT_CHARACTER);
            format!("invalid escape '\\{escaped}'")
        }
        other => other.to_string(),
    }
}

/// BuildKit's error, where it is comparable: it reverses some of the patterns that it shows, and takes the end of the text
/// for an operator.
fn comparable(error: &str) -> &str {
    match error.rsplit_once(" in substitution: ") {
        Some((pattern, invalid)) if pattern.starts_with("invalid pattern (") => invalid,
        _ if error == "unsupported modifier (\u{fffd}) in substitution" => {
            "syntax error: missing '}'"
        }
        _ => error,
    }
}

fn texts<C: FromIterator<String>>(case: &Value, key: &str) -> C {
    let list = case[key].as_array().into_iter().flatten();
    list.map(|text| text.as_str().unwrap().to_owned()).collect()
}

#[test]
fn recorded() {
    let mut lines = RECORDED.lines();
    let head: Value = serde_json::from_str(lines.next().unwrap()).unwrap();
    let variables: BTreeMap<String, String> =
        serde_json::from_value(head["variables"].clone()).unwrap();
    let lookup = |name: &str| variables.get(name).map(String::as_str);
    let mut count = 0;
    for line in lines {
        let case: Value = serde_json::from_str(line).unwrap();
        let word = case["word"].as_str().unwrap();
        let lexer = lexer(case["flags"].as_str().unwrap_or_default());
        let words = lexer.words(word, &lookup);
        match (lexer.word(word, &lookup), case["error"].as_str()) {
            (Ok(ours), None) => {
                assert_eq!(ours.text, case["text"].as_str().unwrap(), "{line}");
                assert_eq!(ours.found, texts::<BTreeSet<_>>(&case, "found"), "{line}");
                assert_eq!(
                    ours.missing,
                    texts::<BTreeSet<_>>(&case, "missing"),
                    "{line}"
                );
                assert_eq!(words.unwrap(), texts::<Vec<_>>(&case, "words"), "{line}");
            }
            (Err(ours), Some(theirs)) => {
                assert_eq!(in_their_words(&ours.problem), comparable(theirs), "{line}");
                assert!(word.is_char_boundary(ours.offset), "{line}");
                assert_eq!(words.unwrap_err(), ours, "{line}");
            }
            (ours, theirs) => panic!("{line}\nours: {ours:?}\ntheirs: {theirs:?}"),
        }
        count += 1;
    }
    assert!(count >= 3000, "{count}");
}

/// Where an error is, and what it says.
#[test]
fn errors() {
    for (word, offset, message) in [
        ("ab${C", 2, "`${` has no `}`"),
        ("é'b", 2, "`'` is not closed"),
        ("a\"$B", 1, "`\"` is not closed"),
        ("a${}", 1, "`${` is not followed by a name"),
        ("${A^^}", 3, "`^` means nothing after the name in `${…}`"),
        (
            "${A:-${B:%x}}",
            8,
            "`:%` means nothing after the name in `${…}`",
        ),
        ("x${A/b}", 1, "the pattern in `${…/…` has no `/` after it"),
        ("-${A:?say it} ", 1, "`A`: say it"),
        ("${A?}", 0, "`A`: is not allowed to be unset"),
        ("${A#b\\c}", 0, "`\\` in the pattern `b\\c` escapes nothing"),
    ] {
        let error = Lexer::new('\\').word(word, &|_| None).unwrap_err();
        assert_eq!(
            (error.offset, error.to_string().as_str()),
            (offset, message),
            "{word}"
        );
        assert!(error.hint().is_some(), "{word}");
    }
}

/// Words that are made to take long or to grow, with the variables `A` (a million `a`), `L` (a million lines) and `S` (short).
#[test]
fn hostile() {
    let long = "a".repeat(1 << 20);
    let lines = "a\n".repeat(1 << 19);
    let lookup = |name: &str| match name {
        "A" => Some(long.as_str()),
        "L" => Some(lines.as_str()),
        "S" => Some("short"),
        _ => None,
    };
    let many = |text: &str| text.repeat((1 << 20) / text.len());
    let around = |before: &str, after: &str| before.repeat(1 << 18) + &after.repeat(1 << 18);
    let question_marks = many("?");
    for word in [
        many("a"),
        many("$S"),
        many("$A"),
        many("$"),
        many("${"),
        many("${A"),
        many("${S:-"),
        many("\"${S:-"),
        many("'"),
        many("\\"),
        many("\""),
        many("<"),
        many("${A%%*b}"),
        many("${S%%*b}"),
        many("${U:-}"),
        many("${U:+$A}"),
        many("é $é"),
        around("${U:-", "}"),
        "${A//a/$A}".into(),
        "${A//a*b/x}".into(),
        "${A//*/x}".into(),
        "${A///x}".into(),
        "${L//a/$S$S}".into(),
        "${L//*b/x}".into(),
        "${L//*\\b*/x}".into(),
        "${A//$A$A/x}".into(),
        "${A%%*$A*$A*}".into(),
        format!("${{A##{question_marks}b}}"),
        format!("${{A//{question_marks}b/}}"),
        format!("${{A//*{question_marks}b*/}}"),
        format!("${{A%{}b}}", many("*a")),
        format!("${{A/{}/x}}", many("*")),
        format!("${{A//a/'{}'}}", many("$0")),
    ] {
        let begin = Instant::now();
        let expanded = Lexer::new('\\').word(&word, &lookup);
        let taken = begin.elapsed();
        let length = expanded.map_or(0, |expanded| expanded.text.len());
        assert!(length <= 33 << 20, "{length} for {}…", &word[..8]);
        // Without optimisation on a busy machine it takes longer; what is quadratic would take hours.
        let allowed = if cfg!(debug_assertions) { 20 } else { 1 };
        assert!(
            taken < Duration::from_secs(allowed),
            "{taken:?} for {}…",
            &word[..8]
        );
    }
}

#[test]
fn limits() {
    let value = "x".repeat(1 << 20);
    let lookup = |name: &str| (name == "X").then_some(value.as_str());
    let nested = |depth| "${U:-".repeat(depth) + "end" + &"}".repeat(depth);
    for (word, problem) in [
        (nested(64), None),
        (nested(65), Some(WordProblem::Depth { limit: 64 })),
        (
            nested(65).replace('}', ""),
            Some(WordProblem::Depth { limit: 64 }),
        ),
        ("$X".repeat(32), None),
        (
            "$X".repeat(33),
            Some(WordProblem::Steps { limit: 32 << 20 }),
        ),
        (
            "${U+$X}".repeat(33),
            Some(WordProblem::Steps { limit: 32 << 20 }),
        ),
        (
            "${X//x/$X}".into(),
            Some(WordProblem::Steps { limit: 32 << 20 }),
        ),
    ] {
        let result = Lexer::new('\\').word(&word, &lookup);
        assert_eq!(result.err().map(|error| error.problem), problem);
    }
}

/// How many cases are tried; `SHIPLOAD_CASES` asks for more.
fn cases() -> u32 {
    std::env::var("SHIPLOAD_CASES").map_or(4000, |value| value.parse().unwrap())
}

fn any_text() -> impl Strategy<Value = String> {
    let special = prop::sample::select(vec![
        "$", "{", "}", "${", "${A", "${U", ":-", ":+", ":?", "#", "%", "/", "//", "*", "?", "\\",
        "\"", "'", "`", "<<", " ", "\n", "a", "é", "\u{feff}", "1", "_",
    ]);
    let piece = prop_oneof![3 => special.prop_map(str::to_owned), 1 => any::<char>().prop_map(String::from)];
    prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

fn any_escape() -> impl Strategy<Value = char> {
    prop::sample::select(vec!['\\', '`'])
}

fn any_flags() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec!["", "`", "q", "e", "s", "u", "que", "se", "`que"])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(cases()))]

    /// What is quoted and escaped comes back.
    #[test]
    fn quoted(text in any_text(), escape in any_escape()) {
        let mut word = String::from("\"");
        for character in text.chars() {
            if character == '"' || character == '$' || character == escape {
                word.push(escape);
            }
            word.push(character);
        }
        word.push('"');
        let lexer = Lexer::new(escape);
        let expanded = lexer.word(&word, &|_| Some("value")).unwrap();
        prop_assert_eq!(&expanded.text, &text);
        prop_assert!(expanded.found.is_empty() && expanded.missing.is_empty());
        let words: Vec<String> = if text.is_empty() { Vec::new() } else { vec![text] };
        prop_assert_eq!(lexer.words(&word, &|_| Some("value")).unwrap(), words);
    }

    /// No text panics, and both ways of reading it agree on whether it can be read.
    #[test]
    fn arbitrary(text in any_text(), value in any_text(), flags in any_flags()) {
        let lexer = lexer(flags);
        let lookup = |name: &str| (name == "A").then_some(value.as_str());
        let word = lexer.word(&text, &lookup);
        let words = lexer.words(&text, &lookup);
        prop_assert_eq!(word.as_ref().err(), words.as_ref().err());
    }
}
