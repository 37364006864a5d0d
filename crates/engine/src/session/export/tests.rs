//! The builder's side of an export, well-behaved and not, over a connection in memory.

use std::convert::Infallible;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use fs_err as fs;
use futures_util::StreamExt;
use http::uri::PathAndQuery;
use tempfile::TempDir;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::codec::Streaming;
use tonic::server::NamedService;
use tonic::{Code, Status};
use tonic_prost::ProstCodec;
use tower_service::Service;

use super::*;
use crate::session::duplex;
use crate::session::wire::{PacketKind, Stat, mode};

/// The service as a server takes it.
#[derive(Clone)]
struct Served(Arc<ExportService>);

impl NamedService for Served {
    const NAME: &'static str = "moby.filesync.v1.FileSend";
}

impl Service<Request<Body>> for Served {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let service = self.0.clone();
        Box::pin(async move { Ok(service.call(request).await) })
    }
}

/// The builder's end.
struct Builder {
    channel: tonic::transport::Channel,
    failure: Failure,
}

impl Builder {
    async fn new(targets: Vec<Target>) -> Self {
        let failure = Failure::default();
        let service = Arc::new(ExportService::new(targets, failure.clone()));
        let channel = duplex::connect(Served(service)).await;
        Self { channel, failure }
    }

    async fn call<M>(
        &self,
        id: Option<&'static str>,
        messages: mpsc::Receiver<M>,
    ) -> Result<Streaming<M>, Status>
    where
        M: prost::Message + Default + 'static,
    {
        let mut grpc = tonic::client::Grpc::new(self.channel.clone());
        grpc.ready().await.unwrap();
        let mut request = tonic::Request::new(ReceiverStream::new(messages));
        if let Some(id) = id {
            let id = id.parse().unwrap();
            request.metadata_mut().insert(EXPORTER_ID, id);
        }
        let path = PathAndQuery::from_static("/moby.filesync.v1.FileSend/DiffCopy");
        let codec = ProstCodec::<M, M>::default();
        let answer = grpc.streaming(request, path, codec).await?;
        Ok(answer.into_inner())
    }

    /// Sends an archive, and waits until it is said to be written.
    async fn archive(
        &self,
        id: Option<&'static str>,
        pieces: &[&'static [u8]],
    ) -> Result<(), Status> {
        let (sender, receiver) = mpsc::channel(1);
        let send = async {
            for piece in pieces {
                let data = Bytes::from_static(piece);
                let _ = sender.send(BytesMessage { data }).await;
            }
            drop(sender);
        };
        let (call, ()) = tokio::join!(self.call(id, receiver), send);
        assert!(call?.message().await?.is_none());
        Ok(())
    }

    fn failure(&self) -> String {
        let failure = self.failure.take();
        failure.map_or_else(String::new, |error| error.to_string())
    }
}

fn pipe() -> (Target, ArchiveStream) {
    let (pipe, stream) = ArchivePipe::new();
    (Target::Pipe(pipe.take().unwrap()), stream)
}

/// The names in a directory, sorted.
fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let name = |entry: std::io::Result<fs::DirEntry>| entry.unwrap().file_name();
    let mut names: Vec<_> = entries
        .map(|entry| name(entry).into_string().unwrap())
        .collect();
    names.sort();
    names
}

/// Waits for what another thread is about to do.
async fn eventually(done: impl Fn() -> bool) {
    for _ in 0..500 {
        if done() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("that did not come");
}

#[tokio::test]
async fn an_archive_gets_its_name_when_it_is_whole() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    fs::write(at("old"), "old").unwrap();
    fs::set_permissions(at("old"), std::fs::Permissions::from_mode(0o640)).unwrap();
    symlink("old", at("link")).unwrap();
    let targets = ["new", "link"].map(|name| Target::File(at(name)));
    let builder = Builder::new(targets.into()).await;
    builder
        .archive(None, &[b"one ", b"", b"two"])
        .await
        .unwrap();
    builder.archive(Some("1"), &[b"new"]).await.unwrap();
    assert_eq!(fs::read(at("new")).unwrap(), b"one two");
    assert_eq!(fs::read(at("old")).unwrap(), b"new");
    assert_eq!(fs::metadata(at("old")).unwrap().mode() & 0o777, 0o640);
    assert_eq!(names(folder.path()), ["link", "new", "old"]);
    // Each comes once.
    let again = builder.archive(Some("1"), &[b"more"]).await.unwrap_err();
    assert_eq!(again.code(), Code::NotFound);
    assert_eq!(fs::read(at("old")).unwrap(), b"new");
    let words = "the builder sends an output that was not asked for (number 1)";
    assert_eq!((again.message(), &builder.failure()[..]), (words, words));
}

