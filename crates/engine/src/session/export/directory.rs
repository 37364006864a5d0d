//! A tree, received as the builder's file service receives ours, and written to a directory.
//!
//! ```text
//! builder                         here
//! STAT(stat) x n, then STAT()
//!                                 directories, links and special files are made as they come
//!                            ◄──  REQ(id)   for each regular file, a few at a time
//! DATA(id, …)*, DATA(id, "")      written, compared with the size it was to have, named
//!                                 hard links; then the directories' own metadata, deepest first
//!                            ◄──  FIN       all is there
//! FIN
//! ```
//!
//! The builder sends a file that it cannot read as an empty one; the size gives that away. Where the tree does not begin with
//! a clean path in order below a directory that was named before, it is refused as a whole.

use std::collections::{HashMap, VecDeque};
use std::io;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_util::Stream;
use shipload_context::EntryPath;
use tokio::sync::mpsc;
use tonic::Status;
use tonic::codec::Streaming;

use super::disk::{Disk, NewFile};
use super::{Arrival, ExportError, note};
use crate::build::AbortOnDrop;
use crate::session::Failure;
use crate::session::wire::{Packet, PacketKind, Stat, mode};

/// How many files are asked for before one has come. The builder sends four at a time.
const IN_FLIGHT: usize = 16;

/// How many packets may wait for the disk.
const WAITING: usize = 32;

/// What is sent to the builder: requests, then the end, or an error. Dropping it ends the writing.
pub(super) struct Answers {
    packets: mpsc::Receiver<Packet>,
    work: Option<AbortOnDrop<Result<(), ExportError>>>,
    failure: Failure,
}

impl Answers {
    /// Begins to write what comes in `packets` into the directory `path`.
    pub(super) fn new(
        path: PathBuf,
        mut packets: Streaming<Packet>,
        arrival: Arrival,
        failure: Failure,
    ) -> Self {
        let (sender, incoming) = mpsc::channel(WAITING);
        // Never full: a request waits until one of IN_FLIGHT files has come, and two more packets end it.
        let (answers, outgoing) = mpsc::channel(IN_FLIGHT + 2);
        let work = tokio::spawn(async move {
            let writing =
                tokio::task::spawn_blocking(move || receive(&path, incoming, &answers, &arrival));
            let forward = async {
                while let Ok(Some(packet)) = packets.message().await {
                    if sender.send(packet).await.is_err() {
                        break;
                    }
                }
            };
            tokio::select! {
                () = forward => {}
                () = sender.closed() => {}
            }
            drop(sender);
            writing.await.unwrap_or(Err(ExportError::Cut))
        });
        Self {
            packets: outgoing,
            work: Some(AbortOnDrop(work)),
            failure,
        }
    }
}

impl Stream for Answers {
    type Item = Result<Packet, Status>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if let Some(packet) = ready!(self.packets.poll_recv(cx)) {
            return Poll::Ready(Some(Ok(packet)));
        }
        let Some(work) = &mut self.work else {
            return Poll::Ready(None);
        };
        let outcome = ready!(Pin::new(&mut work.0).poll(cx)).unwrap_or(Err(ExportError::Cut));
        self.work = None;
        Poll::Ready(outcome.err().map(|error| Err(note(&self.failure, error))))
    }
}

