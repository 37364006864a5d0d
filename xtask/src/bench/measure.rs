//! Running one side of a comparison and asking the operating system what it took.
//!
//! What a pipeline writes is read and counted here, never sent to `/dev/null`: GNU tar does not read files for that.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use fs_err as fs;
use wait4::Wait4 as _;

/// Programs, each reading what the one before it writes.
#[derive(Debug, Clone, Default)]
pub(super) struct Pipeline(Vec<Stage>);

/// A program with its arguments, kept so that it can be started again and again.
#[derive(Debug, Clone)]
pub(super) struct Stage {
    program: PathBuf,
    arguments: Vec<OsString>,
    environment: BTreeMap<OsString, OsString>,
}

/// What one run took.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Sample {
    /// From the start of the first program to the end of the last.
    pub(super) wall: Duration,
    /// User and system time of all programs.
    pub(super) cpu: Duration,
    /// The most memory that each program had resident, added up, in bytes.
    pub(super) peak: u64,
    /// Bytes that the last program wrote.
    pub(super) output: u64,
}

impl Stage {
    pub(super) fn new(program: impl Into<PathBuf>) -> Self {
        Self {
            program: program.into(),
            arguments: Vec::new(),
            environment: BTreeMap::new(),
        }
    }

    /// What a command would run, and with which variables more.
    pub(super) fn of(command: &Command) -> Self {
        let set = |(name, value): (&OsStr, Option<&OsStr>)| Some((name.into(), value?.into()));
        Self {
            program: command.get_program().into(),
            arguments: command.get_args().map(OsString::from).collect(),
            environment: command.get_envs().filter_map(set).collect(),
        }
    }

    pub(super) fn args(mut self, arguments: impl IntoIterator<Item: Into<OsString>>) -> Self {
        self.arguments.extend(arguments.into_iter().map(Into::into));
        self
    }

    pub(super) fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.environment.insert(name.into(), value.as_ref().into());
        self
    }

    fn name(&self) -> String {
        let name = self.program.file_name().unwrap_or_default();
        name.to_string_lossy().into_owned()
    }
}

impl From<Stage> for Pipeline {
    fn from(stage: Stage) -> Self {
        Self(vec![stage])
    }
}

impl Pipeline {
    /// The same, with what it writes sent through `stage`.
    pub(super) fn then(mut self, stage: Stage) -> Self {
        self.0.push(stage);
        self
    }

    /// Runs it once. `log` is a file for what it says on stderr.
    ///
    /// `Err` says which program failed, and what it said.
    pub(super) fn run(&self, log: &Path) -> Result<Sample, String> {
        let start = Instant::now();
        let (children, output) = self.start(log).map_err(|error| error.to_string())?;
        let counted = output.map_or(Ok(0), count);
        let mut sample = Sample::default();
        let mut failed = None;
        // All are waited for, whatever became of one.
        for (stage, mut child) in self.0.iter().zip(children) {
            let used = child.wait4().map_err(|error| error.to_string())?;
            sample.cpu += used.rusage.utime + used.rusage.stime;
            sample.peak += used.rusage.maxrss;
            if !used.status.success() && failed.is_none() {
                failed = Some(format!("`{}`: {}", stage.name(), used.status));
            }
        }
        sample.wall = start.elapsed();
        sample.output = counted.map_err(|error| error.to_string())?;
        match failed {
            None => Ok(sample),
            Some(failed) => {
                let said = fs::read(log).unwrap_or_default();
                let said = String::from_utf8_lossy(&said);
                let error = said
                    .lines()
                    .find(|line| line.to_lowercase().contains("error"));
                let last = said.lines().rfind(|line| !line.is_empty());
                let words = error.or(last).unwrap_or("it said nothing");
                Err(format!("{failed}: {words}"))
            }
        }
    }

    fn start(&self, log: &Path) -> io::Result<(Vec<Child>, Option<ChildStdout>)> {
        let log = fs::File::create(log)?;
        let mut children = Vec::new();
        let mut output: Option<ChildStdout> = None;
        for stage in &self.0 {
            let mut child = Command::new(&stage.program)
                .args(&stage.arguments)
                .envs(&stage.environment)
                .stdin(output.take().map_or_else(Stdio::null, Stdio::from))
                .stdout(Stdio::piped())
                .stderr(log.file().try_clone()?)
                .spawn()
                .map_err(|error| {
                    io::Error::new(
                        error.kind(),
                        format!("cannot run `{}`: {error}", stage.name()),
                    )
                })?;
            output = child.stdout.take();
            children.push(child);
        }
        Ok((children, output))
    }
}

/// Reads to the end and counts the bytes.
fn count(mut from: impl Read) -> io::Result<u64> {
    let mut buffer = vec![0; 256 << 10];
    let mut total = 0;
    loop {
        match from.read(&mut buffer) {
            Ok(0) => return Ok(total),
            Ok(read) => total += read as u64,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Stage {
        Stage::new("sh").args(["-c", script])
    }

    #[test]
    fn a_pipeline_is_counted_at_its_end() {
        let log = tempfile::NamedTempFile::new().unwrap();
        let busy = "i=0; while [ $i -lt 20000 ]; do i=$((i + 1)); done; head -c 300000 /dev/zero";
        let pipeline = Pipeline::from(shell(busy)).then(shell("cat; printf x"));
        let sample = pipeline.run(log.path()).unwrap();
        assert_eq!(sample.output, 300_001);
        assert!(sample.cpu > Duration::ZERO && sample.cpu < 3 * sample.wall);
        // A shell takes about a megabyte.
        assert!(sample.peak > 500_000, "{}", sample.peak);
    }

    #[test]
    fn who_failed_is_named_with_its_own_words() {
        let log = tempfile::NamedTempFile::new().unwrap();
        let rows = [
            (
                Pipeline::from(shell("echo error: no >&2; echo try --help >&2; exit 3"))
                    .then(shell("cat")),
                "`sh`: exit status: 3: error: no",
            ),
            (
                Pipeline::from(shell("exit 0")).then(shell("exit 4")),
                "`sh`: exit status: 4: it said nothing",
            ),
        ];
        for (pipeline, expected) in rows {
            assert_eq!(pipeline.run(log.path()).unwrap_err(), expected);
        }
        let missing = Pipeline::from(Stage::new("no-such-program")).run(log.path());
        assert!(
            missing
                .unwrap_err()
                .starts_with("cannot run `no-such-program`")
        );
    }
}
