//! The builder asks for the credentials of a registry: `moby.filesync.v1.Auth`.
//!
//! ```text
//! registry answers "401, Bearer …"     builder ──GetTokenAuthority──►  Unimplemented
//!                                      builder ──Credentials────────►  user and password, or nothing
//!                                      builder fetches the token itself
//! registry answers "401, Basic …"      builder ──Credentials────────►  user and password, or an error
//! ```
//!
//! BuildKit's own clients fetch tokens in the builder's place. Without a token authority every release falls back to the
//! credentials, and then this process need not reach the registry at all: the builder, which does, asks for the token.

use std::collections::{HashMap, HashSet};
use std::fmt;

use bollard_buildkit_proto::moby::filesync::v1::auth_server::Auth;
use bollard_buildkit_proto::moby::filesync::v1::{
    CredentialsRequest, CredentialsResponse, FetchTokenRequest, FetchTokenResponse,
    GetTokenAuthorityRequest, GetTokenAuthorityResponse, VerifyTokenAuthorityRequest,
    VerifyTokenAuthorityResponse,
};
use tokio::sync::{Mutex, mpsc};
use tonic::{Request, Response, Status};

use crate::auth::{Credential, CredentialError, Credentials, Registry};
use crate::events::Event;

/// Answers for one build from the credentials of the docker CLI.
pub(crate) struct AuthService {
    credentials: Credentials,
    warnings: mpsc::Sender<Event>,
    /// Held while a registry is looked up: credential helpers may ask a person, one thing at a time.
    asked: Mutex<Asked>,
}

/// What was asked for before.
#[derive(Default)]
struct Asked {
    /// The answers, so that a helper that has nothing or fails is run once; of a failure the words.
    answers: HashMap<Registry, Result<Option<Credential>, String>>,
    /// Registries that hand out tokens, perhaps to anybody.
    tokens: HashSet<Registry>,
    /// What was warned of.
    warned: HashSet<Registry>,
}

impl AuthService {
    /// Looks registries up in `credentials` as they are asked for; a lookup that fails is told to `warnings`, if the build
    /// may do without.
    pub(crate) fn new(credentials: Credentials, warnings: mpsc::Sender<Event>) -> Self {
        Self {
            credentials,
            warnings,
            asked: Mutex::default(),
        }
    }

    /// The answer for one registry. One that wants a password fails without, so the reason must be the build's error; one
    /// that gives tokens may give them to anybody, so there it is a warning.
    async fn look_up(&self, registry: Registry) -> Result<Option<Credential>, Status> {
        let mut asked = self.asked.lock().await;
        if !asked.answers.contains_key(&registry) {
            let answer = self.credentials.get(&registry).await;
            let answer = answer.map_err(|error| in_words(&error));
            asked.answers.insert(registry.clone(), answer);
        }
        let answer = asked.answers.get(&registry).cloned().unwrap_or(Ok(None));
        let warning = match &answer {
            Ok(Some(credential)) if only_for_registry(credential) => format!(
                "the credentials of `{registry}` are a token for the registry alone, which BuildKit is not given"
            ),
            Err(words) if asked.tokens.contains(&registry) => format!("{words}; going on without"),
            Err(words) => return Err(Status::unauthenticated(words)),
            Ok(_) => return answer.map_err(Status::unauthenticated),
        };
        let news = asked.warned.insert(registry);
        drop(asked);
        if news {
            // Nobody who listens, nobody who needs to know.
            let _ = self.warnings.send(Event::Warning(warning)).await;
        }
        Ok(None)
    }
}

/// Whether there is nothing in it that the builder could be told.
fn only_for_registry(credential: &Credential) -> bool {
    credential.registry_token.is_some()
        && credential.identity_token.is_none()
        && credential.password.is_none()
}

/// An error with its cause and advice, none of which ever holds what a helper or a file said.
fn in_words(error: &CredentialError) -> String {
    let cause = std::error::Error::source(error);
    let cause = cause.map(|cause| format!(": {cause}")).unwrap_or_default();
    let hint = error.hint().map(|hint| format!(" ({hint})"));
    format!("{error}{cause}{}", hint.unwrap_or_default())
}

