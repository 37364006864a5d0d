//! `shipload du`: what the context weighs, and where.

mod json;
mod text;

use std::io::Write as _;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum, ValueHint};
use shipload::context::{Plan, Progress, Referenced, show};
use shipload::explain::{Churn, ChurnError, Page, Usage};

use crate::args::{ContextArguments, ReadsArguments};
use crate::exit::Failure;
use crate::plan::{self, Source};
use crate::reads;
use crate::ui::Ui;

/// Says what the context weighs, and where
///
/// The directories of the context, largest first, as `pack` would write them: in bytes of content, in entries, and how much of
/// it the Dockerfile does not read. Then the largest files, the ignore rules that would take the most out, and the files that
/// change most often in git.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The context directory
    #[arg(default_value = ".", value_hint = ValueHint::DirPath)]
    path: PathBuf,

    /// How many levels of directories are listed; 0 is the context alone
    #[arg(short, long, value_name = "N", default_value_t = 1)]
    depth: usize,

    /// How it is written
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,

    /// Write a page to FILE instead, to look at in a browser: a treemap to walk through by mouse or keys, the largest directories
    /// and files, what the Dockerfile does not read, and what changes most often in git; `-` is standard output
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, conflicts_with_all = ["format", "depth"])]
    html: Option<PathBuf>,

    /// How many of the last commits git is asked about for the files that change most often; 0 asks nothing
    #[arg(long, value_name = "N", default_value_t = 1000)]
    commits: usize,

    /// Weigh only what the Dockerfile reads, as `pack --referenced` writes it
    #[arg(long)]
    referenced: bool,

    #[command(flatten)]
    reads: ReadsArguments,

    #[command(flatten)]
    context: ContextArguments,
}

/// How it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Tables
    Text,
    /// A JSON object on a line for the whole, each directory, file and rule, told apart by `kind`; sizes in bytes
    Json,
    /// The paths of the directories as they are, each followed by a NUL byte
    Nul,
}

/// What is told.
struct Report {
    plan: Plan,
    /// What the Dockerfile reads, where that can be told.
    referenced: Option<Referenced>,
    usage: Usage,
    /// What changes most often, where that is asked.
    churn: Option<Result<Churn, ChurnError>>,
    depth: usize,
}

pub(crate) fn run(ui: &Ui, arguments: &Arguments) -> Result<(), Failure> {
    let semantics = plan::offline_semantics(arguments.context.engine)?;
    let request = reads::request(&arguments.reads)?;
    let source = Source::Directory(arguments.path.clone());
    let mut plan = plan::plan(ui, &source, &arguments.context, semantics, &Progress::new())?;
    let referenced = if arguments.referenced || arguments.reads.is_given() {
        Some(reads::least(ui, &plan, &request)?)
    } else {
        reads::if_told(ui, &plan, &request)
    };
    if let Some(referenced) = referenced.as_ref().filter(|_| arguments.referenced) {
        plan.view = referenced.view.clone();
    }
    plan::check_size(&plan.view, &arguments.context)?;
    let asks_git = arguments.commits > 0 && arguments.format != Format::Nul;
    let report = Report {
        usage: Usage::of(&plan, referenced.as_ref()),
        churn: asks_git.then(|| Churn::of(&plan, referenced.as_ref(), arguments.commits)),
        plan,
        referenced,
        depth: arguments.depth,
    };
    match &arguments.html {
        Some(file) => report.page(ui, &arguments.path, file),
        None => report.print(arguments.format),
    }
}

impl Report {
    fn page(&self, ui: &Ui, directory: &Path, file: &Path) -> Result<(), Failure> {
        let mut page = Page::new(&self.plan, self.referenced.as_ref(), &self.usage);
        if let Some(churn) = &self.churn {
            page = page.churn(churn.as_ref());
        }
        if file.as_os_str() == "-" {
            return Ui::listing("page", |out| page.write(out));
        }
        plan::warn_of_itself(ui, &self.plan, directory, "page", file);
        let shown = show(file.as_os_str().as_bytes());
        page.save(file)
            .map_err(|error| Failure::new(format!("cannot write `{shown}`")).caused_by(&error))?;
        ui.summary(&format!("wrote `{shown}`"));
        Ok(())
    }

    fn print(&self, format: Format) -> Result<(), Failure> {
        Ui::listing("sizes", |out| match format {
            Format::Text => text::write(self, out),
            Format::Json => json::write(self, out),
            Format::Nul => {
                for directory in self.usage.largest_directories(self.depth) {
                    let path = directory
                        .path
                        .as_ref()
                        .map_or(&b"."[..], |path| path.as_bytes());
                    out.write_all(path)?;
                    out.write_all(&[0])?;
                }
                Ok(())
            }
        })
    }
}
