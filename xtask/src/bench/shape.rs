//! The shapes of generated trees: how many files, how large, how deep, under which ignore rules.

use std::io;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use fs_err as fs;

use super::random::Random;
use super::text::Vocabulary;

/// Sizes of files in bytes, as source repositories have them: a median of 3 KB, a mean of 8 KB.
const SOURCE_SIZES: &[(u64, u64)] = &[
    (0, 0),
    (50, 120),
    (100, 300),
    (250, 900),
    (500, 2_700),
    (750, 7_000),
    (900, 16_000),
    (970, 36_000),
    (995, 100_000),
    (1000, 400_000),
];

/// What kinds of tree are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// 13,000 files with the sizes and depths of a source repository, 106 MB.
    Source,
    /// 100,000 files of 1 KiB.
    Small,
    /// 2 GiB in 16 files, every second one of random bytes.
    Big,
    /// 200,000 empty files under 200 rules with `**` and `!`.
    Rules,
    /// 30,000 empty files under 200 rules `**/x`.
    AnyDepth,
    /// 30,000 files of 4 KiB, of which the Dockerfile reads one.
    OneOfMany,
    /// 30,000 files of 4 KiB, all of which the Dockerfile copies.
    AllOfMany,
}

impl Shape {
    pub(super) const ALL: [Self; 7] = [
        Self::Source,
        Self::Small,
        Self::Big,
        Self::Rules,
        Self::AnyDepth,
        Self::OneOfMany,
        Self::AllOfMany,
    ];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Source => "source",
            Self::Small => "small",
            Self::Big => "big",
            Self::Rules => "rules",
            Self::AnyDepth => "rules-any-depth",
            Self::OneOfMany => "one-of-many",
            Self::AllOfMany => "all-of-many",
        }
    }

    /// Makes the tree in `root`, which is empty.
    pub(super) fn make(self, random: &mut Random, root: &Path) -> io::Result<()> {
        fs::write(root.join("Dockerfile"), "FROM scratch\nCOPY . /\n")?;
        match self {
            Self::Source => source(random, root, 13_000),
            Self::Small => small(random, root, 100, 1_000),
            Self::Big => big(random, root, 128 << 20),
            Self::Rules => rules(random, root, 200, 1_000),
            Self::AnyDepth => any_depth(random, root, 30, 1_000),
            Self::OneOfMany => one_of_many(random, root, 30, 1_000),
            Self::AllOfMany => all_of_many(random, root, 30, 1_000),
        }
    }
}

fn source(random: &mut Random, root: &Path, files: u64) -> io::Result<()> {
    let vocabulary = Vocabulary::new(random);
    let mut dirs = vec![root.to_owned()];
    let mut text = Vec::new();
    for number in 0..files {
        // A directory for every 12 files, below one that is there: most are 3 to 6 deep.
        if number % 12 == 0 {
            let dir = random.pick(&dirs).join(vocabulary.name(random));
            fs::create_dir_all(&dir)?;
            dirs.push(dir);
        }
        let extension = random.pick(&["rs", "py", "c", "h", "js", "md", "json", "txt"]);
        let name = format!("{}_{number}.{extension}", vocabulary.name(random));
        let path = random.pick(&dirs).join(name);
        if number % 200 == 199 {
            symlink("../README.md", &path)?;
            continue;
        }
        let size = usize::try_from(random.quantile(SOURCE_SIZES)).unwrap_or(0);
        text.clear();
        vocabulary.write(random, size, &mut text);
        fs::write(&path, &text)?;
        if number % 50 == 49 {
            fs::set_permissions(&path, PermissionsExt::from_mode(0o755))?;
        }
    }
    Ok(())
}

fn small(random: &mut Random, root: &Path, dirs: u32, files: u32) -> io::Result<()> {
    let vocabulary = Vocabulary::new(random);
    let mut text = Vec::new();
    for_each_file(root, dirs, files, |path| {
        text.clear();
        vocabulary.write(random, 1 << 10, &mut text);
        fs::write(path, &text)
    })
}

fn big(random: &mut Random, root: &Path, bytes: usize) -> io::Result<()> {
    let vocabulary = Vocabulary::new(random);
    let piece = bytes.min(1 << 20);
    let mut buffer = Vec::with_capacity(piece);
    for number in 0..16 {
        let mut file = fs::File::create(root.join(format!("part-{number:02}")))?;
        for _ in 0..bytes / piece {
            buffer.clear();
            if number % 2 == 0 {
                vocabulary.write(random, piece, &mut buffer);
            } else {
                buffer.resize(piece, 0);
                random.fill(&mut buffer);
            }
            io::Write::write_all(&mut file, &buffer)?;
        }
    }
    Ok(())
}

