//! An archive as a result: its options, and writing it, whole or not at all.

use std::io;
use std::num::NonZeroUsize;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::time::Instant;

use clap::{Args, ValueEnum, ValueHint};
use shipload::context::sink::compress::Level;
use shipload::context::{
    Compression, PackError, PackOptions, PackSummary, Progress, View, pack, pack_to_file, show,
};

use crate::exit::Failure;
use crate::size::{self, Size};
use crate::ui::{Ui, Work};

/// Where an archive goes and how it is written; for every verb that writes one.
#[derive(Debug, Args)]
pub(crate) struct PackingArguments {
    /// Write to FILE, which appears when the archive is whole; `-` is standard output
    #[arg(short, long, value_name = "FILE", default_value = "-", value_hint = ValueHint::FilePath)]
    output: PathBuf,

    /// The codec around the tar [default: as the end of FILE's name says, else none]
    #[arg(long, value_name = "CODEC")]
    compression: Option<Codec>,

    /// The codec's level: gzip 1 to 12, bzip2 1 to 9, xz 0 to 9, zstd 1 to 19 [default: 6, 9, 6, 3]
    #[arg(long, value_name = "N", allow_hyphen_values = true)]
    level: Option<i32>,

    /// Read and compress with N threads; the archive does not depend on it [default: one a core]
    #[arg(short, long, value_name = "N")]
    jobs: Option<NonZeroUsize>,

    /// Say nothing but errors
    #[arg(short, long)]
    pub(crate) quiet: bool,
}

/// The codecs, as arguments.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Codec {
    None,
    Gzip,
    Bzip2,
    Xz,
    Zstd,
}

impl From<Codec> for Compression {
    fn from(codec: Codec) -> Self {
        match codec {
            Codec::None => Self::None,
            Codec::Gzip => Self::Gzip,
            Codec::Bzip2 => Self::Bzip2,
            Codec::Xz => Self::Xz,
            Codec::Zstd => Self::Zstd,
        }
    }
}

/// An archive about to be written.
pub(crate) struct Packing {
    options: PackOptions,
    output: Output,
    progress: Progress,
    started: Instant,
}

enum Output {
    Standard,
    File(PathBuf),
}

impl PackingArguments {
    /// Checks them; the time that the work takes counts from now.
    ///
    /// # Errors
    /// For a level that the codec does not have, and for an archive on a terminal.
    pub(crate) fn resolve(self, progress: Progress) -> Result<Packing, Failure> {
        let started = Instant::now();
        let compression = match self.compression {
            Some(codec) => codec.into(),
            None => Compression::from_extension(&self.output.to_string_lossy()),
        };
        Level::new(compression, self.level).map_err(|error| Failure::from(&error))?;
        let output = if self.output.as_os_str() == "-" {
            Output::Standard
        } else {
            Output::File(self.output)
        };
        if matches!(output, Output::Standard) && Ui::result_is_shown() {
            return Err(Failure::usage("an archive is not for a terminal").hint(
                "name a file with `--output`, or send standard output to a file or program"
                    .to_owned(),
            ));
        }
        Ok(Packing {
            options: PackOptions {
                compression,
                level: self.level,
                threads: self.jobs,
            },
            output,
            progress,
            started,
        })
    }
}

impl Packing {
    /// The file that is written, unless it is standard output.
    pub(crate) fn file(&self) -> Option<&Path> {
        match &self.output {
            Output::Standard => None,
            Output::File(file) => Some(file),
        }
    }

    /// Writes the members of `view`.
    ///
    /// # Errors
    /// Where a file is not what was listed, and where the output refuses.
    pub(crate) fn write(self, ui: &Ui, view: &View) -> Result<(), Failure> {
        let Self {
            options,
            output,
            progress,
            started,
        } = &self;
        let meter = ui.meter(Work::Packing(progress.clone(), view.content_bytes()));
        let packed = match output {
            Output::Standard => pack(view, options, progress, &mut Ui::result()?),
            Output::File(file) => pack_to_file(view, options, progress, file),
        };
        drop(meter);
        let packed = packed.map_err(|error| unwritten(error, output))?;
        ui.summary(&summary(&packed, *started));
        Ok(())
    }
}

/// Says why there is no archive.
fn unwritten(error: PackError, output: &Output) -> Failure {
    let hint = error.hint();
    match (error, output) {
        (PackError::Output(error), Output::Standard)
            if error.kind() == io::ErrorKind::BrokenPipe =>
        {
            Failure::new("the archive was not read to its end").caused_by(&error)
        }
        (PackError::Output(error), Output::File(file)) => {
            let file = show(file.as_os_str().as_bytes());
            Failure::new(format!("cannot write the archive `{file}`"))
                .caused_by(&error)
                .hint(hint)
        }
        (error, _) => error.into(),
    }
}

fn summary(packed: &PackSummary, started: Instant) -> String {
    let compressed = if packed.written_bytes == packed.tar_bytes {
        String::new()
    } else {
        format!(", compressed to {}", Size(packed.written_bytes))
    };
    format!(
        "packed {}, {} in {:.1} s{compressed}",
        size::entries(packed.members),
        Size(packed.tar_bytes),
        started.elapsed().as_secs_f64()
    )
}
