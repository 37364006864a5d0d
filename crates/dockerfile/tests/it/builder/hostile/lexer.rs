//! What the build makes of a word: quotes and escapes removed, variables filled in. After the comments in BuildKit's `shell.Lex`.

use std::iter::Peekable;
use std::str::Chars;

/// The variables of the test; any other is unset.
pub(super) fn variable(name: &str) -> Option<&'static str> {
    match name {
        "V" => Some("v\\\"'$x y"),
        "EMPTY" => Some(""),
        _ => None,
    }
}

/// The word as a build sees it; nothing for one that it would refuse.
pub(super) fn lex(word: &str, escape: char) -> Option<String> {
    let mut chars = word.chars().peekable();
    let mut out = String::new();
    while let Some(c) = chars.next() {
        match c {
            '\'' => loop {
                match chars.next()? {
                    '\'' => break,
                    c => out.push(c),
                }
            },
            '"' => loop {
                match chars.next()? {
                    '"' => break,
                    '$' => out.push_str(&dollar(&mut chars)?),
                    c if c == escape => match chars.next()? {
                        c if c == '"' || c == '$' || c == escape => out.push(c),
                        c => out.extend([escape, c]),
                    },
                    c => out.push(c),
                }
            },
            '$' => out.push_str(&dollar(&mut chars)?),
            c if c == escape => out.extend(chars.next()),
            c => out.push(c),
        }
    }
    Some(out)
}

fn dollar(chars: &mut Peekable<Chars<'_>>) -> Option<String> {
    let is_name = |c: &char| c.is_ascii_alphanumeric() || *c == '_';
    if chars.next_if_eq(&'{').is_none() {
        let mut name = String::new();
        while let Some(c) = chars.next_if(is_name) {
            name.push(c);
        }
        return (!name.is_empty()).then(|| variable(&name).unwrap_or_default().to_owned());
    }
    let mut name = String::new();
    while let Some(c) = chars.next_if(is_name) {
        name.push(c);
    }
    let rest: String = chars.by_ref().take_while(|c| *c != '}').collect();
    let value = variable(&name).unwrap_or_default();
    match rest.strip_prefix(":-") {
        Some(default) if value.is_empty() => Some(default.to_owned()),
        Some(_) => Some(value.to_owned()),
        None => rest.is_empty().then(|| value.to_owned()),
    }
}

/// The fields of a line of CSV.
pub(super) fn fields(line: &str) -> Vec<String> {
    let mut fields = vec![String::new()];
    let mut chars = line.chars().peekable();
    let mut quoted = false;
    while let Some(c) = chars.next() {
        let field = fields.last_mut().unwrap();
        match c {
            '"' if quoted && chars.next_if_eq(&'"').is_some() => field.push('"'),
            '"' => quoted = !quoted,
            ',' if !quoted => fields.push(String::new()),
            c => field.push(c),
        }
    }
    fields
}
