//! What becomes of the result: `--output`, `--push` and `--load`, and what they mean where.
//!
//! In an engine an image is there when it is built, and is pushed from there. A BuildKit that is part of no engine has no store that
//! anybody looks into: it pushes by itself, and its images are loaded into an engine as archives.

use std::collections::BTreeMap;
use std::thread::JoinHandle;

use shipload::blocking::Engine;
use shipload::engine::{
    ArchivePipe, ArchiveStream, BuildOptions, ConnectOptions, Destination, Environment, Output,
    OutputKind, TransferError,
};

use crate::exit::Failure;

use super::arguments::Arguments;
use super::builder::{Builder, Place};

/// An archive that goes into an engine while it is made.
#[derive(Debug)]
pub(super) struct Load {
    engine: Engine,
    archive: ArchiveStream,
}

/// As it goes.
#[derive(Debug)]
pub(super) struct Loading(JoinHandle<Result<(), TransferError>>);

/// Adds the outputs that `--push` and `--load` ask for, and returns what is to be loaded.
pub(super) fn complete(
    options: &mut BuildOptions,
    place: &Place,
    arguments: &Arguments,
) -> Result<Option<Load>, Failure> {
    let Builder::BuildKit(_) = place.builder else {
        return Ok(None);
    };
    epoch(options);
    let outputs = &mut options.buildkit.outputs;
    if place.engine.is_some() {
        // Without outputs it goes there anyway.
        if !outputs.is_empty() && (arguments.load || arguments.push) {
            outputs.push(output(OutputKind::Docker, None, &[]));
        }
        return Ok(None);
    }
    if arguments.push {
        outputs.push(output(OutputKind::Image, None, &[("push", "true")]));
    }
    if !arguments.load {
        return Ok(None);
    }
    let mut connect = ConnectOptions::new(Environment::from_process());
    connect.query = arguments.engine.query(crate::engine::Preference::Docker);
    let engine = Engine::connect(&connect)?;
    let (pipe, archive) = ArchivePipe::new();
    let destination = Some(Destination::Pipe(pipe));
    outputs.push(output(OutputKind::Docker, destination, &[]));
    Ok(Some(Load { engine, archive }))
}

/// Whether the standard output has the result, so that nothing else may be written there.
pub(super) fn take_stdout(options: &BuildOptions) -> bool {
    let mut outputs = options.buildkit.outputs.iter();
    outputs.any(|output| output.destination == Some(Destination::Stdout))
}

/// As buildx does, so that images are the same wherever they are built.
fn epoch(options: &mut BuildOptions) {
    let name = "SOURCE_DATE_EPOCH";
    if let Some(value) = Environment::from_process().text(name) {
        let argument = options.build_args.entry(name.to_owned());
        argument.or_insert_with(|| Some(value.to_owned()));
    }
}

fn output(
    kind: OutputKind,
    destination: Option<Destination>,
    attributes: &[(&str, &str)],
) -> Output {
    let attributes: BTreeMap<_, _> = attributes
        .iter()
        .map(|&(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    Output {
        kind,
        destination,
        attributes,
    }
}

impl Load {
    /// Begins to read the archive.
    pub(super) fn start(self) -> Loading {
        let Self { engine, archive } = self;
        Loading(std::thread::spawn(move || engine.load(archive, drop)))
    }
}

impl Loading {
    /// Waits until the engine has it.
    pub(super) fn finish(self) -> Result<(), Failure> {
        let loaded = self.0.join();
        let loaded = loaded.map_err(|_| Failure::new("the thread that loads the image stopped"))?;
        loaded.map_err(|error| Failure::of(&error).hint(error.hint()))
    }
}
