//! Between an engine and a registry, or a builder: log in, pull, push, load.
//!
//! Spoken directly and not through bollard, which writes credentials in the standard base64 alphabet
//! where engines read the URL's: a password that encodes to `+` or `/` would be dropped in silence.

use std::io;

use bytes::Bytes;
use futures_util::{Stream, StreamExt as _};
use http::Method;
use http::header::{CONNECTION, CONTENT_TYPE};
use http_body_util::{BodyExt, Full, Limited, StreamBody};
use hyper::body::{Frame, Incoming};

use crate::auth::{Credential, CredentialError, Registry, auth_header};
use crate::client::Engine;
use crate::error::{BoxError, RequestError};
use crate::events::{EngineFailure, Event};
use crate::image_name::ImageName;
use crate::options::Query;
use crate::parser::{EventParser, Message, ParseError};
use crate::secret::Secret;
use crate::transport::empty;

/// Why a pull or a push did not succeed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TransferError {
    /// The registry's credentials are needed and could not be had.
    #[error("cannot get the credentials")]
    Credentials(#[from] CredentialError),
    /// The engine could not be asked, refused, or broke off.
    #[error("cannot transfer the image")]
    Request(#[from] RequestError),
    /// The registry, or the way to it, failed.
    #[error("the transfer failed: {message}")]
    Failed {
        /// The engine's words, not filtered: see [`crate::sanitize`].
        message: String,
    },
    /// The answer is none that an engine gives.
    #[error("the engine's answer cannot be understood")]
    NotUnderstood(#[from] ParseError),
    /// The engine ended its answer without saying that the image is there.
    #[error("the engine ended its answer without a result")]
    NoResult,
}

impl TransferError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Credentials(error) => error.hint(),
            Self::Request(error) => error.hint(),
            Self::Failed { message }
                if [
                    "unauthorized",
                    "authentication required",
                    "no basic auth",
                    "denied",
                ]
                .iter()
                .any(|word| message.contains(word)) =>
            {
                Some("log in to the registry with `docker login`".to_owned())
            }
            _ => None,
        }
    }
}

impl From<EngineFailure> for TransferError {
    fn from(failure: EngineFailure) -> Self {
        Self::Failed {
            message: failure.message,
        }
    }
}

/// A manifest that a registry has taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pushed {
    /// The tag.
    pub tag: String,
    /// The manifest's digest, `sha256:…`.
    pub digest: String,
    /// The manifest's size, in bytes.
    pub size: u64,
}

impl Pushed {
    /// Reads `1.0: digest: sha256:… size: 502`. Engines whose images are in containerd's store say it in no other way.
    fn read(status: &str) -> Option<Self> {
        let (tag, rest) = status.split_once(": digest: ")?;
        let (digest, size) = rest.split_once(" size: ")?;
        Some(Self {
            tag: tag.to_owned(),
            digest: digest.starts_with("sha256:").then(|| digest.to_owned())?,
            size: size.parse().ok()?,
        })
    }
}

/// Transfers.
impl Engine {
    /// Has the engine check a credential with its registry, and uses it from then on. It is kept in
    /// memory only: nothing is written to `config.json`.
    ///
    /// # Errors
    /// When the registry refuses it, or cannot be reached.
    pub async fn login(
        &self,
        registry: &Registry,
        credential: Credential,
    ) -> Result<(), RequestError> {
        #[derive(serde::Deserialize)]
        struct Answer {
            #[serde(rename = "IdentityToken")]
            token: Option<Secret>,
        }
        let mut body = serde_json::to_value(&credential).map_err(RequestError::broken)?;
        body["serveraddress"] = registry.config_key().into();
        let body = Full::from(body.to_string())
            .map_err(|never| match never {})
            .boxed_unsync();
        let transport = &self.0.transport;
        let request = transport
            .request(Method::POST, &self.path("/auth"))
            .header(CONTENT_TYPE, "application/json")
            .body(body)
            .map_err(RequestError::broken)?;
        let answer = transport.send_alone(request).await?.into_body();
        let bytes = Limited::new(answer, 1 << 20)
            .collect()
            .await
            .map_err(RequestError::Broken)?;
        // An answer without a body, or in other words, is a success, too: the status said so.
        let told: Option<Answer> = serde_json::from_slice(&bytes.to_bytes()).ok();
        let token = told
            .and_then(|answer| answer.token)
            .filter(|token| !token.is_empty());
        let kept = match token {
            Some(token) => Credential {
                identity_token: Some(token),
                ..Credential::default()
            },
            None => credential,
        };
        self.credentials().set(registry.clone(), kept);
        Ok(())
    }

