//! `Ui`: the only place that prints.
//!
//! Results go to standard output, as bytes, through [`Ui::result`]. Everything else goes to standard error: failures and warnings
//! always, meters and summaries only where a person watches. Nothing that a file name or an engine says reaches a
//! terminal unfiltered.

mod frame;
mod meter;

use std::fs::File;
use std::io::{self, BufWriter, IsTerminal as _, Write as _};
use std::os::fd::AsFd as _;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use indicatif::{MultiProgress, ProgressDrawTarget};
use shipload::engine::sanitize;

use crate::exit::{Exit, Failure};

use self::frame::Frame;

pub(crate) use frame::{Extent, Line, Tone, fit, width};
pub(crate) use meter::{Doing, Meter, Work};

/// What the program tells, and how.
#[derive(Debug, Clone)]
pub(crate) struct Ui {
    styled: bool,
    volume: Volume,
    bars: MultiProgress,
    /// What is drawn in place, on whatever copy of this.
    frame: Arc<Mutex<Frame>>,
}

/// How much is told beside results and failures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Volume {
    /// Nothing.
    Quiet,
    /// Warnings: standard error is a file or a pipe.
    Plain,
    /// Warnings, meters and summaries: standard error is a terminal.
    Watched,
}

/// Escape sequences by what they stand for.
#[derive(Clone, Copy)]
enum Style {
    Error,
    Warning,
    Hint,
    Cause,
    Heading,
}

/// # Making one
impl Ui {
    /// On this process's streams, with colours where standard error is a terminal that has them and `NO_COLOR` is not set.
    pub(crate) fn new() -> Self {
        let terminal = io::stderr().is_terminal();
        let unset = |name: &str| std::env::var_os(name).is_none_or(|value| value.is_empty());
        let dumb = std::env::var_os("TERM").is_none_or(|term| term == "dumb");
        let target = if terminal && !dumb {
            ProgressDrawTarget::stderr()
        } else {
            ProgressDrawTarget::hidden()
        };
        Self {
            styled: terminal && !dumb && unset("NO_COLOR"),
            volume: if terminal {
                Volume::Watched
            } else {
                Volume::Plain
            },
            bars: MultiProgress::with_draw_target(target),
            frame: Arc::default(),
        }
    }

    /// The same as if nobody watched: no meters, no summaries.
    #[must_use]
    pub(crate) fn plain(&self) -> Self {
        Self {
            volume: Volume::Plain,
            ..self.quiet()
        }
    }

    /// Whether a person watches.
    pub(crate) fn is_watched(&self) -> bool {
        self.volume == Volume::Watched
    }

    /// Whether lines can be drawn in place for a person who watches.
    pub(crate) fn can_draw(&self) -> bool {
        self.is_watched() && !self.bars.is_hidden()
    }

    /// The same, telling nothing but results and failures.
    #[must_use]
    pub(crate) fn quiet(&self) -> Self {
        Self {
            styled: self.styled,
            volume: Volume::Quiet,
            bars: MultiProgress::with_draw_target(ProgressDrawTarget::hidden()),
            frame: Arc::clone(&self.frame),
        }
    }
}

/// # Results
impl Ui {
    /// Standard output, unbuffered.
    pub(crate) fn result() -> Result<File, Failure> {
        let fd = io::stdout().as_fd().try_clone_to_owned();
        let fd =
            fd.map_err(|error| Failure::new("cannot write to standard output").caused_by(&error))?;
        // A pipe of the usual 64 KiB makes us and the reader wake each other 16 times a megabyte. Anything but a pipe refuses.
        #[cfg(target_os = "linux")]
        let _ = rustix::pipe::fcntl_setpipe_size(&fd, 1 << 20);
        Ok(File::from(fd))
    }

    /// Writes a result in many small pieces, which `what` names.
    pub(crate) fn listing(
        what: &str,
        write: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>,
    ) -> Result<(), Failure> {
        let mut out = BufWriter::with_capacity(64 << 10, Self::result()?);
        match write(&mut out).and_then(|()| out.flush()) {
            // Whoever reads has seen enough, as `head` does.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            Err(error) => Err(Failure::new(format!("cannot write the {what}")).caused_by(&error)),
            Ok(()) => Ok(()),
        }
    }

    /// Whether standard output is a terminal.
    pub(crate) fn result_is_shown() -> bool {
        io::stdout().is_terminal()
    }
}

/// # Messages
impl Ui {
    /// Says why the arguments were not understood, or the help that they asked for.
    pub(crate) fn parse_error(error: &clap::Error) -> Exit {
        // There is nobody to tell if it cannot be told.
        let _ = error.print();
        if error.use_stderr() {
            Exit::Usage
        } else {
            Exit::Done
        }
    }

