//! What the classic builders of Docker and Podman write for people (`Step 2/4 : RUN …`,
//! ` ---> Using cache`), understood as events.
//!
//! Prose can be forged by a `RUN` that prints it. So a step counts only when it is the next one, and
//! the image id is taken from the `aux` object; prose is the fallback for engines that send none,
//! and is then verified with the engine.

use crate::events::{Event, LogStream};

/// What the builder's prose needs to be remembered of what came before.
#[derive(Debug, Default)]
pub(crate) struct Prose {
    stage: u32,
    step: u32,
    total: Option<u32>,
    quiet: bool,
    after_step: bool,
    full_id: bool,
    short_id: Option<String>,
}

/// Understanding the builder.
impl Prose {
    /// For a build that was asked to be quiet: the one line that comes is the image id.
    pub(crate) fn quiet() -> Self {
        Self {
            quiet: true,
            ..Self::default()
        }
    }

    /// The short id of `Successfully built …`, when no full id came.
    pub(crate) fn unverified_id(&self) -> Option<&str> {
        self.short_id.as_deref().filter(|_| !self.full_id)
    }

    /// An `aux` object: of a build the image, of a push the manifest.
    pub(crate) fn aux(&mut self, aux: &serde_json::Value) -> Option<Event> {
        let text = |key| {
            aux.get(key)
                .and_then(serde_json::Value::as_str)
                .map(str::to_owned)
        };
        if let Some(id) = text("ID") {
            self.full_id = true;
            return Some(Event::ImageId(id));
        }
        let size = aux
            .get("Size")
            .and_then(serde_json::Value::as_u64)
            .unwrap_or_default();
        Some(Event::Pushed {
            tag: text("Tag")?,
            digest: text("Digest")?,
            size,
        })
    }

    /// The text of a `stream` message.
    pub(crate) fn read(&mut self, text: String) -> Option<Event> {
        // Engines send the line end of a step as a message of its own.
        if std::mem::take(&mut self.after_step) && text == "\n" {
            return None;
        }
        let line = text.strip_suffix('\n').unwrap_or(&text);
        if line.contains('\n') {
            return Some(log(text));
        }
        if let Some(id) = full_id(line).filter(|_| self.quiet) {
            self.full_id = true;
            return Some(Event::ImageId(id));
        }
        match self.line(line) {
            Line::Event(event) => Some(event),
            Line::Silent => None,
            Line::Unknown => Some(log(text)),
        }
    }

    fn line(&mut self, line: &str) -> Line {
        if let Some(step) = self.step(line) {
            return Line::Event(step);
        }
        let arrow = line
            .strip_prefix(" ---> ")
            .or_else(|| line.strip_prefix("--> "));
        if let Some(rest) = arrow {
            return arrow_line(rest);
        }
        let id_after = |prefix| line.strip_prefix(prefix).filter(|id| is_short_id(id));
        if let Some(id) = id_after("Successfully built ") {
            self.short_id = Some(id.to_owned());
            return Line::Silent;
        }
        if id_after("Removing intermediate container ").is_some() {
            return Line::Silent;
        }
        if let Some(warning) = line.strip_prefix("[Warning] ") {
            return Line::Event(Event::Warning(warning.to_owned()));
        }
        match line.strip_prefix("Successfully tagged ") {
            Some(name) => Line::Event(Event::Tagged(name.to_owned())),
            None => Line::Unknown,
        }
    }

    /// `Step 2/4 : RUN x` of Docker, `STEP 2/4: RUN x` of Podman, if it is the next one. Podman
    /// counts anew in each stage and writes `[1/2] STEP 2/4: RUN x` where there are several.
    fn step(&mut self, line: &str) -> Option<Event> {
        let (stage, line) = match line
            .strip_prefix('[')
            .and_then(|rest| rest.split_once("] "))
        {
            Some((stage, rest)) => (stage.split_once('/')?.0.parse().ok()?, rest),
            None => (0, line),
        };
        let docker = line
            .strip_prefix("Step ")
            .and_then(|rest| rest.split_once(" : "));
        let podman = || {
            line.strip_prefix("STEP ")
                .and_then(|rest| rest.split_once(": "))
        };
        let (count, text) = docker.or_else(podman)?;
        let (number, total) = count.split_once('/')?;
        let (number, total): (u32, u32) = (number.parse().ok()?, total.parse().ok()?);
        let known = if stage > self.stage {
            (0, None)
        } else {
            (self.step, self.total)
        };
        let next = stage >= self.stage && known.0.checked_add(1)? == number && number <= total;
        if !next || known.1.is_some_and(|known| known != total) {
            return None;
        }
        (self.stage, self.step, self.total) = (stage, number, Some(total));
        self.after_step = true;
        Some(Event::Step {
            number,
            total,
            text: text.to_owned(),
        })
    }
}

/// One line of prose.
enum Line {
    Event(Event),
    /// Known, and of no interest.
    Silent,
    Unknown,
}

/// What follows an arrow: the outcome of a step.
fn arrow_line(rest: &str) -> Line {
    let id_after = |prefix| rest.strip_prefix(prefix).filter(|id| is_short_id(id));
    let event = if rest.is_empty() {
        return Line::Silent;
    } else if rest == "Using cache" || id_after("Using cache ").is_some() {
        Event::Cached
    } else if is_short_id(rest) {
        Event::Layer {
            id: rest.to_owned(),
        }
    } else if let Some(container) = id_after("Running in ") {
        Event::Running {
            container: container.to_owned(),
        }
    } else if let Some(warning) = rest.strip_prefix("[Warning] ") {
        Event::Warning(warning.to_owned())
    } else {
        return Line::Unknown;
    };
    Line::Event(event)
}

/// Docker paints what a command wrote to its standard error red, and nothing else.
fn log(text: String) -> Event {
    let red = text
        .strip_prefix("\u{1b}[91m")
        .and_then(|rest| rest.strip_suffix("\u{1b}[0m"));
    match red {
        Some(plain) => Event::Log {
            stream: LogStream::Stderr,
            text: plain.to_owned(),
        },
        None => Event::Log {
            stream: LogStream::Stdout,
            text,
        },
    }
}

fn is_short_id(text: &str) -> bool {
    (11..=64).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// `sha256:` and 64 digits; Podman leaves out the former when it is quiet.
fn full_id(text: &str) -> Option<String> {
    let hex = text.strip_prefix("sha256:").unwrap_or(text);
    (hex.len() == 64 && is_short_id(hex)).then(|| format!("sha256:{hex}"))
}
