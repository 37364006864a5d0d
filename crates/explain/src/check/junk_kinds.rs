//! What counts as junk: the names under which tools leave behind what can be made again, and what belongs to a checkout.
//!
//! A name alone is not enough where people use it for what they wrote: `target`, `build` and `venv` need a witness beside or in
//! them. `dist`, `vendor` and `coverage` are never junk by their names: they are committed, and copied, too often.

use shipload_context::EntryPath;

use crate::survey::Survey;

/// One kind of junk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Kind {
    /// What it is, after a comma.
    pub(super) what: &'static str,
    /// The rule that keeps all of it out; none if only its path does.
    pub(super) rule: Option<&'static str>,
}

/// Something that tells junk from what only has its name.
enum Witness {
    /// The name is enough.
    None,
    /// One of these in the directory.
    Inside(&'static [&'static str]),
    /// One of these beside the directory, and one of those in it.
    BesideAndInside(&'static [&'static str], &'static [&'static str]),
}

/// Directories by name.
const DIRECTORIES: &[(&str, Witness, Kind)] = &[
    (
        "node_modules",
        Witness::None,
        kind("packages that npm installs", "**/node_modules"),
    ),
    (
        "bower_components",
        Witness::None,
        kind("packages that bower installs", "**/bower_components"),
    ),
    (
        "jspm_packages",
        Witness::None,
        kind("packages that jspm installs", "**/jspm_packages"),
    ),
    (
        ".git",
        Witness::Inside(&["HEAD"]),
        kind("the history of the repository", "**/.git"),
    ),
    (
        ".hg",
        Witness::None,
        kind("the history of the repository", "**/.hg"),
    ),
    (
        ".svn",
        Witness::None,
        kind("what Subversion knows of the checkout", "**/.svn"),
    ),
    (
        "__pycache__",
        Witness::None,
        kind("compiled Python", "**/__pycache__"),
    ),
    (
        ".mypy_cache",
        Witness::None,
        kind("a cache of mypy", "**/.mypy_cache"),
    ),
    (
        ".pytest_cache",
        Witness::None,
        kind("a cache of pytest", "**/.pytest_cache"),
    ),
    (
        ".ruff_cache",
        Witness::None,
        kind("a cache of ruff", "**/.ruff_cache"),
    ),
    (
        ".hypothesis",
        Witness::None,
        kind("a cache of hypothesis", "**/.hypothesis"),
    ),
    (
        ".ipynb_checkpoints",
        Witness::None,
        kind("copies that Jupyter keeps", "**/.ipynb_checkpoints"),
    ),
    (
        ".tox",
        Witness::None,
        kind("environments of tox", "**/.tox"),
    ),
    (
        ".nox",
        Witness::None,
        kind("environments of nox", "**/.nox"),
    ),
    (
        ".eggs",
        Witness::None,
        kind("packages that setuptools fetched", "**/.eggs"),
    ),
    (
        "htmlcov",
        Witness::Inside(&["status.json", "index.html"]),
        kind("a report of coverage", "**/htmlcov"),
    ),
    (
        ".nyc_output",
        Witness::None,
        kind("a report of coverage", "**/.nyc_output"),
    ),
    (
        "target",
        Witness::BesideAndInside(
            &["Cargo.toml"],
            &["CACHEDIR.TAG", "debug", "release", ".rustc_info.json"],
        ),
        kind("what cargo builds", "**/target"),
    ),
    (
        "target",
        Witness::BesideAndInside(
            &["pom.xml", "build.sbt"],
            &[
                "classes",
                "maven-status",
                "scala-2.12",
                "scala-2.13",
                "streams",
            ],
        ),
        kind("what Maven or sbt builds", "**/target"),
    ),
    (
        "build",
        Witness::BesideAndInside(
            &["build.gradle", "build.gradle.kts"],
            &["classes", "tmp", "libs", "generated"],
        ),
        kind("what Gradle builds", "**/build"),
    ),
    (
        ".gradle",
        Witness::None,
        kind("a cache of Gradle", "**/.gradle"),
    ),
    (
        "obj",
        Witness::Inside(&["project.assets.json"]),
        kind("what .NET builds", "**/obj"),
    ),
    (
        "_build",
        Witness::BesideAndInside(&["mix.exs"], &["dev", "test", "prod"]),
        kind("what mix builds", "**/_build"),
    ),
    (
        ".stack-work",
        Witness::None,
        kind("what stack builds", "**/.stack-work"),
    ),
    (
        "dist-newstyle",
        Witness::None,
        kind("what cabal builds", "**/dist-newstyle"),
    ),
    (
        ".dart_tool",
        Witness::None,
        kind("a cache of Dart", "**/.dart_tool"),
    ),
    (
        ".next",
        Witness::Inside(&["BUILD_ID", "cache", "server", "build-manifest.json"]),
        kind("what Next.js builds", "**/.next"),
    ),
    (".nuxt", Witness::None, kind("what Nuxt builds", "**/.nuxt")),
    (
        ".svelte-kit",
        Witness::None,
        kind("what SvelteKit builds", "**/.svelte-kit"),
    ),
    (
        ".angular",
        Witness::Inside(&["cache"]),
        kind("a cache of Angular", "**/.angular"),
    ),
    (
        ".parcel-cache",
        Witness::None,
        kind("a cache of Parcel", "**/.parcel-cache"),
    ),
    (
        ".turbo",
        Witness::None,
        kind("a cache of Turborepo", "**/.turbo"),
    ),
    (
        ".sass-cache",
        Witness::None,
        kind("a cache of Sass", "**/.sass-cache"),
    ),
    (
        ".terraform",
        Witness::Inside(&["providers", "modules", "plugins", "terraform.tfstate"]),
        kind("providers and modules of Terraform", "**/.terraform"),
    ),
    (
        ".serverless",
        Witness::None,
        kind("what Serverless builds", "**/.serverless"),
    ),
    (
        ".vagrant",
        Witness::None,
        kind("machines of Vagrant", "**/.vagrant"),
    ),
    (
        ".direnv",
        Witness::None,
        kind("environments of direnv", "**/.direnv"),
    ),
    (
        ".idea",
        Witness::None,
        kind("settings of an editor", "**/.idea"),
    ),
    (
        ".vs",
        Witness::None,
        kind("settings of Visual Studio", "**/.vs"),
    ),
];

