//! `Page`: a context as one HTML page that needs nothing else: a treemap to walk through, and tables.
//!
//! Names come from files, and so from anybody. They are in the page as JSON in which no character is left that HTML knows, the
//! script sets them as text and nothing else, and the page's policy lets no other script run and nothing be loaded.

mod data;

use std::io::{self, Write};
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};
use shipload_context::{Plan, Referenced, replace_file, show};

use super::{Churn, ChurnError, Usage};

const PAGE: &str = include_str!("page/page.html");
const STYLE: &str = include_str!("page/page.css");
const SCRIPT: &str = include_str!("page/page.js");

/// A page about a context. About 25 bytes an entry, names included, with some 20 kB for the rest.
///
/// ```
/// use shipload_context::{Progress, Recipe, Request};
/// use shipload_explain::{Page, Usage};
///
/// # let temp = tempfile::tempdir()?;
/// # let dir = temp.path();
/// # for (name, text) in [("Dockerfile", "FROM scratch\nCOPY a /\n"), ("a", "1")] {
/// #     std::fs::write(dir.join(name), text)?;
/// # }
/// let plan = Recipe::new(dir).plan(&Progress::new())?;
/// let least = plan.referenced(&Request::default())?;
/// let usage = Usage::of(&plan, Some(&least));
/// Page::new(&plan, Some(&least), &usage).save(&dir.join("usage.html"))?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Page<'a> {
    plan: &'a Plan,
    referenced: Option<&'a Referenced>,
    usage: &'a Usage,
    churn: Option<Result<&'a Churn, &'a ChurnError>>,
}

impl<'a> Page<'a> {
    /// A page about the view of `plan`, which `usage` and `referenced` have to be of.
    pub fn new(plan: &'a Plan, referenced: Option<&'a Referenced>, usage: &'a Usage) -> Self {
        Self {
            plan,
            referenced,
            usage,
            churn: None,
        }
    }

    /// The same with what changes most often, or why that is not known.
    #[must_use]
    pub fn churn(self, churn: Result<&'a Churn, &'a ChurnError>) -> Self {
        Self {
            churn: Some(churn),
            ..self
        }
    }

    /// Writes the page.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        let name = self.name();
        let title = escape(&format!("Build context of {name}"));
        let policy = policy();
        let data = data::json(self, &name);
        let mut rest = PAGE;
        while let Some((before, (key, after))) = rest
            .split_once("{{")
            .and_then(|(before, after)| Some((before, after.split_once("}}")?)))
        {
            out.write_all(before.as_bytes())?;
            let value = match key {
                "policy" => &policy,
                "title" => &title,
                "style" => STYLE,
                "script" => SCRIPT,
                _ => &data,
            };
            out.write_all(value.as_bytes())?;
            rest = after;
        }
        out.write_all(rest.as_bytes())
    }

    /// Writes the page to a file, which is whole or as it was: see [`replace_file`].
    ///
    /// # Errors
    /// Those of the file system.
    pub fn save(&self, path: &Path) -> io::Result<()> {
        replace_file(path, |out| self.write(out))
    }

    /// What the context is called: as its directory.
    fn name(&self) -> String {
        let directory = self.plan.directory.as_deref();
        let name = directory.and_then(Path::file_name);
        name.map_or_else(|| ".".to_owned(), |name| show(name.as_bytes()))
    }
}

/// The page's Content Security Policy: its own style and script by their digests, and nothing else.
fn policy() -> String {
    let digest = |text: &str| STANDARD.encode(Sha256::digest(text));
    format!(
        "default-src 'none'; style-src 'sha256-{}'; script-src 'sha256-{}'; base-uri 'none'; form-action 'none'",
        digest(STYLE),
        digest(SCRIPT)
    )
}

/// Text for HTML.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}
