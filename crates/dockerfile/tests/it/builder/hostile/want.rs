//! What an instruction must be, and whether one that was read is that.

use std::time::Duration;

use super::lexer::{fields, lex};
use super::seen::Seen;

/// What an instruction must be.
#[derive(Clone, Debug)]
pub(super) struct Want {
    pub(super) keyword: &'static str,
    pub(super) onbuild: bool,
    pub(super) flags: Vec<Flag>,
    pub(super) arguments: Given,
}

/// What a flag must be.
#[derive(Clone, Debug)]
pub(super) enum Flag {
    /// This text, with its dashes.
    Plain(String),
    /// A name and a value that is lexed.
    Lexed(&'static str, String),
    /// `--interval` with this time.
    Interval(Duration),
    /// `--mount` with these fields, whose values are lexed.
    Mount(Vec<(&'static str, String)>),
}

/// What arguments must be.
#[derive(Clone, Debug)]
pub(super) enum Given {
    /// One text, unchanged.
    Text(String),
    /// One text, lexed.
    Lexed(String),
    /// Words, unchanged.
    Words(Vec<String>),
    /// Words, lexed.
    LexedWords(Vec<String>),
    /// A JSON array, unchanged.
    Exec(Vec<String>),
    /// A JSON array, each element lexed.
    Paths(Vec<Path>),
    /// Names and values, lexed.
    Pairs(Vec<(String, String)>),
    /// `HEALTHCHECK` with a shell form.
    Health(String),
    /// `HEALTHCHECK` with an exec form.
    HealthExec(Vec<String>),
    /// A heredoc, for the path if there is one.
    Heredoc {
        content: String,
        path: Option<String>,
        expand: bool,
    },
    /// The text of the whole instruction.
    Line(String),
}

/// What a path must be once it is lexed.
#[derive(Clone, Debug)]
pub(super) enum Path {
    /// This.
    Exact(String),
    /// A pattern that matches this name and no other, and is no URL, repository or heredoc.
    Name(String),
    /// This, or the same from the working directory if it would be a heredoc.
    Target(String),
}

impl Want {
    /// Whether it was given in the Dockerfile's own language, and is not ASCII.
    pub(super) fn is_raw(&self) -> bool {
        matches!(&self.arguments, Given::Line(line) if !line.is_ascii())
    }

    pub(super) fn is(&self, seen: &Seen, escape: char) -> bool {
        let keyword = if self.onbuild {
            seen.sub.as_deref()
        } else {
            Some(seen.cmd.as_str())
        };
        let lexed = |text: &String, wanted: &str| lex(text, escape).as_deref() == Some(wanted);
        let all = |wanted: &[String]| {
            seen.value.len() == wanted.len()
                && seen
                    .value
                    .iter()
                    .zip(wanted)
                    .all(|(text, wanted)| lexed(text, wanted))
        };
        let health = |command: &[String]| {
            seen.value
                .split_first()
                .is_some_and(|(kind, rest)| kind == "CMD" && rest == command)
        };
        let heredocs = |wanted: &[String]| seen.heredocs.as_ref().is_none_or(|seen| seen == wanted);
        let (json, fits) = match &self.arguments {
            Given::Text(text) => (false, seen.value == [text.clone()]),
            Given::Lexed(text) => (false, all(std::slice::from_ref(text))),
            Given::Words(words) => (false, &seen.value == words),
            Given::LexedWords(words) => (false, all(words)),
            Given::Exec(words) => (true, &seen.value == words),
            Given::Paths(paths) => {
                let is = |(seen, path): (&String, &Path)| {
                    lex(seen, escape).is_some_and(|seen| path.is(&seen))
                };
                (
                    true,
                    seen.value.len() == paths.len() && seen.value.iter().zip(paths).all(is),
                )
            }
            Given::Pairs(pairs) => {
                let flat: Vec<_> = pairs
                    .iter()
                    .flat_map(|(name, value)| [name.clone(), value.clone()])
                    .collect();
                (false, all(&flat))
            }
            Given::Health(text) => (false, health(std::slice::from_ref(text))),
            Given::HealthExec(words) => (true, health(words)),
            Given::Heredoc {
                content,
                path,
                expand,
            } => {
                let word = seen.value[0]
                    .split_once("<<")
                    .is_some_and(|(before, name)| {
                        before.is_empty() && name.starts_with('\'') != *expand
                    });
                let path = match path {
                    Some(path) => {
                        let path = Path::Target(path.clone());
                        seen.value.len() == 2
                            && lex(&seen.value[1], escape).is_some_and(|seen| path.is(&seen))
                    }
                    None => seen.value.len() == 1,
                };
                (
                    false,
                    word && path && heredocs(std::slice::from_ref(content)),
                )
            }
            Given::Line(line) => (
                seen.json,
                seen.line
                    .as_ref()
                    .is_none_or(|seen| seen.trim() == line.trim()),
            ),
        };
        let flags = seen.flags.as_ref().is_none_or(|seen| {
            seen.len() == self.flags.len()
                && seen
                    .iter()
                    .zip(&self.flags)
                    .all(|(seen, flag)| flag.is(seen, escape))
        });
        let no_heredocs = matches!(self.arguments, Given::Heredoc { .. }) || heredocs(&[]);
        let flags = flags || matches!(self.arguments, Given::Line(_));
        keyword == Some(self.keyword) && json == seen.json && fits && flags && no_heredocs
    }
}

impl Flag {
    fn is(&self, seen: &str, escape: char) -> bool {
        let value = |name: &str| {
            seen.strip_prefix("--")?
                .strip_prefix(name)?
                .strip_prefix('=')
        };
        match self {
            Self::Plain(text) => text == seen,
            Self::Lexed(name, wanted) => {
                value(name).and_then(|text| lex(text, escape)).as_ref() == Some(wanted)
            }
            Self::Interval(time) => value("interval").and_then(duration) == Some(*time),
            Self::Mount(wanted) => {
                let Some(text) = value("mount") else {
                    return false;
                };
                let fields = fields(text);
                let pair = |field: &String| {
                    let (key, value) = field.split_once('=')?;
                    Some((key.to_owned(), lex(value, escape)?))
                };
                let seen: Option<Vec<_>> = fields.iter().map(pair).collect();
                let wanted: Vec<_> = wanted
                    .iter()
                    .map(|(key, value)| ((*key).to_owned(), value.clone()))
                    .collect();
                seen == Some(wanted)
            }
        }
    }
}

impl Path {
    fn is(&self, seen: &str) -> bool {
        let name = match self {
            Self::Exact(path) => return seen == path,
            Self::Name(name) | Self::Target(name) => name,
        };
        if is_heredoc(seen) || (matches!(self, Self::Name(_)) && is_remote(seen)) {
            return false;
        }
        let same = |seen: &str| match self {
            Self::Name(_) => only_match(seen).as_ref() == Some(name),
            Self::Exact(_) | Self::Target(_) => seen == name,
        };
        same(seen) || seen.strip_prefix("./").is_some_and(same)
    }
}

fn is_heredoc(word: &str) -> bool {
    word.trim_start_matches(|c: char| c.is_ascii_digit())
        .starts_with("<<")
}

fn is_remote(source: &str) -> bool {
    [
        "http://",
        "https://",
        "git://",
        "git@",
        "ssh://",
        "github.com/",
    ]
    .iter()
    .any(|start| source.starts_with(start))
}

/// The one name that a pattern of Go's `filepath.Match` matches, if it matches one only. Builders take a source without
/// wildcards as it is, with its backslashes.
fn only_match(pattern: &str) -> Option<String> {
    if !pattern.contains(['*', '?', '[']) {
        return Some(pattern.to_owned());
    }
    let (mut name, mut rest) = (String::new(), pattern.chars());
    while let Some(c) = rest.next() {
        match c {
            '[' => {
                let c = match rest.next()? {
                    '\\' => rest.next()?,
                    '^' => return None,
                    c => c,
                };
                name.push(c);
                (rest.next()? == ']').then_some(())?;
            }
            '*' | '?' | '\\' => return None,
            c => name.push(c),
        }
    }
    Some(name)
}

/// A time as Go reads it: numbers with units, and at most one fraction.
fn duration(text: &str) -> Option<Duration> {
    let (mut nanos, mut rest) = (0, text);
    while !rest.is_empty() {
        let end = rest.find(|c: char| !(c.is_ascii_digit() || c == '.'))?;
        let (number, after) = rest.split_at(end);
        let end = after
            .find(|c: char| c.is_ascii_digit())
            .unwrap_or(after.len());
        let (unit, next) = after.split_at(end);
        let unit: u64 = match unit {
            "ms" => 1_000_000,
            "s" => 1_000_000_000,
            "m" => 60_000_000_000,
            "h" => 3_600_000_000_000,
            _ => return None,
        };
        let (whole, part) = number.split_once('.').unwrap_or((number, ""));
        nanos += whole.parse::<u64>().ok()? * unit;
        if !part.is_empty() {
            nanos +=
                part.parse::<u64>().ok()? * (unit / 10_u64.pow(u32::try_from(part.len()).ok()?));
        }
        rest = next;
    }
    Some(Duration::from_nanos(nanos))
}
