//! The builder's side of a content store, well-behaved and not, over a connection in memory.

use std::convert::Infallible;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::task::{Context, Poll};

use bytes::Bytes;
use fs_err as fs;
use futures_util::StreamExt;
use http::uri::PathAndQuery;
use sha2::{Digest as _, Sha256};
use tempfile::TempDir;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::Code;
use tonic::codec::Streaming;
use tonic::server::NamedService;
use tower_service::Service;

use super::messages::Timestamp;
use super::*;
use crate::session::duplex;

/// The service as a server takes it.
#[derive(Clone)]
struct Served(Arc<ContentService>);

impl NamedService for Served {
    const NAME: &'static str = "containerd.services.content.v1.Content";
}

impl Service<Request<Body>> for Served {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let service = Arc::clone(&self.0);
        Box::pin(async move { Ok(service.call(request).await) })
    }
}

/// A layout that may be read as `r` and written as `w`, and the builder's end.
struct Scene {
    folder: TempDir,
    channel: tonic::transport::Channel,
    failure: Failure,
}

impl Scene {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let layout = Layout::create(&folder.path().join("layout")).unwrap();
        let stores = [
            ("r".to_owned(), Store::new(layout.clone(), Access::Read)),
            ("w".to_owned(), Store::new(layout, Access::Write)),
        ];
        let failure = Failure::default();
        let service = ContentService::new(stores.into(), failure.clone());
        assert!(service.is_wanted());
        let channel = duplex::connect(Served(Arc::new(service))).await;
        Self {
            folder,
            channel,
            failure,
        }
    }

    /// A blob that is there, without the service's help.
    fn put(&self, content: &[u8]) -> String {
        let digest = digest_of(content);
        let path = self.blob(&digest);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
        digest
    }

    fn blob(&self, digest: &str) -> std::path::PathBuf {
        let path = digest.replace(':', "/");
        self.folder.path().join("layout/blobs").join(path)
    }

    /// What lies below the layout.
    fn files(&self) -> Vec<String> {
        let mut found = Vec::new();
        let mut folders = vec![self.folder.path().join("layout")];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    found.push(path.file_name().unwrap().to_str().unwrap().to_owned());
                }
            }
        }
        found.sort();
        found
    }

    fn request<M>(store: Option<&'static str>, message: M) -> tonic::Request<M> {
        let mut request = tonic::Request::new(message);
        if let Some(store) = store {
            request.metadata_mut().insert(STORE, store.parse().unwrap());
        }
        request
    }

    async fn ask<M, N>(
        &self,
        store: Option<&'static str>,
        path: &'static str,
        message: M,
    ) -> Result<N, Code>
    where
        M: prost::Message + Default + 'static,
        N: prost::Message + Default + 'static,
    {
        let mut grpc = tonic::client::Grpc::new(self.channel.clone());
        grpc.ready().await.unwrap();
        let codec = ProstCodec::<M, N>::default();
        let path = PathAndQuery::from_static(path);
        let answer = grpc.unary(Self::request(store, message), path, codec).await;
        answer
            .map(tonic::Response::into_inner)
            .map_err(|status| status.code())
    }

    async fn ask_many<M, N>(&self, path: &'static str, message: M) -> Result<Vec<N>, Code>
    where
        M: prost::Message + Default + 'static,
        N: prost::Message + Default + 'static,
    {
        let mut grpc = tonic::client::Grpc::new(self.channel.clone());
        grpc.ready().await.unwrap();
        let codec = ProstCodec::<M, N>::default();
        let path = PathAndQuery::from_static(path);
        let request = Self::request(Some("r"), message);
        let answers = grpc.server_streaming(request, path, codec).await;
        let mut answers = answers.map_err(|status| status.code())?.into_inner();
        let mut all = Vec::new();
        while let Some(answer) = answers.next().await {
            all.push(answer.map_err(|status| status.code())?);
        }
        Ok(all)
    }

    async fn read(&self, digest: &str, offset: i64, size: i64) -> Result<Vec<u8>, Code> {
        let digest = digest.to_owned();
        let asked = ReadRequest {
            digest,
            offset,
            size,
        };
        let answers = self.ask_many::<_, ReadResponse>(READ, asked).await?;
        let mut at = offset.max(0);
        for answer in &answers {
            assert_eq!(answer.offset, at);
            at += i64::try_from(answer.data.len()).unwrap();
        }
        Ok(answers
            .iter()
            .flat_map(|answer| answer.data.to_vec())
            .collect())
    }

    async fn write(&self, store: &'static str) -> Writing {
        let mut grpc = tonic::client::Grpc::new(self.channel.clone());
        grpc.ready().await.unwrap();
        let codec = ProstCodec::<WriteRequest, WriteResponse>::default();
        let (requests, waiting) = mpsc::channel(1);
        let request = Self::request(Some(store), ReceiverStream::new(waiting));
        let path = PathAndQuery::from_static(WRITE);
        let answers = grpc.streaming(request, path, codec).await;
        Writing {
            requests,
            answers: answers.unwrap().into_inner(),
        }
    }
}