/// What the builder is told: an identity token goes without a user, as in BuildKit's clients.
fn answer(credential: Option<Credential>) -> CredentialsResponse {
    let Credential {
        username,
        password,
        identity_token,
        registry_token: _,
    } = credential.unwrap_or_default();
    if let Some(token) = identity_token {
        return CredentialsResponse {
            username: String::new(),
            secret: token.expose().to_owned(),
        };
    }
    CredentialsResponse {
        username: username.unwrap_or_default(),
        secret: password.map_or_else(String::new, |secret| secret.expose().to_owned()),
    }
}

impl fmt::Debug for AuthService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AuthService(…)")
    }
}

#[tonic::async_trait]
impl Auth for AuthService {
    async fn credentials(
        &self,
        request: Request<CredentialsRequest>,
    ) -> Result<Response<CredentialsResponse>, Status> {
        let registry = Registry::new(&request.get_ref().host);
        let found = self.look_up(registry).await?;
        Ok(Response::new(answer(found)))
    }

    async fn get_token_authority(
        &self,
        request: Request<GetTokenAuthorityRequest>,
    ) -> Result<Response<GetTokenAuthorityResponse>, Status> {
        let registry = Registry::new(&request.get_ref().host);
        self.asked.lock().await.tokens.insert(registry);
        Err(no_tokens())
    }

    async fn fetch_token(
        &self,
        _: Request<FetchTokenRequest>,
    ) -> Result<Response<FetchTokenResponse>, Status> {
        Err(no_tokens())
    }

    async fn verify_token_authority(
        &self,
        _: Request<VerifyTokenAuthorityRequest>,
    ) -> Result<Response<VerifyTokenAuthorityResponse>, Status> {
        Err(no_tokens())
    }
}

