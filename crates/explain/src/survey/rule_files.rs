//! `RuleFiles`: the ignore files of a plan as text, to be read by any builder's semantics, and with lines changed.

use std::collections::BTreeSet;
use std::io::{self, Read as _};
use std::ops::Range;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use shipload_context::{Plan, Rules, Semantics, show};
use shipload_ignore::{LoadError, Place};

use crate::finding::{Edit, Location};

/// The longest ignore file that is read, in bytes, as for packing.
const TEXT_LIMIT: u64 = 16 << 20;

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// The ignore files in force, one after the other.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RuleFiles {
    /// The files, in order.
    pub files: Vec<RuleFile>,
    /// The Dockerfile's name in the context, if it is there by itself; the classic client keeps it in.
    pub dockerfile: Option<Vec<u8>>,
}

/// One ignore file.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RuleFile {
    /// Where it is on this machine.
    pub path: PathBuf,
    /// What verdicts call it: relative to the context if it is in it.
    pub name: String,
    content: Vec<u8>,
    /// Where each line starts.
    starts: Vec<usize>,
}

/// A line of one of the files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LineId {
    /// The place of the file among the files.
    pub file: usize,
    /// The line, counted from 1.
    pub line: usize,
}

/// # Making them
impl RuleFiles {
    /// Reads the ignore files that a plan was made with. None of them if one is no regular file, such as a pipe: what was in it
    /// is gone.
    ///
    /// # Errors
    /// What the system says, or that a file has more than 16 MiB.
    pub fn read(plan: &Plan) -> io::Result<Self> {
        let directory = plan.directory.as_deref().unwrap_or(Path::new(""));
        let mut files = Vec::new();
        for path in &plan.ignore_files {
            if !fs_err::metadata(path)?.is_file() {
                files.clear();
                break;
            }
            files.push(RuleFile::read(path, directory)?);
        }
        let dockerfile = (!plan.is_injected).then(|| plan.dockerfile.as_bytes().to_vec());
        Ok(Self { files, dockerfile })
    }

    /// The same without the rules in some lines. The other lines keep their numbers.
    #[must_use]
    pub fn without(&self, lines: &BTreeSet<LineId>) -> Self {
        let mut changed = self.clone();
        for id in lines.iter().rev() {
            if let Some(file) = changed.files.get_mut(id.file) {
                let range = file.line(id.line);
                let mut content = std::mem::take(&mut file.content);
                content.drain(range);
                file.set(content);
            }
        }
        changed
    }

    /// The same after edits; edits of other files count for nothing. None if they do not fit.
    pub fn edited(&self, edits: &[Edit]) -> Option<Self> {
        let mut changed = self.clone();
        for file in &mut changed.files {
            let own = edits.iter().filter(|edit| edit.file == file.path);
            file.set(Edit::apply(own, &file.content)?);
        }
        Some(changed)
    }
}

/// # Reading them
impl RuleFiles {
    /// The rules as a builder reads them; those of the classic client with what it adds for its own files.
    ///
    /// # Errors
    /// If the builder of these semantics would refuse a file.
    pub fn rules(&self, semantics: Semantics) -> Result<Rules, LoadError> {
        let mut builder = Rules::builder(semantics);
        for file in &self.files {
            builder = builder.file(&file.name, &file.content)?;
        }
        builder.build().with_build_files(self.dockerfile.as_deref())
    }

    /// The line that a place in rules or in an error is about; none for a rule that stands in no file.
    pub fn line(&self, place: &Place) -> Option<LineId> {
        let file = self
            .files
            .iter()
            .position(|file| *file.name == *place.file)?;
        let line = place.line;
        Some(LineId { file, line })
    }

    /// A line as a place to show: all of it but the white space around it.
    pub fn location(&self, id: LineId) -> Option<Location> {
        Some(self.files.get(id.file)?.location(id.line))
    }
}

