//! `Habits`: rules that are there for what comes and goes, so that it says nothing of them if they match nothing at present.

use std::collections::HashSet;
use std::path::PathBuf;

use shipload_ignore::Rule;

use super::junk_kinds;
use super::subject::Subject;

/// Rules that are there for what comes and goes: what tools leave behind, what git ignores as well, and what belongs to a
/// repository or its build rather than to the program. That such a rule matches nothing at present says nothing of it.
pub(super) struct Habits {
    /// The patterns of the `.gitignore` at the top, without what says where.
    git: HashSet<Vec<u8>>,
}

impl Habits {
    pub(super) fn new(subject: &Subject<'_>) -> Self {
        let directory = subject.plan.directory.as_deref();
        let path = directory.map(|directory| directory.join(".gitignore"));
        let is_small = |path: &PathBuf| {
            let kind = fs_err::symlink_metadata(path);
            kind.is_ok_and(|kind| kind.is_file() && kind.len() <= GIT_IGNORE_LIMIT)
        };
        let text = path
            .filter(is_small)
            .and_then(|path| fs_err::read(path).ok());
        let text = text.unwrap_or_default();
        let lines = text.split(|&byte| byte == b'\n').map(<[u8]>::trim_ascii);
        let rules = lines.filter(|line| !line.is_empty() && !line.starts_with(b"#"));
        Self {
            git: rules.map(|rule| core(rule).to_vec()).collect(),
        }
    }

    pub(super) fn has(&self, rule: &Rule) -> bool {
        let core = core(rule.pattern());
        is_habitual(core) || self.git.contains(core)
    }
}

/// The longest `.gitignore` that is looked at, in bytes.
const GIT_IGNORE_LIMIT: u64 = 1 << 20;

/// A pattern without what says where: `node_modules` of `**/node_modules/**`.
fn core(mut pattern: &[u8]) -> &[u8] {
    while let Some(rest) = pattern
        .strip_prefix(b"**/")
        .or_else(|| pattern.strip_prefix(b"/"))
    {
        pattern = rest;
    }
    loop {
        let ends = [&b"/**"[..], b"/*", b"/"];
        let Some(rest) = ends.iter().find_map(|end| pattern.strip_suffix(*end)) else {
            return pattern;
        };
        pattern = rest;
    }
}

/// Names that rules are about because of what comes and goes or what belongs to a repository, beside junk itself.
const HABITS: &[&str] = &[
    // What git's own templates for languages and editors ignore.
    "*.mo",
    "*.pot",
    ".factorypath",
    ".installed.cfg",
    ".Python",
    ".ropeproject",
    ".scrapy",
    ".spyderproject",
    ".webassets-cache",
    "__pypackages__",
    "celerybeat-schedule",
    "develop-eggs",
    "downloads",
    "eggs",
    "instance",
    "lib64",
    "local_settings.py",
    "MANIFEST",
    "parts",
    "pip-delete-this-directory.txt",
    "profile_default",
    "sdist",
    "site",
    "var",
    "wheels",
    "workspace",
    "_build",
    "share/python-wheels",
    ".bundle",
    ".bzr",
    ".cache",
    ".circleci",
    ".classpath",
    ".containerignore",
    ".coverage",
    ".DS_Store",
    ".devcontainer",
    ".dockerignore",
    ".editorconfig",
    ".env",
    ".env*",
    ".env.*",
    ".eslintrc*",
    ".git",
    ".git*",
    ".gitattributes",
    ".github",
    ".gitignore",
    ".gitlab-ci.yml",
    ".gitmodules",
    ".history",
    ".husky",
    ".idea",
    ".npmrc",
    ".nyc_output",
    ".prettierrc*",
    ".project",
    ".settings",
    ".toolstarget",
    ".travis.yml",
    ".vagrant",
    ".vs",
    ".vscode",
    ".yarn",
    "*.bak",
    "*.class",
    "*.dbmdl",
    "*.egg",
    "*.egg-info",
    "*.env",
    "*.iml",
    "*.jfm",
    "*.key",
    "*.log",
    "*.md",
    "*.o",
    "*.orig",
    "*.pem",
    "*.proj.user",
    "*.py[cod]",
    "*.py[co]",
    "*.rej",
    "*.so",
    "*.sqlite3",
    "*.sublime*",
    "*.suo",
    "*.swo",
    "*.swp",
    "*.tar",
    "*.tar.gz",
    "*.tmp",
    "*.tgz",
    "*.user",
    "*.zip",
    "*.*proj.user",
    "*$py.class",
    "bin",
    "build",
    "CHANGELOG.md",
    "charts",
    "compose*",
    "compose.y*ml",
    "coverage",
    "coverage.xml",
    "Containerfile*",
    "desktop.ini",
    "dist",
    "docker-compose*",
    "docker-compose*.yml",
    "docker-compose*.yaml",
    "docker-compose.yml",
    "docker-compose.yaml",
    "Dockerfile",
    "Dockerfile*",
    "Dockerfile.*",
    "env",
    "ENV",
    "htmlcov",
    "Jenkinsfile",
    "LICENSE",
    "log",
    "logs",
    "Makefile",
    "node_modules",
    "npm-debug.log",
    "npm-debug.log*",
    "obj",
    "out",
    "pids",
    "pip-log.txt",
    "README",
    "README*",
    "README.md",
    "secrets.dev.yaml",
    "Thumbs.db",
    "tmp",
    "temp",
    "target",
    "values.dev.yaml",
    "Vagrantfile",
    "venv",
    "vendor",
    ".venv",
    "vendor/bundle",
    "yarn-debug.log*",
    "yarn-error.log",
    "yarn-error.log*",
    "*.pid",
    "*.seed",
    "*.db",
    "*.sqlite",
    "*.manifest",
    "*.spec",
    "lerna-debug.log*",
    ".pnpm-debug.log*",
    ".pnpm-store",
    "*.cover",
    "nosetests.xml",
];

/// Whether a rule about this pattern is there for what comes and goes: it, or its last part, is a name for that.
fn is_habitual(pattern: &[u8]) -> bool {
    let last = pattern
        .rsplit(|&byte| byte == b'/')
        .next()
        .unwrap_or(pattern);
    let is_known = |name: &[u8]| {
        junk_kinds::is_named(name) || HABITS.iter().any(|known| known.as_bytes() == name)
    };
    // Secrets, which are excluded lest they come, and environments under any name.
    let starts = [&b".env"[..], b".venv", b"venv"];
    let is_local = starts.iter().any(|start| last.starts_with(start)) || last.ends_with(b".env");
    is_known(pattern) || is_known(last) || is_local
}