/// One call of `Write`.
struct Writing {
    requests: mpsc::Sender<WriteRequest>,
    answers: Streaming<WriteResponse>,
}

impl Writing {
    async fn step(&mut self, request: WriteRequest) -> Result<WriteResponse, Code> {
        let _ = self.requests.send(request).await;
        match self.answers.next().await {
            Some(answer) => answer.map_err(|status| status.code()),
            None => Err(Code::Ok),
        }
    }
}

fn digest_of(content: &[u8]) -> String {
    Digest::sha256(&Sha256::digest(content).into()).to_string()
}

fn stat(reference: &str, total: i64, expected: &str) -> WriteRequest {
    WriteRequest {
        action: 0,
        reference: reference.to_owned(),
        total,
        expected: expected.to_owned(),
        ..WriteRequest::default()
    }
}

fn data(offset: i64, data: &'static [u8]) -> WriteRequest {
    WriteRequest {
        action: 1,
        offset,
        data: Bytes::from_static(data),
        ..WriteRequest::default()
    }
}

fn commit(offset: i64, total: i64, expected: &str) -> WriteRequest {
    WriteRequest {
        action: 2,
        offset,
        total,
        expected: expected.to_owned(),
        ..WriteRequest::default()
    }
}

fn info(digest: &str) -> DigestRequest {
    let digest = digest.to_owned();
    DigestRequest { digest }
}

const HELLO: &[u8] = b"hello world";

