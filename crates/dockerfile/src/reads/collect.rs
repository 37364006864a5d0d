//! Going through the stages that a target needs.

use std::collections::HashMap;
use std::sync::Arc;

use crate::command::{Command, Copy, Mount, Source};
use crate::reads::needed::{BaseName, froms, needed, triggers};
use crate::reads::remote::is_remote;
use crate::reads::{ContextSource, ImageUse, Reader, Reads, ReadsError, Reason, Whole};
use crate::request::{OtherImages, Request};
use crate::scope::{Base, Scope, Unresolved};
use crate::stages::{Stage, StageNames, Stages, Step};
use crate::steps::{CacheStep, Made, Recorder, Start, assigned};
use crate::syntax::{Dockerfile, Instruction, Position, Word};
use crate::words::WordError;

/// Collects what the stages read.
pub(super) struct Collector<'a> {
    file: &'a Dockerfile,
    stages: &'a Stages<'a>,
    names: StageNames<'a>,
    /// The names of the stages as written, shared by the sources in them.
    stage_names: Vec<Option<Arc<str>>>,
    request: &'a Request,
    global: Scope<'a>,
    /// The base of each stage.
    bases: Vec<BaseName>,
    /// The scopes at the ends of the stages that were gone through.
    ends: Vec<Option<Scope<'a>>>,
    /// The lines of the instructions that read, by their numbers.
    excerpts: HashMap<usize, Arc<str>>,
    /// The places of the images in `reads`.
    images: HashMap<String, usize>,
    reads: Reads,
    /// Who writes the steps down, if anybody asked for them.
    recorder: Option<Recorder<'a>>,
}

impl<'a> Collector<'a> {
    pub(super) fn new(
        file: &'a Dockerfile,
        stages: &'a Stages<'a>,
        request: &'a Request,
        recorder: Option<Recorder<'a>>,
    ) -> Result<Self, ReadsError> {
        let global = Scope::global(request, file.escape(), &stages.global).map_err(|error| {
            let first = stages.global.first().and_then(|first| first.first());
            let position = first.map_or(Position { line: 1, column: 1 }, |argument| {
                argument.name.position
            });
            word_error(file, position, "ARG", error)
        })?;
        let mut collector = Self {
            file,
            stages,
            names: StageNames::of(stages),
            stage_names: stages.stages.iter().map(written_name).collect(),
            request,
            global,
            bases: Vec::new(),
            ends: vec![None; stages.stages.len()],
            excerpts: HashMap::new(),
            images: HashMap::new(),
            reads: Reads::default(),
            recorder,
        };
        for (index, stage) in stages.stages.iter().enumerate() {
            let base = collector.base(index, stage)?;
            collector.bases.push(base);
        }
        Ok(collector)
    }

    fn base(&self, index: usize, stage: &Stage<'_>) -> Result<BaseName, ReadsError> {
        let word = &stage.from.base;
        let name = match self.global.expand(&word.text) {
            // Nothing is unknown before the first stage.
            Ok(name) | Err(Unresolved::Variable(name)) => name,
            Err(Unresolved::Word(error)) => {
                return Err(word_error(self.file, word.position, &word.text, error));
            }
        };
        Ok(match self.names.before(&name, index) {
            Some(stage) => BaseName::Stage(stage),
            None if name == "scratch" => BaseName::Scratch,
            None => BaseName::Image(name),
        })
    }

    pub(super) fn collect(mut self, target: usize) -> Result<(Reads, Vec<CacheStep>), ReadsError> {
        let needed = needed(
            self.stages,
            &self.names,
            &self.bases,
            self.request.builder,
            target,
        );
        for (index, _) in needed.iter().enumerate().filter(|(_, needed)| **needed) {
            self.stage(index)?;
        }
        let steps = self.recorder.map(Recorder::finish);
        Ok((self.reads, steps.unwrap_or_default()))
    }

    fn stage(&mut self, index: usize) -> Result<(), ReadsError> {
        let stage = &self.stages.stages[index];
        let mut scope = self.enter(index, stage);
        if let Some(recorder) = &mut self.recorder {
            let start = match &self.bases[index] {
                BaseName::Scratch => Start::Scratch,
                BaseName::Stage(base) => Start::Stage(*base),
                BaseName::Image(name) => Start::Image(name),
            };
            recorder.enter(index, stage, &start, &self.global);
        }
        if let BaseName::Stage(base) = self.bases[index] {
            for step in triggers(&self.stages.stages[base]) {
                self.step(&step, index, &mut scope)?;
            }
        }
        for step in &stage.steps {
            self.step(step, index, &mut scope)?;
        }
        self.ends[index] = Some(scope);
        if let Some(recorder) = &mut self.recorder {
            recorder.leave(index);
        }
        Ok(())
    }

