//! A Unix or a TCP socket, whichever it is.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;

use super::Listen;

/// A connection.
#[derive(Debug)]
pub(super) enum Socket {
    Unix(UnixStream),
    Tcp(TcpStream),
}

impl Socket {
    /// Connects to `unix:///path`, `tcp://host:port` or `http://host:port`.
    pub(super) fn connect(host: &str) -> io::Result<Self> {
        if let Some(path) = host.strip_prefix("unix://") {
            return UnixStream::connect(path).map(Self::Unix);
        }
        let address = host.split_once("://").map_or(host, |(_, address)| address);
        Self::tcp(TcpStream::connect(address.trim_end_matches('/'))?)
    }

    fn tcp(stream: TcpStream) -> io::Result<Self> {
        stream.set_nodelay(true)?;
        Ok(Self::Tcp(stream))
    }

    pub(super) fn try_clone(&self) -> io::Result<Self> {
        Ok(match self {
            Self::Unix(stream) => Self::Unix(stream.try_clone()?),
            Self::Tcp(stream) => Self::Tcp(stream.try_clone()?),
        })
    }

    /// Tells the other side that nothing more comes.
    pub(super) fn finish(&self) {
        self.shut(Shutdown::Write);
    }

    /// Ends it for both sides, whoever reads or writes just now.
    pub(super) fn close(&self) {
        self.shut(Shutdown::Both);
    }

    fn shut(&self, how: Shutdown) {
        // The other side may have gone already.
        let _ = match self {
            Self::Unix(stream) => stream.shutdown(how),
            Self::Tcp(stream) => stream.shutdown(how),
        };
    }
}

impl Read for &Socket {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Socket::Unix(stream) => (&*stream).read(buffer),
            Socket::Tcp(stream) => (&*stream).read(buffer),
        }
    }
}

impl Write for &Socket {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Socket::Unix(stream) => (&*stream).write(bytes),
            Socket::Tcp(stream) => (&*stream).write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Where connections come from.
#[derive(Debug)]
pub(super) enum Listener {
    Unix(UnixListener),
    Tcp(TcpListener),
}

impl Listener {
    /// Listens on a socket in `folder`, or on a free port.
    pub(super) fn bind(listen: Listen, folder: &Path) -> io::Result<Self> {
        match listen {
            Listen::Unix => UnixListener::bind(folder.join("s")).map(Self::Unix),
            Listen::Tcp => TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map(Self::Tcp),
        }
    }

    pub(super) fn host(&self) -> io::Result<String> {
        Ok(match self {
            Self::Unix(listener) => {
                let address = listener.local_addr()?;
                let path = address.as_pathname().unwrap_or(Path::new(""));
                format!("unix://{}", path.display())
            }
            Self::Tcp(listener) => format!("tcp://{}", listener.local_addr()?),
        })
    }

    pub(super) fn accept(&self) -> io::Result<Socket> {
        match self {
            Self::Unix(listener) => Ok(Socket::Unix(listener.accept()?.0)),
            Self::Tcp(listener) => Socket::tcp(listener.accept()?.0),
        }
    }
}
