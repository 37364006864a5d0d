//! A proxy in front of an Engine: counts bytes, cuts connections, and stands in for engines that tests cannot have.
//!
//! | [`Kind`] | what the client meets | what the Engine gets |
//! |---|---|---|
//! | `Relay` | the Engine itself | the same bytes |
//! | `Buildkitd` | a standalone `buildkitd`: gRPC with prior knowledge and nothing else | `POST /grpc`, upgraded, then the same HTTP/2 |
//! | `Newer` | an Engine of API 1.53, which takes gRPC on its socket | that, or the request under the Engine's own version |
//! | `Guarded` | a socket proxy that lets some paths not pass | the other requests |
//!
//! All but `Relay` answer one request a connection (they say `Connection: close`), so that no request can pass unseen
//! behind another. Threads and blocking sockets: what is under test must not be tested with its own client.
//!
//! ```no_run
//! use shipload_testkit::engine;
//! use shipload_testkit::proxy::{Cut, Kind, Proxy, Way};
//!
//! let Some(engine) = engine::shared() else { return Ok(()) };
//! let proxy = Proxy::start(&engine, Kind::Relay)?;
//! proxy.cut(Cut { path: "/session", way: Way::Up, after: 100_000 });
//! // … a build with DOCKER_HOST=proxy.host() …
//! for passed in proxy.passed() {
//!     println!("{}: {} up, {} down", passed.request, passed.up, passed.down);
//! }
//! # Ok::<(), std::io::Error>(())
//! ```

mod head;
mod socket;

use std::io::{self, Read, Write};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use self::head::Head;
use self::socket::{Listener, Socket};
use crate::engine::Handle;

/// What the proxy makes of the Engine behind it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The Engine itself, byte for byte.
    Relay,
    /// A standalone `buildkitd`.
    Buildkitd,
    /// An Engine of API 1.53: says so in its headers, takes gRPC with prior knowledge, and knows its Engine's paths under
    /// any version. `/version` keeps the Engine's own words.
    Newer,
    /// A proxy that refuses requests.
    Guarded {
        /// What no path may end in, such as `/grpc`.
        forbidden: &'static [&'static str],
        /// The status that is answered instead, such as 403.
        status: u16,
    },
}

/// Where the proxy listens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Listen {
    /// On a Unix socket of its own.
    Unix,
    /// On a free port of 127.0.0.1.
    Tcp,
}

/// From whom to whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// From the client to the Engine.
    Up,
    /// From the Engine to the client.
    Down,
}

/// When to cut a connection, once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cut {
    /// What the request's path ends in, such as `/session`; empty for any connection.
    pub path: &'static str,
    /// The way on which bytes are counted.
    pub way: Way,
    /// How many bytes pass before both sides are closed, the head included; on the way up the head passes whole.
    pub after: u64,
}

/// What has passed on one connection so far.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Passed {
    /// Method and path of its first request, such as `POST /v1.41/session`; `PRI *` for gRPC with prior knowledge.
    pub request: String,
    /// Bytes from the client to the Engine, heads included.
    pub up: u64,
    /// Bytes from the Engine to the client, heads included.
    pub down: u64,
    /// Whether it was cut.
    pub is_cut: bool,
}

/// A running proxy. It stops listening and closes its connections when it is dropped.
#[derive(Debug)]
pub struct Proxy {
    host: String,
    shared: Arc<Shared>,
    _directory: TempDir,
}

#[derive(Debug)]
struct Shared {
    kind: Kind,
    engine: String,
    /// The Engine's API version, such as `1.41`.
    version: String,
    connections: Mutex<Vec<Arc<Connection>>>,
    cut: Mutex<Option<Cut>>,
    stopping: AtomicBool,
}

/// One client's connection.
#[derive(Debug)]
struct Connection {
    request: Mutex<String>,
    up: AtomicU64,
    down: AtomicU64,
    is_cut: AtomicBool,
    client: Socket,
    engine: Mutex<Option<Socket>>,
}