#[tokio::test]
async fn an_archive_that_is_cut_is_none() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    fs::write(at("old"), "old").unwrap();
    let (piped, stream) = pipe();
    let builder = Builder::new(vec![
        Target::File(at("old")),
        Target::File(at("new")),
        piped,
    ])
    .await;
    let reading = tokio::spawn(stream.collect::<Vec<_>>());
    for id in ["0", "1", "2"] {
        let (sender, receiver) = mpsc::channel(1);
        let data = Bytes::from_static(b"half of it");
        sender.send(BytesMessage { data }).await.unwrap();
        // Giving up on a call while its messages go on resets it as a cancelled build does.
        let call = builder.call::<BytesMessage>(Some(id), receiver);
        let given_up = tokio::time::timeout(Duration::from_millis(100), call).await;
        assert!(given_up.is_err(), "{given_up:?}");
        drop(sender);
        eventually(|| names(folder.path()) == ["old"]).await;
    }
    assert_eq!(fs::read(at("old")).unwrap(), b"old");
    assert_eq!(names(folder.path()), ["old"]);
    let read = reading.await.unwrap();
    assert_eq!(read[0].as_ref().unwrap(), "half of it");
    let kind = read[1].as_ref().unwrap_err().kind();
    assert_eq!((kind, read.len()), (std::io::ErrorKind::UnexpectedEof, 2));
}

/// A request's body that ends after one message, for good or because it was reset.
struct Ending {
    message: Option<Bytes>,
    good: bool,
}

impl HttpBody for Ending {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: std::pin::Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<http_body::Frame<Bytes>, Infallible>>> {
        let message = self.message.take();
        Poll::Ready(message.map(|message| Ok(http_body::Frame::data(message))))
    }

    fn is_end_stream(&self) -> bool {
        self.good && self.message.is_none()
    }
}

#[tokio::test]
async fn a_reset_is_not_taken_for_an_end() {
    let folder = tempfile::tempdir().unwrap();
    for (good, left) in [(false, &[][..]), (true, &["new"])] {
        let target = Target::File(folder.path().join("new"));
        let kept = Failure::default();
        let service = ExportService::new(vec![target], kept.clone());
        // Not compressed, five bytes long: field 1, three bytes.
        let message = Some(Bytes::from_static(b"\0\0\0\0\x05\x0a\x03abc"));
        let answer = service.call(Request::new(Ending { message, good })).await;
        let code = Status::from_header_map(answer.headers()).map(|status| status.code());
        assert_eq!(code, (!good).then_some(Code::Aborted));
        assert_eq!(names(folder.path()), left);
        let failure = kept.take().map(|error| error.to_string());
        assert_eq!(failure.is_none(), good, "{failure:?}");
    }
}

#[tokio::test]
async fn an_archive_goes_through_a_pipe_to_who_wants_it() {
    let (first, stream) = pipe();
    let (second, unread) = pipe();
    let builder = Builder::new(vec![first, second]).await;
    let reading = tokio::spawn(stream.map(Result::unwrap).collect::<Vec<_>>());
    builder.archive(Some("0"), &[b"a", b"b"]).await.unwrap();
    assert_eq!(reading.await.unwrap().concat(), b"ab");
    drop(unread);
    let error = builder.archive(Some("1"), &[b"a"]).await.unwrap_err();
    assert_eq!(error.message(), "nobody reads the output any more");
}

#[tokio::test]
async fn what_cannot_be_written_is_an_error_that_names_it() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("missing/file");
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    let targets = vec![
        Target::File(folder.path().into()),
        Target::File(missing.clone()),
        Target::Directory(file.clone()),
        Target::Builder,
    ];
    let builder = Builder::new(targets).await;
    for (id, path) in [("0", folder.path()), ("1", &missing)] {
        let error = builder.archive(Some(id), &[b"a"]).await.unwrap_err();
        let words = format!("cannot write the output `{}`", path.display());
        assert_eq!(builder.failure(), words);
        assert!(
            error.message().starts_with(&format!("{words}: ")),
            "{error}"
        );
    }
    let (_sender, receiver) = mpsc::channel(1);
    let mut answers = builder.call::<Packet>(Some("2"), receiver).await.unwrap();
    let error = answers.message().await.unwrap_err();
    assert!(error.message().contains("File exists"), "{error}");
    let error = builder.archive(Some("3"), &[b"a"]).await.unwrap_err();
    assert_eq!(error.code(), Code::NotFound);
    assert_eq!(names(folder.path()), ["file"]);
}

