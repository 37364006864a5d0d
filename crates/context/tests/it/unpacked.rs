//! An archive under rules is the directory under rules that it was made of, byte for byte.

use std::path::{Path, PathBuf};
use std::process::Command;

use shipload_context::{
    Archive, ArchiveOptions, DockerfileChoice, IgnoreChoice, Plan, Progress, Recipe, RecipeError,
    Semantics,
};
use shipload_testkit::tree::{Kinds, random_case};

use crate::support::{files, packed, paths};

const CASES: u64 = 300;
/// A tree, and the members of its context or the error.
type Row = (
    &'static [(&'static str, &'static str)],
    Result<&'static [&'static str], &'static str>,
);

const ALL: [Semantics; 3] = [Semantics::Classic, Semantics::BuildKit, Semantics::Podman];

/// The directory as GNU tar packs it, whole.
fn archive(dir: &Path) -> Archive {
    let output = Command::new("tar")
        .args(["--format=posix", "-cf", "-", "."])
        .current_dir(dir)
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    Archive::from_reader("x.tar", &output.stdout[..], &ArchiveOptions::default()).unwrap()
}

fn plan(recipe: &Recipe) -> Result<Plan, RecipeError> {
    recipe.plan(&Progress::new())
}

fn bytes(recipe: &Recipe) -> Option<Vec<u8>> {
    packed(&plan(recipe).ok()?.view).ok()
}

#[test]
fn packed_it_is_what_the_directory_is_packed_as() {
    let (mut refused, mut least) = (0, 0);
    for seed in 0..CASES {
        let case = random_case(seed, Kinds::Every);
        let temp = tempfile::tempdir().unwrap();
        let dir = temp.path();
        case.tree.write(dir).unwrap();
        let archive = archive(dir);
        let rules = temp.path().join(".dockerignore");
        let named = IgnoreChoice::Files(vec![rules.clone()]);
        for semantics in ALL {
            for ignore in [IgnoreChoice::Auto, IgnoreChoice::None, named.clone()] {
                // Podman sends an ignore file that is named and in the directory; in an archive nothing is the named file.
                if ignore == named && (semantics == Semantics::Podman || !rules.exists()) {
                    continue;
                }
                let file = |path: PathBuf| DockerfileChoice::File(path);
                let recipe = Recipe::new(dir).dockerfile(file(dir.join(&case.dockerfile)));
                let directory = recipe.semantics(semantics).ignore(ignore.clone());
                let recipe = Recipe::of_unpacked(archive.clone());
                let recipe = recipe.dockerfile(file(PathBuf::from(&case.dockerfile)));
                let unpacked = recipe.semantics(semantics).ignore(ignore.clone());

                let told = |recipe: &Recipe| {
                    let plan = plan(recipe).ok()?;
                    let text = plan.dockerfile_text().unwrap();
                    Some((
                        paths(&plan.view),
                        plan.dockerfile,
                        text,
                        plan.dockerfile_sent,
                    ))
                };
                let what = format!("seed {seed}, {semantics:?}, {ignore:?}\n{case}");
                assert_eq!(told(&unpacked), told(&directory), "{what}");
                let (one, other) = (bytes(&unpacked), bytes(&directory));
                assert!(one == other, "{what}");
                match one {
                    None => refused += 1,
                    Some(tar) if tar.len() <= 4 << 10 => least += 1,
                    Some(_) => {}
                }
            }
        }
    }
    let all = CASES * 8;
    assert!(
        refused < all / 10 && least < all / 3,
        "{refused} refused, {least} small"
    );
}

#[test]
fn the_builds_own_files_are_found_through_links() {
    let rows: [Row; 5] = [
        (
            &[("Dockerfile", ""), (".dockerignore", "a\n")],
            Ok(&[".dockerignore", "Dockerfile", "b"]),
        ),
        (
            &[
                ("Dockerfile", "-> deep/file"),
                ("deep/file", ""),
                (".dockerignore", "-> deep/.dockerignore"),
                ("deep/.dockerignore", "*\n!b"),
            ],
            Ok(&[".dockerignore", "b", "deep/file"]),
        ),
        (
            &[("Dockerfile", ""), (".dockerignore", "-> ../out")],
            Err("cannot read the ignore file `x.tar:.dockerignore`"),
        ),
        (
            &[("Dockerfile", "-> Dockerfile")],
            Err("cannot read the Dockerfile `x.tar:Dockerfile`"),
        ),
        (&[("other", "")], Err("there is no Dockerfile in `x.tar`")),
    ];
    for (tree, want) in rows {
        let temp = tempfile::tempdir().unwrap();
        files(temp.path(), &[("a", ""), ("b", "")]);
        files(temp.path(), tree);
        let recipe = Recipe::of_unpacked(archive(temp.path())).semantics(Semantics::Classic);
        let found = plan(&recipe).map(|plan| paths(&plan.view));
        let found = found.map_err(|error| error.to_string());
        let want = want.map(|names| names.iter().map(|&name| name.to_owned()).collect());
        assert_eq!(found, want.map_err(str::to_owned));
    }
}

#[test]
fn a_dockerfile_may_be_missing_or_given() {
    let temp = tempfile::tempdir().unwrap();
    files(
        temp.path(),
        &[("a", ""), ("b", ""), (".dockerignore", "b\n.*")],
    );
    let archive = archive(temp.path());
    for semantics in ALL {
        let recipe = |choice| Recipe::of_unpacked(archive.clone()).dockerfile(choice);
        let optional = recipe(DockerfileChoice::Optional).semantics(semantics);
        let directory = Recipe::new(temp.path()).dockerfile(DockerfileChoice::Optional);
        assert_eq!(bytes(&optional), bytes(&directory.semantics(semantics)));
        let text = || DockerfileChoice::Bytes(b"FROM scratch".to_vec());
        let given = recipe(text()).semantics(semantics);
        let directory = Recipe::new(temp.path()).dockerfile(text());
        assert_eq!(bytes(&given), bytes(&directory.semantics(semantics)));
    }
}
