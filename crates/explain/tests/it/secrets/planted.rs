//! A secret of every kind, made at run time so that none stands here, and beside it what looks alike and is none.

mod around;
mod files;

use shipload_explain::{SecretKind, secret_kinds};
use shipload_testkit::random::Random;

/// A file with a secret.
pub(super) struct Plant {
    pub(super) kind: &'static str,
    pub(super) path: String,
    pub(super) content: Vec<u8>,
    /// The line and column where the secret begins; none where it is the file.
    pub(super) place: Option<(u64, u64)>,
    /// Whether the file is found by its name.
    pub(super) is_name: bool,
    /// Files that have none.
    pub(super) twins: Vec<(String, Vec<u8>)>,
}

/// Everything, always the same.
pub(super) fn all() -> Vec<Plant> {
    let mut random = Random::new(7);
    let mut plants = Vec::new();
    for kind in secret_kinds() {
        plants.extend(of(kind, &mut random));
    }
    plants
}

fn of(kind: &'static SecretKind, random: &mut Random) -> Vec<Plant> {
    let id = kind.id;
    if let Some(plant) = files::plant(id, random).or_else(|| around::plant(id, random)) {
        return vec![plant];
    }
    let mut plants = Vec::new();
    for (number, form) in kind.forms.iter().enumerate() {
        for longest in [false, true] {
            let token = fixed(id, token(form, random, longest));
            let (before, name) = around(id, form);
            let text =
                |token: &str| format!("first line\n{before}{name}\"{token}\" # and on\nlast\n");
            let path = |what: &str| format!("{id}/{number}-{longest}-{what}.txt");
            let column = before.len() + name.len() + 2;
            let is_named = name.ends_with('=');
            let twins = innocent(id, form, &token, random, is_named)
                .into_iter()
                .enumerate();
            // The same value for something else.
            let other = format!("first line\nexport BUILD_ID=\"{token}\"\nlast\n");
            let other_name = is_named.then(|| (path("other"), other.into_bytes()));
            plants.push(Plant {
                kind: id,
                path: path("secret"),
                content: text(&token).into_bytes(),
                place: Some((2, column as u64)),
                is_name: false,
                twins: twins
                    .map(|(i, twin)| (path(&i.to_string()), text(&twin).into_bytes()))
                    .chain(other_name)
                    .collect(),
            });
        }
    }
    plants
}

/// What stands before a token: the name that tells a value, nothing for what tells itself.
fn around(id: &str, form: &str) -> (&'static str, String) {
    let words = [
        "heroku-legacy-key",
        "scaleway-secret-key",
        "twilio-auth-token",
        "twilio-key-secret",
        "resend-key",
        "airtable-token",
        "mailgun-api-key",
        "datadog-key",
        "discord-bot-token",
        "cloudflare-token",
        "fastly-token",
        "algolia-key",
        "okta-token",
        "wandb-key",
        "launchdarkly-key",
        "npm-legacy-token",
        "codecov-token",
        "linode-token",
        "hetzner-token",
        "pagerduty-key",
        "vercel-token",
        "openweather-key",
    ];
    let name = id
        .split('-')
        .next()
        .unwrap_or_default()
        .to_ascii_uppercase();
    match id {
        "npm-legacy-token" => ("", "//registry/:_authToken=".to_owned()),
        _ if words.contains(&id) => ("export ", format!("{name}_API_KEY=")),
        _ if form.starts_with("[?&]") => ("https://x.invalid/", String::new()),
        _ => ("see ", String::new()),
    }
}

/// A random text of a form, with the fewest or the most characters.
fn token(form: &str, random: &mut Random, longest: bool) -> String {
    fill(form, |set, _| *random.pick(set), longest)
}

/// A text of a form; `pick` is asked for each character of a class.
fn fill(form: &str, mut pick: impl FnMut(&[char], usize) -> char, longest: bool) -> String {
    let mut out = String::new();
    let mut rest = form;
    while let Some(first) = rest.chars().next() {
        rest = &rest[first.len_utf8()..];
        if first != '[' {
            out.push(first);
            continue;
        }
        let (class, tail) = rest.split_once(']').unwrap();
        let (count, tail) = match tail.strip_prefix('{') {
            Some(tail) => tail.split_once('}').unwrap(),
            None => ("1", tail),
        };
        let (least, most) = count.split_once(',').unwrap_or((count, count));
        let count = if longest && !most.is_empty() {
            most
        } else {
            least
        };
        let set = members(class);
        for i in 0..count.parse().unwrap() {
            out.push(pick(&set, i));
        }
        rest = tail;
    }
    out
}

fn members(class: &str) -> Vec<char> {
    let class: Vec<char> = class.chars().collect();
    let mut set = Vec::new();
    let mut i = 0;
    while i < class.len() {
        if i + 2 < class.len() && class[i + 1] == '-' {
            set.extend(class[i]..=class[i + 2]);
            i += 3;
        } else {
            set.push(class[i]);
            i += 1;
        }
    }
    set
}

