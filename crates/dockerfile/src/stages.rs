//! The stages of a Dockerfile: what stands before the first `FROM`, and each `FROM` with what follows it.

use std::collections::HashMap;

use crate::command::{Argument, Command, From};
use crate::error::{SyntaxError, SyntaxProblem};
use crate::keyword::Keyword;
use crate::syntax::{Dockerfile, Instruction};

/// A Dockerfile's instructions by stage, all of them understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stages<'a> {
    /// The `ARG`s before the first `FROM`, each with what it declares.
    pub global: Vec<Vec<Argument>>,
    /// The stages in order.
    pub stages: Vec<Stage<'a>>,
}

/// A stage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stage<'a> {
    /// The `FROM` that begins it.
    pub from: From,
    /// That instruction.
    pub instruction: &'a Instruction,
    /// What follows, up to the next `FROM`.
    pub steps: Vec<Step<'a>>,
}

/// An instruction of a stage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step<'a> {
    /// The instruction.
    pub instruction: &'a Instruction,
    /// What it says; an error for what is not known here and may be known elsewhere.
    pub command: Result<Command, SyntaxError>,
}

impl Dockerfile {
    /// Understands all instructions and puts them into stages.
    ///
    /// Unknown instructions and flags are kept as errors in their place, as a later frontend may have them. So is what is wrong
    /// below an `ONBUILD`, which no builder reads before it runs it.
    ///
    /// # Errors
    /// Those of [`Instruction::command`], unless they are kept, and anything but `ARG` before the first `FROM`.
    pub fn stages(&self) -> Result<Stages<'_>, SyntaxError> {
        let mut global = Vec::new();
        let mut stages: Vec<Stage<'_>> = Vec::new();
        for instruction in self.instructions() {
            let command = match instruction.command() {
                Err(error) if !is_kept(instruction, &error) => return Err(error),
                command => command,
            };
            match (command, stages.last_mut()) {
                (Ok(Command::From(from)), _) => {
                    let steps = Vec::new();
                    stages.push(Stage {
                        from,
                        instruction,
                        steps,
                    });
                }
                (command, Some(stage)) => stage.steps.push(Step {
                    instruction,
                    command,
                }),
                (Ok(Command::Arg(arguments)), None) => global.push(arguments),
                (Ok(_), None) => return Err(before_from(instruction)),
                (Err(error), None) => return Err(error),
            }
        }
        Ok(Stages { global, stages })
    }
}

impl Stages<'_> {
    /// The stage with this name or number; names win, and case does not matter.
    pub fn find(&self, name: &str) -> Option<usize> {
        StageNames::of(self).source(name, self.stages.len())
    }
}

/// Which stages have which name.
pub(crate) struct StageNames<'s>(HashMap<&'s str, Vec<usize>>);

impl<'s> StageNames<'s> {
    pub(crate) fn of(stages: &'s Stages<'_>) -> Self {
        let mut names: HashMap<_, Vec<usize>> = HashMap::new();
        for (number, stage) in stages.stages.iter().enumerate() {
            if let Some(name) = &stage.from.name {
                names.entry(name.as_str()).or_default().push(number);
            }
        }
        Self(names)
    }

    /// The last stage with this name before another.
    pub(crate) fn before(&self, name: &str, end: usize) -> Option<usize> {
        let numbers = self.0.get(name.to_lowercase().as_str())?;
        let before = numbers.partition_point(|&number| number < end);
        numbers[..before].last().copied()
    }

    /// The stage that `--from` means within another: a name, or the number of an earlier one.
    pub(crate) fn source(&self, name: &str, end: usize) -> Option<usize> {
        self.before(name, end).or_else(|| {
            let number = name.parse::<usize>().ok();
            number.filter(|&number| number < end)
        })
    }
}

/// Whether an instruction that is not understood does not stop a build that does not run it.
fn is_kept(instruction: &Instruction, error: &SyntaxError) -> bool {
    let is_below = instruction.keyword == Some(Keyword::Onbuild)
        && error.position != instruction.name.position
        && !matches!(error.problem, SyntaxProblem::Trigger { .. });
    is_below || error.problem.is_unknown()
}

fn before_from(instruction: &Instruction) -> SyntaxError {
    let position = instruction.name.position;
    let name = instruction.name.text.to_ascii_uppercase();
    SyntaxError {
        position,
        excerpt: instruction.excerpt(position.line),
        problem: SyntaxProblem::BeforeFrom { name },
    }
}
