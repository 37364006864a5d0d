//! `HEALTHCHECK`.

use std::time::Duration;

use super::BuilderError;
use super::command::Command;
use super::error::What as _;
use crate::quote::{self, EncodeProblem, Escape};

/// How to tell that a container works.
///
/// ```
/// use std::time::Duration;
/// use shipload_dockerfile::DockerfileBuilder;
/// use shipload_dockerfile::builder::{HealthOptions, Healthcheck};
///
/// let mut file = DockerfileBuilder::new("nginx")?;
/// let options = HealthOptions { interval: Some(Duration::from_secs(90)), retries: Some(3), ..HealthOptions::default() };
/// file.healthcheck(&Healthcheck::Command("curl -f http://localhost/".into(), options))?.finalize()?;
/// assert!(file.text().ends_with("HEALTHCHECK --interval=1m30s --retries=3 CMD curl -f http://localhost/\n"));
/// # Ok::<(), shipload_dockerfile::BuilderError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Healthcheck {
    /// The check of the base image does not apply.
    None,
    /// This command succeeds.
    Command(Command, HealthOptions),
}

/// When a check runs, and what its failures mean; Docker's defaults by default.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct HealthOptions {
    /// The time between two checks; 30 s by default. All times are a millisecond or longer.
    pub interval: Option<Duration>,
    /// The time after which a check has failed; 30 s by default.
    pub timeout: Option<Duration>,
    /// The time after the start in which failures do not count; none by default.
    pub start_period: Option<Duration>,
    /// The time between two checks in that time; 5 s by default. Docker 25 or later.
    pub start_interval: Option<Duration>,
    /// How many failures one after the other make a container unhealthy; 3 by default, 1 at least.
    pub retries: Option<u32>,
}

impl Healthcheck {
    pub(super) fn encode(&self, escape: Escape) -> Result<String, BuilderError> {
        let (command, options) = match self {
            Self::None => return Ok("NONE".into()),
            Self::Command(command, options) => (command, options),
        };
        let mut words = Vec::new();
        for (name, time) in [
            ("interval", options.interval),
            ("timeout", options.timeout),
            ("start-period", options.start_period),
            ("start-interval", options.start_interval),
        ] {
            if let Some(time) = time {
                let time = duration(time).what(|| format!("`--{name}`"))?;
                words.push(format!("--{name}={time}"));
            }
        }
        if let Some(retries) = options.retries {
            let range = EncodeProblem::Range("1 to 2147483647");
            let retries = i32::try_from(retries).ok().filter(|n| *n > 0).ok_or(range);
            let retries = retries.what(|| "`--retries`".into())?;
            words.push(format!("--retries={retries}"));
        }
        words.push("CMD".into());
        let command = match command {
            Command::Shell(line) => quote::health_command(line, escape),
            Command::Exec(arguments) => quote::exec(arguments),
        };
        words.push(command.what(|| "the command of `HEALTHCHECK`".into())?);
        Ok(words.join(" "))
    }
}

/// A time as Go prints it, such as `1h0m0s`, `1m30s` and `1.5s`, in units that are ASCII.
fn duration(time: Duration) -> Result<String, EncodeProblem> {
    let nanos = i64::try_from(time.as_nanos()).unwrap_or(0);
    if nanos < 1_000_000 {
        return Err(EncodeProblem::Range("1 ms to 292 years"));
    }
    let seconds = |nanos: i64, unit: i64, name: &str| {
        let (whole, part) = (nanos / unit, nanos % unit);
        let digits = unit.ilog10() as usize;
        let part = format!("{part:0digits$}");
        let part = part.trim_end_matches('0');
        let point = if part.is_empty() { "" } else { "." };
        format!("{whole}{point}{part}{name}")
    };
    if nanos < 1_000_000_000 {
        return Ok(seconds(nanos, 1_000_000, "ms"));
    }
    let (minutes, rest) = (nanos / 60_000_000_000, nanos % 60_000_000_000);
    let rest = seconds(rest, 1_000_000_000, "s");
    Ok(match (minutes / 60, minutes % 60) {
        (0, 0) => rest,
        (0, minutes) => format!("{minutes}m{rest}"),
        (hours, minutes) => format!("{hours}h{minutes}m{rest}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As `time.Duration.String` of Go prints them.
    #[test]
    fn durations_are_written_as_go_does() {
        let rows = [
            (1_000_000, "1ms"),
            (1_500_000, "1.5ms"),
            (999_999_999, "999.999999ms"),
            (1_000_000_000, "1s"),
            (1_500_000_000, "1.5s"),
            (1_000_000_001, "1.000000001s"),
            (90_000_000_000, "1m30s"),
            (60_000_000_000, "1m0s"),
            (3_600_000_000_000, "1h0m0s"),
            (i64::MAX.unsigned_abs(), "2562047h47m16.854775807s"),
        ];
        for (nanos, expected) in rows {
            assert_eq!(
                duration(Duration::from_nanos(nanos)).as_deref(),
                Ok(expected)
            );
        }
        for out in [Duration::ZERO, Duration::from_micros(999), Duration::MAX] {
            assert!(duration(out).is_err(), "{out:?}");
        }
    }
}
