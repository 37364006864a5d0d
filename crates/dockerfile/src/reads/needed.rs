//! Which stages a target needs.

use crate::command::Command;
use crate::request::Builder;
use crate::stages::{Stage, StageNames, Stages, Step};
use crate::syntax::Word;

/// What a stage is built on.
pub(super) enum BaseName {
    Scratch,
    Stage(usize),
    Image(String),
}

/// Which stages the builder runs for a target: BuildKit those that it is made of, the others all up to it.
pub(super) fn needed(
    stages: &Stages<'_>,
    names: &StageNames<'_>,
    bases: &[BaseName],
    builder: Builder,
    target: usize,
) -> Vec<bool> {
    let mut needed = vec![false; target + 1];
    if builder != Builder::BuildKit {
        needed.fill(true);
        return needed;
    }
    let mut open = vec![target];
    while let Some(index) = open.pop() {
        if std::mem::replace(&mut needed[index], true) {
            continue;
        }
        let mut words: Vec<Word> = Vec::new();
        if let BaseName::Stage(base) = &bases[index] {
            open.push(*base);
            words.extend(triggers(&stages.stages[*base]).iter().flat_map(froms));
        }
        words.extend(stages.stages[index].steps.iter().flat_map(froms));
        let sources = words
            .iter()
            .filter_map(|word| names.source(&word.text, index));
        open.extend(sources);
    }
    needed
}

/// What the `ONBUILD`s of a stage do in the stages on top of it.
pub(super) fn triggers<'s>(stage: &Stage<'s>) -> Vec<Step<'s>> {
    let triggers = stage.steps.iter().filter_map(|step| match &step.command {
        Ok(Command::Onbuild(command)) => Some(Step {
            instruction: step.instruction,
            command: Ok(command.as_ref().clone()),
        }),
        Ok(_) | Err(_) => None,
    });
    triggers.collect()
}

/// What an instruction takes files from.
pub(super) fn froms(step: &Step<'_>) -> Vec<Word> {
    match &step.command {
        Ok(Command::Copy(copy) | Command::Add(copy)) => copy.from.iter().cloned().collect(),
        Ok(Command::Run(run)) => {
            let froms = run.mounts.iter().filter_map(|mount| {
                let (text, position) = (mount.from()?.to_owned(), mount.word.position);
                Some(Word { text, position })
            });
            froms.collect()
        }
        Ok(_) | Err(_) => Vec::new(),
    }
}
