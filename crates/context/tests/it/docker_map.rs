//! The rows of docker-map's `DockerContext`, each with a test of its name, and what was wrong there.

use std::io::Read as _;
use std::os::unix::fs::PermissionsExt as _;

use shipload_context::{
    Archive, ArchiveOptions, Clash, Compression, Context, ContextArchive, ContextError,
    ContextOptions, DockerfileBuilder, EntryMetadata, EntryPath, Mtime, PackOptions, Request,
    TreeError,
};
use shipload_dockerfile::builder::AddFile;

use crate::support::{files, unpacked};

fn names(archive: &ContextArchive) -> Vec<String> {
    archive
        .view()
        .members()
        .map(|member| member.entry.path.to_string())
        .collect()
}

fn read(archive: &ContextArchive) -> Vec<u8> {
    let mut bytes = Vec::new();
    archive.reader().unwrap().read_to_end(&mut bytes).unwrap();
    bytes
}

fn path(path: &str) -> EntryPath {
    path.parse().unwrap()
}

/// A context with a Dockerfile and nothing else.
fn context() -> Context {
    Context::from_dockerfile(&mut DockerfileBuilder::new("scratch").unwrap()).unwrap()
}

fn compressed(compression: Compression) -> ContextOptions {
    let pack = PackOptions::new(compression);
    ContextOptions {
        pack,
        ..ContextOptions::default()
    }
}

/// A tar with these members: a name that ends in `/` is a directory, `name -> target` a link.
fn tar(rows: &[(&str, &str)]) -> tempfile::NamedTempFile {
    let file = tempfile::NamedTempFile::new().unwrap();
    let mut builder = tar::Builder::new(file.reopen().unwrap());
    for (name, content) in rows {
        let mut header = tar::Header::new_ustar();
        header.set_mode(0o755);
        match (content.strip_prefix("-> "), name.ends_with('/')) {
            (Some(target), _) => {
                header.set_entry_type(tar::EntryType::Symlink);
                header.set_size(0);
                builder.append_link(&mut header, name, target).unwrap();
            }
            (None, true) => {
                header.set_entry_type(tar::EntryType::Directory);
                header.set_size(0);
                builder.append_data(&mut header, name, &b""[..]).unwrap();
            }
            (None, false) => {
                // The name as it is: `append_data` would clean it.
                header.as_mut_bytes()[..name.len()].copy_from_slice(name.as_bytes());
                header.set_size(content.len() as u64);
                header.set_cksum();
                builder.append(&header, content.as_bytes()).unwrap();
            }
        }
    }
    builder.into_inner().unwrap();
    file
}

#[test]
fn context_from_a_dockerfile_has_its_files_archives_and_itself() {
    let temp = tempfile::tempdir().unwrap();
    files(
        temp.path(),
        &[
            ("app.py", "app"),
            ("web/index.html", "web"),
            ("web/a/b", "b"),
        ],
    );
    let tar = tar(&[("./etc/app.toml", "toml")]);
    let archive = Archive::open(tar.path(), &ArchiveOptions::default()).unwrap();

    let mut file = DockerfileBuilder::new("scratch").unwrap();
    file.add_file(
        temp.path().join("app.py"),
        &AddFile {
            dst: Some("/srv/"),
            ..AddFile::default()
        },
    )
    .unwrap();
    file.add_file(temp.path().join("web/"), &AddFile::default())
        .unwrap();
    file.add_archive(tar.path(), archive.top_level().unwrap(), false)
        .unwrap();
    file.user("me").unwrap();
    let archive = Context::from_dockerfile(&mut file)
        .unwrap()
        .finalize()
        .unwrap();
    assert!(file.is_finalized());

    let members = unpacked(&read(&archive));
    let content = |name: &str| String::from_utf8(members[name].1.clone()).unwrap();
    assert_eq!(content("Dockerfile"), file.text());
    assert_eq!(content("srv/app.py"), "app");
    assert_eq!(content("web/a/b"), "b");
    assert_eq!(content("etc/app.toml"), "toml");
    assert_eq!(
        names(&archive),
        [
            "Dockerfile",
            "etc",
            "etc/app.toml",
            "srv",
            "srv/app.py",
            "web",
            "web/a",
            "web/a/b",
            "web/index.html"
        ]
    );
}

