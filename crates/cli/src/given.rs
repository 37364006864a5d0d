//! What an argument names where a context may be given in several ways: a directory, an archive, a manifest, a git revision.

use std::ffi::OsStr;
use std::io::{self, Cursor, Read};
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use shipload::context::{Archive, ArchiveOptions, Progress, show};
use shipload::explain::{Inputs, ManifestError, Revision, RevisionError};

use crate::args::ContextArguments;
use crate::exit::Failure;
use crate::plan::Source;
use crate::ui::Ui;

/// How a manifest begins.
const MANIFEST: &[u8] = br#"{"manifest":"#;

/// What standard input is called.
const STANDARD_INPUT: &str = "standard input";

/// What an argument names.
pub(crate) enum Given {
    /// A context.
    Context(Source),
    /// What was written down of a build.
    Manifest(Box<Inputs>),
}

impl Given {
    /// Finds out what `argument` names: `-` is standard input, which is read to its end; `git:REVISION[:DIRECTORY]` a directory as
    /// it is in a revision.
    ///
    /// # Errors
    /// Where it is none of what it may be, or is refused as that.
    pub(crate) fn find(
        ui: &Ui,
        argument: &Path,
        context: &ContextArguments,
        progress: &Progress,
    ) -> Result<Self, Failure> {
        if let Some(revision) = argument.as_os_str().as_bytes().strip_prefix(b"git:") {
            return revision_of(ui, revision, progress).map(Self::Context);
        }
        if argument.as_os_str() == "-" {
            check_standard_input(context)?;
            let mut input = io::stdin().lock();
            let head = head(&mut input).map_err(|error| unread(argument, &error))?;
            let is_manifest = head.starts_with(MANIFEST);
            let whole = Cursor::new(head).chain(input);
            return if is_manifest {
                manifest(STANDARD_INPUT, whole)
            } else {
                let archive = archive_from(whole, &ArchiveOptions::default());
                archive.map(Source::Archive).map(Self::Context)
            };
        }
        if argument.is_dir() {
            return Ok(Self::Context(Source::Directory(argument.to_owned())));
        }
        let file = fs_err::File::open(argument);
        let mut file = file.map_err(|error| unread(argument, &error))?;
        if file.metadata().is_ok_and(|now| now.is_file()) {
            let head = head(&mut file).map_err(|error| unread(argument, &error))?;
            if head.starts_with(MANIFEST) {
                let name = show(argument.as_os_str().as_bytes());
                return manifest(&name, Cursor::new(head).chain(file));
            }
        }
        let archive = Archive::open(argument, &ArchiveOptions::default())?;
        Ok(Self::Context(Source::Archive(archive)))
    }
}

/// The files of `REVISION[:DIRECTORY]`. In a revision such as `HEAD@{12:00}` a colon is none that divides.
fn revision_of(ui: &Ui, text: &[u8], progress: &Progress) -> Result<Source, Failure> {
    let mut depth = 0_usize;
    let colon = text.iter().position(|byte| {
        match byte {
            b'{' => depth += 1,
            b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        *byte == b':' && depth == 0
    });
    let (revision, directory) = match colon {
        Some(colon) => (&text[..colon], &text[colon + 1..]),
        None => (text, &b""[..]),
    };
    let directory = match directory {
        b"" => Path::new("."),
        directory => Path::new(OsStr::from_bytes(directory)),
    };
    let revision = Revision::read(directory, OsStr::from_bytes(revision), progress)?;
    for path in &revision.submodules {
        let name = revision.archive.name();
        let warning = format!("`{path}` of `{name}` is a submodule, and an empty directory here");
        ui.warning(&warning, None);
    }
    Ok(Source::Unpacked(revision.archive))
}

impl From<RevisionError> for Failure {
    fn from(error: RevisionError) -> Self {
        if error.is_cancelled() {
            return Self::interrupted();
        }
        Self::of(&error).hint(error.hint())
    }
}

/// The archive that `argument` names; `-` is standard input, which is read to its end.
///
/// # Errors
/// Where it is no archive, or one that is refused.
pub(crate) fn archive(
    argument: &Path,
    context: &ContextArguments,
    options: &ArchiveOptions,
) -> Result<Archive, Failure> {
    if argument.as_os_str() == "-" {
        check_standard_input(context)?;
        return archive_from(io::stdin().lock(), options);
    }
    if argument.is_dir() {
        let name = show(argument.as_os_str().as_bytes());
        let failure = Failure::usage(format!("`{name}` is a directory, not an archive"));
        return Err(failure.hint("write an archive of it with `shipload pack`".to_owned()));
    }
    Ok(Archive::open(argument, options)?)
}

fn check_standard_input(context: &ContextArguments) -> Result<(), Failure> {
    match &context.file {
        Some(file) if file.as_os_str() == "-" => Err(Failure::usage(
            "the context and the Dockerfile cannot both be read from standard input",
        )),
        _ => Ok(()),
    }
}

fn archive_from(reader: impl Read, options: &ArchiveOptions) -> Result<Archive, Failure> {
    Ok(Archive::from_reader(STANDARD_INPUT, reader, options)?)
}

/// As many bytes of the beginning as are needed to know a manifest.
fn head(reader: &mut impl Read) -> io::Result<Vec<u8>> {
    let mut head = Vec::with_capacity(MANIFEST.len());
    reader.take(MANIFEST.len() as u64).read_to_end(&mut head)?;
    Ok(head)
}

fn manifest(name: &str, reader: impl Read) -> Result<Given, Failure> {
    let inputs = Inputs::read_manifest(reader).map_err(|error| refused(name, &error))?;
    Ok(Given::Manifest(Box::new(inputs)))
}

fn refused(name: &str, error: &ManifestError) -> Failure {
    Failure::new(format!("cannot use the manifest `{name}`"))
        .caused_by(error)
        .hint(error.hint())
}

fn unread(argument: &Path, error: &io::Error) -> Failure {
    let name = show(argument.as_os_str().as_bytes());
    Failure::new(format!("cannot read `{name}`")).caused_by(error)
}
