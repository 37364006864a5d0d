//! Opening a path below a directory such that no component of it is a link: in one call where the kernel has
//! `openat2`, else one component at a time.

use std::io;
use std::os::fd::{BorrowedFd, OwnedFd};

use rustix::fs::{Mode, OFlags};

/// Opens `path`, which is relative and clean or `.`, with the flags `NOFOLLOW` and others.
///
/// # Errors
/// `ELOOP` where any component is a symbolic link, and as open(2).
#[cfg(target_os = "linux")]
pub(super) fn open(dir: BorrowedFd<'_>, path: &[u8], flags: OFlags) -> io::Result<OwnedFd> {
    use rustix::fs::ResolveFlags;
    use rustix::io::Errno;
    let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_MAGICLINKS;
    let opened =
        rustix::io::retry_on_intr(|| rustix::fs::openat2(dir, path, flags, Mode::empty(), resolve));
    match opened {
        // Linux before 5.6 lacks the call, and some sandboxes forbid what they do not know.
        Err(Errno::NOSYS | Errno::PERM) => open_stepwise(dir, path, flags),
        opened => Ok(opened?),
    }
}

#[cfg(not(target_os = "linux"))]
pub(super) use open_stepwise as open;

/// As [`open`], for kernels without `openat2`: one component at a time.
pub(super) fn open_stepwise(
    dir: BorrowedFd<'_>,
    path: &[u8],
    flags: OFlags,
) -> io::Result<OwnedFd> {
    let step = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let mut held: Option<OwnedFd> = None;
    let mut rest = path;
    while let Some(slash) = rest.iter().position(|&b| b == b'/') {
        let at = held.as_ref().map_or(dir, std::os::fd::AsFd::as_fd);
        held = Some(not_link(at, &rest[..slash], step)?);
        rest = &rest[slash + 1..];
    }
    let at = held.as_ref().map_or(dir, std::os::fd::AsFd::as_fd);
    not_link(at, rest, flags)
}

/// Opens one name. Linux answers `ENOTDIR` for a link where a directory was asked for; we say `ELOOP`.
fn not_link(dir: BorrowedFd<'_>, name: &[u8], flags: OFlags) -> io::Result<OwnedFd> {
    use rustix::fs::{AtFlags, FileType, statat};
    use rustix::io::Errno;
    rustix::fs::openat(dir, name, flags, Mode::empty()).map_err(|e| {
        let link = e == Errno::NOTDIR
            && statat(dir, name, AtFlags::SYMLINK_NOFOLLOW)
                .is_ok_and(|s| FileType::from_raw_mode(s.st_mode).is_symlink());
        if link { Errno::LOOP.into() } else { e.into() }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::fd::AsFd as _;

    #[test]
    fn no_component_may_be_a_link() {
        let temp = tempfile::tempdir().unwrap();
        let root = temp.path();
        fs_err::create_dir_all(root.join("a/b")).unwrap();
        fs_err::write(root.join("a/b/file"), "x").unwrap();
        for (link, target) in [("a/l", "b"), ("a/b/f", "file"), ("out", "/")] {
            std::os::unix::fs::symlink(target, root.join(link)).unwrap();
        }
        let dir = fs_err::File::open(root).unwrap();
        let file = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let rows = [
            ("a/b/file", file, None),
            ("a/b", file | OFlags::DIRECTORY, None),
            ("a/l/file", file, Some(libc_eloop())),
            ("a/b/f", file, Some(libc_eloop())),
            ("out/etc/passwd", file, Some(libc_eloop())),
            (
                "a/none",
                file,
                Some(rustix::io::Errno::NOENT.raw_os_error()),
            ),
            (
                "a/b/file/x",
                file,
                Some(rustix::io::Errno::NOTDIR.raw_os_error()),
            ),
        ];
        for opener in [open, open_stepwise] {
            for (path, flags, expected) in rows {
                let got = opener(dir.as_fd(), path.as_bytes(), flags)
                    .err()
                    .and_then(|e| e.raw_os_error());
                assert_eq!(got, expected, "{path}");
            }
        }
    }

    fn libc_eloop() -> i32 {
        rustix::io::Errno::LOOP.raw_os_error()
    }
}
