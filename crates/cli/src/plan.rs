//! Arguments → what the libraries take: a [`Recipe`], its [`Plan`], and the checks between the two.

use std::collections::BTreeMap;
use std::io::{self, Read as _};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use shipload::context::{
    Archive, ArchiveOptions, DockerfileChoice, EntryPath, IgnoreChoice, OnUnreadable, Owner, Plan,
    Policy, Progress, Recipe, RecipeError, Semantics, Times, View, show,
};

use crate::args::{ContextArguments, EngineChoice, MtimeChoice, UnreadableChoice};
use crate::exit::Failure;
use crate::size::{Size, grouped};
use crate::ui::{Ui, Work};

/// What the context is made of before anything is added.
#[derive(Debug)]
pub(crate) enum Source {
    /// A directory of this machine.
    Directory(PathBuf),
    /// An archive, which is sent as it is.
    Archive(Archive),
    /// An archive that stands for the directory it was made of.
    Unpacked(Archive),
}

/// The builder whose rules apply where no engine is asked.
///
/// # Errors
/// For a builder that has none of its own yet.
pub(crate) fn offline_semantics(engine: EngineChoice) -> Result<Semantics, Failure> {
    match engine {
        EngineChoice::Auto | EngineChoice::Buildkit => Ok(Semantics::BuildKit),
        EngineChoice::Classic => Ok(Semantics::Classic),
        EngineChoice::Podman => Ok(Semantics::Podman),
        EngineChoice::Builtin => Err(Failure::new("`--engine builtin` is not supported")
            .hint("choose `classic`, `buildkit` or `podman`".to_owned())),
    }
}

/// Lists the context of `source` by the rules of `semantics`, and tells what is to be known of it.
///
/// # Errors
/// Everything that keeps it from being listed.
pub(crate) fn plan(
    ui: &Ui,
    source: &Source,
    arguments: &ContextArguments,
    semantics: Semantics,
    progress: &Progress,
) -> Result<Plan, Failure> {
    let dockerfile = dockerfile_choice(arguments, DockerfileChoice::Default)?;
    plan_with(ui, source, arguments, dockerfile, semantics, progress)
}

/// As [`plan`], for who can do without a Dockerfile.
///
/// # Errors
/// As [`plan`], but not if there is no Dockerfile and none is named.
pub(crate) fn lenient(
    ui: &Ui,
    source: &Source,
    arguments: &ContextArguments,
    semantics: Semantics,
    progress: &Progress,
) -> Result<Plan, Failure> {
    let dockerfile = dockerfile_choice(arguments, DockerfileChoice::Optional)?;
    plan_with(ui, source, arguments, dockerfile, semantics, progress)
}

fn plan_with(
    ui: &Ui,
    source: &Source,
    arguments: &ContextArguments,
    dockerfile: DockerfileChoice,
    semantics: Semantics,
    progress: &Progress,
) -> Result<Plan, Failure> {
    let recipe = recipe(source, arguments, dockerfile, semantics)?;
    let dir = match source {
        Source::Directory(dir) => dir,
        Source::Archive(_) | Source::Unpacked(_) => Path::new("."),
    };
    let policy = Policy {
        times: times(arguments.mtime, dir)?.unwrap_or(source.policy().times),
        ..source.policy()
    };
    let meter = ui.meter(Work::Listing(progress.clone()));
    let mut plan = recipe
        .plan(progress)
        .map_err(|error| misplaced(error, dir))?;
    drop(meter);
    plan.view = plan.view.policy(policy);
    for notice in plan.notices() {
        ui.warning(&notice.to_string(), None);
    }
    Ok(plan)
}

/// Warns that what is written to `file`, such as an `archive`, is in the context `dir`: that of today would be in that of tomorrow.
pub(crate) fn warn_of_itself(ui: &Ui, plan: &Plan, dir: &Path, what: &str, file: &Path) {
    if let Some(path) = inside(dir, file)
        // Rules are asked, not the plan: the file may not be there yet.
        && plan.rules.explain(path.as_bytes(), false).is_ok_and(|found| !found.excluded)
    {
        ui.warning(
            &format!(
                "the {what} `{path}` lies inside the context, so the next one will contain it"
            ),
            Some("write it elsewhere, or exclude it in the ignore file"),
        );
    }
}

