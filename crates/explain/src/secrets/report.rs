//! Findings about secrets: what was found, and which instruction would put it into the image.

mod fate;
mod git;
mod variables;

use std::collections::{BTreeMap, HashSet};
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use shipload_context::{
    Content, EntryPath, Plan, Progress, Referenced, Request, TreeBuilder, View,
};

use super::kinds::{Confidence, Rule, SecretKind};
use super::scan::{Hit, Place, Scan, scan_secrets};
use super::text::{Style, Text};
use crate::code::{Code, Severity};
use crate::finding::{Finding, Location};
use fate::{Fate, Fates};

/// What to do about a secret in a file.
const CURE: &str =
    "exclude it in the ignore file; a step that needs it mounts it with `RUN --mount=type=secret`";

/// What to do about one in the Dockerfile.
pub(super) const MOUNT: &str = "give it to the step that needs it with `RUN --mount=type=secret`, and revoke it if an image was published";

/// Directories whose files are examples, in small letters.
const EXAMPLES: &[&[u8]] = &[
    b"test",
    b"tests",
    b"testdata",
    b"test-data",
    b"fixtures",
    b"fixture",
    b"__tests__",
    b"spec",
    b"specs",
    b"example",
    b"examples",
    b"samples",
    b"doc",
    b"docs",
    b"mocks",
    b"testing",
    b"benches",
    b"demo",
    b"e2e",
    b"node_modules",
    b"vendor",
    b"site-packages",
];

/// Looks for secrets among `view`, which is all or some of what a plan sends, in its Dockerfile, and in what git ignores. `least` is
/// what the Dockerfile reads, if that could be told; `request` is the build it is read for.
///
/// A secret is as bad as what becomes of it: an error in the image, less in a stage that is not the image or if no instruction reads
/// it. Files that cannot be read are passed over. Git is asked what it ignores, where there is one, in a way that runs nothing of
/// the repository's. No secret is in what is returned.
///
/// ```
/// use shipload_context::{Progress, Recipe, Request};
/// use shipload_explain::{Code, secret_findings};
///
/// # let temp = tempfile::tempdir()?;
/// # let dir = temp.path();
/// # let npmrc = ["//r.example/:_auth", "Token=q8Zr2Lm9Xw4T\n"].concat();
/// # for (name, text) in [("Dockerfile", "FROM scratch AS app\nCOPY . /app\n"), (".npmrc", npmrc.as_str())] {
/// #     std::fs::write(dir.join(name), text)?;
/// # }
/// let request = Request::default();
/// let plan = Recipe::new(dir).plan(&Progress::new())?;
/// let least = plan.referenced(&request).ok();
/// let findings = secret_findings(&plan, &plan.view, least.as_ref(), &request, &Progress::new());
/// assert_eq!(findings[0].code, Code::SecretFile);
/// assert_eq!(
///     findings[0].message,
///     "`.npmrc` is an .npmrc with a token; `COPY . /app` (Dockerfile:2, stage `app`) would put it into the image"
/// );
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn secret_findings(
    plan: &Plan,
    view: &View,
    least: Option<&Referenced>,
    request: &Request,
    progress: &Progress,
) -> Vec<Finding> {
    let fates = Fates::new(plan, least, request);
    let mut findings = variables::all(plan);
    let lines = findings
        .iter()
        .filter_map(|finding| finding.location.as_ref());
    let lines: Vec<usize> = lines.map(|location| location.line).collect();
    let in_dockerfile = in_dockerfile(plan, progress);
    let others = in_dockerfile.hits.iter().filter(|hit| !is_on(hit, &lines));
    findings.extend(others.map(|hit| of_dockerfile(plan, hit)));
    let files = view.clone().filter(|entry| entry.path != plan.dockerfile);
    let scan = scan_secrets(&files, None, progress);
    findings.extend(of_files(plan, &fates, &scan));
    findings.extend(git::all(plan, view, &fates, &scan));
    hide_secrets(&mut findings);
    findings
}

/// Leaves lines that hold a secret out of what findings show, whatever they are about.
pub(crate) fn hide_secrets(findings: &mut [Finding]) {
    let codes = [Code::Secret, Code::PossibleSecret, Code::DockerfileSecret];
    let known = findings
        .iter()
        .filter(|finding| codes.contains(&finding.code));
    let known: HashSet<_> = known
        .filter_map(|finding| finding.location.as_ref())
        .map(|location| (location.file.clone(), location.line))
        .collect();
    for finding in findings {
        let related = finding
            .related
            .iter_mut()
            .map(|related| &mut related.location);
        for location in finding.location.iter_mut().chain(related) {
            let is_known = known.contains(&(location.file.clone(), location.line));
            if is_known || has_secret(&location.excerpt) {
                location.excerpt.clear();
                location.width = 0;
            }
        }
    }
}

/// Whether a line holds a secret.
fn has_secret(line: &str) -> bool {
    let (bytes, style) = (line.as_bytes(), Style::Plain);
    !Text { bytes, style }.secrets().is_empty()
}

