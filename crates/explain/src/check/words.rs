//! Numbers and names as messages have them.

use shipload_context::{Semantics, show};

/// `1 file`, `12 files`.
pub(super) fn count(number: usize, one: &str, many: &str) -> String {
    let noun = if number == 1 { one } else { many };
    format!("{number} {noun}")
}

/// To three digits, in the decimal units in which docker shows sizes.
pub(super) fn size(bytes: u64) -> String {
    let units = ["kB", "MB", "GB", "TB", "PB", "EB"];
    if bytes < 1000 {
        return format!("{bytes} B");
    }
    #[expect(clippy::cast_precision_loss, reason = "three digits are shown")]
    let mut value = bytes as f64 / 1000.0;
    let mut unit = 0;
    while value >= 999.5 && unit + 1 < units.len() {
        value /= 1000.0;
        unit += 1;
    }
    let digits = match value {
        v if v < 9.995 => 2,
        v if v < 99.95 => 1,
        _ => 0,
    };
    format!("{value:.digits$} {}", units[unit])
}

/// A builder as the command line calls it.
pub(super) fn builder(semantics: Semantics) -> &'static str {
    match semantics {
        Semantics::Classic => "classic",
        Semantics::BuildKit => "buildkit",
        Semantics::Podman => "podman",
    }
}

/// A text of a file in a message.
pub(super) fn quoted(text: &[u8]) -> String {
    format!("`{}`", show(text))
}

/// `a`, `a and b`, `a, b and c`.
pub(super) fn list(words: &[String]) -> String {
    match words {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_lists_are_written_as_people_do() {
        let rows = [
            (999, "999 B"),
            (1536, "1.54 kB"),
            (120_000_000, "120 MB"),
            (u64::MAX, "18.4 EB"),
        ];
        for (bytes, text) in rows {
            assert_eq!(size(bytes), text);
        }
        assert_eq!(count(1, "file", "files"), "1 file");
        assert_eq!(count(0, "file", "files"), "0 files");
        let words = ["a", "b", "c"].map(str::to_owned);
        assert_eq!(list(&words), "a, b and c");
        assert_eq!(list(&words[..1]), "a");
    }
}
