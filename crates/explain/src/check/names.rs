//! Names that become one another, that no tool reads alike, or that hide something.

use std::collections::HashMap;

use shipload_context::EntryPath;

use super::subject::Subject;
use crate::code::Code;
use crate::finding::Finding;

pub(super) fn all(subject: &Subject<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    // By directory and name in lower case, those names that are not in lower case.
    let mut names: HashMap<(Option<EntryPath>, String), &EntryPath> = HashMap::new();
    for member in subject.members() {
        let path = &member.entry.path;
        findings.extend(unusual(path));
        let Ok(name) = std::str::from_utf8(path.file_name()) else {
            continue;
        };
        let lower = name.to_lowercase();
        if lower != name {
            let twin = in_lower_case(subject, path, &lower);
            let before = names.insert((path.parent(), lower), path);
            findings.extend(before.or(twin).map(|other| collision(path, other)));
        }
    }
    findings
}

/// The member beside `path` that has the same name in lower case.
fn in_lower_case<'a>(
    subject: &Subject<'a>,
    path: &EntryPath,
    lower: &str,
) -> Option<&'a EntryPath> {
    let name = EntryPath::new(lower).ok()?;
    let path = match path.parent() {
        Some(parent) => name.below(&parent).ok()?,
        None => name,
    };
    let entry = subject.plan.view.tree().get(&path)?;
    Some(&entry.path)
}

fn collision(path: &EntryPath, other: &EntryPath) -> Finding {
    let message = format!("`{path}` and `{other}` are one file on a file system that ignores case");
    Finding::new(Code::CaseCollision, message)
        .of(path.clone())
        .concerning([other])
        .advice("rename one of them")
}

fn unusual(path: &EntryPath) -> Option<Finding> {
    let name = path.file_name();
    let why = match std::str::from_utf8(name) {
        Err(_) => "is not UTF-8",
        Ok(name) if name.chars().any(char::is_control) => "holds a control character",
        Ok(name) if name.chars().any(is_invisible) => "holds a character that cannot be seen",
        Ok(name) if name.trim() != name => "begins or ends with white space",
        Ok(_) => return None,
    };
    // What cannot be seen is not to be shown as if it were not there.
    let shown: String = path.to_string().chars().map(visible).collect();
    let message = format!("the name of `{shown}` {why}");
    Some(
        Finding::new(Code::UnusualName, message)
            .of(path.clone())
            .advice("rename it, or see that it is meant"),
    )
}

/// Characters without width, and those that change the direction of text.
fn is_invisible(c: char) -> bool {
    matches!(
        c,
        '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}'
    )
}

fn visible(c: char) -> String {
    if is_invisible(c) {
        format!("\\u{{{:x}}}", u32::from(c))
    } else {
        c.to_string()
    }
}
