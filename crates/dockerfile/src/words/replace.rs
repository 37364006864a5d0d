//! Replacing what a pattern matches, as Go's `regexp` does it.

use std::borrow::Cow;

use super::name::is_name;
use super::pattern::Pattern;
use super::steps::{Exhausted, Steps};

/// Replaces the first match by a text.
pub(super) fn first<'a>(
    pattern: &Pattern,
    value: &'a str,
    text: &str,
    steps: &mut Steps,
) -> Result<Cow<'a, str>, Exhausted> {
    let Some(found) = pattern.find(value, 0, steps)? else {
        return Ok(value.into());
    };
    steps.take(value.len() + text.len())?;
    let before = value.get(..found.start).unwrap_or_default();
    let after = value.get(found.end..).unwrap_or_default();
    Ok([before, text, after].concat().into())
}

/// Replaces all matches by a template, in which `$0` and `${0}` are what was matched and `$$` is `$`.
///
/// An empty match right after a match is none.
pub(super) fn all<'a>(
    pattern: &Pattern,
    value: &'a str,
    template: &str,
    steps: &mut Steps,
) -> Result<Cow<'a, str>, Exhausted> {
    let mut result = String::new();
    let mut copied = 0;
    let mut from = 0;
    while from <= value.len() {
        let Some(found) = pattern.find(value, from, steps)? else {
            break;
        };
        let before = value.get(copied..found.start).unwrap_or_default();
        steps.take(before.len())?;
        result.push_str(before);
        if found.end > copied || found.start == 0 {
            fill(
                template,
                value.get(found.clone()).unwrap_or_default(),
                &mut result,
                steps,
            )?;
        }
        copied = found.end;
        // At least one character on, or else past the end.
        let next = value.get(from..).and_then(|rest| rest.chars().next());
        from = found.end.max(from + next.map_or(1, char::len_utf8));
    }
    let rest = value.get(copied..).unwrap_or_default();
    steps.take(rest.len())?;
    result.push_str(rest);
    Ok(result.into())
}

/// Writes a template for one match.
fn fill(
    template: &str,
    matched: &str,
    result: &mut String,
    steps: &mut Steps,
) -> Result<(), Exhausted> {
    let mut rest = template;
    steps.take(template.len())?;
    while let Some((before, after)) = rest.split_once('$') {
        result.push_str(before);
        if let Some(after) = after.strip_prefix('$') {
            result.push('$');
            rest = after;
        } else if let Some((name, after)) = group(after) {
            if name == "0" {
                steps.take(matched.len())?;
                result.push_str(matched);
            }
            rest = after;
        } else {
            result.push('$');
            rest = after;
        }
    }
    result.push_str(rest);
    Ok(())
}

/// A group's name, with or without braces, and what follows it.
fn group(text: &str) -> Option<(&str, &str)> {
    let braced = text.strip_prefix('{');
    let name = braced.unwrap_or(text);
    let length = name
        .find(|character| !is_name(character))
        .unwrap_or(name.len());
    let (name, after) = name.split_at_checked(length)?;
    let after = match braced {
        Some(_) => after.strip_prefix('}')?,
        None => after,
    };
    (!name.is_empty()).then_some((name, after))
}
