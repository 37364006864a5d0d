//! Predictions in words.

use std::fmt;

use shipload_context::{Unsure, show};

use super::cause::{Cause, FileChange};
use super::prediction::{Fate, Forecast, Prediction, Unpredictable};

/// How many files are named for one step.
const FILES: usize = 5;

/// How many characters of an instruction are shown.
const WIDTH: usize = 60;

/// Whole lines, without a line end behind the last. What a terminal might obey is escaped.
impl fmt::Display for Prediction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(why) = self.unpredictable {
            return write!(f, "cannot tell what the cache will make of it: {why}");
        }
        match self.first() {
            None if self.is_cached() => f.write_str("every step is in the cache")?,
            None => f.write_str("no step is certain to run")?,
            Some(first) => {
                write!(f, "the first step to run is {first}")?;
                reasons(f, first)?;
                let others = self
                    .steps
                    .iter()
                    .filter(|step| step.fate == Fate::Runs)
                    .skip(1);
                let lines: Vec<_> = others.map(|step| step.line.to_string()).collect();
                match lines.as_slice() {
                    [] => {}
                    [line] => write!(f, "\nthe step in line {line} runs too")?,
                    [lines @ .., last] => {
                        write!(f, "\nso do those in lines {} and {last}", lines.join(", "))?;
                    }
                }
            }
        }
        for step in self.doubtful() {
            write!(f, "\nthis one may run: {step}")?;
            reasons(f, step)?;
        }
        for unsure in &self.assumed {
            if let Unsure::Image { name } = unsure {
                write!(
                    f,
                    "\ntaken for granted: `{}` is the image that it was",
                    show(name.as_bytes())
                )?;
            }
        }
        Ok(())
    }
}

fn reasons(f: &mut fmt::Formatter<'_>, step: &Forecast) -> fmt::Result {
    for cause in step.causes.iter().take(FILES) {
        write!(f, "\n  {cause}")?;
    }
    match step.causes.len().saturating_sub(FILES) {
        0 => Ok(()),
        1 => f.write_str("\n  and 1 more"),
        more => write!(f, "\n  and {more} more"),
    }
}

/// The line and the instruction.
impl fmt::Display for Forecast {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, `{}`", self.line, short(&self.text))?;
        match &self.stage_name {
            Some(name) => write!(f, " (stage `{name}`)"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { path, change } => write!(f, "`{path}` {change}"),
            Self::DirectoryMode { path } => write!(
                f,
                "`{path}` has another mode, which BuildKit sees only where it does not have the directory yet"
            ),
            Self::Links => f.write_str("what its links lead to has changed"),
            Self::New => f.write_str("there was no such step in this place"),
            Self::Instruction { was } => write!(f, "it was `{}`", short(was)),
            Self::Arguments { names } => match names.as_slice() {
                [name] => write!(
                    f,
                    "the build argument `{}` has another value",
                    show(name.as_bytes())
                ),
                names => {
                    let names = show(names.join("`, `").as_bytes());
                    write!(f, "one of the build arguments `{names}` has another value")
                }
            },
            Self::Settings => f.write_str(
                "what it runs with has changed: variables, shell, directory, user or heredoc",
            ),
            Self::Variant => f.write_str("versions of the builder differ in whether that is another step"),
            Self::Base {
                text,
                was: Some(was),
            } if text != was => {
                write!(
                    f,
                    "its stage begins with `{}`, which was `{}`",
                    short(text),
                    short(was)
                )
            }
            Self::Base { text, .. } => write!(f, "its stage is new: `{}`", short(text)),
            Self::Before { line } => write!(f, "the step in line {line} comes before it"),
            Self::Stage { stage } => {
                write!(
                    f,
                    "stage {stage} has changed; with the same files from there it is in the cache"
                )
            }
            Self::Unsure(unsure) => match unsure {
                Unsure::Image { name } => {
                    write!(f, "`{}` may be another image", show(name.as_bytes()))
                }
                Unsure::Triggers { name } => {
                    write!(
                        f,
                        "`{}` may have ONBUILD instructions, which may read anything",
                        show(name.as_bytes())
                    )
                }
                Unsure::Remote => f.write_str("what it fetches may have changed"),
                Unsure::Wildcards => f.write_str(
                    "its wildcards go through links, behind which versions of BuildKit see different things",
                ),
                Unsure::Apart => {
                    f.write_str("it is a layer of its own, which builders that merge layers keep")
                }
                Unsure::Sources => f.write_str("it cannot be told which files it reads"),
                Unsure::Unknown => f.write_str("the instruction is not known here"),
                Unsure::Frontend { syntax } => {
                    write!(
                        f,
                        "the frontend `{}` reads the Dockerfile in ways of its own",
                        show(syntax.as_bytes())
                    )
                }
                _ => f.write_str("there is too much to compare"),
            },
        }
    }
}

impl fmt::Display for FileChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Added => f.write_str("is new"),
            Self::Removed => f.write_str("is gone"),
            Self::Content => f.write_str("has other content"),
            Self::Mode { old, new } => write!(f, "has mode {new:04o}, which was {old:04o}"),
            Self::Target => f.write_str("leads elsewhere"),
            Self::Kind => f.write_str("is of another kind"),
            Self::Capability => f.write_str("has other capabilities"),
        }
    }
}

impl fmt::Display for Unpredictable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Builders => "the builds are for different builders",
            Self::Podman => "nothing is known of podman's cache",
            Self::Steps => "the steps of a build are not known",
            Self::Work => "there is too much to compare",
            Self::Platforms => "the builds are for different platforms",
        })
    }
}

/// The beginning of an instruction, spaces as one.
fn short(text: &str) -> String {
    let words: Vec<_> = text.split_whitespace().collect();
    let text = show(words.join(" ").as_bytes());
    match text.char_indices().nth(WIDTH) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}
