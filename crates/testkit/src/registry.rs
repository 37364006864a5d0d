//! A registry on the loopback interface that wants a password: Debian's `docker-registry`, for pull and push.
//!
//! Engines take a registry on 127.0.0.0/8 without TLS.

use std::io;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use fs_err as fs;
use tempfile::TempDir;

use crate::packages::{PackageError, REGISTRY};
use crate::workspace;

/// The one user.
pub const USER: &str = "user";

/// The user's password. It looks like nothing else, so that a test can search for it, and its base64 holds
/// characters in which the alphabets differ.
pub const PASSWORD: &str = "c4n4ry~~~???>>>";

/// `crypt.crypt(PASSWORD, crypt.mksalt(crypt.METHOD_BLOWFISH, rounds=16))` of Python 3.11.
const HTPASSWD: &str = "user:$2b$04$zqgjUuHenAmufcwiXObR9.rBIaI2JflFkv3vcqfy0fZSDwU56WUu2\n";

/// How long it may take until it listens; it takes a tenth of a second here.
const PATIENCE: Duration = Duration::from_secs(30);

/// A registry that runs, gone with its images when this is dropped or the process ends.
#[derive(Debug)]
pub struct Registry {
    address: String,
    server: Child,
    folder: TempDir,
}

/// Why there is no registry.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RegistryError {
    /// There is no program, and none could be fetched.
    #[error("no `docker-registry` on the path, and none could be fetched")]
    Packages(#[from] PackageError),
    /// It did not come up.
    #[error("the registry does not listen; its last words:\n{log}")]
    Silent {
        /// Its log.
        log: String,
    },
    /// A file or process could not be handled.
    #[error("cannot start a registry")]
    Io(#[from] io::Error),
}

impl Registry {
    /// Starts one and waits until it listens.
    ///
    /// # Errors
    /// When there is no program or it does not come up.
    pub fn start() -> Result<Self, RegistryError> {
        let program = match workspace::on_path("docker-registry") {
            Some(program) => program,
            None => REGISTRY
                .provide()?
                .program("docker-registry")
                .ok_or_else(|| io::Error::other("the package holds no `docker-registry`"))?,
        };
        let folder = tempfile::tempdir()?;
        // Somebody else could take the port in between; then it does not come up and the test says so.
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?
            .local_addr()?
            .port();
        let address = format!("127.0.0.1:{port}");
        let at = |name: &str| folder.path().join(name);
        fs::write(at("htpasswd"), HTPASSWD)?;
        let config = serde_json::json!({
            "version": "0.1",
            "storage": { "filesystem": { "rootdirectory": at("data") } },
            "http": { "addr": address },
            "auth": { "htpasswd": { "realm": "test", "path": at("htpasswd") } },
        });
        // YAML is a superset of JSON.
        fs::write(at("config.yml"), config.to_string())?;
        let log = fs::File::create(at("log"))?;

        // So that it ends with the test, however that ends.
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "KILL"]);
        command.arg(program).arg("serve").arg(at("config.yml"));
        command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log.into_file());
        let registry = Self {
            address,
            server: command.spawn()?,
            folder,
        };
        let start = Instant::now();
        while TcpStream::connect(&registry.address).is_err() {
            if start.elapsed() > PATIENCE {
                let log = fs::read_to_string(registry.folder.path().join("log"))?;
                return Err(RegistryError::Silent { log });
            }
            thread::sleep(Duration::from_millis(20));
        }
        Ok(registry)
    }

    /// Its host and port, as they stand in an image's name.
    pub fn address(&self) -> &str {
        &self.address
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}
