//! BuildKit's Dockerfile parser as the reference for ours: the package `dockerfile` of Python's index, which wraps the
//! parser of BuildKit 0.12.5.
//!
//! A Python process answers one Dockerfile after the other, lines of JSON in and out, at some ten thousand a second. What
//! the wrapper shows is less than what the parser knows; where it hides something is said at [`Command`].

use std::env;
use std::io::{self, BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command as Process, Stdio};

use serde::Deserialize;

use crate::workspace;

/// Names a Python that has the package to tests; `cargo xtask test` sets it.
pub const PYTHON_VARIABLE: &str = "SHIPLOAD_DOCKERFILE_PYTHON";

const DRIVER: &str = include_str!("buildkit_parser.py");

/// BuildKit's parser in a process of its own, which ends when this is dropped.
#[derive(Debug)]
pub struct BuildkitParser {
    python: PathBuf,
    running: Running,
    version: String,
}

/// What the parser makes of a text.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Answer {
    /// The instructions, in the order of the file.
    Commands(Vec<Command>),
    /// It refuses the text, with these words.
    Refused(String),
    /// The wrapper cannot tell: the text holds a NUL, at which it would be cut; a piece of the answer is not UTF-8, because
    /// the parser splits flags at bytes; or the process died of it.
    Unclear(String),
}

/// An instruction as the wrapper shows it. Every text is cut at its first NUL.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Command {
    /// The first word as written; none if it is empty.
    pub cmd: Option<String>,
    /// The first word of what follows `ONBUILD`; of that also [`Command::json`] and [`Command::value`] speak, but the
    /// flags and heredocs of a command below `ONBUILD` are not shown, nor the insides of a second `ONBUILD`.
    pub sub_cmd: Option<String>,
    /// Whether the arguments are a JSON array.
    pub json: bool,
    /// The instruction on one line. Where there are heredocs, a newline follows, and of each the content, its name and
    /// another newline. None if it is empty.
    pub original: Option<String>,
    /// The first line, counted from 1.
    pub start_line: usize,
    /// The last line, counted from 1, heredocs included.
    pub end_line: usize,
    /// The flags, with their dashes.
    pub flags: Vec<String>,
    /// The arguments: the strings of a JSON array, words, one text, or for `ENV` and `LABEL` name and value in
    /// turn, with or without a `=` between them. One empty text for a command that is not known.
    pub value: Vec<String>,
    /// The heredocs, in order.
    pub heredocs: Vec<Heredoc>,
}

/// A heredoc as the wrapper shows it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Heredoc {
    /// The word that ends it.
    pub name: String,
    /// The number before the `<<`; one that does not fit is the largest of 64 bits, which the wrapper shows as -1.
    pub file_descriptor: i64,
    /// The lines as written.
    pub content: String,
}

/// Providing
impl BuildkitParser {
    /// Starts it with the Python that `SHIPLOAD_DOCKERFILE_PYTHON` names, else the one that `cargo xtask` keeps below
    /// `target`.
    ///
    /// # Errors
    /// In words, why there is none.
    pub fn find() -> Result<Self, String> {
        let named = env::var_os(PYTHON_VARIABLE).filter(|name| !name.is_empty());
        let kept = workspace::target().join("tools/venv/bin/python");
        let python = named
            .map(PathBuf::from)
            .or_else(|| kept.is_file().then_some(kept))
            .ok_or(
                "the Python package `dockerfile` is not installed (`cargo xtask test` installs it)",
            )?;
        let (running, version) = Running::start(&python).map_err(|error| {
            format!(
                "cannot run the package `dockerfile` of `{}`: {error}",
                python.display()
            )
        })?;
        Ok(Self {
            python,
            running,
            version,
        })
    }

    /// The version of the package, such as `3.4.0`.
    pub fn version(&self) -> &str {
        &self.version
    }
}

/// Asking
impl BuildkitParser {
    /// What it makes of `text`.
    ///
    /// # Errors
    /// When it cannot be asked, and cannot be started again if the text ended the process.
    pub fn parse(&mut self, text: &str) -> io::Result<Answer> {
        if text.contains('\0') {
            return Ok(Answer::Unclear("the text holds a NUL".to_owned()));
        }
        match self.running.ask(text) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                (self.running, _) = Running::start(&self.python)?;
                Ok(Answer::Unclear("the process died of it".to_owned()))
            }
            asked => asked,
        }
    }
}

#[derive(Debug)]
struct Running {
    child: Child,
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
}

#[derive(Deserialize)]
struct Greeting {
    version: String,
}

impl Running {
    fn start(python: &Path) -> io::Result<(Self, String)> {
        let mut child = Process::new(python)
            .args(["-c", DRIVER])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            // Go's account of a crash is pages long, and what it crashed on is reported.
            .stderr(Stdio::null())
            .spawn()?;
        let no_pipe = || io::Error::other("the process has no pipes");
        let stdin = child.stdin.take().ok_or_else(no_pipe)?;
        let stdout = child.stdout.take().ok_or_else(no_pipe)?;
        let mut running = Self {
            child,
            stdin,
            stdout: BufReader::new(stdout),
        };
        let greeting: Greeting = serde_json::from_str(&running.line()?)?;
        Ok((running, greeting.version))
    }

    fn ask(&mut self, text: &str) -> io::Result<Answer> {
        let mut line = serde_json::to_vec(text)?;
        line.push(b'\n');
        self.stdin.write_all(&line)?;
        Ok(serde_json::from_str(&self.line()?)?)
    }

    /// The next line it says; a broken pipe if it has ended.
    fn line(&mut self) -> io::Result<String> {
        let mut line = String::new();
        if self.stdout.read_line(&mut line)? == 0 {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        Ok(line)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself; then there is nothing to kill, only to reap.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine;

    fn parser() -> Option<BuildkitParser> {
        BuildkitParser::find()
            .map_err(|why| engine::skip(&why))
            .ok()
    }

    #[test]
    fn it_answers_one_text_after_the_other() {
        let Some(mut parser) = parser() else { return };
        assert_eq!(parser.version(), "3.4.0");
        for _ in 0..2 {
            let answer = parser.parse("FROM é\nRUN --x=1 7<<A\nb\nA\n").unwrap();
            let Answer::Commands(commands) = answer else {
                panic!("{answer:?}")
            };
            assert_eq!(commands[0].value, ["é"]);
            assert_eq!(commands[1].flags, ["--x=1"]);
            let heredoc = Heredoc {
                name: "A".to_owned(),
                file_descriptor: 7,
                content: "b\n".to_owned(),
            };
            assert_eq!(commands[1].heredocs, [heredoc]);
            assert_eq!(
                commands[1].original.as_deref(),
                Some("RUN --x=1 7<<A\nb\nA\n")
            );
            assert_eq!((commands[1].start_line, commands[1].end_line), (2, 4));
            let refused = parser.parse("").unwrap();
            assert!(
                matches!(&refused, Answer::Refused(why) if why.contains("no instructions")),
                "{refused:?}"
            );
        }
    }

    #[test]
    fn what_the_wrapper_cannot_tell_is_unclear() {
        let Some(mut parser) = parser() else { return };
        // U+2800 is E2 A0 80, and the parser takes A0 for a space.
        for text in ["FROM a\0b", "RUN --a=\u{2800} b"] {
            let answer = parser.parse(text).unwrap();
            assert!(matches!(answer, Answer::Unclear(_)), "{answer:?}");
        }
        assert!(matches!(
            parser.parse("FROM a").unwrap(),
            Answer::Commands(_)
        ));
    }
}
