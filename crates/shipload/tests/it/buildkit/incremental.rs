//! Of 2,000 files BuildKit asks for all, then for none, then for the one that changed; wherever the files are.

use std::path::Path;

use fs_err as fs;
use shipload_context::{Archive, ArchiveOptions, HostDir, TreeBuilder, View};
use shipload_engine::{BuildOptions, SessionContext};
use shipload_testkit::proxy::{Kind, Proxy};

use super::{modern, usual};

const FILES: u64 = 2000;

/// The most that may pass on the Engine's socket, all connections and both ways, when next to nothing is to be sent.
const LITTLE: u64 = 100 << 10;

/// The files by their paths; `edited` is the one in the middle.
fn files(edited: bool) -> impl Iterator<Item = (String, Vec<u8>)> {
    (0..FILES).map(move |number| {
        let byte = if edited && number == FILES / 2 {
            b'!'
        } else {
            b'.'
        };
        let mut content = vec![byte; 4096];
        content[..8].copy_from_slice(format!("{number:08}").as_bytes());
        (format!("d{:02}/f{number:04}", number % 40), content)
    })
}

fn in_memory(edited: bool, _: &Path) -> View {
    let tree = files(edited).fold(TreeBuilder::new(), |tree, (path, content)| {
        tree.bytes(path.parse().unwrap(), content)
    });
    View::new(&tree.build().unwrap())
}

fn on_disk(edited: bool, dir: &Path) -> View {
    for (path, content) in files(edited) {
        let path = dir.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        // As an editor would: what has not changed is not written.
        if fs::read(&path).ok() != Some(content.clone()) {
            fs::write(path, content).unwrap();
        }
    }
    View::new(
        &TreeBuilder::new()
            .directory(HostDir::new(dir))
            .build()
            .unwrap(),
    )
}

/// An archive that is made anew each time, with another time in it.
fn in_an_archive(edited: bool, dir: &Path) -> View {
    let path = dir.join(format!("{edited}.tar"));
    let mut archive = tar::Builder::new(fs::File::create(&path).unwrap());
    for (path, content) in files(edited) {
        let mut header = tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        header.set_mtime(1_700_000_000);
        archive
            .append_data(&mut header, path, &content[..])
            .unwrap();
    }
    archive.finish().unwrap();
    let archive = Archive::open(&path, &ArchiveOptions::default()).unwrap();
    View::new(&TreeBuilder::new().archive(archive).build().unwrap())
}

#[test]
fn files_in_memory() {
    incremental(in_memory);
}

#[test]
fn files_on_disk() {
    incremental(on_disk);
}

#[test]
fn members_of_an_archive() {
    incremental(in_an_archive);
}

fn incremental(view: fn(bool, &Path) -> View) {
    let (Some(usual), Some(modern)) = (usual(), modern()) else {
        return;
    };
    // From 23 on BuildKit always asks for the Dockerfile and its rules; 20.10 compares those too.
    for (side, always) in [(usual, 0), (modern, 2)] {
        let dir = tempfile::tempdir().unwrap();
        let identity = side.handle.unique("incremental");
        let proxy = Proxy::start(&side.handle, Kind::Relay).unwrap();
        let tag = side.handle.unique("shipload/incremental");
        let options = BuildOptions::tagged(tag.parse().unwrap());
        for (edited, expected) in [(false, FILES + 2), (false, always), (true, always + 1)] {
            let dockerfile = "FROM scratch\nCOPY . /\n";
            let context = SessionContext::new(view(edited, dir.path()), dockerfile);
            let context = context.identity(identity.as_bytes());
            proxy.forget();
            let (files, built) = side.build_through(proxy.host(), &context, &options);
            built.unwrap();
            let (up, down) = proxy.bytes("");
            let what = format!("{files} files, {up} bytes up, {down} down");
            assert_eq!(files, expected, "{what}");
            assert_eq!(up + down < LITTLE, files < FILES, "{what}");
        }
    }
}
