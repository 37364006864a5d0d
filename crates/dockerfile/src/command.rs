//! An instruction with its flags and arguments understood: the typed layer above the syntax tree.
//!
//! Words are still as written, variables and quotes in them; [`Scope`](crate::Scope) expands them.

mod copy;
mod duration;
mod flag_set;
mod health;
mod run;

use crate::error::{SyntaxError, SyntaxProblem};
use crate::keyword::Keyword;
use crate::syntax::{Arguments, Instruction, Pair, Position, Word};

pub use copy::{Copy, Source};
pub use health::Healthcheck;
pub use run::{CommandLine, Mount, Run};

use flag_set::FlagSet;

/// What an instruction says.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Command {
    /// `ADD`.
    Add(Copy),
    /// `ARG`: names, with defaults where they have one.
    Arg(Vec<Argument>),
    /// `CMD`.
    Cmd(CommandLine),
    /// `COPY`.
    Copy(Copy),
    /// `ENTRYPOINT`.
    Entrypoint(CommandLine),
    /// `ENV`.
    Env(Vec<Pair>),
    /// `EXPOSE`: ports.
    Expose(Vec<Word>),
    /// `FROM`.
    From(From),
    /// `HEALTHCHECK`.
    Healthcheck(Healthcheck),
    /// `LABEL`.
    Label(Vec<Pair>),
    /// `MAINTAINER`.
    Maintainer(Word),
    /// `ONBUILD`: what is kept for later.
    Onbuild(Box<Command>),
    /// `RUN`.
    Run(Run),
    /// `SHELL`.
    Shell(Vec<Word>),
    /// `STOPSIGNAL`.
    Stopsignal(Word),
    /// `USER`.
    User(Word),
    /// `VOLUME`: paths.
    Volume(Vec<Word>),
    /// `WORKDIR`.
    Workdir(Word),
}

/// A variable that `ARG` declares.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Argument {
    /// The name.
    pub name: Word,
    /// What follows the `=`, if there is one.
    pub default: Option<Word>,
}

/// The begin of a stage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct From {
    /// An image, an earlier stage or `scratch`.
    pub base: Word,
    /// The stage's name in lower case.
    pub name: Option<String>,
    /// `--platform`.
    pub platform: Option<Word>,
}

/// Understanding
impl Instruction {
    /// Reads flags and arguments as BuildKit's `instructions.ParseInstruction` does.
    ///
    /// ```
    /// use shipload_dockerfile::{Command, Dockerfile};
    ///
    /// let file = Dockerfile::parse("FROM scratch\nCOPPY a b\n")?;
    /// let mut instructions = file.instructions();
    /// let from = instructions.next().ok_or("no FROM")?.command()?;
    /// assert!(matches!(from, Command::From(from) if from.base.text == "scratch"));
    /// let error = instructions.next().ok_or("no COPPY")?.command().unwrap_err();
    /// assert_eq!(error.to_string(), "2:1: there is no instruction `COPPY`");
    /// assert_eq!(error.hint().as_deref(), Some("did you mean `COPY`?"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// An unknown instruction or flag ([`SyntaxProblem::is_unknown`]: a newer frontend may have it), a flag given twice or without
    /// a value, too few or too many arguments, and values that cannot be.
    pub fn command(&self) -> Result<Command, SyntaxError> {
        self.read().map_err(|(position, problem)| SyntaxError {
            position,
            excerpt: self.excerpt(position.line),
            problem,
        })
    }

    /// A line of the file that belongs to the instruction; empty if it does not.
    pub fn excerpt(&self, line: usize) -> String {
        let index = line.checked_sub(*self.lines.start());
        let line = index.and_then(|index| self.text.lines().nth(index));
        line.unwrap_or_default().trim_end().to_owned()
    }

    fn read(&self) -> Result<Command, Failure> {
        let Some(keyword) = self.keyword else {
            let (word, candidates) = (&self.name.text, Keyword::ALL.map(Keyword::as_str));
            let suggestion = nearest(&word.to_ascii_uppercase(), &candidates);
            let word = word.clone();
            return Err((
                self.name.position,
                SyntaxProblem::UnknownInstruction { word, suggestion },
            ));
        };
        let mut flags = FlagSet::read(keyword, &self.flags)?;
        let command = match keyword {
            Keyword::Add => Command::Add(copy::read(self, &mut flags)?),
            Keyword::Copy => Command::Copy(copy::read(self, &mut flags)?),
            Keyword::Run => Command::Run(run::read(self, &mut flags)?),
            Keyword::Healthcheck => Command::Healthcheck(health::read(self, &mut flags)?),
            Keyword::From => Command::From(self.from(&mut flags)?),
            Keyword::Arg => Command::Arg(self.arg()?),
            Keyword::Env => Command::Env(self.pairs()?),
            Keyword::Label => Command::Label(self.pairs()?),
            Keyword::Cmd => Command::Cmd(CommandLine::of(&self.arguments)),
            Keyword::Entrypoint => Command::Entrypoint(CommandLine::of(&self.arguments)),
            Keyword::Shell => Command::Shell(self.shell()?),
            Keyword::Expose => Command::Expose(self.list()?),
            Keyword::Volume => Command::Volume(self.list()?),
            Keyword::Maintainer => Command::Maintainer(self.text()?),
            Keyword::Stopsignal => Command::Stopsignal(self.text()?),
            Keyword::User => Command::User(self.text()?),
            Keyword::Workdir => Command::Workdir(self.text()?),
            Keyword::Onbuild => Command::Onbuild(Box::new(self.trigger()?)),
        };
        Ok(command)
    }

