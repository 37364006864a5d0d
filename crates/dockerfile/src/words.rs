//! Words: quotes, escapes and variables, as BuildKit's frontend reads them.
//!
//! | in a word | becomes |
//! |---|---|
//! | `'…'` | what is between, as it stands |
//! | `"…"` | what is between, with variables; `\"`, `\$` and `\\` lose their backslash, others keep it |
//! | `\x` | `x`; a backslash that ends the word is dropped |
//! | `$NAME`, `${NAME}` | the value, or nothing where it is unset |
//! | `${NAME-word}`, `${NAME:-word}` | the value; `word` where it is unset (with `:` also where it is empty) |
//! | `${NAME+word}`, `${NAME:+word}` | `word`; nothing where it is unset (or empty) |
//! | `${NAME?word}`, `${NAME:?word}` | the value; an error that says `word` where it is unset (or empty) |
//! | `${NAME#pattern}`, `${NAME##pattern}` | the value without its shortest (longest) beginning that matches |
//! | `${NAME%pattern}`, `${NAME%%pattern}` | the value without its shortest (longest) end that matches |
//! | `${NAME/pattern/word}`, `${NAME//pattern/word}` | the value with the first match (all matches) replaced |
//!
//! Words and patterns within braces are expanded in turn. In a pattern `*` is any text on one line and `?` one character;
//! there are no sets. A name is a run of letters, digits and `_`, or digits alone, or one of `@ * # ? - $ !`.
//!
//! This is what BuildKit does of late; older builders refuse the last three rows. Some of it is odd, and kept, since images
//! depend on it: see [`Lexer::words`].

mod cursor;
mod error;
mod expansion;
mod name;
mod output;
mod pattern;
mod replace;
mod steps;

use std::collections::BTreeSet;

use crate::dialect::Dialect;

pub use error::{WordError, WordProblem};

use expansion::Expansion;
use output::Output;

/// Reads words. What it does with quotes, escapes and unset variables can be set; the default is as for arguments of
/// instructions.
///
/// ```
/// use shipload_dockerfile::Lexer;
///
/// let value = |name: &str| (name == "VERSION").then_some("1.2.3");
/// let lexer = Lexer::new('\\');
/// let expanded = lexer.word(r#"app-${VERSION%.*}"$SUFFIX""#, &value)?;
/// assert_eq!(expanded.text, "app-1.2");
/// assert!(expanded.found.contains("VERSION"));
/// assert!(expanded.missing.contains("SUFFIX"));
/// assert_eq!(lexer.words("a 'b c' $VERSION", &value)?, ["a", "b c", "1.2.3"]);
/// # Ok::<(), shipload_dockerfile::WordError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lexer {
    escape: char,
    quotes: Quotes,
    escapes: Escapes,
    unset: Unset,
    dialect: Dialect,
}

/// What becomes of quotes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Quotes {
    /// They quote and are removed.
    #[default]
    Remove,
    /// They quote and stay.
    Keep,
    /// They are characters like others: so in the content of a heredoc.
    Ignore,
}

/// What becomes of the escape character.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Escapes {
    /// It escapes and is removed.
    #[default]
    Remove,
    /// It escapes and stays. Within double quotes it is even doubled where it escapes nothing (BuildKit does that). The word
    /// of `-`, `+` and `?` loses it all the same, and patterns always keep it.
    Keep,
}

/// What becomes of a variable that is not set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Unset {
    /// The empty text, or what its form says.
    #[default]
    Empty,
    /// It stays as written, but for what its word or pattern contains, which is expanded.
    Keep,
}

/// A word after expansion.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expanded {
    /// The text.
    pub text: String,
    /// The variables in it that are set.
    pub found: BTreeSet<String>,
    /// The variables in it that are not set, those with a default among them.
    pub missing: BTreeSet<String>,
}

/// Making
impl Lexer {
    /// A lexer with the escape character of the Dockerfile, `\` or `` ` ``.
    pub fn new(escape: char) -> Self {
        Self {
            escape,
            quotes: Quotes::default(),
            escapes: Escapes::default(),
            unset: Unset::default(),
            dialect: Dialect::default(),
        }
    }

    /// Sets what becomes of quotes.
    #[must_use]
    pub fn quotes(self, quotes: Quotes) -> Self {
        Self { quotes, ..self }
    }

    /// Sets what becomes of escape characters.
    #[must_use]
    pub fn escapes(self, escapes: Escapes) -> Self {
        Self { escapes, ..self }
    }

    /// Sets what becomes of variables that are not set.
    #[must_use]
    pub fn unset(self, unset: Unset) -> Self {
        Self { unset, ..self }
    }

    /// Sets whose reading is wanted. BuildKit 0.12 has none of the forms with `#`, `%` and `/`, and nothing special about `<<`.
    #[must_use]
    pub fn dialect(self, dialect: Dialect) -> Self {
        Self { dialect, ..self }
    }
}

/// Reading
impl Lexer {
    /// Expands a text as one word: white space stays.
    ///
    /// `variables` gives the value of a name.
    ///
    /// # Errors
    ///
    /// [`WordError`] for what BuildKit refuses too, and for a text that exceeds a limit: braces nested more than 64 deep, or
    /// more than 32 Mi steps, where a step is a byte of a value that is written or a character that a pattern looks at.
    pub fn word<'v>(
        &self,
        text: &str,
        variables: &dyn Fn(&str) -> Option<&'v str>,
    ) -> Result<Expanded, WordError> {
        let mut expansion = Expansion::new(*self, text, variables);
        let mut output = Output::text();
        expansion.run(&mut output)?;
        Ok(Expanded {
            text: output.into_text(),
            found: expansion.found,
            missing: expansion.missing,
        })
    }

    /// Expands a text and splits it at white space that is neither quoted nor escaped; white space of values splits as well.
    ///
    /// `<<` takes the spaces and tabs after it into its word. A word that is empty in spite of its quotes is dropped. What
    /// stands right before braces with a word or pattern in them is lost, so that `a${B:-c}` is `c`. All as BuildKit.
    ///
    /// # Errors
    ///
    /// As [`word`](Self::word).
    pub fn words<'v>(
        &self,
        text: &str,
        variables: &dyn Fn(&str) -> Option<&'v str>,
    ) -> Result<Vec<String>, WordError> {
        let mut output = Output::words();
        Expansion::new(*self, text, variables).run(&mut output)?;
        Ok(output.into_words())
    }
}
