//! `shipload pack`: the context as an archive, whole or not there.

use std::io;
use std::num::NonZeroUsize;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::time::Instant;

use clap::{Args, ValueEnum, ValueHint};
use shipload::context::sink::compress::Level;
use shipload::context::{
    Compression, EntryPath, PackError, PackOptions, PackSummary, Plan, Progress, pack,
    pack_to_file, show,
};

use crate::args::{ContextArguments, ReadsArguments};
use crate::exit::Failure;
use crate::interrupt;
use crate::plan::{self, Source};
use crate::reads;
use crate::size::{self, Size};
use crate::ui::{Ui, Work};

/// Writes the context as an archive
///
/// The archive that `docker build` would send: the same members in the same order, and the same bytes on every machine.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The context directory
    #[arg(default_value = ".", value_hint = ValueHint::DirPath)]
    path: PathBuf,

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
    quiet: bool,

    /// Pack only what the Dockerfile reads, and the Dockerfile; where that cannot be told, everything
    #[arg(long)]
    referenced: bool,

    #[command(flatten)]
    reads: ReadsArguments,

    #[command(flatten)]
    context: ContextArguments,
}

/// The codecs, as arguments.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Codec {
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

/// Where the archive goes.
enum Output {
    Standard,
    File(PathBuf),
}

pub(crate) fn run(ui: &Ui, arguments: Arguments) -> Result<(), Failure> {
    let quiet = arguments.quiet.then(|| ui.quiet());
    let ui = quiet.as_ref().unwrap_or(ui);
    let semantics = plan::offline_semantics(arguments.context.engine)?;
    let options = options(&arguments)?;
    let request = reads::if_referenced(arguments.referenced, &arguments.reads)?;
    let output = if arguments.output.as_os_str() == "-" {
        Output::Standard
    } else {
        Output::File(arguments.output)
    };
    if matches!(output, Output::Standard) && Ui::result_is_shown() {
        return Err(Failure::usage("an archive is not for a terminal").hint(
            "name a file with `--output`, or send standard output to a file or program".to_owned(),
        ));
    }

    let progress = Progress::new();
    let stop = progress.clone();
    interrupt::on_interrupt(move || stop.cancel())?;
    let started = Instant::now();
    let mut plan = plan::plan(
        ui,
        &Source::Directory(arguments.path.clone()),
        &arguments.context,
        semantics,
        &progress,
    )?;
    if let Some(request) = request {
        let least = reads::least(ui, &plan, &request)?;
        if let Some(left) = reads::left(&least) {
            ui.progress(&left);
        }
        plan.view = least.view;
    }
    plan::check_size(&plan.view, &arguments.context)?;
    warn_of_dockerfile(ui, &plan);
    if let Output::File(file) = &output {
        warn_of_itself(ui, &plan, &arguments.path, file);
    }
    let meter = ui.meter(Work::Packing(progress.clone(), plan.view.content_bytes()));
    let packed = match &output {
        Output::Standard => pack(&plan.view, &options, &progress, &mut Ui::result()?),
        Output::File(file) => pack_to_file(&plan.view, &options, &progress, file),
    };
    drop(meter);
    let packed = packed.map_err(|error| unwritten(error, &output))?;
    ui.summary(&summary(&packed, started));
    Ok(())
}

fn options(arguments: &Arguments) -> Result<PackOptions, Failure> {
    let compression = match arguments.compression {
        Some(codec) => codec.into(),
        None => Compression::from_extension(&arguments.output.to_string_lossy()),
    };
    Level::new(compression, arguments.level).map_err(|error| Failure::from(&error))?;
    Ok(PackOptions {
        compression,
        level: arguments.level,
        threads: arguments.jobs,
    })
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

/// BuildKit asks for the Dockerfile apart from the context; whoever builds from the archive has to have it in there.
fn warn_of_dockerfile(ui: &Ui, plan: &Plan) {
    if !plan.dockerfile_sent {
        ui.warning(
            &format!(
                "the Dockerfile `{}` is excluded and not in the archive",
                plan.dockerfile
            ),
            Some("include it again with a `!` rule if the archive is to be built from"),
        );
    }
}

/// The archive of today would be in that of tomorrow.
fn warn_of_itself(ui: &Ui, plan: &Plan, dir: &Path, file: &Path) {
    if let Some(path) = inside(dir, file)
        // Rules are asked, not the plan: the file may not be there yet.
        && plan.rules.explain(path.as_bytes(), false).is_ok_and(|found| !found.excluded)
    {
        ui.warning(
            &format!(
                "the archive `{path}` lies inside the context, so the next one will contain it"
            ),
            Some("write it elsewhere, or exclude it in the ignore file"),
        );
    }
}

/// The path in the context `dir` of `file`, which need not exist.
fn inside(dir: &Path, file: &Path) -> Option<EntryPath> {
    let parent = match file.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let real = fs_err::canonicalize(parent).ok()?.join(file.file_name()?);
    let dir = fs_err::canonicalize(dir).ok()?;
    EntryPath::new(real.strip_prefix(dir).ok()?.as_os_str().as_bytes()).ok()
}
