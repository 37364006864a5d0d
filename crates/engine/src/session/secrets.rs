//! The builder asks for a secret: `moby.buildkit.secrets.v1.Secrets`.
//!
//! A file is looked at before the build begins ([`SecretSource::check`]) and read when the build first asks, once. An id that
//! is not there is `NotFound`, which the builder forgives where the Dockerfile does not say `required`.

use std::collections::HashMap;
use std::fmt;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use bollard_buildkit_proto::moby::buildkit::secrets::v1::secrets_server::Secrets;
use bollard_buildkit_proto::moby::buildkit::secrets::v1::{GetSecretRequest, GetSecretResponse};
use bytes::Bytes;
use fs_err as fs;
use tokio::sync::OnceCell;
use tonic::{Request, Response, Status};

use crate::buildkit::options::{SecretOrigin, SecretSource};
use crate::environment::Environment;

/// The largest secret, in bytes: what BuildKit's clients send.
pub const SECRET_LIMIT: u64 = 500 << 10;

/// Why a secret cannot be given to a build.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SecretError {
    /// Its file is not there or cannot be read.
    #[error("cannot read the secret `{id}` from `{}`", path.display())]
    Unreadable {
        /// The secret's id.
        id: String,
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// It is neither a file nor a pipe.
    #[error("cannot read the secret `{id}` from `{}`: it is neither a file nor a pipe", path.display())]
    NotAFile {
        /// The secret's id.
        id: String,
        /// What is no file.
        path: PathBuf,
    },
    /// It is longer than [`SECRET_LIMIT`].
    #[error("the secret `{id}` is larger than {SECRET_LIMIT} bytes, the most that BuildKit takes")]
    TooLarge {
        /// The secret's id.
        id: String,
    },
}

impl SecretError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Unreadable { id, source, .. } if source.kind() == io::ErrorKind::NotFound => {
                Some(format!(
                    "give the file as `--secret id={id},src=FILE`, or a variable as `--secret id={id},env=NAME`"
                ))
            }
            Self::Unreadable { .. } | Self::NotAFile { .. } => None,
            Self::TooLarge { .. } => Some("large files belong into a named context".to_owned()),
        }
    }
}

/// Checking and reading
impl SecretSource {
    /// Looks whether the secret is there, without reading it: its file exists, is a file or a pipe, and is not too large.
    ///
    /// A variable that is not set is an empty secret, as it is for `docker build`.
    ///
    /// # Errors
    /// When it is not.
    pub fn check(&self, environment: &Environment) -> Result<(), SecretError> {
        match self.place(environment) {
            Place::File(path) => self.look_at(path).map(drop),
            Place::Bytes(bytes) => self.limited(bytes).map(drop),
        }
    }

    fn place<'a>(&'a self, environment: &'a Environment) -> Place<'a> {
        let variable = |name: &str| environment.bytes(name);
        match &self.from {
            SecretOrigin::File(path) => Place::File(path),
            SecretOrigin::Variable(name) => Place::Bytes(variable(name).unwrap_or_default()),
            SecretOrigin::Value(secret) => Place::Bytes(secret.expose().as_bytes()),
            SecretOrigin::ById => match variable(&self.id) {
                Some(value) => Place::Bytes(value),
                None => Place::File(Path::new(&self.id)),
            },
        }
    }

    /// The kind of a file that may hold a secret.
    fn look_at(&self, path: &Path) -> Result<std::fs::Metadata, SecretError> {
        let meta = fs::metadata(path).map_err(|source| self.unreadable(path, source))?;
        if !meta.is_file() && !is_pipe(&meta) {
            let (id, path) = (self.id.clone(), path.to_owned());
            return Err(SecretError::NotAFile { id, path });
        }
        if meta.len() > SECRET_LIMIT {
            return Err(self.too_large());
        }
        Ok(meta)
    }

    async fn read(&self, environment: &Environment) -> Result<Bytes, SecretError> {
        let path = match self.place(environment) {
            Place::Bytes(bytes) => return self.limited(bytes).map(Bytes::copy_from_slice),
            Place::File(path) => path,
        };
        let read = if is_pipe(&self.look_at(path)?) {
            read_pipe(path).await
        } else {
            let path = path.to_owned();
            let reading = tokio::task::spawn_blocking(move || read_file(&path));
            reading.await.map_err(io::Error::other).flatten()
        };
        let bytes = read.map_err(|source| self.unreadable(path, source))?;
        self.limited(&bytes)?;
        Ok(bytes.into())
    }

    fn limited<'a>(&self, bytes: &'a [u8]) -> Result<&'a [u8], SecretError> {
        if bytes.len() as u64 > SECRET_LIMIT {
            return Err(self.too_large());
        }
        Ok(bytes)
    }

    fn too_large(&self) -> SecretError {
        let id = self.id.clone();
        SecretError::TooLarge { id }
    }

    fn unreadable(&self, path: &Path, source: io::Error) -> SecretError {
        let (id, path) = (self.id.clone(), path.to_owned());
        SecretError::Unreadable { id, path, source }
    }
}

