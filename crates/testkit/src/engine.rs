//! A real Docker Engine for tests, without installing one.
//!
//! Tests call [`shared`], which hands out the Engine that `SHIPLOAD_TEST_HOST` names; `cargo xtask test`
//! starts one and sets the variable. A test that must stop, kill or fill its Engine calls [`start_private`].
//!
//! [`modern`] hands out a second one of a later release in the same way, for what the builders of Debian 12's
//! 20.10 do not know. What each builder there knows, tried with its own frontend (there is no network to fetch
//! another with `# syntax=`):
//!
//! | | classic 20.10 | BuildKit 20.10 | classic 26.1 | BuildKit 26.1 |
//! |---|---|---|---|---|
//! | heredocs in `RUN` | no | no | read, and nothing runs | yes |
//! | heredocs in `COPY` and `ADD` | no | no | no | yes |
//! | `${V:-w}` `${V:+w}` `${V:?w}` `${V?w}` | yes | yes | yes | yes |
//! | `${V-w}` `${V+w}` | no | no | yes | yes |
//! | `${V#p}` `${V##p}` `${V%p}` `${V%%p}` `${V/p/w}` `${V//p/w}` | no | no | yes | yes |
//! | `COPY --chmod`, `RUN --mount` | no | yes | no | yes |
//! | `COPY --link` | no | no | read, without effect | yes |
//! | `RUN --network` | no | no | no | yes |
//! | `ADD --checksum` | no | no | read, without effect | of URLs |
//! | `ADD --keep-git-dir`, `HEALTHCHECK --start-interval` | no | no | yes | yes |
//! | `COPY --exclude`, `COPY --parents`, `ADD --unpack` | no | no | no | no |
//!
//! Engine 28.5 (Debian's unstable release, tried by hand) knows `--exclude` and `--unpack` as well, and still no
//! `--parents`. Its classic builder reads `--exclude` and copies what is excluded all the same.
//!
//! A private Engine is `dockerd` from the `PATH`, else Debian's, unpacked by [`crate::packages`]. It has its
//! own data, run folder, configuration and socket, no bridge and no firewall rules, so it neither sees nor
//! disturbs an Engine of the machine. Containers and builds need the network `none`. A small shell script
//! (`supervise.sh`) stands between us and the Engine and removes everything when this process ends, however
//! it ends.

mod daemon;
mod private;

use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use std::{env, thread};

use fs_err as fs;

pub use self::private::{
    EngineError, Private, start_containerd_store, start_modern, start_private, start_private_with,
};
use crate::http::{self, Answer};
use crate::workspace;

/// Names the Engine that tests use, such as `unix:///run/docker.sock`.
pub const HOST_VARIABLE: &str = "SHIPLOAD_TEST_HOST";

/// Names a later Engine that tests use beside that one.
pub const MODERN_HOST_VARIABLE: &str = "SHIPLOAD_TEST_MODERN_HOST";

/// Names a file to which every test that skips itself adds a line: its name, a tab, and why.
pub const SKIPS_VARIABLE: &str = "SHIPLOAD_TEST_SKIPS";

/// An Engine that answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Handle {
    /// Its address, as `DOCKER_HOST` would have it.
    pub host: String,
}

/// The Engine for tests, or `None` when the test is to return at once.
///
/// A test that needs an Engine starts with
/// `let Some(engine) = engine::shared() else { return };`
///
/// # Panics
/// When there is no Engine and `CI` is set, because nothing may be skipped there.
pub fn shared() -> Option<Handle> {
    let engine = shared_host();
    if engine.is_none() {
        skip(&format!(
            "no Engine: {HOST_VARIABLE} is not set (`cargo xtask test` sets it)"
        ));
    }
    engine
}

/// The Engine of a later release for tests, or `None` when the test is to return at once; as [`shared`].
///
/// # Panics
/// When there is none and `CI` is set, because nothing may be skipped there.
pub fn modern() -> Option<Handle> {
    let engine = modern_host();
    if engine.is_none() {
        skip(&format!(
            "no later Engine: {MODERN_HOST_VARIABLE} is not set (`cargo xtask test` sets it)"
        ));
    }
    engine
}

