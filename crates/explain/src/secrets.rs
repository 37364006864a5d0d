//! Secrets in a context: private keys, tokens and passwords that a build would send along, and may bake into an image.
//!
//! What is looked for stands in tables ([`secret_kinds`]): about 170 kinds, by the names of files, by forms that issuers publish,
//! and as random values that are called secrets. No secret ever leaves this module: a [`Hit`] says what and where, not which.

mod address;
mod assignment;
mod checksum;
mod form;
mod keys;
mod kinds;
mod names;
mod needles;
mod plausible;
mod proof;
mod report;
mod scan;
mod style;
mod text;

pub use kinds::{Confidence, SecretKind, secret_kinds};
pub use report::secret_findings;
pub(crate) use report::{hide_secrets, shown_instruction};
pub use scan::{Hit, Place, Scan, scan_secrets};
