//! What goes wrong between us and an engine, and what becomes of it.

use std::error::Error as _;
use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use shipload_engine::{
    BuildError, BuildOptions, BuildStream, Built, ConnectError, ConnectOptions, ContextBody,
    Engine, Environment, Event, MESSAGE_LIMIT, RequestError, blocking,
};

use crate::fake::{Exchange, Fake, unchunk};

const ID: &str = "sha256:b7de2e4c82bf9be3c72148d140056d451012bd8e3d3e1033751de14da1da9e02";

fn success() -> String {
    format!("{{\"aux\":{{\"ID\":\"{ID}\"}}}}\n")
}

/// Builds something small on a fake that behaves as told.
async fn outcome(
    handle: impl Fn(&mut Exchange) + Send + Sync + 'static,
) -> Result<Built, BuildError> {
    let fake = Fake::start(handle);
    let build = fake
        .connect()
        .await
        .build(ContextBody::from_bytes("archive"), &BuildOptions::default());
    finish(build).await
}

/// Nothing may hang.
async fn finish(build: BuildStream) -> Result<Built, BuildError> {
    tokio::time::timeout(Duration::from_secs(30), build.finish())
        .await
        .expect("the build hangs")
}

/// A context that never ends, and counts what it wrote; its packer stops when nobody reads.
fn endless() -> (
    ContextBody,
    Arc<AtomicU64>,
    std::sync::mpsc::Receiver<std::io::ErrorKind>,
) {
    let written = Arc::new(AtomicU64::new(0));
    let (count, (sender, stopped)) = (written.clone(), std::sync::mpsc::channel());
    let body = ContextBody::from_writer(move |out| {
        let block = vec![b'x'; 64 << 10];
        loop {
            if let Err(error) = out.write_all(&block) {
                sender.send(error.kind()).unwrap();
                return Err(error);
            }
            count.fetch_add(block.len() as u64, Ordering::Relaxed);
        }
    });
    (body, written, stopped)
}

