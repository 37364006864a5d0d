//! The builder hands over what it made: `moby.filesync.v1.FileSend/DiffCopy`.
//!
//! One method carries two protocols, and only the type of the exporter says which. `tar`, `oci` and `docker` send the bytes of
//! an archive ([`archive`]). `local` sends a tree as the file service does, with the roles reversed ([`directory`]). Which
//! exporter calls stands in the metadata as [`EXPORTER_ID`], the index of the output in the build's request; releases before
//! BuildKit 0.13 (Engine 26) know one output and do not say.
//!
//! Nothing is ever half there: an archive and every file of a tree gets its name when it is whole.

mod archive;
mod directory;
mod disk;
#[cfg(test)]
mod tests;

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use http::{HeaderMap, Request, Response};
use http_body::Body as HttpBody;
use tonic::Status;
use tonic::body::Body;
use tonic::codec::Streaming;
use tonic::server::{Grpc, StreamingService};
use tonic_prost::ProstCodec;

use crate::buildkit::options::{Destination, Output};
use crate::error::BoxError;

pub use self::archive::{ArchivePipe, ArchiveStream};
use self::archive::{Piece, Watched};
use super::Failure;
use super::wire::{BytesMessage, Packet};

/// The metadata that says which output comes.
const EXPORTER_ID: &str = "buildkit-attachable-exporter-id";

/// The largest message that is taken, in bytes: BuildKit sends at most 3 MiB, of old as much as was written at once.
const MESSAGE_LIMIT: usize = 16 << 20;

/// Why an output of a build could not be written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExportError {
    /// The file or directory could not be written.
    #[error("cannot write the output `{}`", path.display())]
    Write {
        /// The file or directory, or one in it.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The standard output could not be written to.
    #[error("cannot write the output to the standard output")]
    Stdout(#[source] io::Error),
    /// Whoever wanted the archive wants it no more.
    #[error("nobody reads the output any more")]
    Unwanted,
    /// The builder gave up.
    #[error("the builder cannot send the output: {0}")]
    Builder(String),
    /// What came is not what a builder sends; nothing of it is trusted.
    #[error("the builder's output cannot be accepted: {0}")]
    Unacceptable(String),
    /// It ended too early.
    #[error("the builder's output broke off")]
    Cut,
    /// No output has this number, or it came twice.
    #[error("the builder sends an output that was not asked for (number {0})")]
    Unasked(usize),
}

impl ExportError {
    fn status(&self) -> Status {
        let cause = std::error::Error::source(self);
        let cause = cause.map(|cause| format!(": {cause}")).unwrap_or_default();
        let words = format!("{self}{cause}");
        match self {
            Self::Write { .. } | Self::Stdout(_) => Status::failed_precondition(words),
            Self::Unwanted | Self::Cut => Status::aborted(words),
            Self::Builder(_) | Self::Unacceptable(_) => Status::invalid_argument(words),
            Self::Unasked(_) => Status::not_found(words),
        }
    }
}

/// Where one output goes.
#[derive(Debug)]
pub(crate) enum Target {
    /// Nowhere: it stays with the builder.
    Builder,
    /// An archive into a file.
    File(PathBuf),
    /// An archive to the standard output.
    Stdout,
    /// An archive to whoever holds the other end of an [`ArchivePipe`].
    Pipe(tokio::sync::mpsc::Sender<Piece>),
    /// A tree into a directory.
    Directory(PathBuf),
}

impl From<&Output> for Target {
    fn from(output: &Output) -> Self {
        match &output.destination {
            None => Self::Builder,
            Some(Destination::File(path)) => Self::File(path.clone()),
            Some(Destination::Directory(path)) => Self::Directory(path.clone()),
            Some(Destination::Stdout) => Self::Stdout,
            Some(Destination::Pipe(pipe)) => pipe.take().map_or(Self::Builder, Self::Pipe),
        }
    }
}

/// Takes the outputs of one build.
pub(super) struct ExportService {
    /// By the index of the output; taken when its archive comes, since it can come once.
    targets: Mutex<Vec<Target>>,
    failure: Failure,
}

impl ExportService {
    /// The outputs in the order of the build's request; the first that fails is told to `failure`.
    pub(super) fn new(targets: Vec<Target>, failure: Failure) -> Self {
        Self {
            targets: Mutex::new(targets),
            failure,
        }
    }

    /// Whether anything goes to this machine.
    pub(super) fn is_wanted(&self) -> bool {
        let targets = self.targets.lock().unwrap_or_else(PoisonError::into_inner);
        targets
            .iter()
            .any(|target| !matches!(target, Target::Builder))
    }

    /// Serves one call of `DiffCopy`.
    pub(super) async fn call<B>(&self, request: Request<B>) -> Response<Body>
    where
        B: HttpBody + Send + 'static,
        B::Error: Into<BoxError> + Send,
    {
        let failure = self.failure.clone();
        match self.target(request.headers()) {
            Ok(Target::Directory(path)) => {
                let codec = ProstCodec::<Packet, Packet>::default();
                let mut grpc = Grpc::new(codec)
                    .apply_max_message_size_config(Some(MESSAGE_LIMIT), Some(MESSAGE_LIMIT));
                grpc.streaming(Files { path, failure }, request).await
            }
            Ok(target) => {
                let codec = ProstCodec::<BytesMessage, BytesMessage>::default();
                let mut grpc = Grpc::new(codec)
                    .apply_max_message_size_config(Some(MESSAGE_LIMIT), Some(MESSAGE_LIMIT));
                let (request, end) = Watched::watch(request);
                let archive = Archive {
                    target: Some(target),
                    end,
                    failure,
                };
                grpc.streaming(archive, request).await
            }
            Err(error) => note(&self.failure, error).into_http(),
        }
    }

    /// Where this call's output goes. A directory may be called for several times at once: for each platform.
    fn target(&self, metadata: &HeaderMap) -> Result<Target, ExportError> {
        let id = metadata.get(EXPORTER_ID).and_then(|id| id.to_str().ok());
        let id = id.and_then(|id| id.parse().ok()).unwrap_or(0);
        let mut targets = self.targets.lock().unwrap_or_else(PoisonError::into_inner);
        match targets.get_mut(id) {
            None | Some(Target::Builder) => Err(ExportError::Unasked(id)),
            Some(Target::Directory(path)) => Ok(Target::Directory(path.clone())),
            Some(target) => Ok(std::mem::replace(target, Target::Builder)),
        }
    }
}

impl fmt::Debug for ExportService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ExportService").field(&self.targets).finish()
    }
}

