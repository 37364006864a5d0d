//! `Port`: what an image listens on.

use std::fmt;
use std::str::FromStr;

/// A port or a range of ports.
///
/// ```
/// use shipload_dockerfile::DockerfileBuilder;
/// use shipload_dockerfile::builder::{Port, Protocol};
///
/// let mut file = DockerfileBuilder::new("scratch")?;
/// file.expose([Port::from(80), Port::new(53, Protocol::Udp), "8000-8010/sctp".parse()?])?.finalize()?;
/// assert_eq!(file.text(), "FROM scratch\nEXPOSE 80 53/udp 8000-8010/sctp\n");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Port(String);

/// The protocol of a port.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Protocol {
    /// The default.
    #[default]
    Tcp,
    /// UDP.
    Udp,
    /// SCTP.
    Sctp,
}

/// A text that is no port.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is no port such as `80`, `53/udp` or `8000-8010`")]
pub struct PortError {
    /// The text.
    pub text: String,
}

impl Port {
    /// This port.
    pub fn new(port: u16, protocol: Protocol) -> Self {
        match protocol {
            Protocol::Tcp => Self(port.to_string()),
            Protocol::Udp => Self(format!("{port}/udp")),
            Protocol::Sctp => Self(format!("{port}/sctp")),
        }
    }
}

impl From<u16> for Port {
    fn from(port: u16) -> Self {
        Self::new(port, Protocol::Tcp)
    }
}

impl FromStr for Port {
    type Err = PortError;

    fn from_str(text: &str) -> Result<Self, PortError> {
        let fail = || PortError {
            text: text.to_owned(),
        };
        let (ports, protocol) = text.split_once('/').unwrap_or((text, "tcp"));
        let number = |text: &str| {
            let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
            digits.then(|| text.parse::<u16>().ok()).flatten()
        };
        let (first, last) = ports.split_once('-').unwrap_or((ports, ports));
        let (first, last) = number(first).zip(number(last)).ok_or_else(fail)?;
        if first > last || !["tcp", "udp", "sctp"].contains(&protocol) {
            return Err(fail());
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for Port {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
