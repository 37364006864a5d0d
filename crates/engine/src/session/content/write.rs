//! `Write`: the builder sends a blob, in steps that are each answered before the next.

use std::io;
use std::time::SystemTime;

use futures_util::stream;
use tonic::{Status, Streaming};

use super::messages::{Action, Ongoing, WriteRequest, WriteResponse};
use super::{Access, Answers, BoxFuture, One, digest, number, on_thread};
use crate::layout::{CommitError, Digest, Ingest};

/// The call.
pub(super) struct Write(pub(super) One);

impl tonic::server::StreamingService<WriteRequest> for Write {
    type Response = WriteResponse;
    type ResponseStream = Answers<WriteResponse>;
    type Future = BoxFuture<Result<tonic::Response<Self::ResponseStream>, Status>>;

    fn call(&mut self, requests: tonic::Request<Streaming<WriteRequest>>) -> Self::Future {
        let call = Call {
            one: self.0.clone(),
            requests: requests.into_inner(),
            state: State::New,
        };
        // When the builder is gone this is dropped, and what was written with it.
        let answers: Answers<_> = Box::pin(stream::try_unfold(call, Call::answer));
        Box::pin(async { Ok(tonic::Response::new(answers)) })
    }
}

/// How far a write is, for whoever asks.
#[derive(Debug, Clone)]
pub(super) struct Progress {
    started: SystemTime,
    updated: SystemTime,
    offset: u64,
    total: Option<u64>,
    expected: Option<Digest>,
    /// Somebody wants it to end.
    pub(super) is_aborted: bool,
}

impl Progress {
    pub(super) fn ongoing(&self, name: &str) -> Ongoing {
        Ongoing {
            started_at: Some(self.started.into()),
            updated_at: Some(self.updated.into()),
            reference: name.to_owned(),
            offset: number(self.offset),
            total: number(self.total.unwrap_or(0)),
            expected: self
                .expected
                .as_ref()
                .map(Digest::to_string)
                .unwrap_or_default(),
        }
    }
}

struct Call {
    one: One,
    requests: Streaming<WriteRequest>,
    state: State,
}

enum State {
    New,
    Open(Box<Writer>),
    Done,
}

impl Call {
    /// The answer to the next request; none when there is no other.
    async fn answer(mut self) -> Result<Option<(WriteResponse, Self)>, Status> {
        if let State::Done = self.state {
            return Ok(None);
        }
        let Some(request) = self.requests.message().await? else {
            return Ok(None);
        };
        let Self {
            one,
            requests,
            state,
        } = self;
        let step = move || {
            let writer = match state {
                State::Open(writer) => *writer,
                State::New | State::Done => Writer::new(one.clone(), &request)?,
            };
            let (answer, state) = writer.step(&request)?;
            Ok::<_, Status>((answer, one, state))
        };
        let (answer, one, state) = on_thread(step).await??;
        let next = Self {
            one,
            requests,
            state,
        };
        Ok(Some((answer, next)))
    }
}

/// A blob on its way. Nobody else has its name.
struct Writer {
    one: One,
    name: Name,
    ingest: Ingest,
    progress: Progress,
}

impl Writer {
    fn new(one: One, first: &WriteRequest) -> Result<Self, Status> {
        if one.store.access == Access::Read {
            return Err(Status::failed_precondition("this store is only read"));
        }
        if first.reference.is_empty() {
            return Err(Status::invalid_argument("the write has no name"));
        }
        let now = SystemTime::now();
        let progress = Progress {
            started: now,
            updated: now,
            offset: 0,
            total: None,
            expected: None,
            is_aborted: false,
        };
        let name = Name::take(&one, &first.reference, &progress)?;
        let ingest = Ingest::begin(&one.store.layout);
        let ingest = ingest.map_err(|error| one.cannot_write(error))?;
        Ok(Self {
            one,
            name,
            ingest,
            progress,
        })
    }

