//! The text form of the table.
//!
//! ```text
//! # What the cases of this file are about.
//!
//! === what the case is about
//! builders: classic-26 buildkit-26    (all four if left out; `none`)
//! target: stage
//! arg: KEY=VALUE                      (any number)
//! platform: linux/amd64
//! also: path path                     (sent besides, on purpose)
//! --- base                            (the Dockerfile of an image, `@base@` below)
//! FROM scratch
//! --- Dockerfile
//! FROM scratch
//! COPY a.txt /
//! --- tree
//! a.txt                               (a file; its path is its content)
//! run 0755                            (with a mode)
//! d/ 0700                             (a directory)
//! link -> d/x                         (a symbolic link)
//! name = a.txt                        (a hard link)
//! x.tar tar one two/three             (an archive with these files)
//! --- file .dockerignore              (a file with this text)
//! *.log
//! --- reads
//! classic-20 classic-26: a.txt d/     (or `all:`, or `by hand:`)
//! buildkit-20: fails
//! ```
//!
//! In paths `%` and what would be misread, such as a space, are written `%XX` ([`crate::escape`]). Directories in a list
//! of paths end in `/`.

use std::collections::{BTreeMap, BTreeSet};
use std::io;

use super::{Answer, Case, Column};
use crate::escape;
use crate::tree::{Item, Kind, TreeSpec};

/// Opens a case; what is above the first is a comment.
const START: &str = "\n=== ";

/// Opens a case's last section.
const READS: &str = "\n--- reads\n";

/// Reads one file of the table.
///
/// # Errors
/// When it is malformed, with the name of the case.
pub fn parse(text: &str) -> io::Result<Vec<Case>> {
    let blocks = text.split(START).skip(1);
    blocks
        .map(|block| {
            let name = name(block);
            case(name, block).map_err(|error| io::Error::other(format!("`{name}`: {error}")))
        })
        .collect()
}

/// The text of a file of the table, with these answers for the cases that are named.
///
/// # Errors
/// When a case with an answer is malformed.
pub fn with_answers(
    text: &str,
    answers: &BTreeMap<String, BTreeMap<Column, Answer>>,
) -> io::Result<String> {
    let mut blocks = text.split(START);
    let mut written = blocks.next().unwrap_or_default().trim_end().to_owned();
    for block in blocks {
        written.push('\n');
        written.push_str(START);
        let Some(answers) = answers.get(name(block)) else {
            written.push_str(block.trim_end());
            continue;
        };
        let above = block.split(READS).next().unwrap_or(block);
        let case = case(name(block), above)?;
        written.push_str(above.trim_end());
        written.push_str(READS);
        written.push_str(lines(&case.tree, answers).trim_end());
    }
    written.push('\n');
    Ok(written)
}

fn name(block: &str) -> &str {
    block.lines().next().unwrap_or_default()
}

/// Equal answers share a line.
fn lines(tree: &TreeSpec, answers: &BTreeMap<Column, Answer>) -> String {
    let mut by_answer: BTreeMap<&Answer, Vec<&str>> = BTreeMap::new();
    for (column, answer) in answers {
        by_answer.entry(answer).or_default().push(column.name());
    }
    let mut lines: Vec<_> = by_answer
        .into_iter()
        .map(|(answer, columns)| {
            let columns = match columns.len() {
                4 => "all".to_owned(),
                _ => columns.join(" "),
            };
            match answer {
                Answer::Fails => format!("{columns}: fails\n"),
                Answer::Reads(paths) => {
                    let paths = paths.iter().map(|path| {
                        let is_dir = tree.entries.get(path).is_some_and(Item::is_dir);
                        let slash = if is_dir { "/" } else { "" };
                        format!(" {}{slash}", escape::encode(path).replace(' ', "%20"))
                    });
                    format!("{columns}:{}\n", paths.collect::<String>())
                }
            }
        })
        .collect();
    lines.sort();
    lines.concat()
}