const TIME: i64 = 1_234_567_890_123_456_789;

fn stat(path: &str, mode: u32, size: usize) -> Stat {
    Stat {
        path: path.into(),
        mode,
        size: i64::try_from(size).unwrap(),
        mod_time: TIME,
        ..Stat::default()
    }
}

fn directory(path: &str) -> Stat {
    stat(path, mode::DIRECTORY | 0o755, 0)
}

fn link(path: &str, mode: u32, target: &str) -> Stat {
    Stat {
        linkname: target.into(),
        ..stat(path, mode, target.len())
    }
}

/// A builder that sends a tree as fsutil does: all entries, then the content that is asked for.
struct Sender {
    packets: mpsc::Sender<Packet>,
    answers: Streaming<Packet>,
}

impl Sender {
    async fn new(builder: &Builder) -> Self {
        let (packets, receiver) = mpsc::channel(1);
        let answers = builder.call(None, receiver).await.unwrap();
        Self { packets, answers }
    }

    async fn list(&self, entries: &[Stat]) {
        for entry in entries {
            let _ = self.packets.send(Packet::entry(entry.clone())).await;
        }
        let _ = self.packets.send(Packet::end_of_list()).await;
    }

    /// Answers what is asked until the end, with the content by number.
    async fn serve(mut self, content: impl Fn(u32) -> Bytes) -> Result<(), Status> {
        while let Some(packet) = self.answers.message().await? {
            match packet.kind() {
                Some(PacketKind::Request) => {
                    let content = content(packet.id);
                    for piece in content.chunks(1000).chain([&[][..]]) {
                        let data = Bytes::copy_from_slice(piece);
                        let _ = self.packets.send(Packet::data(packet.id, data)).await;
                    }
                }
                Some(PacketKind::Fin) => self.packets.send(Packet::fin()).await.unwrap(),
                Some(PacketKind::Error) => {}
                Some(PacketKind::Stat | PacketKind::Data) | None => panic!("{packet:?}"),
            }
        }
        Ok(())
    }
}

struct Scene {
    folder: TempDir,
    out: PathBuf,
    builder: Builder,
}

impl Scene {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join("out");
        let builder = Builder::new(vec![Target::Directory(out.clone())]).await;
        Self {
            folder,
            out,
            builder,
        }
    }

    async fn send(&self, entries: &[Stat], content: &'static [u8]) -> Result<(), Status> {
        let sender = Sender::new(&self.builder).await;
        sender.list(entries).await;
        sender.serve(|_| Bytes::from_static(content)).await
    }
}

