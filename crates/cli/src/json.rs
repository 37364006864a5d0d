//! What all JSON results have in common.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};

/// Adds bytes that are mostly text, such as a path: under `key`, or base64-encoded under `key` and `_b64` where they are not
/// UTF-8.
pub(crate) fn insert(object: &mut Map<String, Value>, key: &str, bytes: &[u8]) {
    match std::str::from_utf8(bytes) {
        Ok(text) => object.insert(key.to_owned(), text.into()),
        Err(_) => object.insert(format!("{key}_b64"), STANDARD.encode(bytes).into()),
    };
}