fn case(name: &str, block: &str) -> io::Result<Case> {
    let mut sections = Vec::new();
    let mut head = Vec::new();
    for line in block.lines().skip(1) {
        if let Some(title) = line.strip_prefix("--- ") {
            sections.push((title, Vec::new()));
        } else if let Some((_, lines)) = sections.last_mut() {
            lines.push(line);
        } else if !line.is_empty() {
            head.push(line);
        }
    }
    let mut case = Case {
        name: name.to_owned(),
        builders: Column::ALL.into(),
        target: None,
        build_args: BTreeMap::new(),
        platform: None,
        base: None,
        dockerfile: String::new(),
        tree: TreeSpec::default(),
        answers: BTreeMap::new(),
        by_hand: None,
        also: BTreeSet::new(),
    };
    for line in head {
        heading(&mut case, line)?;
    }
    for (title, lines) in sections {
        section(&mut case, title, &lines)?;
    }
    if case.dockerfile.is_empty() {
        return Err(io::Error::other("it has no Dockerfile"));
    }
    Ok(case)
}

fn heading(case: &mut Case, line: &str) -> io::Result<()> {
    let (key, value) = halves(line, ": ")?;
    match key {
        "builders" if value == "none" => case.builders.clear(),
        "builders" => case.builders = columns(value)?.into_iter().collect(),
        "target" => case.target = Some(value.to_owned()),
        "arg" => {
            let (key, value) = halves(value, "=")?;
            case.build_args.insert(key.to_owned(), value.to_owned());
        }
        "platform" => case.platform = Some(value.to_owned()),
        "also" => case.also = paths(value)?,
        _ => return Err(io::Error::other(format!("`{line}` says nothing"))),
    }
    Ok(())
}

fn section(case: &mut Case, title: &str, lines: &[&str]) -> io::Result<()> {
    let text = || -> String {
        // An empty line before the next case is none of it.
        let end = lines.iter().rposition(|line| !line.is_empty());
        let lines = &lines[..end.map_or(0, |end| end + 1)];
        lines.iter().flat_map(|line| [line, "\n"]).collect()
    };
    match title {
        "base" => case.base = Some(text()),
        "Dockerfile" => case.dockerfile = text(),
        "tree" => {
            for line in lines.iter().filter(|line| !line.is_empty()) {
                entry(&mut case.tree, line)?;
            }
        }
        "reads" => {
            for line in lines.iter().filter(|line| !line.is_empty()) {
                let (columns_of, read) = halves(line, ":")?;
                if columns_of == "by hand" {
                    case.by_hand = Some(paths(read)?);
                    continue;
                }
                let answer = match read.trim() {
                    "fails" => Answer::Fails,
                    read => Answer::Reads(paths(read)?),
                };
                let answers = columns(columns_of)?.into_iter();
                case.answers
                    .extend(answers.map(|column| (column, answer.clone())));
            }
        }
        _ => match title.strip_prefix("file ") {
            Some(path) => case.tree.file(&decoded(path)?, text().as_bytes()),
            None => return Err(io::Error::other(format!("`{title}` is no section"))),
        },
    }
    Ok(())
}

fn entry(tree: &mut TreeSpec, line: &str) -> io::Result<()> {
    let (path, rest) = line.split_once(' ').unwrap_or((line, ""));
    let path = decoded(path)?;
    let mode = |usual| match rest {
        "" => Ok(usual),
        digits => u32::from_str_radix(digits, 8)
            .map_err(|_| io::Error::other(format!("`{line}` is no entry"))),
    };
    if let Some(directory) = path.strip_suffix(b"/") {
        tree.add(directory, Item::new(Kind::Dir, mode(0o755)?));
        return Ok(());
    }
    let item = if let Some(target) = rest.strip_prefix("-> ") {
        let target = decoded(target)?;
        Item::new(Kind::Symlink { target }, 0o777)
    } else if let Some(to) = rest.strip_prefix("= ") {
        Item::new(Kind::Hardlink { to: decoded(to)? }, 0o644)
    } else if let Some(members) = rest.strip_prefix("tar ") {
        let content = archive(members)?;
        Item::new(Kind::File { content }, 0o644)
    } else {
        let content = [&path[..], b"\n"].concat();
        Item::new(Kind::File { content }, mode(0o644)?)
    };
    tree.add(&path, item);
    Ok(())
}

