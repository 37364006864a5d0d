//! An Engine that builds nothing: it keeps what a client uploads, and answers that the build succeeded.
//!
//! It listens on a Unix socket and speaks as much HTTP/1.1 as Docker clients need: `GET` and `HEAD` of
//! `/_ping`, `/version` and `/info`, and `POST /build` with a body of a given length or in chunks, plain or
//! compressed with gzip. Any number of builds may run at once; a client names its build with a tag (`-t
//! NAME`), by which a test takes it.

use std::collections::HashMap;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use flate2::read::MultiGzDecoder;
use tempfile::TempDir;

/// The image id that every build ends with.
pub const IMAGE_ID: &str =
    "sha256:5ca1ab1e5ca1ab1e5ca1ab1e5ca1ab1e5ca1ab1e5ca1ab1e5ca1ab1e5ca1ab1e";

/// A running fake. It stops listening when it is dropped.
#[derive(Debug)]
pub struct FakeEngine {
    directory: TempDir,
    builds: Builds,
    stopping: Arc<AtomicBool>,
}

type Builds = Arc<Mutex<HashMap<String, Upload>>>;

/// What a client sent to `POST /build`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upload {
    /// The request's path with its query, as sent.
    pub target: String,
    /// The request's headers, names in lower case.
    pub headers: HashMap<String, String>,
    /// The archive, decompressed if it came as gzip.
    pub archive: Vec<u8>,
    /// Whether it came as gzip.
    pub is_gzip: bool,
    /// Whether the body was ended as HTTP demands. If not, an Engine would not build it.
    pub is_complete: bool,
}

/// # Running
impl FakeEngine {
    /// Starts to listen.
    ///
    /// # Errors
    /// When there can be no socket.
    pub fn start() -> io::Result<Self> {
        let directory = tempfile::Builder::new().prefix("fake-engine").tempdir()?;
        let listener = UnixListener::bind(directory.path().join("engine.sock"))?;
        let builds = Builds::default();
        let stopping = Arc::new(AtomicBool::new(false));
        let fake = Self {
            directory,
            builds: Arc::clone(&builds),
            stopping: Arc::clone(&stopping),
        };
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if stopping.load(Ordering::Relaxed) {
                    break;
                }
                let builds = Arc::clone(&builds);
                // A client that goes away in the middle is part of the tests.
                thread::spawn(move || serve(&stream, &builds).ok());
            }
        });
        Ok(fake)
    }

    /// Its address, for `DOCKER_HOST`.
    pub fn host(&self) -> String {
        format!("unix://{}", self.socket().display())
    }

    /// The socket's path.
    pub fn socket(&self) -> PathBuf {
        self.directory.path().join("engine.sock")
    }

    /// Takes the upload of the build with this tag; the empty tag takes one that was sent without.
    pub fn take(&self, tag: &str) -> Option<Upload> {
        self.builds
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(tag)
    }
}

impl Drop for FakeEngine {
    fn drop(&mut self) {
        self.stopping.store(true, Ordering::Relaxed);
        // Wakes the listener up.
        let _ = UnixStream::connect(self.socket());
    }
}

/// A request without its body.
struct Head {
    method: String,
    target: String,
    headers: HashMap<String, String>,
}

fn serve(stream: &UnixStream, builds: &Builds) -> io::Result<()> {
    let mut reader = BufReader::with_capacity(64 << 10, stream);
    while let Some(head) = read_head(&mut reader)? {
        let path = head.target.split('?').next().unwrap_or_default();
        // Paths carry the API version in front: `/v1.43/build`.
        let answer = match path.rsplit('/').next().unwrap_or_default() {
            "_ping" => Some(("text/plain", "OK".to_owned())),
            "version" => Some(("application/json", VERSION.to_owned())),
            "info" => Some(("application/json", INFO.to_owned())),
            "build" if head.method == "POST" => {
                keep(&mut reader, &head, builds);
                Some(("application/json", build_answer()))
            }
            _ => None,
        };
        respond(stream, &head, answer)?;
    }
    Ok(())
}

const VERSION: &str = r#"{"Version":"24.0.0","ApiVersion":"1.43","MinAPIVersion":"1.12","Os":"linux","Arch":"amd64"}"#;
const INFO: &str =
    r#"{"ID":"fake","OSType":"linux","Architecture":"x86_64","ServerVersion":"24.0.0"}"#;

fn build_answer() -> String {
    format!(
        "{{\"aux\":{{\"ID\":\"{IMAGE_ID}\"}}}}\n{{\"stream\":\"Successfully built 5ca1ab1e5ca1\\n\"}}\n"
    )
}

/// Reads up to the empty line; `None` where the client has ended the connection.
fn read_head(reader: &mut impl BufRead) -> io::Result<Option<Head>> {
    let Some(first) = read_line(reader)? else {
        return Ok(None);
    };
    let mut words = first.split(' ');
    let method = words.next().unwrap_or_default().to_owned();
    let target = words.next().unwrap_or_default().to_owned();
    let mut headers = HashMap::new();
    while let Some(line) = read_line(reader)?.filter(|line| !line.is_empty()) {
        if let Some((name, value)) = line.split_once(':') {
            headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
        }
    }
    Ok(Some(Head {
        method,
        target,
        headers,
    }))
}

fn read_line(reader: &mut impl BufRead) -> io::Result<Option<String>> {
    let mut line = String::new();
    if reader.read_line(&mut line)? == 0 {
        return Ok(None);
    }
    Ok(Some(line.trim_end().to_owned()))
}