/// The path in the context `dir` of `file`, which need not exist.
fn inside(dir: &Path, file: &Path) -> Option<EntryPath> {
    let parent = match file.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let real = fs_err::canonicalize(parent).ok()?.join(file.file_name()?);
    let dir = fs_err::canonicalize(dir).ok()?;
    EntryPath::new(real.strip_prefix(dir).ok()?.as_os_str().as_bytes()).ok()
}

/// Refuses what is too much.
///
/// # Errors
/// If there are more bytes than `--max-context` allows.
pub(crate) fn check_size(view: &View, arguments: &ContextArguments) -> Result<(), Failure> {
    arguments
        .max_context
        .map_or(Ok(()), |limit| within(view, limit))
}

impl Source {
    /// A directory has the metadata that docker gives it, an archive its own.
    fn policy(&self) -> Policy {
        match self {
            Self::Directory(_) | Self::Unpacked(_) => Policy::default(),
            Self::Archive(_) => Policy {
                owner: Owner::Keep,
                times: Times::Exact,
                ..Policy::default()
            },
        }
    }

    fn recipe(&self) -> Recipe {
        match self {
            Self::Directory(dir) => Recipe::new(dir),
            Self::Archive(archive) => Recipe::of_archive(archive.clone()),
            Self::Unpacked(archive) => Recipe::of_unpacked(archive.clone()),
        }
    }
}

/// What the arguments ask for.
///
/// # Errors
/// For arguments that contradict each other, and archives that cannot be read.
pub(crate) fn recipe(
    source: &Source,
    arguments: &ContextArguments,
    dockerfile: DockerfileChoice,
    semantics: Semantics,
) -> Result<Recipe, Failure> {
    let unreadable = match arguments.on_unreadable {
        UnreadableChoice::Fail => OnUnreadable::Fail,
        UnreadableChoice::Skip => OnUnreadable::Skip,
    };
    let recipe = source
        .recipe()
        .dockerfile(dockerfile)
        .ignore(ignore_choice(&arguments.ignorefile)?)
        .on_unreadable(unreadable)
        .semantics(semantics);
    let additions = arguments.add.iter();
    let recipe = additions.fold(recipe, |recipe, addition| {
        recipe.add(&addition.host, addition.at.clone())
    });
    arguments
        .add_archive
        .iter()
        .try_fold(recipe, |recipe, path| {
            Ok(recipe.add_archive(Archive::open(path, &ArchiveOptions::default())?))
        })
}

/// Where the Dockerfile is; `unnamed` if the user does not say.
///
/// # Errors
/// If it cannot be read from standard input.
pub(crate) fn dockerfile_choice(
    arguments: &ContextArguments,
    unnamed: DockerfileChoice,
) -> Result<DockerfileChoice, Failure> {
    dockerfile_at(arguments.file.as_deref(), unnamed)
}

/// A directory and its Dockerfile, where nothing else is asked of the context.
///
/// # Errors
/// If the Dockerfile is to be read from standard input and cannot.
pub(crate) fn directory_recipe(dir: &Path, file: Option<&Path>) -> Result<Recipe, Failure> {
    let dockerfile = dockerfile_at(file, DockerfileChoice::Default)?;
    Ok(Recipe::new(dir).dockerfile(dockerfile))
}

fn dockerfile_at(
    file: Option<&Path>,
    unnamed: DockerfileChoice,
) -> Result<DockerfileChoice, Failure> {
    match file {
        None => Ok(unnamed),
        Some(file) if file.as_os_str() == "-" => Ok(DockerfileChoice::Bytes(read_dockerfile()?)),
        Some(file) => Ok(DockerfileChoice::File(file.to_owned())),
    }
}

fn read_dockerfile() -> Result<Vec<u8>, Failure> {
    let mut text = Vec::new();
    io::stdin().lock().read_to_end(&mut text).map_err(|error| {
        Failure::new("cannot read the Dockerfile from standard input").caused_by(&error)
    })?;
    Ok(text)
}

/// What `--ignorefile` says.
///
/// # Errors
/// If it contradicts itself.
pub(crate) fn ignore_choice(files: &[PathBuf]) -> Result<IgnoreChoice, Failure> {
    let none = |file: &PathBuf| file.as_os_str() == "none";
    match files {
        [] => Ok(IgnoreChoice::Auto),
        [only] if none(only) => Ok(IgnoreChoice::None),
        files if files.iter().any(none) => Err(Failure::usage(
            "`--ignorefile none` and another `--ignorefile` contradict each other",
        )
        .hint("write `./none` for a file of that name".to_owned())),
        files => Ok(IgnoreChoice::Files(files.to_vec())),
    }
}

