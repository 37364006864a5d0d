//! What kind of text a file is, by its name and its first bytes.

use super::text::Style;

/// How many of the first bytes tell.
pub(super) const HEAD: usize = 1024;

/// Extensions of source code, in which values stand in quotes.
const CODE: &[&str] = &[
    "rs", "c", "h", "cc", "cpp", "cxx", "hpp", "go", "java", "kt", "kts", "scala", "js", "jsx",
    "mjs", "cjs", "ts", "tsx", "vue", "svelte", "py", "pyi", "rb", "php", "cs", "fs", "swift", "m",
    "mm", "pl", "pm", "lua", "dart", "ex", "exs", "erl", "hs", "ml", "clj", "groovy", "gradle",
    "r", "jl", "zig", "sql", "html", "htm", "css", "scss", "less", "md", "rst", "tex", "vim", "el",
    "lisp", "pyx", "proto", "graphql", "nim", "v", "sv", "s", "asm", "d", "po", "pot", "diff",
    "patch", "ipynb", "json", "csv", "tsv", "log", "1", "3", "5", "7", "8",
];

/// Extensions of what programs write.
const MADE: &[&str] = &[
    "lock", "map", "svg", "sum", "lockb", "snap", "pyc", "so", "a", "o", "rlib", "rmeta", "class",
    "jar", "wasm", "pdf", "sha256", "md5", "bib", "eps", "ps", "pem", "crt", "cer", "csr", "asc",
    "sig", "der",
];

/// Names of what programs write.
const MADE_NAMES: &[&str] = &[
    "package-lock.json",
    "npm-shrinkwrap.json",
    "pnpm-lock.yaml",
    "go.sum",
    "Package.resolved",
    "Podfile.lock",
    "packages.lock.json",
    ".cargo-checksum.json",
    ".cargo_vcs_info.json",
    "RECORD",
    "SHA256SUMS",
    "md5sums",
    "Cargo.toml.orig",
];

/// What was told of a file.
pub(super) struct Told {
    pub(super) style: Style,
    pub(super) encoding: Encoding,
}

/// How characters are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Encoding {
    /// A byte each, or UTF-8: secrets are ASCII.
    Bytes,
    /// UTF-16, the low byte first.
    Utf16Le,
    /// UTF-16, the high byte first.
    Utf16Be,
}

/// Tells of a file by its path and the beginning of its content.
pub(super) fn of(path: &[u8], content: &[u8]) -> Told {
    let head = &content[..content.len().min(HEAD)];
    let encoding = encoding(head);
    let is_binary = encoding == Encoding::Bytes && memchr::memchr(0, head).is_some();
    let style = if is_binary {
        Style::Made
    } else {
        by_name(path)
    };
    Told { style, encoding }
}

fn by_name(path: &[u8]) -> Style {
    let name = path.rsplit(|byte| *byte == b'/').next().unwrap_or_default();
    let name = String::from_utf8_lossy(name);
    let (stem, extension) = name.rsplit_once('.').unwrap_or((&name, ""));
    let extension = extension.to_ascii_lowercase();
    let is_made = MADE.contains(&extension.as_str())
        || MADE_NAMES.contains(&&*name)
        || stem.strip_suffix(".min").is_some()
        || stem.ends_with("-lock");
    match () {
        () if is_made => Style::Made,
        () if CODE.contains(&extension.as_str()) => Style::Code,
        () => Style::Plain,
    }
}

fn encoding(head: &[u8]) -> Encoding {
    match head {
        [0xff, 0xfe, ..] => return Encoding::Utf16Le,
        [0xfe, 0xff, ..] => return Encoding::Utf16Be,
        _ => {}
    }
    // Without a mark: one byte of each two is NUL.
    let nul = |first: usize| {
        head.iter()
            .skip(first)
            .step_by(2)
            .filter(|byte| **byte == 0)
            .count()
    };
    let units = head.len() / 2;
    match (nul(0), nul(1)) {
        _ if units < 8 => Encoding::Bytes,
        (0, odd) if odd * 10 >= units * 9 => Encoding::Utf16Le,
        (even, 0) if even * 10 >= units * 9 => Encoding::Utf16Be,
        _ => Encoding::Bytes,
    }
}

impl Encoding {
    /// The text in UTF-8; what is not text is replaced.
    pub(super) fn decode(self, bytes: &[u8]) -> Vec<u8> {
        let units = bytes.chunks_exact(2).map(|two| match self {
            Self::Utf16Be => u16::from_be_bytes([two[0], two[1]]),
            Self::Utf16Le | Self::Bytes => u16::from_le_bytes([two[0], two[1]]),
        });
        let chars =
            char::decode_utf16(units).map(|char| char.unwrap_or(char::REPLACEMENT_CHARACTER));
        chars
            .filter(|char| *char != '\u{feff}')
            .collect::<String>()
            .into_bytes()
    }
}
