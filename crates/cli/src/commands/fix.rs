//! `shipload fix`: the smallest edit of the rule file that moves just what is asked.

use std::ffi::OsString;
use std::io::{self, Write};
use std::os::unix::ffi::OsStrExt as _;
use std::path::PathBuf;

use clap::{Args, ValueEnum, ValueHint};
use serde_json::{Map, Value};
use shipload::context::{EntryPath, IgnoreChoice, OnUnreadable, Plan, Progress, Semantics, show};
use shipload::explain::Survey;
use shipload::explain::fix::{
    DiffLine, Edit, FixError, Readers, Side, Target, TargetError, Wanted, fix,
};

use crate::args::EngineChoice;
use crate::exit::Failure;
use crate::json;
use crate::plan;
use crate::ui::{Ui, Work};

/// So many paths that an edit would leave on the wrong side are named.
const ASTRAY: usize = 8;

/// Edits the rule file so that just these paths change sides
///
/// Finds the smallest edit of the ignore file after which exactly these paths, with all that is below them, are out of the
/// context or in it, for every engine that reads the file, and prints it as a diff. Nothing is written without `--write`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The context directory
    #[arg(default_value = ".", value_hint = ValueHint::DirPath)]
    path: PathBuf,

    /// What is to be out, relative to the context; a directory means all that is in it; may be repeated
    #[arg(long, value_name = "PATH", num_args = 1.., required_unless_present = "include")]
    exclude: Vec<OsString>,

    /// What is to be in, relative to the context; a directory means all that is in it; may be repeated; of an excluded
    /// and an included path of which one is in the other, the inner one counts for what is in it
    #[arg(long, value_name = "PATH", num_args = 1..)]
    include: Vec<OsString>,

    /// Write the edited file
    #[arg(long)]
    write: bool,

    /// How the edit is written
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,

    /// The Dockerfile, relative to the current directory, beside which an ignore file may be [default: `Dockerfile` in the
    /// context]
    #[arg(short, long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    file: Option<PathBuf>,

    /// Edit FILE, relative to the current directory; of several files, which count as one, the last [default: the one
    /// that the builder reads, or `.dockerignore` if there is none]
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    ignorefile: Vec<PathBuf>,

    /// Whose ignore file it is, and whose context has to be exact: `auto` edits BuildKit's for all engines that read it
    #[arg(long, value_name = "ENGINE", default_value = "auto")]
    engine: EngineChoice,
}

/// How the edit is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// A unified diff; nothing where nothing is to be changed
    Text,
    /// A JSON object on a line
    Json,
}

pub(crate) fn run(ui: &Ui, arguments: &Arguments) -> Result<(), Failure> {
    let wanted = Wanted {
        exclude: paths(&arguments.exclude)?,
        include: paths(&arguments.include)?,
    };
    let (target, survey) = find(ui, arguments)?;
    let edit = fix(&target.input(survey), &wanted).map_err(|error| failure(&error))?;
    tell(ui, &target, &edit);
    if arguments.write && !edit.is_empty() {
        target.write(&edit)?;
        ui.summary(&format!("wrote `{}`", target.name));
    }
    let is_written = arguments.write && !edit.is_empty();
    Ui::listing("edit", |out| match arguments.format {
        Format::Text => diff(&edit, out),
        Format::Json => writeln!(out, "{}", object(&target, &edit, is_written)),
    })
}

fn paths(arguments: &[OsString]) -> Result<Vec<EntryPath>, Failure> {
    let path = |argument: &OsString| {
        EntryPath::cleaned(argument.as_bytes()).map_err(|error| {
            Failure::usage(error.to_string()).hint(
                "the context directory comes first: `shipload fix DIR --exclude PATH…`".to_owned(),
            )
        })
    };
    arguments.iter().map(path).collect()
}

/// The rule file, and all that is in the directory.
fn find(ui: &Ui, arguments: &Arguments) -> Result<(Target, Survey), Failure> {
    let semantics = plan::offline_semantics(arguments.engine)?;
    let readers = match arguments.engine {
        EngineChoice::Auto => Readers::All,
        EngineChoice::Classic
        | EngineChoice::Buildkit
        | EngineChoice::Podman
        | EngineChoice::Builtin => Readers::Own,
    };
    let plan = make_plan(arguments, semantics)?;
    let target = Target::of(&plan, readers)?;
    let directory = plan.directory.as_deref().unwrap_or(&arguments.path);
    let progress = Progress::new();
    let meter = ui.meter(Work::Listing(progress.clone()));
    let survey = Survey::new(directory, &progress).map_err(|error| Failure::of(&error))?;
    drop(meter);
    Ok((target, survey))
}

fn make_plan(arguments: &Arguments, semantics: Semantics) -> Result<Plan, Failure> {
    let ignore = plan::ignore_choice(&arguments.ignorefile)?;
    if ignore == IgnoreChoice::None {
        return Err(Failure::usage("`--ignorefile none` leaves no file to edit"));
    }
    plan::directory_recipe(&arguments.path, arguments.file.as_deref())?
        .ignore(ignore)
        .semantics(semantics)
        // What cannot be read may be just what is to be excluded.
        .on_unreadable(OnUnreadable::Skip)
        .plan(&Progress::new())
        .map_err(|error| plan::misplaced(error, &arguments.path))
}

