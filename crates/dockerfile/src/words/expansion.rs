//! One run of the lexer over one text.

use std::borrow::Cow;
use std::collections::BTreeSet;

use crate::dialect::Dialect;

use super::cursor::Cursor;
use super::error::{WordError, WordProblem};
use super::output::{Output, Spaces};
use super::pattern::{Pattern, Reach};
use super::replace;
use super::steps::{Exhausted, STEPS, Steps};
use super::{Escapes, Lexer, Quotes, Unset};

/// How deep braces may be nested; people get to three.
const DEPTH: usize = 64;

/// A text under expansion.
pub(super) struct Expansion<'a, 'v> {
    lexer: Lexer,
    cursor: Cursor<'a>,
    variables: &'a dyn Fn(&str) -> Option<&'v str>,
    /// What becomes of escape characters at this place; words within braces have their own rule.
    escapes: Escapes,
    depth: usize,
    steps: Steps,
    /// Whether braces within this piece had a word of their own.
    nested: bool,
    pub(super) found: BTreeSet<String>,
    pub(super) missing: BTreeSet<String>,
}

/// Running
impl<'a, 'v: 'a> Expansion<'a, 'v> {
    pub(super) fn new(
        lexer: Lexer,
        text: &'a str,
        variables: &'a dyn Fn(&str) -> Option<&'v str>,
    ) -> Self {
        Self {
            lexer,
            cursor: Cursor::new(text),
            variables,
            escapes: lexer.escapes,
            depth: 0,
            steps: Steps::all(),
            nested: false,
            found: BTreeSet::new(),
            missing: BTreeSet::new(),
        }
    }

    /// Reads the whole text.
    pub(super) fn run(&mut self, output: &mut Output) -> Result<(), WordError> {
        self.until(None, output).map(|_| ())
    }

    /// Reads up to a character, or to the end; says whether it came to the character.
    fn until(&mut self, stop: Option<char>, output: &mut Output) -> Result<bool, WordError> {
        loop {
            let start = self.cursor.at;
            let Some(character) = self.cursor.next() else {
                return Ok(false);
            };
            match character {
                _ if stop == Some(character) => return Ok(true),
                '$' => {
                    self.nested = false;
                    let piece = self.dollar(start)?;
                    self.add(start, &piece, Spaces::Split, output)?;
                }
                '<' if self.lexer.dialect == Dialect::Current => {
                    let piece = self.heredoc(start);
                    self.add(start, piece, Spaces::Join, output)?;
                }
                '\'' if self.lexer.quotes != Quotes::Ignore => {
                    let piece = self.single(start)?;
                    self.add(start, piece, Spaces::Join, output)?;
                }
                '"' if self.lexer.quotes != Quotes::Ignore => {
                    self.nested = false;
                    let piece = self.double(start)?;
                    self.add(start, &piece, Spaces::Join, output)?;
                }
                _ if character == self.lexer.escape => {
                    if self.escapes == Escapes::Keep {
                        output.push(character, Spaces::Join);
                    }
                    let Some(escaped) = self.cursor.next() else {
                        return Ok(false);
                    };
                    output.push(escaped, Spaces::Join);
                }
                _ => output.push(character, Spaces::Split),
            }
        }
    }

    /// Adds what a piece came to.
    fn add(
        &mut self,
        start: usize,
        piece: &str,
        spaces: Spaces,
        output: &mut Output,
    ) -> Result<(), WordError> {
        self.spend(start, piece.len())?;
        if std::mem::take(&mut self.nested) && self.lexer.dialect == Dialect::Current {
            output.lose();
        }
        output.push_str(piece, spaces);
        Ok(())
    }
}