    /// The scope at the start of a stage; notes what its base means.
    fn enter(&mut self, index: usize, stage: &Stage<'_>) -> Scope<'a> {
        let name = match &self.bases[index] {
            BaseName::Scratch => return self.global.stage(&Base::Scratch),
            BaseName::Stage(base) => {
                let end = self.ends[*base].as_ref();
                return self
                    .global
                    .stage(&end.map_or(Base::Image(None), Base::Stage));
            }
            BaseName::Image(name) => name.clone(),
        };
        let position = stage.from.base.position;
        let image = self.request.images.get(&name);
        let whole = match (image, self.request.other_images) {
            (Some(image), _) if !image.triggers.is_empty() => Some(Reason::Triggers {
                image: name.clone(),
            }),
            (None, OtherImages::Unknown) => Some(Reason::UnknownImage {
                image: name.clone(),
            }),
            (Some(_), _) | (None, OtherImages::WithoutTriggers) => None,
        };
        self.reads
            .whole
            .extend(whole.map(|reason| Whole { position, reason }));
        let environment = image.map(|image| image.environment.as_slice());
        let scope = self.global.stage(&Base::Image(environment));
        self.image(name, position, true);
        scope
    }

    fn image(&mut self, name: String, position: Position, is_base: bool) {
        let images = &mut self.reads.images;
        let place = *self.images.entry(name).or_insert_with_key(|name| {
            images.push(ImageUse {
                name: name.clone(),
                position,
                is_base,
            });
            images.len() - 1
        });
        images[place].is_base |= is_base;
    }

    /// Takes in an instruction, and writes it down if somebody asked for that.
    fn step(
        &mut self,
        step: &Step<'_>,
        index: usize,
        scope: &mut Scope<'a>,
    ) -> Result<(), ReadsError> {
        let Some(mut recorder) = self.recorder.take() else {
            return self.read(step, index, scope);
        };
        let (sources, whole) = (self.reads.sources.len(), self.reads.whole.len());
        let assigned = assigned(&step.command, scope);
        self.read(step, index, scope)?;
        let (mut from, mut images) = (Vec::new(), Vec::new());
        for word in froms(step) {
            match self.names.source(&word.text, index) {
                Some(stage) => from.push(stage),
                None if word.text.is_empty() || word.text == "scratch" => {}
                None => images.push(word.text),
            }
        }
        recorder.step(Made {
            stage: index,
            stage_name: self.stages.stages[index].from.name.as_deref(),
            step,
            assigned,
            scope,
            sources: sources..self.reads.sources.len(),
            from,
            images,
            reads_anything: self.reads.whole.len() > whole,
        });
        self.recorder = Some(recorder);
        Ok(())
    }

    fn read(
        &mut self,
        step: &Step<'_>,
        index: usize,
        scope: &mut Scope<'a>,
    ) -> Result<(), ReadsError> {
        let instruction = step.instruction;
        let fail = |error: WordError| {
            let position = instruction.name.position;
            word_error(self.file, position, &instruction.line, error)
        };
        let command = match &step.command {
            Ok(command) => command,
            Err(error) => {
                let (position, reason) = (error.position, Reason::Unknown(error.clone()));
                self.reads.whole.push(Whole { position, reason });
                return Ok(());
            }
        };
        match command {
            Command::Arg(arguments) => scope.arg(arguments).map_err(fail)?,
            Command::Env(pairs) => scope.env(pairs).map_err(fail)?,
            Command::Copy(copy) => {
                let reader = Reader::Copy {
                    parents: copy.parents,
                };
                self.copy(copy, &reader, instruction, index, scope)?;
            }
            Command::Add(copy) => self.copy(copy, &Reader::Add, instruction, index, scope)?,
            Command::Run(run) => {
                for mount in &run.mounts {
                    self.mount(mount, instruction, index, scope)?;
                }
            }
            // What an `ONBUILD` says happens in the stages and builds on top of this one.
            _ => {}
        }
        Ok(())
    }

    fn copy(
        &mut self,
        copy: &Copy,
        reader: &Reader,
        instruction: &Instruction,
        index: usize,
        scope: &Scope<'_>,
    ) -> Result<(), ReadsError> {
        if let Some(from) = copy.from.as_ref().filter(|from| !from.text.is_empty()) {
            self.elsewhere(&from.text, from.position, index);
            return Ok(());
        }
        let start = self.reads.sources.len();
        let mut has_others = false;
        for source in &copy.sources {
            let path = match source {
                Source::Path(word) => self.expand(word, scope)?.map(|path| (word, path)),
                Source::Heredoc(_) => None,
            };
            let is_add = *reader == Reader::Add;
            match path {
                Some((_, path)) if is_add && is_remote(&path, self.request.builder) => {
                    has_others = true;
                }
                Some((word, path)) => self.source(&path, word, reader, (instruction, index)),
                None => has_others = true,
            }
        }
        for source in &mut self.reads.sources[start..] {
            source.has_others = has_others;
        }
        Ok(())
    }

    fn mount(
        &mut self,
        mount: &Mount,
        instruction: &Instruction,
        index: usize,
        scope: &Scope<'_>,
    ) -> Result<(), ReadsError> {
        let position = mount.word.position;
        let part = |text: &str| Word {
            text: text.to_owned(),
            position,
        };
        let Some(kind) = self.expand(&part(mount.kind()), scope)? else {
            return Ok(());
        };
        if let Some(from) = mount.from().filter(|from| !from.is_empty()) {
            self.elsewhere(from, position, index);
            return Ok(());
        }
        if kind.eq_ignore_ascii_case("bind") {
            let word = part(mount.source().unwrap_or_default());
            if let Some(path) = self.expand(&word, scope)? {
                self.source(&path, &mount.word, &Reader::Mount, (instruction, index));
            }
        }
        Ok(())
    }

    /// Files of a stage or an image; stages have been counted already.
    fn elsewhere(&mut self, from: &str, position: Position, index: usize) {
        if self.names.source(from, index).is_none() && from != "scratch" {
            self.image(from.to_owned(), position, false);
        }
    }

    /// A word's value; `None` where it is not known, which is noted.
    fn expand(&mut self, word: &Word, scope: &Scope<'_>) -> Result<Option<String>, ReadsError> {
        let source = || word.text.clone();
        let reason = match scope.expand(&word.text) {
            Ok(path) => return Ok(Some(path)),
            Err(Unresolved::Variable(name)) => Reason::Variable {
                name,
                source: source(),
            },
            // The limit is ours, not the builder's.
            Err(Unresolved::Word(error)) if error.is_limit() => Reason::Work { source: source() },
            Err(Unresolved::Word(error)) => {
                return Err(word_error(self.file, word.position, &word.text, error));
            }
        };
        let position = word.position;
        self.reads.whole.push(Whole { position, reason });
        Ok(None)
    }

    /// Notes a source of an instruction in a stage.
    fn source(
        &mut self,
        path: &str,
        word: &Word,
        reader: &Reader,
        (instruction, stage): (&Instruction, usize),
    ) {
        let excerpt = self.excerpt(instruction, word.position.line);
        self.reads.sources.push(ContextSource {
            pattern: clean(path),
            written: word.text.clone(),
            position: word.position,
            excerpt,
            reader: reader.clone(),
            instruction: *instruction.lines.start(),
            stage,
            stage_name: self.stage_names[stage].clone(),
            has_others: false,
        });
    }

    /// A line of an instruction, shared by the sources in it: there may be thousands, and it may be long.
    fn excerpt(&mut self, instruction: &Instruction, line: usize) -> Arc<str> {
        if !self.excerpts.contains_key(&line) {
            let lines = (*instruction.lines.start()..).zip(instruction.text.lines());
            self.excerpts
                .extend(lines.map(|(number, text)| (number, text.trim_end().into())));
        }
        self.excerpts.get(&line).cloned().unwrap_or_default()
    }
}

fn written_name(stage: &Stage<'_>) -> Option<Arc<str>> {
    stage.from.name.as_deref().map(Arc::from)
}

/// A path from the top of the context: no empty, `.` or `..` component, and nothing above the top.
fn clean(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    if parts.is_empty() {
        ".".to_owned()
    } else {
        parts.join("/")
    }
}

fn word_error(file: &Dockerfile, position: Position, word: &str, source: WordError) -> ReadsError {
    let holder = file
        .instructions()
        .find(|one| one.lines.contains(&position.line));
    let excerpt = holder
        .map(|one| one.excerpt(position.line))
        .unwrap_or_default();
    ReadsError::Word {
        position,
        excerpt,
        word: word.to_owned(),
        source,
    }
}
