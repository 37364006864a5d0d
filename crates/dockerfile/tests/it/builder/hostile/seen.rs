//! Instructions as our parser and BuildKit's read them, in one form.

use shipload_dockerfile::{Arguments, Instruction};
use shipload_testkit::buildkit_parser::Command;

/// An instruction as a parser read it.
#[derive(Debug)]
pub(super) struct Seen {
    pub(super) cmd: String,
    pub(super) sub: Option<String>,
    pub(super) json: bool,
    /// Nothing where the parser does not show them.
    pub(super) flags: Option<Vec<String>>,
    pub(super) value: Vec<String>,
    pub(super) heredocs: Option<Vec<String>>,
    pub(super) line: Option<String>,
}

pub(super) fn ours(instruction: &Instruction) -> Seen {
    let texts =
        |words: &[shipload_dockerfile::Word]| words.iter().map(|word| word.text.clone()).collect();
    let heredocs = instruction
        .heredocs
        .iter()
        .map(|one| one.content.to_string())
        .collect();
    let (json, value) = match &instruction.arguments {
        Arguments::None => (false, Vec::new()),
        Arguments::Json(words) => (true, texts(words)),
        Arguments::Words(words) => (false, texts(words)),
        Arguments::Text(word) | Arguments::Unknown(word) => (false, vec![word.text.clone()]),
        Arguments::Pairs(pairs) => {
            let each = pairs
                .iter()
                .flat_map(|pair| [pair.name.text.clone(), pair.value.text.clone()]);
            (false, each.collect())
        }
        Arguments::Health { kind, command } => {
            let (json, rest) = match command.as_ref() {
                Arguments::Json(words) => (true, texts(words)),
                Arguments::Text(word) => (false, vec![word.text.clone()]),
                _ => (false, Vec::new()),
            };
            (json, [vec![kind.text.clone()], rest].concat())
        }
        Arguments::Trigger(inner) => {
            let inner = ours(inner);
            return Seen {
                cmd: instruction.name.text.clone(),
                sub: Some(inner.cmd),
                line: Some(instruction.line.clone()),
                heredocs: Some(heredocs),
                ..inner
            };
        }
    };
    Seen {
        cmd: instruction.name.text.clone(),
        sub: None,
        json,
        flags: Some(
            instruction
                .flags
                .iter()
                .map(|flag| flag.text.clone())
                .collect(),
        ),
        value,
        heredocs: Some(heredocs),
        line: Some(instruction.line.clone()),
    }
}

pub(super) fn theirs(command: Command) -> Seen {
    let onbuild = command.sub_cmd.is_some();
    let heredocs = command
        .heredocs
        .into_iter()
        .map(|one| one.content)
        .collect();
    Seen {
        cmd: command.cmd.unwrap_or_default(),
        sub: command.sub_cmd,
        json: command.json,
        flags: (!onbuild).then_some(command.flags),
        value: command.value,
        heredocs: (!onbuild).then_some(heredocs),
        line: None,
    }
}