impl RuleFile {
    pub(crate) fn read(path: &Path, directory: &Path) -> io::Result<Self> {
        let mut content = Vec::new();
        let mut file = fs_err::File::open(path)?.take(TEXT_LIMIT + 1);
        file.read_to_end(&mut content)?;
        if content.len() as u64 > TEXT_LIMIT {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        let shown = path.strip_prefix(directory).unwrap_or(path);
        let mut read = Self {
            path: path.to_owned(),
            name: show(shown.as_os_str().as_bytes()),
            content: Vec::new(),
            starts: Vec::new(),
        };
        read.set(content);
        Ok(read)
    }

    fn set(&mut self, content: Vec<u8>) {
        self.starts.clear();
        self.starts.push(0);
        let ends = memchr::memchr_iter(b'\n', &content);
        self.starts.extend(ends.map(|end| end + 1));
        self.content = content;
    }

    /// What is in it.
    pub fn content(&self) -> &[u8] {
        &self.content
    }

    /// How many lines there are: one more than line feeds.
    pub fn line_count(&self) -> usize {
        self.starts.len()
    }

    /// The bytes of a line without its line feed; empty at the end for a line that is not there.
    pub fn line(&self, line: usize) -> Range<usize> {
        let start = |line: usize| self.starts.get(line.checked_sub(1)?).copied();
        let length = self.content.len();
        let Some(from) = start(line) else {
            return length..length;
        };
        from..start(line + 1).map_or(length, |next| next - 1)
    }

    /// A line as a place to show: all of it but the white space around it.
    pub fn location(&self, line: usize) -> Location {
        self.place(line, self.rule_part(line))
    }

    /// A part of a line, in bytes from its start, as a place to show.
    pub fn place(&self, line: usize, part: Range<usize>) -> Location {
        let text = &self.content[self.line(line)];
        let text = text.strip_suffix(b"\r").unwrap_or(text);
        let shown = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let before = shown(&text[..part.start.min(text.len())]);
        let marked = shown(text.get(part).unwrap_or_default());
        Location {
            file: self.path.clone(),
            line,
            column: before.len() + 1,
            width: marked.len(),
            excerpt: shown(text),
        }
    }

    /// The edit that removes a line whole.
    pub fn removal(&self, line: usize) -> Edit {
        let mut range = self.line(line);
        if range.end < self.content.len() {
            range.end += 1;
        }
        self.edit(range, "")
    }

    /// The edit that puts something in the place of a part of a line, in bytes from its start.
    pub fn replacement(&self, line: usize, part: Range<usize>, text: impl Into<Vec<u8>>) -> Edit {
        let start = self.line(line).start;
        self.edit(start + part.start..start + part.end, text)
    }

    /// The edit that puts another rule on a line. White space around the old one, and a byte order mark, stay.
    pub fn rewriting(&self, line: usize, rule: impl Into<Vec<u8>>) -> Edit {
        self.replacement(line, self.rule_part(line), rule)
    }

    /// Where the rule is in a line, in bytes from the start of the line.
    fn rule_part(&self, line: usize) -> Range<usize> {
        let text = &self.content[self.line(line)];
        let marked = if line == 1 {
            text.strip_prefix(BYTE_ORDER_MARK)
        } else {
            None
        };
        let inner = marked.unwrap_or(text);
        let start = text.len() - inner.trim_ascii_start().len();
        start..start + inner.trim_ascii().len()
    }

    /// The edit that adds a line at the end.
    pub fn addition(&self, rule: &[u8]) -> Edit {
        let end = self.content.len();
        let is_open = !self.content.is_empty() && !self.content.ends_with(b"\n");
        let before = if is_open { &b"\n"[..] } else { b"" };
        self.edit(end..end, [before, rule, b"\n"].concat())
    }

    fn edit(&self, range: Range<usize>, text: impl Into<Vec<u8>>) -> Edit {
        Edit {
            file: self.path.clone(),
            range,
            text: text.into(),
        }
    }
}