#[tokio::test]
async fn a_tree_is_written_as_it_was() {
    let scene = Scene::new().await;
    let out = &scene.out;
    let mut entries = vec![
        directory("a"),
        stat("a/b", 0o4750 & 0o777 | mode::SETUID, 4),
        link("a/hard", 0o4750 & 0o777 | mode::SETUID, "a/b"),
        stat("a/pipe", mode::NAMED_PIPE | 0o600, 0),
        link("a/soft", mode::SYMLINK | 0o777, "/nowhere/../x"),
        stat("a-b", 0o600, 4),
        stat("empty", 0o644, 0),
        stat("locked", mode::DIRECTORY | 0o500, 0),
        stat("locked/file", 0o400, 4),
    ];
    entries[2].size = 4;
    let sender = Sender::new(&scene.builder).await;
    sender.list(&entries).await;
    let content = |id| if id == 6 { Bytes::new() } else { "abcd".into() };
    sender.serve(content).await.unwrap();

    assert_eq!(names(out), ["a", "a-b", "empty", "locked"]);
    assert_eq!(names(&out.join("a")), ["b", "hard", "pipe", "soft"]);
    let meta = |name: &str| fs::symlink_metadata(out.join(name)).unwrap();
    let modes = ["a", "a/b", "a-b", "locked", "locked/file", "a/pipe"];
    let modes = modes.map(|name| meta(name).mode());
    assert_eq!(
        modes,
        [0o40755, 0o104_750, 0o100_600, 0o40500, 0o100_400, 0o10600]
    );
    assert_eq!(meta("a/b").ino(), meta("a/hard").ino());
    for name in ["a", "a/b", "a/pipe", "a/soft", "locked", "empty"] {
        let (meta, second) = (meta(name), 1_000_000_000);
        assert_eq!(meta.mtime() * second + meta.mtime_nsec(), TIME, "{name}");
    }
    let target = fs::read_link(out.join("a/soft")).unwrap();
    assert_eq!(target, Path::new("/nowhere/../x"));
    assert_eq!(fs::read(out.join("locked/file")).unwrap(), b"abcd");
    assert_eq!(fs::read(out.join("empty")).unwrap(), b"");
    // For this user alone, as docker makes it.
    assert_eq!(fs::metadata(out).unwrap().mode(), 0o40700);

    // Once more, onto what is there.
    fs::write(out.join("a-b"), "of before, and longer").unwrap();
    fs::write(out.join("mine"), "stays").unwrap();
    let sender = Sender::new(&scene.builder).await;
    sender.list(&entries).await;
    sender.serve(content).await.unwrap();
    assert_eq!(names(out), ["a", "a-b", "empty", "locked", "mine"]);
    assert_eq!(names(&out.join("a")), ["b", "hard", "pipe", "soft"]);
    assert_eq!(fs::read(out.join("a-b")).unwrap(), b"abcd");
    assert_eq!(meta("a/b").ino(), meta("a/hard").ino());
}

#[tokio::test]
async fn many_files_in_deep_directories() {
    let scene = Scene::new().await;
    let (mut entries, mut path) = (Vec::new(), String::new());
    for depth in 0..60 {
        path = format!("{path}{}d{depth}", if depth > 0 { "/" } else { "" });
        entries.push(directory(&path));
        for file in 0..10 {
            entries.push(stat(&format!("{path}/a{file}"), 0o644, 2500));
        }
    }
    scene.send(&entries, &[7; 2500]).await.unwrap();
    for entry in entries.iter().filter(|entry| entry.size > 0) {
        let path = std::str::from_utf8(&entry.path).unwrap();
        assert_eq!(fs::read(scene.out.join(path)).unwrap(), [7; 2500]);
    }
}

#[tokio::test]
async fn what_cannot_be_trusted_is_refused_and_nothing_lands_outside() {
    let out_of_order = "`a` is out of order";
    let cases: &[(&[Stat], &str)] = &[
        (&[stat("../x", 0o644, 0)], "`../x` climbs out with `..`"),
        (&[stat("/x", 0o644, 0)], "`/x` is absolute"),
        (&[stat("", 0o644, 0)], "`` names the context itself"),
        (&[stat("a\0b", 0o644, 0)], "holds a NUL byte"),
        (&[stat("a/x", 0o644, 0)], "`a/x` is in no directory"),
        (
            &[
                link("a", mode::SYMLINK | 0o777, ".."),
                stat("a/x", 0o644, 0),
            ],
            "`a/x` is in no directory",
        ),
        (
            &[stat("a", 0o644, 3), stat("a/x", 0o644, 0)],
            "`a/x` is in no directory",
        ),
        (&[directory("a"), directory("a")], out_of_order),
        (&[directory("b"), directory("a")], out_of_order),
        (
            &[directory("a"), stat("a-b", 0o644, 0), stat("a/x", 0o644, 0)],
            "`a/x` is out of order",
        ),
        (
            &[link("a", 0o644, "b"), stat("b", 0o644, 0)],
            "`a` is a link to nothing before it",
        ),
        (
            &[link("a", 0o644, "../x")],
            "`a` is a link to nothing before it",
        ),
        (&[stat("a", mode::IRREGULAR, 0)], "`a` is of no known type"),
        (&[stat("a", 0o644, 4)], "`a` has 4 bytes, of which 3 came"),
        (&[stat("a", 0o644, 2)], "`a` has 2 bytes, of which 3 came"),
        (&[stat("a", 0o644, 0)], "`a` has 0 bytes, of which 3 came"),
    ];
    for (entries, words) in cases {
        let scene = Scene::new().await;
        fs::write(scene.folder.path().join("x"), "outside").unwrap();
        let error = scene.send(entries, b"abc").await.unwrap_err();
        assert_eq!(error.code(), Code::InvalidArgument, "{error}");
        assert!(
            error.message().contains(words),
            "{} for {words}",
            error.message()
        );
        assert_eq!(scene.builder.failure(), error.message());
        assert_eq!(names(scene.folder.path()), ["out", "x"]);
        let outside = fs::read(scene.folder.path().join("x")).unwrap();
        assert_eq!(outside, b"outside");
        let left = names(&scene.out);
        assert!(
            !left.iter().any(|name| name.starts_with(".shipload")),
            "{left:?}"
        );
    }
}

