//! `EntryPath`: the name of one entry inside a context.
//!
//! Every other module may rely on what is checked here; nobody checks again.

use std::cmp::Ordering;
use std::fmt;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

/// A clean, relative, `/`-separated path inside a context.
///
/// It is never empty, never starts or ends with `/`, holds no empty, `.` or `..` component and no NUL byte,
/// and is at most [`EntryPath::MAX_LEN`] bytes long. It holds bytes, not text, because tar and the Engine do.
///
/// Its order is by component: a directory is followed at once by what is below it, and siblings stand in byte
/// order of their names. That is the order of `docker build`'s archive, and the one BuildKit's receiver
/// demands.
///
/// ```
/// use shipload_context::EntryPath;
///
/// assert_eq!(EntryPath::new("./src//main.rs")?.to_string(), "src/main.rs");
/// assert!(EntryPath::new("a/x")? < EntryPath::new("a-b")?);
/// assert!(EntryPath::new("../secret").is_err());
/// # Ok::<(), shipload_context::PathError>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct EntryPath(Box<[u8]>);

/// Why a name cannot be a path inside a context.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PathError {
    /// Nothing is left of the name, as of `.`.
    #[error("`{0}` names the context itself, not a path inside it")]
    Empty(String),
    /// The name starts at the root of a file system.
    #[error("`{0}` is absolute; a path inside a context is relative")]
    Absolute(String),
    /// A `..` component would leave the context.
    #[error("`{0}` climbs out with `..`; a path inside a context cannot")]
    Climbs(String),
    /// The name holds a NUL byte, which no file system can store.
    #[error("`{0}` holds a NUL byte")]
    Nul(String),
    /// The name is longer than a kernel accepts, so that no builder could unpack it.
    #[error("a path of {len} bytes is longer than the {max} that a builder can unpack: `{start}…`", max = EntryPath::MAX_LEN)]
    TooLong {
        /// Its length in bytes.
        len: usize,
        /// How it begins.
        start: String,
    },
}

/// # Making one
impl EntryPath {
    /// The longest path in bytes: Linux' `PATH_MAX` of 4096 less the closing NUL.
    pub const MAX_LEN: usize = 4095;

    /// Makes a path from a name that somebody wrote, dropping `.` components and doubled or trailing slashes.
    ///
    /// # Errors
    /// [`PathError`] where the name is empty, absolute, too long, or holds NUL or any `..` component.
    pub fn new(name: impl AsRef<[u8]>) -> Result<Self, PathError> {
        Self::parse(name.as_ref(), |_| false)
    }

    /// Makes a path as [`EntryPath::new`], but resolves `..` by dropping the component before it, as
    /// archives' readers do.
    ///
    /// # Errors
    /// As [`EntryPath::new`]; `..` only where it would climb out of the context.
    pub fn cleaned(name: impl AsRef<[u8]>) -> Result<Self, PathError> {
        Self::parse(name.as_ref(), |parts| parts.pop().is_some())
    }

    fn parse(name: &[u8], climb: impl Fn(&mut Vec<&[u8]>) -> bool) -> Result<Self, PathError> {
        if name.first() == Some(&b'/') {
            return Err(PathError::Absolute(show(name)));
        }
        if name.contains(&0) {
            return Err(PathError::Nul(show(name)));
        }
        let mut parts: Vec<&[u8]> = Vec::new();
        for part in name.split(|&b| b == b'/') {
            match part {
                b"" | b"." => {}
                b".." => {
                    if !climb(&mut parts) {
                        return Err(PathError::Climbs(show(name)));
                    }
                }
                part => parts.push(part),
            }
        }
        let clean = parts.join(&b'/');
        if clean.is_empty() {
            return Err(PathError::Empty(show(name)));
        }
        Self::check_len(&clean)?;
        Ok(Self(clean.into_boxed_slice()))
    }

    /// Makes the path of `name` in the directory `parent`, which is empty for the root; the kernel vouches
    /// for `name`.
    pub(crate) fn child(parent: &[u8], name: &[u8]) -> Result<Self, PathError> {
        let mut path = Vec::with_capacity(parent.len() + 1 + name.len());
        if !parent.is_empty() {
            path.extend_from_slice(parent);
            path.push(b'/');
        }
        path.extend_from_slice(name);
        Self::check_len(&path)?;
        Ok(Self(path.into_boxed_slice()))
    }

