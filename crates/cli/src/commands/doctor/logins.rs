//! Which credentials would be used for which registries, and none of what is secret in them.

use std::os::unix::ffi::OsStrExt as _;
use std::time::Duration;

use serde_json::{Value, json};
use shipload::blocking::{StartError, inventory};
use shipload::context::show;
use shipload::engine::{
    Credentials, Environment, Identity, Inventory, InventoryProblem, Login, LoginSource,
};

use crate::exit::Failure;
use crate::ui::Ui;

use super::Rows;

/// How long helpers have to say what they have.
const LIMIT: Duration = Duration::from_secs(5);

/// What is known of credentials.
pub(super) struct Logins(Inventory);

impl Logins {
    /// Looks, and asks helpers what they have. What is wrong is a warning.
    pub(super) fn find(ui: &Ui, environment: &Environment) -> Result<Self, StartError> {
        let credentials = Credentials::from_environment(environment.clone());
        let found = inventory(&credentials, LIMIT)?;
        for problem in &found.problems {
            ui.warning(&said(problem), problem.hint().as_deref());
        }
        Ok(Self(found))
    }

    /// Lines of text.
    pub(super) fn rows(&self) -> Rows {
        let names = std::iter::once("logins").chain(std::iter::repeat(""));
        let rows = names.zip(&self.0.registries);
        let rows: Rows = rows.map(|(name, login)| (name, text(login))).collect();
        if rows.is_empty() {
            return vec![("logins", "none".to_owned())];
        }
        rows
    }

    /// The same for programs.
    pub(super) fn json(&self) -> Value {
        self.0.registries.iter().map(object).collect()
    }

    /// What is wrong, for programs.
    pub(super) fn problems(&self) -> Value {
        let problems = self.0.problems.iter();
        problems.map(said).collect()
    }
}

/// A problem with its causes, on a line.
fn said(problem: &InventoryProblem) -> String {
    let failure = Failure::of(problem);
    let said = std::iter::once(&failure.message).chain(&failure.causes);
    let said: Vec<&str> = said.map(String::as_str).collect();
    said.join(": ")
}

/// `docker.io: user me, from docker-credential-pass`
fn text(login: &Login) -> String {
    let registry = login.registry.as_str();
    let whom = match &login.identity {
        Identity::User(user) => format!("user {user}"),
        Identity::Token => "a token".to_owned(),
        Identity::Unlisted => "whatever is said when it is needed".to_owned(),
        Identity::Nobody => "nothing".to_owned(),
        _ => "nothing that can be used".to_owned(),
    };
    let place = place(&login.source);
    format!("{registry}: {whom}, from {place}")
}

/// The file, variable or program.
fn place(source: &LoginSource) -> String {
    match source {
        LoginSource::Variable => "DOCKER_AUTH_CONFIG".to_owned(),
        LoginSource::File(path) => show(path.as_os_str().as_bytes()),
        LoginSource::Helper(name) => format!("docker-credential-{name}"),
        _ => "the program".to_owned(),
    }
}

fn object(login: &Login) -> Value {
    let kind = match &login.source {
        LoginSource::Variable => "variable",
        LoginSource::File(_) => "file",
        LoginSource::Helper(_) => "helper",
        _ => "program",
    };
    let (identity, user) = match &login.identity {
        Identity::User(user) => ("user", Some(user)),
        Identity::Token => ("token", None),
        Identity::Unlisted => ("unlisted", None),
        Identity::Nobody => ("nobody", None),
        _ => ("unusable", None),
    };
    json!({
        "registry": login.registry.as_str(),
        "source": kind,
        "place": place(&login.source),
        "identity": identity,
        "user": user,
    })
}