#[test]
fn context_from_a_path_has_that_file_and_nothing_else() {
    let temp = tempfile::tempdir().unwrap();
    files(
        temp.path(),
        &[("some.Dockerfile", "FROM scratch\nCOPY x /\n"), ("x", "x")],
    );
    let archive = Context::from_dockerfile_path(temp.path().join("some.Dockerfile"))
        .unwrap()
        .finalize()
        .unwrap();
    assert_eq!(names(&archive), ["Dockerfile"]);
    let error = Context::from_dockerfile_path(temp.path().join("missing")).unwrap_err();
    assert!(matches!(error, ContextError::Read { .. }), "{error}");
}

#[test]
fn context_from_a_path_has_the_files_it_reads_on_request() {
    let temp = tempfile::tempdir().unwrap();
    let rows = [
        (
            "docker/Dockerfile",
            "FROM scratch AS a\nCOPY src/*.c /\nFROM scratch\nCOPY --from=a / /\nCOPY link /x\n",
        ),
        (".dockerignore", "src/b.c\n"),
        ("src/a.c", "a"),
        ("src/b.c", "b"),
        ("src/c.h", "c"),
        ("link", "-> real/file"),
        ("real/file", "r"),
        ("other", "o"),
    ];
    files(temp.path(), &rows);
    let mut context = Context::from_dockerfile_path(temp.path().join("docker/Dockerfile")).unwrap();
    context
        .add_referenced(temp.path(), &Request::default())
        .unwrap();
    context
        .add_file(EntryMetadata::file(path("more")), &b""[..])
        .unwrap();
    let names = names(&context.finalize().unwrap());
    for expected in ["Dockerfile", "link", "more", "real/file", "src/a.c"] {
        assert!(
            names.iter().any(|name| name == expected),
            "{expected} in {names:?}"
        );
    }
    for missing in ["src/b.c", "src/c.h", "other"] {
        assert!(
            !names.iter().any(|name| name == missing),
            "{missing} in {names:?}"
        );
    }
    let mut file = DockerfileBuilder::new("scratch").unwrap();
    file.copy(["other"], "/").unwrap();
    let mut context = Context::from_dockerfile(&mut file).unwrap();
    context
        .add_referenced(temp.path(), &Request::default())
        .unwrap();
    assert_eq!(
        self::names(&context.finalize().unwrap()),
        ["Dockerfile", "other"]
    );
    let error = Context::new()
        .add_referenced(temp.path(), &Request::default())
        .unwrap_err();
    assert!(matches!(error, ContextError::NoDockerfile));
}

#[test]
fn finalize_without_a_dockerfile_is_an_error() {
    let error = Context::new().finalize().unwrap_err();
    assert_eq!(error.to_string(), "the context has no Dockerfile");
    assert!(error.hint().is_some());
    let mut context = Context::new();
    context
        .add_file(
            EntryMetadata::file(path("dockerfile")),
            &b"FROM scratch\n"[..],
        )
        .unwrap();
    assert_eq!(
        context.finalize().unwrap().dockerfile().to_string(),
        "dockerfile"
    );
}

#[test]
fn add_takes_files_and_directories() {
    let temp = tempfile::tempdir().unwrap();
    files(temp.path(), &[("f", "1"), ("d/e/f", "2"), ("d/g", "3")]);
    let mut context = context();
    context.add(temp.path().join("f"), Some("x/y")).unwrap();
    context.add(temp.path().join("d"), Some("/z/")).unwrap();
    context.add(temp.path().join("d/e"), Some(".")).unwrap();
    let own = temp
        .path()
        .to_str()
        .unwrap()
        .trim_start_matches('/')
        .to_owned();
    context.add(temp.path().join("d/g"), None).unwrap();
    let names = names(&context.finalize().unwrap());
    for expected in ["x/y", "z/e/f", "z/g", "f", &format!("{own}/d/g")] {
        assert!(
            names.iter().any(|name| name == expected),
            "{expected} in {names:?}"
        );
    }
    let error = self::context()
        .add("x", Some("../x"))
        .unwrap_err()
        .to_string();
    assert_eq!(error, "cannot add `../x`");
    let mut context = self::context();
    context.add(temp.path().join("missing"), Some("x")).unwrap();
    assert!(matches!(context.finalize(), Err(ContextError::Read { .. })));
}

