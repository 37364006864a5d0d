//! The address of an engine: where it is, how it is written, and what chose it.

use std::fmt;
use std::path::PathBuf;

use crate::config::ConfigError;
use crate::contexts::ContextError;
use crate::tls::TlsFiles;

/// The address of an engine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Address {
    /// A Unix socket.
    Unix(PathBuf),
    /// A TCP port, encrypted where `tls` is given.
    Tcp {
        /// The name or the IP address, an IPv6 address without brackets.
        host: String,
        /// The port; 2375 where none was written, 2376 with TLS.
        port: u16,
        /// Certificates and whether to verify.
        tls: Option<TlsFiles>,
    },
    /// A machine reached through the system's `ssh` program.
    Ssh(SshTarget),
}

/// Whom `ssh` is to call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SshTarget {
    /// The user; the ssh configuration decides where there is none.
    pub user: Option<String>,
    /// The machine.
    pub host: String,
    /// The port; the ssh configuration decides where there is none.
    pub port: Option<u16>,
    /// The engine's socket on that machine; its default where there is none.
    pub socket: Option<String>,
}

/// Why an address was chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Why {
    /// `--context` named this context.
    ContextOption(String),
    /// `--host` named the address.
    HostOption,
    /// `DOCKER_HOST` named the address.
    DockerHost,
    /// `DOCKER_CONTEXT` named this context.
    DockerContext(String),
    /// `currentContext` in `config.json` named this context.
    CurrentContext(String),
    /// Nothing named an engine: Docker's own socket.
    DefaultSocket,
    /// Nothing named an engine: the socket of a Docker without root privileges.
    RootlessSocket,
    /// `CONTAINER_HOST`, the variable of Podman.
    ContainerHost,
    /// Nothing named an engine: a socket of Podman.
    PodmanSocket,
}

/// An address that cannot be made out.
#[derive(Debug, thiserror::Error)]
pub enum AddressError {
    /// The text is no address.
    #[error("`{text}` ({why}) is no engine address: {reason}")]
    Syntax {
        /// The text.
        text: String,
        /// Where it was written.
        why: Why,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The context cannot be used.
    #[error("cannot use the {why}")]
    Context {
        /// Where it was named.
        why: Why,
        /// What is wrong with it.
        #[source]
        source: ContextError,
    },
    /// `config.json` had to be asked for the current context.
    #[error("cannot find out the current docker context")]
    Config(#[from] ConfigError),
}

impl AddressError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Syntax { .. } => {
                Some("write unix:///path/to.sock, tcp://host:port or ssh://user@host".to_owned())
            }
            Self::Context {
                source: ContextError::Unknown { .. },
                ..
            } => Some("`docker context ls` lists the contexts there are".to_owned()),
            Self::Context { .. } | Self::Config(_) => None,
        }
    }
}

/// Reads `unix://`, `tcp://`, `http://`, `https://` and `ssh://` addresses, and an absolute path.
pub(crate) fn parse_host(
    text: &str,
    tls: Option<TlsFiles>,
    why: &Why,
) -> Result<Address, AddressError> {
    let fail = |reason| AddressError::Syntax {
        text: redact(text),
        why: why.clone(),
        reason,
    };
    if text.starts_with('/') {
        return Ok(Address::Unix(PathBuf::from(text)));
    }
    let (scheme, rest) = text
        .split_once("://")
        .ok_or_else(|| fail("it has no scheme"))?;
    match scheme {
        "unix" if rest.is_empty() => Err(fail("the path is missing")),
        "unix" => Ok(Address::Unix(PathBuf::from(rest))),
        "tcp" | "http" => {
            let default = if tls.is_some() { 2376 } else { 2375 };
            let (host, port) = host_and_port(rest).map_err(fail)?;
            Ok(Address::Tcp {
                host,
                port: port.unwrap_or(default),
                tls,
            })
        }
        "https" => {
            let (host, port) = host_and_port(rest).map_err(fail)?;
            Ok(Address::Tcp {
                host,
                port: port.unwrap_or(2376),
                tls: tls.or(Some(TlsFiles::default())),
            })
        }
        "ssh" => parse_ssh(rest).map(Address::Ssh).map_err(fail),
        "npipe" => Err(fail("named pipes are not supported")),
        "fd" => Err(fail("only an engine can listen on a file descriptor")),
        _ => Err(fail(
            "the scheme is not one of unix, tcp, http, https and ssh",
        )),
    }
}

