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
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

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
    /// The builder says that it is done, and has not sent it: releases before BuildKit 0.13 overlook outputs when there are several.
    #[error("the builder has not sent the output (number {0})")]
    Missing(usize),
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
            Self::Missing(_) | Self::Unasked(_) => Status::not_found(words),
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
    /// By the same index, of what goes to this machine.
    arrivals: Vec<Option<Arrival>>,
    failure: Failure,
}

/// Whether an output is there, whole. Set before the builder is told, so that its success is never ahead.
#[derive(Debug, Clone, Default)]
struct Arrival(Arc<AtomicBool>);

impl Arrival {
    fn set(&self) {
        self.0.store(true, Ordering::Release);
    }

    fn is_set(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

impl ExportService {
    /// The outputs in the order of the build's request; the first that fails is told to `failure`.
    pub(super) fn new(targets: Vec<Target>, failure: Failure) -> Self {
        let arrival = |target: &Target| match target {
            Target::Builder => None,
            Target::File(_) | Target::Stdout | Target::Pipe(_) | Target::Directory(_) => {
                Some(Arrival::default())
            }
        };
        Self {
            arrivals: targets.iter().map(arrival).collect(),
            targets: Mutex::new(targets),
            failure,
        }
    }

    /// Whether anything goes to this machine.
    pub(super) fn is_wanted(&self) -> bool {
        self.arrivals.iter().any(Option::is_some)
    }

    /// The first output that was to go to this machine and has not come.
    pub(super) fn missing(&self) -> Option<ExportError> {
        let is_missing =
            |arrival: &Option<Arrival>| arrival.as_ref().is_some_and(|it| !it.is_set());
        let first = self.arrivals.iter().position(is_missing);
        first.map(ExportError::Missing)
    }

    /// Serves one call of `DiffCopy`.
    pub(super) async fn call<B>(&self, request: Request<B>) -> Response<Body>
    where
        B: HttpBody + Send + 'static,
        B::Error: Into<BoxError> + Send,
    {
        let failure = self.failure.clone();
        match self.target(request.headers()) {
            Ok((Target::Directory(path), arrival)) => {
                let codec = ProstCodec::<Packet, Packet>::default();
                let mut grpc = Grpc::new(codec)
                    .apply_max_message_size_config(Some(MESSAGE_LIMIT), Some(MESSAGE_LIMIT));
                let files = Files {
                    path,
                    arrival,
                    failure,
                };
                grpc.streaming(files, request).await
            }
            Ok((target, arrival)) => {
                let codec = ProstCodec::<BytesMessage, BytesMessage>::default();
                let mut grpc = Grpc::new(codec)
                    .apply_max_message_size_config(Some(MESSAGE_LIMIT), Some(MESSAGE_LIMIT));
                let (request, end) = Watched::watch(request);
                let archive = Archive {
                    target: Some(target),
                    arrival,
                    end,
                    failure,
                };
                grpc.streaming(archive, request).await
            }
            Err(error) => note(&self.failure, error).into_http(),
        }
    }

    /// Where this call's output goes. A directory may be called for several times at once: for each platform.
    fn target(&self, metadata: &HeaderMap) -> Result<(Target, Arrival), ExportError> {
        let id = match metadata.get(EXPORTER_ID) {
            None => 0,
            Some(id) => {
                let id = id.to_str().ok().and_then(|id| id.parse().ok());
                id.ok_or_else(|| ExportError::Unacceptable("its number is none".to_owned()))?
            }
        };
        let Some(Some(arrival)) = self.arrivals.get(id).cloned() else {
            return Err(ExportError::Unasked(id));
        };
        let mut targets = self.targets.lock().unwrap_or_else(PoisonError::into_inner);
        match targets.get_mut(id) {
            None | Some(Target::Builder) => Err(ExportError::Unasked(id)),
            Some(Target::Directory(path)) => Ok((Target::Directory(path.clone()), arrival)),
            Some(target) => Ok((std::mem::replace(target, Target::Builder), arrival)),
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
    arrival: Arrival,
    failure: Failure,
}

impl StreamingService<Packet> for Files {
    type Response = Packet;
    type ResponseStream = directory::Answers;
    type Future = BoxFuture<Result<tonic::Response<Self::ResponseStream>, Status>>;

    fn call(&mut self, request: tonic::Request<Streaming<Packet>>) -> Self::Future {
        let (arrival, failure) = (self.arrival.clone(), self.failure.clone());
        let (path, packets) = (self.path.clone(), request.into_inner());
        let answers = directory::Answers::new(path, packets, arrival, failure);
        Box::pin(async { Ok(tonic::Response::new(answers)) })
    }
}

/// The call for an archive.
struct Archive {
    target: Option<Target>,
    arrival: Arrival,
    end: archive::End,
    failure: Failure,
}

impl StreamingService<BytesMessage> for Archive {
    type Response = BytesMessage;
    type ResponseStream = tokio_stream::Empty<Result<BytesMessage, Status>>;
    type Future = BoxFuture<Result<tonic::Response<Self::ResponseStream>, Status>>;

    /// The answer is an end: the builder waits for it, and takes it for "written".
    fn call(&mut self, request: tonic::Request<Streaming<BytesMessage>>) -> Self::Future {
        let (failure, end, arrival) =
            (self.failure.clone(), self.end.clone(), self.arrival.clone());
        let target = self.target.take().unwrap_or(Target::Builder);
        Box::pin(async move {
            let taken = archive::take(target, request.into_inner(), end).await;
            taken.map_err(|error| note(&failure, error))?;
            arrival.set();
            Ok(tonic::Response::new(tokio_stream::empty()))
        })
    }
}
