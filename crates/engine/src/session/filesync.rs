//! The file service: BuildKit lists what there is of a context, compares that with what it has, and asks for the rest.
//!
//! Who may say what when is for [`shipload_context::Sender`] to know; this moves packets between it, the disk and the
//! connection:
//!
//! ```text
//! BuildKit ─► listen (a task) ─► Sender ─► numbers of files ─► read (threads) ──► DATA ─┐
//!                                  └────► announce (a thread) ──────────────────► STAT ─┴─► BuildKit
//! ```

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::{HeaderMap, Request, Response};
use hyper::body::Incoming;
use percent_encoding::percent_decode;
use shipload_context::{Announcement, Heard, Offer, ReadError, Reply, Sender, SyncRequest, View};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::body::Body;
use tonic::server::{Grpc, StreamingService};
use tonic::{Status, Streaming};
use tonic_prost::ProstCodec;

use crate::error::BoxError;
use crate::tasks::Spawner;
use crate::upload::UploadProgress;

use super::Failure;
use super::wire::{Packet, PacketKind, Stat};

/// How many packets wait for the connection.
const WAITING: usize = 32;

/// How many files are read at once; small ones are mostly waiting for the disk.
const READERS: usize = 4;

/// How much of a file goes into one packet, in bytes. The daemon takes messages of up to 4 MiB.
const PIECE: usize = 128 << 10;

/// Serves the files of a build.
pub(super) struct FileService {
    /// By the names under which BuildKit asks for them.
    views: BTreeMap<String, View>,
    failure: Failure,
    progress: UploadProgress,
}

impl FileService {
    pub(super) fn new(
        views: BTreeMap<String, View>,
        failure: Failure,
        progress: UploadProgress,
    ) -> Self {
        Self {
            views,
            failure,
            progress,
        }
    }

    /// `FileSync/DiffCopy`.
    pub(super) async fn diff_copy(
        self: Arc<Self>,
        request: Request<Incoming>,
        spawner: &Spawner,
    ) -> Response<Body> {
        let (out, packets) = mpsc::channel(WAITING);
        let headers = request.headers().clone();
        // What is offered of a large context takes long to find; checks of the session's health do not wait for that.
        let begun = tokio::task::spawn_blocking(move || self.transfer(&headers, out)).await;
        let begun = begun.unwrap_or_else(|_| Err(Status::internal("the list was not made")));
        let service = match begun {
            Ok(transfer) => DiffCopy {
                start: Some((Arc::new(transfer), packets)),
                spawner: spawner.clone(),
            },
            Err(status) => return status.into_http(),
        };
        Grpc::new(ProstCodec::<Packet, Packet>::default())
            .streaming(service, request)
            .await
    }

    fn transfer(&self, headers: &HeaderMap, out: Out) -> Result<Transfer, Status> {
        let name = values(headers, "dir-name")?.pop().unwrap_or_default();
        let view = self.views.get(&name).ok_or_else(|| {
            // The frontend asks for what it could use, such as a Dockerfile under another name.
            Status::not_found(format!("this build has no files named `{name}`"))
        })?;
        let request = SyncRequest {
            follow_paths: values(headers, "followpaths")?,
            include_patterns: values(headers, "include-patterns")?,
            exclude_patterns: values(headers, "exclude-patterns")?,
        };
        let offer = Offer::new(view, &request).map_err(|error| {
            let status = Status::invalid_argument(error.to_string());
            self.failure.set(error);
            status
        })?;
        self.progress.add_entries(offer.len().into());
        let state = State {
            sender: Sender::new(&offer),
            wanted: VecDeque::new(),
            readers: 0,
        };
        Ok(Transfer {
            offer,
            state: Mutex::new(state),
            out,
            failure: self.failure.clone(),
            progress: self.progress.clone(),
        })
    }
}

/// The values of one key. Engines from 25 on encode those that are not ASCII as in a query, and say so.
fn values(headers: &HeaderMap, name: &str) -> Result<Vec<String>, Status> {
    let encoded = headers.contains_key(format!("{name}-encoded"));
    let text = |value: &http::HeaderValue| {
        let bytes = value.as_bytes();
        let bytes = if encoded {
            let spaced: Vec<u8> = bytes
                .iter()
                .map(|&byte| if byte == b'+' { b' ' } else { byte })
                .collect();
            percent_decode(&spaced).collect()
        } else {
            bytes.to_vec()
        };
        String::from_utf8(bytes)
            .map_err(|_| Status::invalid_argument(format!("`{name}` is not UTF-8")))
    };
    headers.get_all(name).iter().map(text).collect()
}

type Out = mpsc::Sender<Result<Packet, Status>>;
type Packets = mpsc::Receiver<Result<Packet, Status>>;

/// Starts a transfer when its stream is there.
struct DiffCopy {
    start: Option<(Arc<Transfer>, Packets)>,
    spawner: Spawner,
}

impl StreamingService<Packet> for DiffCopy {
    type Response = Packet;
    type ResponseStream = ReceiverStream<Result<Packet, Status>>;
    type Future = BoxFuture<'static, Result<tonic::Response<Self::ResponseStream>, Status>>;

    fn call(&mut self, request: tonic::Request<Streaming<Packet>>) -> Self::Future {
        let started = self.start.take().map(|(transfer, packets)| {
            let announcer = Arc::clone(&transfer);
            tokio::task::spawn_blocking(move || announcer.announce());
            self.spawner.spawn(transfer.listen(request.into_inner()));
            tonic::Response::new(ReceiverStream::new(packets))
        });
        Box::pin(async { started.ok_or_else(|| Status::internal("called twice")) })
    }
}

