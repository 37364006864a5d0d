//! Heredocs that their content cannot end.

use std::collections::HashSet;

use super::{EncodeProblem, LINE, refuse_nul};

/// A terminator that no line of `content` is, and the content with it: everything after the instruction's line.
pub(crate) fn heredoc_of(content: &str) -> Result<(String, String), EncodeProblem> {
    refuse_nul(content)?;
    if !content.is_empty() && !content.ends_with('\n') {
        return Err(EncodeProblem::NoFinalLineBreak);
    }
    let lines = || content.split('\n');
    if lines().any(|line| line.len() > LINE) {
        return Err(EncodeProblem::LineTooLong);
    }
    // A parser compares lines without their carriage returns.
    let taken: HashSet<_> = lines().map(|line| line.trim_end_matches('\r')).collect();
    let mut name = "EOF".to_owned();
    let mut number = 1;
    while taken.contains(name.as_str()) {
        number += 1;
        name = format!("EOF{number}");
    }
    let body = format!("{content}{name}\n");
    Ok((name, body))
}
