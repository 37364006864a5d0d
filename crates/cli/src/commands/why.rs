//! `shipload why`: whether paths are in the context, and because of what.

mod object;
mod text;

use std::io::Write as _;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum, ValueHint};
use shipload::context::{DockerfileChoice, EntryPath};
use shipload::explain::{Question, QuestionError, Why, why};

use crate::args::{ContextArguments, ReadsArguments};
use crate::exit::Failure;
use crate::plan::{self, Source};
use crate::reads;
use crate::ui::Ui;

/// Says why files are in the context or not
///
/// For each path the rule that decides, all rules that count on the way to it, the instructions that read it, and what other
/// builders make of it where they differ. The context is not walked. Exits with 0 whether paths are in or out.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Paths relative to the context directory, or absolute ones in it; there need not be anything; `DIR/` is a directory
    #[arg(required = true, value_name = "FILE", value_hint = ValueHint::AnyPath)]
    files: Vec<PathBuf>,

    /// The context directory
    #[arg(short = 'C', value_name = "DIR", default_value = ".", value_hint = ValueHint::DirPath)]
    directory: PathBuf,

    /// How the answers are written
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,

    #[command(flatten)]
    reads: ReadsArguments,

    #[command(flatten)]
    context: ContextArguments,
}

/// How the answers are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// A line each, and below it, indented, how that came about
    Text,
    /// A JSON object on a line each
    Json,
}

pub(crate) fn run(ui: &Ui, arguments: &Arguments) -> Result<(), Failure> {
    if arguments.context.max_context.is_some() {
        let message =
            "`--max-context` has no use here: the context is not walked, so its size is not known";
        return Err(Failure::usage(message));
    }
    let semantics = plan::offline_semantics(arguments.context.engine)?;
    let request = reads::request(&arguments.reads)?;
    let source = Source::Directory(arguments.directory.clone());
    let dockerfile = plan::dockerfile_choice(&arguments.context, DockerfileChoice::Default)?;
    let recipe = plan::recipe(&source, &arguments.context, dockerfile, semantics)?;
    let questions = arguments
        .files
        .iter()
        .map(|file| Question::new(&arguments.directory, file))
        .collect::<Result<Vec<_>, _>>()?;
    let answers = why(&recipe, &request, &questions)
        .map_err(|error| plan::misplaced(error, &arguments.directory))?;
    match &answers.reads {
        Ok(reads) => {
            for whole in &reads.whole {
                let place = format!("{}:{whole}", answers.dockerfile);
                ui.warning(&format!("everything may be read: {place}"), None);
            }
        }
        Err(error) => {
            let failure = Failure::of(error).hint(error.hint());
            let said = std::iter::once(&failure.message).chain(&failure.causes);
            let said: Vec<&str> = said.map(String::as_str).collect();
            let text = format!("cannot say who reads it: {}", said.join(": "));
            ui.warning(&text, failure.hint.as_deref());
        }
    }
    Ui::listing("answers", |out| {
        for (why, given) in answers.paths.iter().zip(&arguments.files) {
            match arguments.format {
                Format::Text => {
                    let meant = meant(arguments, why, given);
                    out.write_all(text::lines(&answers, why, meant.as_ref()).as_bytes())?;
                }
                Format::Json => writeln!(out, "{}", object::object(&answers, why))?,
            }
        }
        Ok(())
    })
}

/// The path that was meant if it was written as seen from the current directory.
fn meant(arguments: &Arguments, why: &Why, given: &Path) -> Option<EntryPath> {
    if why.found.is_some() || fs_err::symlink_metadata(given).is_err() {
        return None;
    }
    let absolute = std::path::absolute(given).ok()?;
    let question = Question::new(&arguments.directory, &absolute).ok()?;
    (question.path != why.path).then_some(question.path)
}

impl From<QuestionError> for Failure {
    fn from(error: QuestionError) -> Self {
        Self::of(&error).hint(error.hint())
    }
}
