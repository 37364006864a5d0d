//! Blobs of this machine, which the builder reads and writes itself: `containerd.services.content.v1.Content`.
//!
//! The blobs are in OCI layouts, of which a build may have several; [`STORE`] in the metadata says which is meant.
//!
//! ```text
//! a cache to read        local:NAME   Info, Read
//! a cache to write       local:NAME   Write: STAT, WRITE*, COMMIT, each answered before the next
//! an image as a context  oci:NAME     Info, Read
//! ```
//!
//! It answers as containerd's own store in a directory does, with these exceptions: what breaks off is not resumed but begun
//! again, nothing is ever deleted, and nobody filters what is listed. No builder asks for these.

mod messages;
#[cfg(test)]
mod tests;
mod write;

use std::collections::BTreeMap;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::stream::{self, Stream};
use http::{HeaderMap, Request, Response};
use http_body::Body as HttpBody;
use tonic::Status;
use tonic::body::Body;
use tonic::server::{Grpc, ServerStreamingService, UnaryService};
use tonic_prost::ProstCodec;

use self::messages::{
    DigestRequest, Info, InfoResponse, ListRequest, ListResponse, ListStatusesResponse,
    ReadRequest, ReadResponse, RefRequest, StatusResponse, WriteRequest, WriteResponse,
};
use self::write::{Progress, Write};
use super::Failure;
use crate::error::BoxError;
use crate::layout::{Blob, Digest, Layout, LayoutError};

/// The metadata that says which store is meant.
const STORE: &str = "buildkit-attachable-store-id";

/// The largest message that is taken, in bytes: BuildKit writes 1 MiB at once.
const MESSAGE_LIMIT: usize = 16 << 20;

/// How much of a blob goes into one answer, in bytes; BuildKit takes up to 4 MiB.
const PIECE: usize = 1 << 20;

/// How many blobs are listed in one answer, as in containerd.
const BLOCK: usize = 100;

/// What can be called.
pub(super) const METHODS: [&str; 9] = [
    INFO,
    UPDATE,
    LIST,
    DELETE,
    READ,
    STATUS,
    LIST_STATUSES,
    WRITE,
    ABORT,
];

const INFO: &str = "/containerd.services.content.v1.Content/Info";
const UPDATE: &str = "/containerd.services.content.v1.Content/Update";
const LIST: &str = "/containerd.services.content.v1.Content/List";
const DELETE: &str = "/containerd.services.content.v1.Content/Delete";
const READ: &str = "/containerd.services.content.v1.Content/Read";
const STATUS: &str = "/containerd.services.content.v1.Content/Status";
const LIST_STATUSES: &str = "/containerd.services.content.v1.Content/ListStatuses";
const WRITE: &str = "/containerd.services.content.v1.Content/Write";
const ABORT: &str = "/containerd.services.content.v1.Content/Abort";

/// What a builder may do with a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    /// Read what is there.
    Read,
    /// Read, and add to it.
    Write,
}

/// A layout that a builder may use; cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Store {
    layout: Layout,
    access: Access,
    /// What is being written, by the name that the builder gave it.
    writes: Arc<Mutex<BTreeMap<String, Progress>>>,
}

impl Store {
    pub(crate) fn new(layout: Layout, access: Access) -> Self {
        Self {
            layout,
            access,
            writes: Arc::default(),
        }
    }

    fn writes(&self) -> MutexGuard<'_, BTreeMap<String, Progress>> {
        self.writes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Serves the stores of one build.
#[derive(Debug)]
pub(super) struct ContentService {
    stores: BTreeMap<String, Store>,
    failure: Failure,
}

impl ContentService {
    /// The stores by their ids; what goes wrong with one is told to `failure`.
    pub(super) fn new(stores: BTreeMap<String, Store>, failure: Failure) -> Self {
        Self { stores, failure }
    }

    /// Whether there is anything to serve.
    pub(super) fn is_wanted(&self) -> bool {
        !self.stores.is_empty()
    }

    /// Serves one call, of one of the [`METHODS`].
    pub(super) async fn call<B>(&self, request: Request<B>) -> Response<Body>
    where
        B: HttpBody + Send + 'static,
        B::Error: Into<BoxError> + Send,
    {
        let one = match self.one(request.headers()) {
            Ok(one) => one,
            Err(status) => return status.into_http(),
        };
        match request.uri().path() {
            INFO => unary(move |asked| one.info(&asked), request).await,
            READ => streamed(move |asked| one.read(&asked), request).await,
            LIST => streamed(move |asked| one.list(&asked), request).await,
            STATUS => unary(move |asked| one.status(&asked), request).await,
            LIST_STATUSES => unary(move |asked| one.statuses(&asked), request).await,
            ABORT => unary(move |asked| one.abort(&asked), request).await,
            DELETE => unary(|_: DigestRequest| Err::<(), _>(immutable()), request).await,
            UPDATE => unary(|(): ()| Err::<(), _>(immutable()), request).await,
            WRITE => {
                let codec = ProstCodec::<WriteResponse, WriteRequest>::default();
                let mut grpc = Grpc::new(codec)
                    .apply_max_message_size_config(Some(MESSAGE_LIMIT), Some(MESSAGE_LIMIT));
                grpc.streaming(Write(one), request).await
            }
            _ => Status::unimplemented("a content store does not offer that").into_http(),
        }
    }

