//! A real Docker Engine for tests, without installing one.
//!
//! Tests call [`shared`], which hands out the Engine that `SHIPLOAD_TEST_HOST` names; `cargo xtask test`
//! starts one and sets the variable. A test that must stop, kill or fill its Engine calls [`start_private`].
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

pub use self::private::{EngineError, Private, start_private, start_private_with};
use crate::http::{self, Answer};
use crate::workspace;

/// Names the Engine that tests use, such as `unix:///run/docker.sock`.
pub const HOST_VARIABLE: &str = "SHIPLOAD_TEST_HOST";

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

/// The Engine that `SHIPLOAD_TEST_HOST` names, answering or not.
pub fn shared_host() -> Option<Handle> {
    let host = env::var(HOST_VARIABLE)
        .ok()
        .filter(|host| !host.is_empty())?;
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
#[expect(clippy::panic, reason = "this is how a test fails")]
pub fn private_with(arguments: &[String]) -> Option<Private> {
    shared()?;
    match start_private_with(arguments) {
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