/// Remembers an error for the build's own, and makes the answer to the builder.
fn note(failure: &Failure, error: ExportError) -> Status {
    let status = error.status();
    failure.set(error);
    status
}

type BoxFuture<T> = std::pin::Pin<Box<dyn Future<Output = T> + Send>>;

/// The call for a directory.
struct Files {
    path: PathBuf,
    failure: Failure,
}

impl StreamingService<Packet> for Files {
    type Response = Packet;
    type ResponseStream = directory::Answers;
    type Future = BoxFuture<Result<tonic::Response<Self::ResponseStream>, Status>>;

    fn call(&mut self, request: tonic::Request<Streaming<Packet>>) -> Self::Future {
        let failure = self.failure.clone();
        let answers = directory::Answers::new(self.path.clone(), request.into_inner(), failure);
        Box::pin(async { Ok(tonic::Response::new(answers)) })
    }
}

/// The call for an archive.
struct Archive {
    target: Option<Target>,
    end: archive::End,
    failure: Failure,
}

impl StreamingService<BytesMessage> for Archive {
    type Response = BytesMessage;
    type ResponseStream = tokio_stream::Empty<Result<BytesMessage, Status>>;
    type Future = BoxFuture<Result<tonic::Response<Self::ResponseStream>, Status>>;

    /// The answer is an end: the builder waits for it, and takes it for "written".
    fn call(&mut self, request: tonic::Request<Streaming<BytesMessage>>) -> Self::Future {
        let (failure, end) = (self.failure.clone(), self.end.clone());
        let target = self.target.take().unwrap_or(Target::Builder);
        Box::pin(async move {
            let taken = archive::take(target, request.into_inner(), end).await;
            taken.map_err(|error| note(&failure, error))?;
            Ok(tonic::Response::new(tokio_stream::empty()))
        })
    }
}
