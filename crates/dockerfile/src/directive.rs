//! Parser directives: comments of the form `# name=value`, before anything else in the file.

use crate::dialect::Dialect;
use crate::error::SyntaxProblem;
use crate::syntax::Directive;

/// The white space of Go's `\s`.
const BLANKS: [char; 5] = ['\t', '\n', '\u{c}', '\r', ' '];

/// Reads directives until something else comes.
pub(crate) struct Directives {
    found: Vec<Directive>,
    done: bool,
    escape: char,
    dialect: Dialect,
}

impl Directives {
    pub(crate) fn new(dialect: Dialect) -> Self {
        Self {
            found: Vec::new(),
            done: false,
            escape: '\\',
            dialect,
        }
    }

    /// Takes a line without white space at its start.
    pub(crate) fn take(&mut self, line: usize, body: &str) -> Result<(), SyntaxProblem> {
        if self.done {
            return Ok(());
        }
        let Some((name, value)) = split(body, self.dialect) else {
            self.done = true;
            return Ok(());
        };
        if self.found.iter().any(|one| one.name == name) {
            return Err(SyntaxProblem::DirectiveTwice { name });
        }
        if name == "escape" {
            self.escape = match value {
                "\\" => '\\',
                "`" => '`',
                _ => {
                    return Err(SyntaxProblem::Escape {
                        value: value.into(),
                    });
                }
            };
        }
        let value = value.to_owned();
        self.found.push(Directive { name, value, line });
        Ok(())
    }

    pub(crate) fn escape(&self) -> char {
        self.escape
    }

    pub(crate) fn into_found(self) -> Vec<Directive> {
        self.found
    }
}

/// The name in lower case and the value of a line that is a known directive.
fn split(body: &str, dialect: Dialect) -> Option<(String, &str)> {
    let text = body.strip_prefix('#')?;
    let (text, known): (_, &[_]) = match dialect {
        Dialect::Current => (text.trim_start(), &["syntax", "escape", "check"]),
        Dialect::BuildKit0_12 => (text.trim_start_matches(BLANKS), &["syntax", "escape"]),
    };
    let (name, value) = text.split_once('=')?;
    let name = name.trim_end_matches(BLANKS).to_ascii_lowercase();
    if !known.contains(&name.as_str()) {
        return None;
    }
    let trimmed = value.trim_matches(BLANKS);
    // BuildKit's expression wants one character, so of nothing but white space the last one is the value.
    let value = if trimmed.is_empty() {
        value.get(value.len().checked_sub(1)?..)?
    } else {
        trimmed
    };
    Some((name, value))
}
