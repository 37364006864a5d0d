//! A build that runs, whichever builder does it: its events, then what came of it.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_util::Stream;
use shipload_context::PackError;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use crate::buildkit::abilities::Unsupported;
use crate::buildkit::failure::SolveFailure;
use crate::cancel::CancelToken;
use crate::error::{BoxError, RequestError};
use crate::events::{EngineFailure, Event};
use crate::image_name::ImageName;
use crate::images::PartialTags;
use crate::layout::LayoutError;
use crate::parser::ParseError;
use crate::session::export::ExportError;
use crate::session::secrets::SecretError;
use crate::session::ssh::SshError;
use crate::transfer::TransferError;
use crate::upload::UploadProgress;

/// How many events wait for a reader before the engine has to.
const WAITING_EVENTS: usize = 256;

/// An image that was built.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Built {
    /// Its full id, `sha256:…`; empty where the result is no image, as with `--output type=local`.
    pub image_id: String,
    /// The names it got: those that were asked for.
    pub tags: Vec<ImageName>,
    /// What BuildKit's exporters tell of the result, such as `containerimage.digest`.
    pub metadata: BTreeMap<String, String>,
}

/// Why there is no image.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// The context could not be packed; the engine built nothing.
    #[error("cannot pack the context")]
    Pack(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The engine could not be asked, refused, or broke off.
    #[error("cannot build on the engine")]
    Request(#[from] RequestError),
    /// A step failed.
    #[error("the build failed: {message}")]
    Failed {
        /// The engine's words, not filtered: see [`crate::sanitize`].
        message: String,
        /// The exit code of the command, where one failed.
        code: Option<i64>,
    },
    /// A secret cannot be given; nothing was asked of the engine.
    #[error(transparent)]
    Secret(#[from] SecretError),
    /// The builder cannot be told all of it by the way on which it is reached; nothing was asked of it.
    #[error(transparent)]
    Unsupported(Unsupported),
    /// An SSH agent cannot be given; nothing was asked of the engine.
    #[error(transparent)]
    Ssh(#[from] SshError),
    /// A cache or a context in a directory cannot be used.
    #[error(transparent)]
    Layout(#[from] LayoutError),
    /// What was built could not be written where it was to go.
    #[error("cannot take what was built")]
    Export(#[from] ExportError),
    /// BuildKit gave up, mostly because a step failed.
    #[error("the build failed: {}", .0.message)]
    Solve(Box<SolveFailure>),
    /// It was cancelled.
    #[error("the build was cancelled")]
    Cancelled,
    /// The engine said nothing that makes an image.
    #[error("the engine ended its answer without an image id")]
    NoImage,
    /// The engine said that it was done before it had the whole context.
    #[error("the engine answered before it had the whole context")]
    Early,
    /// The image is there, but some of its further names are not.
    #[error("the image `{}` was built, but not all of its names could be set", built.image_id)]
    Tags {
        /// The image, with the names it got.
        built: Built,
        /// The names it did not get, and why.
        #[source]
        source: Box<PartialTags>,
    },
    /// The image is there, but not all of its names are in their registries.
    #[error("the image `{}` was built, but not pushed", built.image_id)]
    Push {
        /// The image.
        built: Built,
        /// Why.
        #[source]
        source: Box<TransferError>,
    },
    /// The answer is none that an engine gives.
    #[error("the engine's answer cannot be understood")]
    NotUnderstood(#[from] ParseError),
    /// The program that drives the build stopped.
    #[error("the runtime that drives the build was shut down")]
    Runtime,
}

impl BuildError {
    /// A packer that was cancelled is a build that was.
    pub(crate) fn pack(cause: BoxError) -> Self {
        match cause.downcast_ref::<PackError>() {
            Some(PackError::Cancelled) => Self::Cancelled,
            _ => Self::Pack(cause),
        }
    }

    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Request(RequestError::Refused { status: 404, .. }) => {
                Some("this engine has no such builder, or something else listens there".to_owned())
            }
            Self::Request(error) => error.hint(),
            Self::Tags { source, .. } => source.hint(),
            Self::Push { source, .. } => source.hint(),
            Self::Pack(cause) => cause.downcast_ref::<PackError>().and_then(PackError::hint),
            Self::Secret(error) => error.hint(),
            Self::Unsupported(error) => error.hint(),
            Self::Ssh(error) => error.hint(),
            Self::Layout(error) => error.hint(),
            Self::NoImage | Self::Early => Some("the engine's own log may say why".to_owned()),
            _ => None,
        }
    }
}

impl From<EngineFailure> for BuildError {
    fn from(failure: EngineFailure) -> Self {
        Self::Failed {
            message: failure.message,
            code: failure.code,
        }
    }
}

/// A build that runs: its events, then its outcome.
#[must_use = "dropping the stream cancels the build"]
#[derive(Debug)]
pub struct BuildStream {
    events: mpsc::Receiver<Event>,
    driver: AbortOnDrop<Result<Built, BuildError>>,
    cancel: CancelToken,
    progress: UploadProgress,
}

impl BuildStream {
    /// Starts what `work` makes of a sender of events; throwing the switch, or dropping the stream, ends it.
    pub(crate) fn start<W>(
        progress: UploadProgress,
        work: impl FnOnce(mpsc::Sender<Event>) -> W,
    ) -> Self
    where
        W: Future<Output = Result<Built, BuildError>> + Send + 'static,
    {
        let (sender, events) = mpsc::channel(WAITING_EVENTS);
        let (cancel, work) = (CancelToken::new(), work(sender));
        let stop = cancel.clone();
        let driver = tokio::spawn(async move {
            tokio::select! {
                biased;
                () = stop.cancelled() => Err(BuildError::Cancelled),
                outcome = work => outcome,
            }
        });
        Self {
            events,
            driver: AbortOnDrop(driver),
            cancel,
            progress,
        }
    }

    /// The next event; `None` when there are no more, for whatever reason:
    /// [`finish`](Self::finish) says which.
    pub async fn next_event(&mut self) -> Option<Event> {
        self.events.recv().await
    }

    /// Reads what events remain, and tells how the build ended.
    ///
    /// # Errors
    /// When there is no image, and why.
    pub async fn finish(mut self) -> Result<Built, BuildError> {
        while self.next_event().await.is_some() {}
        match (&mut self.driver.0).await {
            Ok(outcome) => outcome,
            Err(_) => Err(BuildError::Runtime),
        }
    }

    /// How much of the context was sent.
    pub fn progress(&self) -> UploadProgress {
        self.progress.clone()
    }

    /// A switch that stops the build from anywhere: the packer is stopped and the connection is
    /// dropped, upon which the engine stops as well.
    pub fn cancel_token(&self) -> CancelToken {
        self.cancel.clone()
    }
}

impl Stream for BuildStream {
    type Item = Event;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Event>> {
        self.events.poll_recv(cx)
    }
}

/// A task that nobody waits for any more is stopped.
#[derive(Debug)]
pub(crate) struct AbortOnDrop<T>(pub(crate) JoinHandle<T>);

impl<T> Drop for AbortOnDrop<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}
