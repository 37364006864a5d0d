//! The least HTTP that a test needs: one request, one whole answer, no connection kept.
//!
//! It speaks HTTP/1.0, so that a server never answers in chunks and the end of the body is the end of the
//! connection, unless the server says how long it is. What is under test must not be tested with itself, hence no use of the product's client here.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::os::unix::net::UnixStream;
use std::time::Duration;

/// An answer, read to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The status code, such as 200.
    pub status: u16,
    /// The body, without framing.
    pub body: Vec<u8>,
}

impl Answer {
    /// The body as text, for messages; bytes that are not UTF-8 are replaced.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON.
    ///
    /// # Errors
    /// When the body is no JSON.
    pub fn json(&self) -> io::Result<serde_json::Value> {
        Ok(serde_json::from_slice(&self.body)?)
    }
}

/// Asks `host` (`unix:///path`, `tcp://host:port` or `http://host:port`) for `path` with `method`.
///
/// A body is sent as `(content type, bytes)`. Each read waits at most `patience`.
///
/// # Errors
/// When the host is not understood, does not answer in time, or answers with something that is not HTTP.
pub fn request(
    host: &str,
    method: &str,
    path: &str,
    body: Option<(&str, &[u8])>,
    patience: Duration,
) -> io::Result<Answer> {
    if let Some(socket) = host.strip_prefix("unix://") {
        let stream = UnixStream::connect(socket)?;
        stream.set_read_timeout(Some(patience))?;
        stream.set_write_timeout(Some(patience))?;
        exchange(stream, ("1.0", "engine"), method, path, body)
    } else if let Some(address) = host
        .strip_prefix("tcp://")
        .or_else(|| host.strip_prefix("http://"))
    {
        let stream = TcpStream::connect(address.trim_end_matches('/'))?;
        stream.set_read_timeout(Some(patience))?;
        stream.set_write_timeout(Some(patience))?;
        exchange(stream, ("1.0", "engine"), method, path, body)
    } else {
        let message = format!("`{host}` is no address of the form unix:// or tcp://");
        Err(io::Error::new(io::ErrorKind::InvalidInput, message))
    }
}

/// As [`request`], in HTTP/1.1, of a server on a local port that knows nothing older and never answers in chunks.
///
/// # Errors
/// As [`request`].
pub fn request_of_local(
    port: u16,
    method: &str,
    path: &str,
    body: Option<(&str, &[u8])>,
    patience: Duration,
) -> io::Result<Answer> {
    let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
    stream.set_read_timeout(Some(patience))?;
    stream.set_write_timeout(Some(patience))?;
    exchange(stream, ("1.1", "localhost"), method, path, body)
}

fn exchange(
    mut stream: impl Read + Write,
    (version, host): (&str, &str),
    method: &str,
    path: &str,
    body: Option<(&str, &[u8])>,
) -> io::Result<Answer> {
    let content = body.map_or_else(String::new, |(kind, bytes)| {
        format!(
            "Content-Type: {kind}\r\nContent-Length: {}\r\n",
            bytes.len()
        )
    });
    let head = format!(
        "{method} {path} HTTP/{version}\r\nHost: {host}\r\nConnection: close\r\n{content}\r\n"
    );
    stream.write_all(head.as_bytes())?;
    if let Some((_, bytes)) = body {
        stream.write_all(bytes)?;
    }
    let mut raw = Vec::new();
    // Some servers keep the connection whatever they are told.
    let mut buffer = vec![0; 64 << 10];
    while !is_whole(&raw) {
        match stream.read(&mut buffer)? {
            0 => break,
            count => raw.extend_from_slice(&buffer[..count]),
        }
    }
    parse(&raw).ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "the answer is not HTTP"))
}

/// Whether an answer that says how long it is is there to its end.
fn is_whole(raw: &[u8]) -> bool {
    let Some(end) = raw.windows(4).position(|four| four == b"\r\n\r\n") else {
        return false;
    };
    let head = String::from_utf8_lossy(&raw[..end]).to_ascii_lowercase();
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length:"));
    let length = length.and_then(|length| length.trim().parse::<usize>().ok());
    length.is_some_and(|length| raw.len() - end - 4 >= length)
}

fn parse(raw: &[u8]) -> Option<Answer> {
    let end = raw.windows(4).position(|four| four == b"\r\n\r\n")?;
    let head = str::from_utf8(&raw[..end]).ok()?;
    let status = head
        .strip_prefix("HTTP/1.")?
        .split(' ')
        .nth(1)?
        .parse()
        .ok()?;
    Some(Answer {
        status,
        body: raw[end + 4..].to_vec(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_taken_apart() {
        let answer = |status, body: &[u8]| {
            Some(Answer {
                status,
                body: body.to_vec(),
            })
        };
        let cases: &[(&[u8], Option<Answer>)] = &[
            (b"HTTP/1.0 200 OK\r\nA: b\r\n\r\nOK", answer(200, b"OK")),
            (b"HTTP/1.1 404 Not Found\r\n\r\n", answer(404, b"")),
            (b"HTTP/1.0 200 OK\r\nA: b\r\n", None),
            (b"SSH-2.0-x\r\n\r\n", None),
            (b"HTTP/1.0 two\r\n\r\n", None),
            (b"", None),
        ];
        for (raw, expected) in cases {
            assert_eq!(&parse(raw), expected, "{}", raw.escape_ascii());
        }
    }

    #[test]
    fn an_unknown_kind_of_address_is_refused() {
        let error = request("ftp://x", "GET", "/", None, Duration::from_secs(1)).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
    }
}