/// Pieces, each after its first character
impl<'a, 'v: 'a> Expansion<'a, 'v> {
    /// `<`, or `<<` with the white space after it, so that a heredoc's word may stand apart from it.
    fn heredoc(&mut self, start: usize) -> &'a str {
        if self.cursor.eat('<') {
            while matches!(self.cursor.peek(), Some(' ' | '\t' | '\r')) {
                self.cursor.next();
            }
        }
        self.cursor.since(start)
    }

    fn single(&mut self, start: usize) -> Result<&'a str, WordError> {
        let quote = '\'';
        let rest = self.cursor.rest();
        let Some(length) = rest.find(quote) else {
            self.cursor.at = self.cursor.text.len();
            return Err(error(start, WordProblem::Quote { quote }));
        };
        self.cursor.at += length + 1;
        Ok(match self.lexer.quotes {
            Quotes::Keep => self.cursor.since(start),
            Quotes::Remove | Quotes::Ignore => rest.get(..length).unwrap_or_default(),
        })
    }

    fn double(&mut self, start: usize) -> Result<String, WordError> {
        let quote = '"';
        let mut piece = String::new();
        if self.lexer.quotes == Quotes::Keep {
            piece.push(quote);
        }
        loop {
            let here = self.cursor.at;
            let Some(character) = self.cursor.next() else {
                return Err(error(start, WordProblem::Quote { quote }));
            };
            if character == quote {
                break;
            } else if character == '$' {
                let value = self.dollar(here)?;
                self.spend(here, value.len())?;
                piece.push_str(&value);
            } else if character == self.lexer.escape {
                if self.escapes == Escapes::Keep {
                    piece.push(character);
                }
                let escaped = self
                    .cursor
                    .peek()
                    .filter(|&next| next == quote || next == '$' || next == self.lexer.escape);
                piece.push(escaped.unwrap_or(character));
                if escaped.is_some() {
                    self.cursor.next();
                }
            } else {
                piece.push(character);
            }
        }
        if self.lexer.quotes == Quotes::Keep {
            piece.push(quote);
        }
        Ok(piece)
    }

    /// A variable in any form.
    fn dollar(&mut self, start: usize) -> Result<Cow<'a, str>, WordError> {
        if self.cursor.eat('{') {
            return self.braces(start);
        }
        let name = self.cursor.name();
        if name.is_empty() {
            return Ok("$".into());
        }
        Ok(self.plain(start, name))
    }

    fn braces(&mut self, start: usize) -> Result<Cow<'a, str>, WordError> {
        match self.cursor.peek() {
            None => return Err(error(start, WordProblem::NoBrace)),
            Some('{' | '}' | ':') => return Err(error(start, WordProblem::NoName)),
            Some(_) => {}
        }
        let name = self.cursor.name();
        let here = self.cursor.at;
        let current = self.lexer.dialect == Dialect::Current;
        match self.cursor.next() {
            None => return Err(error(start, WordProblem::NoBrace)),
            Some('}') => return Ok(self.plain(start, name)),
            Some('/') if current => return self.replace(start, name),
            Some('+' | '-' | '?') => {}
            Some('#' | '%') if current => {}
            Some(':') => match self.cursor.next() {
                None => return Err(error(start, WordProblem::NoBrace)),
                Some('#' | '%') if current => return Err(self.operator(here)),
                Some(_) => {}
            },
            Some(_) => return Err(self.operator(here)),
        }
        let operator = self.cursor.since(here);
        let unknown = self.operator(here);
        let escapes = match (self.lexer.dialect, operator) {
            (Dialect::Current, "#" | "%") => Escapes::Keep,
            (Dialect::Current, _) => Escapes::Remove,
            (Dialect::BuildKit0_12, _) => self.lexer.escapes,
        };
        let word = self.nested(start, '}', escapes, WordProblem::NoBrace)?;
        let value = self.variable(name);
        if value.is_none() && self.lexer.unset == Unset::Keep {
            return Ok(format!("${{{name}{operator}{word}}}").into());
        }
        let usable = value.filter(|value| !(operator.starts_with(':') && value.is_empty()));
        match operator {
            "-" | ":-" => Ok(usable.map_or(word.into(), Cow::Borrowed)),
            "+" | ":+" => Ok(usable.map_or("".into(), |_| word.into())),
            "?" | ":?" => match usable {
                Some(value) => Ok(value.into()),
                None => Err(error(start, demanded(name, value, word))),
            },
            "#" | "%" => self.trim(start, operator, &word, value.unwrap_or_default()),
            _ => Err(unknown),
        }
    }

    /// `$NAME` and `${NAME}`.
    fn plain(&mut self, start: usize, name: &str) -> Cow<'a, str> {
        match (self.variable(name), self.lexer.unset) {
            (Some(value), _) => value.into(),
            (None, Unset::Empty) => "".into(),
            (None, Unset::Keep) => self.cursor.since(start).into(),
        }
    }

    fn trim(
        &mut self,
        start: usize,
        operator: &str,
        word: &str,
        value: &'a str,
    ) -> Result<Cow<'a, str>, WordError> {
        let (reach, pattern) = match word.strip_prefix(operator) {
            Some(pattern) => (Reach::Longest, pattern),
            None => (Reach::Shortest, word),
        };
        let prefix = operator == "#";
        let (compiled, reversed) = if prefix {
            (Pattern::parse(pattern), value.into())
        } else {
            // The shortest match at the end is not the first one that a search from the left finds.
            let reversed: String = value.chars().rev().collect();
            (Pattern::parse_reversed(pattern), Cow::Owned(reversed))
        };
        let compiled = compiled.map_err(|escaped| bad_pattern(start, pattern, escaped.0))?;
        self.spend(start, value.len())?;
        let length = compiled
            .match_at(&reversed, 0, reach, &mut self.steps)
            .map_err(|Exhausted| exhausted(start))?
            .unwrap_or_default();
        let rest = if prefix {
            value.get(length..)
        } else {
            value.get(..value.len() - length)
        };
        Ok(rest.unwrap_or_default().into())
    }

    /// `${NAME/pattern/word}` and `${NAME//pattern/word}`, after the first slash.
    fn replace(&mut self, start: usize, name: &str) -> Result<Cow<'a, str>, WordError> {
        let all = self.cursor.eat('/');
        let pattern = self.nested(start, '/', Escapes::Keep, WordProblem::NoSlash)?;
        let word = self.nested(start, '}', Escapes::Keep, WordProblem::NoBrace)?;
        let value = self.variable(name);
        if value.is_none() && self.lexer.unset == Unset::Keep {
            return Ok(format!("${{{name}/{pattern}/{word}}}").into());
        }
        let compiled =
            Pattern::parse(&pattern).map_err(|escaped| bad_pattern(start, &pattern, escaped.0))?;
        let value = value.unwrap_or_default();
        let replaced = if all {
            replace::all(&compiled, value, &word, &mut self.steps)
        } else {
            replace::first(&compiled, value, &word, &mut self.steps)
        };
        let replaced = replaced.map_err(|Exhausted| exhausted(start))?;
        Ok(replaced)
    }

    /// A word within braces.
    fn nested(
        &mut self,
        start: usize,
        stop: char,
        escapes: Escapes,
        unended: WordProblem,
    ) -> Result<String, WordError> {
        if self.depth == DEPTH {
            return Err(error(start, WordProblem::Depth { limit: DEPTH }));
        }
        self.depth += 1;
        let outer = std::mem::replace(&mut self.escapes, escapes);
        let mut output = Output::text();
        let ended = self.until(Some(stop), &mut output);
        self.escapes = outer;
        self.depth -= 1;
        self.nested = true;
        match ended {
            Ok(true) => Ok(output.into_text()),
            // As BuildKit: whatever is wrong at the end of the text, it is taken for this brace's lacking end.
            Err(inner) if inner.is_limit() || self.cursor.peek().is_some() => Err(inner),
            Ok(false) | Err(_) => Err(error(start, unended)),
        }
    }
}

