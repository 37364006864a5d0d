//! `cargo xtask bench`: how long packing and explaining take, and how much memory, beside what else people use for it.
//!
//! Rounds are interleaved: each goes once through all rows of a group, after one round that only warms the page cache. Nothing
//! is asserted on time; goals are shown beside what was measured. Close calls are better settled by counting
//! instructions (`valgrind --tool=callgrind`).

mod buildkit;
mod contender;
mod explain;
mod measure;
pub(crate) mod peer;
mod programs;
mod random;
mod rules;
mod shape;
mod sink;
mod table;
mod text;
mod tree;

use std::env;
use std::io;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::Duration;

use fs_err as fs;
use serde_json::{Value, json};
use shipload_testkit::workspace;

use crate::shell;
use buildkit::Builders;
use contender::Group;
use measure::Sample;
use programs::Programs;
use shape::Shape;
use sink::Sink;
use table::Row;
use tree::Tree;

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// How often each row is measured
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..))]
    rounds: u32,
    /// Only groups whose line `tree/group/row` contains this; may be repeated. The first row stays, to compare with
    #[arg(long, value_name = "TEXT")]
    filter: Vec<String>,
    /// A directory to pack besides the generated ones; may be repeated
    #[arg(long, value_name = "DIR")]
    tree: Vec<PathBuf>,
    /// What the generated trees are made from
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// A row that took longer than this many seconds to warm up is not run again: that run is its measurement
    #[arg(long, value_name = "SECONDS", default_value_t = 10)]
    patience: u64,
    /// Writes every measurement to this file too
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

pub(crate) fn run(arguments: &Arguments) -> ExitCode {
    let done = if cfg!(debug_assertions) {
        in_release()
    } else {
        compare(arguments)
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("\nthe bench cannot go on: {message}");
            ExitCode::FAILURE
        }
    }
}

/// Compiles the program and this task for release and goes on there: peers are part of this task, and are to be as
/// fast as they can.
fn in_release() -> Result<(), String> {
    let mut cargo = shell::cargo();
    cargo.args(["build", "--release", "--locked"]);
    shell::stream(cargo.args(["--package", "shipload-cli", "--package", "xtask"]))?;
    let xtask = workspace::target().join("release/xtask");
    let error = Command::new(&xtask).args(env::args_os().skip(1)).exec();
    Err(format!("cannot run `{}`: {error}", xtask.display()))
}

fn compare(arguments: &Arguments) -> Result<(), String> {
    let text = |error: io::Error| error.to_string();
    let folder = workspace::target().join("bench");
    fs::create_dir_all(&folder).map_err(text)?;
    let peer = env::current_exe().map_err(text)?;
    let shipload = workspace::target().join("release/shipload");
    let programs = Programs::find(shipload, peer, &folder).map_err(text)?;
    let sink = Sink::start(&folder.join("sink.sock")).map_err(text)?;
    let builders = Builders::default();

    let mut trees: Vec<Box<dyn Fn() -> io::Result<Tree>>> = Vec::new();
    for shape in Shape::ALL {
        if arguments.may_want(shape.name()) {
            let folder = folder.clone();
            let seed = arguments.seed;
            trees.push(Box::new(move || Tree::generated(shape, seed, &folder)));
        }
    }
    for dir in &arguments.tree {
        trees.push(Box::new(|| Tree::real(dir)));
    }

    let mut all = Vec::new();
    for provide in trees {
        let tree = provide().map_err(text)?;
        let mut groups = contender::groups(&tree, &programs, &sink, &builders);
        for group in &mut groups {
            arguments.select(&tree, group);
        }
        groups.retain(|group| group.rows.len() > 1);
        if groups.is_empty() {
            continue;
        }
        let measured = groups
            .iter()
            .map(|group| measure_group(arguments, &tree, group, &sink, &folder));
        all.push(json!({
            "tree": tree.name, "entries": tree.size.entries, "bytes": tree.size.bytes,
            "groups": measured.collect::<Vec<_>>(),
        }));
    }
    if all.is_empty() {
        return Err("no row is called that".to_owned());
    }
    if let Some(file) = &arguments.json {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let document = json!({
            "seed": arguments.seed, "rounds": arguments.rounds, "cores": cores, "trees": all,
        });
        fs::write(file, format!("{document:#}\n")).map_err(text)?;
    }
    Ok(())
}