/// A tar archive with these files, each with its path as content.
fn archive(members: &str) -> io::Result<Vec<u8>> {
    let mut archive = tar::Builder::new(Vec::new());
    for member in members.split(' ') {
        let mut header = tar::Header::new_ustar();
        header.set_size(member.len() as u64);
        header.set_mode(0o640);
        archive.append_data(&mut header, member, member.as_bytes())?;
    }
    archive.into_inner()
}

fn columns(names: &str) -> io::Result<Vec<Column>> {
    if names == "all" {
        return Ok(Column::ALL.to_vec());
    }
    let find = |name: &str| Column::ALL.into_iter().find(|column| column.name() == name);
    let columns = names
        .split(' ')
        .map(|name| find(name).ok_or_else(|| io::Error::other(format!("`{name}` is no builder"))));
    columns.collect()
}

fn paths(list: &str) -> io::Result<BTreeSet<Vec<u8>>> {
    let words = list.split(' ').filter(|word| !word.is_empty());
    words
        .map(|word| decoded(word.strip_suffix('/').unwrap_or(word)))
        .collect()
}

fn decoded(path: &str) -> io::Result<Vec<u8>> {
    escape::decode(path).ok_or_else(|| io::Error::other(format!("`{path}` is not encoded")))
}

fn halves<'a>(line: &'a str, between: &str) -> io::Result<(&'a str, &'a str)> {
    line.split_once(between)
        .ok_or_else(|| io::Error::other(format!("`{line}` lacks `{between}`")))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "# About.

=== first
builders: classic-26 buildkit-26
target: x
arg: A=b=c
also: d/a%20b
--- base
FROM scratch

LABEL a=b
--- Dockerfile
FROM @base@
COPY d /
--- tree
d/ 0711
d/a%20b 0600
l -> d
h = d/a%20b
--- file .dockerignore
*.log

=== second
--- Dockerfile
FROM scratch
--- tree
a
--- reads
all: fails
";

    #[test]
    fn a_file_of_the_table_is_read() {
        let cases = parse(TEXT).unwrap();
        let [first, second] = &cases[..] else {
            panic!("{cases:?}")
        };
        assert_eq!(
            first.builders,
            [Column::Classic26, Column::BuildKit26].into()
        );
        assert_eq!(first.target.as_deref(), Some("x"));
        assert_eq!(first.build_args["A"], "b=c");
        assert_eq!(first.also, [b"d/a b".to_vec()].into());
        assert_eq!(first.base.as_deref(), Some("FROM scratch\n\nLABEL a=b\n"));
        assert_eq!(first.dockerfile, "FROM @base@\nCOPY d /\n");
        let shown = "*.log\n";
        assert_eq!(first.tree.content(b".dockerignore"), Some(shown.as_bytes()));
        assert_eq!(first.tree.content(b"d/a b"), Some(&b"d/a b\n"[..]));
        assert_eq!(first.tree.entries[&b"d"[..]].mode, 0o711);
        assert!(first.answers.is_empty());
        assert_eq!(second.answers.len(), 4);
        assert!(
            second
                .answers
                .values()
                .all(|answer| *answer == Answer::Fails)
        );
        for wrong in ["builders: other", "what: x", "--- what", "--- tree\nd %zz"] {
            let text = format!("\n=== x\n{wrong}\n--- Dockerfile\nFROM scratch\n");
            assert!(parse(&text).is_err(), "{wrong}");
        }
    }

    #[test]
    fn answers_are_written_and_read_back() {
        let reads = |paths: &[&str]| {
            Answer::Reads(paths.iter().map(|path| path.as_bytes().to_vec()).collect())
        };
        let answers = BTreeMap::from([
            (Column::Classic26, reads(&["d", "d/a b"])),
            (Column::BuildKit26, reads(&["d", "d/a b"])),
        ]);
        let all = BTreeMap::from([("first".to_owned(), answers.clone())]);
        let once = with_answers(TEXT, &all).unwrap();
        assert!(
            once.contains("classic-26 buildkit-26: d/ d/a%20b\n\n=== second"),
            "{once}"
        );
        assert_eq!(parse(&once).unwrap()[0].answers, answers);
        assert_eq!(with_answers(&once, &all).unwrap(), once);
        assert_eq!(with_answers(TEXT, &BTreeMap::new()).unwrap(), TEXT);
    }
}
