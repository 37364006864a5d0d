//! `Inventory`: which credentials would be used for which registries, without what is secret in them.
//!
//! Whose turn it is for a registry is decided by the same code that looks a credential up. Helpers are asked to `list` what they
//! have, never to `get` it: that names servers and users, and no secret.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;

use super::{Charge, Credential, CredentialError, Credentials, Registry};
use crate::config::ConfigError;
use crate::helper;

/// What is known of credentials before any registry is asked for.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct Inventory {
    /// The registries of which something is known, in order. A helper may have more that it does not list.
    pub registries: Vec<Login>,
    /// What keeps credentials from being found.
    pub problems: Vec<InventoryProblem>,
}

/// How a registry would be logged in to.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Login {
    /// The registry.
    pub registry: Registry,
    /// Where its credential comes from.
    pub source: LoginSource,
    /// As whom.
    pub identity: Identity,
}

/// Where a credential comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum LoginSource {
    /// [`Credentials::set`], or a helper that was asked for it before.
    Program,
    /// The variable `DOCKER_AUTH_CONFIG`.
    Variable,
    /// This file: `config.json`.
    File(PathBuf),
    /// The helper of this name, `docker-credential-NAME`.
    Helper(String),
}

/// Whom a credential stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Identity {
    /// A user with a password.
    User(String),
    /// A token, or a name without a password, which is a token more often than not.
    Token,
    /// Whoever the helper names when it is asked: it does not list this registry.
    Unlisted,
    /// Nobody: there is an entry with nothing in it.
    Nobody,
    /// Nobody: there is an entry that cannot be used. [`Inventory::problems`] says why.
    Unusable,
}

/// What keeps credentials from being found.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InventoryProblem {
    /// A credential cannot be used.
    #[error(transparent)]
    Credential(CredentialError),
    /// `config.json` cannot be used.
    #[error("cannot look for credentials")]
    Config(#[source] Arc<ConfigError>),
    /// A helper is not installed.
    #[error("there is no `{program}` on the PATH")]
    NoHelper {
        /// The program.
        program: String,
    },
    /// A helper could not be run.
    #[error("cannot run `{}`", program.display())]
    Run {
        /// The program.
        program: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A helper ended with an error.
    #[error("`{}` failed when it was to list what it has ({status})", program.display())]
    Helper {
        /// The program.
        program: PathBuf,
        /// How it ended.
        status: std::process::ExitStatus,
    },
    /// A helper's list is not in the helpers' protocol.
    #[error("`{}` gave no valid list of what it has", program.display())]
    List {
        /// The program.
        program: PathBuf,
    },
    /// A helper took too long.
    #[error("`{program}` did not list what it has within {} seconds", limit.as_secs_f32())]
    Slow {
        /// The program.
        program: String,
        /// How long it had.
        limit: Duration,
    },
}

impl InventoryProblem {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Credential(error) => error.hint(),
            Self::NoHelper { .. } => Some(
                "install the helper, or remove it from credsStore or credHelpers in config.json"
                    .to_owned(),
            ),
            Self::Config(_)
            | Self::Run { .. }
            | Self::Helper { .. }
            | Self::List { .. }
            | Self::Slow { .. } => None,
        }
    }
}

/// The servers that a helper lists, with their users.
type Lists = BTreeMap<String, BTreeMap<String, String>>;

impl Credentials {
    /// Tells which credentials would be used, and none of what is secret in them. Helpers get so long to list what they have; one
    /// that fails or takes longer is a problem in the answer. Where two sources have a registry, only that is named which is used.
    ///
    /// ```
    /// use std::time::Duration;
    /// use shipload_engine::{Credential, Credentials, Environment, Identity, Registry};
    ///
    /// # let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    /// # runtime.block_on(async {
    /// let credentials = Credentials::from_environment(Environment::empty());
    /// credentials.set(Registry::docker_hub(), Credential::password("me", "hunter2"));
    /// let inventory = credentials.inventory(Duration::from_secs(5)).await;
    /// assert_eq!(inventory.registries[0].identity, Identity::User("me".to_owned()));
    /// assert!(!format!("{inventory:?}").contains("hunter2"));
    /// # });
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub async fn inventory(&self, limit: Duration) -> Inventory {
        let mut inventory = Inventory::default();
        let variable = match self.variable() {
            Ok(auths) => auths.unwrap_or_default(),
            // Nothing else is looked at then.
            Err(error) => {
                inventory.problems.push(InventoryProblem::Credential(error));
                return inventory;
            }
        };
        let mut registries: BTreeSet<Registry> = self.known().keys().cloned().collect();
        registries.extend(variable.keys().filter_map(|key| named(key)));
        let mut lists = Lists::new();
        match &self.0.config {
            Ok(config) => {
                registries.extend(config.auths.keys().filter_map(|key| named(key)));
                registries.extend(config.cred_helpers.keys().filter_map(|key| named(key)));
                let helpers = config.cred_helpers.values().chain(&config.creds_store);
                let helpers = helpers.filter(|name| !name.is_empty()).cloned().collect();
                lists = self.lists(helpers, limit, &mut inventory.problems).await;
                // Others are asked about the registries that they are named for, and no more.
                let general = config.creds_store.as_ref();
                let general = general.and_then(|name| lists.get(name));
                let servers = general.into_iter().flat_map(BTreeMap::keys);
                registries.extend(servers.filter_map(|key| named(key)));
            }
            Err(error) => {
                let problem = InventoryProblem::Config(Arc::clone(error));
                inventory.problems.push(problem);
            }
        }
        for registry in registries {
            let login = self.login(registry, &lists, &mut inventory.problems);
            inventory.registries.extend(login);
        }
        inventory
    }

