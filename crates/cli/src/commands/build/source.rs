//! What is to be built: a directory, or what standard input holds.

use std::io::{self, Read};
use std::path::PathBuf;

use shipload::context::{
    Archive, ArchiveOptions, Compression, PackOptions, Progress, TreeBuilder, View, pack,
};

use crate::exit::Failure;
use crate::plan::Source;

/// How much of standard input is looked at: a block of a tar, in which its magic stands.
const HEAD: usize = 512;

/// The source that the argument names; reads standard input to its end if it is `-`.
///
/// # Errors
/// For a context that is elsewhere, and for an archive that is refused.
pub(super) fn source(
    path: &std::path::Path,
    dockerfile: Option<&PathBuf>,
) -> Result<Source, Failure> {
    let from_stdin = dockerfile.is_some_and(|file| file.as_os_str() == "-");
    let text = path.to_string_lossy();
    if text != "-" {
        let elsewhere = text.contains("://") || text.starts_with("git@");
        if elsewhere && !path.exists() {
            return Err(
                Failure::new("contexts that are not on this machine are not supported").hint(
                    "fetch it, and build the directory; or pipe an archive into `build -`"
                        .to_owned(),
                ),
            );
        }
        return Ok(Source::Directory(path.to_owned()));
    }
    if from_stdin {
        return Err(Failure::usage(
            "the context and the Dockerfile cannot both be read from standard input",
        ));
    }
    let mut input = io::stdin().lock();
    let mut head = Vec::with_capacity(HEAD);
    let limit = HEAD as u64;
    Read::take(&mut input, limit)
        .read_to_end(&mut head)
        .map_err(|error| unread(&error))?;
    if is_archive(&head) {
        let whole = io::Cursor::new(head).chain(input);
        return Ok(Source::Archive(Archive::from_reader(
            "standard input",
            whole,
            &ArchiveOptions::default(),
        )?));
    }
    if dockerfile.is_some() {
        return Err(Failure::usage(
            "standard input is a Dockerfile, and `--file` names another one",
        )
        .hint("leave one of them out, or pipe a tar archive".to_owned()));
    }
    input
        .read_to_end(&mut head)
        .map_err(|error| unread(&error))?;
    alone(head).map(Source::Archive)
}

fn unread(error: &io::Error) -> Failure {
    Failure::new("cannot read the context from standard input").caused_by(error)
}

/// As the docker CLI decides: by the magic of a codec, or by that of a tar.
fn is_archive(head: &[u8]) -> bool {
    Compression::detect(head) != Compression::None
        || head.get(257..262).is_some_and(|magic| magic == b"ustar")
        || has_checksum(head)
}

/// A tar older than its magic: the checksum is right.
fn has_checksum(head: &[u8]) -> bool {
    let Some(field) = head.get(148..156).filter(|_| head.len() == HEAD) else {
        return false;
    };
    let digits: String = field.iter().map(|&byte| char::from(byte)).collect();
    let digits = digits.trim_matches([' ', '\0']);
    let spaces = u32::from(b' ') * 8;
    let sum: u32 = head.iter().map(|&byte| u32::from(byte)).sum::<u32>() + spaces
        - field.iter().map(|&byte| u32::from(byte)).sum::<u32>();
    !digits.is_empty() && u32::from_str_radix(digits, 8) == Ok(sum)
}

/// The context that docker makes of a Dockerfile alone: an archive with nothing else in it.
fn alone(dockerfile: Vec<u8>) -> Result<Archive, Failure> {
    let fail = |error: &dyn std::error::Error| {
        Failure::new("cannot make a context of the Dockerfile on standard input").caused_by(error)
    };
    let at = "Dockerfile".parse().map_err(|error| fail(&error))?;
    let tree = TreeBuilder::new()
        .bytes(at, dockerfile)
        .build()
        .map_err(|error| fail(&error))?;
    let mut tar = Vec::new();
    pack(
        &View::new(&tree),
        &PackOptions::default(),
        &Progress::new(),
        &mut tar,
    )?;
    let options = ArchiveOptions::default();
    Ok(Archive::from_reader("standard input", &tar[..], &options)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn archives_are_known_by_their_content() {
        let mut header = tar::Header::new_old();
        header.set_path("a").unwrap();
        header.set_cksum();
        let old = header.as_bytes().to_vec();
        let rows: &[(&[u8], bool)] = &[
            (b"", false),
            (b"FROM scratch\n", false),
            (b"\x1f\x8b\x08rest", true),
            (b"\x28\xb5\x2f\xfdrest", true),
            (&old, true),
            (&[b'x'; 512], false),
            (&[0; 512], false),
        ];
        for (head, expected) in rows {
            assert_eq!(is_archive(head), *expected, "{head:?}");
        }
    }
}