/// Offset, size, and what is read.
type Part = (i64, i64, Result<&'static [u8], Code>);

#[tokio::test]
async fn blobs_are_read_in_parts_as_containerd_gives_them() {
    let scene = Scene::new().await;
    let digest = scene.put(HELLO);
    let empty = scene.put(b"");
    let rows: &[Part] = &[
        (0, 0, Ok(HELLO)),
        (-5, -5, Ok(HELLO)),
        (6, 0, Ok(b"world")),
        (6, 2, Ok(b"wo")),
        (6, i64::MAX, Ok(b"world")),
        (11, 0, Ok(b"")),
        (12, 0, Err(Code::OutOfRange)),
        (i64::MAX, i64::MAX, Err(Code::OutOfRange)),
    ];
    for (offset, size, expected) in rows {
        let found = scene.read(&digest, *offset, *size).await;
        assert_eq!(found.as_deref().map_err(|code| *code), *expected);
    }
    assert_eq!(scene.read(&empty, 0, 0).await, Ok(Vec::new()));

    let large: Vec<u8> = (0..=250).cycle().take(PIECE * 2 + 17).collect();
    let digest = scene.put(&large);
    assert!(scene.read(&digest, 0, 0).await.unwrap() == large);
    assert!(scene.read(&digest, 3, 0).await.unwrap() == large[3..]);
    let told: InfoResponse = scene.ask(Some("r"), INFO, info(&digest)).await.unwrap();
    let told = told.info.unwrap();
    assert_eq!(
        (told.digest, told.size),
        (digest, number(large.len() as u64))
    );
    let now = Timestamp::from(std::time::SystemTime::now());
    assert!((now.seconds - told.created_at.unwrap().seconds).abs() < 60);
    assert!(scene.failure.take().is_none());
}

#[tokio::test]
async fn nothing_outside_is_read() {
    let scene = Scene::new().await;
    let secret = scene.folder.path().join("secret");
    fs::write(&secret, "c4n4ry").unwrap();
    scene.put(HELLO);
    let long = "/../".repeat(16);
    for text in [
        "",
        "sha256:",
        "sha256:../../../secret",
        "../layout:secret",
        "sha256:secret",
        &format!("sha256:{long}"),
        &format!("sha256:{}", "A".repeat(64)),
        &format!("blobs:{}", "a".repeat(64)),
    ] {
        assert_eq!(
            scene.read(text, 0, 0).await,
            Err(Code::InvalidArgument),
            "{text}"
        );
        let told = scene
            .ask::<_, InfoResponse>(Some("r"), INFO, info(text))
            .await;
        assert_eq!(told, Err(Code::InvalidArgument), "{text}");
    }
    let absent = digest_of(b"not there");
    assert_eq!(scene.read(&absent, 0, 0).await, Err(Code::NotFound));
    assert!(scene.failure.take().is_none());

    // What is there and no file: a link, a directory, a FIFO that would be waited for.
    let [link, directory, fifo] = [&b"link"[..], b"directory", b"fifo"].map(digest_of);
    symlink(&secret, scene.blob(&link)).unwrap();
    fs::create_dir(scene.blob(&directory)).unwrap();
    let mode = rustix::fs::Mode::RUSR;
    rustix::fs::mkfifoat(rustix::fs::CWD, scene.blob(&fifo), mode).unwrap();
    for digest in [link, directory, fifo] {
        assert_eq!(scene.read(&digest, 0, 0).await, Err(Code::Unknown));
        let told = scene.failure.take().unwrap().to_string();
        assert!(told.starts_with("cannot read the OCI layout `"), "{told}");
    }
    // A folder of blobs that is a link is not gone into either.
    let outside = scene.folder.path().join("outside");
    fs::create_dir(&outside).unwrap();
    let digest = "sha512:".to_owned() + &"0".repeat(128);
    fs::write(outside.join("0".repeat(128)), "c4n4ry").unwrap();
    symlink(&outside, scene.folder.path().join("layout/blobs/sha512")).unwrap();
    assert_eq!(scene.read(&digest, 0, 0).await, Err(Code::Unknown));
}

#[tokio::test]
async fn a_store_is_named_and_known() {
    let scene = Scene::new().await;
    let digest = scene.put(HELLO);
    for (store, expected) in [
        (Some("r"), None),
        (Some("w"), None),
        (Some("x"), Some(Code::NotFound)),
        (Some("../w"), Some(Code::NotFound)),
        (None, Some(Code::InvalidArgument)),
    ] {
        let told = scene
            .ask::<_, InfoResponse>(store, INFO, info(&digest))
            .await;
        assert_eq!(told.err(), expected, "{store:?}");
    }
    for (path, expected) in [
        (DELETE, Code::FailedPrecondition),
        (UPDATE, Code::FailedPrecondition),
    ] {
        let told = scene.ask::<_, ()>(Some("w"), path, info(&digest)).await;
        assert_eq!(told, Err(expected));
    }
    assert_eq!(scene.read(&digest, 0, 0).await.unwrap(), HELLO);
}

#[tokio::test]
async fn blobs_are_listed_and_what_is_none_is_not() {
    let scene = Scene::new().await;
    let list = |filters: &[&str]| ListRequest {
        filters: filters.iter().map(|&filter| filter.to_owned()).collect(),
    };
    assert_eq!(
        scene.ask_many::<_, ListResponse>(LIST, list(&[])).await,
        Ok(vec![])
    );
    let mut expected: Vec<_> = (0..BLOCK + 5)
        .map(|at| scene.put(format!("blob {at}").as_bytes()))
        .collect();
    fs::write(scene.blob("sha256:odd"), "").unwrap();
    let blocks: Vec<ListResponse> = scene.ask_many(LIST, list(&[])).await.unwrap();
    assert_eq!(blocks.len(), 2);
    let infos = blocks.into_iter().flat_map(|block| block.info);
    let mut found: Vec<_> = infos.map(|info| info.digest).collect();
    found.sort();
    expected.sort();
    assert_eq!(found, expected);
    let filtered = scene
        .ask_many::<_, ListResponse>(LIST, list(&["size==1"]))
        .await;
    assert_eq!(filtered, Err(Code::Unimplemented));
}

#[tokio::test]
async fn a_blob_is_written_as_buildkit_writes_it() {
    let scene = Scene::new().await;
    let digest = digest_of(HELLO);
    let mut writing = scene.write("w").await;
    let told = writing.step(stat("layer-1", 11, &digest)).await.unwrap();
    assert_eq!((told.action, told.offset, told.total), (0, 0, 11));
    let told = writing.step(data(0, b"hello ")).await.unwrap();
    assert_eq!((told.action, told.offset), (1, 6));
    assert_eq!(told.digest, digest_of(b"hello "));

    let named = RefRequest {
        reference: "layer-1".to_owned(),
    };
    let status: StatusResponse = scene.ask(Some("w"), STATUS, named.clone()).await.unwrap();
    let status = status.status.unwrap();
    assert_eq!((status.offset, status.total), (6, 11));
    let all: ListStatusesResponse = scene
        .ask(Some("w"), LIST_STATUSES, ListRequest::default())
        .await
        .unwrap();
    assert_eq!(all.statuses, [status]);
    assert!(!scene.blob(&digest).exists());

    writing.step(data(6, b"world")).await.unwrap();
    let told = writing.step(commit(11, 11, &digest)).await.unwrap();
    assert_eq!(
        (told.action, told.offset, told.digest),
        (2, 11, digest.clone())
    );
    assert_eq!(writing.step(data(11, b"more")).await, Err(Code::Ok));

    assert_eq!(fs::read(scene.blob(&digest)).unwrap(), HELLO);
    let mode = fs::metadata(scene.blob(&digest))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o333, 0, "{mode:o}");
    assert_eq!(scene.files(), [digest.replace("sha256:", "")]);
    let status = scene
        .ask::<_, StatusResponse>(Some("w"), STATUS, named)
        .await;
    assert_eq!(status, Err(Code::NotFound));
    // Anybody who wants to write it again is spared that.
    let mut again = scene.write("w").await;
    assert_eq!(
        again.step(stat("layer-2", 11, &digest)).await,
        Err(Code::AlreadyExists)
    );
    let mut again = scene.write("w").await;
    again.step(stat("layer-3", 0, "")).await.unwrap();
    again.step(data(0, HELLO)).await.unwrap();
    assert_eq!(
        again.step(commit(11, 11, &digest)).await,
        Err(Code::AlreadyExists)
    );
    assert_eq!(scene.files().len(), 1);
    assert!(scene.failure.take().is_none());
}

