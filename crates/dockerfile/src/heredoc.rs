//! Which heredocs a line announces. Their contents are read by the parser.

use crate::dialect::Dialect;
use crate::syntax::Heredoc;
use crate::words::{Escapes, Lexer, Quotes, Unset};

/// A heredoc's word that does not lex; holds the word.
pub(crate) struct BadWord(pub(crate) String);

/// The heredocs of an instruction's line, still without content.
///
/// A word is one if it is `<<` with a word after it, digits before it allowed. A line whose quotes do not close has none.
pub(crate) fn announced(line: &str, dialect: Dialect) -> Result<Vec<Heredoc>, BadWord> {
    let lexer = Lexer::new('\\').dialect(dialect).unset(Unset::Keep);
    let raw = lexer.quotes(Quotes::Keep).escapes(Escapes::Keep);
    let Ok(words) = raw.words(line, &|_| None) else {
        return Ok(Vec::new());
    };
    let heredocs = words.iter().map(|word| heredoc(word, lexer, dialect));
    heredocs.filter_map(Result::transpose).collect()
}

/// The heredoc that a word announces, if it does.
pub(crate) fn of_word(word: &str) -> Option<Heredoc> {
    let lexer = Lexer::new('\\').unset(Unset::Keep);
    heredoc(word, lexer, Dialect::Current).ok().flatten()
}

fn heredoc(word: &str, lexer: Lexer, dialect: Dialect) -> Result<Option<Heredoc>, BadWord> {
    let digits = word.bytes().take_while(u8::is_ascii_digit).count();
    let Some(rest) = word[digits..].strip_prefix("<<") else {
        return Ok(None);
    };
    let (chomp, rest) = rest
        .strip_prefix('-')
        .map_or((false, rest), |rest| (true, rest));
    let rest = match dialect {
        Dialect::Current => rest.trim_start_matches(['\t', '\n', '\u{c}', '\r', ' ']),
        Dialect::BuildKit0_12 => rest,
    };
    if rest.is_empty() || rest.contains('<') {
        return Ok(None);
    }
    let bad = |_| BadWord(rest.to_owned());
    let plain = lexer.words(rest, &|_| None).map_err(bad)?;
    let [name] = plain.as_slice() else {
        return Ok(None);
    };
    let raw = lexer.quotes(Quotes::Keep);
    let raw = raw.words(rest, &|_| None).map_err(bad)?;
    let [raw] = raw.as_slice() else {
        return Err(BadWord(rest.to_owned()));
    };
    // Quotes that were resolved are missing in one of the two.
    let quotes = |text: &str| text.matches(['\'', '"']).count();
    Ok(Some(Heredoc {
        name: name.clone(),
        descriptor: word[..digits]
            .parse()
            .unwrap_or(if digits == 0 { 0 } else { u64::MAX }),
        expand: quotes(name) == quotes(raw),
        chomp,
        content: "".into(),
    }))
}