/// Running
impl Proxy {
    /// Starts one on a Unix socket.
    ///
    /// # Errors
    /// When there can be no socket, or the Engine does not answer.
    pub fn start(engine: &Handle, kind: Kind) -> io::Result<Self> {
        Self::start_on(engine, kind, Listen::Unix)
    }

    /// Starts one.
    ///
    /// # Errors
    /// As [`Self::start`].
    pub fn start_on(engine: &Handle, kind: Kind, listen: Listen) -> io::Result<Self> {
        let answer = engine.request("GET", "/version", None)?.json()?;
        let version = answer["ApiVersion"].as_str().unwrap_or_default().to_owned();
        let directory = tempfile::Builder::new().prefix("proxy-").tempdir()?;
        let listener = Listener::bind(listen, directory.path())?;
        let host = listener.host()?;
        let shared = Arc::new(Shared {
            kind,
            engine: engine.host.clone(),
            version,
            connections: Mutex::default(),
            cut: Mutex::default(),
            stopping: AtomicBool::new(false),
        });
        let serving = Arc::clone(&shared);
        thread::spawn(move || {
            while let Ok(client) = listener.accept() {
                if serving.stopping.load(Ordering::Relaxed) {
                    break;
                }
                let shared = Arc::clone(&serving);
                // A side that goes away in the middle is part of the tests.
                thread::spawn(move || shared.serve(client).ok());
            }
        });
        Ok(Self {
            host,
            shared,
            _directory: directory,
        })
    }

    /// Its address, as `DOCKER_HOST` or `BUILDKIT_HOST` would have it.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// As a [`Handle`], to ask it what an Engine is asked.
    pub fn handle(&self) -> Handle {
        let host = self.host.clone();
        Handle { host }
    }

    /// What has passed, a connection each, in the order in which they came.
    pub fn passed(&self) -> Vec<Passed> {
        lock(&self.shared.connections)
            .iter()
            .map(|connection| connection.passed())
            .collect()
    }

    /// Bytes of all connections whose path ends in `path` (all of them for an empty one): up, and down.
    pub fn bytes(&self, path: &str) -> (u64, u64) {
        let passed = self.passed();
        let of = passed
            .iter()
            .filter(|passed| passed.request.ends_with(path));
        of.fold((0, 0), |(up, down), passed| {
            (up + passed.up, down + passed.down)
        })
    }

    /// Forgets the connections so far; those that are open go on uncounted.
    pub fn forget(&self) {
        lock(&self.shared.connections).clear();
    }

    /// Cuts the first connection from now on to which `cut` applies, and no other.
    pub fn cut(&self, cut: Cut) {
        *lock(&self.shared.cut) = Some(cut);
    }

    /// Whether the last [`Self::cut`] is still to come.
    pub fn is_cut_pending(&self) -> bool {
        lock(&self.shared.cut).is_some()
    }

    /// Closes all connections that are open now.
    pub fn sever(&self) {
        for connection in lock(&self.shared.connections).iter() {
            connection.close();
        }
    }

    /// Waits until the counted connections have ended on the Engine's side too, at most for `patience`; whether they have.
    pub fn settle(&self, patience: Duration) -> bool {
        let start = Instant::now();
        loop {
            let open = lock(&self.shared.connections)
                .iter()
                .any(|connection| lock(&connection.engine).is_some());
            if !open || start.elapsed() > patience {
                return !open;
            }
            thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.shared.stopping.store(true, Ordering::Relaxed);
        self.sever();
        // Wakes the listener up.
        let _ = Socket::connect(&self.host);
    }
}

/// Passing on
impl Shared {
    fn serve(&self, client: Socket) -> io::Result<()> {
        let connection = Arc::new(Connection {
            request: Mutex::default(),
            up: AtomicU64::new(0),
            down: AtomicU64::new(0),
            is_cut: AtomicBool::new(false),
            client,
            engine: Mutex::default(),
        });
        lock(&self.connections).push(Arc::clone(&connection));
        let outcome = self.pass(&connection);
        connection.close();
        lock(&connection.engine).take();
        outcome
    }