#[tokio::test]
async fn what_is_not_what_it_should_be_leaves_nothing() {
    let digest = digest_of(HELLO);
    let other = digest_of(b"other");
    let rows: Vec<(Vec<WriteRequest>, Code)> = vec![
        (vec![stat("", 0, "")], Code::InvalidArgument),
        (vec![data(0, b"x")], Code::InvalidArgument),
        (vec![stat("a", 0, "sha256:../x")], Code::InvalidArgument),
        (vec![stat("a", 0, ""), data(1, b"x")], Code::OutOfRange),
        (vec![stat("a", 0, ""), data(-1, b"x")], Code::OutOfRange),
        (
            vec![stat("a", 0, ""), data(0, b"xy"), data(1, b"z")],
            Code::OutOfRange,
        ),
        (
            vec![stat("a", 0, ""), data(0, HELLO), commit(11, 12, "")],
            Code::FailedPrecondition,
        ),
        (
            vec![stat("a", 5, ""), data(0, HELLO), commit(11, 0, "")],
            Code::FailedPrecondition,
        ),
        (
            vec![stat("a", 0, ""), data(0, HELLO), commit(11, 11, &other)],
            Code::FailedPrecondition,
        ),
        (
            vec![stat("a", 0, &other), data(0, HELLO), commit(11, 11, "")],
            Code::FailedPrecondition,
        ),
        // The digest of another kind than those that are written.
        (
            vec![
                stat("a", 0, &format!("sha512:{}", "0".repeat(128))),
                data(0, HELLO),
                commit(11, 11, ""),
            ],
            Code::FailedPrecondition,
        ),
        (
            vec![WriteRequest {
                action: 3,
                ..stat("a", 0, "")
            }],
            Code::InvalidArgument,
        ),
    ];
    for (requests, expected) in rows {
        let scene = Scene::new().await;
        let mut writing = scene.write("w").await;
        let shown = format!("{requests:?}");
        let last = requests.len() - 1;
        for (at, request) in requests.into_iter().enumerate() {
            let answer = writing.step(request).await;
            if at == last {
                assert_eq!(answer, Err(expected), "{shown}");
            } else {
                assert!(answer.is_ok(), "{shown}");
            }
        }
        assert!(scene.files().is_empty(), "{shown}");
        // The name is free again.
        let mut writing = scene.write("w").await;
        writing.step(stat("a", 0, "")).await.unwrap();
        writing.step(data(0, HELLO)).await.unwrap();
        writing.step(commit(11, 11, &digest)).await.unwrap();
        assert!(scene.failure.take().is_none());
    }
}

