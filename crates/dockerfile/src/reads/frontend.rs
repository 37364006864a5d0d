//! Frontends: programs that read a Dockerfile for BuildKit. One that is not Docker's own reads it as it likes, and what it reads
//! may be anything, YAML for instance.

use std::collections::HashMap;

use crate::dialect::Dialect;
use crate::directive::Directives;
use crate::reads::{Reason, Whole};
use crate::request::{Builder, Request};
use crate::syntax::{Directive, Position};

/// A frontend other than Docker's own, if one is asked for; the other builders do not look.
pub(super) fn foreign(text: &str, request: &Request) -> Option<Whole> {
    if request.builder != Builder::BuildKit {
        return None;
    }
    let given = request.build_argument("BUILDKIT_SYNTAX");
    let (line, syntax) = match given.filter(|syntax| !syntax.is_empty()) {
        Some(given) => (1, given.to_owned()),
        None => asked(text)?,
    };
    let syntax = syntax.split(' ').next().unwrap_or_default().to_owned();
    let is_foreign = !is_official(&syntax);
    is_foreign.then_some(Whole {
        position: Position { line, column: 1 },
        reason: Reason::Frontend { syntax },
    })
}

/// The frontend that a text asks for, and in which line, as BuildKit's `parser.DetectSyntax` finds it: in directives behind `#` or
/// `//`, below a `#!` line too, and in a JSON object.
fn asked(text: &str) -> Option<(usize, String)> {
    let text = text.trim_start_matches('\u{feff}');
    let skipped = usize::from(text.starts_with("#!"));
    let directive = ["#", "//"]
        .iter()
        .find_map(|comment| directive(text, skipped, comment));
    let directive = directive.map(|found| (found.line, found.value));
    directive.or_else(|| {
        let json: &str = text.trim_start();
        let object = json.starts_with('{').then_some(json)?;
        let mut members: HashMap<String, String> = serde_json::from_str(object).ok()?;
        Some((1, members.remove("syntax")?))
    })
}

/// The directive `syntax` behind a sign for comments.
fn directive(text: &str, skipped: usize, comment: &str) -> Option<Directive> {
    let mut directives = Directives::new(Dialect::Current);
    for (index, line) in text.lines().enumerate().skip(skipped) {
        let Some(rest) = line.trim_start().strip_prefix(comment) else {
            break;
        };
        if directives.take(index + 1, &format!("#{rest}")).is_err() {
            break;
        }
    }
    let mut found = directives.into_found().into_iter();
    found.find(|directive| directive.name == "syntax")
}

/// Whether a frontend is Docker's own, in any version.
fn is_official(syntax: &str) -> bool {
    let name = syntax.split('@').next().unwrap_or_default();
    let last = name.rfind('/').map_or(0, |at| at + 1);
    let name = name[last..].find(':').map_or(name, |at| &name[..last + at]);
    let name = name.strip_prefix("docker.io/").unwrap_or(name);
    ["docker/dockerfile", "docker/dockerfile-upstream"].contains(&name)
}
