//! The one place that quotes: a value becomes text from which a parser reads that value again.
//!
//! Three readers stand one behind the other, and each wants its own quotes:
//!
//! 1. The line reader ends an instruction at a line break, joins lines at the escape character, and takes lines that begin with
//!    `#` away. Nothing can hold a line break; a long line is cut where joining it gives the same text ([`line`]).
//! 2. The instruction's grammar: words between white space ([`word`]), a JSON array ([`array`]), the whole rest of the line
//!    ([`whole`], [`command`]), flags ([`flag`]).
//! 3. The shell lexer, which removes quotes and fills in variables, in most instructions but not in commands.
//!
//! What cannot pass is an [`EncodeProblem`].

mod heredoc;
mod problem;
mod read;
mod source;

use crate::value::{Piece, Value};

pub(crate) use heredoc::heredoc_of;
pub use problem::EncodeProblem;
use read::is_json;
pub(crate) use read::{no_heredoc, one_instruction, only_heredoc};
pub(crate) use source::{literal_source, local};

/// The character that joins lines and takes the meaning from the next one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Escape {
    /// `\`, the default.
    #[default]
    Backslash,
    /// `` ` ``, for Windows, where `\` separates paths.
    Backtick,
}

impl Escape {
    /// The character.
    pub const fn as_char(self) -> char {
        match self {
            Self::Backslash => '\\',
            Self::Backtick => '`',
        }
    }
}

type Encoded = Result<String, EncodeProblem>;

/// The longest line that is written, in bytes. Parsers refuse more than 65535, and this leaves room for the keyword.
const LINE: usize = 60_000;

/// A whole instruction with its line end, on several lines if one would be too long.
pub(crate) fn line(text: &str, escape: Escape) -> Encoded {
    refuse_nul(text)?;
    if text.contains('\n') {
        return Err(EncodeProblem::LineBreak);
    }
    let mut out = String::with_capacity(text.len() + 1);
    let mut rest = text;
    while rest.len() > LINE {
        let cut = cut(rest, escape).ok_or(EncodeProblem::LineTooLong)?;
        out.push_str(&rest[..cut]);
        out.push(escape.as_char());
        out.push('\n');
        rest = &rest[cut..];
    }
    out.push_str(rest);
    out.push('\n');
    Ok(out)
}

/// The last place where a line can be cut: not after an escape character, which would be two, and not before white space or a
/// `#`, as a line of these is dropped.
fn cut(text: &str, escape: Escape) -> Option<usize> {
    let fits = |at: usize| {
        let (before, after) = (text.get(..at)?, text.get(at..)?);
        let (last, next) = (before.chars().next_back()?, after.chars().next()?);
        (last != escape.as_char() && next != '#' && !next.is_whitespace()).then_some(at)
    };
    (1..=LINE).rev().find_map(fits)
}

/// A word between white space, as the shell lexer reads it: plain if nothing in it has a meaning, else in double quotes.
pub(crate) fn word(value: &Value, escape: Escape) -> Encoded {
    let plain = |c: char| !is_special(c) && !c.is_whitespace();
    lexed(value, escape, |text| {
        !text.is_empty() && text.chars().all(plain)
    })
}

/// The name of a pair. It is always in quotes unless it is as ordinary as names are.
pub(crate) fn name(name: &str, escape: Escape) -> Encoded {
    if name.is_empty() {
        return Err(EncodeProblem::Empty);
    }
    if name.contains('=') {
        return Err(EncodeProblem::Equals);
    }
    let ordinary = |c: char| c.is_ascii_alphanumeric() || "._-/".contains(c);
    lexed(&name.into(), escape, |name| {
        !name.starts_with('-') && name.chars().all(ordinary)
    })
}

/// `name=value`.
pub(crate) fn pair(key: &str, value: &Value, escape: Escape) -> Encoded {
    Ok(format!("{}={}", name(key, escape)?, word(value, escape)?))
}

