//! Addresses with a password: `scheme://user:password@host`.

use std::ops::Range;

use super::plausible;
use super::text::Text;

/// Schemes of databases and queues.
const DATABASES: &[&[u8]] = &[
    b"postgres",
    b"postgresql",
    b"mysql",
    b"mariadb",
    b"mongodb",
    b"mongodb+srv",
    b"redis",
    b"rediss",
    b"amqp",
    b"amqps",
    b"mssql",
    b"sqlserver",
    b"clickhouse",
    b"cockroachdb",
    b"couchdb",
    b"neo4j",
    b"bolt",
    b"memcached",
    b"nats",
    b"ldaps",
    b"mysql2",
    b"mysqlx",
];

/// Passwords that stand for one, and those that everybody has.
const COMMON: &[&[u8]] = &[
    b"pass",
    b"pwd",
    b"user",
    b"secret",
    b"postgres",
    b"root",
    b"guest",
    b"mysql",
    b"mongo",
    b"redis",
    b"rabbit",
    b"foo",
    b"bar",
    b"baz",
    b"abc",
    b"1234",
    b"docker",
    b"name",
    b"login",
    b"key",
    b"prisma",
    b"django",
    b"rails",
    b"pw",
    b"auth",
    b"credential",
    b"oauth",
    b"basic",
];

/// Hosts of manuals.
const EXAMPLES: &[&[u8]] = &[
    b"example",
    b"localhost",
    b"127.0.0.1",
    b"host",
    b"server",
    b"0.0.0.0",
    b"[::1]",
    b"foo",
    b"domain",
    b"acme",
    b"test",
    b"my",
    b"some",
];

/// An address, in its parts.
struct Address<'t> {
    scheme: &'t [u8],
    user: &'t [u8],
    password: Range<usize>,
    host: &'t [u8],
}

pub(super) fn database(text: &Text<'_>, at: usize) -> Option<Range<usize>> {
    let address = Address::at(text, at)?;
    let password = &text.bytes[address.password.clone()];
    let is_database = DATABASES.contains(&address.scheme);
    (is_database && password.len() >= 6 && address.is_real(password)).then_some(address.password)
}

pub(super) fn web(text: &Text<'_>, at: usize) -> Option<Range<usize>> {
    let address = Address::at(text, at)?;
    let password = &text.bytes[address.password.clone()];
    let is_database = DATABASES.contains(&address.scheme);
    (!is_database && address.is_real(password) && plausible::is_secret(password))
        .then_some(address.password)
}

impl<'t> Address<'t> {
    /// The address whose `://` is behind `at`.
    fn at(text: &Text<'t>, at: usize) -> Option<Self> {
        let is_scheme =
            |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"+".contains(byte);
        let length = text.bytes[..=at]
            .iter()
            .rev()
            .take(16)
            .take_while(|byte| is_scheme(byte))
            .count();
        let scheme = &text.bytes[at + 1 - length..=at];
        let start = at + b"s://".len();
        let rest = &text.bytes[start..text.bytes.len().min(start + 320)];
        let ends = |byte: &u8| {
            byte.is_ascii_whitespace()
                || byte.is_ascii_control()
                || b"/?\"'`<>\\|,;(){}[]#$*&^".contains(byte)
                || *byte > 127
        };
        let authority = &rest[..rest.iter().position(ends).unwrap_or(rest.len())];
        let sign = memchr::memrchr(b'@', authority)?;
        let (userinfo, host) = (&authority[..sign], &authority[sign + 1..]);
        let colon = memchr::memchr(b':', userinfo)?;
        let user = &userinfo[..colon];
        let password = start + colon + 1..start + sign;
        (!host.is_empty() && !password.is_empty()).then_some(Self {
            scheme,
            user,
            password,
            host,
        })
    }

    /// Whether it is no address of a manual or a test.
    fn is_real(&self, password: &[u8]) -> bool {
        let lower = password.to_ascii_lowercase();
        let user = self.user.to_ascii_lowercase();
        let host = self.host.to_ascii_lowercase();
        let common = |word: &&[u8]| memchr::memmem::find(&lower, word).is_some();
        lower != user
            && !COMMON.iter().any(common)
            && !plausible::is_placeholder(password)
            && !plausible::has_run(password)
            && !password.starts_with(b"%")
            && !password.iter().all(|byte| *byte == password[0])
            && !EXAMPLES.iter().any(|word| host.starts_with(word))
            && memchr::memmem::find(&host, b"example").is_none()
    }
}