/// The token with its checksum put right.
fn fixed(id: &str, token: String) -> String {
    match id {
        "github-personal-token" | "github-oauth-token" | "github-user-token" | "npm-token" => {
            let (prefix, body) = token.split_at(4);
            let payload = &body[..30];
            format!("{prefix}{payload}{}", base62(crc(payload.as_bytes())))
        }
        "age-secret-key" | "age-plugin-identity" | "nostr-secret-key" => bech32(&token),
        _ => token,
    }
}

/// CRC-32 as zlib has it.
fn crc(bytes: &[u8]) -> u32 {
    let table: Vec<u32> = (0..256_u32)
        .map(|n| {
            (0..8).fold(n, |c, _| {
                if c & 1 == 1 {
                    0xedb8_8320 ^ (c >> 1)
                } else {
                    c >> 1
                }
            })
        })
        .collect();
    !bytes.iter().fold(!0_u32, |crc, byte| {
        table[((crc ^ u32::from(*byte)) & 0xff) as usize] ^ (crc >> 8)
    })
}

fn base62(mut number: u32) -> String {
    let digits: Vec<char> = ('0'..='9').chain('A'..='Z').chain('a'..='z').collect();
    let mut out = Vec::new();
    for _ in 0..6 {
        out.push(digits[(number % 62) as usize]);
        number /= 62;
    }
    out.iter().rev().collect()
}

/// The same text with the checksum of BIP 173 at its end.
fn bech32(token: &str) -> String {
    let charset = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";
    let lower = token.to_ascii_lowercase();
    let (prefix, data) = lower.rsplit_once('1').unwrap();
    let data = &data[..data.len() - 6];
    let mut values: Vec<u32> = prefix
        .bytes()
        .map(|b| u32::from(b >> 5))
        .chain([0])
        .chain(prefix.bytes().map(|b| u32::from(b & 31)))
        .collect();
    values.extend(
        data.chars()
            .map(|c| u32::try_from(charset.find(c).unwrap()).unwrap()),
    );
    values.extend([0; 6]);
    let mut sum = 1_u32;
    for value in values {
        let top = sum >> 25;
        sum = (sum & 0x01ff_ffff) << 5 ^ value;
        for (i, term) in [
            0x3b6a_57b2,
            0x2650_8e6d,
            0x1ea1_19fa,
            0x3d42_33dd,
            0x2a14_62b3,
        ]
        .iter()
        .enumerate()
        {
            sum ^= if top >> i & 1 == 1 { *term } else { 0 };
        }
    }
    sum ^= 1;
    let check = (0..6).map(|i| charset.as_bytes()[(sum >> (5 * (5 - i)) & 31) as usize] as char);
    let whole: String = format!("{prefix}1{data}").chars().chain(check).collect();
    if token.starts_with(|c: char| c.is_ascii_uppercase()) {
        whole.to_ascii_uppercase()
    } else {
        whole
    }
}

/// What looks like a token and is none: one in a manual, one that is cut, one whose checksum is wrong.
fn innocent(id: &str, form: &str, token: &str, random: &mut Random, is_named: bool) -> Vec<String> {
    let same = |set: &[char], _| {
        *set.iter()
            .find(|c| "xX0aA".contains(**c))
            .unwrap_or(&set[0])
    };
    let counted = |set: &[char], i: usize| {
        let digits: Vec<char> = "0123456789abcdefghijklmnopqrstuvwxyz"
            .chars()
            .filter(|c| set.contains(c))
            .collect();
        *digits
            .get(i % digits.len().max(1))
            .unwrap_or(&set[i % set.len()])
    };
    let mut twins = vec![fill(form, same, false), fill(form, counted, false)];
    let cut: String = token.chars().take(token.chars().count() - 1).collect();
    let is_exact = form.ends_with('}')
        && form
            .rsplit('{')
            .next()
            .is_some_and(|count| !count.contains(','));
    if is_exact && !is_named {
        twins.push(cut);
        // It goes on.
        let more = token.chars().last().unwrap();
        twins.push(format!("{token}{more}"));
    }
    if id == "azure-storage-key" {
        // That of the emulator, which is the same everywhere.
        let known = "Eby8vdM02xNOcqFlqUwJ";
        let (name, key) = token.split_at("AccountKey=".len());
        twins.push(format!("{name}{known}{}", &key[known.len()..]));
    }
    if [
        "github-personal-token",
        "github-oauth-token",
        "github-user-token",
        "npm-token",
        "age-secret-key",
        "nostr-secret-key",
    ]
    .contains(&id)
    {
        twins.push(self::token(form, random, false));
    }
    twins
}
