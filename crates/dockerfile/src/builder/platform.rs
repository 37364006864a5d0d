//! `Platform`: the system that a stage is for.

use std::fmt;
use std::str::FromStr;

/// A platform such as `linux/arm64/v8`, or a variable that holds one.
///
/// ```
/// use shipload_dockerfile::builder::Platform;
///
/// let platform: Platform = "linux/arm/v7".parse()?;
/// assert_eq!(platform.to_string(), "linux/arm/v7");
/// assert!("linux arm".parse::<Platform>().is_err());
/// # Ok::<(), shipload_dockerfile::builder::PlatformError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Platform(String);

/// A text that is no platform.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is no platform such as `linux/arm64/v8`")]
pub struct PlatformError {
    /// The text.
    pub text: String,
}

impl Platform {
    /// The value of a variable: `BUILDPLATFORM`, `TARGETPLATFORM`, or a global argument.
    ///
    /// # Errors
    /// Where it is no name of a variable.
    pub fn variable(name: &str) -> Result<Self, PlatformError> {
        let letters = |c: char| c.is_ascii_alphanumeric() || c == '_';
        if name.is_empty()
            || name.starts_with(|c: char| c.is_ascii_digit())
            || !name.chars().all(letters)
        {
            return Err(PlatformError {
                text: format!("${name}"),
            });
        }
        Ok(Self(format!("${name}")))
    }
}

impl FromStr for Platform {
    type Err = PlatformError;

    fn from_str(text: &str) -> Result<Self, PlatformError> {
        let part = |part: &str| {
            let allowed = |c: char| c.is_ascii_alphanumeric() || "_.-".contains(c);
            !part.is_empty() && part.chars().all(allowed)
        };
        let parts = text.split('/').count();
        if parts > 3 || !text.split('/').all(part) {
            return Err(PlatformError {
                text: text.to_owned(),
            });
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