    fn pass(&self, connection: &Arc<Connection>) -> io::Result<()> {
        let Some(mut head) = Head::read(&connection.client)? else {
            return Ok(());
        };
        connection.up.fetch_add(head.len(), Ordering::Relaxed);
        *lock(&connection.request) = head.request();
        let engine = Socket::connect(&self.engine)?;
        *lock(&connection.engine) = Some(engine.try_clone()?);

        let has_prior_knowledge = head.is_preface();
        match self.kind {
            Kind::Relay => {}
            Kind::Buildkitd | Kind::Newer if has_prior_knowledge => upgrade(&engine)?,
            // What a gRPC server says to HTTP/1.1 is nothing.
            Kind::Buildkitd => return Ok(()),
            Kind::Newer => head.ask_once(Some(&self.version)),
            Kind::Guarded { forbidden, status } => {
                if forbidden.iter().any(|path| head.is_for(path)) {
                    return connection.refuse(status);
                }
                head.ask_once(None);
            }
        }
        let limit = |way| {
            let mut cut = lock(&self.cut);
            let applies = |cut: &mut Cut| {
                cut.way == way && (cut.path.is_empty() || connection.is_for(cut.path))
            };
            cut.take_if(applies).map(|cut| cut.after)
        };
        let (up, down) = (limit(Way::Up), limit(Way::Down));
        (&engine).write_all(head.bytes())?;

        let (upwards, source) = (Arc::clone(connection), engine.try_clone()?);
        let sender = thread::spawn(move || {
            upwards.pump(&upwards.client, &source, &upwards.up, up);
        });
        if self.kind == Kind::Newer
            && !has_prior_knowledge
            && let Some(mut answer) = Head::read(&engine)?
        {
            answer.claim("1.53");
            connection.down.fetch_add(answer.len(), Ordering::Relaxed);
            (&connection.client).write_all(answer.bytes())?;
        }
        connection.pump(&engine, &connection.client, &connection.down, down);
        sender
            .join()
            .map_err(|_| io::Error::other("the sender failed"))
    }
}

impl Connection {
    /// Copies until the source ends, one side fails, or `limit` bytes in all have passed.
    fn pump(&self, source: &Socket, target: &Socket, count: &AtomicU64, limit: Option<u64>) {
        let mut buffer = vec![0; 64 << 10];
        let (mut source_io, mut target_io) = (source, target);
        loop {
            let left = limit.map(|limit| limit.saturating_sub(count.load(Ordering::Relaxed)));
            if left == Some(0) {
                self.is_cut.store(true, Ordering::Relaxed);
                return self.close();
            }
            let room = left.and_then(|left| usize::try_from(left).ok());
            let room = room.map_or(buffer.len(), |room| room.min(buffer.len()));
            match source_io.read(&mut buffer[..room]) {
                Ok(0) => return target.finish(),
                Ok(read) => {
                    // Counted first, so that who has the bytes finds them counted.
                    count.fetch_add(read as u64, Ordering::Relaxed);
                    if target_io.write_all(&buffer[..read]).is_err() {
                        return self.close();
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => return self.close(),
            }
        }
    }

    fn refuse(&self, status: u16) -> io::Result<()> {
        let answer = Head::refusal(status);
        self.down.fetch_add(answer.len() as u64, Ordering::Relaxed);
        (&self.client).write_all(answer.as_bytes())
    }

    fn close(&self) {
        self.client.close();
        if let Some(engine) = lock(&self.engine).as_ref() {
            engine.close();
        }
    }

    fn is_for(&self, path: &str) -> bool {
        lock(&self.request).ends_with(path)
    }

    fn passed(&self) -> Passed {
        Passed {
            request: lock(&self.request).clone(),
            up: self.up.load(Ordering::Relaxed),
            down: self.down.load(Ordering::Relaxed),
            is_cut: self.is_cut.load(Ordering::Relaxed),
        }
    }
}

/// Makes the Engine's end of the connection one to its BuildKit.
fn upgrade(engine: &Socket) -> io::Result<()> {
    let request =
        "POST /grpc HTTP/1.1\r\nHost: engine\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n";
    let mut stream = engine;
    stream.write_all(request.as_bytes())?;
    let answer = Head::read(engine)?.ok_or(io::ErrorKind::UnexpectedEof)?;
    if answer.status() == Some(101) {
        return Ok(());
    }
    Err(io::Error::other(format!(
        "no upgrade: {}",
        answer.request()
    )))
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine;

    fn ping(proxy: &Proxy, path: &str) -> io::Result<crate::http::Answer> {
        proxy.handle().request("GET", path, None)
    }

    #[test]
    fn bytes_are_counted_and_cut() {
        let Some(engine) = engine::shared() else {
            return;
        };
        for listen in [Listen::Unix, Listen::Tcp] {
            let proxy = Proxy::start_on(&engine, Kind::Relay, listen).unwrap();
            assert_eq!(ping(&proxy, "/_ping").unwrap().body, b"OK");
            let [passed] = &proxy.passed()[..] else {
                panic!("one connection")
            };
            assert_eq!(passed.request, "GET /_ping");
            assert_eq!(
                passed.up,
                "GET /_ping HTTP/1.0\r\nHost: engine\r\nConnection: close\r\n\r\n".len() as u64
            );
            assert!(passed.down > 100, "{passed:?}");
            assert!(proxy.settle(Duration::from_secs(10)));

            proxy.forget();
            let (path, way) = ("/_ping", Way::Down);
            proxy.cut(Cut {
                path,
                way,
                after: 10,
            });
            assert_eq!(ping(&proxy, "/version").unwrap().status, 200);
            ping(&proxy, "/_ping").unwrap_err();
            let cut: Vec<_> = proxy.passed().iter().map(|it| it.is_cut).collect();
            assert_eq!(cut, [false, true]);
            assert_eq!(proxy.bytes("/_ping").1, 10);
            assert!(!proxy.is_cut_pending());
            assert_eq!(ping(&proxy, "/_ping").unwrap().status, 200);
        }
    }

    #[test]
    fn a_newer_engine_translates_versions() {
        let Some(engine) = engine::shared() else {
            return;
        };
        let proxy = Proxy::start(&engine, Kind::Newer).unwrap();
        let answer = ping(&proxy, "/v1.53/version").unwrap();
        assert_eq!(answer.status, 200, "{}", answer.text());
        let mut socket = &Socket::connect(proxy.host()).unwrap();
        socket
            .write_all(b"HEAD /_ping HTTP/1.1\r\nHost: x\r\nConnection: keep-alive\r\n\r\n")
            .unwrap();
        let mut answer = String::new();
        socket.read_to_string(&mut answer).unwrap();
        assert!(answer.contains("Api-Version: 1.53\r\n"), "{answer}");
        assert!(answer.contains("Connection: close\r\n"), "{answer}");
    }

    /// An HTTP/2 server begins with its settings once it has read the client's preface.
    #[test]
    fn prior_knowledge_reaches_the_builder() {
        let Some(engine) = engine::shared() else {
            return;
        };
        for kind in [Kind::Buildkitd, Kind::Newer] {
            let proxy = Proxy::start(&engine, kind).unwrap();
            let mut socket = &Socket::connect(proxy.host()).unwrap();
            let settings = [0, 0, 0, 4, 0, 0, 0, 0, 0];
            let preface = [b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", &settings[..]].concat();
            socket.write_all(&preface).unwrap();
            let mut frame = [0; 9];
            socket.read_exact(&mut frame).unwrap();
            assert_eq!(frame[3], 4, "{kind:?}: {frame:?}");
        }
    }

    #[test]
    fn a_guard_refuses() {
        let Some(engine) = engine::shared() else {
            return;
        };
        let forbidden = &["/grpc", "/session"];
        let proxy = Proxy::start(
            &engine,
            Kind::Guarded {
                forbidden,
                status: 403,
            },
        )
        .unwrap();
        for (path, status) in [("/_ping", 200), ("/v1.41/grpc", 403), ("/session", 403)] {
            assert_eq!(ping(&proxy, path).unwrap().status, status, "{path}");
        }
    }
}