    /// Asks helpers at once for what they have.
    async fn lists(
        &self,
        helpers: BTreeSet<String>,
        limit: Duration,
        problems: &mut Vec<InventoryProblem>,
    ) -> Lists {
        let mut asked = JoinSet::new();
        for name in helpers {
            let environment = self.0.environment.clone();
            asked.spawn(async move {
                let list = tokio::time::timeout(limit, helper::list(&environment, &name)).await;
                let program = helper::file_name(&name);
                let list = list.unwrap_or(Err(InventoryProblem::Slow { program, limit }));
                (name, list)
            });
        }
        let mut answers: Vec<_> = Vec::new();
        while let Some(answer) = asked.join_next().await {
            answers.extend(answer);
        }
        answers.sort_by(|(one, _), (other, _)| one.cmp(other));
        let mut lists = Lists::new();
        for (name, answer) in answers {
            match answer {
                Ok(list) => {
                    lists.insert(name, list);
                }
                Err(problem) => problems.push(problem),
            }
        }
        lists
    }

    /// How one registry would be logged in to; `None` where its turn ends in an error that concerns all.
    fn login(
        &self,
        registry: Registry,
        lists: &Lists,
        problems: &mut Vec<InventoryProblem>,
    ) -> Option<Login> {
        let file = || {
            let folder = self.0.environment.docker_config();
            LoginSource::File(folder.unwrap_or_default().join("config.json"))
        };
        let (source, identity) = match self.in_charge(&registry) {
            Ok(Charge::Set(credential)) => (LoginSource::Program, Identity::of(&credential)),
            Ok(Charge::Variable(credential)) => (LoginSource::Variable, Identity::of(&credential)),
            Ok(Charge::Stored(Some(credential))) => (file(), Identity::of(&credential)),
            Ok(Charge::Stored(None)) => (file(), Identity::Nobody),
            Ok(Charge::Helper(name)) => {
                let list = lists.get(name);
                let by_key = list.and_then(|list| list.get(registry.config_key()));
                let by_host = || {
                    let mut list = list.into_iter().flatten();
                    let same = |key: &str| named(key).is_some_and(|listed| listed == registry);
                    list.find_map(|(key, user)| same(key).then_some(user))
                };
                let identity = match by_key.or_else(by_host).map(String::as_str) {
                    None | Some("") => Identity::Unlisted,
                    Some("<token>") => Identity::Token,
                    Some(user) => Identity::User(user.to_owned()),
                };
                (LoginSource::Helper(name.to_owned()), identity)
            }
            Err(error @ CredentialError::Entry { .. }) => {
                let is_variable = matches!(&error, CredentialError::Entry { place, .. } if *place == super::VARIABLE);
                problems.push(InventoryProblem::Credential(error));
                let source = if is_variable {
                    LoginSource::Variable
                } else {
                    file()
                };
                (source, Identity::Unusable)
            }
            // It was told already, once for all registries.
            Err(_) => return None,
        };
        Some(Login {
            registry,
            source,
            identity,
        })
    }
}

impl Identity {
    fn of(credential: &Credential) -> Self {
        let has_token = credential.identity_token.is_some() || credential.registry_token.is_some();
        let password = credential
            .password
            .as_ref()
            .map_or("", |password| password.expose());
        match &credential.username {
            _ if has_token => Self::Token,
            // GitHub takes a token for a name, with one of these or nothing for a password.
            Some(_) if matches!(password, "" | "x-oauth-basic") => Self::Token,
            Some(user) if user == "<token>" => Self::Token,
            Some(user) => Self::User(user.clone()),
            None => Self::Token,
        }
    }
}

/// The registry that a key stands for, without a password that somebody wrote into it.
fn named(key: &str) -> Option<Registry> {
    let registry = Registry::new(key);
    let host = registry.as_str();
    let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
    (!host.is_empty()).then(|| Registry::new(host))
}
