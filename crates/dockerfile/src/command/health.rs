//! `HEALTHCHECK`.

use std::time::Duration;

use crate::command::flag_set::FlagSet;
use crate::command::{CommandLine, Failure, duration};
use crate::error::SyntaxProblem;
use crate::syntax::{Arguments, Instruction};

/// How to tell that a container works.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Healthcheck {
    /// `NONE`: not at all, whatever the base image says.
    None,
    /// `CMD`: by a command.
    Command {
        /// What to run.
        command: CommandLine,
        /// `--interval`.
        interval: Option<Duration>,
        /// `--timeout`.
        timeout: Option<Duration>,
        /// `--start-period`.
        start_period: Option<Duration>,
        /// `--start-interval`.
        start_interval: Option<Duration>,
        /// `--retries`.
        retries: Option<u32>,
    },
}

/// Docker takes no shorter time.
const SHORTEST: Duration = Duration::from_millis(1);

pub(super) fn read(instruction: &Instruction, flags: &mut FlagSet) -> Result<Healthcheck, Failure> {
    let Arguments::Health { kind, command } = &instruction.arguments else {
        return Err(instruction.wants("`CMD` with a command, or `NONE`"));
    };
    let has_command = match command.as_ref() {
        Arguments::None => false,
        Arguments::Json(words) => !words.is_empty(),
        _ => true,
    };
    match kind.text.to_uppercase().as_str() {
        "NONE" if has_command => Err(instruction.wants("nothing after `NONE`")),
        "NONE" => Ok(Healthcheck::None),
        "CMD" if !has_command => Err(instruction.wants("a command after `CMD`")),
        "CMD" => Ok(Healthcheck::Command {
            command: CommandLine::of(command),
            interval: time(flags, "interval")?,
            timeout: time(flags, "timeout")?,
            start_period: time(flags, "start-period")?,
            start_interval: time(flags, "start-interval")?,
            retries: retries(flags)?,
        }),
        _ => Err(instruction.wants("`CMD` with a command, or `NONE`")),
    }
}

/// The time of a flag; zero and an empty text are none.
fn time(flags: &mut FlagSet, name: &str) -> Result<Option<Duration>, Failure> {
    let Some(word) = flags.text(name).filter(|word| !word.text.is_empty()) else {
        return Ok(None);
    };
    match duration::parse(&word.text) {
        Some(Duration::ZERO) => Ok(None),
        Some(time) if time >= SHORTEST => Ok(Some(time)),
        Some(_) | None => {
            let (flag, value) = (format!("--{name}"), word.text);
            Err((word.position, SyntaxProblem::Duration { flag, value }))
        }
    }
}

fn retries(flags: &mut FlagSet) -> Result<Option<u32>, Failure> {
    let Some(word) = flags.text("retries").filter(|word| !word.text.is_empty()) else {
        return Ok(None);
    };
    let number = word
        .text
        .parse::<i32>()
        .ok()
        .and_then(|number| u32::try_from(number).ok());
    let value = word.text;
    number
        .map(Some)
        .ok_or((word.position, SyntaxProblem::Retries { value }))
}