    fn from(&self, flags: &mut FlagSet) -> Result<From, Failure> {
        let words = self.words();
        let (base, name) = match words {
            [base] => (base, None),
            [base, by, name] if by.text.eq_ignore_ascii_case("as") => (base, Some(name)),
            _ => return Err(self.wants("one argument, or three with `AS` between them")),
        };
        let name = name.map(stage_name).transpose()?;
        let base = base.clone();
        Ok(From {
            base,
            name,
            platform: flags.text("platform"),
        })
    }

    fn arg(&self) -> Result<Vec<Argument>, Failure> {
        let words = self.words();
        if words.is_empty() {
            return Err(self.wants("at least one argument"));
        }
        let arguments = words.iter().map(|word| {
            let (name, default) = match word.text.split_once('=') {
                Some((name, default)) => (name, Some(word.part(name.len() + 1, default))),
                None => (word.text.as_str(), None),
            };
            let argument = Argument {
                name: word.part(0, name),
                default,
            };
            if name.is_empty() {
                Err(self.blank(word.position))
            } else {
                Ok(argument)
            }
        });
        arguments.collect()
    }

    fn pairs(&self) -> Result<Vec<Pair>, Failure> {
        let Arguments::Pairs(pairs) = &self.arguments else {
            return Err(self.wants("at least one argument"));
        };
        match pairs.iter().find(|pair| pair.name.text.is_empty()) {
            Some(pair) => Err(self.blank(pair.name.position)),
            None => Ok(pairs.clone()),
        }
    }

    fn shell(&self) -> Result<Vec<Word>, Failure> {
        match &self.arguments {
            Arguments::Json(words) if !words.is_empty() => Ok(words.clone()),
            _ => Err(self.wants("a JSON array of strings")),
        }
    }

    fn list(&self) -> Result<Vec<Word>, Failure> {
        let words = self.words();
        if words.is_empty() {
            return Err(self.wants("at least one argument"));
        }
        Ok(words.to_vec())
    }

    fn text(&self) -> Result<Word, Failure> {
        match &self.arguments {
            Arguments::Text(word) => Ok(word.clone()),
            _ => Err(self.wants("one argument")),
        }
    }

    fn trigger(&self) -> Result<Command, Failure> {
        let Arguments::Trigger(inner) = &self.arguments else {
            return Err(self.wants("an instruction"));
        };
        if let Some(keyword @ (Keyword::Onbuild | Keyword::From | Keyword::Maintainer)) =
            inner.keyword
        {
            return Err((inner.name.position, SyntaxProblem::Trigger { keyword }));
        }
        // The heredocs hang on the outer instruction, whose lines they are.
        let inner = Self {
            heredocs: self.heredocs.clone(),
            ..inner.as_ref().clone()
        };
        inner.read()
    }

    /// The words of the arguments, JSON or not.
    fn words(&self) -> &[Word] {
        match &self.arguments {
            Arguments::Words(words) | Arguments::Json(words) => words,
            Arguments::None
            | Arguments::Text(_)
            | Arguments::Pairs(_)
            | Arguments::Health { .. }
            | Arguments::Trigger(_)
            | Arguments::Unknown(_) => &[],
        }
    }

    /// The failure of wrong arguments.
    fn wants(&self, wants: &'static str) -> Failure {
        let name = self.name.text.to_ascii_uppercase();
        (self.name.position, SyntaxProblem::Arguments { name, wants })
    }

    fn blank(&self, position: Position) -> Failure {
        let name = self.name.text.to_ascii_uppercase();
        (position, SyntaxProblem::BlankName { name })
    }
}

/// A problem and where it is.
type Failure = (Position, SyntaxProblem);

/// A stage's name in lower case: a letter, then letters, digits and `-_.`.
fn stage_name(word: &Word) -> Result<String, Failure> {
    let name = word.text.to_lowercase();
    let is_letter = |byte: u8| byte.is_ascii_lowercase();
    let is_part = |byte: u8| is_letter(byte) || byte.is_ascii_digit() || b"-_.".contains(&byte);
    if name.bytes().next().is_some_and(is_letter) && name.bytes().all(is_part) {
        return Ok(name);
    }
    let name = word.text.clone();
    Err((word.position, SyntaxProblem::StageName { name }))
}

/// The candidate that a word may have been meant to be.
fn nearest(word: &str, candidates: &[&str]) -> Option<String> {
    let distance = |candidate: &&&str| strsim::damerau_levenshtein(word, candidate);
    let near = candidates.iter().filter(|candidate| {
        let allowed = (candidate.len() / 3).clamp(1, 3);
        word.len() <= 2 * candidate.len() && distance(candidate) <= allowed
    });
    near.min_by_key(distance)
        .map(|candidate| (*candidate).to_owned())
}