/// The whole rest of a line, as the shell lexer reads it.
pub(crate) fn whole(value: &Value, escape: Escape) -> Encoded {
    not_empty(value.as_str())?;
    lexed(value, escape, |text| {
        !text.starts_with("--") && is_trimmed(text) && !text.contains(is_special)
    })
}

/// A JSON array of values that the shell lexer reads afterwards.
pub(crate) fn json_lexed<'v>(
    values: impl IntoIterator<Item = &'v Value>,
    escape: Escape,
) -> Encoded {
    let each = values.into_iter().map(|value| {
        refuse_nul(value.as_str())?;
        let plain = |text: &str| is_trimmed(text) && !text.contains(is_special);
        let quoted = quoted(value, escape, plain)?;
        Ok(quoted)
    });
    Ok(array(&each.collect::<Result<Vec<_>, _>>()?))
}

/// A JSON array of strings.
pub(crate) fn array(strings: &[impl AsRef<str>]) -> String {
    let each: Vec<_> = strings
        .iter()
        .map(|one| serde_json::Value::from(one.as_ref()).to_string())
        .collect();
    format!("[{}]", each.join(", "))
}

/// The arguments of an exec form, which no lexer touches.
pub(crate) fn exec(arguments: &[String]) -> Encoded {
    if arguments.is_empty() {
        return Err(EncodeProblem::Empty);
    }
    arguments.iter().try_for_each(|one| refuse_nul(one))?;
    Ok(array(arguments))
}

/// A text that stands for itself to the end of the line, since the shell of the build reads it, or nobody.
pub(crate) fn verbatim(text: &str, escape: Escape) -> Encoded {
    not_empty(text)?;
    refuse_nul(text)?;
    if text.contains('\n') {
        return Err(EncodeProblem::LineBreak);
    }
    if !is_trimmed(text) {
        return Err(EncodeProblem::EdgeSpace);
    }
    if ends_with_escape(text, escape) {
        return Err(EncodeProblem::TrailingEscape);
    }
    Ok(text.to_owned())
}

/// Whether a text would be continued on the next line: two escape characters are one of their own.
fn ends_with_escape(text: &str, escape: Escape) -> bool {
    let mut chars = text.trim_end_matches([' ', '\t']).chars().rev();
    let escape = Some(escape.as_char());
    chars.next() == escape && chars.next() != escape
}

/// A shell form that comes right after a keyword and its flags.
pub(crate) fn command(text: &str, escape: Escape) -> Encoded {
    let text = health_command(text, escape)?;
    Ok(after_flags(text))
}

/// A shell form that comes after `HEALTHCHECK CMD`, where flags are over.
pub(crate) fn health_command(text: &str, escape: Escape) -> Encoded {
    let text = verbatim(text, escape)?;
    if is_json(&text) {
        return Err(EncodeProblem::LooksLikeJson);
    }
    Ok(text)
}

/// A text whose first word may not be taken for a flag: `--` ends them.
pub(crate) fn after_flags(text: String) -> String {
    if text.starts_with("--") {
        return format!("-- {text}");
    }
    text
}

/// `--name=value`, where no lexer follows.
pub(crate) fn flag(name: &str, value: &str) -> Encoded {
    refuse_nul(value)?;
    if value.contains('\n') {
        return Err(EncodeProblem::LineBreak);
    }
    if !value.is_ascii() {
        return Err(EncodeProblem::NotAscii);
    }
    let mut out = format!("--{name}=");
    for c in value.chars() {
        // Whatever `escape` says, flags know the backslash only.
        if matches!(c, '\\' | '"' | '\'') || c.is_ascii_whitespace() || c == '\x0b' {
            out.push('\\');
        }
        out.push(c);
    }
    Ok(out)
}

/// `--name=value`, where the value is lexed afterwards.
pub(crate) fn flag_lexed(name: &str, value: &Value, escape: Escape) -> Encoded {
    not_empty(value.as_str())?;
    flag(name, &word(value, escape)?)
}