/// Says what is not to be seen in the edit.
fn tell(ui: &Ui, target: &Target, edit: &Edit) {
    if edit.is_empty() {
        ui.summary("nothing to do: all of it is where it is to be");
    }
    for (engine, file) in &target.others {
        let engine = title(*engine);
        match file {
            Some(file) => {
                let file = show(file.as_os_str().as_bytes());
                ui.warning(
                    &format!("{engine} reads `{file}` instead, which stays as it is"),
                    Some("name that file with `--ignorefile` to edit it"),
                );
            }
            None => ui.warning(
                &format!(
                    "{engine} does not read `{}`, nor any other ignore file",
                    target.name
                ),
                None,
            ),
        }
    }
    for (engine, why) in &edit.refusing {
        ui.warning(&format!("{} refuses the file: {why}", title(*engine)), None);
    }
    for path in &edit.still_sent {
        let path = show(path.as_bytes());
        ui.warning(
            &format!("the classic builder is still sent `{path}`, which it needs, and removes it before the build"),
            None,
        );
    }
}

/// An edit of names that are not text is written as it is, but not to a terminal.
fn diff(edit: &Edit, out: &mut impl Write) -> io::Result<()> {
    let diff = edit.to_diff();
    if !Ui::result_is_shown() {
        return out.write_all(&diff);
    }
    for line in diff.split_inclusive(|&byte| byte == b'\n') {
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        writeln!(out, "{}", show(line.strip_suffix(b"\r").unwrap_or(line)))?;
    }
    Ok(())
}

fn object(target: &Target, edit: &Edit, is_written: bool) -> Value {
    let mut object = Map::new();
    json::insert(&mut object, "file", target.path.as_os_str().as_bytes());
    object.insert("new".to_owned(), edit.is_new.into());
    object.insert("lines".to_owned(), edit.lines.into());
    object.insert("written".to_owned(), is_written.into());
    let names = |engines: &[Semantics]| -> Value {
        engines
            .iter()
            .map(|engine| name(*engine))
            .collect::<Vec<_>>()
            .into()
    };
    object.insert("engines".to_owned(), names(&edit.engines));
    let moves = edit.moves.iter().map(|moved| {
        let mut object = Map::new();
        json::insert(&mut object, "path", moved.path.as_bytes());
        let included = moved.side == Side::Included;
        object.insert("included".to_owned(), included.into());
        object.insert("entries".to_owned(), moved.entries.into());
        object.insert("engines".to_owned(), names(&moved.engines));
        Value::from(object)
    });
    object.insert("moves".to_owned(), moves.collect());
    let others = target.others.iter().map(|(engine, file)| {
        let mut object = Map::new();
        object.insert("engine".to_owned(), name(*engine).into());
        if let Some(file) = file {
            json::insert(&mut object, "file", file.as_os_str().as_bytes());
        }
        Value::from(object)
    });
    object.insert("others".to_owned(), others.collect());
    let refusing = edit
        .refusing
        .iter()
        .map(|(engine, why)| serde_json::json!({ "engine": name(*engine), "reason": why }));
    object.insert("refusing".to_owned(), refusing.collect());
    json::insert(&mut object, "diff", &edit.to_diff());
    object.into()
}

/// As in `--engine`.
const fn name(engine: Semantics) -> &'static str {
    match engine {
        Semantics::Classic => "classic",
        Semantics::BuildKit => "buildkit",
        Semantics::Podman => "podman",
    }
}

const fn title(engine: Semantics) -> &'static str {
    match engine {
        Semantics::Classic => "the classic builder",
        Semantics::BuildKit => "BuildKit",
        Semantics::Podman => "Podman",
    }
}

/// The lines that are new, whatever their ends.
fn added(edit: &Edit) -> Vec<&[u8]> {
    let lines = || edit.hunks.iter().flat_map(|hunk| &hunk.lines);
    let removed = lines().filter(|line| matches!(line, DiffLine::Removed(_)));
    let removed: Vec<&[u8]> = removed.map(|line| line.text().trim_ascii_end()).collect();
    lines()
        .filter(|line| matches!(line, DiffLine::Added(_)))
        .map(|line| line.text().trim_ascii_end())
        .filter(|line| !removed.contains(line))
        .collect()
}

fn failure(error: &FixError) -> Failure {
    let mut failure = match error {
        FixError::BothWays { .. } => Failure::usage(error.to_string()),
        _ => Failure::of(error),
    }
    .hint(error.hint());
    if let FixError::Inexact {
        nearest, astray, ..
    } = error
    {
        failure.details.push("the nearest edit adds".to_owned());
        let lines = added(nearest);
        failure
            .details
            .extend(lines.iter().map(|line| format!("  {}", show(line))));
        failure.details.push("after which".to_owned());
        let shown = astray.iter().take(ASTRAY);
        failure
            .details
            .extend(shown.map(|astray| format!("  {astray}")));
        let more = astray.len().saturating_sub(ASTRAY);
        if more > 0 {
            failure.details.push(format!("  and {more} more"));
        }
    }
    failure
}

impl From<TargetError> for Failure {
    fn from(error: TargetError) -> Self {
        Self::of(&error).hint(error.hint())
    }
}
