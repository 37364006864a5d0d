//! `Digest`: the name of a blob.

use std::fmt;
use std::str::FromStr;

/// The name of a blob, made of its content: `sha256:` and 64 hexadecimal digits; `sha384:` and `sha512:` with as many as they have.
///
/// There is no other, so a path that is made of one has no separator, no dot and no surprise in it.
///
/// ```
/// use shipload_engine::Digest;
///
/// let text = format!("sha256:{}", "0f".repeat(32));
/// assert_eq!(text.parse::<Digest>()?.to_string(), text);
/// assert!("sha256:../../etc/passwd".parse::<Digest>().is_err());
/// # Ok::<(), shipload_engine::DigestError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest {
    algorithm: Algorithm,
    hex: String,
}

/// What is no digest.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no digest")]
pub struct DigestError(
    /// The text.
    pub String,
);

/// How a digest is made: what OCI registers and Go's `go-digest` knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Algorithm {
    Sha256,
    Sha384,
    Sha512,
}

impl Algorithm {
    const ALL: [Self; 3] = [Self::Sha256, Self::Sha384, Self::Sha512];

    const fn name(self) -> &'static str {
        match self {
            Self::Sha256 => "sha256",
            Self::Sha384 => "sha384",
            Self::Sha512 => "sha512",
        }
    }

    /// How many hexadecimal digits it has.
    const fn digits(self) -> usize {
        match self {
            Self::Sha256 => 64,
            Self::Sha384 => 96,
            Self::Sha512 => 128,
        }
    }
}

impl Digest {
    /// That of a blob whose SHA-256 this is.
    pub(crate) fn sha256(bytes: &[u8; 32]) -> Self {
        Self {
            algorithm: Algorithm::Sha256,
            hex: crate::random::hex(bytes),
        }
    }

    /// The names of the algorithms.
    pub(crate) fn algorithms() -> impl Iterator<Item = &'static str> {
        Algorithm::ALL.into_iter().map(Algorithm::name)
    }

    /// The name of its algorithm, as in paths.
    pub(crate) fn algorithm(&self) -> &'static str {
        self.algorithm.name()
    }

    /// Its hexadecimal digits, in lower case.
    pub(crate) fn hex(&self) -> &str {
        &self.hex
    }
}

/// Reads what `Display` shows.
impl FromStr for Digest {
    type Err = DigestError;

    fn from_str(text: &str) -> Result<Self, DigestError> {
        let read = || {
            let (name, hex) = text.split_once(':')?;
            let mut algorithms = Algorithm::ALL.into_iter();
            let algorithm = algorithms.find(|algorithm| algorithm.name() == name)?;
            let is_digit = |byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
            let fits = hex.len() == algorithm.digits() && hex.bytes().all(is_digit);
            fits.then(|| Self {
                algorithm,
                hex: hex.to_owned(),
            })
        };
        read().ok_or_else(|| DigestError(text.to_owned()))
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.algorithm.name(), self.hex)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_digests_are_read() {
        let hex = |digits: usize| "a0".repeat(digits / 2);
        for (name, digits) in [("sha256", 64), ("sha384", 96), ("sha512", 128)] {
            let text = format!("{name}:{}", hex(digits));
            assert_eq!(text.parse::<Digest>().unwrap().to_string(), text);
            for (name, digits) in [(name, digits - 2), (name, digits + 2), ("md5", 32)] {
                let text = format!("{name}:{}", hex(digits));
                assert_eq!(text.parse::<Digest>(), Err(DigestError(text)));
            }
        }
        for text in [
            String::new(),
            "sha256".to_owned(),
            "sha256:".to_owned(),
            hex(64),
            format!("SHA256:{}", hex(64)),
            format!("sha256:{}", hex(64).to_uppercase()),
            format!("sha256:../{}", hex(60)),
            format!("sha256/../{}", hex(64)),
            format!("sha256:{}\0a", hex(62)),
            format!("sha256:{}é", hex(62)),
            format!(" sha256:{}", hex(64)),
        ] {
            assert!(text.parse::<Digest>().is_err(), "{text}");
        }
    }
}
