//! `Value`: what a caller hands to the builder, and whether variables in it mean anything.

use crate::quote::EncodeProblem;

/// A text that a build shall see exactly as it is, or one with variables that the build fills in.
///
/// A string is literal: `$HOME` in it is five characters. Only [`Value::expand`] makes variables of them.
///
/// ```
/// use shipload_dockerfile::{DockerfileBuilder, Value};
///
/// let mut file = DockerfileBuilder::new("scratch")?;
/// file.env("PRICE", "$5")?.env("DATA", Value::expand("$ROOT/data"))?;
/// assert_eq!(file.text(), "FROM scratch\nENV PRICE=\"\\$5\"\nENV DATA=$ROOT/data\n");
/// # Ok::<(), shipload_dockerfile::BuilderError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Value {
    text: String,
    expand: bool,
}

impl Value {
    /// A text in which `$NAME`, `${NAME}` and `${NAME:-word}` with its kin are filled in by the build; all else is literal.
    ///
    /// The word after the operator must not hold quotes, backslashes or another variable. A `$` that begins no variable is
    /// refused when the value is written.
    pub fn expand(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            expand: true,
        }
    }

    /// The text as it was given.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether variables in it are filled in.
    pub fn is_expanding(&self) -> bool {
        self.expand
    }

    /// The same value with another text.
    pub(crate) fn with(&self, text: String) -> Self {
        Self {
            text,
            expand: self.expand,
        }
    }

    /// The text cut into literal pieces and variables.
    pub(crate) fn pieces(&self) -> Result<Vec<Piece<'_>>, EncodeProblem> {
        if !self.expand {
            return Ok(vec![Piece::Literal(&self.text)]);
        }
        let mut pieces = Vec::new();
        let mut rest = self.text.as_str();
        while let Some(dollar) = rest.find('$') {
            let (literal, variable) = rest.split_at(dollar);
            let end = variable_end(variable).ok_or(EncodeProblem::Variable)?;
            let (variable, after) = variable.split_at(end);
            pieces.extend([Piece::Literal(literal), Piece::Variable(variable)]);
            rest = after;
        }
        pieces.push(Piece::Literal(rest));
        Ok(pieces)
    }
}

/// A part of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Piece<'a> {
    /// Stands for itself.
    Literal(&'a str),
    /// Stands for a variable; with the `$`.
    Variable(&'a str),
}

/// Where the variable ends that `text` begins with.
fn variable_end(text: &str) -> Option<usize> {
    let after = text.strip_prefix('$')?;
    let name_len = |text: &str| {
        let mut bytes = text.bytes();
        let first = bytes
            .next()
            .filter(|b| b.is_ascii_alphabetic() || *b == b'_');
        first.map(|_| 1 + bytes.take_while(|b| is_name(*b)).count())
    };
    let Some(braced) = after.strip_prefix('{') else {
        return Some(1 + name_len(after)?);
    };
    let close = braced.find('}')?;
    let inner = &braced[..close];
    let word = &inner[name_len(inner)?..];
    let operators = [
        ":-", ":+", ":?", "-", "+", "?", "##", "#", "%%", "%", "//", "/",
    ];
    let operator = operators.iter().any(|operator| word.starts_with(operator));
    let forbidden = ['"', '\'', '\\', '`', '$', '{', '\n'];
    let plain = word.is_empty() || (operator && !word.contains(forbidden));
    plain.then_some(2 + close + 1)
}

fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::from(text.to_owned())
    }
}

impl From<&String> for Value {
    fn from(text: &String) -> Self {
        Self::from(text.clone())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self {
            text,
            expand: false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_found() {
        let rows: &[(&str, Option<&[&str]>)] = &[
            ("", Some(&[])),
            ("abc", Some(&[])),
            ("$A", Some(&["$A"])),
            ("x$A_1-${B}y", Some(&["$A_1", "${B}"])),
            ("${A:-d e}/${B%.x}", Some(&["${A:-d e}", "${B%.x}"])),
            ("$", None),
            ("$$A", None),
            ("$1", None),
            ("${}", None),
            ("${A", None),
            ("${A!b}", None),
            ("${A:-\"}", None),
            ("${A:-${B}}", None),
        ];
        for (text, expected) in rows {
            let value = Value::expand(*text);
            let found = value.pieces().ok().map(|pieces| {
                let variables = pieces.into_iter().filter_map(|piece| match piece {
                    Piece::Variable(variable) => Some(variable),
                    Piece::Literal(_) => None,
                });
                variables.collect::<Vec<_>>()
            });
            assert_eq!(found.as_deref(), *expected, "{text}");
        }
    }
}