    /// Pulls an image, with its registry's credential if there is one; a name without a tag means
    /// `latest`. Where the credential's helper fails, that is an event, and the pull is tried without.
    ///
    /// # Errors
    /// When the registry has no such image or refuses, or the engine does not answer.
    pub async fn pull(
        &self,
        image: &ImageName,
        platform: Option<&str>,
        mut on_event: impl FnMut(Event) + Send,
    ) -> Result<(), TransferError> {
        let registry = image.registry();
        let credential = match self.credentials().get(&registry).await {
            Ok(credential) => credential,
            Err(error) => {
                on_event(Event::Warning(error.to_string()));
                None
            }
        };
        let mut query = Query::default();
        query.text("fromImage", Some(image.repository()));
        query.text(
            "tag",
            Some(image.digest().unwrap_or_else(|| image.tag_or_latest())),
        );
        query.text("platform", platform);
        let path = self.path(&format!("/images/create{}", query.0));
        let answer = self.transfer(&path, &registry, credential.as_ref()).await?;
        read(answer, &mut on_event).await
    }

    /// Pushes an image to the registry in its name; a name without a tag means `latest`.
    ///
    /// # Errors
    /// When the registry refuses, when its credential cannot be had, when there is no such image, or
    /// when the engine does not answer or does not say what it pushed.
    pub async fn push(
        &self,
        image: &ImageName,
        mut on_event: impl FnMut(Event) + Send,
    ) -> Result<Pushed, TransferError> {
        let registry = image.registry();
        let credential = self.credentials().get(&registry).await?;
        let mut query = Query::default();
        query.text("tag", Some(image.tag_or_latest()));
        let path = self.path(&format!("/images/{}/push{}", image.repository(), query.0));
        let answer = self.transfer(&path, &registry, credential.as_ref()).await?;
        let (mut pushed, mut told) = (None, None);
        let keep = &mut |event: Event| {
            match &event {
                Event::Pushed { tag, digest, size } => {
                    pushed = Some(Pushed {
                        tag: tag.clone(),
                        digest: digest.clone(),
                        size: *size,
                    });
                }
                Event::Transfer {
                    id: None, status, ..
                } => told = Pushed::read(status).or(told.take()),
                _ => {}
            }
            on_event(event);
        };
        read(answer, keep).await?;
        if let (None, Some(Pushed { tag, digest, size })) = (&pushed, told.clone()) {
            on_event(Event::Pushed { tag, digest, size });
        }
        pushed.or(told).ok_or(TransferError::NoResult)
    }

    /// Loads images from an archive, as `docker load` does.
    ///
    /// # Errors
    /// When the archive breaks off or is none, or the engine does not answer.
    pub async fn load(
        &self,
        archive: impl Stream<Item = io::Result<Bytes>> + Send + 'static,
        mut on_event: impl FnMut(Event) + Send,
    ) -> Result<(), TransferError> {
        let frames = archive.map(|piece| piece.map(Frame::data).map_err(BoxError::from));
        let transport = &self.0.transport;
        let request = transport
            .request(Method::POST, &self.path("/images/load?quiet=1"))
            .header(CONNECTION, "close")
            .header(CONTENT_TYPE, "application/x-tar")
            .body(StreamBody::new(frames).boxed_unsync())
            .map_err(RequestError::broken)?;
        let answer = transport.send_alone(request).await?.into_body();
        read(answer, &mut on_event).await
    }

    async fn transfer(
        &self,
        path: &str,
        registry: &Registry,
        credential: Option<&Credential>,
    ) -> Result<Incoming, TransferError> {
        let header = auth_header(registry, credential)?;
        let transport = &self.0.transport;
        let request = transport
            .request(Method::POST, path)
            .header(CONNECTION, "close")
            .header("X-Registry-Auth", header)
            .body(empty())
            .map_err(RequestError::broken)?;
        Ok(transport.send_alone(request).await?.into_body())
    }
}

/// Reads an answer to its end.
async fn read(
    mut answer: Incoming,
    on_event: &mut (impl FnMut(Event) + Send),
) -> Result<(), TransferError> {
    let (mut parser, mut messages) = (EventParser::new(), Vec::new());
    while let Some(frame) = answer.frame().await {
        let frame = frame.map_err(|error| RequestError::broken(BoxError::from(error)))?;
        let Ok(piece) = frame.into_data() else {
            continue;
        };
        let parsed = parser.feed(&piece, &mut messages);
        for message in messages.drain(..) {
            match message {
                Message::Failure(failure) => return Err(failure.into()),
                Message::Event(event) => on_event(event),
            }
        }
        parsed?;
    }
    Ok(parser.finish()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_pushed_is_read_from_words() {
        let pushed = Pushed {
            tag: "1.0".to_owned(),
            digest: "sha256:f305".to_owned(),
            size: 502,
        };
        for (status, expected) in [
            ("1.0: digest: sha256:f305 size: 502", Some(pushed)),
            ("1.0: digest: sha256:f305 size: many", None),
            ("1.0: digest: f305 size: 502", None),
            ("The push refers to repository [r.example/x]", None),
        ] {
            assert_eq!(Pushed::read(status), expected, "{status}");
        }
    }
}
