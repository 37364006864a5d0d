//! Our syntax tree in the form in which the Python package shows BuildKit's.

use shipload_dockerfile::{Arguments, Dialect, Dockerfile, Instruction, Word};
use shipload_testkit::buildkit_parser::{Answer, Command, Heredoc};

/// Our answer to a text, as the parser of that release; a refusal holds our words.
pub(crate) fn ours(text: &str) -> Answer {
    match Dockerfile::parse_as(text, Dialect::BuildKit0_12) {
        Ok(file) => Answer::Commands(file.instructions().map(command).collect()),
        Err(error) => Answer::Refused(error.to_string()),
    }
}

/// Whether two answers say the same. The words of a refusal are each parser's own, and what the package cannot tell is no
/// difference.
pub(crate) fn agree(ours: &Answer, theirs: &Answer) -> bool {
    match (ours, theirs) {
        (_, Answer::Unclear(_)) | (Answer::Refused(_), Answer::Refused(_)) => true,
        _ => ours == theirs,
    }
}

/// All of the package's habits are here.
///
/// - Texts go through C: they are cut at the first NUL, which only JSON can bring in.
/// - The line has the heredocs behind it, and a newline before them.
/// - Of `ONBUILD` it shows the arguments of the instruction below, but its own flags. The flags and heredocs of the one below
///   are not shown, so they are compared by what is left: the line, the arguments, and the last line of the file.
/// - Of `ONBUILD ONBUILD` and of an unknown instruction it shows one empty argument.
/// - A descriptor is a C `long`.
/// - Of `ENV` and `LABEL` it does not tell whether there is a `=`: that release does not note it.
fn command(instruction: &Instruction) -> Command {
    let mut original = instruction.line.clone();
    let (mut heredocs, mut sub_cmd, mut shown) = (Vec::new(), None, instruction);
    if let Arguments::Trigger(inner) = &instruction.arguments {
        sub_cmd = Some(inner.name.text.clone());
        shown = inner.as_ref();
    } else if !instruction.heredocs.is_empty() {
        original.push('\n');
        for heredoc in &instruction.heredocs {
            original.extend([&*heredoc.content, &heredoc.name, "\n"]);
            heredocs.push(Heredoc {
                name: cut(&heredoc.name),
                file_descriptor: heredoc.descriptor.cast_signed(),
                content: cut(&heredoc.content),
            });
        }
    }
    let value = match &shown.arguments {
        Arguments::Trigger(_) => vec![String::new()],
        _ if shown.keyword.is_none() => vec![String::new()],
        arguments => values(arguments),
    };
    Command {
        cmd: filled(&instruction.name.text),
        sub_cmd: sub_cmd.as_deref().and_then(filled),
        json: is_json(&shown.arguments),
        original: filled(&original),
        start_line: *instruction.lines.start(),
        end_line: *instruction.lines.end(),
        flags: instruction
            .flags
            .iter()
            .map(|flag| cut(&flag.text))
            .collect(),
        value,
        heredocs,
    }
}

fn values(arguments: &Arguments) -> Vec<String> {
    let texts = |words: &[Word]| words.iter().map(|word| cut(&word.text)).collect();
    match arguments {
        Arguments::None | Arguments::Trigger(_) => Vec::new(),
        Arguments::Json(words) | Arguments::Words(words) => texts(words),
        Arguments::Text(word) | Arguments::Unknown(word) => vec![cut(&word.text)],
        Arguments::Pairs(pairs) => pairs
            .iter()
            .flat_map(|pair| [cut(&pair.name.text), cut(&pair.value.text)])
            .collect(),
        Arguments::Health { kind, command } => {
            let mut values = vec![cut(&kind.text)];
            values.extend(self::values(command));
            values
        }
    }
}

fn is_json(arguments: &Arguments) -> bool {
    match arguments {
        Arguments::Json(_) => true,
        Arguments::Health { command, .. } => is_json(command),
        Arguments::None
        | Arguments::Words(_)
        | Arguments::Text(_)
        | Arguments::Pairs(_)
        | Arguments::Trigger(_)
        | Arguments::Unknown(_) => false,
    }
}

/// A text as C has it.
fn cut(text: &str) -> String {
    text.split('\0').next().unwrap_or_default().to_owned()
}

fn filled(text: &str) -> Option<String> {
    Some(cut(text)).filter(|text| !text.is_empty())
}
