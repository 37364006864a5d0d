//! The verbs that explain a context, beside what else tells the same, or less.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::contender::{Contender, Goal, Group, peak, peer};
use super::measure::{Pipeline, Stage};
use super::peer::Kind;
use super::programs::Programs;
use super::rules::RuleFiles;
use super::tree::Tree;

/// The codes of which any makes `check` read contents.
const SECRETS: &str = "secret,secret-file,possible-secret,dockerfile-secret,git-ignored";

/// Forms of secrets as people search for them by hand.
const FORMS: &[&str] = &[
    "-----BEGIN [A-Z ]*PRIVATE KEY",
    "(AKIA|ASIA)[0-9A-Z]{16}",
    "gh[pousr]_[0-9A-Za-z]{36}",
    "github_pat_[0-9A-Za-z_]{82}",
    "glpat-[0-9A-Za-z_-]{20}",
    "xox[abprs]-[0-9A-Za-z-]{10,}",
    "sk_live_[0-9A-Za-z]{24,}",
    "AIza[0-9A-Za-z_-]{35}",
    "npm_[0-9A-Za-z]{36}",
    "SG\\.[0-9A-Za-z_-]{22}\\.[0-9A-Za-z_-]{43}",
];

/// The groups for a tree.
pub(super) fn groups(tree: &Tree, programs: &Programs) -> Vec<Group> {
    let mut groups = listings(tree, programs);
    groups.extend([
        why(tree, programs),
        usage(tree, programs),
        page(tree, programs),
        check(tree, programs),
        secrets(tree, programs),
    ]);
    groups.extend(difference(tree, programs));
    groups
}