/// The Engine that `SHIPLOAD_TEST_HOST` names, answering or not.
pub fn shared_host() -> Option<Handle> {
    named_by(HOST_VARIABLE)
}

/// The Engine that `SHIPLOAD_TEST_MODERN_HOST` names, answering or not.
pub fn modern_host() -> Option<Handle> {
    named_by(MODERN_HOST_VARIABLE)
}

fn named_by(variable: &str) -> Option<Handle> {
    let host = env::var(variable).ok().filter(|host| !host.is_empty())?;
    Some(Handle { host })
}

/// An Engine for one test alone, or `None` when the test is to return at once: where [`shared`] has none
/// either, or this machine cannot have one.
///
/// # Panics
/// As [`shared`], and when an Engine that could be had does not come up.
pub fn private() -> Option<Private> {
    private_with(&[])
}

/// As [`private`], with further arguments for `dockerd`.
///
/// # Panics
/// As [`private`].
pub fn private_with(arguments: &[String]) -> Option<Private> {
    shared()?;
    for_one_test(start_private_with(arguments))
}

/// An Engine for one test alone as [`private`], of the later release and with its images in containerd.
///
/// # Panics
/// As [`private`].
pub fn containerd_store() -> Option<Private> {
    modern()?;
    for_one_test(start_containerd_store())
}

#[expect(clippy::panic, reason = "this is how a test fails")]
fn for_one_test(started: Result<Private, EngineError>) -> Option<Private> {
    match started {
        Ok(engine) => Some(engine),
        Err(error) if error.is_impossible() => {
            skip(&format!("no Engine of its own: {error}"));
            None
        }
        Err(error) => panic!("{error}: {:?}", std::error::Error::source(&error)),
    }
}

/// Says that the running test is skipped, and why; the summary of `cargo xtask test` lists it.
///
/// # Panics
/// When `CI` is set, because nothing may be skipped there.
#[expect(clippy::print_stderr, reason = "a skipped test must be seen")]
pub fn skip(why: &str) {
    let thread = thread::current();
    let test = thread.name().unwrap_or("a test");
    assert!(
        !workspace::is_ci(),
        "`{test}` may not be skipped in CI: {why}"
    );
    eprintln!("skipped `{test}`: {why}");
    if let Some(file) = env::var_os(SKIPS_VARIABLE) {
        // One short write to a file opened for appending is not torn by other tests' writes.
        let line = format!("{test}\t{why}\n");
        let file = fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(PathBuf::from(file));
        if let Err(error) = file.and_then(|mut file| file.write_all(line.as_bytes())) {
            eprintln!("cannot note it: {error}");
        }
    }
}

/// Asking
impl Handle {
    /// An image name that no other test of this run has, starting with `stem`.
    pub fn unique(&self, stem: &str) -> String {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        format!(
            "{stem}-{}-{}",
            std::process::id(),
            NEXT.fetch_add(1, Ordering::Relaxed)
        )
    }

    /// Sends one request to the Engine; see [`http::request`]. It may take two minutes.
    ///
    /// # Errors
    /// As [`http::request`].
    pub fn request(
        &self,
        method: &str,
        path: &str,
        body: Option<(&str, &[u8])>,
    ) -> io::Result<Answer> {
        http::request(&self.host, method, path, body, Duration::from_secs(120))
    }

    /// Whether it answers to a ping within two seconds.
    pub fn answers(&self) -> bool {
        http::request(&self.host, "GET", "/_ping", None, Duration::from_secs(2))
            .is_ok_and(|answer| answer.status == 200)
    }

    /// What the Engine is, for messages: "20.10.24, storage overlay2".
    ///
    /// # Errors
    /// When it does not answer with what an Engine answers.
    pub fn describe(&self) -> io::Result<String> {
        let info = self.request("GET", "/info", None)?.json()?;
        let field = |name: &str| info[name].as_str().unwrap_or("unknown").to_owned();
        Ok(format!(
            "{}, storage {}",
            field("ServerVersion"),
            field("Driver")
        ))
    }
}
