//! Reading a manifest: whatever does not come out as the same text is refused.

use std::io::{BufRead as _, BufReader, Read};

use sha2::{Digest as _, Sha256};

use super::lines::{BuilderLine, DigestLine, EndLine, FileLine, HeadLine, StepLine, VERSION};
use super::{ManifestError, ManifestProblem};
use crate::digest::Digest;
use crate::inputs::{InputKind, Inputs};

/// The most bytes that a manifest may have: a million files with names of 200 bytes have fewer.
const LIMIT: u64 = 512 << 20;

/// The most bytes of a line: a hundred times those of the longest instruction that anybody has written.
const LINE: u64 = 16 << 20;

/// The most steps: to foretell what becomes of them takes time that grows with their square.
const STEPS: usize = 10_000;

/// # Reading manifests
impl Inputs {
    /// Reads a manifest to its end. It has to be as [`Inputs::write_manifest`] writes it: its digests are verified.
    ///
    /// Not more than 512 MiB are read, 16 MiB for a line and 10,000 steps.
    ///
    /// # Errors
    /// [`ManifestError`], with the line.
    pub fn read_manifest(reader: impl Read) -> Result<Self, ManifestError> {
        let mut lines = Lines {
            reader: BufReader::new(reader.take(LIMIT + 1)),
            hash: Sha256::new(),
            text: String::new(),
            number: 0,
            bytes: 0,
        };
        inputs(&mut lines).map_err(|problem| ManifestError {
            line: lines.number.max(1),
            problem,
        })
    }
}

fn inputs<R: Read>(lines: &mut Lines<R>) -> Result<Inputs, ManifestProblem> {
    let text = lines.next()?;
    if let Some(version) = version(text).filter(|version| *version != VERSION) {
        return Err(ManifestProblem::Version(version));
    }
    let head: HeadLine<'_> = parse(text)?;
    let mut inputs = Inputs {
        builder: shipload_context::Semantics::default(),
        target: head.target.map(std::borrow::Cow::into_owned),
        platform: head.platform.map(std::borrow::Cow::into_owned),
        arguments: head.arguments.into_owned(),
        dockerfile: head.dockerfile,
        files: Vec::new(),
        steps: Vec::new(),
    };
    let found = loop {
        let text = lines.next()?;
        if text.starts_with(r#"{"digest""#) {
            break parse::<DigestLine>(text)?.digest;
        }
        let file = parse::<FileLine<'_>>(text)?.file()?;
        if inputs
            .files
            .last()
            .is_some_and(|last| last.path >= file.path)
        {
            return Err(ManifestProblem::Order(file.path.to_string()));
        }
        // What is in a directory follows it.
        if let Some(last) = inputs.files.last()
            && last.kind != InputKind::Dir
            && file.path.starts_with(&last.path)
        {
            let (path, above) = (file.path.to_string(), last.path.to_string());
            return Err(ManifestProblem::Below { path, above });
        }
        inputs.files.push(file);
    };
    // What is written of it has this digest, so the text above is what would be written.
    let real = inputs.digest();
    if found != real {
        return Err(ManifestProblem::Digest { found, real });
    }
    inputs.builder = parse::<BuilderLine>(lines.next()?)?.semantics();
    let found = loop {
        let text = lines.next()?;
        if text.starts_with(r#"{"end""#) {
            break parse::<EndLine>(text)?.end;
        }
        let step = parse::<StepLine<'_>>(text)?;
        if inputs.steps.len() == STEPS {
            return Err(ManifestProblem::TooManySteps(STEPS));
        }
        inputs.steps.push(step.step(inputs.files.len())?);
    };
    let real = lines.digest_of_earlier();
    if found != real {
        return Err(ManifestProblem::Digest { found, real });
    }
    match lines.next() {
        Err(ManifestProblem::Cut) => Ok(inputs),
        Err(problem) => Err(problem),
        Ok(_) => Err(ManifestProblem::Trailing),
    }
}

/// The version of what may be a manifest of any version.
fn version(text: &str) -> Option<u64> {
    #[derive(serde::Deserialize)]
    struct Version {
        manifest: u64,
    }
    let version: Version = serde_json::from_str(text).ok()?;
    Some(version.manifest)
}

fn parse<'a, T: serde::Deserialize<'a>>(text: &'a str) -> Result<T, ManifestProblem> {
    serde_json::from_str(text).map_err(|error| {
        let text = error.to_string();
        // The line in the message is always 1.
        let what = text.split(" at line ").next().unwrap_or_default();
        ManifestProblem::Malformed(what.to_owned())
    })
}

/// The lines of a text, and the digest of all but the last that was read.
struct Lines<R> {
    reader: BufReader<std::io::Take<R>>,
    hash: Sha256,
    text: String,
    number: usize,
    bytes: u64,
}

impl<R: Read> Lines<R> {
    fn next(&mut self) -> Result<&str, ManifestProblem> {
        self.hash.update(&self.text);
        self.text.clear();
        let mut line = self.reader.by_ref().take(LINE + 1);
        let read = line.read_line(&mut self.text);
        let read = read.map_err(ManifestProblem::Read)? as u64;
        self.bytes += read;
        if self.bytes > LIMIT {
            return Err(ManifestProblem::TooLarge(LIMIT));
        }
        if read > LINE {
            return Err(ManifestProblem::LongLine(LINE));
        }
        if !self.text.ends_with('\n') {
            return Err(ManifestProblem::Cut);
        }
        self.number += 1;
        Ok(self.text.trim_end_matches('\n'))
    }

    fn digest_of_earlier(&self) -> Digest {
        Digest(self.hash.clone().finalize().into())
    }
}
