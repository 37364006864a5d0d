//! An Engine that builds nothing: it reads a context as fast as it comes, counts it, and says that the build is done.
//!
//! So what is measured is the client, not what it talks to. It knows just enough of the Engine's API for the docker CLI and
//! for ours: a ping, the version, and `POST /build`.

use std::io::{self, BufRead, BufReader, Read as _, Write as _};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use fs_err as fs;

/// What every Engine that either client supports can do.
const API: &str = "1.41";

const BUILT: &str = concat!(
    r#"{"aux":{"ID":"sha256:0000000000000000000000000000000000000000000000000000000000000000"}}"#,
    "\n",
    r#"{"stream":"Successfully built 000000000000\n"}"#,
    "\n"
);

/// The Engine, until the process ends.
#[derive(Debug)]
pub(super) struct Sink {
    socket: PathBuf,
    received: Arc<AtomicU64>,
}

impl Sink {
    /// Listens on a socket at `socket`, in place of one left by an earlier run.
    pub(super) fn start(socket: &Path) -> io::Result<Self> {
        if socket.exists() {
            fs::remove_file(socket)?;
        }
        let listener = UnixListener::bind(socket)?;
        let received = Arc::new(AtomicU64::new(0));
        let counter = Arc::clone(&received);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let counter = Arc::clone(&counter);
                // A client that hangs up has told what it wanted through its exit code.
                thread::spawn(move || drop(serve(&stream, &counter)));
            }
        });
        Ok(Self {
            socket: socket.to_owned(),
            received,
        })
    }

    /// Its address, as `DOCKER_HOST` takes it.
    pub(super) fn host(&self) -> String {
        format!("unix://{}", self.socket.display())
    }

    pub(super) fn socket(&self) -> &Path {
        &self.socket
    }

    /// Bytes of contexts received since it was last asked.
    pub(super) fn take_received(&self) -> u64 {
        self.received.swap(0, Ordering::Relaxed)
    }
}

/// Answers one connection until it is closed.
fn serve(stream: &UnixStream, received: &AtomicU64) -> io::Result<()> {
    let mut requests = BufReader::with_capacity(256 << 10, stream);
    while let Some(request) = Request::read(&mut requests)? {
        let read = request.skip_body(&mut requests)?;
        let body = match request.path.rsplit('/').next() {
            Some(name) if name.starts_with("build") => {
                received.fetch_add(read, Ordering::Relaxed);
                BUILT.to_owned()
            }
            Some(name) if name.starts_with("_ping") => "OK".to_owned(),
            _ => format!(
                r#"{{"ApiVersion":"{API}","MinAPIVersion":"1.12","Version":"20.10.24","Os":"linux","Arch":"amd64"}}"#
            ),
        };
        let length = body.len();
        let shown = if request.head { "" } else { &body };
        write!(
            &mut &*stream,
            "HTTP/1.1 200 OK\r\nApi-Version: {API}\r\nBuilder-Version: 1\r\nOstype: linux\r\n\
             Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n{shown}"
        )?;
        if request.last {
            break;
        }
    }
    Ok(())
}

/// What of a request's head matters here.
#[derive(Debug, Default, PartialEq, Eq)]
struct Request {
    head: bool,
    path: String,
    length: u64,
    chunked: bool,
    /// The client wants the connection closed.
    last: bool,
}

impl Request {
    /// The next request; `None` where the client has no more.
    fn read(from: &mut impl BufRead) -> io::Result<Option<Self>> {
        let mut line = String::new();
        if from.read_line(&mut line)? == 0 {
            return Ok(None);
        }
        let mut words = line.split_whitespace();
        let mut request = Self {
            head: words.next() == Some("HEAD"),
            path: words.next().unwrap_or_default().to_owned(),
            last: words.next() == Some("HTTP/1.0"),
            ..Self::default()
        };
        loop {
            line.clear();
            from.read_line(&mut line)?;
            let Some((name, value)) = line.trim_end().split_once(':') else {
                return Ok(Some(request));
            };
            if name.eq_ignore_ascii_case("content-length") {
                request.length = value.trim().parse().unwrap_or(0);
            } else if name.eq_ignore_ascii_case("transfer-encoding") {
                request.chunked = value.trim().eq_ignore_ascii_case("chunked");
            } else if name.eq_ignore_ascii_case("connection") {
                request.last |= value.trim().eq_ignore_ascii_case("close");
            }
        }
    }

    /// Reads the body and returns its length.
    fn skip_body(&self, from: &mut impl BufRead) -> io::Result<u64> {
        if !self.chunked {
            return skip(from, self.length);
        }
        let mut total = 0;
        let mut line = String::new();
        loop {
            line.clear();
            from.read_line(&mut line)?;
            let size = line.split(';').next().unwrap_or_default().trim();
            let size = u64::from_str_radix(size, 16).map_err(io::Error::other)?;
            total += skip(from, size)?;
            // Each chunk, and the whole, ends with an empty line; trailers are never sent.
            skip(from, 2)?;
            if size == 0 {
                return Ok(total);
            }
        }
    }
}

fn skip(from: &mut impl BufRead, length: u64) -> io::Result<u64> {
    let mut from = from.take(length);
    loop {
        let read = from.fill_buf()?.len();
        if read == 0 {
            break;
        }
        from.consume(read);
    }
    match from.limit() {
        0 => Ok(length),
        _ => Err(io::ErrorKind::UnexpectedEof.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_are_counted_however_they_are_framed() {
        let rows = [
            (
                "POST /v1.41/build HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc",
                Some(3),
            ),
            (
                "POST /build HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n",
                Some(5),
            ),
            ("GET /_ping HTTP/1.1\r\nHost: x\r\n\r\n", Some(0)),
            (
                "POST /build HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\na",
                None,
            ),
            ("POST /build HTTP/1.1\r\nContent-Length: 3\r\n\r\na", None),
        ];
        for (text, expected) in rows {
            let mut from = text.as_bytes();
            let request = Request::read(&mut from).unwrap().unwrap();
            assert_eq!(request.skip_body(&mut from).ok(), expected, "{text}");
        }
        assert_eq!(Request::read(&mut &b""[..]).unwrap(), None);
    }

    #[test]
    fn a_client_is_told_that_it_built() {
        let dir = tempfile::tempdir().unwrap();
        let sink = Sink::start(&dir.path().join("socket")).unwrap();
        let body = Some(("application/x-tar", &b"1234"[..]));
        let patience = std::time::Duration::from_secs(10);
        let answer =
            shipload_testkit::http::request(&sink.host(), "POST", "/build?x=y", body, patience);
        assert!(answer.unwrap().text().contains("Successfully built"));
        assert_eq!((sink.take_received(), sink.take_received()), (4, 0));
    }
}