    fn check_len(path: &[u8]) -> Result<(), PathError> {
        if path.len() > Self::MAX_LEN {
            let start = show(&path[..80]);
            return Err(PathError::TooLong {
                len: path.len(),
                start,
            });
        }
        Ok(())
    }
}

/// # Reading it
impl EntryPath {
    /// Its bytes, without leading or trailing slash.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The path of the directory it is in, or `None` at the root of the context.
    ///
    /// ```
    /// # use shipload_context::EntryPath;
    /// assert_eq!(EntryPath::new("a/b/c")?.parent(), Some(EntryPath::new("a/b")?));
    /// assert_eq!(EntryPath::new("a")?.parent(), None);
    /// # Ok::<(), shipload_context::PathError>(())
    /// ```
    pub fn parent(&self) -> Option<Self> {
        self.parent_bytes().map(|parent| Self(parent.into()))
    }

    pub(crate) fn parent_bytes(&self) -> Option<&[u8]> {
        self.0
            .iter()
            .rposition(|&b| b == b'/')
            .map(|slash| &self.0[..slash])
    }

    /// The last component.
    pub fn file_name(&self) -> &[u8] {
        self.0.rsplit(|&b| b == b'/').next().unwrap_or_default()
    }

    /// The components, outermost first.
    pub fn components(&self) -> impl DoubleEndedIterator<Item = &[u8]> {
        self.0.split(|&b| b == b'/')
    }

    /// How many components it has: 1 for a name at the root.
    pub fn depth(&self) -> usize {
        self.components().count()
    }

    /// Whether `self` is `ancestor` or lies below it.
    pub fn starts_with(&self, ancestor: &EntryPath) -> bool {
        match self.0.strip_prefix(ancestor.as_bytes()) {
            Some(rest) => rest.is_empty() || rest[0] == b'/',
            None => false,
        }
    }

    /// This path below `base`.
    ///
    /// # Errors
    /// [`PathError::TooLong`], nothing else.
    pub fn below(&self, base: &EntryPath) -> Result<Self, PathError> {
        Self::child(base.as_bytes(), self.as_bytes())
    }
}

impl Ord for EntryPath {
    fn cmp(&self, other: &Self) -> Ordering {
        compare(&self.0, &other.0)
    }
}

impl PartialOrd for EntryPath {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// Component order in one pass: NUL cannot occur, so `/` may stand for a byte below all others.
pub(crate) fn compare(a: &[u8], b: &[u8]) -> Ordering {
    let rank = |byte: u8| if byte == b'/' { 0 } else { byte };
    match a.iter().zip(b).find(|(x, y)| x != y) {
        Some((&x, &y)) => rank(x).cmp(&rank(y)),
        None => a.len().cmp(&b.len()),
    }
}

impl AsRef<[u8]> for EntryPath {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl std::str::FromStr for EntryPath {
    type Err = PathError;

    fn from_str(text: &str) -> Result<Self, PathError> {
        Self::new(text)
    }
}

/// Prints it for a person: see [`show`].
impl fmt::Display for EntryPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&show(&self.0))
    }
}