    /// Says why the work was not done.
    pub(crate) fn failure(&self, failure: &Failure) {
        let mut text = self.line(Style::Error, "error: ", &failure.message);
        for cause in &failure.causes {
            text += &self.line(Style::Cause, "  caused by: ", cause);
        }
        for detail in &failure.details {
            text += &self.line(Style::Cause, "  ", detail);
        }
        if let Some(hint) = &failure.hint {
            text += &self.line(Style::Hint, "hint: ", hint);
        }
        self.say(&text);
    }

    /// Says how the work goes on, line by line.
    pub(crate) fn progress(&self, text: &str) {
        if self.volume != Volume::Quiet {
            self.say(&format!("{}\n", printable(text)));
        }
    }

    /// As [`Ui::progress`], for the line that begins a part of the work.
    pub(crate) fn heading(&self, text: &str) {
        if self.volume != Volume::Quiet {
            self.say(&self.line(Style::Heading, "", text));
        }
    }

    /// Says how the work goes on, in whole lines that keep their tabs and blank lines. Nothing is said of no lines.
    pub(crate) fn block(&self, lines: &str) {
        if self.volume != Volume::Quiet {
            self.failed_block(lines);
        }
    }

    /// As [`Ui::block`], for what led to a failure.
    pub(crate) fn failed_block(&self, lines: &str) {
        if !lines.is_empty() {
            self.say(&sanitize(lines));
        }
    }

    /// Says a line of what led to a failure.
    pub(crate) fn failed_line(&self, text: &str) {
        self.say(&format!("{}\n", printable(text)));
    }

    /// Says something that may not be what was wanted.
    pub(crate) fn warning(&self, text: &str, hint: Option<&str>) {
        if self.volume == Volume::Quiet {
            return;
        }
        let mut lines = self.line(Style::Warning, "warning: ", text);
        if let Some(hint) = hint {
            lines += &self.line(Style::Hint, "hint: ", hint);
        }
        self.say(&lines);
    }

    /// Says what was done, to a person who watches.
    pub(crate) fn summary(&self, text: &str) {
        if self.volume == Volume::Watched {
            self.say(&format!("{}\n", printable(text)));
        }
    }

    /// Shows what a piece of work does, if somebody watches and it takes longer than a moment.
    pub(crate) fn meter(&self, work: Work) -> Option<Meter> {
        (self.volume == Volume::Watched && !self.bars.is_hidden())
            .then(|| Meter::start(self.bars.clone(), work))
    }

    fn line(&self, style: Style, label: &str, text: &str) -> String {
        let text = printable(text);
        if self.styled {
            match style {
                Style::Heading => format!("{}{text}\x1b[0m\n", style.start()),
                _ => format!("{}{label}\x1b[0m{text}\n", style.start()),
            }
        } else {
            format!("{label}{text}\n")
        }
    }

    fn say(&self, text: &str) {
        let frame = self.frame();
        self.write(&frame.above(text, Self::extent().columns));
    }

    fn frame(&self) -> MutexGuard<'_, Frame> {
        self.frame.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self, text: &str) {
        // A line in one write is not torn by another process's.
        let _ = self
            .bars
            .suspend(|| io::stderr().lock().write_all(text.as_bytes()));
    }
}

/// # Drawing
impl Ui {
    /// Draws lines over those that were drawn last; whatever else is said appears above them. They have to be harmless and fit.
    pub(crate) fn draw(&self, lines: &[Line]) {
        let mut frame = self.frame();
        let text = frame.draw(lines, self.styled, Self::extent().columns);
        self.write(&text);
    }

    /// Leaves the lines that were drawn last where they are.
    pub(crate) fn leave_drawn(&self) {
        self.frame().leave();
    }

    /// How large the terminal is at present; where it does not say, as docker takes it.
    pub(crate) fn extent() -> Extent {
        let size = rustix::termios::tcgetwinsize(io::stderr()).ok();
        let size = size.filter(|size| size.ws_col > 0 && size.ws_row > 0);
        size.map_or(
            Extent {
                columns: 80,
                rows: 10,
            },
            |size| Extent {
                columns: size.ws_col.into(),
                rows: size.ws_row.into(),
            },
        )
    }
}

impl Style {
    const fn start(self) -> &'static str {
        match self {
            Self::Error => "\x1b[1;31m",
            Self::Warning => "\x1b[1;33m",
            Self::Hint => "\x1b[1;36m",
            Self::Cause => "\x1b[2m",
            Self::Heading => "\x1b[1m",
        }
    }
}

/// Text without what steers a terminal, but with its line breaks.
fn printable(text: &str) -> String {
    let lines: Vec<String> = text
        .trim_end()
        .split('\n')
        .map(|line| shipload::context::show(line.as_bytes()))
        .collect();
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_steers_the_terminal() {
        assert_eq!(
            printable("a\u{1b}[2Jb\nc\u{202e}d\n"),
            "a\\u{1b}[2Jb\nc\\u{202e}d"
        );
    }
}