/// As in docker, `-f` is relative to the current directory, which is not what everybody expects.
pub(crate) fn misplaced(error: RecipeError, dir: &Path) -> Failure {
    let inside = match &error {
        RecipeError::Dockerfile { path, source } if source.kind() == io::ErrorKind::NotFound => {
            Some(dir.join(path)).filter(|inside| inside.is_file())
        }
        _ => None,
    };
    let failure = Failure::from(error);
    match inside {
        Some(inside) => failure.hint(format!(
            "`--file` is relative to the current directory; there is `{}`",
            show(inside.as_os_str().as_bytes())
        )),
        None => failure,
    }
}

/// Modification times by the user's choice, if it is not to keep them.
fn times(choice: MtimeChoice, dir: &Path) -> Result<Option<Times>, Failure> {
    match choice {
        MtimeChoice::Keep => Ok(None),
        MtimeChoice::Seconds(seconds) => Ok(Some(Times::Pinned(seconds))),
        MtimeChoice::Git => commit_time(dir).map(Times::Pinned).map(Some),
        MtimeChoice::SourceDateEpoch => {
            let name = "SOURCE_DATE_EPOCH";
            let Some(text) = std::env::var_os(name).filter(|text| !text.is_empty()) else {
                return Err(Failure::usage(format!(
                    "`--mtime source-date-epoch` needs `{name}`, which is not set"
                ))
                .hint(
                    "set it to seconds since 1970, such as `git log -1 --format=%ct` prints"
                        .to_owned(),
                ));
            };
            let seconds = text.to_str().and_then(|text| text.parse().ok());
            seconds.map(Times::Pinned).map(Some).ok_or_else(|| {
                let text = show(text.as_bytes());
                Failure::usage(format!(
                    "`{name}` is `{text}`, which is not a number of seconds"
                ))
            })
        }
    }
}

/// When the commit was made that is checked out in `dir`, in seconds since 1970.
fn commit_time(dir: &Path) -> Result<i64, Failure> {
    let shown = show(dir.as_os_str().as_bytes());
    let fail = || {
        Failure::new(format!(
            "cannot ask git for the time of the last commit in `{shown}`"
        ))
    };
    let output = Command::new("git")
        .arg("-C")
        .arg(dir)
        .args(["log", "-1", "--no-show-signature", "--format=%ct", "HEAD"])
        .output()
        .map_err(|error| fail().caused_by(&error))?;
    let answer = String::from_utf8_lossy(&output.stdout);
    match answer.trim().parse() {
        Ok(seconds) if output.status.success() => Ok(seconds),
        _ => {
            let said = String::from_utf8_lossy(&output.stderr);
            let said = said.lines().next().unwrap_or("git said nothing");
            Err(fail().caused_by(&io::Error::other(said)))
        }
    }
}

/// Refuses a context of more than `limit` bytes.
fn within(view: &View, limit: Size) -> Result<(), Failure> {
    let bytes = view.content_bytes();
    if bytes <= limit.0 {
        return Ok(());
    }
    let message = format!(
        "the context has {} bytes ({}), more than the {} that `--max-context` allows",
        grouped(bytes),
        Size(bytes),
        grouped(limit.0)
    );
    Err(Failure::new(message).hint(format!(
        "exclude what the build does not need in the ignore file; the largest are {}",
        largest(view)
    )))
}

/// The entries at the top of the context with the most bytes in or below them.
fn largest(view: &View) -> String {
    let mut sizes: BTreeMap<&[u8], u64> = BTreeMap::new();
    for member in view.members() {
        if let shipload::context::MemberKind::File { size } = member.kind {
            let top = member.entry.path.components().next().unwrap_or_default();
            *sizes.entry(top).or_default() += size;
        }
    }
    let mut sizes: Vec<_> = sizes.into_iter().collect();
    sizes.sort_by_key(|&(_, size)| std::cmp::Reverse(size));
    let named: Vec<String> = sizes
        .iter()
        .take(5)
        .map(|(name, size)| format!("`{}` ({})", show(name), Size(*size)))
        .collect();
    named.join(", ")
}
