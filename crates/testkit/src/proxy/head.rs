//! The head of an HTTP/1 message: read from a socket without a byte of what follows, and changed.

use std::io::{self, Read};

use super::Socket;

/// No client and no Engine sends longer ones.
const LIMIT: usize = 256 << 10;

/// A message up to and with its empty line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Head(Vec<u8>);

impl Head {
    /// Reads one; `None` where nothing comes.
    pub(super) fn read(socket: &Socket) -> io::Result<Option<Self>> {
        let mut stream = socket;
        let mut bytes = Vec::new();
        // One at a time: what follows belongs to whoever reads the socket next.
        let mut byte = [0];
        while !bytes.ends_with(b"\r\n\r\n") {
            if bytes.len() == LIMIT {
                return Err(io::Error::other("the head of a message has no end"));
            }
            match stream.read(&mut byte)? {
                0 if bytes.is_empty() => return Ok(None),
                0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                _ => bytes.push(byte[0]),
            }
        }
        Ok(Some(Self(bytes)))
    }

    /// An answer that refuses.
    pub(super) fn refusal(status: u16) -> String {
        let body = r#"{"message":"refused by the proxy"}"#;
        format!(
            "HTTP/1.1 {status} Refused\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\
             Connection: close\r\n\r\n{body}",
            body.len()
        )
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.0
    }

    pub(super) fn len(&self) -> u64 {
        self.0.len() as u64
    }

    /// The first line without version and query: `POST /v1.41/build`.
    pub(super) fn request(&self) -> String {
        let line = self.line();
        let mut words = line.split([' ', '?']);
        let method = words.next().unwrap_or_default();
        format!("{method} {}", words.next().unwrap_or_default())
    }

    /// Whether the path of the request ends in `path`.
    pub(super) fn is_for(&self, path: &str) -> bool {
        self.request().ends_with(path)
    }

    /// Whether it is the beginning of HTTP/2 instead.
    pub(super) fn is_preface(&self) -> bool {
        self.0 == b"PRI * HTTP/2.0\r\n\r\n"
    }

    /// The status of an answer.
    pub(super) fn status(&self) -> Option<u16> {
        self.line().split(' ').nth(1)?.parse().ok()
    }

    /// Makes it the only request on its connection, unless it is for an upgrade, and with `version` asks for that version of
    /// the API instead of the one in its path.
    pub(super) fn ask_once(&mut self, version: Option<&str>) {
        let mut lines = self.lines();
        if let Some(version) = version
            && let Some((before, after)) = lines[0].split_once(" /v1.")
            && let Some((_, path)) = after.split_once('/')
        {
            lines[0] = format!("{before} /v{version}/{path}");
        }
        if !has(&lines, "upgrade") {
            lines.retain(|line| !is(line, "connection"));
            lines.push("Connection: close".to_owned());
        }
        self.set(&lines);
    }

    /// Makes it the answer of an Engine that speaks `version`.
    pub(super) fn claim(&mut self, version: &str) {
        let mut lines = self.lines();
        for line in lines.iter_mut().filter(|line| is(line, "api-version")) {
            *line = format!("Api-Version: {version}");
        }
        self.set(&lines);
    }

    fn line(&self) -> String {
        self.lines().swap_remove(0)
    }

    fn lines(&self) -> Vec<String> {
        let text = String::from_utf8_lossy(&self.0);
        text.trim_end().split("\r\n").map(str::to_owned).collect()
    }

    fn set(&mut self, lines: &[String]) {
        self.0 = (lines.join("\r\n") + "\r\n\r\n").into_bytes();
    }
}

fn is(line: &str, name: &str) -> bool {
    line.split_once(':')
        .is_some_and(|(found, _)| found.eq_ignore_ascii_case(name))
}

fn has(lines: &[String], name: &str) -> bool {
    lines.iter().any(|line| is(line, name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heads_are_changed() {
        let head = |text: &str| Head(text.replace('\n', "\r\n").into_bytes());
        for (before, version, after) in [
            (
                "GET /v1.53/info?a=b HTTP/1.1\nHost: x\n\n",
                Some("1.41"),
                "GET /v1.41/info?a=b HTTP/1.1\nHost: x\nConnection: close\n\n",
            ),
            (
                "GET /info HTTP/1.1\nconnection: keep-alive\n\n",
                None,
                "GET /info HTTP/1.1\nConnection: close\n\n",
            ),
            (
                "POST /grpc HTTP/1.1\nConnection: Upgrade\nUpgrade: h2c\n\n",
                Some("1.41"),
                "POST /grpc HTTP/1.1\nConnection: Upgrade\nUpgrade: h2c\n\n",
            ),
        ] {
            let mut changed = head(before);
            changed.ask_once(version);
            assert_eq!(changed, head(after));
        }
        let mut answer = head("HTTP/1.1 200 OK\nApi-Version: 1.41\n\n");
        answer.claim("1.53");
        assert_eq!(answer, head("HTTP/1.1 200 OK\nApi-Version: 1.53\n\n"));
        assert_eq!(answer.status(), Some(200));
        assert!(head("PRI * HTTP/2.0\n\n").is_preface());
        assert_eq!(
            head("POST /v1.41/build?t=a HTTP/1.1\n\n").request(),
            "POST /v1.41/build"
        );
    }
}
