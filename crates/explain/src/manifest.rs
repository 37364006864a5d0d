//! The text form of [`Inputs`], and the digest of a build, which is the digest of a part of that text.
//!
//! A manifest is JSON lines, each ended by a line feed, with the fields in a fixed order and without white space:
//!
//! | line | holds |
//! |---|---|
//! | 1 | `{"manifest":1,"dockerfile":…,"target":…,"platform":…,"arguments":{…}}`: the version of the form, what was asked for |
//! | 2 … | a file each, by path: `path`, `type`, `mode`, and what the type has: `size` and `digest`, `target`, `major` and `minor` |
//! | then | `{"digest":"sha256:…"}`: SHA-256 of all lines above, which is the digest of the build |
//! | then | `{"builder":…}`, and a step each: what a builder's cache makes of the inputs, and what the digest does not cover |
//! | last | `{"end":"sha256:…"}`: SHA-256 of all lines above, so that no cut manifest is taken for a whole one |
//!
//! What is not UTF-8 stands base64-encoded under `path_b64` and `target_b64`.

mod error;
mod lines;
mod read;

use std::io::{self, Write};

use sha2::{Digest as _, Sha256};

use crate::digest::Digest;
use crate::inputs::Inputs;
use lines::{BuilderLine, DigestLine, EndLine, FileLine, HeadLine, StepLine};

pub use error::{ManifestError, ManifestProblem};

/// # The digest and its manifest
impl Inputs {
    /// The digest of the build.
    ///
    /// What counts: the bytes of the Dockerfile; of each file that it reads the path, the type, the mode, the content or a
    /// link's target, `security.capability`; names and values of build arguments; target and platform, as they were asked for.
    /// What does not: times, owners, where the context is, which machine, what of the context nobody reads, which builder.
    pub fn digest(&self) -> Digest {
        let mut out = Hashed::new(io::sink());
        // Nothing fails to write to nowhere.
        let _ = self.write_inputs(&mut out);
        out.digest()
    }

    /// Writes the manifest, which [`Inputs::read_manifest`] reads.
    ///
    /// ```
    /// use shipload_context::{Progress, Recipe, Request};
    /// use shipload_explain::Inputs;
    ///
    /// # let temp = tempfile::tempdir()?;
    /// # let dir = temp.path();
    /// # std::fs::write(dir.join("Dockerfile"), "FROM scratch\n")?;
    /// let (progress, request) = (Progress::new(), Request::default());
    /// let plan = Recipe::new(dir).plan(&progress)?;
    /// let inputs = Inputs::of(&plan, &request, &plan.referenced(&request)?, &progress)?;
    /// let mut manifest = Vec::new();
    /// inputs.write_manifest(&mut manifest)?;
    /// assert_eq!(Inputs::read_manifest(&manifest[..])?, inputs);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// Those of `out`.
    pub fn write_manifest(&self, out: &mut dyn Write) -> io::Result<()> {
        let mut out = Hashed::new(out);
        self.write_inputs(&mut out)?;
        let digest = out.digest();
        out.line(&DigestLine { digest })?;
        out.line(&BuilderLine::of(self.builder))?;
        for step in &self.steps {
            out.line(&StepLine::of(step))?;
        }
        let end = out.digest();
        out.line(&EndLine { end })?;
        out.out.flush()
    }

    fn write_inputs<W: Write>(&self, out: &mut Hashed<W>) -> io::Result<()> {
        out.line(&HeadLine::of(self))?;
        self.files
            .iter()
            .try_for_each(|file| out.line(&FileLine::of(file)))
    }
}

/// What goes to `out`, line by line, and its digest.
struct Hashed<W> {
    out: W,
    hash: Sha256,
    line: Vec<u8>,
}

impl<W: Write> Hashed<W> {
    fn new(out: W) -> Self {
        Self {
            out,
            hash: Sha256::new(),
            line: Vec::new(),
        }
    }

    fn line(&mut self, line: &impl serde::Serialize) -> io::Result<()> {
        self.line.clear();
        serde_json::to_writer(&mut self.line, line)?;
        self.line.push(b'\n');
        self.hash.update(&self.line);
        self.out.write_all(&self.line)
    }

    /// Of all lines so far.
    fn digest(&self) -> Digest {
        Digest(self.hash.clone().finalize().into())
    }
}