#[tokio::test]
async fn packets_in_the_wrong_place_are_refused() {
    let cases = [
        (vec![Packet::fin()], "Some(Fin) while Listing"),
        (vec![Packet::request(0)], "Some(Request) while Listing"),
        (vec![Packet::data(0, "x")], "nobody asked for entry 0"),
        (
            vec![Packet {
                code: 9,
                ..Packet::fin()
            }],
            "None while Listing",
        ),
        (
            vec![
                Packet::entry(stat("a", 0o644, 1)),
                Packet::end_of_list(),
                Packet::end_of_list(),
            ],
            "Some(Stat) while Fetching",
        ),
    ];
    for (packets, words) in cases {
        let scene = Scene::new().await;
        let mut sender = Sender::new(&scene.builder).await;
        for packet in packets {
            let _ = sender.packets.send(packet).await;
        }
        let error = loop {
            match sender.answers.message().await {
                Ok(packet) => assert!(packet.is_some(), "no error for {words}"),
                Err(error) => break error,
            }
        };
        assert!(error.message().contains(words), "{error}");
    }
    let scene = Scene::new().await;
    let sender = Sender::new(&scene.builder).await;
    let error = Packet::error("no such disk");
    sender.packets.send(error).await.unwrap();
    let error = sender.serve(|_| Bytes::new()).await.unwrap_err();
    assert_eq!(
        error.message(),
        "the builder cannot send the output: no such disk"
    );
}

#[tokio::test]
async fn links_that_were_there_are_replaced_and_not_followed() {
    let scene = Scene::new().await;
    let (out, outside) = (&scene.out, scene.folder.path().join("outside"));
    fs::create_dir(out).unwrap();
    fs::create_dir(&outside).unwrap();
    fs::write(outside.join("file"), "untouched").unwrap();
    symlink(&outside, out.join("lib")).unwrap();
    symlink(outside.join("file"), out.join("name")).unwrap();
    fs::create_dir(out.join("was")).unwrap();
    let entries = [
        directory("lib"),
        stat("lib/file", 0o644, 3),
        stat("name", 0o644, 3),
        stat("was", 0o644, 3),
    ];
    scene.send(&entries, b"new").await.unwrap();
    assert_eq!(fs::read(outside.join("file")).unwrap(), b"untouched");
    assert_eq!(names(&outside), ["file"]);
    for name in ["lib/file", "name", "was"] {
        assert_eq!(fs::read(out.join(name)).unwrap(), b"new");
        assert!(!out.join(name).is_symlink());
    }
    // A directory with something in it is not thrown away.
    let error = scene.send(&[stat("lib", 0o644, 3)], b"new").await;
    let message = error.unwrap_err().message().to_owned();
    assert!(
        message.contains("out/lib`: Directory not empty"),
        "{message}"
    );
    assert_eq!(names(out), ["lib", "name", "was"]);
}

#[tokio::test]
async fn a_transfer_that_is_cut_leaves_whole_files_and_no_others() {
    let scene = Scene::new().await;
    let mut sender = Sender::new(&scene.builder).await;
    let entries = [stat("a", 0o644, 3), stat("b", 0o644, 3)];
    sender.list(&entries).await;
    for _ in 0..2 {
        let asked = sender.answers.message().await.unwrap().unwrap();
        assert_eq!(asked.kind(), Some(PacketKind::Request));
    }
    for packet in [
        Packet::data(0, "abc"),
        Packet::data(0, ""),
        Packet::data(1, "ab"),
    ] {
        sender.packets.send(packet).await.unwrap();
    }
    eventually(|| scene.out.join("a").exists()).await;
    assert_eq!(names(&scene.out).len(), 2, "one is on its way");
    drop(sender);
    eventually(|| names(&scene.out) == ["a"]).await;
    assert_eq!(fs::read(scene.out.join("a")).unwrap(), b"abc");
}
