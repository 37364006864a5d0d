//! Text that must never be shown: passwords and tokens.
//!
//! The type has no `Display`, its `Debug` is redacted, and no error of this crate holds one.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A password or a token, whose value appears in no log, no error and no `Debug` output.
///
/// Serializing writes the value: that is how it reaches the engine's header, and only there.
///
/// ```
/// let secret = shipload_engine::Secret::new("hunter2");
/// assert_eq!(format!("{secret:?}"), "Secret(…)");
/// assert_eq!(secret.expose(), "hunter2");
/// ```
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// Wraps `value`.
    pub fn new(value: impl Into<String>) -> Self {
        Self(value.into())
    }

    /// The value itself, for the one place that sends it.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Whether there is nothing to hide.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}
