//! `shipload digest`: one digest of what a build depends on, and the manifest of what it was made of.

use std::io::{self, Write as _};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum, ValueHint};
use shipload::context::{Progress, replace_file, show};
use shipload::explain::{InputKind, Inputs, InputsError};

use crate::args::{ContextArguments, ModesChoice, ReadsArguments};
use crate::exit::Failure;
use crate::given::Given;
use crate::interrupt;
use crate::plan;
use crate::reads;
use crate::ui::{Ui, Work};

/// Digests what a build depends on
///
/// One digest over the Dockerfile, the files that it reads (path, type, mode, content or link), build arguments, target and platform.
/// It is the same on every machine, whatever the time, the owners and the place of the context.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The context: a directory, a tar archive, `git:REVISION` or `git:REVISION:DIRECTORY`, or a manifest, whose digest is verified;
    /// `-` is an archive or manifest on standard input
    #[arg(default_value = ".", value_hint = ValueHint::AnyPath)]
    path: PathBuf,

    /// Also write to FILE what the digest is made of, for `diff`; `-` is standard output, in place of the digest
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    manifest: Option<PathBuf>,

    /// How the digest is written
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,

    /// Which permissions count
    #[arg(long, value_name = "MODES", default_value = "keep")]
    modes: ModesChoice,

    #[command(flatten)]
    reads: ReadsArguments,

    #[command(flatten)]
    context: ContextArguments,
}

/// How the digest is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// A line, `sha256:` and 64 hexadecimal digits
    Text,
    /// A JSON object on a line, with the number of files and their bytes
    Json,
}

pub(crate) fn run(ui: &Ui, arguments: &Arguments) -> Result<(), Failure> {
    let progress = Progress::new();
    let stop = progress.clone();
    interrupt::on_interrupt(move || stop.cancel())?;
    let inputs = match Given::find(ui, &arguments.path, &arguments.context, &progress)? {
        Given::Manifest(inputs) => {
            reads::refuse(&arguments.reads)?;
            *inputs
        }
        Given::Context(source) => {
            let semantics = plan::offline_semantics(arguments.context.engine)?;
            let request = reads::request(&arguments.reads)?;
            let mut plan = plan::plan(ui, &source, &arguments.context, semantics, &progress)?;
            plan.view = arguments.modes.apply(plan.view);
            let least = reads::least(ui, &plan, &request)?;
            plan::check_size(&least.view, &arguments.context)?;
            let work = Work::Packing(progress.clone(), least.members.content_bytes());
            let _meter = ui.meter(work);
            Inputs::of(&plan, &request, &least, &progress)?
        }
    };
    match &arguments.manifest {
        Some(file) if file.as_os_str() == "-" => {
            return Ui::listing("manifest", |out| inputs.write_manifest(out));
        }
        Some(file) => write(file, &inputs)?,
        None => {}
    }
    let digest = inputs.digest();
    Ui::listing("digest", |out| match arguments.format {
        Format::Text => writeln!(out, "{digest}"),
        Format::Json => {
            let size = |kind: &InputKind| match kind {
                InputKind::File { size, .. } => *size,
                _ => 0,
            };
            let bytes = inputs.files.iter().map(|file| size(&file.kind));
            let object = serde_json::json!({
                "digest": digest.to_string(),
                "files": inputs.files.len(),
                "bytes": bytes.fold(0, u64::saturating_add),
            });
            writeln!(out, "{object}")
        }
    })
}

/// Writes the manifest, whole or not at all.
fn write(file: &Path, inputs: &Inputs) -> Result<(), Failure> {
    let written = replace_file(file, |out| {
        let mut out = io::BufWriter::with_capacity(64 << 10, out);
        inputs.write_manifest(&mut out)?;
        out.flush()
    });
    written.map_err(|error| {
        let file = show(file.as_os_str().as_bytes());
        Failure::new(format!("cannot write the manifest `{file}`")).caused_by(&error)
    })
}

impl From<InputsError> for Failure {
    fn from(error: InputsError) -> Self {
        match error {
            InputsError::Recipe(error) => error.into(),
            error if error.is_cancelled() => Self::interrupted(),
            error => Self::of(&error).hint(error.hint()),
        }
    }
}