    /// The store that a call is for.
    fn one(&self, metadata: &HeaderMap) -> Result<One, Status> {
        let id = metadata.get(STORE).and_then(|id| id.to_str().ok());
        let id = id.ok_or_else(|| Status::invalid_argument("which store is not said"))?;
        let store = self.stores.get(id);
        let store = store.ok_or_else(|| Status::not_found("this build has no such store"))?;
        Ok(One {
            store: store.clone(),
            failure: self.failure.clone(),
        })
    }
}

fn immutable() -> Status {
    Status::failed_precondition("blobs of this store stay as they are")
}

/// What was asked for is no digest.
fn digest(text: &str) -> Result<Digest, Status> {
    text.parse()
        .map_err(|error: crate::layout::DigestError| Status::invalid_argument(error.to_string()))
}

/// A size or an offset on the wire.
fn number(bytes: u64) -> i64 {
    i64::try_from(bytes).unwrap_or(i64::MAX)
}

/// What is told of a blob. When it was last read is nobody's business.
fn describe(digest: &Digest, blob: &Blob) -> Info {
    let created = blob.created.map(Into::into);
    Info {
        digest: digest.to_string(),
        size: number(blob.size),
        created_at: created,
        updated_at: created,
    }
}

/// The store of one call.
#[derive(Debug, Clone)]
struct One {
    store: Store,
    failure: Failure,
}

impl One {
    fn info(&self, asked: &DigestRequest) -> Result<InfoResponse, Status> {
        let digest = digest(&asked.digest)?;
        let info = describe(&digest, &self.open(&digest)?);
        Ok(InfoResponse { info: Some(info) })
    }

    fn read(&self, asked: &ReadRequest) -> Result<Pieces, Status> {
        let blob = self.open(&digest(&asked.digest)?)?;
        let offset = u64::try_from(asked.offset).unwrap_or(0);
        if offset > blob.size {
            let size = blob.size;
            return Err(Status::out_of_range(format!("the blob has {size} bytes")));
        }
        let rest = blob.size - offset;
        let wanted = u64::try_from(asked.size).unwrap_or(0);
        let length = if wanted == 0 { rest } else { rest.min(wanted) };
        Ok(Pieces {
            one: self.clone(),
            blob,
            offset,
            end: offset + length,
        })
    }

    fn list(
        &self,
        asked: &ListRequest,
    ) -> Result<impl Iterator<Item = Result<ListResponse, Status>> + use<>, Status> {
        unfiltered(asked)?;
        let digests = self.store.layout.blobs();
        let digests = digests.map_err(|error| self.cannot_read(error))?;
        let blocks: Vec<_> = digests.chunks(BLOCK).map(<[_]>::to_vec).collect();
        let one = self.clone();
        let info = move |digest: &Digest| Ok(describe(digest, &one.open(digest)?));
        let block = move |block: Vec<Digest>| {
            let info = block.iter().map(&info).collect::<Result<_, Status>>()?;
            Ok(ListResponse { info })
        };
        Ok(blocks.into_iter().map(block))
    }

    fn status(&self, asked: &RefRequest) -> Result<StatusResponse, Status> {
        let writes = self.store.writes();
        let found = writes.get(&asked.reference);
        let found = found.ok_or_else(|| Status::not_found("nothing is written by that name"))?;
        let status = Some(found.ongoing(&asked.reference));
        Ok(StatusResponse { status })
    }

    fn statuses(&self, asked: &ListRequest) -> Result<ListStatusesResponse, Status> {
        unfiltered(asked)?;
        let writes = self.store.writes();
        let statuses = writes.iter().map(|(name, one)| one.ongoing(name)).collect();
        Ok(ListStatusesResponse { statuses })
    }

    /// What nobody writes is no error, as in containerd.
    #[expect(clippy::unnecessary_wraps, reason = "it is the answer to a call")]
    fn abort(&self, asked: &RefRequest) -> Result<(), Status> {
        if let Some(found) = self.store.writes().get_mut(&asked.reference) {
            found.is_aborted = true;
        }
        Ok(())
    }

    fn open(&self, digest: &Digest) -> Result<Blob, Status> {
        let opened = self.store.layout.blob(digest);
        opened.map_err(|error| match error.kind() {
            // The builder may go on without.
            io::ErrorKind::NotFound => Status::not_found(format!("there is no blob `{digest}`")),
            _ => self.cannot_read(error),
        })
    }