/// Where a secret is after all.
enum Place<'a> {
    File(&'a Path),
    Bytes(&'a [u8]),
}

/// At most one byte too many.
fn read_file(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    fs::File::open(path)?
        .take(SECRET_LIMIT + 1)
        .read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// What a shell's `<(command)` names. Opened so that a reader who is no longer wanted can leave.
#[cfg(unix)]
async fn read_pipe(path: &Path) -> io::Result<Vec<u8>> {
    use tokio::io::AsyncReadExt;
    use tokio::net::unix::pipe::OpenOptions;

    let mut bytes = Vec::new();
    let pipe = OpenOptions::new().open_receiver(path)?;
    pipe.take(SECRET_LIMIT + 1).read_to_end(&mut bytes).await?;
    Ok(bytes)
}

#[cfg(not(unix))]
async fn read_pipe(path: &Path) -> io::Result<Vec<u8>> {
    read_file(path)
}

#[cfg(unix)]
fn is_pipe(meta: &std::fs::Metadata) -> bool {
    std::os::unix::fs::FileTypeExt::is_fifo(&meta.file_type())
}

#[cfg(not(unix))]
fn is_pipe(_: &std::fs::Metadata) -> bool {
    false
}

/// Answers for one build.
pub(crate) struct SecretsService {
    environment: Environment,
    /// By id; of two with one id the later, as with `docker build`.
    secrets: HashMap<String, (SecretSource, OnceCell<Bytes>)>,
}

impl SecretsService {
    pub(crate) fn new(sources: &[SecretSource], environment: Environment) -> Self {
        let entry = |source: &SecretSource| (source.id.clone(), (source.clone(), OnceCell::new()));
        let secrets = sources.iter().map(entry).collect();
        Self {
            environment,
            secrets,
        }
    }
}

impl fmt::Debug for SecretsService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.secrets.keys()).finish()
    }
}

#[tonic::async_trait]
impl Secrets for SecretsService {
    async fn get_secret(
        &self,
        request: Request<GetSecretRequest>,
    ) -> Result<Response<GetSecretResponse>, Status> {
        let id = &request.get_ref().id;
        let Some((source, value)) = self.secrets.get(id) else {
            return Err(Status::not_found(format!("no secret `{id}` was given")));
        };
        let reading = value.get_or_try_init(|| source.read(&self.environment));
        match reading.await {
            Ok(value) => Ok(Response::new(GetSecretResponse {
                data: value.to_vec(),
            })),
            Err(error) => Err(Status::failed_precondition(in_words(&error))),
        }
    }
}

