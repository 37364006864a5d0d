//! The builder uses an SSH agent of this machine: `moby.sshforward.v1.SSH`.
//!
//! The builder makes a socket for the step and calls `ForwardAgent` for each connection to it, both ways carrying the bytes of
//! the agent's protocol (draft-ietf-sshm-ssh-agent): requests of four bytes of length and a body whose first byte is the type, each answered
//! by one such message, in order. Of the requests only listing keys and signing go on to the agent; the rest, such as adding,
//! removing and locking, is answered with a failure here, as by BuildKit's clients.

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::pin::Pin;

use bollard_buildkit_proto::moby::sshforward::v1::ssh_server::Ssh;
use bollard_buildkit_proto::moby::sshforward::v1::{
    BytesMessage, CheckAgentRequest, CheckAgentResponse,
};
use futures_util::{Stream, stream};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tonic::{Request, Response, Status, Streaming};

use crate::buildkit::options::SshSource;
use crate::environment::Environment;

/// The metadata that says which agent is meant.
const SSH_ID: &str = "buildkit.ssh.id";

/// The longest message of an agent, in bytes: OpenSSH's own limit.
const MESSAGE_LIMIT: usize = 256 << 10;

/// Lists the keys.
const REQUEST_IDENTITIES: u8 = 11;

/// Signs with a key.
const SIGN_REQUEST: u8 = 13;

/// A message that says no and nothing else.
const FAILURE: [u8; 5] = [0, 0, 0, 1, 5];

/// Why an SSH agent cannot be given to a build.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SshError {
    /// No path was given and `SSH_AUTH_SOCK` is not set.
    #[error("there is no SSH agent for `{id}`: `SSH_AUTH_SOCK` is not set")]
    NoAgent {
        /// The agent's id.
        id: String,
    },
    /// There is nothing at the path, or it cannot be looked at.
    #[error("cannot use `{}` as the SSH agent `{id}`", path.display())]
    Unreadable {
        /// The agent's id.
        id: String,
        /// The path.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The path is that of a file.
    #[error("cannot use `{}` as the SSH agent `{id}`: it is no socket, and keys in files are not supported", path.display())]
    Key {
        /// The agent's id.
        id: String,
        /// The path.
        path: PathBuf,
    },
    /// There is more than one path.
    #[error("the SSH agent `{id}` cannot have more than one socket")]
    Several {
        /// The agent's id.
        id: String,
    },
    /// Two have one id.
    #[error("there are two SSH agents `{id}`")]
    Twice {
        /// The id.
        id: String,
    },
}

impl SshError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::NoAgent { .. } => Some(
                "start an agent with `eval \"$(ssh-agent)\"` and add keys with `ssh-add`"
                    .to_owned(),
            ),
            Self::Key { path, .. } => Some(format!(
                "add the key to an agent with `ssh-add {}` and give the agent: `--ssh default`",
                path.display()
            )),
            Self::Unreadable { .. } | Self::Several { .. } | Self::Twice { .. } => None,
        }
    }
}

impl SshSource {
    /// The agent's socket.
    fn socket(&self, environment: &Environment) -> Result<PathBuf, SshError> {
        use std::os::unix::fs::FileTypeExt;
        let id = || self.id.clone();
        let path = match &self.paths[..] {
            [] => {
                let variable = environment.text("SSH_AUTH_SOCK");
                PathBuf::from(variable.ok_or_else(|| SshError::NoAgent { id: id() })?)
            }
            [path] => path.clone(),
            [_, ..] => return Err(SshError::Several { id: id() }),
        };
        match fs_err::metadata(&path) {
            Ok(meta) if meta.file_type().is_socket() => Ok(path),
            Ok(_) => Err(SshError::Key { id: id(), path }),
            Err(source) => Err(SshError::Unreadable {
                id: id(),
                path,
                source,
            }),
        }
    }
}

/// Answers for one build.
pub(crate) struct SshService {
    /// Sockets by id.
    agents: BTreeMap<String, PathBuf>,
}

impl SshService {
    /// Looks for the agents, without talking to them.
    pub(crate) fn new(sources: &[SshSource], environment: &Environment) -> Result<Self, SshError> {
        let mut agents = BTreeMap::new();
        for source in sources {
            let (id, socket) = (source.id.clone(), source.socket(environment)?);
            if agents.insert(id.clone(), socket).is_some() {
                return Err(SshError::Twice { id });
            }
        }
        Ok(Self { agents })
    }

    /// Whether there is any agent.
    pub(crate) fn is_wanted(&self) -> bool {
        !self.agents.is_empty()
    }

    fn agent(&self, id: &str) -> Result<&Path, Status> {
        let id = if id.is_empty() { "default" } else { id };
        let agent = self.agents.get(id);
        agent
            .map(PathBuf::as_path)
            .ok_or_else(|| Status::not_found(format!("no SSH agent `{id}` was given")))
    }
}

impl fmt::Debug for SshService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SshService").field(&self.agents).finish()
    }
}