    fn step(mut self, request: &WriteRequest) -> Result<(WriteResponse, State), Status> {
        let action = Action::of(request.action);
        let action = action.ok_or_else(|| Status::invalid_argument("there is no such action"))?;
        if !request.expected.is_empty() {
            self.expect(digest(&request.expected)?)?;
        }
        if let Ok(total @ 1..) = u64::try_from(request.total) {
            self.progress.total = Some(total);
        }
        match action {
            Action::Stat => self.go_on(action),
            Action::Write => {
                self.write(request)?;
                self.go_on(action)
            }
            Action::Commit => {
                self.write(request)?;
                self.commit()
            }
        }
    }

    fn expect(&mut self, expected: Digest) -> Result<(), Status> {
        match self.one.store.layout.blob(&expected) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Ok(_) => return Err(exists(&expected)),
            Err(error) => return Err(self.one.cannot_read(error)),
        }
        self.progress.expected = Some(expected);
        Ok(())
    }

    fn write(&mut self, request: &WriteRequest) -> Result<(), Status> {
        let written = self.ingest.written();
        match u64::try_from(request.offset) {
            Ok(0) if written > 0 => {
                let restarted = self.ingest.restart();
                restarted.map_err(|error| self.one.cannot_write(error))?;
            }
            Ok(offset) if offset == written => {}
            _ => {
                let offset = request.offset;
                return Err(Status::out_of_range(format!(
                    "{written} bytes are written, so nothing can be at {offset}"
                )));
            }
        }
        let done = self.ingest.write(&request.data);
        done.map_err(|error| self.one.cannot_write(error))?;
        self.progress.updated = SystemTime::now();
        Ok(())
    }

    fn go_on(mut self, action: Action) -> Result<(WriteResponse, State), Status> {
        self.progress.offset = self.ingest.written();
        self.name.tell(&mut self.progress);
        if self.progress.is_aborted {
            return Err(Status::aborted("the write was given up"));
        }
        let digest = self.ingest.digest();
        let answer = answer(action, &self.progress, &digest);
        Ok((answer, State::Open(Box::new(self))))
    }

    fn commit(mut self) -> Result<(WriteResponse, State), Status> {
        self.progress.offset = self.ingest.written();
        let (total, expected) = (self.progress.total, self.progress.expected.as_ref());
        let digest = self
            .ingest
            .commit(total, expected)
            .map_err(|error| match error {
                CommitError::Size(size) => {
                    Status::failed_precondition(format!("the blob has {size} bytes and should not"))
                }
                CommitError::Digest(digest) => {
                    Status::failed_precondition(format!("the blob is `{digest}` and should not be"))
                }
                CommitError::Exists(digest) => exists(&digest),
                CommitError::Io(error) => self.one.cannot_write(error),
            })?;
        let answer = answer(Action::Commit, &self.progress, &digest);
        Ok((answer, State::Done))
    }
}

fn exists(digest: &Digest) -> Status {
    Status::already_exists(format!("there is a blob `{digest}`"))
}

fn answer(action: Action, progress: &Progress, digest: &Digest) -> WriteResponse {
    WriteResponse {
        action: action as i32,
        started_at: Some(progress.started.into()),
        updated_at: Some(progress.updated.into()),
        offset: number(progress.offset),
        total: number(progress.total.unwrap_or(0)),
        digest: digest.to_string(),
    }
}

/// The name of a write, which one call at a time may have.
struct Name {
    one: One,
    name: String,
}

impl Name {
    fn take(one: &One, name: &str, progress: &Progress) -> Result<Self, Status> {
        let mut writes = one.store.writes();
        if writes.contains_key(name) {
            // BuildKit tries again after this.
            return Err(Status::unavailable("somebody else writes by that name"));
        }
        writes.insert(name.to_owned(), progress.clone());
        drop(writes);
        Ok(Self {
            one: one.clone(),
            name: name.to_owned(),
        })
    }

    /// Says how far it is, and hears whether it should end.
    fn tell(&self, progress: &mut Progress) {
        if let Some(known) = self.one.store.writes().get_mut(&self.name) {
            progress.is_aborted = known.is_aborted;
            known.clone_from(progress);
        }
    }
}

impl Drop for Name {
    fn drop(&mut self) {
        self.one.store.writes().remove(&self.name);
    }
}