fn keep(reader: &mut impl BufRead, head: &Head, builds: &Builds) {
    let mut body = Vec::new();
    let is_complete = read_body(reader, head, &mut body).is_ok();
    let mut archive = Vec::new();
    let is_gzip = body.starts_with(b"\x1f\x8b");
    if is_gzip {
        // Of a cut upload, keep what there is.
        let _ = MultiGzDecoder::new(&body[..]).read_to_end(&mut archive);
    } else {
        archive = body;
    }
    let upload = Upload {
        target: head.target.clone(),
        headers: head.headers.clone(),
        archive,
        is_gzip,
        is_complete,
    };
    builds
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .insert(tag(&head.target), upload);
}

fn tag(target: &str) -> String {
    let query = target.split_once('?').map_or("", |(_, query)| query);
    let tag = query
        .split('&')
        .find_map(|pair| pair.strip_prefix("t="))
        .unwrap_or_default();
    // Clients may spell the tag out.
    tag.split("%3A").next().unwrap_or_default().to_owned()
}

fn read_body(reader: &mut impl BufRead, head: &Head, body: &mut Vec<u8>) -> io::Result<()> {
    if head
        .headers
        .get("transfer-encoding")
        .is_some_and(|encoding| encoding == "chunked")
    {
        return read_chunks(reader, body);
    }
    let length = head
        .headers
        .get("content-length")
        .and_then(|length| length.parse().ok());
    read_exactly(reader, length.unwrap_or(0), body)
}

fn read_chunks(reader: &mut impl BufRead, body: &mut Vec<u8>) -> io::Result<()> {
    loop {
        let line = read_line(reader)?.ok_or(io::ErrorKind::UnexpectedEof)?;
        let size = line.split(';').next().unwrap_or_default();
        let size = u64::from_str_radix(size, 16).map_err(io::Error::other)?;
        read_exactly(reader, size, body)?;
        // What ends a chunk, or after the last one the whole body.
        read_line(reader)?.ok_or(io::ErrorKind::UnexpectedEof)?;
        if size == 0 {
            return Ok(());
        }
    }
}

fn read_exactly(reader: &mut impl BufRead, size: u64, body: &mut Vec<u8>) -> io::Result<()> {
    if reader.take(size).read_to_end(body)? as u64 == size {
        Ok(())
    } else {
        Err(io::ErrorKind::UnexpectedEof.into())
    }
}

fn respond(mut stream: &UnixStream, head: &Head, answer: Option<(&str, String)>) -> io::Result<()> {
    let (status, kind, body) = match answer {
        Some((kind, body)) => ("200 OK", kind, body),
        None => (
            "404 Not Found",
            "application/json",
            r#"{"message":"page not found"}"#.to_owned(),
        ),
    };
    let mut response = format!(
        "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {}\r\nApi-Version: 1.43\r\n\
         Ostype: linux\r\nServer: Docker/24.0.0 (linux)\r\n\r\n",
        body.len()
    );
    if head.method != "HEAD" {
        response.push_str(&body);
    }
    stream.write_all(response.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sends bytes, closes the sending side, and returns the answer.
    fn send(fake: &FakeEngine, request: &[u8]) -> String {
        let mut stream = UnixStream::connect(fake.socket()).unwrap();
        stream.write_all(request).unwrap();
        stream.shutdown(std::net::Shutdown::Write).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    #[test]
    fn uploads_are_kept() {
        let fake = FakeEngine::start().unwrap();
        let chunked = "POST /v1.43/build?t=a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n";
        for (request, tag, archive, is_complete) in [
            (
                format!("{chunked}3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n"),
                "a",
                "abcde",
                true,
            ),
            (format!("{chunked}3\r\nabc\r\n"), "a", "abc", false),
            (format!("{chunked}3\r\nabc\r\n0\r\n"), "a", "abc", false),
            (
                "POST /build HTTP/1.1\r\nContent-Length: 2\r\n\r\nxy".into(),
                "",
                "xy",
                true,
            ),
        ] {
            let answer = send(&fake, request.as_bytes());
            assert!(answer.contains(IMAGE_ID), "{answer}");
            let upload = fake.take(tag).unwrap();
            assert_eq!(upload.archive, archive.as_bytes(), "{request}");
            assert_eq!(upload.is_complete, is_complete, "{request}");
        }
    }

    #[test]
    fn gzip_is_undone() {
        let fake = FakeEngine::start().unwrap();
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gzip.write_all(b"archive").unwrap();
        let body = gzip.finish().unwrap();
        let mut request = format!(
            "POST /build HTTP/1.1\r\nContent-Length: {}\r\n\r\n",
            body.len()
        )
        .into_bytes();
        request.extend(body);
        send(&fake, &request);
        assert_eq!(fake.take("").unwrap().archive, b"archive");
    }

    #[test]
    fn questions_are_answered() {
        let fake = FakeEngine::start().unwrap();
        let answer = send(
            &fake,
            b"HEAD /_ping HTTP/1.1\r\n\r\nGET /info HTTP/1.1\r\n\r\n",
        );
        assert!(
            answer.contains("Api-Version: 1.43") && answer.ends_with(INFO),
            "{answer}"
        );
        assert!(send(&fake, b"GET /images HTTP/1.1\r\n\r\n").starts_with("HTTP/1.1 404"));
    }
}
