//! What follows the flags, read in the way that the keyword wants.

use crate::dialect::Dialect;
use crate::error::SyntaxProblem;
use crate::flags;
use crate::json::{self, NotStrings};
use crate::keyword::Keyword;
use crate::syntax::{Arguments, Pair, Position, Word};

/// The white space that separates plain words. Unlike that between quoted words it is ASCII.
const BLANKS: [char; 5] = ['\t', '\u{b}', '\u{c}', '\r', ' '];

/// A text within an instruction, and what is needed to read it.
#[derive(Clone, Copy)]
pub(crate) struct Reader<'a> {
    /// The arguments, without white space around them.
    pub(crate) text: &'a str,
    /// Tells the place of a byte of the text.
    pub(crate) place: &'a dyn Fn(usize) -> Position,
    pub(crate) escape: char,
    pub(crate) dialect: Dialect,
}

/// A problem and the byte of the text at which it is.
pub(crate) type Failure = (usize, SyntaxProblem);

impl Reader<'_> {
    /// Reads the arguments of everything but `ONBUILD`.
    pub(crate) fn read(self, keyword: Keyword) -> Result<Arguments, Failure> {
        if self.text.is_empty() {
            return Ok(Arguments::None);
        }
        match keyword {
            Keyword::Run | Keyword::Cmd | Keyword::Entrypoint | Keyword::Shell => self.command(),
            Keyword::Add | Keyword::Copy | Keyword::Volume => {
                Ok(self.json()?.unwrap_or_else(|| self.plain_words()))
            }
            Keyword::Expose | Keyword::From => Ok(self.plain_words()),
            Keyword::Arg => {
                let words = quoted_words(self.text, self.escape);
                if words.is_empty() {
                    return Ok(Arguments::None);
                }
                let words = words.into_iter().map(|(at, word)| self.word(at, word));
                Ok(Arguments::Words(words.collect()))
            }
            Keyword::Env => self.pairs("ENV"),
            Keyword::Label => self.pairs("LABEL"),
            Keyword::Healthcheck => self.health(),
            Keyword::Maintainer
            | Keyword::Stopsignal
            | Keyword::User
            | Keyword::Workdir
            | Keyword::Onbuild => Ok(self.whole()),
        }
    }

    fn word(&self, at: usize, text: impl Into<String>) -> Word {
        let (text, position) = (text.into(), (self.place)(at));
        Word { text, position }
    }

    fn whole(&self) -> Arguments {
        Arguments::Text(self.word(0, self.text))
    }

    fn command(&self) -> Result<Arguments, Failure> {
        Ok(self.json()?.unwrap_or_else(|| self.whole()))
    }

    fn json(&self) -> Result<Option<Arguments>, Failure> {
        match json::strings(self.text, self.dialect) {
            Err(NotStrings) => Err((0, SyntaxProblem::NotStrings)),
            Ok(None) => Ok(None),
            Ok(Some(strings)) => {
                let words = strings.into_iter().map(|(at, text)| self.word(at, text));
                Ok(Some(Arguments::Json(words.collect())))
            }
        }
    }

    fn plain_words(&self) -> Arguments {
        let words = plain_words(self.text).map(|(at, text)| self.word(at, text));
        Arguments::Words(words.collect())
    }

    fn pairs(&self, keyword: &'static str) -> Result<Arguments, Failure> {
        let words = quoted_words(self.text, self.escape);
        let Some((_, first)) = words.first() else {
            return Ok(Arguments::None);
        };
        if !first.contains('=') {
            return self.old_pair(keyword);
        }
        let pairs = words.into_iter().map(|(at, word)| {
            let Some((name, value)) = word.split_once('=') else {
                return Err((at, SyntaxProblem::NoEquals { word }));
            };
            let value = self.word(at + name.len() + 1, value);
            Ok(Pair {
                name: self.word(at, name),
                value,
                equals: true,
            })
        });
        pairs.collect::<Result<_, _>>().map(Arguments::Pairs)
    }

    /// `ENV name the rest is the value`.
    fn old_pair(&self, keyword: &'static str) -> Result<Arguments, Failure> {
        let Some((name, rest)) = self.text.split_once(BLANKS) else {
            return Err((0, SyntaxProblem::NoValue { keyword }));
        };
        let value = rest.trim_start_matches(BLANKS);
        let value = self.word(self.text.len() - value.len(), value);
        Ok(Arguments::Pairs(vec![Pair {
            name: self.word(0, name),
            value,
            equals: false,
        }]))
    }

    fn health(&self) -> Result<Arguments, Failure> {
        let bytes = self.text.as_bytes();
        let end = bytes
            .iter()
            .position(|&byte| flags::is_space(byte))
            .unwrap_or(bytes.len());
        let blanks = bytes[end..]
            .iter()
            .take_while(|&&byte| flags::is_space(byte))
            .count();
        // As among the flags, a byte of a longer character may be taken for white space.
        let kind = String::from_utf8_lossy(&bytes[..end]);
        let rest = String::from_utf8_lossy(&bytes[end + blanks..]);
        let place = |at: usize| (self.place)(end + blanks + at);
        let inner = Reader {
            text: &rest,
            place: &place,
            ..*self
        };
        let command = if rest.is_empty() {
            Ok(Arguments::None)
        } else {
            inner.command()
        };
        let command = command.map_err(|(at, problem)| (end + blanks + at, problem))?;
        let (kind, command) = (self.word(0, kind), Box::new(command));
        Ok(Arguments::Health { kind, command })
    }
}

/// Words between ASCII white space, and the byte at which each begins.
fn plain_words(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.split(BLANKS)
        .filter(|word| !word.is_empty())
        .map(|word| (word.as_ptr() as usize - text.as_ptr() as usize, word))
}

/// Words between white space that is neither quoted nor escaped. Quotes and escapes stay in them.
pub(crate) fn quoted_words(text: &str, escape: char) -> Vec<(usize, String)> {
    let mut words = Vec::new();
    let mut rest = text;
    loop {
        rest = rest.trim_start();
        if rest.is_empty() {
            return words;
        }
        let at = text.len() - rest.len();
        let (word, length) = quoted_word(rest, escape);
        if !word.is_empty() {
            words.push((at, word));
        }
        rest = &rest[length..];
    }
}

/// The word at the start of a text, without an escape character that ends the text, and how many bytes it takes.
fn quoted_word(text: &str, escape: char) -> (String, usize) {
    let mut word = String::new();
    let mut quote = None;
    let mut characters = text.char_indices();
    while let Some((at, character)) = characters.next() {
        if character == escape && quote != Some('\'') {
            if let Some((_, escaped)) = characters.next() {
                word.extend([character, escaped]);
            }
            continue;
        }
        match quote {
            Some(open) if character == open => quote = None,
            None if matches!(character, '\'' | '"') => quote = Some(character),
            None if character.is_whitespace() => return (word, at),
            Some(_) | None => {}
        }
        word.push(character);
    }
    (word, text.len())
}