/// The first line of an instruction as it may be shown: of one that holds a secret, as a header with a token in the command of a
/// `RUN`, only the first word.
pub(crate) fn shown_instruction(line: &str) -> &str {
    let line = line.trim();
    if !has_secret(line) {
        return line;
    }
    let first = line.split_whitespace().next();
    first.filter(|word| !has_secret(word)).unwrap_or_default()
}

fn is_on(hit: &Hit, lines: &[usize]) -> bool {
    hit.place
        .is_some_and(|place| lines.iter().any(|line| *line as u64 == place.line))
}

/// The Dockerfile may be elsewhere, and is in every image's history, wherever it is.
fn in_dockerfile(plan: &Plan, progress: &Progress) -> Scan {
    let Ok(text) = plan.dockerfile_text() else {
        return Scan::default();
    };
    let tree = TreeBuilder::new()
        .bytes(plan.dockerfile.clone(), text)
        .build();
    tree.map(|tree| scan_secrets(&View::new(&tree), None, progress))
        .unwrap_or_default()
}

fn of_dockerfile(plan: &Plan, hit: &Hit) -> Finding {
    let message = format!(
        "the Dockerfile holds {}; it stays in the history of the image, or in the build cache",
        hit.kind.what
    );
    let file = plan
        .dockerfile_host
        .clone()
        .unwrap_or_else(|| plan.dockerfile_shown().into());
    let finding = Finding::new(code(hit.kind), message)
        .severity(worth(hit.kind))
        .advice(MOUNT);
    match hit.place {
        Some(place) => finding.at(location(file, place)),
        None => finding,
    }
}

/// One finding for each file and kind.
fn of_files(plan: &Plan, fates: &Fates<'_>, scan: &Scan) -> Vec<Finding> {
    let mut groups: BTreeMap<(&EntryPath, &str), Vec<&Hit>> = BTreeMap::new();
    for hit in &scan.hits {
        groups
            .entry((&hit.path, hit.kind.id))
            .or_default()
            .push(hit);
    }
    groups
        .into_values()
        .filter_map(|hits| of_file(plan, fates, &hits))
        .collect()
}

fn of_file(plan: &Plan, fates: &Fates<'_>, hits: &[&Hit]) -> Option<Finding> {
    let first = hits.first()?;
    let fate = fates.of(&first.path);
    let verb = if first.kind.is_file() { "is" } else { "holds" };
    let others = match hits.len() {
        1 => String::new(),
        2 => " and another".to_owned(),
        more => format!(" and {} more", more - 1),
    };
    let what = first.kind.what;
    let message = format!("`{}` {verb} {what}{others}; {}", first.path, fate.told());
    let mut severity = fate.weigh(worth(first.kind));
    if is_example(&first.path) {
        severity = lower(severity);
    }
    let mut finding = Finding::new(code(first.kind), message)
        .severity(severity)
        .of(first.path.clone())
        .advice(CURE);
    if let Some(place) = first.place {
        finding = finding.at(location(host(plan, &first.path), place));
    }
    if let Fate::Read(reader) = &fate {
        finding = finding.related(
            format!("`{}` reads it here", reader.source.written),
            reader.location(plan),
        );
    }
    Some(finding)
}

fn code(kind: &SecretKind) -> Code {
    match (&kind.rule, kind.confidence) {
        (Rule::Name(_), _) => Code::SecretFile,
        (_, Confidence::Guess) => Code::PossibleSecret,
        (_, Confidence::Likely | Confidence::Certain) => Code::Secret,
    }
}

fn worth(kind: &SecretKind) -> Severity {
    match kind.confidence {
        Confidence::Guess => Severity::Warning,
        Confidence::Likely | Confidence::Certain => Severity::Error,
    }
}

/// The next less bad.
fn lower(severity: Severity) -> Severity {
    match severity {
        Severity::Error => Severity::Warning,
        Severity::Warning | Severity::Note => Severity::Note,
    }
}

fn is_example(path: &EntryPath) -> bool {
    let mut above = path.components().rev().skip(1);
    above.any(|name| EXAMPLES.contains(&&*name.to_ascii_lowercase()))
}

/// A place of which the line is not shown: it is the secret.
fn location(file: PathBuf, place: Place) -> Location {
    let number = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
    Location {
        file,
        line: number(place.line),
        column: number(place.column),
        width: 0,
        excerpt: String::new(),
    }
}

/// Where a file of the context is on this machine; its path alone where it is in no file of the directory.
fn host(plan: &Plan, path: &EntryPath) -> PathBuf {
    let relative = Path::new(OsStr::from_bytes(path.as_bytes()));
    let entry = plan.view.tree().get(path);
    let is_host = entry.is_some_and(|entry| matches!(entry.content, Content::Host(_)));
    match &plan.directory {
        Some(directory) if is_host => directory.join(relative),
        _ => relative.to_owned(),
    }
}
