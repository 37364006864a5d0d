//! `shipload deps`: the files of the context that the Dockerfile reads.

mod rule;

use std::io::{self, Write};
use std::path::PathBuf;

use clap::{Args, ValueEnum, ValueHint};
use shipload::context::{Entry, ListFormat, Plan, Progress, Referenced, View, list, show};

use crate::args::{ContextArguments, ReadsArguments};
use crate::exit::Failure;
use crate::plan::{self, Source};
use crate::reads;
use crate::ui::Ui;

use rule::{Rule, Syntax};

/// Lists the files that the Dockerfile reads
///
/// Files, links and empty directories of the context that a build reads: those of `COPY` and `ADD`, and of bind mounts, in all
/// stages that the target needs. `.` stands for the whole context.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The context directory
    #[arg(default_value = ".", value_hint = ValueHint::DirPath)]
    path: PathBuf,

    /// How the files are written
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,

    /// Print the patterns of the Dockerfile instead of files: variables filled in, relative to the context, sorted, each once
    #[arg(long)]
    patterns: bool,

    /// What the rule of `--format make` and `ninja` says depends on the files
    #[arg(long, value_name = "NAME", default_value = "image")]
    output_name: String,

    #[command(flatten)]
    reads: ReadsArguments,

    #[command(flatten)]
    context: ContextArguments,
}

/// How the files are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// A line each, with what is not printable escaped
    Text,
    /// A JSON object on a line each
    Json,
    /// The path as it is, then a NUL byte
    Nul,
    /// A rule for make, as `gcc -M -MP` writes it; also of the Dockerfile and the ignore files
    Make,
    /// A statement for ninja: a phony target that depends on the files, the Dockerfile and the ignore files
    Ninja,
}

pub(crate) fn run(ui: &Ui, arguments: &Arguments) -> Result<(), Failure> {
    let is_rule = matches!(arguments.format, Format::Make | Format::Ninja);
    if arguments.patterns && is_rule {
        return Err(Failure::usage(
            "`--patterns` are no files that a rule could name",
        ));
    }
    let semantics = plan::offline_semantics(arguments.context.engine)?;
    let request = reads::request(&arguments.reads)?;
    let source = Source::Directory(arguments.path.clone());
    let plan = plan::plan(ui, &source, &arguments.context, semantics, &Progress::new())?;
    let least = reads::least(ui, &plan, &request)?;
    plan::check_size(&least.view, &arguments.context)?;
    let members = leaves(&least);
    let format = match arguments.format {
        Format::Make => return rule(Syntax::Make, &plan, &members, arguments),
        Format::Ninja => return rule(Syntax::Ninja, &plan, &members, arguments),
        Format::Text => ListFormat::Text,
        Format::Json => ListFormat::Json,
        Format::Nul => ListFormat::Nul,
    };
    Ui::listing("list", |out| {
        // Of the whole context the only pattern is `.`.
        if arguments.patterns || least.reads.is_whole() {
            patterns(&least, format, out)
        } else {
            list(&members, format, out)
        }
    })
}

fn rule(syntax: Syntax, plan: &Plan, members: &View, arguments: &Arguments) -> Result<(), Failure> {
    let mut rule = Rule::new(syntax, &arguments.output_name)?;
    rule.add_build_files(plan, &arguments.path, arguments.context.file.as_deref())?;
    rule.add_members(members, &arguments.path, &arguments.context)?;
    Ui::listing("list", |out| out.write_all(&rule.finish()))
}

/// What is read and has nothing below it.
fn leaves(least: &Referenced) -> View {
    let entries = least.view.tree().entries();
    let is_parent = |entry: &Entry| {
        let after = entries.partition_point(|other| other.path <= entry.path);
        let next = entries.get(after);
        next.is_some_and(|next| next.path.starts_with(&entry.path))
    };
    let members = least.members.clone();
    members.filter(|entry| !entry.is_dir() || !is_parent(entry))
}

fn patterns(least: &Referenced, format: ListFormat, out: &mut impl Write) -> io::Result<()> {
    for pattern in least.reads.patterns() {
        match format {
            ListFormat::Json => writeln!(out, "{}", serde_json::json!({ "path": pattern }))?,
            ListFormat::Nul => write!(out, "{pattern}\0")?,
            ListFormat::Text | ListFormat::Long => writeln!(out, "{}", show(pattern.as_bytes()))?,
        }
    }
    Ok(())
}