/// An error with its cause; of a file's the name is in both, so only the kind is taken.
fn in_words(error: &SecretError) -> String {
    match error {
        SecretError::Unreadable { source, .. } => format!("{error}: {}", source.kind()),
        SecretError::NotAFile { .. } | SecretError::TooLarge { .. } => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use bollard_buildkit_proto::moby::buildkit::secrets::v1::secrets_client::SecretsClient;
    use bollard_buildkit_proto::moby::buildkit::secrets::v1::secrets_server::SecretsServer;
    use shipload_testkit::traces;
    use tonic::transport::Channel;

    use super::*;
    use crate::Secret;
    use crate::session::duplex;

    const CANARY: &str = "c4n4ry-in-secrets";

    fn source(id: &str, from: SecretOrigin) -> SecretSource {
        let id = id.to_owned();
        SecretSource { id, from }
    }

    fn variable(name: &str) -> SecretOrigin {
        SecretOrigin::Variable(name.to_owned())
    }

    async fn ask(client: &mut SecretsClient<Channel>, id: &str) -> Result<Vec<u8>, String> {
        let request = GetSecretRequest {
            id: id.to_owned(),
            ..Default::default()
        };
        match client.get_secret(request).await {
            Ok(answer) => Ok(answer.into_inner().data),
            Err(status) => Err(format!("{:?}: {}", status.code(), status.message())),
        }
    }

    async fn client(sources: &[SecretSource], environment: Environment) -> SecretsClient<Channel> {
        let service = SecretsService::new(sources, environment);
        SecretsClient::new(duplex::connect(SecretsServer::new(service)).await)
    }

    #[tokio::test]
    async fn from_every_origin_and_nobody_sees_them() {
        traces::keep();
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        let largest = vec![7; usize::try_from(SECRET_LIMIT).unwrap()];
        let bytes = [CANARY.as_bytes(), b"\0\xff\n"].concat();
        fs::write(&file, &bytes).unwrap();
        fs::write(folder.path().join("largest"), &largest).unwrap();
        let environment = Environment::empty()
            .with("TOKEN", CANARY)
            .with("EMPTY", "")
            .with(folder.path().join("largest"), "");
        let sources = [
            source("file", SecretOrigin::File("nowhere".into())),
            source("file", SecretOrigin::File(file.clone())),
            source("largest", SecretOrigin::File(folder.path().join("largest"))),
            source("token", variable("TOKEN")),
            source("unset", variable("NOT_SET")),
            source("value", SecretOrigin::Value(Secret::new(CANARY))),
            source("TOKEN", SecretOrigin::ById),
            source("EMPTY", SecretOrigin::ById),
            source(file.to_str().unwrap(), SecretOrigin::ById),
        ];
        for source in &sources[1..] {
            source.check(&environment).unwrap();
        }
        let mut client = client(&sources, environment).await;
        for (id, expected) in [
            ("file", &bytes[..]),
            ("largest", &largest),
            ("token", CANARY.as_bytes()),
            ("unset", b""),
            ("value", CANARY.as_bytes()),
            ("TOKEN", CANARY.as_bytes()),
            ("EMPTY", b""),
            (file.to_str().unwrap(), &bytes),
        ] {
            assert_eq!(ask(&mut client, id).await.as_deref(), Ok(expected), "{id}");
        }
        // Read once: a build sees one value.
        fs::write(&file, "changed").unwrap();
        assert_eq!(ask(&mut client, "file").await, Ok(bytes));
        let unknown = ask(&mut client, "other").await;
        assert_eq!(
            unknown,
            Err("NotFound: no secret `other` was given".to_owned())
        );
        let service = SecretsService::new(&sources, Environment::empty());
        let shown = format!("{sources:?} {service:?} {}", traces::kept());
        assert!(shown.contains("h2::"), "nothing was traced");
        assert!(!shown.contains(CANARY));
    }

    #[tokio::test]
    async fn what_cannot_be_given_is_said_before_and_when_it_is_asked_for() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::write(at("large"), vec![7; 512_001]).unwrap();
        let large = "x".repeat(512_001);
        let place = folder.path().display();
        let file = |name: &str| SecretOrigin::File(at(name));
        let too_large = |id: &str| {
            format!("the secret `{id}` is larger than 512000 bytes, the most that BuildKit takes")
        };
        let cases = [
            (
                source("gone", file("gone")),
                format!("cannot read the secret `gone` from `{place}/gone`"),
                ": entity not found",
            ),
            (
                source("folder", SecretOrigin::File(folder.path().into())),
                format!(
                    "cannot read the secret `folder` from `{place}`: it is neither a file nor a pipe"
                ),
                "",
            ),
            (source("large", file("large")), too_large("large"), ""),
            (source("long", variable("LONG")), too_large("long"), ""),
            (
                source("typed", SecretOrigin::Value(Secret::new(large.clone()))),
                too_large("typed"),
                "",
            ),
            (
                source("NOT_SET", SecretOrigin::ById),
                "cannot read the secret `NOT_SET` from `NOT_SET`".to_owned(),
                ": entity not found",
            ),
        ];
        let environment = Environment::empty().with("LONG", large);
        let sources = cases.each_ref().map(|(source, _, _)| source.clone());
        let mut client = client(&sources, environment.clone()).await;
        for (source, words, cause) in cases {
            let error = source.check(&environment).unwrap_err();
            assert_eq!(error.to_string(), words);
            let told = ask(&mut client, &source.id).await.unwrap_err();
            assert_eq!(told, format!("FailedPrecondition: {words}{cause}"));
        }
        let error = source("gone", file("gone"))
            .check(&environment)
            .unwrap_err();
        assert_eq!(
            error.hint().unwrap(),
            "give the file as `--secret id=gone,src=FILE`, or a variable as `--secret id=gone,env=NAME`"
        );
    }

    #[tokio::test]
    async fn a_pipe_is_read_once_and_nobody_waits_for_its_end() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe");
        let made = std::process::Command::new("mkfifo").arg(&pipe).status();
        assert!(made.unwrap().success());
        let sources = [source("pipe", SecretOrigin::File(pipe.clone()))];
        sources[0].check(&Environment::empty()).unwrap();
        let mut client = client(&sources, Environment::empty()).await;
        // Opened both ways, since there is no reader yet.
        let mut writer = std::fs::File::options();
        let mut writer = writer.read(true).write(true).open(&pipe).unwrap();
        std::io::Write::write_all(&mut writer, b"through a pipe").unwrap();
        let mut slow = client.clone();
        let asked = tokio::spawn(async move { ask(&mut slow, "pipe").await });
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        assert!(!asked.is_finished());
        drop(writer);
        let value = Ok(b"through a pipe".to_vec());
        assert_eq!(asked.await.unwrap(), value);
        assert_eq!(ask(&mut client, "pipe").await, value);
    }
}