/// On this status, and on no other in all releases, the builder asks for the credentials instead.
fn no_tokens() -> Status {
    Status::unimplemented("tokens are fetched by the builder")
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;
    use std::os::unix::fs::PermissionsExt;

    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use bollard_buildkit_proto::moby::filesync::v1::auth_client::AuthClient;
    use bollard_buildkit_proto::moby::filesync::v1::auth_server::AuthServer;
    use shipload_testkit::traces;
    use tempfile::TempDir;
    use tonic::Code;
    use tonic::transport::Channel;

    use super::*;
    use crate::environment::Environment;
    use crate::session::duplex;

    const CANARY: &str = "c4n4ry-in-auth";

    struct Scene {
        client: AuthClient<Channel>,
        warnings: mpsc::Receiver<Event>,
        shown: String,
        folder: TempDir,
    }

    impl Scene {
        /// With one helper `h`, which logs that it was asked.
        async fn new(config: &str, helper: &str) -> Self {
            traces::keep();
            let folder = tempfile::tempdir().unwrap();
            let at = |name: &str| folder.path().join(name);
            fs_err::write(at("config.json"), config).unwrap();
            let script = format!("#!/bin/sh\nread -r url\necho \"$url\" >>\"$LOG\"\n{helper}\n");
            fs_err::write(at("docker-credential-h"), script).unwrap();
            let executable = std::fs::Permissions::from_mode(0o755);
            fs_err::set_permissions(at("docker-credential-h"), executable).unwrap();
            let environment = Environment::empty()
                .with("DOCKER_CONFIG", folder.path())
                .with("PATH", format!("{}:/usr/bin:/bin", folder.path().display()))
                .with("LOG", at("log"));
            let (sender, warnings) = mpsc::channel(9);
            let service = AuthService::new(Credentials::from_environment(environment), sender);
            let shown = format!("{service:?}");
            let client = AuthClient::new(duplex::connect(AuthServer::new(service)).await);
            Self {
                client,
                warnings,
                shown,
                folder,
            }
        }

        /// `user:secret`, or the code and the words.
        async fn ask(&mut self, host: &str) -> String {
            let request = CredentialsRequest {
                host: host.to_owned(),
            };
            match self.client.credentials(request).await {
                Ok(answer) => {
                    let answer = answer.into_inner();
                    format!("{}:{}", answer.username, answer.secret)
                }
                Err(status) => {
                    write!(self.shown, "{status:?}").unwrap();
                    format!("{:?}: {}", status.code(), status.message())
                }
            }
        }

        async fn ask_for_tokens(&mut self, host: &str) -> Code {
            let host = host.to_owned();
            let request = GetTokenAuthorityRequest {
                host,
                ..Default::default()
            };
            let refused = self.client.get_token_authority(request).await;
            refused.unwrap_err().code()
        }

        fn warned(&mut self) -> Vec<Event> {
            std::iter::from_fn(|| self.warnings.try_recv().ok()).collect()
        }

        /// Which registries the helper was asked for.
        fn log(&self) -> String {
            fs_err::read_to_string(self.folder.path().join("log")).unwrap_or_default()
        }
    }

    fn login(user: &str) -> String {
        STANDARD.encode(format!("{user}:{CANARY}"))
    }

    #[tokio::test]
    async fn each_registry_gets_its_own_and_nobody_sees_it() {
        let config = serde_json::json!({
            "auths": {
                "https://index.docker.io/v1/": { "auth": login("hub") },
                "127.0.0.1:5000": { "auth": login("plain") },
                "token.example": { "identitytoken": CANARY },
                "own.example": { "registrytoken": CANARY },
            },
            "credHelpers": { "helped.example": "h" },
        });
        let helper = format!("echo '{{\"Username\":\"h\",\"Secret\":\"{CANARY}\"}}'");
        let mut scene = Scene::new(&config.to_string(), &helper).await;
        // The names by which releases ask for Docker Hub.
        for (host, user) in [
            ("registry-1.docker.io", "hub"),
            ("docker.io", "hub"),
            ("https://index.docker.io/v1/", "hub"),
            ("127.0.0.1:5000", "plain"),
            ("helped.example", "h"),
            ("helped.example", "h"),
            ("token.example", ""),
        ] {
            assert_eq!(scene.ask(host).await, format!("{user}:{CANARY}"), "{host}");
        }
        assert_eq!(scene.ask("unknown.example").await, ":");
        assert_eq!(scene.log(), "helped.example\n");
        assert_eq!(scene.warned(), []);
        assert_eq!(scene.ask("own.example").await, ":");
        let words = "the credentials of `own.example` are a token for the registry alone, which BuildKit is not given";
        assert_eq!(scene.warned(), [Event::Warning(words.to_owned())]);
        let traced = traces::kept();
        assert!(traced.contains("h2::"), "nothing was traced");
        for canary in [CANARY, &login("hub"), &login("plain")] {
            assert!(!scene.shown.contains(canary) && !traced.contains(canary));
        }
    }

    #[tokio::test]
    async fn a_helper_that_fails_is_an_error_only_where_a_password_must_be() {
        let config = r#"{ "credHelpers": { "one.example": "h", "two.example": "h", "not.example": "none" } }"#;
        let mut scene = Scene::new(config, &format!("echo {CANARY}; exit 7")).await;
        let program = scene.folder.path().join("docker-credential-h");
        let failed = |host: &str| {
            format!(
                "`{}` failed for `{host}` (exit status: 7) (log in again with `docker login {host}`)",
                program.display()
            )
        };
        // Asked before it is known that it hands out tokens, as for a registry of an earlier build.
        assert_eq!(
            scene.ask("one.example").await,
            format!("Unauthenticated: {}", failed("one.example"))
        );
        assert_eq!(scene.warned(), []);
        for _ in 0..2 {
            assert_eq!(
                scene.ask_for_tokens("one.example").await,
                Code::Unimplemented
            );
            assert_eq!(scene.ask("one.example").await, ":");
        }
        let warning = format!("{}; going on without", failed("one.example"));
        assert_eq!(scene.warned(), [Event::Warning(warning)]);
        assert_eq!(scene.log(), "one.example\n");
        assert_eq!(
            scene.ask("not.example").await,
            "Unauthenticated: cannot ask for the credentials of `not.example`: there is no `docker-credential-none` on the PATH \
             (install the helper, or remove it from credsStore or credHelpers in config.json)"
        );
        assert!(!traces::kept().contains(CANARY) && !scene.shown.contains(CANARY));
    }

    #[tokio::test]
    async fn tokens_are_left_to_the_builder() {
        let mut scene = Scene::new("{}", "").await;
        let fetch = FetchTokenRequest::default();
        let verify = VerifyTokenAuthorityRequest::default();
        let codes = [
            scene.ask_for_tokens("a.example").await,
            scene.client.fetch_token(fetch).await.unwrap_err().code(),
            scene
                .client
                .verify_token_authority(verify)
                .await
                .unwrap_err()
                .code(),
        ];
        assert_eq!(codes, [Code::Unimplemented; 3]);
    }
}