/// One call.
struct Transfer {
    offer: Offer,
    state: Mutex<State>,
    out: Out,
    failure: Failure,
    progress: UploadProgress,
}

/// How far it is.
struct State {
    sender: Sender,
    /// The files that were asked for and that nobody reads yet.
    wanted: VecDeque<u32>,
    /// How many threads read.
    readers: usize,
}

/// Why a thread of a transfer stops before its end.
enum Stop {
    /// Nobody is there to send to any more.
    Gone,
    /// It is the build's failure.
    Failed(BoxError),
}

/// # In a task
impl Transfer {
    /// Takes what BuildKit says, until it has all.
    async fn listen(self: Arc<Self>, mut packets: Streaming<Packet>) {
        while let Some(heard) = self.hear(&mut packets).await {
            let reply = self.state().sender.hear(heard);
            let last = match reply {
                Ok(Reply::Send(id)) => {
                    self.want(id);
                    continue;
                }
                Ok(Reply::Finish) => Packet::fin(),
                // Why, it says itself when the build ends.
                Ok(Reply::Stop) => return,
                Err(error) => self.give_up(error.into()),
            };
            let _ = self.out.send(Ok(last)).await;
            return;
        }
    }

    /// The next thing said; none when BuildKit has hung up, as it does when the build is cancelled.
    async fn hear(&self, packets: &mut Streaming<Packet>) -> Option<Heard> {
        loop {
            let packet = tokio::select! {
                packet = packets.message() => packet.ok()??,
                () = self.out.closed() => return None,
            };
            return Some(match packet.kind() {
                Some(PacketKind::Request) => Heard::Request(packet.id),
                Some(PacketKind::Fin) => Heard::Finished,
                Some(PacketKind::Error) => {
                    Heard::Failed(String::from_utf8_lossy(&packet.data).into_owned())
                }
                Some(PacketKind::Stat | PacketKind::Data) | None => continue,
            });
        }
    }

    /// Has a file read, by one more thread if there are not enough of them.
    fn want(self: &Arc<Self>, id: u32) {
        let mut state = self.state();
        state.wanted.push_back(id);
        if state.readers < READERS {
            state.readers += 1;
            let reader = Arc::clone(self);
            tokio::task::spawn_blocking(move || reader.read());
        }
    }
}

/// # On threads
impl Transfer {
    /// Sends all that there is.
    fn announce(&self) {
        loop {
            let next = self.state().sender.announce();
            let sent = match next {
                None => return,
                Some(Announcement::End) => self.send(Packet::end_of_list()),
                Some(Announcement::Entry(id)) => self.stat(id),
            };
            if let Err(stop) = sent {
                return self.stop(stop);
            }
        }
    }

    fn stat(&self, id: u32) -> Result<(), Stop> {
        let stat = self.offer.stat(id);
        let stat = stat.map_err(|error| Stop::Failed(error.into()))?;
        self.send(Packet::entry(packed(stat)))
    }

    /// Sends files as long as some are wanted.
    fn read(&self) {
        let mut buffer = vec![0; PIECE];
        loop {
            let mut state = self.state();
            let Some(id) = state.wanted.pop_front() else {
                state.readers -= 1;
                return;
            };
            drop(state);
            if let Err(stop) = self.file(id, &mut buffer) {
                return self.stop(stop);
            }
        }
    }

    fn file(&self, id: u32, buffer: &mut [u8]) -> Result<(), Stop> {
        let Some(entry) = self.offer.entry(id) else {
            return Ok(());
        };
        let failed = |error: ReadError| Stop::Failed(error.into());
        let opened = entry.open().map_err(failed)?;
        let (mut offset, size) = (0, entry.size());
        while offset < size {
            let rest = usize::try_from(size - offset).unwrap_or(usize::MAX);
            let piece = &mut buffer[..rest.min(PIECE)];
            opened.read_at(piece, offset).map_err(failed)?;
            offset += piece.len() as u64;
            if offset == size {
                // Nothing is complete before it is known to be one state of the file.
                opened.finish().map_err(failed)?;
            }
            self.progress.add_bytes(piece.len() as u64);
            self.send(Packet::data(id, Bytes::copy_from_slice(piece)))?;
        }
        if size == 0 {
            opened.finish().map_err(failed)?;
        }
        self.state().sender.sent(id);
        self.progress.add_file();
        self.send(Packet::data(id, Bytes::new()))
    }

    fn send(&self, packet: Packet) -> Result<(), Stop> {
        let sent = self.out.blocking_send(Ok(packet));
        sent.map_err(|_| Stop::Gone)
    }

    fn stop(&self, stop: Stop) {
        if let Stop::Failed(error) = stop {
            let _ = self.send(self.give_up(error));
        }
    }
}

impl Transfer {
    /// Keeps an error for the build, and returns what BuildKit is told.
    fn give_up(&self, error: BoxError) -> Packet {
        let packet = Packet::error(error.to_string());
        self.failure.set(error);
        packet
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The metadata as it goes over the wire.
fn packed(stat: shipload_context::Stat) -> Stat {
    let (devmajor, devminor) = stat.device.map_or((0, 0), |it| (it.major, it.minor));
    Stat {
        path: stat.path,
        mode: stat.mode,
        uid: stat.uid,
        gid: stat.gid,
        size: stat.size,
        mod_time: stat.mtime,
        linkname: stat.link_name,
        devmajor: devmajor.into(),
        devminor: devminor.into(),
        // Names that are not UTF-8 cannot be said.
        xattrs: stat
            .xattrs
            .into_iter()
            .filter_map(|(name, value)| Some((String::from_utf8(name).ok()?, value)))
            .collect(),
    }
}
