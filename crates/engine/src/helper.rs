//! Credential helpers: the programs `docker-credential-NAME` that keep what `docker login` was told.
//!
//! The question is `get` with the registry's key on standard input, the answer
//! `{"ServerURL", "Username", "Secret"}`; the user `<token>` marks an identity token. To `list` the
//! answer is `{"ServerURL": "Username", …}`. What a helper prints never becomes part of an error,
//! since it may be the secret.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};

use serde::Deserialize;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::auth::{Credential, CredentialError, InventoryProblem, Registry};
use crate::environment::Environment;
use crate::secret::Secret;

/// The longest answer of a helper, in bytes.
const ANSWER_LIMIT: u64 = 1 << 20;

/// Asks the helper `name` for the credential of one registry; `None` where it has none. It may take
/// as long as it wants, since it may be asking a person.
pub(crate) async fn ask(
    environment: &Environment,
    name: &str,
    registry: &Registry,
) -> Result<Option<Credential>, CredentialError> {
    let missing = || CredentialError::NoHelper {
        registry: registry.clone(),
        program: file_name(name),
    };
    let program = find(environment, name).ok_or_else(missing)?;
    let failed = |source| CredentialError::Run {
        registry: registry.clone(),
        program: program.clone(),
        source,
    };
    let question = registry.config_key();
    let (status, answer) = run(environment, &program, "get", question)
        .await
        .map_err(failed)?;
    let registry = registry.clone();
    if !status.success() {
        // The words of every helper that is built with Docker's own library.
        if String::from_utf8_lossy(&answer).contains("credentials not found") {
            return Ok(None);
        }
        return Err(CredentialError::Helper {
            registry,
            program,
            status,
        });
    }
    match serde_json::from_slice::<Answer>(&answer) {
        Ok(answer) => Ok(answer.credential()),
        Err(_) => Err(CredentialError::Answer { registry, program }),
    }
}

/// Asks the helper `name` which servers it has something for, and the names of the users there. No secret is in that.
pub(crate) async fn list(
    environment: &Environment,
    name: &str,
) -> Result<BTreeMap<String, String>, InventoryProblem> {
    let missing = || InventoryProblem::NoHelper {
        program: file_name(name),
    };
    let program = find(environment, name).ok_or_else(missing)?;
    match run(environment, &program, "list", "").await {
        Err(source) => Err(InventoryProblem::Run { program, source }),
        Ok((status, _)) if !status.success() => Err(InventoryProblem::Helper { program, status }),
        Ok((_, answer)) => match serde_json::from_slice::<Option<_>>(&answer) {
            Ok(list) => Ok(list.unwrap_or_default()),
            Err(_) => Err(InventoryProblem::List { program }),
        },
    }
}

/// The name of a helper's program.
pub(crate) fn file_name(name: &str) -> String {
    format!("docker-credential-{name}")
}

fn find(environment: &Environment, name: &str) -> Option<PathBuf> {
    let known = environment.find_program(&file_name(name));
    known.filter(|_| !name.contains('/'))
}

/// Runs a helper: how it ended, and what it said. It is ended when nobody waits any more.
async fn run(
    environment: &Environment,
    program: &Path,
    verb: &str,
    question: &str,
) -> io::Result<(ExitStatus, Vec<u8>)> {
    let mut command = tokio::process::Command::new(program);
    command.arg(verb).env_clear().envs(environment.variables());
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    let mut child = command.kill_on_drop(true).spawn()?;
    if let Some(mut input) = child.stdin.take() {
        // A helper that does not read its question says so by how it ends.
        let _ = input.write_all(question.as_bytes()).await;
    }
    let mut answer = Vec::new();
    if let Some(output) = child.stdout.take() {
        output.take(ANSWER_LIMIT).read_to_end(&mut answer).await?;
    }
    Ok((child.wait().await?, answer))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Answer {
    username: String,
    secret: Secret,
}

impl Answer {
    fn credential(self) -> Option<Credential> {
        if self.username.is_empty() && self.secret.is_empty() {
            return None;
        }
        if self.username == "<token>" {
            return Some(Credential {
                identity_token: Some(self.secret),
                ..Credential::default()
            });
        }
        let (username, password) = (Some(self.username), Some(self.secret));
        Some(Credential {
            username,
            password,
            ..Credential::default()
        })
    }
}