/// An address is shown in errors; a password in it is not.
pub(crate) fn redact(text: &str) -> String {
    match (text.split_once("://"), text.rsplit_once('@')) {
        (Some((scheme, _)), Some((before, after))) if before[scheme.len() + 3..].contains(':') => {
            format!("{scheme}://…@{after}")
        }
        _ => text.to_owned(),
    }
}

/// `host`, `host:port`, `[ipv6]`, `[ipv6]:port`.
pub(crate) fn host_and_port(text: &str) -> Result<(String, Option<u16>), &'static str> {
    let text = text.strip_suffix('/').unwrap_or(text);
    if text.contains('/') {
        return Err("a path below the port is not supported");
    }
    if text.contains('@') {
        return Err("a user is only possible with ssh");
    }
    let (host, port) = match text.strip_prefix('[') {
        Some(rest) => {
            let (host, after) = rest.split_once(']').ok_or("the `]` is missing")?;
            let port = match after {
                "" => None,
                after => Some(
                    after
                        .strip_prefix(':')
                        .ok_or("only a port may follow `]`")?,
                ),
            };
            (host, port)
        }
        None => match text.rsplit_once(':') {
            Some((host, _)) if host.contains(':') => {
                return Err("an IPv6 address needs brackets");
            }
            Some((host, port)) => (host, Some(port)),
            None => (text, None),
        },
    };
    if host.is_empty() {
        return Err("the host is missing");
    }
    if !host
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || b"-._:%".contains(&byte))
    {
        return Err("the host has a character that no host has");
    }
    let port = port.map(|port| {
        port.parse()
            .map_err(|_| "the port is no number up to 65535")
    });
    Ok((host.to_owned(), port.transpose()?))
}

/// `user@host:port/path/to.sock`, of which only the host must be there.
pub(crate) fn parse_ssh(text: &str) -> Result<SshTarget, &'static str> {
    let (machine, socket) = match text.split_once('/') {
        Some((machine, path)) if !path.is_empty() => (machine, Some(format!("/{path}"))),
        Some((machine, _)) => (machine, None),
        None => (text, None),
    };
    let (user, machine) = match machine.rsplit_once('@') {
        Some((user, _)) if user.contains(':') => {
            return Err("a password in the address is not supported");
        }
        Some((user, machine)) => (Some(user.to_owned()), machine),
        None => (None, machine),
    };
    let (host, port) = host_and_port(machine)?;
    if host.starts_with('-') || user.as_deref().is_some_and(|user| user.starts_with('-')) {
        return Err("it would be taken as an option of ssh");
    }
    Ok(SshTarget {
        user,
        host,
        port,
        socket,
    })
}

impl Address {
    /// Whether bytes sent there leave the machine or are encrypted on the way, so that compressing
    /// them pays: everything but a Unix socket.
    pub fn is_remote(&self) -> bool {
        !matches!(self, Self::Unix(_))
    }
}

/// As the docker CLI writes it.
impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unix(path) => write!(f, "unix://{}", path.display()),
            Self::Tcp { host, port, .. } if host.contains(':') => {
                write!(f, "tcp://[{host}]:{port}")
            }
            Self::Tcp { host, port, .. } => write!(f, "tcp://{host}:{port}"),
            Self::Ssh(target) => {
                f.write_str("ssh://")?;
                if let Some(user) = &target.user {
                    write!(f, "{user}@")?;
                }
                f.write_str(&target.host)?;
                if let Some(port) = target.port {
                    write!(f, ":{port}")?;
                }
                f.write_str(target.socket.as_deref().unwrap_or_default())
            }
        }
    }
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ContextOption(name) => write!(f, "context `{name}` named by --context"),
            Self::HostOption => f.write_str("--host"),
            Self::DockerHost => f.write_str("DOCKER_HOST"),
            Self::DockerContext(name) => write!(f, "context `{name}` named by DOCKER_CONTEXT"),
            Self::CurrentContext(name) => write!(f, "current context `{name}` of config.json"),
            Self::DefaultSocket => f.write_str("the default socket"),
            Self::RootlessSocket => f.write_str("the default socket without root privileges"),
            Self::ContainerHost => f.write_str("CONTAINER_HOST"),
            Self::PodmanSocket => f.write_str("a default socket of Podman"),
        }
    }
}

impl Why {
    /// Whether nothing named the address.
    pub(crate) fn is_default(&self) -> bool {
        matches!(
            self,
            Self::DefaultSocket | Self::RootlessSocket | Self::PodmanSocket
        )
    }
}
