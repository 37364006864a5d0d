//! Releases of BuildKit.

use std::fmt;
use std::str::FromStr;

use crate::client::ApiVersion;
use crate::environment::VariableError;

/// Which BuildKit an Engine has at least, by the newest version of its API: for those that do not say.
const BY_API: &[(u16, BuildKitVersion)] = &[
    (38, BuildKitVersion::new(0, 3)),
    (40, BuildKitVersion::new(0, 6)),
    (41, BuildKitVersion::new(0, 8)),
    (42, BuildKitVersion::new(0, 10)),
    (43, BuildKitVersion::new(0, 11)),
    (44, BuildKitVersion::new(0, 12)),
    (45, BuildKitVersion::new(0, 13)),
    (46, BuildKitVersion::new(0, 14)),
    (48, BuildKitVersion::new(0, 20)),
    (52, BuildKitVersion::new(0, 25)),
];

/// A release of BuildKit, such as 0.13.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BuildKitVersion {
    /// Before the first dot.
    pub major: u16,
    /// After it.
    pub minor: u16,
}

impl BuildKitVersion {
    pub(super) const fn new(major: u16, minor: u16) -> Self {
        Self { major, minor }
    }

    pub(super) fn of_engine(api: ApiVersion) -> Option<Self> {
        let is_older = |(minor, _): &&(u16, Self)| api.major == 1 && *minor <= api.minor;
        BY_API.iter().rfind(is_older).map(|(_, version)| *version)
    }
}

/// Reads `v0.13.2`, and what distributions make of it, such as `0.12.5+ds1`.
impl FromStr for BuildKitVersion {
    type Err = VariableError;

    fn from_str(text: &str) -> Result<Self, VariableError> {
        let mut parts = text
            .strip_prefix('v')
            .unwrap_or(text)
            .split(['.', '-', '+']);
        let mut number = || parts.next()?.parse().ok();
        number()
            .and_then(|major| Some(Self::new(major, number()?)))
            .ok_or_else(|| VariableError {
                name: "the version of BuildKit",
                value: text.to_owned(),
                wanted: "a version such as 0.13.2",
            })
    }
}

impl fmt::Display for BuildKitVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}