/// Excludes and re-includes in all common forms; most files stay, and for those every rule is asked.
fn rules(random: &mut Random, root: &Path, dirs: u32, files: u32) -> io::Result<()> {
    let mut rule = |number: u32| {
        let (dir, file) = (random.below(dirs.into()), random.below(files.into()));
        match number % 8 {
            0 => format!("**/f{file:03}.*"),
            1 => format!("d{dir:03}/**/f*{}.txt", file % 10),
            2 => format!("!**/f{:02}*.txt", file % 100),
            3 => format!("**/*{file:02}.tmp"),
            4 => format!("d{dir:03}/**"),
            5 => format!("!d{dir:03}/f?{:02}.txt", file % 100),
            6 => format!("**/cache{number}/**"),
            _ => format!("**/d{:02}?/f*{:02}.txt", dir / 10, file % 100),
        }
    };
    let lines: Vec<_> = (0..200).map(&mut rule).collect();
    fs::write(root.join(".dockerignore"), lines.join("\n"))?;
    for_each_file(root, dirs, files, |path| fs::write(path, ""))
}

/// None of the rules meets a file, so every one is asked about every file.
fn any_depth(random: &mut Random, root: &Path, dirs: u32, files: u32) -> io::Result<()> {
    let vocabulary = Vocabulary::new(random);
    let lines: Vec<_> = (0..200)
        .map(|number| format!("**/{}-{number}", vocabulary.name(random)))
        .collect();
    fs::write(root.join(".dockerignore"), lines.join("\n"))?;
    for_each_file(root, dirs, files, |path| fs::write(path, ""))
}

fn one_of_many(random: &mut Random, root: &Path, dirs: u32, files: u32) -> io::Result<()> {
    let dockerfile = "FROM scratch\nCOPY d001/f002.txt /\n";
    fs::write(root.join("Dockerfile"), dockerfile)?;
    all_of_many(random, root, dirs, files)
}

fn all_of_many(random: &mut Random, root: &Path, dirs: u32, files: u32) -> io::Result<()> {
    let vocabulary = Vocabulary::new(random);
    let mut text = Vec::new();
    for_each_file(root, dirs, files, |path| {
        text.clear();
        vocabulary.write(random, 4 << 10, &mut text);
        fs::write(path, &text)
    })
}

fn for_each_file(
    root: &Path,
    dirs: u32,
    files: u32,
    mut make: impl FnMut(&Path) -> io::Result<()>,
) -> io::Result<()> {
    for dir in 0..dirs {
        let dir = root.join(format!("d{dir:03}"));
        fs::create_dir(&dir)?;
        for file in 0..files {
            make(&dir.join(format!("f{file:03}.txt")))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::tree::Size;

    #[test]
    fn sizes_are_those_of_source_code() {
        let mut random = Random::new(1, "test");
        let total: u64 = (0..13_000).map(|_| random.quantile(SOURCE_SIZES)).sum();
        assert!((100_000_000..112_000_000).contains(&total), "{total}");
    }

    #[test]
    fn shapes_hold_what_they_promise() {
        type Make = fn(&mut Random, &Path) -> io::Result<()>;
        let rows: [(&str, Make, u64, u64); 7] = [
            ("source", |random, root| source(random, root, 24), 26, 0),
            (
                "small",
                |random, root| small(random, root, 2, 3),
                8,
                6 << 10,
            ),
            ("big", |random, root| big(random, root, 1000), 16, 16_000),
            ("rules", |random, root| rules(random, root, 2, 3), 9, 0),
            ("any", |random, root| any_depth(random, root, 2, 3), 9, 0),
            (
                "one",
                |random, root| one_of_many(random, root, 2, 3),
                9,
                24 << 10,
            ),
            (
                "all",
                |random, root| all_of_many(random, root, 2, 3),
                8,
                24 << 10,
            ),
        ];
        for (name, make, entries, bytes) in rows {
            let folder = tempfile::tempdir().unwrap();
            make(&mut Random::new(1, name), folder.path()).unwrap();
            let size = Size::of(folder.path()).unwrap();
            assert_eq!(size.entries, entries, "{name}");
            assert!(size.bytes >= bytes, "{name}: {size:?}");
            let rules = fs::read_to_string(folder.path().join(".dockerignore"));
            assert!(rules.is_err() || rules.unwrap().lines().count() == 200);
        }
    }
}
