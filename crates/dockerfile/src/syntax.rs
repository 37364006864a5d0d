//! The syntax tree of a Dockerfile. Each item keeps its own text, so that the items put together are the file.

use std::fmt;
use std::ops::RangeInclusive;
use std::sync::Arc;

use crate::keyword::Keyword;

/// A place in a Dockerfile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    /// The line, counted from 1.
    pub line: usize,
    /// The byte in the line, counted from 1.
    pub column: usize,
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.line, self.column)
    }
}

/// A Dockerfile as a sequence of items, each with its text.
///
/// Writing it (`to_string`) gives the text that was parsed, byte for byte: comments, blank lines, line ends, a byte order
/// mark and all.
///
/// ```
/// use shipload_dockerfile::{Dockerfile, Keyword};
///
/// let text = "# what it is\nFROM scratch\nCOPY --chown=1:1 \\\n  a b /x/\n";
/// let file = Dockerfile::parse(text)?;
/// let copy = file.instructions().last().ok_or("no instruction")?;
/// assert_eq!(copy.keyword, Some(Keyword::Copy));
/// assert_eq!(copy.flags[0].value(), Some("1:1"));
/// assert_eq!(copy.lines, 3..=4);
/// assert_eq!(file.to_string(), text);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dockerfile {
    pub(crate) items: Vec<Item>,
    pub(crate) directives: Vec<Directive>,
    pub(crate) escape: char,
}

/// Reading
impl Dockerfile {
    /// All items in the order of the file.
    pub fn items(&self) -> &[Item] {
        &self.items
    }

    /// The instructions in the order of the file.
    pub fn instructions(&self) -> impl Iterator<Item = &Instruction> {
        self.items.iter().filter_map(|item| match item {
            Item::Instruction(instruction) => Some(instruction.as_ref()),
            Item::Blank(_) | Item::Comment(_) => None,
        })
    }

    /// The parser directives (`syntax`, `escape`, `check`) at the top of the file.
    pub fn directives(&self) -> &[Directive] {
        &self.directives
    }

    /// The escape character, `\` unless the directive `escape` says `` ` ``.
    pub fn escape(&self) -> char {
        self.escape
    }

    /// The frontend that the directive `syntax` asks for, such as `docker/dockerfile:1`: its first word, as BuildKit takes it.
    pub fn syntax(&self) -> Option<&str> {
        let directive = self.directives.iter().find(|one| one.name == "syntax")?;
        directive.value.split(' ').next()
    }
}

impl fmt::Display for Dockerfile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.items
            .iter()
            .try_for_each(|item| f.write_str(item.text()))
    }
}

/// A piece of a Dockerfile: whole lines, with their line ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Item {
    /// A line of white space.
    Blank(String),
    /// A comment line, or a directive.
    Comment(String),
    /// An instruction with its continuation lines and heredocs.
    Instruction(Box<Instruction>),
}

impl Item {
    /// The text, with line ends.
    pub fn text(&self) -> &str {
        match self {
            Self::Blank(text) | Self::Comment(text) => text,
            Self::Instruction(instruction) => &instruction.text,
        }
    }
}

/// A parser directive: `# name=value` in the first lines of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Directive {
    /// The name in lower case: `syntax`, `escape` or `check`.
    pub name: String,
    /// The value without white space around it.
    pub value: String,
    /// The line, counted from 1.
    pub line: usize,
}

/// One instruction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Instruction {
    /// What it is; `None` for a word that is not known here.
    pub keyword: Option<Keyword>,
    /// The first word as written.
    pub name: Word,
    /// The flags before the arguments.
    pub flags: Vec<Flag>,
    /// What follows the flags.
    pub arguments: Arguments,
    /// The heredocs, in the order of their `<<`.
    pub heredocs: Vec<Heredoc>,
    /// The first and last line, counted from 1, heredocs included.
    pub lines: RangeInclusive<usize>,
    /// The instruction on one line: continuation lines joined, comments between them dropped, without heredocs' contents.
    pub line: String,
    /// The whole text with line ends. Empty for the instruction inside an `ONBUILD`.
    pub text: String,
}

/// What follows the keyword and the flags, in the form in which the keyword wants it.
///
/// Words are as written: quotes, escapes and variables are in them, unless the form is JSON.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Arguments {
    /// Nothing.
    None,
    /// A JSON array of strings (`RUN CMD ENTRYPOINT SHELL ADD COPY VOLUME`), decoded.
    Json(Vec<Word>),
    /// Words separated by white space (`FROM EXPOSE ADD COPY VOLUME ARG`); those of `ARG` may hold quoted spaces.
    Words(Vec<Word>),
    /// One text (`RUN CMD ENTRYPOINT SHELL MAINTAINER USER STOPSIGNAL WORKDIR`).
    Text(Word),
    /// Names with values (`ENV LABEL`).
    Pairs(Vec<Pair>),
    /// `HEALTHCHECK`: its kind, `CMD` or `NONE` as written, and the command.
    Health {
        /// The first word as written.
        kind: Word,
        /// `None`, `Json` or `Text`.
        command: Box<Arguments>,
    },
    /// `ONBUILD`: the instruction that is kept for later.
    Trigger(Box<Instruction>),
    /// The arguments of an unknown instruction, unread.
    Unknown(Word),
}

/// A piece of an instruction's text and where it begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Word {
    /// The text.
    pub text: String,
    /// Where it begins.
    pub position: Position,
}

impl Word {
    /// A part of it that begins at a byte.
    pub(crate) fn part(&self, offset: usize, text: &str) -> Self {
        let mut position = self.position;
        position.column += offset;
        let text = text.to_owned();
        Self { text, position }
    }
}

/// A flag, such as `--from=build`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flag {
    /// The flag with its dashes, quotes removed, as BuildKit understands it.
    pub text: String,
    /// Where it begins.
    pub position: Position,
}

impl Flag {
    /// The name between the dashes and the `=`.
    pub fn name(&self) -> &str {
        let name = self.text.strip_prefix("--").unwrap_or(&self.text);
        name.split_once('=').map_or(name, |(name, _)| name)
    }

    /// What follows the first `=`, if there is one.
    pub fn value(&self) -> Option<&str> {
        self.text.split_once('=').map(|(_, value)| value)
    }
}

/// A name and a value of `ENV` or `LABEL`, as written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pair {
    /// The name.
    pub name: Word,
    /// The value.
    pub value: Word,
    /// Whether they were joined by `=`; the old form `ENV name value` has white space.
    pub equals: bool,
}

/// A heredoc: text in the Dockerfile that acts as a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heredoc {
    /// The word that ends it, without quotes.
    pub name: String,
    /// The number before the `<<`, 0 where there is none.
    pub descriptor: u64,
    /// Whether variables in it are expanded: no part of the word is quoted.
    pub expand: bool,
    /// Whether leading tabs are stripped (`<<-`).
    pub chomp: bool,
    /// The lines as written, tabs included; shared, as many sources may name one heredoc.
    pub content: Arc<str>,
}

impl Heredoc {
    /// The content as the build sees it before variables are expanded: without leading tabs if `<<-` asks for that.
    pub fn chomped(&self) -> String {
        if !self.chomp {
            return self.content.to_string();
        }
        let lines = self.content.split_inclusive('\n');
        lines.map(|line| line.trim_start_matches('\t')).collect()
    }
}
