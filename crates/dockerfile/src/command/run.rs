//! `RUN`, its mounts, and command lines.

use crate::command::flag_set::FlagSet;
use crate::command::{Failure, nearest};
use crate::error::SyntaxProblem;
use crate::syntax::{Arguments, Heredoc, Instruction, Word};

/// What `RUN` runs, and with what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// The command.
    pub command: CommandLine,
    /// Texts that are files to the command, or the command itself.
    pub heredocs: Vec<Heredoc>,
    /// `--mount`.
    pub mounts: Vec<Mount>,
    /// `--network`.
    pub network: Option<Word>,
    /// `--security`.
    pub security: Option<Word>,
    /// `--device`.
    pub devices: Vec<Word>,
}

/// A command in one of its two forms.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CommandLine {
    /// A JSON array: the command and its arguments.
    Exec(Vec<Word>),
    /// A text for the shell; empty where nothing is given.
    Shell(String),
}

impl CommandLine {
    pub(super) fn of(arguments: &Arguments) -> Self {
        match arguments {
            Arguments::Json(words) => Self::Exec(words.clone()),
            Arguments::Text(word) => Self::Shell(word.text.clone()),
            Arguments::None
            | Arguments::Words(_)
            | Arguments::Pairs(_)
            | Arguments::Health { .. }
            | Arguments::Trigger(_)
            | Arguments::Unknown(_) => Self::Shell(String::new()),
        }
    }
}

/// A `--mount`: fields of the form `key=value`, or just `key`.
///
/// Values may hold variables, the type too, so they are text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mount {
    /// The fields with their keys in lower case.
    pub fields: Vec<(String, Option<String>)>,
    /// The whole value and where it begins.
    pub word: Word,
}

/// The kinds of mounts.
const KINDS: [&str; 5] = ["bind", "cache", "tmpfs", "secret", "ssh"];

/// The keys that any kind of mount may have, aliases included.
const KEYS: [&str; 19] = [
    "type",
    "from",
    "source",
    "src",
    "target",
    "dst",
    "destination",
    "readonly",
    "ro",
    "readwrite",
    "rw",
    "required",
    "size",
    "id",
    "sharing",
    "mode",
    "uid",
    "gid",
    "env",
];

impl Mount {
    /// The value of the last field with one of these keys; `None` also for a field without a value.
    pub fn value(&self, keys: &[&str]) -> Option<&str> {
        let field = self
            .fields
            .iter()
            .rfind(|(key, _)| keys.contains(&key.as_str()));
        field.and_then(|(_, value)| value.as_deref())
    }

    /// The kind as written, `bind` where none is given.
    pub fn kind(&self) -> &str {
        self.value(&["type"]).unwrap_or("bind")
    }

    /// Where it comes from: a stage, an image or another context. Without it a bind mount is of the build context.
    pub fn from(&self) -> Option<&str> {
        self.value(&["from"])
    }

    /// The path that is mounted, as written.
    pub fn source(&self) -> Option<&str> {
        self.value(&["source", "src"])
    }

    fn read(word: &Word) -> Result<Self, Failure> {
        let fail = |problem| (word.position, problem);
        let Some(fields) = fields(&word.text) else {
            return Err(fail(SyntaxProblem::MountQuotes));
        };
        let fields = fields.into_iter().map(|field| match field.split_once('=') {
            Some((key, value)) => (key.to_ascii_lowercase(), Some(value.to_owned())),
            None => (field.to_ascii_lowercase(), None),
        });
        let mount = Self {
            fields: fields.collect(),
            word: word.clone(),
        };
        for (key, value) in &mount.fields {
            if !KEYS.contains(&key.as_str()) {
                let (key, suggestion) = (key.clone(), nearest(key, &KEYS));
                return Err(fail(SyntaxProblem::MountKey { key, suggestion }));
            }
            let is_flag = ["readonly", "ro", "readwrite", "rw", "required"];
            if value.is_none() && !is_flag.contains(&key.as_str()) {
                return Err(fail(SyntaxProblem::MountValue { key: key.clone() }));
            }
        }
        let kind = mount.kind().to_ascii_lowercase();
        if !kind.contains('$') && !KINDS.contains(&kind.as_str()) {
            let suggestion = nearest(&kind, &KINDS);
            return Err(fail(SyntaxProblem::MountKind { kind, suggestion }));
        }
        Ok(mount)
    }
}

/// The fields of a line of comma-separated values; `None` if its quotes are wrong.
fn fields(text: &str) -> Option<Vec<String>> {
    let mut fields = Vec::new();
    let mut rest = text;
    loop {
        let (field, after) = if let Some(quoted) = rest.strip_prefix('"') {
            quoted_field(quoted)?
        } else {
            let (field, after) = rest.split_at(rest.find(',').unwrap_or(rest.len()));
            (field.to_owned(), after)
        };
        if !rest.starts_with('"') && field.contains('"') {
            return None;
        }
        fields.push(field);
        match after.strip_prefix(',') {
            Some(next) => rest = next,
            None if after.is_empty() => return Some(fields),
            None => return None,
        }
    }
}

/// A field behind its opening quote, in which `""` is a quote, and what follows it.
fn quoted_field(text: &str) -> Option<(String, &str)> {
    let mut field = String::new();
    let mut rest = text;
    loop {
        let (part, after) = rest.split_once('"')?;
        field.push_str(part);
        match after.strip_prefix('"') {
            Some(next) => {
                field.push('"');
                rest = next;
            }
            None => return Some((field, after)),
        }
    }
}

pub(super) fn read(instruction: &Instruction, flags: &mut FlagSet) -> Result<Run, Failure> {
    let mounts = flags.list("mount");
    let mounts = mounts.iter().map(Mount::read);
    Ok(Run {
        command: CommandLine::of(&instruction.arguments),
        heredocs: instruction.heredocs.clone(),
        mounts: mounts.collect::<Result<_, _>>()?,
        network: flags.text("network"),
        security: flags.text("security"),
        devices: flags.list("device"),
    })
}