#[tokio::test]
async fn a_context_arrives_as_it_was_written() {
    let fake = Fake::start(|exchange| {
        assert!(exchange.read_body());
        exchange.answer("200 OK", &success());
    });
    for size in [0, 1, 256 << 10, (256 << 10) + 1, 5 << 20] {
        fake.body.lock().unwrap().clear();
        let archive: Vec<u8> = (0..size).map(|at: u32| (at % 251) as u8).collect();
        let body = ContextBody::from_bytes(archive.clone());
        let build = fake.connect().await.build(body, &BuildOptions::default());
        let progress = build.progress();
        assert_eq!(finish(build).await.unwrap().image_id, ID);
        assert!(unchunk(&fake.sent()) == Some(archive), "{size} bytes");
        assert_eq!(
            (progress.bytes(), progress.is_complete()),
            (u64::from(size), true)
        );
    }
    let head = fake.heads.lock().unwrap().last().unwrap().to_lowercase();
    assert!(
        head.starts_with("post /v1.41/build?version=1 http/1.1\r\n"),
        "{head}"
    );
    for header in [
        "connection: close",
        "content-type: application/x-tar",
        "host: api.moby.localhost",
    ] {
        assert!(
            head.contains(&format!("\r\n{header}\r\n")),
            "{header} in {head}"
        );
    }
    assert!(!head.contains("x-registry-"), "{head}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_packer_that_fails_never_sends_the_final_chunk() {
    type Packer = fn(&mut dyn Write) -> std::io::Result<()>;
    let cases: [(&str, usize, Packer); 4] = [
        ("at once", 0, |_| Err(std::io::Error::other("disk on fire"))),
        // What is written before a failure stays here up to 256 KiB: even a whole small archive.
        ("after a small archive", 0, |out| {
            out.write_all(&vec![0; 200_000])?;
            Err(std::io::Error::other("disk on fire"))
        }),
        ("in the middle", 1 << 20, |out| {
            out.write_all(&vec![0; 10 << 20])?;
            Err(std::io::Error::other("disk on fire"))
        }),
        ("by a panic", 1 << 20, |out| {
            out.write_all(&vec![0; 10 << 20])?;
            panic!("disk on fire")
        }),
    ];
    for (name, at_least, pack) in cases {
        let (told, ended) = std::sync::mpsc::channel();
        let fake = Fake::start(move |exchange| {
            told.send(exchange.read_body()).unwrap();
            exchange.answer("200 OK", &success());
        });
        let build = fake
            .connect()
            .await
            .build(ContextBody::from_writer(pack), &BuildOptions::default());
        let error = finish(build).await.unwrap_err();
        assert!(matches!(error, BuildError::Pack(_)), "{name}: {error:?}");
        let cause = error.source().unwrap().to_string();
        assert!(
            ["disk on fire", "the packing thread panicked"].contains(&&*cause),
            "{cause}"
        );
        // A request that was never begun is as good as one that is cut.
        if let Ok(whole) = ended.recv_timeout(Duration::from_secs(5)) {
            assert!(!whole, "{name}: the body was ended properly");
        }
        let sent = fake.sent();
        assert!(!sent.windows(5).any(|five| five == b"0\r\n\r\n"), "{name}");
        assert!(
            sent.len() >= at_least && sent.len() <= 10 << 20,
            "{name}: {} bytes",
            sent.len()
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_packer_that_fails_is_to_blame_when_the_answer_has_begun() {
    let fake = Fake::start(|exchange| {
        exchange.begin();
        exchange.chunk("{\"stream\":\"Step 1/1 : FROM scratch\"}\n");
        assert!(!exchange.read_body(), "the body was ended properly");
        exchange.chunk(success());
        exchange.end();
    });
    let (go, wait) = std::sync::mpsc::channel();
    let body = ContextBody::from_writer(move |out| {
        out.write_all(&vec![0; 10 << 20])?;
        wait.recv().unwrap();
        Err(std::io::Error::other("disk on fire"))
    });
    let mut build = fake.connect().await.build(body, &BuildOptions::default());
    assert!(matches!(build.next_event().await, Some(Event::Step { .. })));
    go.send(()).unwrap();
    let error = finish(build).await.unwrap_err();
    assert_eq!(
        error.source().unwrap().to_string(),
        "disk on fire",
        "{error:?}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_success_for_half_a_context_is_none() {
    let fake = Fake::start(|exchange| exchange.answer("200 OK", &success()));
    let (body, _, _stopped) = endless();
    let build = fake.connect().await.build(body, &BuildOptions::default());
    let outcome = finish(build).await;
    assert!(matches!(outcome, Err(BuildError::Early)), "{outcome:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_engine_that_hangs_up_is_to_blame_and_not_the_packer() {
    let fake = Fake::start(|_| {});
    for _ in 0..20 {
        let (body, _, _stopped) = endless();
        let build = fake.connect().await.build(body, &BuildOptions::default());
        let outcome = finish(build).await;
        assert!(
            matches!(outcome, Err(BuildError::Request(RequestError::Broken(_)))),
            "{outcome:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_early_refusal_is_read_while_the_upload_runs() {
    let fake = Fake::start(|exchange| {
        exchange.answer(
            "500 Internal Server Error",
            "{\"message\":\"no space left\"}",
        );
    });
    for round in 0..20 {
        let (body, _, stopped) = endless();
        let build = fake.connect().await.build(body, &BuildOptions::default());
        match finish(build).await {
            Err(BuildError::Request(RequestError::Refused {
                status: 500,
                message,
            })) => {
                assert_eq!(message, "no space left");
            }
            other => panic!("round {round}: {other:?}"),
        }
        let kind = stopped
            .recv_timeout(Duration::from_secs(5))
            .expect("the packer goes on");
        assert_eq!(kind, std::io::ErrorKind::BrokenPipe);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_engine_slows_the_packer_down() {
    let fake = Fake::start(|_| std::thread::sleep(Duration::from_secs(60)));
    let (body, written, stopped) = endless();
    let build = fake.connect().await.build(body, &BuildOptions::default());
    tokio::time::sleep(Duration::from_millis(500)).await;
    let first = written.load(Ordering::Relaxed);
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(
        written.load(Ordering::Relaxed),
        first,
        "the packer does not wait"
    );
    assert!(first < 8 << 20, "{first} bytes in memory");
    drop(build);
    stopped
        .recv_timeout(Duration::from_secs(5))
        .expect("the packer goes on");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cancelling_drops_the_connection() {
    let (told, ended) = std::sync::mpsc::channel();
    let fake = Fake::start(move |exchange| told.send(exchange.read_body()).unwrap());
    for by_token in [true, false] {
        let (body, written, stopped) = endless();
        let build = fake.connect().await.build(body, &BuildOptions::default());
        while written.load(Ordering::Relaxed) < 4 << 20 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        if by_token {
            build.cancel_token().cancel();
            assert!(matches!(finish(build).await, Err(BuildError::Cancelled)));
        } else {
            drop(build);
        }
        stopped
            .recv_timeout(Duration::from_secs(5))
            .expect("the packer goes on");
        let whole = ended
            .recv_timeout(Duration::from_secs(5))
            .expect("the connection is open");
        assert!(!whole, "the body was ended properly");
    }
}

#[tokio::test]
async fn an_answer_that_is_no_image_is_an_error() {
    let failed = outcome(|exchange| {
        exchange.read_body();
        exchange.begin();
        exchange.chunk("{\"stream\":\"Step 1/1 : RUN false\"}\n");
        exchange.chunk(
            "{\"errorDetail\":{\"code\":7,\"message\":\"returned 7\"},\"error\":\"returned 7\"}",
        );
        exchange.chunk(success());
        exchange.end();
    });
    match failed.await {
        Err(BuildError::Failed {
            message,
            code: Some(7),
        }) => assert_eq!(message, "returned 7"),
        other => panic!("{other:?}"),
    }

    let silent = outcome(|exchange| {
        exchange.read_body();
        exchange.answer("200 OK", "{\"stream\":\"Step 1/1 : FROM scratch\"}");
    });
    assert!(matches!(silent.await, Err(BuildError::NoImage)));

    let cut = outcome(|exchange| {
        exchange.read_body();
        exchange.begin();
        exchange.chunk(success());
    });
    assert!(matches!(
        cut.await,
        Err(BuildError::Request(RequestError::Broken(_)))
    ));

    let hung_up = outcome(|_| {});
    assert!(matches!(
        hung_up.await,
        Err(BuildError::Request(RequestError::Broken(_)))
    ));

    let half = outcome(|exchange| {
        exchange.read_body();
        exchange.answer("200 OK", "{\"aux\":{\"ID\":");
    });
    let error = half.await.unwrap_err();
    assert_eq!(
        error.source().unwrap().to_string(),
        "the answer ends in the middle of a message"
    );

    let garbage = outcome(|exchange| {
        exchange.read_body();
        exchange.answer("200 OK", "<html>\u{1b}[31mproxy");
    });
    let error = garbage.await.unwrap_err();
    assert_eq!(
        error.source().unwrap().to_string(),
        "`<html>proxy` is no message"
    );

    let huge = outcome(|exchange| {
        exchange.read_body();
        exchange.begin();
        exchange.chunk("{\"stream\":\"");
        for _ in 0..=MESSAGE_LIMIT >> 16 {
            exchange.chunk(vec![b'x'; 1 << 16]);
        }
        std::thread::sleep(Duration::from_secs(60));
    });
    let error = huge.await.unwrap_err();
    assert_eq!(
        error.source().unwrap().to_string(),
        "a message is longer than 4194304 bytes"
    );
}

#[tokio::test]
async fn an_engine_without_the_builder_is_said_to_be_one() {
    // As Podman 4.3 answers for a path that it does not know.
    let error = outcome(|exchange| exchange.answer("404 Not Found", "Not Found\n"))
        .await
        .unwrap_err();
    assert_eq!(
        error.source().unwrap().to_string(),
        "the engine refused: Not Found (status 404)"
    );
    assert!(error.hint().unwrap().contains("no such builder"));
}

#[tokio::test]
async fn an_id_in_prose_is_verified() {
    let answer = |exchange: &mut Exchange| {
        if exchange.head.starts_with("POST ") {
            exchange.read_body();
            exchange.answer(
                "200 OK",
                "{\"stream\":\"Successfully built b7de2e4c82bf\\n\"}",
            );
        } else if exchange
            .head
            .starts_with("GET /v1.41/images/b7de2e4c82bf/json ")
        {
            exchange.answer("200 OK", &format!("{{\"Id\":\"{ID}\"}}"));
        }
    };
    assert_eq!(outcome(answer).await.unwrap().image_id, ID);
    // And when a RUN printed it, and there is no such image:
    let forged = |exchange: &mut Exchange| {
        if exchange.head.starts_with("POST ") {
            exchange.read_body();
            exchange.answer(
                "200 OK",
                "{\"stream\":\"Successfully built b7de2e4c82bf\\n\"}",
            );
        } else {
            exchange.answer("404 Not Found", "{\"message\":\"No such image\"}");
        }
    };
    assert!(matches!(outcome(forged).await, Err(BuildError::NoImage)));
}

#[tokio::test]
async fn an_engine_that_does_not_answer_is_given_up() {
    let fake = Fake::with_ping(b"", |_| {});
    let mut options = fake.options();
    options.connect_timeout = Duration::from_millis(200);
    let begun = Instant::now();
    let error = Engine::connect(&options).await.unwrap_err();
    assert!(begun.elapsed() < Duration::from_secs(5));
    let expected = format!(
        "no engine answers; tried `{}` (--host): the engine did not answer in time",
        fake.address()
    );
    assert_eq!(error.to_string(), expected);
    assert!(matches!(error, ConnectError::NoEngine(_)));

    let fake = Fake::start(|_| std::thread::sleep(Duration::from_secs(60)));
    let mut options = fake.options();
    options.request_timeout = Duration::from_secs(1);
    let engine = Engine::connect(&options).await.unwrap();
    assert!(matches!(engine.version().await, Err(RequestError::Timeout)));
}

#[tokio::test]
async fn an_unversioned_engine_is_taken_for_an_old_one() {
    let ping = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nOK";
    let fake = Fake::with_ping(ping, |exchange| {
        exchange.answer("200 OK", "{\"Version\":\"1.12\"}");
    });
    let engine = fake.connect().await;
    assert_eq!(
        engine.version().await.unwrap().version.as_deref(),
        Some("1.12")
    );
    let heads = fake.heads.lock().unwrap().clone();
    assert!(
        heads[1].starts_with("GET /v1.24/version HTTP/1.1\r\n"),
        "{}",
        heads[1]
    );
}

#[tokio::test]
async fn a_version_that_was_fixed_is_not_negotiated() {
    let fake = Fake::start(|exchange| exchange.answer("200 OK", "{}"));
    let fixed = |version: &str| {
        let environment = Environment::empty().with("DOCKER_API_VERSION", version);
        ConnectOptions::new(environment).with_host(fake.address())
    };
    let engine = Engine::connect(&fixed("1.30")).await.unwrap();
    assert_eq!(engine.about().newest_api.unwrap().to_string(), "1.41");
    engine.version().await.unwrap();
    let heads = fake.heads.lock().unwrap().clone();
    assert!(
        heads[1].starts_with("GET /v1.30/version HTTP/1.1\r\n"),
        "{}",
        heads[1]
    );
    let error = Engine::connect(&fixed("latest")).await.unwrap_err();
    let expected = "`DOCKER_API_VERSION` is `latest`, which is not an API version such as 1.41";
    assert_eq!(error.to_string(), expected);
}

#[test]
fn the_blocking_twin_works_inside_and_outside_of_a_runtime() {
    fn build() {
        let fake = Fake::start(|exchange| {
            exchange.read_body();
            exchange.begin();
            exchange.chunk("{\"stream\":\"Step 1/1 : FROM scratch\"}\n");
            exchange.chunk(success());
            exchange.end();
        });
        let engine = blocking::Engine::connect(&fake.options()).unwrap();
        let mut build = engine.build(ContextBody::from_bytes("archive"), &BuildOptions::default());
        let events: Vec<Event> = build.by_ref().collect();
        assert_eq!(events.len(), 2, "{events:?}");
        drop(engine);
        assert_eq!(build.finish().unwrap().image_id, ID);
    }
    build();
    tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap()
        .block_on(async { build() });
    tokio::runtime::Builder::new_multi_thread()
        .build()
        .unwrap()
        .block_on(async { build() });
}

#[test]
fn a_blocking_build_is_cancelled_from_another_thread() {
    let fake = Fake::start(|exchange| {
        exchange.read_body();
        exchange.begin();
        std::thread::sleep(Duration::from_secs(60));
    });
    let engine = blocking::Engine::connect(&fake.options()).unwrap();
    let mut build = engine.build(ContextBody::from_bytes("archive"), &BuildOptions::default());
    let cancel = build.cancel_token();
    std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(200));
        cancel.cancel();
    });
    assert_eq!(build.next(), None);
    assert!(matches!(build.finish(), Err(BuildError::Cancelled)));
}
