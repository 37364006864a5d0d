//! Runs an image, as `docker run --rm --network none` does, over the Engine's API.

use std::io;

use serde_json::json;

use crate::engine::Handle;
use crate::http::Answer;

/// What a container said and how it ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ran {
    /// The exit code.
    pub code: i64,
    /// Standard output and standard error as they came, with plain newlines.
    pub output: String,
}

/// # Running
impl Handle {
    /// Runs `image` to its end without a network and removes the container.
    ///
    /// An empty `command` leaves the image's own.
    ///
    /// # Errors
    /// When the Engine refuses a step; the message is the Engine's.
    pub fn run(&self, image: &str, command: &[&str]) -> io::Result<Ran> {
        // On a terminal the log is plain bytes; without one it would come in frames.
        let mut create = json!({
            "Image": image, "Tty": true, "HostConfig": { "NetworkMode": "none" },
        });
        if !command.is_empty() {
            create["Cmd"] = json!(command);
        }
        let create = create.to_string();
        let body = Some(("application/json", create.as_bytes()));
        let created = accept(self.request("POST", "/containers/create", body)?)?.json()?;
        let id = created["Id"].as_str().unwrap_or_default();
        let ran = self.run_container(id);
        let removed = self.request("DELETE", &format!("/containers/{id}?force=1"), None);
        let ran = ran?;
        accept(removed?)?;
        Ok(ran)
    }

    fn run_container(&self, id: &str) -> io::Result<Ran> {
        accept(self.request("POST", &format!("/containers/{id}/start"), None)?)?;
        let ended = accept(self.request("POST", &format!("/containers/{id}/wait"), None)?)?;
        let logs = format!("/containers/{id}/logs?stdout=1&stderr=1");
        let logs = accept(self.request("GET", &logs, None)?)?;
        let code = ended.json()?["StatusCode"].as_i64();
        let code = code.ok_or_else(|| io::Error::other("the Engine gave no exit code"))?;
        Ok(Ran {
            code,
            output: logs.text().replace("\r\n", "\n"),
        })
    }
}

/// Turns an answer of refusal into an error with the Engine's words.
fn accept(answer: Answer) -> io::Result<Answer> {
    if answer.status < 400 {
        return Ok(answer);
    }
    let message = answer
        .json()
        .ok()
        .and_then(|body| Some(body["message"].as_str()?.to_owned()));
    let message = message.unwrap_or_else(|| answer.text());
    Err(io::Error::other(format!(
        "the Engine answered {}: {message}",
        answer.status
    )))
}
