//! Chromium without a window, driven by real clicks and keys: for pages that the program writes.
//!
//! It is Debian's, of the machine or unpacked by [`crate::packages`], and driven by its `chromedriver` over the `WebDriver`
//! protocol (<https://www.w3.org/TR/webdriver2/>), of which this is as much as tests need. It has a profile of its own and is gone
//! when the [`Browser`] is dropped.

use std::ffi::OsString;
use std::fs::Permissions;
use std::io::{self, BufRead as _, BufReader};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fs_err as fs;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::engine::skip;
use crate::http;
use crate::packages::{CHROMIUM, PackageError};
use crate::workspace;

/// The names that Chromium goes by on the path.
const NAMES: &[&str] = &["chromium-headless-shell", "chromium"];

/// How long one command may take; a machine may be busy.
const PATIENCE: Duration = Duration::from_secs(60);

/// A browser with one empty page.
#[derive(Debug)]
pub struct Browser {
    driver: Child,
    port: u16,
    session: String,
    profile: TempDir,
}

/// What a user may press that is no character; the values are the standard's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names on the keys")]
pub enum Key {
    Backspace,
    Tab,
    Enter,
    Escape,
    End,
    Home,
    Left,
    Up,
    Right,
    Down,
}

/// Why there is no browser, or it did not do what it was told.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BrowserError {
    /// There is no program, and none could be fetched.
    #[error("no Chromium on the path, and none could be fetched")]
    Packages(#[from] PackageError),
    /// The driver refused a command.
    #[error("the browser does not {command}: {message}")]
    Refused {
        /// The command.
        command: String,
        /// Why.
        message: String,
    },
    /// A file, process or connection could not be handled.
    #[error("cannot drive the browser")]
    Io(#[from] io::Error),
}

/// The programs, and what they need of the environment.
struct Programs {
    driver: PathBuf,
    browser: PathBuf,
    library_path: Option<OsString>,
    /// Folders with fonts, beside the machine's.
    fonts: Vec<PathBuf>,
}

/// # Starting
impl Browser {
    /// A browser for tests, or `None` when the test is to return at once.
    ///
    /// # Panics
    /// When `CI` is set and there is none, and when one that is there does not come up.
    #[expect(clippy::panic, reason = "this is how a test fails")]
    pub fn for_test() -> Option<Self> {
        match Self::start() {
            Ok(browser) => Some(browser),
            Err(error @ BrowserError::Packages(_)) => {
                let why = std::error::Error::source(&error).map(ToString::to_string);
                skip(&format!("{error}: {}", why.unwrap_or_default()));
                None
            }
            Err(error) => panic!("{error}: {:?}", std::error::Error::source(&error)),
        }
    }

    /// Starts a browser, which is fetched first if the machine has none.
    ///
    /// # Errors
    /// When there is none, or it does not come up.
    pub fn start() -> Result<Self, BrowserError> {
        let programs = Programs::find()?;
        let profile = tempfile::tempdir()?;
        let mut command = Command::new(&programs.driver);
        command
            .arg("--port=0")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .stdin(Stdio::null());
        // Its home is its profile, so that it neither sees nor leaves anything elsewhere.
        command.env("HOME", profile.path());
        if let Some(path) = &programs.library_path {
            command.env("LD_LIBRARY_PATH", path);
        }
        if !programs.fonts.is_empty() {
            command.env(
                "FONTCONFIG_FILE",
                programs.write_font_settings(profile.path())?,
            );
        }
        let mut driver = command.spawn()?;
        let port = driver.stdout.as_mut().map(announced_port).transpose();
        let mut browser = Self {
            driver,
            port: 0,
            session: String::new(),
            profile,
        };
        let port = port?
            .flatten()
            .ok_or_else(|| io::Error::other("the driver names no port"))?;
        browser.port = port;
        let binary = browser.profile.path().join("browser");
        programs.write_browser(&binary)?;
        let profile = browser.profile.path().join("profile");
        let arguments = [
            "--headless".to_owned(),
            // The sandbox needs rights that neither root nor containers have; the pages are our own.
            "--no-sandbox".to_owned(),
            "--disable-dev-shm-usage".to_owned(),
            "--disable-gpu".to_owned(),
            "--hide-scrollbars".to_owned(),
            "--force-device-scale-factor=1".to_owned(),
            "--window-size=1280,1000".to_owned(),
            format!("--user-data-dir={}", profile.display()),
        ];
        let options = json!({ "capabilities": { "alwaysMatch": {
            "goog:chromeOptions": { "binary": binary, "args": arguments },
            "goog:loggingPrefs": { "browser": "ALL" },
        }}});
        let made = browser.ask("POST", "/session", &options)?;
        let session = made["sessionId"].as_str().unwrap_or_default();
        browser.session = format!("/session/{session}");
        Ok(browser)
    }
}

impl Programs {
    fn find() -> Result<Self, BrowserError> {
        let browser = NAMES.iter().find_map(|name| workspace::on_path(name));
        if let (Some(driver), Some(browser)) = (workspace::on_path("chromedriver"), browser) {
            let (library_path, fonts) = (None, Vec::new());
            return Ok(Self {
                driver,
                browser,
                library_path,
                fonts,
            });
        }
        let unpacked = CHROMIUM.provide()?;
        let program = |name: &str| {
            let missing = || io::Error::other(format!("the packages hold no `{name}`"));
            unpacked.program(name).ok_or_else(missing)
        };
        Ok(Self {
            driver: program("chromedriver")?,
            browser: program("chromium-headless-shell")?,
            library_path: unpacked.library_path()?,
            fonts: unpacked.folders("usr/share/fonts").collect(),
        })
    }

    /// Writes a script that starts the browser with an empty page. Without windows there is none at the start, and the driver waits
    /// for one.
    fn write_browser(&self, script: &Path) -> io::Result<()> {
        let browser = self.browser.display();
        fs::write(
            script,
            format!("#!/bin/sh\nexec \"{browser}\" \"$@\" about:blank\n"),
        )?;
        fs::set_permissions(script, Permissions::from_mode(0o755))
    }

    /// Writes where fonts are, for machines that have none.
    fn write_font_settings(&self, dir: &Path) -> io::Result<PathBuf> {
        let machine = PathBuf::from("/usr/share/fonts");
        let folders = self.fonts.iter().chain([&machine]);
        let folders: Vec<_> = folders
            .map(|dir| format!("<dir>{}</dir>", dir.display()))
            .collect();
        let folders = folders.concat();
        let cache = dir.join("fonts");
        let text = format!(
            "<?xml version=\"1.0\"?>\n<fontconfig>{folders}<cachedir>{}</cachedir></fontconfig>\n",
            cache.display()
        );
        let file = dir.join("fonts.conf");
        fs::write(&file, text)?;
        Ok(file)
    }
}

/// Reads the line in which the driver says where it listens. Nothing more is read: it writes little, and less than a pipe holds.
fn announced_port(stdout: impl io::Read) -> io::Result<Option<u16>> {
    for line in BufReader::new(stdout).lines() {
        let line = line?;
        if let Some((_, port)) = line.rsplit_once("started successfully on port ") {
            return Ok(port.trim_end_matches('.').parse().ok());
        }
    }
    Ok(None)
}

/// # Driving
impl Browser {
    /// Opens a file.
    ///
    /// # Errors
    /// As for all commands: when the driver refuses, or is gone.
    pub fn open(&self, file: &Path) -> Result<(), BrowserError> {
        let url = format!("file://{}", file.display());
        self.post("/url", &json!({ "url": url })).map(drop)
    }

    /// What the body of a function returns that runs in the page.
    ///
    /// # Errors
    /// As [`Browser::open`].
    pub fn run(&self, script: &str) -> Result<Value, BrowserError> {
        self.post("/execute/sync", &json!({ "script": script, "args": [] }))
    }

    /// Clicks into the middle of the element that a CSS selector finds.
    ///
    /// # Errors
    /// As [`Browser::open`]; also when there is none, or it cannot be clicked.
    pub fn click(&self, selector: &str) -> Result<(), BrowserError> {
        let element = self.element(selector)?;
        self.post(&format!("/element/{element}/click"), &json!({}))
            .map(drop)
    }

    /// Clicks at so many pixels from the middle of an element.
    ///
    /// # Errors
    /// As [`Browser::click`].
    pub fn click_at(&self, selector: &str, x: i64, y: i64) -> Result<(), BrowserError> {
        self.point_at(selector, x, y)?;
        self.act(&json!({ "type": "pointer", "id": "mouse", "actions": [
            { "type": "pointerDown", "button": 0 },
            { "type": "pointerUp", "button": 0 },
        ]}))
    }

    /// Moves the mouse to so many pixels from the middle of an element.
    ///
    /// # Errors
    /// As [`Browser::click`].
    pub fn point_at(&self, selector: &str, x: i64, y: i64) -> Result<(), BrowserError> {
        let origin = json!({ ELEMENT: self.element(selector)? });
        self.act(&json!({ "type": "pointer", "id": "mouse", "actions": [
            { "type": "pointerMove", "origin": origin, "x": x, "y": y, "duration": 0 },
        ]}))
    }

    /// Presses keys one after the other, wherever the focus is.
    ///
    /// # Errors
    /// As [`Browser::open`].
    pub fn press(&self, keys: &[Key]) -> Result<(), BrowserError> {
        let strokes = keys.iter().flat_map(|key| {
            ["keyDown", "keyUp"].map(|kind| json!({ "type": kind, "value": key.value() }))
        });
        let strokes: Vec<Value> = strokes.collect();
        self.act(&json!({ "type": "key", "id": "keyboard", "actions": strokes }))
    }

    /// Lets the page see a preference of its reader, such as `prefers-color-scheme` being `dark`.
    ///
    /// # Errors
    /// As [`Browser::open`].
    pub fn prefer(&self, feature: &str, value: &str) -> Result<(), BrowserError> {
        let features = json!({ "features": [{ "name": feature, "value": value }] });
        let command = json!({ "cmd": "Emulation.setEmulatedMedia", "params": features });
        self.post("/goog/cdp/execute", &command).map(drop)
    }

    /// What assistive technology is told of the page: a node each with its role and name, in order.
    ///
    /// # Errors
    /// As [`Browser::open`].
    pub fn accessible(&self) -> Result<Vec<(String, String)>, BrowserError> {
        let command = json!({ "cmd": "Accessibility.getFullAXTree", "params": {} });
        let tree = self.post("/goog/cdp/execute", &command)?;
        let nodes = tree["nodes"].as_array().cloned().unwrap_or_default();
        let text =
            |node: &Value, key: &str| node[key]["value"].as_str().unwrap_or_default().to_owned();
        let seen = nodes.iter().filter(|node| node["ignored"] != true);
        Ok(seen
            .map(|node| (text(node, "role"), text(node, "name")))
            .collect())
    }

    /// What was written to the console since this was asked last: errors, and what the page's policy forbade.
    ///
    /// # Errors
    /// As [`Browser::open`].
    pub fn console(&self) -> Result<Vec<String>, BrowserError> {
        let log = self.post("/se/log", &json!({ "type": "browser" }))?;
        let lines = log.as_array().cloned().unwrap_or_default();
        Ok(lines
            .iter()
            .map(|line| line["message"].to_string())
            .collect())
    }

    /// Keeps what is to be seen as a PNG below `target/screenshots`.
    ///
    /// # Errors
    /// As [`Browser::open`], and those of the file system.
    pub fn keep_screenshot(&self, name: &str) -> Result<PathBuf, BrowserError> {
        let image = self.ask("GET", &format!("{}/screenshot", self.session), &Value::Null)?;
        let image = STANDARD.decode(image.as_str().unwrap_or_default());
        let image = image.map_err(io::Error::other)?;
        let folder = workspace::target().join("screenshots");
        fs::create_dir_all(&folder)?;
        let file = folder.join(format!("{name}.png"));
        fs::write(&file, image)?;
        Ok(file)
    }

    fn element(&self, selector: &str) -> Result<String, BrowserError> {
        let found = self.post(
            "/element",
            &json!({ "using": "css selector", "value": selector }),
        )?;
        Ok(found[ELEMENT].as_str().unwrap_or_default().to_owned())
    }

    fn act(&self, action: &Value) -> Result<(), BrowserError> {
        self.post("/actions", &json!({ "actions": [action] }))
            .map(drop)
    }

    fn post(&self, command: &str, body: &Value) -> Result<Value, BrowserError> {
        self.ask("POST", &format!("{}{command}", self.session), body)
    }

    fn ask(&self, method: &str, path: &str, body: &Value) -> Result<Value, BrowserError> {
        let text = body.to_string();
        let body = (method == "POST").then_some(("application/json", text.as_bytes()));
        let answer = http::request_of_local(self.port, method, path, body, PATIENCE)?;
        let mut value = answer.json()?["value"].take();
        if answer.status == 200 {
            return Ok(value);
        }
        Err(BrowserError::Refused {
            command: format!("{method} {path}"),
            message: value["message"].take().to_string(),
        })
    }
}

/// The key of an element's id, by the standard.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

impl Key {
    const fn value(self) -> char {
        match self {
            Self::Backspace => '\u{e003}',
            Self::Tab => '\u{e004}',
            Self::Enter => '\u{e007}',
            Self::Escape => '\u{e00c}',
            Self::End => '\u{e010}',
            Self::Home => '\u{e011}',
            Self::Left => '\u{e012}',
            Self::Up => '\u{e013}',
            Self::Right => '\u{e014}',
            Self::Down => '\u{e015}',
        }
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        if !self.session.is_empty() {
            // The browser is the driver's child, and ends in an orderly way only if it is asked to.
            let _ = self.ask("DELETE", &self.session, &Value::Null);
        }
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}