#[tonic::async_trait]
impl Ssh for SshService {
    async fn check_agent(
        &self,
        request: Request<CheckAgentRequest>,
    ) -> Result<Response<CheckAgentResponse>, Status> {
        self.agent(&request.get_ref().id)?;
        Ok(Response::new(CheckAgentResponse {}))
    }

    type ForwardAgentStream = Pin<Box<dyn Stream<Item = Result<BytesMessage, Status>> + Send>>;

    /// The answers are made while they are asked for, so nothing runs on when the call ends.
    async fn forward_agent(
        &self,
        request: Request<Streaming<BytesMessage>>,
    ) -> Result<Response<Self::ForwardAgentStream>, Status> {
        let id = request.metadata().get(SSH_ID);
        let id = id.and_then(|id| id.to_str().ok()).unwrap_or_default();
        let path = self.agent(id)?;
        let agent = UnixStream::connect(path).await.map_err(|error| {
            let words = format!(
                "cannot connect to the SSH agent at `{}`: {error}",
                path.display()
            );
            Status::failed_precondition(words)
        })?;
        let call = Call {
            requests: request.into_inner(),
            unread: Vec::new(),
            agent,
        };
        let answers = stream::try_unfold(call, |mut call| async {
            let answer = call.answer().await?;
            Ok(answer.map(|data| (BytesMessage { data }, call)))
        });
        Ok(Response::new(Box::pin(answers)))
    }
}

/// One connection of the step to its agent.
struct Call {
    requests: Streaming<BytesMessage>,
    /// Bytes of requests that are not complete.
    unread: Vec<u8>,
    agent: UnixStream,
}

impl Call {
    /// The answer to the next request; none when there are no more.
    async fn answer(&mut self) -> Result<Option<Vec<u8>>, Status> {
        let Some(request) = self.request().await? else {
            return Ok(None);
        };
        if !matches!(request.get(4), Some(&(REQUEST_IDENTITIES | SIGN_REQUEST))) {
            return Ok(Some(FAILURE.to_vec()));
        }
        let answer = self.ask(&request).await;
        let answer =
            answer.map_err(|error| Status::aborted(format!("the SSH agent broke off: {error}")));
        answer.map(Some)
    }

    /// The next request, whole.
    async fn request(&mut self) -> Result<Option<Vec<u8>>, Status> {
        loop {
            if let Some((length, _)) = self.unread.split_first_chunk() {
                let end = 4 + body_length(*length).map_err(Status::invalid_argument)?;
                if self.unread.len() >= end {
                    let rest = self.unread.split_off(end);
                    return Ok(Some(std::mem::replace(&mut self.unread, rest)));
                }
            }
            match self.requests.message().await? {
                Some(message) => self.unread.extend(message.data),
                None if self.unread.is_empty() => return Ok(None),
                None => {
                    return Err(Status::invalid_argument(
                        "a request to the SSH agent is cut",
                    ));
                }
            }
        }
    }

    async fn ask(&mut self, request: &[u8]) -> io::Result<Vec<u8>> {
        self.agent.write_all(request).await?;
        let mut answer = vec![0; 4];
        self.agent.read_exact(&mut answer).await?;
        let mut length = [0; 4];
        length.copy_from_slice(&answer);
        let length = body_length(length).map_err(io::Error::other)?;
        answer.resize(4 + length, 0);
        self.agent.read_exact(&mut answer[4..]).await?;
        Ok(answer)
    }
}

fn body_length(bytes: [u8; 4]) -> Result<usize, &'static str> {
    usize::try_from(u32::from_be_bytes(bytes))
        .ok()
        .filter(|length| *length <= MESSAGE_LIMIT)
        .ok_or("a message of the SSH agent's protocol is too long")
}

#[cfg(test)]
mod tests {
    use bollard_buildkit_proto::moby::sshforward::v1::ssh_client::SshClient;
    use bollard_buildkit_proto::moby::sshforward::v1::ssh_server::SshServer;
    use tokio::net::UnixListener;
    use tokio::sync::mpsc;
    use tokio_stream::wrappers::ReceiverStream;
    use tonic::transport::Channel;

    use super::*;
    use crate::session::duplex;

    fn source(id: &str, paths: &[&Path]) -> SshSource {
        SshSource {
            id: id.to_owned(),
            paths: paths.iter().map(|path| path.to_path_buf()).collect(),
        }
    }

    /// An agent that answers each request with the request, and ends when the connection does.
    fn echo(path: &Path) -> tokio::task::JoinHandle<()> {
        let listener = UnixListener::bind(path).unwrap();
        tokio::spawn(async move {
            let (stream, _) = listener.accept().await.unwrap();
            let (mut read, mut write) = stream.into_split();
            tokio::io::copy(&mut read, &mut write).await.unwrap();
        })
    }

    async fn client(service: SshService) -> SshClient<Channel> {
        SshClient::new(duplex::connect(SshServer::new(service)).await)
    }

    fn request(kind: u8, body: &[u8]) -> Vec<u8> {
        let length = u32::try_from(body.len() + 1).unwrap();
        [&length.to_be_bytes()[..], &[kind], body].concat()
    }

