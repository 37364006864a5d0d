//! Values of `build`'s arguments, read as docker reads them.

use std::net::IpAddr;
use std::str::FromStr;

use shipload::engine::Ulimit;

use crate::size::Size;

/// `KEY[=VALUE]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Label {
    pub(super) key: String,
    pub(super) value: String,
}

impl FromStr for Label {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (key, value) = text.split_once('=').unwrap_or((text, ""));
        if key.is_empty() {
            return Err("the key is missing".to_owned());
        }
        Ok(Self {
            key: key.to_owned(),
            value: value.to_owned(),
        })
    }
}

/// `HOST:IP` or `HOST=IP`, as the engine wants it: `HOST:IP`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ExtraHost(pub(super) String);

impl FromStr for ExtraHost {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (host, address) = text
            .split_once('=')
            .or_else(|| text.split_once(':'))
            .filter(|(host, _)| !host.is_empty())
            .ok_or("it is HOST:IP")?;
        let bare = address
            .strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'))
            .unwrap_or(address);
        // The engine's word for its own address.
        if bare != "host-gateway" && bare.parse::<IpAddr>().is_err() {
            return Err(format!("`{bare}` is no IP address"));
        }
        Ok(Self(format!("{host}:{bare}")))
    }
}

/// A size, or -1 for no limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct SwapLimit(pub(super) i64);

impl FromStr for SwapLimit {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "-1" {
            return Ok(Self(-1));
        }
        let Size(bytes) = text.parse()?;
        i64::try_from(bytes)
            .map(Self)
            .map_err(|_| format!("`{text}` is too large"))
    }
}

/// `NAME=SOFT[:HARD]`; the hard limit is the soft one where none is given, and -1 is no limit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct UlimitArgument(pub(super) Ulimit);

/// The names that Linux and the Engine know.
const ULIMITS: &[&str] = &[
    "core",
    "cpu",
    "data",
    "fsize",
    "locks",
    "memlock",
    "msgqueue",
    "nice",
    "nofile",
    "nproc",
    "rss",
    "rtprio",
    "rttime",
    "sigpending",
    "stack",
];

impl FromStr for UlimitArgument {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, limits) = text.split_once('=').ok_or("it is NAME=SOFT[:HARD]")?;
        if !ULIMITS.contains(&name) {
            return Err(format!(
                "there is no limit `{name}`, only {}",
                ULIMITS.join(", ")
            ));
        }
        let number = |text: &str| {
            text.parse::<i64>()
                .map_err(|_| format!("`{text}` is no number"))
        };
        let (soft, hard) = match limits.split_once(':') {
            Some((soft, hard)) => (number(soft)?, number(hard)?),
            None => (number(limits)?, number(limits)?),
        };
        if hard != -1 && (soft > hard || soft == -1) {
            return Err("the soft limit is above the hard one".to_owned());
        }
        Ok(Self(Ulimit {
            name: name.to_owned(),
            soft,
            hard,
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts() {
        for (text, host) in [
            ("a:10.0.0.1", "a:10.0.0.1"),
            ("a=10.0.0.1", "a:10.0.0.1"),
            ("a:::1", "a:::1"),
            ("a=[::1]", "a:::1"),
            ("a:host-gateway", "a:host-gateway"),
        ] {
            assert_eq!(text.parse(), Ok(ExtraHost(host.to_owned())), "{text}");
        }
        for text in ["", "a", ":1.2.3.4", "a:b", "a=1.2.3"] {
            assert!(text.parse::<ExtraHost>().is_err(), "{text}");
        }
    }

    #[test]
    fn ulimits() {
        for (text, soft, hard) in [
            ("nofile=1024", 1024, 1024),
            ("nofile=1024:2048", 1024, 2048),
            ("core=0:-1", 0, -1),
            ("core=-1", -1, -1),
        ] {
            let UlimitArgument(limit) = text.parse().unwrap();
            assert_eq!((limit.soft, limit.hard), (soft, hard), "{text}");
        }
        for text in [
            "nofile",
            "nofile=",
            "nofile=x",
            "files=1",
            "nofile=2:1",
            "nofile=-1:5",
        ] {
            assert!(text.parse::<UlimitArgument>().is_err(), "{text}");
        }
    }

    #[test]
    fn swap() {
        for (text, limit) in [("-1", Ok(SwapLimit(-1))), ("1k", Ok(SwapLimit(1024)))] {
            assert_eq!(text.parse(), limit);
        }
        assert!("-2".parse::<SwapLimit>().is_err());
    }
}
