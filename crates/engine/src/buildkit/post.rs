//! A build by `POST /build`, for an Engine whose `/grpc` cannot be reached.
//!
//! The session is the same. What can be asked for is what fits into the query, and the reports come in the answer, each in
//! base64 in a JSON message:
//!
//! ```text
//! POST /session, upgraded                        the session, on which BuildKit asks for files
//! POST /build?version=2&remote=client-session&session=…&buildid=…&t=…
//!   ◄── {"id":"moby.buildkit.trace","aux":"…"}*  {"id":"moby.image.id","aux":{"ID":…}} | {"errorDetail"}
//! POST /build/cancel?id=…                        on its own, since the Engine may not notice that we hung up
//! ```

use std::collections::BTreeMap;

use futures_util::StreamExt as _;
use http::Method;
use http::header::CONNECTION;
use http_body_util::BodyExt as _;
use serde::Serialize;

use crate::build::{BuildError, Built};
use crate::client::Engine;
use crate::error::RequestError;
use crate::events::{EngineFailure, Event};
use crate::options::Query;
use crate::parser::{EventParser, Message};
use crate::random;
use crate::session::Session;
use crate::transport::{empty, successful};

use super::abilities::Unsupported;
use super::failure::SolveFailure;
use super::options::BuildKitOptions;
use super::outputs;
use super::route::Route;
use super::solve::{Job, SESSION_GRACE, closed};

/// An exporter as the query has it.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Exporter {
    r#type: String,
    attrs: BTreeMap<String, String>,
}

impl Job {
    /// `refusal` is why there is no better way.
    pub(super) async fn post(
        &self,
        session: &Session,
        refusal: RequestError,
    ) -> Result<Built, BuildError> {
        let Some(engine) = self.buildkit.0.route.engine() else {
            return Err(refusal.into());
        };
        if let Some(what) = beyond(&self.options.buildkit) {
            return Err(BuildError::Unsupported(Unsupported {
                what: what.to_owned(),
                builder: "BuildKit of an engine whose `/grpc` cannot be reached".to_owned(),
                alternative: format!("let `POST /grpc` pass, which gave: {refusal}"),
            }));
        }
        let wire = Route::upgraded(engine, session.headers()).await?;
        let serving = session.serve(Box::new(wire));
        let id = random::name().map_err(RequestError::broken)?;
        let building = self.exchange(engine, session, &id);
        let cancelled = Cancel::of(engine, &id);
        tokio::pin!(serving, building);
        let outcome = tokio::select! {
            outcome = &mut building => outcome,
            // It says in the answer what it makes of that.
            ended = &mut serving => {
                let outcome = tokio::time::timeout(SESSION_GRACE, building).await;
                outcome.unwrap_or_else(|_| Err(closed(ended).into()))
            }
        };
        // Where the answer broke off it may go on.
        if matches!(outcome, Ok(_) | Err(BuildError::Solve(_))) {
            cancelled.disarm();
        }
        outcome
    }

    async fn exchange(
        &self,
        engine: &Engine,
        session: &Session,
        id: &str,
    ) -> Result<Built, BuildError> {
        let query = self.query(engine, session, id);
        let transport = &engine.0.transport;
        let request = transport
            .request(Method::POST, &engine.path(&format!("/build{}", query.0)))
            .header(CONNECTION, "close")
            .body(empty())
            .map_err(RequestError::broken)?;
        let (mut sender, connection) = transport.open().await?;
        let connection = crate::build::AbortOnDrop(tokio::spawn(connection));
        let answer = sender.send_request(request).await;
        let answer = successful(answer.map_err(RequestError::broken)?).await?;
        let mut body = answer.into_body().into_data_stream();
        let (mut parser, mut messages) = (EventParser::new(), Vec::new());
        let mut built = Built {
            image_id: String::new(),
            tags: outputs::names(&self.options, true),
            metadata: BTreeMap::new(),
        };
        while let Some(piece) = body.next().await {
            let parsed = parser.feed(&piece.map_err(RequestError::broken)?, &mut messages);
            for message in messages.drain(..) {
                let event = match message {
                    Message::Failure(failure) => return Err(failed(&failure)),
                    Message::Event(event) => event,
                };
                if let Event::ImageId(id) = &event {
                    built.image_id.clone_from(id);
                }
                let _ = self.events.send(event).await;
            }
            parsed?;
        }
        parser.finish()?;
        drop(connection);
        Ok(built)
    }

    fn query(&self, engine: &Engine, session: &Session, id: &str) -> Query {
        let mut options = self.options.clone();
        options.dockerfile = Some(self.context.filename().to_owned());
        options.tags.append(&mut options.further_tags);
        options.remote = Some("client-session".to_owned());
        let mut query = options.query(engine.about().kind, 2);
        query.text("session", Some(session.id()));
        query.text("buildid", Some(id));
        let mut exporters: Vec<_> = outputs::exporters(&self.options, true)
            .into_iter()
            .map(|exporter| Exporter {
                r#type: exporter.r#type,
                attrs: exporter.attrs.into_iter().collect(),
            })
            .collect();
        if exporters.is_empty() {
            // None at all would be an image.
            exporters.push(Exporter {
                r#type: "cacheonly".to_owned(),
                attrs: BTreeMap::new(),
            });
        }
        query.json(
            "outputs",
            &exporters,
            self.options.buildkit.outputs.is_empty(),
        );
        query
    }
}

/// What does not fit into the query, in words that follow "cannot". An Engine would build without it.
fn beyond(only: &BuildKitOptions) -> Option<&'static str> {
    let table = [
        (
            !only.entitlements.is_empty(),
            "grant entitlements (--allow)",
        ),
        (
            !only.attestations.is_empty(),
            "attest (--attest, --provenance, --sbom)",
        ),
        (
            !only.contexts.is_empty(),
            "take several contexts (--build-context)",
        ),
        (
            !only.cache_from.is_empty(),
            "take cache from a place with a type (--cache-from type=…)",
        ),
        (
            !only.cache_to.is_empty(),
            "write its cache somewhere (--cache-to)",
        ),
        (
            !only.no_cache_filter.is_empty(),
            "leave out the cache of some stages (--no-cache-filter)",
        ),
        (
            only.outputs.len() > 1,
            "make several outputs of a build (--output)",
        ),
    ];
    let mut asked = table.into_iter().filter(|(is_asked, _)| *is_asked);
    asked.next().map(|(_, what)| what)
}

fn failed(failure: &EngineFailure) -> BuildError {
    let mut told = SolveFailure::said(&failure.message);
    told.code = failure.code.or(told.code);
    BuildError::Solve(Box::new(told))
}

/// Cancels a build on the Engine when it is dropped before its end.
struct Cancel(Option<(Engine, String)>);

impl Cancel {
    fn of(engine: &Engine, id: &str) -> Self {
        Self(Some((engine.clone(), id.to_owned())))
    }

    fn disarm(mut self) {
        self.0 = None;
    }
}

impl Drop for Cancel {
    fn drop(&mut self) {
        let Some((engine, id)) = self.0.take() else {
            return;
        };
        // There may be no runtime any more, and then no connection either.
        let Ok(runtime) = tokio::runtime::Handle::try_current() else {
            return;
        };
        runtime.spawn(async move {
            let mut query = Query::default();
            query.text("id", Some(&id));
            let path = engine.path(&format!("/build/cancel{}", query.0));
            let transport = &engine.0.transport;
            let asked = transport.ask(transport.request(Method::POST, &path));
            // It is the end of a build that nobody waits for.
            let _ = tokio::time::timeout(std::time::Duration::from_secs(5), asked).await;
        });
    }
}
