//! Sizes as people write and read them.

use std::fmt;
use std::str::FromStr;

/// A number of bytes, written as docker reads `--memory`: `b`, `k`, `m`, `g`, `t` and `p` count in steps of 1024, a `b` or
/// `ib` after them changes nothing, case does not matter, and a fraction is fine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Size(pub(crate) u64);

impl FromStr for Size {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let fail = || format!("`{text}` is no size; write it as `500k`, `20m` or `1.5g`");
        let lower = text.trim().to_ascii_lowercase();
        let digits = lower
            .find(|c: char| !c.is_ascii_digit() && c != '.')
            .unwrap_or(lower.len());
        let (number, unit) = lower.split_at(digits);
        let unit = unit.trim_start();
        let letter = unit
            .strip_suffix("ib")
            .or_else(|| unit.strip_suffix('b'))
            .unwrap_or(unit);
        let power = match letter {
            "" if !unit.ends_with("ib") => 0,
            "k" => 1,
            "m" => 2,
            "g" => 3,
            "t" => 4,
            "p" => 5,
            _ => return Err(fail()),
        };
        let factor = 1_u64 << (10 * power);
        if let Ok(whole) = number.parse::<u64>() {
            return whole.checked_mul(factor).map(Self).ok_or_else(fail);
        }
        let fraction: f64 = number.parse().map_err(|_| fail())?;
        #[expect(clippy::cast_precision_loss, reason = "the factor is a power of two")]
        let bytes = fraction * factor as f64;
        // Beyond this a fraction of a byte could not be told from the next whole one.
        if !(0.0..=9_007_199_254_740_992.0).contains(&bytes) {
            return Err(fail());
        }
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "checked above; docker drops the fraction of a byte as well"
        )]
        let bytes = bytes as u64;
        Ok(Self(bytes))
    }
}

/// To three digits, in the decimal units in which docker shows sizes: `0 B`, `12.3 kB`, `1.20 GB`.
impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 < 1000 {
            return write!(f, "{} B", self.0);
        }
        #[expect(clippy::cast_precision_loss, reason = "three digits are shown")]
        let mut value = self.0 as f64;
        let mut units = ["kB", "MB", "GB", "TB", "PB", "EB"].into_iter();
        let mut unit = "B";
        while value >= 999.5 {
            let Some(next) = units.next() else { break };
            (value, unit) = (value / 1000.0, next);
        }
        let digits = match value {
            v if v < 9.995 => 2,
            v if v < 99.95 => 1,
            _ => 0,
        };
        write!(f, "{value:.digits$} {unit}")
    }
}

/// A count with its thousands apart: `12,345`.
pub(crate) fn grouped(count: u64) -> String {
    let digits = count.to_string();
    let mut out = String::with_capacity(digits.len() * 4 / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// A number of entries: `1 entry`, `12,345 entries`.
pub(crate) fn entries(count: u64) -> String {
    let noun = if count == 1 { "entry" } else { "entries" };
    format!("{} {noun}", grouped(count))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_as_docker_reads_them() {
        // As `units.RAMInBytes` of docker/go-units.
        for (text, bytes) in [
            ("0", 0),
            ("32", 32),
            ("32b", 32),
            ("32B", 32),
            ("32k", 32 << 10),
            ("32K", 32 << 10),
            ("32kb", 32 << 10),
            ("32KiB", 32 << 10),
            ("32Mb", 32 << 20),
            ("32 mb", 32 << 20),
            ("1.5g", 3 << 29),
            ("0.3k", 307),
            (".3k", 307),
            ("3.k", 3072),
            ("2t", 2 << 40),
            ("32p", 32 << 50),
        ] {
            assert_eq!(text.parse(), Ok(Size(bytes)), "{text}");
        }
        for text in [
            "",
            "k",
            "-1",
            "1x",
            "1ib",
            "1..2k",
            ".k",
            "1e3",
            "32 m b",
            "99999999p",
        ] {
            assert!(text.parse::<Size>().is_err(), "{text}");
        }
    }

    #[test]
    fn sizes_are_shown_to_three_digits() {
        for (bytes, text) in [
            (0, "0 B"),
            (999, "999 B"),
            (1000, "1.00 kB"),
            (1536, "1.54 kB"),
            (99_960, "100 kB"),
            (999_499, "999 kB"),
            (999_500, "1.00 MB"),
            (12_345_678, "12.3 MB"),
            (u64::MAX, "18.4 EB"),
        ] {
            assert_eq!(Size(bytes).to_string(), text);
        }
    }

    #[test]
    fn thousands_stand_apart() {
        for (count, text) in [
            (0, "0"),
            (999, "999"),
            (1000, "1,000"),
            (1_234_567, "1,234,567"),
        ] {
            assert_eq!(grouped(count), text);
        }
    }

    #[test]
    fn one_entry_is_an_entry() {
        for (count, text) in [(0, "0 entries"), (1, "1 entry"), (1234, "1,234 entries")] {
            assert_eq!(entries(count), text);
        }
    }
}