/// Choosing
impl Arguments {
    /// Whether any filter can match below the tree `name`, so that it must be there.
    fn may_want(&self, name: &str) -> bool {
        let names = Shape::ALL.map(Shape::name);
        self.filter.is_empty()
            || self.filter.iter().any(|filter| {
                let tree = filter.split('/').next().unwrap_or_default();
                // A filter that names no tree may match rows of any.
                !names.contains(&tree) || tree == name
            })
    }

    /// Leaves of `group` the first row and those that a filter matches.
    fn select(&self, tree: &Tree, group: &mut Group) {
        if self.filter.is_empty() {
            return;
        }
        let wanted = |row: &str| {
            let line = format!("{}/{}/{row}", tree.name, group.title);
            self.filter.iter().any(|filter| line.contains(filter))
        };
        let ours = group.rows.first().is_some_and(|row| wanted(&row.name));
        let mut place = 0;
        group.rows.retain(|row| {
            place += 1;
            place == 1 || ours || wanted(&row.name)
        });
    }
}

/// Measures a group and prints its table.
fn measure_group(
    arguments: &Arguments,
    tree: &Tree,
    group: &Group,
    sink: &Sink,
    folder: &Path,
) -> Value {
    println!(
        "\n{} · {} ({} entries, {})\n",
        tree.name,
        group.title,
        tree.size.entries,
        table::size(tree.size.bytes)
    );
    let log = folder.join("stderr.log");
    let sample = |row: &contender::Contender| -> Result<Sample, String> {
        row.before.run().map_err(|error| error.to_string())?;
        sink.take_received();
        let sample = row.pipeline.run(&log)?;
        let output = sample.output + sink.take_received();
        Ok(Sample { output, ..sample })
    };
    let patience = Duration::from_secs(arguments.patience);
    let mut missing = group.missing.clone();
    let mut rows: Vec<Row<'_>> = Vec::new();
    let mut repeated = Vec::new();
    // Once more than the others, since what comes first reads from the disk, and that must not count as slow.
    if let Some(Err(why)) = group.rows.first().map(sample) {
        println!("  left out, all of it: {why}");
        return json!({ "group": group.title, "rows": [], "left_out": [why] });
    }
    for contender in &group.rows {
        match sample(contender) {
            Ok(warm) => {
                let once = warm.wall > patience;
                repeated.push(!once);
                rows.push(Row {
                    contender,
                    samples: if once { vec![warm] } else { Vec::new() },
                });
            }
            Err(why) => missing.push(format!("{}: {why}", contender.name)),
        }
    }
    for _ in 0..arguments.rounds {
        for (row, _) in rows
            .iter_mut()
            .zip(&repeated)
            .filter(|(_, repeat)| **repeat)
        {
            match sample(row.contender) {
                Ok(sample) => row.samples.push(sample),
                Err(why) => missing.push(format!("{}: {why}", row.contender.name)),
            }
        }
    }
    rows.retain(|row| !row.samples.is_empty());
    for row in &mut rows {
        match row.contender.bytes_on_the_socket(&log) {
            Ok(Some(bytes)) => row
                .samples
                .iter_mut()
                .for_each(|sample| sample.output = bytes),
            Ok(None) => {}
            Err(why) => missing.push(format!("{}, counted: {why}", row.contender.name)),
        }
    }
    print!("{}", table::text(&rows));
    for why in &missing {
        println!("  left out: {why}");
    }
    let mut json = table::json(group.title, &rows);
    json["left_out"] = json!(missing);
    json
}