/// Listings in each format, and under more and more rules.
fn listings(tree: &Tree, programs: &Programs) -> Vec<Group> {
    let none = Path::new("none");
    let RuleFiles { few, many } = &programs.rules;
    let rows: [(&'static str, &str, &Path); 5] = [
        ("listing", "nul", none),
        ("listing as text", "text", none),
        ("listing as JSON", "json", none),
        ("listing, 8 rules", "text", few),
        ("listing, 200 rules", "text", many),
    ];
    let group = |(title, format, rules): (&'static str, &str, &Path)| {
        let ls = shipload(programs, "ls", tree, rules).args(["--format", format]);
        let mut group = Group::new(title, Contender::new("shipload ls", ls, &[peak(tree)]));
        group.row(
            "walk with stat",
            peer(programs, Kind::Walk, tree),
            &[Goal::Times(0.5)],
        );
        group
    };
    rows.map(group).into()
}

/// One path, beside who is asked about one path too, and beside a walk, which it must do without.
fn why(tree: &Tree, programs: &Programs) -> Group {
    let rules = &programs.rules.few;
    let why = Stage::new(&programs.shipload)
        .args(["why", "-C"])
        .args([&tree.path])
        .args(["--ignorefile"])
        .args([rules])
        .args([RuleFiles::EXCLUDED]);
    let mut group = Group::new("why", Contender::new("shipload why", why, &[]));
    group.row(
        "shipload --version",
        Stage::new(&programs.shipload).args(["--version"]),
        &[],
    );
    group.row_with(
        "git check-ignore -v",
        &repository(&programs.folder),
        |git_dir| check_ignore(git_dir, tree, rules),
        &[],
    );
    group.row(
        "walk with stat",
        peer(programs, Kind::Walk, tree),
        // Who walks takes longer than a walk.
        &[Goal::Times(2.0)],
    );
    group
}

fn usage(tree: &Tree, programs: &Programs) -> Group {
    let du = shipload(programs, "du", tree, Path::new("none")).args(["--commits", "0"]);
    let mut group = Group::new("du", Contender::new("shipload du", du, &[peak(tree)]));
    let gnu = Stage::new("du").args(["--apparent-size", "--block-size=1", "--max-depth=1"]);
    group.row("GNU du", gnu.args([&tree.path]), &[]);
    group.row("walk with stat", peer(programs, Kind::Walk, tree), &[]);
    group
}

/// A page with all entries, beside a file with all entries.
fn page(tree: &Tree, programs: &Programs) -> Group {
    let du = shipload(programs, "du", tree, Path::new("none"));
    let du = du.args(["--commits", "0", "--html", "-"]);
    let mut group = Group::new(
        "du --html",
        Contender::new("shipload du --html", du, &[peak(tree)]),
    );
    group.row_with(
        "ncdu -o",
        &programs.ncdu,
        |ncdu| {
            let export = Stage::new(ncdu).args(["-0", "-x", "-o", "-"]);
            export.args([&tree.path]).into()
        },
        &[],
    );
    group
}

/// All that needs no content.
fn check(tree: &Tree, programs: &Programs) -> Group {
    let mut group = Group::new(
        "check without secrets",
        Contender::new(
            "shipload check",
            check_with(programs, tree, &programs.rules.many, &["--skip", SECRETS]),
            &[peak(tree)],
        ),
    );
    let ls = shipload(programs, "ls", tree, &programs.rules.many);
    group.row("shipload ls", ls, &[]);
    group.row("walk with stat", peer(programs, Kind::Walk, tree), &[]);
    group
}

/// All content looked through for secrets. What else checking takes, listing above all, is in the second row.
fn secrets(tree: &Tree, programs: &Programs) -> Group {
    let none = Path::new("none");
    // Of tiny files opening them takes the time.
    let rate = (tree.name != "small").then_some(Goal::Rate(tree.size.bytes));
    let mut group = Group::new(
        "secrets",
        Contender::new(
            "shipload check",
            check_with(programs, tree, none, &["--only", SECRETS]),
            &[peak(tree)],
        ),
    );
    group.row(
        "without reading",
        check_with(programs, tree, none, &["--only", "context-size"]),
        rate.as_slice(),
    );
    group.row_with(
        "rg, 10 forms",
        &programs.ripgrep,
        |rg| {
            let rg = Stage::new(rg).args(["--no-config", "--hidden", "--no-ignore", "--text"]);
            // It fails where nothing is found; the last form is in the Dockerfile of every tree.
            let forms = FORMS.iter().chain(&["^FROM scratch"]);
            let rg = rg.args(forms.flat_map(|form| ["-e", form]));
            rg.args([&tree.path]).into()
        },
        &[],
    );
    group
}

/// Two trees of which every file is read, since sizes tell no difference.
fn difference(tree: &Tree, programs: &Programs) -> Option<Group> {
    // A second tree of 2 GiB is not worth its place.
    let copy = match tree.copy().transpose()? {
        Ok(copy) => copy,
        Err(error) => {
            println!("\n  left out, diff: {error}");
            return None;
        }
    };
    let diff = Stage::new(&programs.shipload).args(["diff", "--ignorefile", "none"]);
    let diff = diff.args([&tree.path, &copy]);
    let mut group = Group::new("diff", Contender::new("shipload diff", diff, &[]));
    group.row(
        "GNU diff",
        Stage::new("diff")
            .args(["-rq", "--no-dereference"])
            .args([&tree.path, &copy]),
        &[],
    );
    Some(group)
}

fn shipload(programs: &Programs, verb: &str, tree: &Tree, rules: &Path) -> Stage {
    Stage::new(&programs.shipload)
        .args([verb, "--ignorefile"])
        .args([rules])
        .args([&tree.path])
        // The trees are in a repository that ignores them all, about which git need not be asked.
        .env("GIT_CEILING_DIRECTORIES", &programs.folder)
}

fn check_with(programs: &Programs, tree: &Tree, rules: &Path, which: &[&str]) -> Stage {
    let check = shipload(programs, "check", tree, rules);
    check.args(["--fail-on", "never"]).args(which)
}

/// A repository with nothing in it.
fn repository(folder: &Path) -> Result<PathBuf, String> {
    let git_dir = folder.join("empty.git");
    let made = Command::new("git")
        .args(["init", "--quiet", "--bare"])
        .arg(&git_dir)
        .status()
        .map_err(|error| format!("cannot run `git`: {error}"))?;
    if made.success() {
        Ok(git_dir)
    } else {
        Err(format!("`git init`: {made}"))
    }
}

fn check_ignore(git_dir: &Path, tree: &Tree, rules: &Path) -> Pipeline {
    let git = Stage::new("git")
        .args(["-c", "core.bare=false", "-c"])
        .args([format!("core.excludesFile={}", rules.display())])
        .args(["-C"])
        .args([&tree.path])
        .env("GIT_DIR", git_dir)
        .env("GIT_WORK_TREE", &tree.path);
    git.args(["check-ignore", "--no-index", "-v", RuleFiles::EXCLUDED])
        .into()
}
