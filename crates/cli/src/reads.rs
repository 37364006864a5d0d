//! What the Dockerfile reads, for the verbs: the request from the arguments, and what a user should hear of the answer.

use std::collections::BTreeMap;

use shipload::context::{Missing, Plan, Reason, Referenced, ReferencedError, Request};
use shipload::engine::Environment;

use crate::args::ReadsArguments;
use crate::exit::Failure;
use crate::size::{self, Size};
use crate::ui::Ui;

/// What is asked, if it is asked at all.
///
/// # Errors
/// For a build argument without a name, and for options that have no use without `--referenced`.
pub(crate) fn if_referenced(
    referenced: bool,
    arguments: &ReadsArguments,
) -> Result<Option<Request>, Failure> {
    if referenced {
        return request(arguments).map(Some);
    }
    match first(arguments) {
        Some(name) => Err(Failure::usage(format!(
            "`{name}` has no use without `--referenced`: the whole context is the same for all"
        ))),
        None => Ok(None),
    }
}

/// The first option that was given.
fn first(arguments: &ReadsArguments) -> Option<&'static str> {
    let given = [
        ("--target", arguments.target.is_some()),
        ("--build-arg", !arguments.build_arg.is_empty()),
        ("--platform", arguments.platform.is_some()),
    ];
    let mut given = given.iter().filter(|(_, given)| *given);
    given.next().map(|(name, _)| *name)
}

/// Refuses options where nothing but manifests is given.
///
/// # Errors
/// If there is one.
pub(crate) fn refuse(arguments: &ReadsArguments) -> Result<(), Failure> {
    first(arguments).map_or(Ok(()), |name| {
        Err(Failure::usage(format!(
            "`{name}` has no use here: a manifest says what was asked for"
        )))
    })
}

/// What is asked.
///
/// # Errors
/// For a build argument without a name.
pub(crate) fn request(arguments: &ReadsArguments) -> Result<Request, Failure> {
    Ok(Request {
        target: arguments.target.clone(),
        build_args: build_args(&arguments.build_arg, &Environment::from_process())?,
        platform: arguments.platform.clone(),
        ..Request::default()
    })
}

/// A variable without a value is the environment's, and if that has none, the Dockerfile's.
///
/// # Errors
/// For one without a name.
pub(crate) fn build_args(
    texts: &[String],
    environment: &Environment,
) -> Result<BTreeMap<String, Option<String>>, Failure> {
    let argument = |text: &String| {
        let (name, value) = match text.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (text.as_str(), environment.text(text)),
        };
        if name.is_empty() {
            return Err(Failure::usage(format!("`--build-arg {text}` has no name")));
        }
        Ok((name.to_owned(), value.map(str::to_owned)))
    };
    texts.iter().map(argument).collect()
}

/// The least context; says why it is the whole one, where it cannot be told what is read.
///
/// # Errors
/// If no builder would take the Dockerfile, or one of its sources is not in the context.
pub(crate) fn least(ui: &Ui, plan: &Plan, request: &Request) -> Result<Referenced, Failure> {
    let least = plan.referenced(request)?;
    check(plan, &least)?;
    warn_of_whole(ui, plan, &least);
    Ok(least)
}

fn warn_of_whole(ui: &Ui, plan: &Plan, least: &Referenced) {
    for whole in &least.reads.whole {
        let dockerfile = plan.dockerfile_shown();
        let hint = match &whole.reason {
            Reason::Unknown(error) => error.hint(),
            _ => None,
        };
        ui.warning(
            &format!("the whole context counts as read: {dockerfile}:{whole}"),
            hint.as_deref(),
        );
    }
}

/// The least context for those who can do without; says why it is the whole one or cannot be told, and nothing of sources that
/// lead nowhere.
pub(crate) fn if_told(ui: &Ui, plan: &Plan, request: &Request) -> Option<Referenced> {
    match plan.referenced(request) {
        Ok(least) => {
            warn_of_whole(ui, plan, &least);
            Some(least)
        }
        Err(error) => {
            let failure = Failure::from(error);
            let message = format!("cannot tell what the Dockerfile reads: {}", failure.message);
            ui.warning(&message, failure.hint.as_deref());
            None
        }
    }
}

/// Refuses a build that would fail for want of a source.
///
/// # Errors
/// If a source is not in the context.
pub(crate) fn check(plan: &Plan, least: &Referenced) -> Result<(), Failure> {
    let Some((first, others)) = least.missing.split_first() else {
        return Ok(());
    };
    let dockerfile = plan.dockerfile_shown();
    let message =
        |missing: &Missing| format!("{dockerfile}:{}: {missing}", missing.source.position);
    let mut failure = Failure::new(message(first)).hint(first.hint());
    failure
        .details
        .extend(first.source.caret().lines().map(str::to_owned));
    failure.details.extend(others.iter().map(message));
    Err(failure)
}

/// How much was left behind, if anything was.
pub(crate) fn left(least: &Referenced) -> Option<String> {
    let (entries, bytes) = (
        size::entries(least.left_members as u64),
        Size(least.left_bytes),
    );
    let any = least.left_members > 0;
    any.then(|| format!("left behind {entries}, {bytes}, that the Dockerfile does not read"))
}

impl From<ReferencedError> for Failure {
    fn from(error: ReferencedError) -> Self {
        match error {
            ReferencedError::Recipe(error) => error.into(),
            error => {
                let mut failure = Self::of(&error).hint(error.hint());
                let caret = error.caret().unwrap_or_default();
                failure.details.extend(caret.lines().map(str::to_owned));
                failure
            }
        }
    }
}