#[test]
fn add_applies_the_dockerignore_of_a_directory() {
    let temp = tempfile::tempdir().unwrap();
    let rows = [
        (".dockerignore", "# all logs\n**/*.log\ntmp\n!tmp/keep\n"),
        ("a.log", ""),
        ("b/c.log", ""),
        ("b/c", ""),
        ("tmp/x", ""),
        ("tmp/keep", ""),
    ];
    files(temp.path(), &rows);
    let mut context = context();
    context.add(temp.path(), Some("app")).unwrap();
    context
        .add(temp.path().join("a.log"), Some("named.log"))
        .unwrap();
    let expected = [
        "Dockerfile",
        "app",
        "app/.dockerignore",
        "app/b",
        "app/b/c",
        "app/tmp/keep",
        "named.log",
    ];
    assert_eq!(names(&context.finalize().unwrap()), expected);
}

#[test]
fn addfile_and_gettarinfo() {
    let temp = tempfile::tempdir().unwrap();
    let host = temp.path().join("run.sh");
    fs_err::write(&host, "#!/bin/sh\n").unwrap();
    fs_err::set_permissions(&host, std::fs::Permissions::from_mode(0o750)).unwrap();

    let mut info = EntryMetadata::of_host(&host, path("bin/run")).unwrap();
    assert_eq!(info.mode, 0o750);
    info.mode = 0o4755;
    info.mtime = Mtime {
        secs: 1_234_567_890,
        nanos: 0,
    };
    let large = vec![7; 3 << 20];
    let mut context = context();
    context.add_file(info, &b"changed"[..]).unwrap();
    context
        .add_file(EntryMetadata::file(path("large")), &large[..])
        .unwrap();
    context
        .add_file(
            EntryMetadata::symlink(path("link"), "bin/run"),
            std::io::empty(),
        )
        .unwrap();
    context
        .add_file(EntryMetadata::directory(path("empty")), std::io::empty())
        .unwrap();
    let archive = context.finalize().unwrap();

    let members = unpacked(&read(&archive));
    assert_eq!(members["bin/run"].1, b"changed");
    assert_eq!(members["large"].1, large);
    assert_eq!(
        members["link"],
        (tar::EntryType::Symlink, b"bin/run".to_vec())
    );
    assert_eq!(members["empty/"].0, tar::EntryType::Directory);
    let run = archive
        .view()
        .members()
        .find(|member| member.entry.path == path("bin/run"))
        .unwrap();
    assert_eq!((run.mode, run.mtime.secs), (0o4755, 1_234_567_890));
    assert!(EntryMetadata::of_host(&temp.path().join("missing"), path("x")).is_err());
}

#[test]
fn addarchive_keeps_the_structure() {
    let tar = tar(&[("a/", ""), ("a/b", "b"), ("c/d/e", "e")]);
    let mut context = context();
    context.add_archive(tar.path()).unwrap();
    assert_eq!(
        names(&context.finalize().unwrap()),
        ["Dockerfile", "a", "a/b", "c", "c/d", "c/d/e"]
    );
    assert!(matches!(
        self::context().add_archive("/missing.tar"),
        Err(ContextError::Archive(_))
    ));
}

#[test]
fn add_dockerfile_wins_over_files_of_its_name() {
    let temp = tempfile::tempdir().unwrap();
    files(temp.path(), &[("Dockerfile", "FROM wrong\n")]);
    let mut context = Context::new();
    context.add(temp.path(), Some(".")).unwrap();
    context
        .add_dockerfile(&mut DockerfileBuilder::new("right").unwrap())
        .unwrap();
    let members = unpacked(&read(&context.finalize().unwrap()));
    assert_eq!(members["Dockerfile"].1, b"FROM right\n");
}

#[test]
fn stream_encoding_and_compression() {
    let rows = [
        (Compression::None, None, ".tar"),
        (Compression::Gzip, Some("gzip"), ".tar.gz"),
        (Compression::Bzip2, Some("bzip2"), ".tar.bz2"),
        (Compression::Xz, Some("xz"), ".tar.xz"),
        (Compression::Zstd, Some("zstd"), ".tar.zst"),
    ];
    for (compression, encoding, end) in rows {
        let archive = context()
            .options(compressed(compression))
            .finalize()
            .unwrap();
        assert_eq!(archive.stream_encoding(), encoding);
        assert!(
            archive.name().to_str().unwrap().ends_with(end),
            "{:?}",
            archive.name()
        );
        assert_eq!(Compression::detect(&read(&archive)), compression);
        let again = Archive::open(archive.name(), &ArchiveOptions::default()).unwrap();
        assert_eq!(again.members().len(), 1);
    }
}