/// What any directory is that has this in it.
const MARKS: &[(&str, &str)] = &[
    ("pyvenv.cfg", "an environment of Python"),
    ("CACHEDIR.TAG", "a cache, as its `CACHEDIR.TAG` says"),
    ("CMakeCache.txt", "what CMake builds"),
];

/// Files by name: exact, or with one `*` that stands for any text.
const FILES: &[(&str, &str, &str)] = &[
    (".DS_Store", "a view of the Finder", "**/.DS_Store"),
    ("Thumbs.db", "previews of Windows", "**/Thumbs.db"),
    (".*.swp", "what vim has not saved", "**/.*.swp"),
    (".*.swo", "what vim has not saved", "**/.*.swo"),
    ("*~", "a copy that an editor keeps", "**/*~"),
    ("*.pyc", "compiled Python", "**/*.pyc"),
    ("*.pyo", "compiled Python", "**/*.pyo"),
    ("npm-debug.log*", "a log of npm", "**/npm-debug.log*"),
    ("yarn-debug.log*", "a log of yarn", "**/yarn-debug.log*"),
    ("yarn-error.log*", "a log of yarn", "**/yarn-error.log*"),
    (".eslintcache", "a cache of ESLint", "**/.eslintcache"),
    (".coverage", "data of coverage", "**/.coverage"),
    ("nohup.out", "the output of nohup", "**/nohup.out"),
    ("*.hprof", "a heap dump", "**/*.hprof"),
    (
        "hs_err_pid*.log",
        "a crash report of Java",
        "**/hs_err_pid*.log",
    ),
    ("*.stackdump", "a crash report", "**/*.stackdump"),
];

const fn kind(what: &'static str, rule: &'static str) -> Kind {
    let rule = Some(rule);
    Kind { what, rule }
}

/// Which kind of junk a directory of a survey is.
pub(super) fn of_directory(survey: &Survey, path: &EntryPath) -> Option<Kind> {
    let has = |dir: Option<&EntryPath>, name: &str| {
        let name = EntryPath::new(name).ok();
        let inside = name.and_then(|name| match dir {
            Some(dir) => name.below(dir).ok(),
            None => Some(name),
        });
        inside.is_some_and(|path| survey.tree().get(&path).is_some())
    };
    let inside = |names: &[&str]| names.iter().any(|name| has(Some(path), name));
    let parent = path.parent();
    let named = DIRECTORIES.iter().find(|(name, witness, _)| {
        name.as_bytes() == path.file_name()
            && match witness {
                Witness::None => true,
                Witness::Inside(names) => inside(names),
                Witness::BesideAndInside(beside, names) => {
                    beside.iter().any(|name| has(parent.as_ref(), name)) && inside(names)
                }
            }
    });
    if let Some((_, _, kind)) = named {
        return Some(*kind);
    }
    let marked = MARKS.iter().find(|(name, _)| has(Some(path), name));
    marked.map(|(_, what)| Kind { what, rule: None })
}

/// Which kind of junk a file is by its name.
pub(super) fn of_file(name: &[u8]) -> Option<Kind> {
    let known = FILES
        .iter()
        .find(|(pattern, _, _)| fits(pattern.as_bytes(), name));
    if let Some((_, what, rule)) = known {
        return Some(kind(what, rule));
    }
    // `core.1234`, as Linux names what it leaves of a process.
    let number = name
        .strip_prefix(b"core.")
        .or_else(|| name.strip_prefix(b"vgcore."))?;
    let is_core = !number.is_empty() && number.iter().all(u8::is_ascii_digit);
    is_core.then_some(kind("a core dump", "**/core.[0-9]*"))
}

fn fits(pattern: &[u8], name: &[u8]) -> bool {
    let Some(star) = pattern.iter().position(|&byte| byte == b'*') else {
        return pattern == name;
    };
    let (head, tail) = (&pattern[..star], &pattern[star + 1..]);
    name.len() >= head.len() + tail.len() && name.starts_with(head) && name.ends_with(tail)
}

/// Whether that is a name, or a pattern for names, of junk.
pub(super) fn is_named(name: &[u8]) -> bool {
    let is_directory = DIRECTORIES
        .iter()
        .any(|(known, _, _)| known.as_bytes() == name);
    is_directory || FILES.iter().any(|(known, _, _)| known.as_bytes() == name)
}
