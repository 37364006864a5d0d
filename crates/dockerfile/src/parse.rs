//! Text to syntax tree, line by line, as BuildKit's `parser.Parse` goes.
//!
//! Lines that end in the escape character are put together, comments and blank lines between them dropped. The line is cut
//! into name, flags and arguments; then follow the lines of the heredocs that it announces.

use crate::arguments::Reader;
use crate::dialect::Dialect;
use crate::directive::Directives;
use crate::error::{SyntaxError, SyntaxProblem};
use crate::flags;
use crate::heredoc::{self, BadWord};
use crate::keyword::Keyword;
use crate::lines::{self, Line, Lines, Logical};
use crate::syntax::{Arguments, Dockerfile, Flag, Heredoc, Instruction, Item, Position, Word};

/// How deep `ONBUILD` may be nested. BuildKit's parser has no limit, but its next stage refuses even the second.
const DEEPEST: usize = 32;

/// Parsing
impl Dockerfile {
    /// Reads a Dockerfile as today's BuildKit does, in linear time.
    ///
    /// A byte order mark and any line ends are taken. Instructions and flags that are not known are kept: a later frontend may
    /// have them.
    ///
    /// # Errors
    /// What BuildKit's parser refuses: no instruction at all, an unknown escape character, a directive given twice, a line of
    /// 64 KiB, a JSON array with something else than strings in it, `ENV` and `LABEL` without a value, a heredoc without end.
    pub fn parse(text: &str) -> Result<Self, SyntaxError> {
        Self::parse_as(text, Dialect::Current)
    }

    /// Reads a Dockerfile as the parser of a certain release does.
    ///
    /// # Errors
    /// As [`parse`](Self::parse).
    pub fn parse_as(text: &str, dialect: Dialect) -> Result<Self, SyntaxError> {
        Parser {
            lines: Lines::new(text),
            directives: Directives::new(dialect),
            dialect,
            items: Vec::new(),
        }
        .run()
    }

    /// Reads a Dockerfile from the bytes of a file.
    ///
    /// # Errors
    /// As [`parse`](Self::parse), and where the bytes are not UTF-8. **Deviation**: BuildKit takes any bytes.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, SyntaxError> {
        let error = match str::from_utf8(bytes) {
            Ok(text) => return Self::parse(text),
            Err(error) => error,
        };
        let before = &bytes[..error.valid_up_to()];
        let start = memchr::memrchr(b'\n', before).map_or(0, |at| at + 1);
        let end = memchr::memchr(b'\n', &bytes[start..]).map_or(bytes.len(), |at| start + at);
        Err(SyntaxError {
            position: Position {
                line: memchr::memchr_iter(b'\n', before).count() + 1,
                column: before.len() - start + 1,
            },
            excerpt: String::from_utf8_lossy(&bytes[start..end])
                .trim_end()
                .to_owned(),
            problem: SyntaxProblem::NotUtf8,
        })
    }
}

struct Parser<'a> {
    lines: Lines<'a>,
    directives: Directives,
    dialect: Dialect,
    items: Vec<Item>,
}

impl<'a> Parser<'a> {
    fn run(mut self) -> Result<Dockerfile, SyntaxError> {
        let mut start = 0;
        while let Some(line) = self.lines.next()? {
            let item = self.item(&line, start)?;
            start = self.lines.offset();
            self.items.push(item);
        }
        if !self
            .items
            .iter()
            .any(|item| matches!(item, Item::Instruction(_)))
        {
            return Err(SyntaxError {
                position: Position {
                    line: self.lines.number().max(1),
                    column: 1,
                },
                excerpt: String::new(),
                problem: SyntaxProblem::Empty,
            });
        }
        let escape = self.directives.escape();
        let directives = self.directives.into_found();
        Ok(Dockerfile {
            items: self.items,
            directives,
            escape,
        })
    }

    /// The item that begins with a line, which begins at a byte of the text.
    fn item(&mut self, line: &Line<'a>, start: usize) -> Result<Item, SyntaxError> {
        let body = line.body().trim_start();
        let indent = line.body().len() - body.len();
        let taken = self.directives.take(line.number, body);
        taken.map_err(|problem| line.error(indent, problem))?;
        let text = || self.lines.since(start).to_owned();
        if body.is_empty() {
            return Ok(Item::Blank(text()));
        }
        if body.starts_with('#') {
            return Ok(Item::Comment(text()));
        }
        let logical = self.logical(line, indent)?;
        let parts = Parts {
            logical: &logical,
            dialect: self.dialect,
            escape: self.directives.escape(),
        };
        let mut instruction = parts.instruction(logical.text(), 0, 0)?;
        instruction.heredocs = self.heredocs(&instruction, &logical)?;
        instruction.lines = line.number..=self.lines.number();
        self.lines.since(start).clone_into(&mut instruction.text);
        instruction.line = logical.into_text();
        Ok(Item::Instruction(Box::new(instruction)))
    }