/// Looking up
impl<'a, 'v: 'a> Expansion<'a, 'v> {
    /// A variable's value, and notes whether it has one.
    fn variable(&mut self, name: &str) -> Option<&'v str> {
        let value = (self.variables)(name);
        let names = match value {
            Some(_) => &mut self.found,
            None => &mut self.missing,
        };
        if !names.contains(name) {
            names.insert(name.into());
        }
        value
    }

    fn spend(&mut self, start: usize, steps: usize) -> Result<(), WordError> {
        self.steps.take(steps).map_err(|Exhausted| exhausted(start))
    }

    /// The error for an operator that there is not.
    fn operator(&self, start: usize) -> WordError {
        let operator = self.cursor.since(start).into();
        error(start, WordProblem::Operator { operator })
    }
}

fn error(offset: usize, problem: WordProblem) -> WordError {
    WordError { offset, problem }
}

fn exhausted(offset: usize) -> WordError {
    error(offset, WordProblem::Steps { limit: STEPS })
}

fn bad_pattern(offset: usize, pattern: &str, escaped: Option<char>) -> WordError {
    let pattern = pattern.into();
    error(offset, WordProblem::Pattern { pattern, escaped })
}

/// The error of `?`, in the Dockerfile's own words if it has any.
fn demanded(name: &str, value: Option<&str>, word: String) -> WordProblem {
    let message = match (word.is_empty(), value) {
        (false, _) => word,
        (true, None) => "is not allowed to be unset".into(),
        (true, Some(_)) => "is not allowed to be empty".into(),
    };
    WordProblem::Demanded {
        name: name.into(),
        message,
    }
}
