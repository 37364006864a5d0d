//! Secrets in `ENV` and `ARG`, which stay in the configuration and the history of an image.

use shipload_context::Plan;
use shipload_dockerfile::{Arguments, Command, Instruction, Word};

use super::super::plausible;
use super::MOUNT;
use crate::code::{Code, Severity};
use crate::finding::{Finding, Location};

/// Words of the names of secrets, as BuildKit's check `SecretsUsedInArgOrEnv` has them.
/// <https://docs.docker.com/reference/build-checks/secrets-used-in-arg-or-env/>
const WORDS: &[&str] = &[
    "apikey",
    "auth",
    "credential",
    "credentials",
    "key",
    "password",
    "pword",
    "passwd",
    "secret",
    "token",
];

/// Words of names that are about a secret and are none.
const HARMLESS: &[&str] = &[
    "public",
    "file",
    "path",
    "dir",
    "url",
    "uri",
    "name",
    "id",
    "type",
    "server",
    "host",
    "length",
    "size",
    "ttl",
    "enabled",
    "algorithm",
];

/// The secrets in the variables of all stages.
pub(super) fn all(plan: &Plan) -> Vec<Finding> {
    let Ok(dockerfile) = plan.parse_dockerfile() else {
        return Vec::new();
    };
    dockerfile
        .instructions()
        .flat_map(|instruction| of(plan, instruction))
        .collect()
}

/// A name that an instruction gives a value.
struct Given<'i> {
    keyword: &'static str,
    name: &'i str,
    value: Option<&'i str>,
    at: &'i Word,
}

fn of(plan: &Plan, instruction: &Instruction) -> Vec<Finding> {
    let command = instruction.command();
    let mut given = Vec::new();
    match (&command, &instruction.arguments) {
        (Ok(Command::Env(pairs)), _) => {
            given.extend(pairs.iter().map(|pair| Given {
                keyword: "ENV",
                name: &pair.name.text,
                value: Some(&pair.value.text),
                at: &pair.name,
            }));
        }
        (Ok(Command::Arg(_)), Arguments::Words(words)) => given.extend(words.iter().map(|word| {
            let (name, value) = match word.text.split_once('=') {
                Some((name, value)) => (name, Some(value)),
                None => (word.text.as_str(), None),
            };
            Given {
                keyword: "ARG",
                name,
                value,
                at: word,
            }
        })),
        _ => {}
    }
    given
        .iter()
        .filter(|given| is_secret(given.name))
        .filter_map(|given| finding(plan, given))
        .collect()
}

fn finding(plan: &Plan, given: &Given<'_>) -> Option<Finding> {
    let Given {
        keyword,
        name,
        value,
        at,
    } = given;
    let name = shipload_context::show(name.as_bytes());
    let value = value.map(|value| value.trim_matches(['"', '\'']));
    let (message, severity) = match value {
        Some("") => return None,
        Some(value) if is_elsewhere(value) => return None,
        Some(value) if value.contains('$') && *keyword == "ENV" => (
            format!(
                "`ENV {name}` takes its value from another variable, and keeps it in the image: anyone who has the image can read it"
            ),
            Severity::Warning,
        ),
        Some(value) if value.contains('$') => return None,
        Some(value) if plausible::is_placeholder(value.as_bytes()) => (
            format!(
                "`{keyword} {name}` is meant for a secret; what it is set to stays in the image's history"
            ),
            Severity::Note,
        ),
        Some(_) if *keyword == "ENV" => (
            format!(
                "`ENV {name}` writes a secret into the image: anyone who has the image can read it"
            ),
            Severity::Error,
        ),
        Some(_) => (
            format!("`ARG {name}` writes a secret into the history of the image"),
            Severity::Error,
        ),
        None => (
            format!(
                "`ARG {name}` is meant for a secret; what it is set to with `--build-arg` stays in the history of the image"
            ),
            Severity::Warning,
        ),
    };
    let file = plan
        .dockerfile_host
        .clone()
        .unwrap_or_else(|| plan.dockerfile_shown().into());
    let (line, column) = (at.position.line, at.position.column);
    // The line may have the secret in it.
    let location = Location {
        file,
        line,
        column,
        width: 0,
        excerpt: String::new(),
    };
    Some(
        Finding::new(Code::DockerfileSecret, message)
            .severity(severity)
            .at(location)
            .advice(MOUNT),
    )
}

/// Whether a name is that of a secret, by its words.
fn is_secret(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    let has = |words: &[&str]| lower.split('_').any(|word| words.contains(&word));
    has(WORDS) && !has(HARMLESS)
}

/// Whether a value only says where a secret is, or is none: a path, a number, a switch.
fn is_elsewhere(value: &str) -> bool {
    value.starts_with('/')
        || value.contains("://") && !value.contains('@')
        || value.chars().all(|c| c.is_ascii_digit())
        || matches!(value, "true" | "false" | "none" | "yes" | "no")
}