    /// A line and those that continue it.
    fn logical(&mut self, first: &Line<'a>, indent: usize) -> Result<Logical, SyntaxError> {
        let escape = self.directives.escape();
        let mut logical = Logical::new();
        let mut part = &first.body()[indent..];
        let (mut line, mut offset) = (*first, indent);
        loop {
            let Some(kept) = lines::continued(part, escape) else {
                logical.push(&line, offset, part);
                return Ok(logical);
            };
            logical.push(&line, offset, kept);
            line = loop {
                let Some(next) = self.lines.next()? else {
                    return Ok(logical);
                };
                if !next.is_comment() && !next.body().trim_start().is_empty() {
                    break next;
                }
            };
            (part, offset) = (line.body(), 0);
        }
    }

    /// The heredocs that an instruction announces, with their contents.
    fn heredocs(
        &mut self,
        instruction: &Instruction,
        logical: &Logical,
    ) -> Result<Vec<Heredoc>, SyntaxError> {
        if !logical.text().contains("<<") || !takes_heredocs(instruction) {
            return Ok(Vec::new());
        }
        let mut heredocs =
            heredoc::announced(logical.text(), self.dialect).map_err(|BadWord(word)| {
                let at = logical.text().find(&word).unwrap_or(0);
                logical.error(at, SyntaxProblem::HeredocWord { word })
            })?;
        for heredoc in &mut heredocs {
            self.content(heredoc, logical)?;
        }
        Ok(heredocs)
    }

    fn content(&mut self, heredoc: &mut Heredoc, logical: &Logical) -> Result<(), SyntaxError> {
        let start = self.lines.offset();
        let mut end = start;
        while let Some(line) = self.lines.next()? {
            let body = line.body();
            let body = if heredoc.chomp {
                body.trim_start_matches('\t')
            } else {
                body
            };
            if body == heredoc.name {
                let content = &self.lines.since(start)[..end - start];
                heredoc.content = content.into();
                return Ok(());
            }
            end = self.lines.offset();
        }
        let at = logical.text().find("<<").unwrap_or(0);
        let name = heredoc.name.clone();
        Err(logical.error(at, SyntaxProblem::Unterminated { name }))
    }
}

/// Whether `<<` means something there: in `RUN`, `COPY` and `ADD` that are not JSON, below an `ONBUILD` too.
fn takes_heredocs(instruction: &Instruction) -> bool {
    let instruction = match &instruction.arguments {
        Arguments::Trigger(inner) => inner,
        _ => instruction,
    };
    let takes = matches!(
        instruction.keyword,
        Some(Keyword::Run | Keyword::Copy | Keyword::Add)
    );
    takes && !matches!(instruction.arguments, Arguments::Json(_))
}

/// Cuts an instruction's line into its parts.
struct Parts<'a> {
    logical: &'a Logical,
    dialect: Dialect,
    escape: char,
}

impl Parts<'_> {
    /// Reads a text that begins at a byte of the line, below so many `ONBUILD`.
    fn instruction(&self, text: &str, at: usize, depth: usize) -> Result<Instruction, SyntaxError> {
        if depth > DEEPEST {
            return Err(self.logical.error(at, SyntaxProblem::Nested));
        }
        let at = at + text.len() - text.trim_start().len();
        let text = text.trim();
        let blank = |c| matches!(c, '\t' | '\u{b}' | '\u{c}' | '\r' | ' ');
        let name = text.split(blank).next().unwrap_or_default();
        let rest = text[name.len()..].trim_start_matches(blank);
        let rest_at = at + text.len() - rest.len();
        let split = flags::split(rest);
        let flags = split.flags.into_iter().map(|(offset, text)| {
            let position = self.logical.position(rest_at + offset);
            Flag { text, position }
        });
        let arguments_at =
            rest_at + split.at + split.arguments.len() - split.arguments.trim_start().len();
        let keyword = Keyword::find(name);
        let arguments = self.arguments(keyword, split.arguments.trim(), arguments_at, depth)?;
        Ok(Instruction {
            keyword,
            name: Word {
                text: name.to_owned(),
                position: self.logical.position(at),
            },
            flags: flags.collect(),
            arguments,
            heredocs: Vec::new(),
            lines: 0..=0,
            line: String::new(),
            text: String::new(),
        })
    }

    fn arguments(
        &self,
        keyword: Option<Keyword>,
        text: &str,
        at: usize,
        depth: usize,
    ) -> Result<Arguments, SyntaxError> {
        let place = |offset: usize| self.logical.position(at + offset);
        let Some(keyword) = keyword else {
            return Ok(Arguments::Unknown(Word {
                text: text.to_owned(),
                position: place(0),
            }));
        };
        if keyword == Keyword::Onbuild && !text.is_empty() {
            let inner = self.instruction(text, at, depth + 1)?;
            return Ok(Arguments::Trigger(Box::new(inner)));
        }
        let (escape, dialect) = (self.escape, self.dialect);
        let reader = Reader {
            text,
            place: &place,
            escape,
            dialect,
        };
        reader
            .read(keyword)
            .map_err(|(offset, problem)| self.logical.error(at + offset, problem))
    }
}