    fn cannot_read(&self, error: io::Error) -> Status {
        self.give_up(self.store.layout.cannot_read(error))
    }

    fn cannot_write(&self, error: io::Error) -> Status {
        self.give_up(self.store.layout.cannot_write(error))
    }

    /// Keeps an error for the build, and returns what the builder is told.
    fn give_up(&self, error: LayoutError) -> Status {
        let cause = std::error::Error::source(&error);
        let cause = cause.map(|cause| format!(": {cause}")).unwrap_or_default();
        let status = Status::unknown(format!("{error}{cause}"));
        self.failure.set(error);
        status
    }
}

fn unfiltered(asked: &ListRequest) -> Result<(), Status> {
    if asked.filters.is_empty() {
        return Ok(());
    }
    Err(Status::unimplemented("nothing is filtered here"))
}

/// A part of a blob, as answers.
struct Pieces {
    one: One,
    blob: Blob,
    offset: u64,
    end: u64,
}

impl Iterator for Pieces {
    type Item = Result<ReadResponse, Status>;

    fn next(&mut self) -> Option<Self::Item> {
        let rest = usize::try_from(self.end - self.offset).unwrap_or(usize::MAX);
        if rest == 0 {
            return None;
        }
        let data = match self.blob.read_at(self.offset, rest.min(PIECE)) {
            Ok(data) if data.is_empty() => Err(io::ErrorKind::UnexpectedEof.into()),
            read => read,
        };
        let data = match data {
            Ok(data) => data,
            Err(error) => return Some(Err(self.one.cannot_read(error))),
        };
        let offset = number(self.offset);
        self.offset += data.len() as u64;
        let data = data.into();
        Some(Ok(ReadResponse { offset, data }))
    }
}

type BoxFuture<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// Answers that are made as they are sent; nothing is left running when nobody takes them any more.
type Answers<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

/// A call whose answer is made on a thread, since it is about files.
struct OnThread<F>(F);

/// Serves a call with one answer.
async fn unary<M, N, B>(
    work: impl Fn(M) -> Result<N, Status> + Clone + Send + Sync + 'static,
    request: Request<B>,
) -> Response<Body>
where
    M: prost::Message + Default + 'static,
    N: prost::Message + Default + 'static,
    B: HttpBody + Send + 'static,
    B::Error: Into<BoxError> + Send,
{
    let codec = ProstCodec::<N, M>::default();
    Grpc::new(codec).unary(OnThread(work), request).await
}

impl<M, N, F> UnaryService<M> for OnThread<F>
where
    M: Send + 'static,
    N: Send + 'static,
    F: Fn(M) -> Result<N, Status> + Clone + Send + 'static,
{
    type Response = N;
    type Future = BoxFuture<Result<tonic::Response<N>, Status>>;

    fn call(&mut self, request: tonic::Request<M>) -> Self::Future {
        let work = self.0.clone();
        Box::pin(async move {
            let answer = on_thread(move || work(request.into_inner())).await?;
            answer.map(tonic::Response::new)
        })
    }
}

/// Serves a call with many answers.
async fn streamed<M, N, I, B>(
    work: impl Fn(M) -> Result<I, Status> + Clone + Send + Sync + 'static,
    request: Request<B>,
) -> Response<Body>
where
    M: prost::Message + Default + 'static,
    N: prost::Message + Default + 'static,
    I: Iterator<Item = Result<N, Status>> + Send + 'static,
    B: HttpBody + Send + 'static,
    B::Error: Into<BoxError> + Send,
{
    let codec = ProstCodec::<N, M>::default();
    let mut grpc = Grpc::new(codec);
    grpc.server_streaming(OnThread(work), request).await
}

impl<M, N, I, F> ServerStreamingService<M> for OnThread<F>
where
    M: Send + 'static,
    N: Send + 'static,
    I: Iterator<Item = Result<N, Status>> + Send + 'static,
    F: Fn(M) -> Result<I, Status> + Clone + Send + 'static,
{
    type Response = N;
    type ResponseStream = Answers<N>;
    type Future = BoxFuture<Result<tonic::Response<Answers<N>>, Status>>;

    fn call(&mut self, request: tonic::Request<M>) -> Self::Future {
        let work = self.0.clone();
        Box::pin(async move {
            let answers = on_thread(move || work(request.into_inner())).await??;
            let next = |mut answers: I| async {
                let (next, answers) = on_thread(move || (answers.next(), answers)).await?;
                Ok(next.transpose()?.map(|next| (next, answers)))
            };
            let answers: Answers<N> = Box::pin(stream::try_unfold(answers, next));
            Ok(tonic::Response::new(answers))
        })
    }
}

async fn on_thread<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Status> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|_| Status::internal("the work was stopped"))
}
