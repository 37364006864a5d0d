//! Credential helpers: the programs `docker-credential-NAME` that keep what `docker login` was told.
//!
//! The question is `get` with the registry's key on standard input, the answer
//! `{"ServerURL", "Username", "Secret"}`; the user `<token>` marks an identity token. What a helper
//! prints never becomes part of an error, since it may be the secret.

use std::process::Stdio;

use serde::Deserialize;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::auth::{Credential, CredentialError, Registry};
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
    let file = format!("docker-credential-{name}");
    let known = environment
        .find_program(&file)
        .filter(|_| !name.contains('/'));
    let missing = || CredentialError::NoHelper {
        registry: registry.clone(),
        program: file,
    };
    let program = known.ok_or_else(missing)?;
    let failed = |source| CredentialError::Run {
        registry: registry.clone(),
        program: program.clone(),
        source,
    };
    let mut command = tokio::process::Command::new(&program);
    command.arg("get").env_clear().envs(environment.variables());
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    let mut child = command.kill_on_drop(true).spawn().map_err(failed)?;
    if let Some(mut input) = child.stdin.take() {
        // A helper that does not read its question says so by how it ends.
        let _ = input.write_all(registry.config_key().as_bytes()).await;
    }
    let mut answer = Vec::new();
    if let Some(output) = child.stdout.take() {
        output
            .take(ANSWER_LIMIT)
            .read_to_end(&mut answer)
            .await
            .map_err(failed)?;
    }
    let status = child.wait().await.map_err(failed)?;
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