impl fmt::Debug for EntryPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{self}`")
    }
}

/// A name as a person may see it on any terminal: text as it is, but control and bidirectional characters, line ends and what
/// is not seen as `\u{…}`, and bytes that are not UTF-8 as `\xNN`, so that a file name can neither hide nor command anything. The
/// joiners U+200C and U+200D stay, which scripts and emoji need.
///
/// ```
/// use shipload_context::show;
///
/// assert_eq!(show("naïve.txt".as_bytes()), "naïve.txt");
/// assert_eq!(show(b"a\xff\x1b[2J"), "a\\xff\\u{1b}[2J");
/// assert_eq!(show("a\u{feff}b\u{2028}".as_bytes()), "a\\u{feff}b\\u{2028}");
/// ```
pub fn show(name: &[u8]) -> String {
    use std::fmt::Write as _;
    let mut out = String::with_capacity(name.len());
    for chunk in name.utf8_chunks() {
        // Most names are printable ASCII, which is copied in runs.
        let mut rest = chunk.valid();
        while !rest.is_empty() {
            let other = rest.bytes().position(|byte| !matches!(byte, b' '..=b'~'));
            let (plain, others) = rest.split_at(other.unwrap_or(rest.len()));
            out.push_str(plain);
            let mut others = others.chars();
            if let Some(c) = others.next() {
                if c.is_control() || deceives(c) {
                    let _ = write!(out, "\\u{{{:x}}}", u32::from(c));
                } else {
                    out.push(c);
                }
            }
            rest = others.as_str();
        }
        for byte in chunk.invalid() {
            let _ = write!(out, "\\x{byte:02x}");
        }
    }
    out
}

/// Whether a character turns text around, ends a line, or is not seen.
fn deceives(c: char) -> bool {
    matches!(
        c,
        '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}'
    )
}

/// As [`show`], for a path of this machine.
pub(crate) fn show_path(path: &Path) -> String {
    show(path.as_os_str().as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_cleaned_or_refused() {
        let rows: &[(&str, Result<&str, &str>)] = &[
            ("a", Ok("a")),
            ("./a/", Ok("a")),
            ("a//b/./c", Ok("a/b/c")),
            ("a..b/...", Ok("a..b/...")),
            ("", Err("`` names the context itself, not a path inside it")),
            (
                "./.",
                Err("`./.` names the context itself, not a path inside it"),
            ),
            (
                "/a",
                Err("`/a` is absolute; a path inside a context is relative"),
            ),
            (
                "a/../b",
                Err("`a/../b` climbs out with `..`; a path inside a context cannot"),
            ),
            ("a\0b", Err("`a\\u{0}b` holds a NUL byte")),
        ];
        for (name, expected) in rows {
            let got = EntryPath::new(name)
                .map(|p| p.to_string())
                .map_err(|e| e.to_string());
            assert_eq!(
                got,
                expected.map(str::to_owned).map_err(str::to_owned),
                "{name:?}"
            );
        }
        let long = "x/".repeat(2048);
        assert!(
            matches!(EntryPath::new(&long[..4095]), Ok(p) if p.as_bytes().len() == 4095 - 1 || p.as_bytes().len() == 4095)
        );
        assert!(matches!(
            EntryPath::new("x".repeat(4096)),
            Err(PathError::TooLong { len: 4096, .. })
        ));
    }

    #[test]
    fn cleaning_resolves_what_stays_inside() {
        let clean = |name: &str| {
            EntryPath::cleaned(name)
                .map(|p| p.to_string())
                .map_err(|e| e.to_string())
        };
        assert_eq!(clean("a/../b").as_deref(), Ok("b"));
        assert!(clean("a/../../b").is_err());
        assert!(clean("a/..").is_err());
    }

    #[test]
    fn order_is_by_component() {
        let mut names = ["a-b", "a/x", "a", "a.txt", "a/x-y", "a/x/y", "B", "é"]
            .map(|n| EntryPath::new(n).unwrap());
        names.sort();
        let sorted: Vec<_> = names.iter().map(ToString::to_string).collect();
        assert_eq!(
            sorted,
            ["B", "a", "a/x", "a/x/y", "a/x-y", "a-b", "a.txt", "é"]
        );
    }

    #[test]
    fn what_is_shown_neither_hides_nor_commands() {
        let rows: &[(&[u8], &str)] = &[
            (b"", ""),
            (b" ~", " ~"),
            (b"a\x7fb\n", "a\\u{7f}b\\u{a}"),
            ("é\u{85}ü.txt".as_bytes(), "é\\u{85}ü.txt"),
            ("a\u{202e}gpj\u{61c}".as_bytes(), "a\\u{202e}gpj\\u{61c}"),
            (b"\xff\x1b[2Ja\xe2\x80", "\\xff\\u{1b}[2Ja\\xe2\\x80"),
        ];
        for (name, expected) in rows {
            assert_eq!(show(name), *expected, "{name:?}");
        }
    }
}
