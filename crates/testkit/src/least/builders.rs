//! The four builders, and building a case with one of them.

use std::io;
use std::path::Path;

use fs_err as fs;

use super::{Case, Column};
use crate::debian_cli::{Builder, DebianCli, Ended};
use crate::engine::{self, Handle, Private};
use crate::image::Image;
use crate::packages;
use crate::tree::TreeSpec;

/// Two Engines with their CLIs. Threads may share it.
#[derive(Debug)]
pub struct Builders {
    usual: Handle,
    modern: Handle,
    usual_cli: DebianCli,
    modern_cli: DebianCli,
    /// Keeps an Engine of our own running.
    _own: Option<Private>,
}

/// How a build ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// With an image, which has this name and this id.
    Built {
        /// The name.
        name: String,
        /// The id: equal ids, equal images.
        id: String,
    },
    /// Without, after these words.
    Failed(String),
}

/// Whether steps may come from earlier builds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cache {
    /// What was built before counts, if the builder finds that it read the same.
    Used,
    /// Every step is done.
    Unused,
}

/// Finding
impl Builders {
    /// An Engine of its own and the shared later one with their CLIs, or `None` when the test is to return at once.
    ///
    /// The classic builder fails when an image goes while it looks for one in its cache, and hundreds come and go here.
    ///
    /// # Panics
    /// As [`engine::private`] and [`engine::modern`].
    pub fn find() -> Option<Self> {
        let modern = engine::modern()?;
        let own = engine::private()?;
        match Self::of(own.handle().clone(), modern) {
            Ok(builders) => Some(Self {
                _own: Some(own),
                ..builders
            }),
            Err(why) => {
                engine::skip(&why);
                None
            }
        }
    }

    /// These Engines with their CLIs.
    ///
    /// # Errors
    /// In words, when they are of other releases than the table was written for, or there are no CLIs.
    pub fn of(usual: Handle, modern: Handle) -> Result<Self, String> {
        for (engine, wanted) in [(&usual, "20.10."), (&modern, "26.1.")] {
            let version = engine.describe().map_err(|error| error.to_string())?;
            if !version.starts_with(wanted) {
                return Err(format!(
                    "the Engine is {version}, where {wanted} is compared with"
                ));
            }
        }
        Ok(Self {
            usual,
            modern,
            usual_cli: DebianCli::debian()?,
            modern_cli: DebianCli::modern()?,
            _own: None,
        })
    }

    /// The Engine of a builder.
    pub fn engine(&self, column: Column) -> &Handle {
        match column {
            Column::Classic20 | Column::BuildKit20 => &self.usual,
            Column::Classic26 | Column::BuildKit26 => &self.modern,
        }
    }

    /// The CLI for a builder. The classic ones get both what a CLI of today packs, because 20.10's reads rules in
    /// other ways.
    fn cli(&self, column: Column) -> (&DebianCli, Builder) {
        match column {
            Column::BuildKit20 => (&self.usual_cli, Builder::BuildKit),
            Column::BuildKit26 => (&self.modern_cli, Builder::BuildKit),
            Column::Classic20 | Column::Classic26 => (&self.modern_cli, Builder::Classic),
        }
    }
}

/// Building
impl Builders {
    /// Builds `case` with `column` from `tree`, which stands for the case's own.
    ///
    /// # Errors
    /// When the tree cannot be written, or a CLI not be run; a failed build is no error.
    pub fn build(
        &self,
        column: Column,
        case: &Case,
        tree: &TreeSpec,
        cache: Cache,
    ) -> io::Result<Outcome> {
        let dockerfile = self.prepare(column, case)?;
        let context = tempfile::tempdir()?;
        tree.write(context.path())?;
        fs::write(context.path().join("Dockerfile"), dockerfile)?;
        self.build_directory(column, case, context.path(), cache)
    }

    /// Makes the images that the Dockerfile starts from, and names them in it.
    ///
    /// # Errors
    /// When they cannot be made.
    pub fn prepare(&self, column: Column, case: &Case) -> io::Result<String> {
        let mut dockerfile = case.dockerfile.clone();
        for (place, image) in [("@busybox@", None), ("@base@", case.base.as_deref())] {
            if !dockerfile.contains(place) {
                continue;
            }
            let context = tempfile::tempdir()?;
            let text =
                image.unwrap_or("FROM scratch\nCOPY busybox /bin/busybox\nCOPY busybox /bin/sh\n");
            if image.is_none() {
                let busybox = packages::BUSYBOX.provide().map_err(io::Error::other)?;
                let program = busybox.program("busybox");
                let program = program.ok_or_else(|| io::Error::other("no `busybox`"))?;
                fs::copy(program, context.path().join("busybox"))?;
            }
            fs::write(context.path().join("Dockerfile"), text)?;
            let tag = self.engine(column).unique("shipload/least-base");
            let (cli, _) = self.cli(column);
            let arguments = ["--tag".to_owned(), tag.clone()];
            let ended = cli.build(
                self.engine(column),
                Builder::Classic,
                context.path(),
                &arguments,
            )?;
            if let Ended::Failed(words) = ended {
                return Err(io::Error::other(words));
            }
            dockerfile = dockerfile.replace(place, &tag);
        }
        Ok(dockerfile)
    }

    /// Builds `case` with `column` from a directory, which has the Dockerfile in it.
    ///
    /// # Errors
    /// As [`Builders::build`].
    pub fn build_directory(
        &self,
        column: Column,
        case: &Case,
        context: &Path,
        cache: Cache,
    ) -> io::Result<Outcome> {
        let engine = self.engine(column);
        let name = engine.unique("shipload/least");
        let mut arguments = vec!["--tag".to_owned(), name.clone()];
        if cache == Cache::Unused {
            arguments.push("--no-cache".to_owned());
        }
        for (option, value) in [("--target", &case.target), ("--platform", &case.platform)] {
            if let Some(value) = value {
                arguments.extend([option.to_owned(), value.clone()]);
            }
        }
        for (key, value) in &case.build_args {
            arguments.extend(["--build-arg".to_owned(), format!("{key}={value}")]);
        }
        let (cli, builder) = self.cli(column);
        match cli.build(engine, builder, context, &arguments)? {
            Ended::Failed(words) => Ok(Outcome::Failed(words)),
            Ended::Built => {
                let id = engine.image_id(&name)?;
                Ok(Outcome::Built { name, id })
            }
        }
    }

    /// What is in the image of an outcome; `None` if there is none.
    ///
    /// # Errors
    /// As [`Handle::image`].
    pub fn image(&self, column: Column, outcome: &Outcome) -> io::Result<Option<Image>> {
        match outcome {
            Outcome::Built { name, .. } => self.engine(column).image(name).map(Some),
            Outcome::Failed(_) => Ok(None),
        }
    }
}
