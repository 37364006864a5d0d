//! What `docker build PATH -f FILE` means: which Dockerfile, which rules.

use std::io;
use std::path::Path;

use shipload_context::{
    Archive, ArchiveOptions, Compression, DockerfileChoice, HostDir, IgnoreChoice, PackOptions,
    Plan, Progress, Recipe, RecipeError, Semantics, View, pack,
};

use crate::support::{ends, files, packed, paths, unpacked};

/// Names and contents, as [`files`] takes them.
type Files<'a> = &'a [(&'a str, &'a str)];

fn plan(recipe: &Recipe) -> Plan {
    recipe.plan(&Progress::new()).unwrap()
}

fn error(recipe: &Recipe) -> RecipeError {
    recipe.plan(&Progress::new()).unwrap_err()
}

#[test]
fn each_builder_reads_its_own_ignore_file() {
    use Semantics::{BuildKit, Classic, Podman};
    let both = [
        ("Dockerfile", "FROM scratch\n"),
        (".dockerignore", "a\n"),
        ("a", ""),
        ("b", ""),
        ("c", ""),
    ];
    let own = ("Dockerfile.dockerignore", "b\n");
    let podman = (".containerignore", "c\n");
    let rows: &[(Semantics, Files<'_>, &[&str])] = &[
        (Classic, &[], &["b", "c"]),
        (BuildKit, &[], &["b", "c"]),
        (Podman, &[], &["b", "c"]),
        (Classic, &[own], &["b", "c"]),
        (BuildKit, &[own], &["a", "c"]),
        (
            BuildKit,
            &[("Dockerfile.dockerignore", "")],
            &["a", "b", "c"],
        ),
        (Classic, &[podman], &["b", "c"]),
        (BuildKit, &[podman], &["b", "c"]),
        (Podman, &[podman], &["a", "b"]),
    ];
    for (semantics, more, expected) in rows {
        let temp = tempfile::tempdir().unwrap();
        files(temp.path(), &both);
        files(temp.path(), more);
        let plan = plan(&Recipe::new(temp.path()).semantics(*semantics));
        let mut got = paths(&plan.view);
        got.retain(|path| path.len() == 1);
        assert_eq!(got, *expected, "{semantics:?} with {more:?}");
    }
}

#[test]
fn rules_come_from_where_the_caller_says() {
    let temp = tempfile::tempdir().unwrap();
    let root = temp.path();
    files(
        root,
        &[
            ("ctx/Dockerfile", ""),
            ("ctx/.dockerignore", "a"),
            ("ctx/a", ""),
            ("ctx/b", ""),
            ("one", "b"),
            ("two", "!b"),
        ],
    );
    let listed = |ignore| paths(&plan(&Recipe::new(root.join("ctx")).ignore(ignore)).view);
    assert_eq!(
        listed(IgnoreChoice::None),
        [".dockerignore", "Dockerfile", "a", "b"]
    );
    assert_eq!(
        listed(IgnoreChoice::Files(vec![root.join("one")])),
        [".dockerignore", "Dockerfile", "a"]
    );
    let both = vec![root.join("one"), root.join("two")];
    assert_eq!(
        listed(IgnoreChoice::Files(both)),
        [".dockerignore", "Dockerfile", "a", "b"]
    );
}

#[test]
fn build_files_are_sent_though_excluded_where_the_builder_unpacks_the_archive() {
    let rows = [
        (
            Semantics::Classic,
            vec![".dockerignore", "Dockerfile"],
            true,
        ),
        (Semantics::Podman, vec![".dockerignore", "Dockerfile"], true),
        (Semantics::BuildKit, vec![], false),
    ];
    for (semantics, expected, sent) in rows {
        let temp = tempfile::tempdir().unwrap();
        files(
            temp.path(),
            &[("Dockerfile", ""), (".dockerignore", "*"), ("a", "")],
        );
        let plan = plan(&Recipe::new(temp.path()).semantics(semantics));
        assert_eq!(paths(&plan.view), expected, "{semantics:?}");
        assert_eq!(
            (plan.dockerfile.to_string(), plan.dockerfile_sent),
            ("Dockerfile".to_owned(), sent)
        );
    }
}

#[test]
fn a_dockerfile_from_elsewhere_is_injected_and_hidden_from_copy() {
    let temp = tempfile::tempdir().unwrap();
    let root = temp.path();
    files(
        root,
        &[
            ("ctx/a", ""),
            ("ctx/.dockerignore", "x"),
            ("elsewhere/My.Dockerfile", "FROM scratch\n"),
        ],
    );
    let file = DockerfileChoice::File(root.join("elsewhere/My.Dockerfile"));
    let text = DockerfileChoice::Bytes(b"FROM scratch\n".to_vec());
    for choice in [file, text] {
        let plan = plan(
            &Recipe::new(root.join("ctx"))
                .dockerfile(choice)
                .semantics(Semantics::Classic),
        );
        let name = plan.dockerfile.to_string();
        assert_eq!(name.len(), ".dockerfile.".len() + 20);
        assert_eq!(paths(&plan.view), [name.as_str(), ".dockerignore", "a"]);
        let archive = unpacked(&packed(&plan.view).unwrap());
        assert_eq!(archive[&name].1, b"FROM scratch\n");
        assert_eq!(
            archive[".dockerignore"].1,
            format!("x\n{name}\n").as_bytes()
        );
    }
}

/// The daemon reads `.dockerignore` alone; other files are content, whatever they say.
#[test]
fn an_injected_dockerfile_changes_no_file_but_the_engines_ignore_file() {
    let temp = tempfile::tempdir().unwrap();
    let root = fs_err::canonicalize(temp.path()).unwrap();
    files(
        &root,
        &[(".dockerignore", "x"), ("rules", "b"), ("a", ""), ("b", "")],
    );
    let rows = [
        (
            IgnoreChoice::Files(vec![root.join("rules")]),
            vec!["a", "rules"],
        ),
        (IgnoreChoice::None, vec!["a", "b", "rules"]),
    ];
    for (ignore, expected) in rows {
        let plan = plan(
            &Recipe::new(&root)
                .dockerfile(DockerfileChoice::Bytes(b"FROM scratch\n".to_vec()))
                .ignore(ignore)
                .semantics(Semantics::Classic),
        );
        let name = plan.dockerfile.to_string();
        let all = [name.as_str(), ".dockerignore"];
        assert_eq!(paths(&plan.view), [&all, &expected[..]].concat());
        let archive = unpacked(&packed(&plan.view).unwrap());
        assert_eq!(archive["rules"].1, b"b");
        assert_eq!(
            archive[".dockerignore"].1,
            format!("x\n{name}\n").as_bytes()
        );
    }
}

#[test]
fn a_pipe_that_nobody_named_is_no_dockerfile() {
    let temp = tempfile::tempdir().unwrap();
    let mode = rustix::fs::Mode::from(0o644);
    rustix::fs::mkfifoat(rustix::fs::CWD, temp.path().join("Dockerfile"), mode).unwrap();
    let failed = error(&Recipe::new(temp.path()));
    let why = std::error::Error::source(&failed).unwrap().to_string();
    assert_eq!(why, "it is no regular file");
}

#[test]
fn a_linked_dockerfile_is_the_file_it_leads_to() {
    let temp = tempfile::tempdir().unwrap();
    files(temp.path(), &[("real/D", ""), ("Dockerfile", "-> real/D")]);
    assert_eq!(
        plan(&Recipe::new(temp.path())).dockerfile.to_string(),
        "real/D"
    );
}

#[test]
fn the_context_may_be_a_link() {
    let temp = tempfile::tempdir().unwrap();
    files(temp.path(), &[("ctx/dockerfile", ""), ("link", "-> ctx")]);
    let plan = plan(&Recipe::new(temp.path().join("link")));
    assert_eq!(paths(&plan.view), ["dockerfile"]);
    assert_eq!(plan.dockerfile.to_string(), "dockerfile");
}

#[test]
fn files_are_added_under_other_names_and_clashes_are_refused() {
    let temp = tempfile::tempdir().unwrap();
    let root = temp.path();
    files(
        root,
        &[
            ("ctx/Dockerfile", ""),
            ("ctx/.dockerignore", "*.key"),
            ("my.key", "k"),
            ("lib/x", ""),
        ],
    );
    let recipe = Recipe::new(root.join("ctx"));
    let more = recipe
        .clone()
        .add(root.join("my.key"), "conf/my.key".parse().unwrap())
        .add(root.join("lib"), "lib".parse().unwrap());
    assert_eq!(
        paths(&plan(&more).view),
        [
            ".dockerignore",
            "Dockerfile",
            "conf",
            "conf/my.key",
            "lib",
            "lib/x"
        ]
    );
    let clash = recipe.add(root.join("my.key"), "Dockerfile".parse().unwrap());
    assert!(
        error(&clash)
            .to_string()
            .starts_with("cannot add `Dockerfile` from ")
    );
}

#[test]
fn what_is_wrong_is_said_with_its_place_and_a_hint() {
    let temp = tempfile::tempdir().unwrap();
    let root = temp.path();
    files(
        root,
        &[
            ("none/web.Dockerfile", ""),
            ("empty/x", ""),
            ("bad/Dockerfile", ""),
            ("bad/.dockerignore", "ok\n  a[\n"),
            ("late/Dockerfile", ""),
            ("late/.dockerignore", "[b-a]*\n"),
            ("out/Dockerfile", ""),
            ("out/.dockerignore", "-> /etc/hostname"),
            ("file", ""),
        ],
    );
    let at = |name: &str| root.join(name).display().to_string();
    let rows = [
        (
            "none",
            format!("there is no Dockerfile in `{}`", at("none")),
            "name it with `--file`; there is `web.Dockerfile`",
        ),
        (
            "empty",
            format!("there is no Dockerfile in `{}`", at("empty")),
            "name it with `--file`, or check the path of the context",
        ),
        (
            "bad",
            ".dockerignore:2:4: `a[` is a malformed pattern".to_owned(),
            "write `\\[` for a `[` in a name",
        ),
        (
            "file",
            format!("cannot use `{}` as a build context", at("file")),
            "",
        ),
        (
            "missing",
            format!("cannot use `{}` as a build context", at("missing")),
            "",
        ),
    ];
    for (dir, message, hint) in rows {
        let error = error(&Recipe::new(root.join(dir)));
        assert_eq!(error.to_string(), message);
        assert_eq!(error.hint().unwrap_or_default(), hint, "{dir}");
    }
    let late = error(&Recipe::new(root.join("late")));
    let hint = late.hint().unwrap_or_default();
    assert!(
        hint.starts_with("Docker reads wildcard patterns as"),
        "{hint}"
    );
    let late = late.to_string();
    assert!(
        late.starts_with(".dockerignore:1:1: cannot match "),
        "{late}"
    );
    if Path::new("/etc/hostname").exists() {
        assert!(matches!(
            error(&Recipe::new(root.join("out"))),
            RecipeError::IgnoreFileOutside { .. }
        ));
    }
}

/// Nothing is waited for without end, and nothing endless is read.
#[test]
fn build_files_must_be_readable_texts() {
    let temp = tempfile::tempdir().unwrap();
    let root = temp.path();
    files(root, &[("pipe/Dockerfile", ""), ("plain/Dockerfile", "")]);
    let pipe = root.join("pipe/.dockerignore");
    let mode = rustix::fs::Mode::from_raw_mode(0o600);
    rustix::fs::mknodat(rustix::fs::CWD, &pipe, rustix::fs::FileType::Fifo, mode, 0).unwrap();
    let endless = || Path::new("/dev/zero").to_owned();
    let plain = Recipe::new(root.join("plain"));
    let rows = [
        (
            Recipe::new(root.join("pipe")),
            format!("cannot read the ignore file `{}`", pipe.display()),
            io::ErrorKind::InvalidInput,
        ),
        (
            plain.clone().ignore(IgnoreChoice::Files(vec![endless()])),
            "cannot read the ignore file `/dev/zero`".to_owned(),
            io::ErrorKind::FileTooLarge,
        ),
        (
            plain.dockerfile(DockerfileChoice::File(endless())),
            "cannot read the Dockerfile `/dev/zero`".to_owned(),
            io::ErrorKind::FileTooLarge,
        ),
    ];
    for (recipe, message, kind) in rows {
        let error = ends(&message, move || error(&recipe)).unwrap();
        assert_eq!(error.to_string(), message);
        let (RecipeError::IgnoreFile { source, .. } | RecipeError::Dockerfile { source, .. }) =
            error
        else {
            panic!("{error:?}")
        };
        assert_eq!(source.kind(), kind, "{message}");
    }
}

/// An archive made by packing a directory with these files, compressed.
fn archive(rows: Files<'_>) -> Archive {
    let temp = tempfile::tempdir().unwrap();
    files(temp.path(), rows);
    let tree = shipload_context::TreeBuilder::new()
        .directory(HostDir::new(temp.path()))
        .build()
        .unwrap();
    let mut bytes = Vec::new();
    let options = PackOptions::new(Compression::Zstd);
    pack(&View::new(&tree), &options, &Progress::new(), &mut bytes).unwrap();
    Archive::from_reader("ctx.tar.zst", &bytes[..], &ArchiveOptions::default()).unwrap()
}

#[test]
fn an_archive_is_a_context_as_it_is() {
    let recipe = Recipe::of_archive(archive(&[
        ("Dockerfile", ""),
        (".dockerignore", "*"),
        ("a", "1"),
        ("sub/D", ""),
    ]));
    for semantics in [Semantics::Classic, Semantics::BuildKit] {
        let plan = plan(&recipe.clone().semantics(semantics));
        assert_eq!(
            paths(&plan.view),
            [".dockerignore", "Dockerfile", "a", "sub", "sub/D"]
        );
        assert_eq!(plan.dockerfile.to_string(), "Dockerfile");
        assert_eq!(unpacked(&packed(&plan.view).unwrap())["a"].1, b"1");
    }
    let other = recipe
        .clone()
        .dockerfile(DockerfileChoice::File("sub/D".into()));
    assert_eq!(plan(&other).dockerfile.to_string(), "sub/D");
    let text = recipe
        .clone()
        .dockerfile(DockerfileChoice::Bytes(b"FROM x".to_vec()))
        .semantics(Semantics::Classic);
    let plan = plan(&text);
    let archive = unpacked(&packed(&plan.view).unwrap());
    assert_eq!(
        archive[".dockerignore"].1,
        format!("*\n{}\n", plan.dockerfile).as_bytes()
    );

    let missing = error(
        &recipe
            .clone()
            .dockerfile(DockerfileChoice::File("none".into())),
    );
    assert_eq!(
        missing.to_string(),
        "there is no Dockerfile in `ctx.tar.zst`"
    );
    let rules = error(&recipe.ignore(IgnoreChoice::None));
    assert_eq!(
        rules.to_string(),
        "ignore rules do not apply to the archive `ctx.tar.zst`"
    );
}

#[test]
fn archives_are_added_beside_directories() {
    let temp = tempfile::tempdir().unwrap();
    files(
        temp.path(),
        &[("Dockerfile", ""), (".dockerignore", "*.txt")],
    );
    let recipe = Recipe::new(temp.path()).add_archive(archive(&[("lib/a.txt", "x")]));
    assert_eq!(
        paths(&plan(&recipe).view),
        [".dockerignore", "Dockerfile", "lib", "lib/a.txt"]
    );
    let clash = recipe.add_archive(archive(&[("Dockerfile", "")]));
    assert!(
        error(&clash)
            .to_string()
            .starts_with("cannot add `Dockerfile` from `ctx.tar.zst`: ")
    );
}
