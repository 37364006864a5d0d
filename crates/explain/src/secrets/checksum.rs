//! Checksums within tokens, by which a token is told from a text that only looks like one.

/// The digits of base 62, as GitHub and npm write them.
const BASE62: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// The characters of bech32 (BIP 173).
const BECH32: &[u8; 32] = b"qpzry9x8gf2tvdw0s3jn54khce6mua7l";

/// How many digits a CRC-32 has in GitHub's and npm's tokens.
const DIGITS: usize = 6;

/// Whether the last six characters are the CRC-32 of those before, the prefix up to the first `_` left out: GitHub's, npm's.
pub(super) fn has_crc(token: &[u8]) -> bool {
    let body = token.iter().position(|&byte| byte == b'_');
    let body = &token[body.map_or(0, |at| at + 1)..];
    let Some((payload, sum)) = body.split_at_checked(body.len().saturating_sub(DIGITS)) else {
        return false;
    };
    crc_digits(payload) == sum
}

/// The CRC-32 (ISO 3309) of `payload` in six digits of base 62.
fn crc_digits(payload: &[u8]) -> [u8; DIGITS] {
    let mut crc = u32::MAX;
    for &byte in payload {
        crc ^= u32::from(byte);
        for _ in 0..8 {
            let carry = crc & 1 == 1;
            crc = crc >> 1 ^ if carry { 0xedb8_8320 } else { 0 };
        }
    }
    let mut rest = !crc;
    let mut digits = [b'0'; DIGITS];
    for digit in digits.iter_mut().rev() {
        *digit = BASE62[(rest % 62) as usize];
        rest /= 62;
    }
    digits
}

/// Whether a text is bech32 (BIP 173) of any case, its checksum included: age's secret keys.
pub(super) fn is_bech32(text: &[u8]) -> bool {
    let Some(one) = text.iter().rposition(|&byte| byte == b'1') else {
        return false;
    };
    let (prefix, data) = (&text[..one], &text[one + 1..]);
    let lower = |byte: &u8| byte.to_ascii_lowercase();
    let values = prefix.iter().map(lower).map(|byte| byte >> 5);
    let values = values.chain([0]);
    let mut values: Vec<u8> = values
        .chain(prefix.iter().map(lower).map(|byte| byte & 31))
        .collect();
    for byte in data {
        let Some(value) = BECH32.iter().position(|known| *known == lower(byte)) else {
            return false;
        };
        values.push(u8::try_from(value).unwrap_or_default());
    }
    polymod(&values) == 1
}

/// The checksum of BIP 173.
fn polymod(values: &[u8]) -> u32 {
    const GENERATOR: [u32; 5] = [
        0x3b6a_57b2,
        0x2650_8e6d,
        0x1ea1_19fa,
        0x3d42_33dd,
        0x2a14_62b3,
    ];
    values.iter().fold(1, |sum: u32, &value| {
        let top = sum >> 25;
        let next = (sum & 0x01ff_ffff) << 5 ^ u32::from(value);
        let terms = GENERATOR.iter().enumerate();
        terms.fold(
            next,
            |next, (i, term)| if top >> i & 1 == 1 { next ^ term } else { next },
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A token of GitHub's that was published after it had been revoked, in parts.
    #[test]
    fn githubs_own_token_has_its_checksum() {
        let token = ["ghp", "_zQWBuTSOoRi4A9spHcVY5ncnsDkxkJ", "0mLq17"].concat();
        assert!(has_crc(token.as_bytes()));
        assert!(!has_crc(token.replace("zQW", "zQX").as_bytes()));
        assert!(!has_crc(b"ghp_"));
    }

    /// The valid and the invalid examples of BIP 173.
    #[test]
    fn bech32_is_that_of_bip_173() {
        for text in [
            "A12UEL5L",
            "abcdef1qpzry9x8gf2tvdw0s3jn54khce6mua7lmqqqxw",
            "split1checkupstagehandshakeupstreamerranterredcaperred2y9e3w",
        ] {
            assert!(is_bech32(text.as_bytes()), "{text}");
        }
        for text in ["A1G7SGD8", "x1b4n0q5v", "de1lg7wt", "pzry9x0s0muk"] {
            assert!(!is_bech32(text.as_bytes()), "{text}");
        }
    }
}