/// Writes the tree that comes in `packets`, on a thread of its own.
fn receive(
    path: &Path,
    mut packets: mpsc::Receiver<Packet>,
    answers: &mpsc::Sender<Packet>,
    arrival: &Arrival,
) -> Result<(), ExportError> {
    let mut receiver = Receiver::open(path)?;
    loop {
        let packet = packets.blocking_recv().ok_or(ExportError::Cut)?;
        let taken = receiver.take(packet);
        if receiver.state == State::Finished {
            arrival.set();
        }
        for answer in receiver.answers.drain(..) {
            answers
                .blocking_send(answer)
                .map_err(|_| ExportError::Cut)?;
        }
        match taken {
            Ok(Progress::More) => {}
            Ok(Progress::Done) => return Ok(()),
            Err(error) => {
                // Releases that know it stop at once; the status comes in any case.
                let _ = answers.try_send(Packet::error(error.to_string()));
                return Err(error);
            }
        }
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Progress {
    More,
    Done,
}

/// A regular file that is to come.
struct Wanted {
    id: u32,
    path: EntryPath,
    stat: Stat,
}

/// The receiver's side of the protocol; answers gather in `answers`.
struct Receiver {
    disk: Disk,
    root: PathBuf,
    /// The number of the next entry.
    next: u32,
    last: Option<EntryPath>,
    /// The directories that the last entry is in, outermost first, and itself if it is one.
    within: Vec<EntryPath>,
    wanted: VecDeque<Wanted>,
    open: HashMap<u32, (Wanted, NewFile)>,
    links: Vec<(EntryPath, EntryPath)>,
    directories: Vec<(EntryPath, Stat)>,
    answers: Vec<Packet>,
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Listing,
    Fetching,
    Finished,
}

impl Receiver {
    fn open(path: &Path) -> Result<Self, ExportError> {
        let disk = Disk::open(path).map_err(|source| ExportError::Write {
            path: path.to_owned(),
            source,
        })?;
        Ok(Self {
            disk,
            root: path.to_owned(),
            next: 0,
            last: None,
            within: Vec::new(),
            wanted: VecDeque::new(),
            open: HashMap::new(),
            links: Vec::new(),
            directories: Vec::new(),
            answers: Vec::new(),
            state: State::Listing,
        })
    }

    fn take(&mut self, packet: Packet) -> Result<Progress, ExportError> {
        match (packet.kind(), self.state) {
            (Some(PacketKind::Stat), State::Listing) => match packet.stat {
                Some(stat) => self.entry(stat)?,
                None => self.state = State::Fetching,
            },
            (Some(PacketKind::Data), State::Listing | State::Fetching) => {
                self.data(packet.id, &packet.data)?;
            }
            (Some(PacketKind::Fin), State::Finished) => return Ok(Progress::Done),
            (Some(PacketKind::Error), _) => {
                let words = String::from_utf8_lossy(&packet.data).into_owned();
                return Err(ExportError::Builder(words));
            }
            (kind, state) => return Err(unacceptable(format!("{kind:?} while {state:?}"))),
        }
        self.ask()?;
        self.finish_if_complete()?;
        Ok(Progress::More)
    }

    /// An entry of the list.
    fn entry(&mut self, stat: Stat) -> Result<(), ExportError> {
        let path = self.place(&stat)?;
        let id = self.next;
        self.next += 1;
        let made = match stat.mode & mode::TYPE {
            mode::DIRECTORY => {
                let made = self.disk.directory(&path);
                self.within.push(path.clone());
                self.directories.push((path.clone(), stat));
                made
            }
            mode::SYMLINK => self.disk.symlink(&path, &stat),
            0 if stat.linkname.is_empty() => {
                let path = path.clone();
                self.wanted.push_back(Wanted { id, path, stat });
                Ok(())
            }
            0 => {
                let target = EntryPath::new(&stat.linkname).ok();
                let target = target.filter(|target| *target < path);
                let target = target.ok_or_else(|| {
                    unacceptable(format!("{path:?} is a link to nothing before it"))
                })?;
                self.links.push((path.clone(), target));
                Ok(())
            }
            mode::NAMED_PIPE | mode::SOCKET | mode::DEVICE => self.disk.special(&path, &stat),
            kind if kind == mode::DEVICE | mode::CHARACTER_DEVICE => {
                self.disk.special(&path, &stat)
            }
            _ => return Err(unacceptable(format!("{path:?} is of no known type"))),
        };
        made.map_err(|source| self.failed(&path, source))?;
        self.last = Some(path);
        Ok(())
    }

    /// The path of an entry, if it comes after the last one and in a directory that came.
    fn place(&mut self, stat: &Stat) -> Result<EntryPath, ExportError> {
        let path = EntryPath::new(&stat.path).map_err(|error| unacceptable(error.to_string()))?;
        if self.last.as_ref().is_some_and(|last| *last >= path) {
            return Err(unacceptable(format!("{path:?} is out of order")));
        }
        while let Some(open) = self.within.last()
            && !path.starts_with(open)
        {
            self.within.pop();
        }
        if path.parent().as_ref() != self.within.last() {
            return Err(unacceptable(format!("{path:?} is in no directory")));
        }
        Ok(path)
    }

    /// Asks for more files, as long as few are on their way.
    fn ask(&mut self) -> Result<(), ExportError> {
        while self.open.len() < IN_FLIGHT
            && let Some(wanted) = self.wanted.pop_front()
        {
            let file = self.disk.file(&wanted.path);
            let file = file.map_err(|source| self.failed(&wanted.path, source))?;
            self.answers.push(Packet::request(wanted.id));
            self.open.insert(wanted.id, (wanted, file));
        }
        Ok(())
    }

    /// Content of a file, or its end.
    fn data(&mut self, id: u32, data: &[u8]) -> Result<(), ExportError> {
        let Some((wanted, mut file)) = self.open.remove(&id) else {
            return Err(unacceptable(format!("nobody asked for entry {id}")));
        };
        let path = wanted.path.clone();
        let size = u64::try_from(wanted.stat.size).unwrap_or(0);
        let come = file.written() + data.len() as u64;
        if come > size || (data.is_empty() && come < size) {
            let words = format!("{path:?} has {size} bytes, of which {come} came");
            return Err(unacceptable(words));
        }
        let done = if data.is_empty() {
            file.finish(&wanted.path, &wanted.stat)
        } else {
            file.write(data)
                .map(|()| drop(self.open.insert(id, (wanted, file))))
        };
        done.map_err(|source| self.failed(&path, source))
    }

    fn finish_if_complete(&mut self) -> Result<(), ExportError> {
        let complete = self.wanted.is_empty() && self.open.is_empty();
        if self.state != State::Fetching || !complete {
            return Ok(());
        }
        for (path, target) in std::mem::take(&mut self.links) {
            let linked = self.disk.link(&path, &target);
            linked.map_err(|source| self.failed(&path, source))?;
        }
        for (path, stat) in std::mem::take(&mut self.directories).into_iter().rev() {
            let sealed = self.disk.seal(&path, &stat);
            sealed.map_err(|source| self.failed(&path, source))?;
        }
        self.state = State::Finished;
        self.answers.push(Packet::fin());
        Ok(())
    }

    fn failed(&self, path: &EntryPath, source: io::Error) -> ExportError {
        use std::os::unix::ffi::OsStrExt;
        let path = std::ffi::OsStr::from_bytes(path.as_bytes());
        ExportError::Write {
            path: self.root.join(path),
            source,
        }
    }
}

fn unacceptable(words: impl Into<String>) -> ExportError {
    ExportError::Unacceptable(words.into())
}