#[tokio::test]
async fn a_write_begins_again_at_the_start_alone() {
    let scene = Scene::new().await;
    let mut writing = scene.write("w").await;
    writing.step(stat("a", 0, "")).await.unwrap();
    writing
        .step(data(0, b"something longer than it"))
        .await
        .unwrap();
    let told = writing.step(data(0, HELLO)).await.unwrap();
    assert_eq!((told.offset, told.digest), (11, digest_of(HELLO)));
    writing.step(commit(11, 11, "")).await.unwrap();
    assert_eq!(fs::read(scene.blob(&digest_of(HELLO))).unwrap(), HELLO);
    assert_eq!(
        fs::metadata(scene.blob(&digest_of(HELLO))).unwrap().nlink(),
        1
    );
}

#[tokio::test]
async fn names_are_taken_by_one_at_a_time() {
    let scene = Scene::new().await;
    let mut first = scene.write("w").await;
    first.step(stat("a", 0, "")).await.unwrap();
    let mut second = scene.write("w").await;
    assert_eq!(second.step(stat("a", 0, "")).await, Err(Code::Unavailable));

    let named = RefRequest {
        reference: "a".to_owned(),
    };
    scene
        .ask::<_, ()>(Some("w"), ABORT, named.clone())
        .await
        .unwrap();
    assert_eq!(first.step(data(0, HELLO)).await, Err(Code::Aborted));
    scene.ask::<_, ()>(Some("w"), ABORT, named).await.unwrap();

    let mut third = scene.write("w").await;
    third.step(stat("a", 0, "")).await.unwrap();
    third.step(data(0, HELLO)).await.unwrap();
    assert_eq!(scene.files().len(), 1);
    // The builder is gone in the middle of it.
    drop(third);
    for _ in 0..200 {
        if scene.files().is_empty() {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    assert!(scene.files().is_empty());
    let mut writing = scene.write("r").await;
    assert_eq!(
        writing.step(stat("a", 0, "")).await,
        Err(Code::FailedPrecondition)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_blob_may_be_written_by_many_at_once() {
    let scene = Arc::new(Scene::new().await);
    let tasks: Vec<_> = (0..16)
        .map(|at| {
            let scene = Arc::clone(&scene);
            tokio::spawn(async move {
                let mut writing = scene.write("w").await;
                writing
                    .step(stat(&format!("layer-{at}"), 0, ""))
                    .await
                    .unwrap();
                writing.step(data(0, HELLO)).await.unwrap();
                writing.step(commit(11, 11, &digest_of(HELLO))).await
            })
        })
        .collect();
    let mut written = 0;
    for task in tasks {
        match task.await.unwrap() {
            Ok(_) => written += 1,
            Err(code) => assert_eq!(code, Code::AlreadyExists),
        }
    }
    assert!(written >= 1);
    assert_eq!(scene.files(), [digest_of(HELLO).replace("sha256:", "")]);
    assert_eq!(fs::read(scene.blob(&digest_of(HELLO))).unwrap(), HELLO);
}

#[tokio::test]
async fn a_full_disk_is_the_builds_own_error() {
    let scene = Scene::new().await;
    // As good as a full one: there can be no folder of that name.
    fs::write(scene.folder.path().join("layout/ingest"), "").unwrap();
    let mut writing = scene.write("w").await;
    assert_eq!(writing.step(stat("a", 0, "")).await, Err(Code::Unknown));
    let told = scene.failure.take().unwrap();
    assert!(told.downcast_ref::<LayoutError>().is_some(), "{told}");
}

#[test]
fn no_content_is_shown() {
    let shown = format!(
        "{:?} {:?}",
        data(0, b"c4n4ry"),
        ReadResponse {
            offset: 0,
            data: Bytes::from_static(b"c4n4ry"),
        }
    );
    assert!(!shown.contains("c4n4ry"), "{shown}");
}