    #[tokio::test]
    async fn only_listing_and_signing_reach_the_agent() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("agent");
        let agent = echo(&path);
        let environment = Environment::empty().with("SSH_AUTH_SOCK", &path);
        let sources = [source("default", &[]), source("other", &[&path])];
        let service = SshService::new(&sources, &environment).unwrap();
        let mut client = client(service).await;
        for (id, known) in [("default", true), ("", true), ("other", true), ("x", false)] {
            let id = id.to_owned();
            let found = client.check_agent(CheckAgentRequest { id }).await;
            let code = found.err().map(|status| status.code());
            assert_eq!(code, (!known).then_some(tonic::Code::NotFound));
        }
        let (sender, receiver) = mpsc::channel(9);
        let call = client.forward_agent(ReceiverStream::new(receiver));
        let mut answers = call.await.unwrap().into_inner();
        let sign = request(SIGN_REQUEST, &vec![7; 100_000]);
        let cases = [
            (request(REQUEST_IDENTITIES, b""), None),
            (sign, None),
            (request(17, b"add"), Some(FAILURE)),
            (request(19, b""), Some(FAILURE)),
            (request(22, b"lock"), Some(FAILURE)),
            (request(27, b"extension"), Some(FAILURE)),
            (request(99, b"unknown"), Some(FAILURE)),
            (vec![0, 0, 0, 0], Some(FAILURE)),
        ];
        // All at once, in pieces that are no messages.
        let bytes: Vec<u8> = cases
            .iter()
            .flat_map(|(request, _)| request.clone())
            .collect();
        let pieces: Vec<_> = bytes.chunks(1001).map(<[u8]>::to_vec).collect();
        tokio::spawn(async move {
            for data in pieces {
                sender.send(BytesMessage { data }).await.unwrap();
            }
        });
        for (request, refused) in cases {
            let answer = answers.message().await.unwrap().unwrap().data;
            assert_eq!(answer, refused.map_or(request, |no| no.to_vec()));
        }
        assert!(answers.message().await.unwrap().is_none());
        agent.await.unwrap();
    }

    #[tokio::test]
    async fn a_call_that_ends_lets_go_of_the_agent() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("agent");
        for end in ["dropped", "cut", "too long"] {
            let agent = echo(&path);
            let sources = [source("default", &[&path])];
            let mut client =
                client(SshService::new(&sources, &Environment::empty()).unwrap()).await;
            let (sender, receiver) = mpsc::channel(9);
            let call = client.forward_agent(ReceiverStream::new(receiver)).await;
            let mut answers = call.unwrap().into_inner();
            let data = match end {
                "too long" => vec![1, 0, 0, 0, 11],
                _ => vec![0, 0, 0, 5, 11],
            };
            sender.send(BytesMessage { data }).await.unwrap();
            if end == "dropped" {
                drop((answers, sender));
            } else {
                drop(sender);
                assert!(answers.message().await.is_err());
            }
            let ended = tokio::time::timeout(std::time::Duration::from_secs(9), agent);
            ended.await.unwrap().unwrap();
            fs_err::remove_file(&path).unwrap();
        }
    }

    #[tokio::test]
    async fn agents_that_are_not_there_are_named() {
        let folder = tempfile::tempdir().unwrap();
        let (gone, key) = (folder.path().join("gone"), folder.path().join("key"));
        fs_err::write(&key, "-----BEGIN OPENSSH PRIVATE KEY-----").unwrap();
        let socket = folder.path().join("socket");
        let _listener = UnixListener::bind(&socket).unwrap();
        let (gone_text, key_text) = (gone.display(), key.display());
        let cases = [
            (
                vec![source("default", &[])],
                "there is no SSH agent for `default`: `SSH_AUTH_SOCK` is not set".to_owned(),
            ),
            (
                vec![source("a", &[&gone])],
                format!("cannot use `{gone_text}` as the SSH agent `a`"),
            ),
            (
                vec![source("a", &[&key])],
                format!(
                    "cannot use `{key_text}` as the SSH agent `a`: it is no socket, and keys in files are not supported"
                ),
            ),
            (
                vec![source("a", &[&socket, &key])],
                "the SSH agent `a` cannot have more than one socket".to_owned(),
            ),
            (
                vec![source("a", &[&socket]), source("a", &[&socket])],
                "there are two SSH agents `a`".to_owned(),
            ),
        ];
        for (sources, words) in cases {
            let error = SshService::new(&sources, &Environment::empty()).unwrap_err();
            assert_eq!(error.to_string(), words);
        }
        // One that went away in between.
        let service = SshService::new(&[source("default", &[&socket])], &Environment::empty());
        let mut client = client(service.unwrap()).await;
        fs_err::remove_file(&socket).unwrap();
        let (_sender, receiver) = mpsc::channel(1);
        let error = client.forward_agent(ReceiverStream::new(receiver)).await;
        let words = format!(
            "cannot connect to the SSH agent at `{}`: ",
            socket.display()
        );
        assert!(error.unwrap_err().message().starts_with(&words));
    }
}
