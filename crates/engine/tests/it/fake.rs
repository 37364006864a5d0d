//! A fake engine on a Unix socket, which does to a request whatever a test wants, and keeps what it read.

use std::io::{Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use shipload_engine::{ConnectOptions, Engine, Environment};
use tempfile::TempDir;

/// One request that is not a ping.
pub(crate) struct Exchange {
    stream: UnixStream,
    /// Request line and headers.
    pub(crate) head: String,
    /// What followed the head, as it was on the wire.
    pub(crate) body: Arc<Mutex<Vec<u8>>>,
}

pub(crate) struct Fake {
    folder: TempDir,
    /// The heads of all requests.
    pub(crate) heads: Arc<Mutex<Vec<String>>>,
    /// The raw bodies of all requests, one after the other.
    pub(crate) body: Arc<Mutex<Vec<u8>>>,
}

/// How an engine of API 1.41 answers a ping.
pub(crate) const PING: &[u8] = b"HTTP/1.1 200 OK\r\nApi-Version: 1.41\r\nOstype: linux\r\n\
    Server: Fake/1\r\nContent-Length: 2\r\n\r\nOK";

impl Fake {
    /// Answers pings as an engine of API 1.41 does, and hands everything else to `handle`.
    pub(crate) fn start(handle: impl Fn(&mut Exchange) + Send + Sync + 'static) -> Self {
        Self::with_ping(PING, handle)
    }

    /// The same with another answer to a ping; none at all if it is empty.
    pub(crate) fn with_ping(
        ping: &'static [u8],
        handle: impl Fn(&mut Exchange) + Send + Sync + 'static,
    ) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let listener = UnixListener::bind(folder.path().join("s")).unwrap();
        let fake = Self {
            folder,
            heads: Arc::default(),
            body: Arc::default(),
        };
        let (heads, body, handle) = (fake.heads.clone(), fake.body.clone(), Arc::new(handle));
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (heads, body, handle) = (heads.clone(), body.clone(), handle.clone());
                std::thread::spawn(move || serve(stream.unwrap(), ping, &heads, body, &*handle));
            }
        });
        fake
    }

    pub(crate) fn address(&self) -> String {
        format!("unix://{}", self.folder.path().join("s").display())
    }

    pub(crate) fn options(&self) -> ConnectOptions {
        ConnectOptions::new(Environment::empty()).with_host(self.address())
    }

    pub(crate) async fn connect(&self) -> Engine {
        Engine::connect(&self.options()).await.unwrap()
    }

    /// What was sent as bodies so far.
    pub(crate) fn sent(&self) -> Vec<u8> {
        self.body.lock().unwrap().clone()
    }
}

fn serve(
    mut stream: UnixStream,
    ping: &[u8],
    heads: &Mutex<Vec<String>>,
    body: Arc<Mutex<Vec<u8>>>,
    handle: &(dyn Fn(&mut Exchange) + Send + Sync),
) {
    loop {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            if stream.read(&mut byte).unwrap_or(0) == 0 {
                return;
            }
            head.push(byte[0]);
        }
        let head = String::from_utf8(head).unwrap();
        heads.lock().unwrap().push(head.clone());
        if head.starts_with("GET /_ping ") {
            if ping.is_empty() {
                std::thread::sleep(Duration::from_secs(60));
            }
            stream.write_all(ping).unwrap();
        } else {
            return handle(&mut Exchange { stream, head, body });
        }
    }
}

impl Exchange {
    /// Reads the body up to the final chunk or the end of the connection; whether it was the former.
    pub(crate) fn read_body(&mut self) -> bool {
        if self.head.to_lowercase().contains("content-length: 0") {
            return true;
        }
        let mut buffer = vec![0; 64 << 10];
        loop {
            let read = self.stream.read(&mut buffer).unwrap_or(0);
            let mut body = self.body.lock().unwrap();
            body.extend_from_slice(&buffer[..read]);
            if body.ends_with(b"0\r\n\r\n") {
                return true;
            }
            if read == 0 {
                return false;
            }
        }
    }

    pub(crate) fn write(&mut self, bytes: impl AsRef<[u8]>) {
        // The other side may have hung up, which is what some tests want.
        let _ = self.stream.write_all(bytes.as_ref());
    }

    /// A whole answer with a status.
    pub(crate) fn answer(&mut self, status: &str, body: &str) {
        let head = format!(
            "HTTP/1.1 {status}\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        self.write(head + body);
    }

    /// The beginning of an answer in chunks.
    pub(crate) fn begin(&mut self) {
        self.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    }

    pub(crate) fn chunk(&mut self, body: impl AsRef<[u8]>) {
        let body = body.as_ref();
        self.write(format!("{:x}\r\n", body.len()));
        self.write(body);
        self.write("\r\n");
    }

    pub(crate) fn end(&mut self) {
        self.write("0\r\n\r\n");
    }
}

/// The bytes of a chunked body; `None` if it is not whole.
pub(crate) fn unchunk(mut wire: &[u8]) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let line = wire.windows(2).position(|two| two == b"\r\n")?;
        let size = usize::from_str_radix(std::str::from_utf8(&wire[..line]).ok()?, 16).ok()?;
        wire = &wire[line + 2..];
        if size == 0 {
            return (wire == b"\r\n").then_some(body);
        }
        body.extend_from_slice(wire.get(..size)?);
        wire = wire.get(size + 2..)?;
    }
}
