//! `Meter`: a line on the terminal that follows a piece of work.

use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use shipload::context::{Counts, Progress};
use shipload::engine::UploadProgress;

use crate::size::{self, Size};

/// Work that is done sooner than this shows no meter.
const PATIENCE: Duration = Duration::from_millis(300);

/// How often the line is drawn.
const PACE: Duration = Duration::from_millis(100);

/// What the meter follows.
pub(crate) enum Work {
    /// The walk.
    Listing(Progress),
    /// Writing the archive of files that have this many bytes.
    Packing(Progress, u64),
    /// A build: sending the files, then what the engine does.
    Building {
        /// How far the packer is.
        progress: Progress,
        /// Bytes in the files that are sent.
        bytes: u64,
        /// Whether all of it is sent.
        upload: UploadProgress,
        /// What the engine does.
        doing: Arc<Mutex<Doing>>,
    },
}

/// What an engine does while it builds.
#[derive(Debug, Clone, Default)]
pub(crate) struct Doing {
    /// The step, or the transfer that is a part of it.
    pub(crate) text: String,
    /// The number of the step, from 1; 0 before the first.
    pub(crate) step: u32,
    /// Of how many.
    pub(crate) steps: u32,
}

/// Follows a piece of work until it is dropped, and then wipes its line.
#[derive(Debug)]
pub(crate) struct Meter {
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Meter {
    pub(super) fn start(bars: MultiProgress, work: Work) -> Self {
        let (stop, stopped) = mpsc::channel();
        let follow = move || {
            let mut pause = PATIENCE;
            let mut bar = None;
            while stopped.recv_timeout(pause) == Err(RecvTimeoutError::Timeout) {
                pause = PACE;
                work.draw(bar.get_or_insert_with(|| bars.add(work.bar())));
            }
            if let Some(bar) = bar {
                bar.finish_and_clear();
                bars.remove(&bar);
            }
        };
        // Without a thread there is no meter, and nothing else is lost.
        let thread = std::thread::Builder::new()
            .name("meter".to_owned())
            .spawn(follow)
            .ok();
        Self {
            stop: Some(stop),
            thread,
        }
    }
}

impl Drop for Meter {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // It cannot panic; if it did, the work is not to blame.
            let _ = thread.join();
        }
    }
}

impl Work {
    fn bar(&self) -> ProgressBar {
        // How much there is to list is known only when it is listed.
        let (bar, template) = match self {
            Self::Listing(_) => (ProgressBar::new_spinner(), "{spinner} {wide_msg}"),
            Self::Packing(_, total) | Self::Building { bytes: total, .. } => {
                (ProgressBar::new(*total), "{spinner} {bar:30} {wide_msg}")
            }
        };
        match ProgressStyle::with_template(template) {
            Ok(style) => bar.with_style(style),
            Err(_) => bar,
        }
    }

    fn draw(&self, bar: &ProgressBar) {
        match self {
            Self::Listing(progress) => {
                let Counts {
                    entries,
                    listed_bytes,
                    ..
                } = progress.counts();
                let (entries, bytes) = (size::entries(entries), Size(listed_bytes));
                bar.set_message(format!("listing the context: {entries}, {bytes}"));
            }
            Self::Packing(progress, total) => {
                let done = progress.counts().read_bytes;
                bar.set_position(done);
                bar.set_message(format!("packed {} of {}", Size(done), Size(*total)));
            }
            Self::Building {
                progress,
                bytes,
                upload,
                doing,
            } => {
                let Doing { text, step, steps } =
                    doing.lock().unwrap_or_else(PoisonError::into_inner).clone();
                let sent = progress.counts().read_bytes;
                if upload.is_complete() || sent >= *bytes || step > 0 {
                    bar.set_length(steps.max(1).into());
                    bar.set_position(step.saturating_sub(1).into());
                    bar.set_message(format!("{} s  {text}", bar.elapsed().as_secs()));
                } else {
                    bar.set_position(sent);
                    bar.set_message(format!("sent {} of {}", Size(sent), Size(*bytes)));
                }
            }
        }
        bar.tick();
    }
}