/// One `key=value` of a flag that is a list with commas: lexed, then a field of CSV.
pub(crate) fn field(key: &str, value: &Value, escape: Escape) -> Encoded {
    not_empty(value.as_str())?;
    let text = format!("{key}={}", word(value, escape)?);
    if text.contains([',', '"', '\r']) {
        return Ok(format!("\"{}\"", text.replace('"', "\"\"")));
    }
    Ok(text)
}

/// Text of which every character is one of those that such a thing has.
pub(crate) fn only(text: &str, allowed: impl Fn(char) -> bool) -> Encoded {
    not_empty(text)?;
    match text.chars().find(|c| !allowed(*c)) {
        Some(c) => Err(EncodeProblem::Character(c)),
        None => Ok(text.to_owned()),
    }
}

/// The characters of images' names and of platforms.
pub(crate) fn is_reference(c: char) -> bool {
    c.is_ascii_alphanumeric() || "._-/:@+".contains(c)
}

/// A value that stands unquoted: its literal parts have only characters of references.
pub(crate) fn reference(value: &Value) -> Encoded {
    not_empty(value.as_str())?;
    if value.as_str().starts_with('-') {
        return Err(EncodeProblem::Character('-'));
    }
    for piece in value.pieces()? {
        match piece {
            Piece::Literal(text) => {
                if let Some(c) = text.chars().find(|c| !is_reference(*c)) {
                    return Err(EncodeProblem::Character(c));
                }
            }
            Piece::Variable(text) => {
                if text.contains(char::is_whitespace) {
                    return Err(EncodeProblem::Space);
                }
            }
        }
    }
    Ok(value.as_str().to_owned())
}

/// A value for the shell lexer, on one line.
fn lexed(value: &Value, escape: Escape, plain: impl Fn(&str) -> bool) -> Encoded {
    refuse_nul(value.as_str())?;
    if value.as_str().contains('\n') {
        return Err(EncodeProblem::LineBreak);
    }
    quoted(value, escape, plain)
}

/// A value for the shell lexer: as it is where that is `plain`, else in double quotes.
fn quoted(value: &Value, escape: Escape, plain: impl Fn(&str) -> bool) -> Encoded {
    let pieces = value.pieces()?;
    let simple = pieces.iter().all(|piece| match piece {
        Piece::Literal(_) => true,
        Piece::Variable(text) => text
            .trim_start_matches(['$', '{'])
            .trim_end_matches('}')
            .chars()
            .all(|c| c == '_' || c.is_ascii_alphanumeric()),
    });
    let literal: String = pieces
        .iter()
        .map(|piece| match piece {
            Piece::Literal(text) => text,
            Piece::Variable(_) => "x",
        })
        .collect();
    if simple && plain(&literal) {
        return Ok(value.as_str().to_owned());
    }
    let mut out = String::from('"');
    for piece in pieces {
        match piece {
            Piece::Variable(text) => out.push_str(text),
            Piece::Literal(text) => {
                for c in text.chars() {
                    if c == '"' || c == '$' || c == escape.as_char() {
                        out.push(escape.as_char());
                    }
                    out.push(c);
                }
            }
        }
    }
    out.push('"');
    Ok(out)
}

/// The characters that the shell lexer or a word splitter gives a meaning, with either escape character.
fn is_special(c: char) -> bool {
    matches!(c, '\\' | '`' | '"' | '\'' | '$')
}

fn is_trimmed(text: &str) -> bool {
    text.trim().len() == text.len()
}

pub(crate) fn not_empty(text: &str) -> Result<(), EncodeProblem> {
    if text.is_empty() {
        return Err(EncodeProblem::Empty);
    }
    Ok(())
}

pub(crate) fn refuse_nul(text: &str) -> Result<(), EncodeProblem> {
    if text.contains('\0') {
        return Err(EncodeProblem::Nul);
    }
    Ok(())
}