#[test]
fn name_is_a_temporary_file_that_is_removed() {
    let archive = context().finalize().unwrap();
    let name = archive.name().to_owned();
    assert_eq!(fs_err::read(&name).unwrap(), read(&archive));
    drop(archive);
    assert!(!name.exists());
}

#[test]
fn fileobj_is_read_from_the_start_every_time() {
    let archive = context().finalize().unwrap();
    let all = read(&archive);
    let mut half = vec![0; all.len() / 2];
    let mut reader = archive.reader().unwrap();
    reader.read_exact(&mut half).unwrap();
    assert_eq!(read(&archive), all);
    assert_eq!(half, all[..half.len()]);
}

#[test]
fn save_is_complete_after_an_upload() {
    let temp = tempfile::tempdir().unwrap();
    let archive = context().finalize().unwrap();
    let all = read(&archive);
    let target = temp.path().join("copy.tar");
    fs_err::write(
        &target,
        "something longer that was there before".repeat(1000),
    )
    .unwrap();
    assert_eq!(archive.save(&target).unwrap(), all.len() as u64);
    assert_eq!(fs_err::read(&target).unwrap(), all);
    assert!(archive.save(temp.path().join("no/such/folder")).is_err());
    assert_eq!(
        fs_err::read_dir(temp.path()).unwrap().count(),
        1,
        "nothing is left beside it"
    );
}

#[test]
fn wrong_in_docker_map_replace_space_changes_the_members_name() {
    let temp = tempfile::tempdir().unwrap();
    files(temp.path(), &[("a b.txt", "x")]);
    let mut file = DockerfileBuilder::new("scratch").unwrap();
    file.add_file(temp.path().join("a b.txt"), &AddFile::default())
        .unwrap();
    let archive = Context::from_dockerfile(&mut file)
        .unwrap()
        .finalize()
        .unwrap();
    assert_eq!(names(&archive), ["Dockerfile", "a b.txt"]);
}

#[test]
fn wrong_in_docker_map_add_archive_misses_members() {
    let tar = tar(&[("./x", "x"), ("y/z", "z")]);
    let archive = Archive::open(tar.path(), &ArchiveOptions::default()).unwrap();
    assert_eq!(archive.top_level().unwrap(), ["x", "y"]);
}

#[test]
fn wrong_in_docker_map_addarchive_follows_links_and_mixes_duplicates() {
    let tar = tar(&[("link", "-> real"), ("real", "old"), ("real", "new")]);
    let error = context().add_archive(tar.path()).unwrap_err();
    assert!(error.to_string().contains("real"), "{error}");
    let mut context = context().options(ContextOptions {
        clash: Clash::LastWins,
        ..ContextOptions::default()
    });
    context.add_archive(tar.path()).unwrap();
    let members = unpacked(&read(&context.finalize().unwrap()));
    assert_eq!(members["link"], (tar::EntryType::Symlink, b"real".to_vec()));
    assert_eq!(members["real"].1, b"new");
}

#[test]
fn wrong_in_docker_map_two_files_of_one_name_are_both_packed() {
    let temp = tempfile::tempdir().unwrap();
    files(temp.path(), &[("a/f", "1"), ("b/f", "2")]);
    let mut file = DockerfileBuilder::new("scratch").unwrap();
    for dir in ["a", "b"] {
        file.add_file(temp.path().join(dir).join("f"), &AddFile::default())
            .unwrap();
    }
    let error = Context::from_dockerfile(&mut file)
        .unwrap()
        .finalize()
        .unwrap_err();
    assert!(
        matches!(error, ContextError::Tree(TreeError::Clash { .. })),
        "{error}"
    );
}

#[test]
fn wrong_in_docker_map_the_archive_keeps_the_packing_user() {
    let temp = tempfile::tempdir().unwrap();
    files(temp.path(), &[("f", "x")]);
    let host = temp.path().join("f");
    // Where we may not give it away, it is ours, and 0 all the same.
    let _ = std::os::unix::fs::chown(&host, Some(1234), Some(1234));
    let mut context = context();
    context.add(&host, Some("f")).unwrap();
    let archive = context.finalize().unwrap();
    let bytes = read(&archive);
    let mut reader = tar::Archive::new(&bytes[..]);
    for entry in reader.entries().unwrap() {
        let header = entry.unwrap().header().clone();
        assert_eq!((header.uid().unwrap(), header.gid().unwrap()), (0, 0));
        assert_eq!(header.username().unwrap().unwrap_or_default(), "");
    }
}
