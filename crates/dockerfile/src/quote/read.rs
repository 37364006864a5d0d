//! What parsers would make of a text that is not quoted.

use super::{EncodeProblem, Escape};
use crate::dialect::Dialect;
use crate::error::SyntaxProblem;
use crate::heredoc;
use crate::json;
use crate::syntax::Dockerfile;

/// Refuses a text that a parser, of today or of older releases, would take for the beginning of a heredoc.
pub(crate) fn no_heredoc(text: &str) -> Result<(), EncodeProblem> {
    if !text.contains("<<") {
        return Ok(());
    }
    let none = |dialect| heredoc::announced(text, dialect).is_ok_and(|found| found.is_empty());
    if none(Dialect::Current) && none(Dialect::BuildKit0_12) {
        return Ok(());
    }
    Err(EncodeProblem::Heredoc)
}

/// Refuses a line in which parsers do not see this heredoc and no other: they read the whole line for them, flags and all, and
/// always with `\` as the escape character.
pub(crate) fn only_heredoc(line: &str, name: &str) -> Result<(), EncodeProblem> {
    for dialect in [Dialect::Current, Dialect::BuildKit0_12] {
        match heredoc::announced(line, dialect).as_deref() {
            Ok([one]) if one.name == name => {}
            _ => return Err(EncodeProblem::BesideHeredoc),
        }
    }
    Ok(())
}

/// Refuses a line that is not one instruction without heredocs to every parser.
pub(crate) fn one_instruction(line: &str, escape: Escape) -> Result<(), EncodeProblem> {
    let directive = format!("# escape={}\n", escape.as_char());
    let text = format!("{directive}{}", super::line(line, escape)?);
    for dialect in [Dialect::Current, Dialect::BuildKit0_12] {
        let file = match Dockerfile::parse_as(&text, dialect) {
            Ok(file) => file,
            Err(error) => {
                return Err(match error.problem {
                    SyntaxProblem::Unterminated { .. } => EncodeProblem::Heredoc,
                    problem => EncodeProblem::Syntax(problem),
                });
            }
        };
        let mut instructions = file.instructions();
        let one = instructions
            .next()
            .is_some_and(|one| one.heredocs.is_empty());
        if !one || instructions.next().is_some() {
            return Err(EncodeProblem::Heredoc);
        }
    }
    Ok(())
}

/// Whether a parser, of today or of older releases, takes a text for a JSON array or fails on it.
pub(super) fn is_json(text: &str) -> bool {
    let other = |dialect| matches!(json::strings(text, dialect), Ok(None));
    !(other(Dialect::Current) && other(Dialect::BuildKit0_12))
}
