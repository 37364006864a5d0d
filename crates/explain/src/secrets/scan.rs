//! `scan_secrets`: looks for secrets in the files of a view, in parallel.
//!
//! Files are read as they are packed: opened without following a link, compared with what was listed before and after. A file is
//! looked at in pieces of 1 MiB with some of what is before and behind, so that a secret across two pieces is found, by the one in
//! which it begins; of no file more is in memory.

use std::num::NonZeroUsize;
use std::sync::{Mutex, PoisonError};

use shipload_context::{Entry, EntryPath, MemberKind, Opened, Progress, ReadError, View};

use super::kinds::{Confidence, SecretKind};
use super::names;
use super::style::{self, Encoding};
use super::text::Text;

/// How much of a file is looked at at once, in bytes.
const PIECE: u64 = 1 << 20;

/// What of the text before a piece is looked at with it, in bytes.
const BEFORE: u64 = 4 << 10;

/// What of the text behind it.
const BEHIND: u64 = 16 << 10;

/// As many secrets of one piece are told.
const MOST: usize = 1000;

/// A secret that was found. It never holds the secret itself.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Hit {
    /// What it is.
    pub kind: &'static SecretKind,
    /// The file it is in.
    pub path: EntryPath,
    /// Where in it; none where it is the file.
    pub place: Option<Place>,
}

/// A place in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The line, counted from 1.
    pub line: u64,
    /// The byte in the line, counted from 1; of a file in UTF-16 as if it were in UTF-8.
    pub column: u64,
}

/// What was found.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct Scan {
    /// The secrets, in the order of paths and places.
    pub hits: Vec<Hit>,
    /// Files that could not be read, in order; they may hold others.
    pub unread: Vec<ReadError>,
    /// How many bytes were read.
    pub bytes: u64,
    /// Whether it was cancelled through its [`Progress`], so that not everything was looked at.
    pub is_cancelled: bool,
}

/// Looks for secrets in the files of `view`, by their names and in their contents. Not more than `threads` threads read, the
/// calling one included; by default one a core. A file that cannot be read does not end it.
///
/// ```
/// use shipload_context::{Progress, TreeBuilder, View};
/// use shipload_explain::scan_secrets;
///
/// let token = ["ghp", "_zQWBuTSOoRi4A9spHcVY5ncnsDkxkJ0mLq17"].concat();
/// let tree = TreeBuilder::new().bytes("notes.txt".parse()?, format!("do not lose\n{token}\n")).build()?;
/// let scan = scan_secrets(&View::new(&tree), None, &Progress::new());
/// let place = scan.hits[0].place.ok_or("a place")?;
/// assert_eq!((scan.hits[0].kind.id, place.line, place.column), ("github-personal-token", 2, 1));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn scan_secrets(view: &View, threads: Option<NonZeroUsize>, progress: &Progress) -> Scan {
    let work = Work {
        view,
        progress,
        cursor: Mutex::default(),
        done: Mutex::default(),
    };
    let cores = || std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
    let threads = threads.unwrap_or_else(cores).get().min(64);
    std::thread::scope(|scope| {
        for _ in 1..threads {
            // Where the system refuses a thread there are fewer of them.
            if std::thread::Builder::new()
                .spawn_scoped(scope, || work.run())
                .is_err()
            {
                break;
            }
        }
        work.run();
    });
    let done = work
        .done
        .into_inner()
        .unwrap_or_else(PoisonError::into_inner);
    done.into_scan(view, progress.cancelled())
}

/// What there is to do, and what was done.
struct Work<'a> {
    view: &'a View,
    progress: &'a Progress,
    cursor: Mutex<Cursor>,
    done: Mutex<Done>,
}

/// The next piece.
#[derive(Default)]
struct Cursor {
    place: usize,
    start: u64,
}

/// The pieces that were looked at, without those in which nothing is of interest.
#[derive(Default)]
struct Done {
    pieces: Vec<Piece>,
    unread: Vec<(usize, ReadError)>,
    bytes: u64,
}

/// What is in a piece of a file.
struct Piece {
    place: usize,
    start: u64,
    /// How many lines end in it.
    lines: u64,
    /// Where the last of them ends, from the start of the file.
    last: Option<u64>,
    /// Where the first line begins: behind a mark of UTF-8.
    mark: u64,
    spots: Vec<Spot>,
}

/// A secret in a piece.
struct Spot {
    kind: &'static SecretKind,
    is_whole_file: bool,
    /// How many lines of the piece end before it.
    lines: u64,
    /// Where it is, from the start of the file.
    at: u64,
    /// Where the last line before it ends, from the start of the file, if it ends in the piece.
    last: Option<u64>,
}

impl Work<'_> {
    /// Takes the next piece: its member and where it starts.
    fn next(&self) -> Option<(&Entry, usize, u64)> {
        let mut cursor = self.cursor.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            let member = self.view.member(cursor.place)?;
            let (place, start) = (cursor.place, cursor.start);
            match member.kind {
                MemberKind::File { size } if start == 0 || start < size => {
                    cursor.start += PIECE;
                    if cursor.start >= size {
                        *cursor = Cursor {
                            place: place + 1,
                            start: 0,
                        };
                    }
                    return Some((member.entry, place, start));
                }
                _ => {
                    *cursor = Cursor {
                        place: place + 1,
                        start: 0,
                    }
                }
            }
        }
    }

    fn run(&self) {
        let mut buffer = Vec::new();
        let mut mine = Done::default();
        while let Some((entry, place, start)) = self.next() {
            if self.progress.cancelled() {
                break;
            }
            match piece(entry, place, start, &mut buffer) {
                // The lines of a large file are counted in all of its pieces.
                Ok(piece) if piece.spots.is_empty() && entry.size() <= PIECE => {}
                Ok(piece) => mine.pieces.push(piece),
                Err(error) => mine.unread.push((place, error)),
            }
            mine.bytes += PIECE.min(entry.size() - start);
        }
        let mut done = self.done.lock().unwrap_or_else(PoisonError::into_inner);
        done.pieces.append(&mut mine.pieces);
        done.unread.append(&mut mine.unread);
        done.bytes += mine.bytes;
    }
}

/// Reads a piece and looks for secrets in it.
fn piece(
    entry: &Entry,
    place: usize,
    start: u64,
    buffer: &mut Vec<u8>,
) -> Result<Piece, ReadError> {
    let size = entry.size();
    let from = start.saturating_sub(BEFORE);
    let end = size.min(start + PIECE);
    let to = size.min(end + BEHIND);
    let opened = entry.open()?;
    let head = if from > 0 {
        Some(head(&opened, size)?)
    } else {
        None
    };
    let length = usize::try_from(to - from).unwrap_or(usize::MAX);
    if buffer.len() < length {
        buffer.resize(length, 0);
    }
    let bytes = &mut buffer[..length];
    opened.read_at(bytes, from)?;
    opened.finish()?;
    let bytes = &*bytes;
    let at = |offset: u64| usize::try_from(offset - from).unwrap_or(usize::MAX);
    let style = style::of(entry.path.as_bytes(), head.as_deref().unwrap_or(bytes));
    let mut piece = Piece {
        place,
        start,
        lines: 0,
        last: None,
        mark: if start == 0 && bytes.starts_with(b"\xef\xbb\xbf") {
            3
        } else {
            0
        },
        spots: Vec::new(),
    };
    let (own_start, own_end) = (at(start), at(end));
    match style.encoding {
        Encoding::Bytes => {
            let text = Text {
                bytes,
                style: style.style,
            };
            piece.look(&text, own_start..own_end, from, entry, start == 0);
        }
        utf16 => {
            let parts = [0..own_start, own_start..own_end, own_end..length];
            let [before, own, behind] = parts.map(|part| utf16.decode(&bytes[part]));
            let range = before.len()..before.len() + own.len();
            let whole = [before, own, behind].concat();
            let text = Text {
                bytes: &whole,
                style: style.style,
            };
            piece.look(&text, range, from, entry, start == 0);
        }
    }
    Ok(piece)
}

/// The beginning of a file, by which it is known what it is.
fn head(opened: &Opened<'_>, size: u64) -> Result<Vec<u8>, ReadError> {
    let length = size.min(style::HEAD as u64);
    let mut head = vec![0; usize::try_from(length).unwrap_or_default()];
    opened.read_at(&mut head, 0)?;
    Ok(head)
}

impl Piece {
    fn look(
        &mut self,
        text: &Text<'_>,
        own: std::ops::Range<usize>,
        from: u64,
        entry: &Entry,
        is_first: bool,
    ) {
        let mut found: Vec<(usize, &'static SecretKind, bool)> = Vec::new();
        if is_first
            && let Some((kind, at)) = names::look(
                entry.path.as_bytes(),
                &text.bytes[..text.bytes.len().min(names::HEAD)],
            )
        {
            found.push((at.unwrap_or(0), kind, at.is_none()));
        }
        let secrets = text
            .secrets()
            .into_iter()
            .filter(|secret| own.contains(&secret.range.start));
        found.extend(secrets.map(|secret| (secret.range.start, secret.kind, false)));
        found.truncate(MOST);
        if found.is_empty() && entry.size() <= PIECE {
            return;
        }
        found.sort_by_key(|(at, ..)| *at);
        let mut newlines = memchr::memchr_iter(b'\n', &text.bytes[own.clone()])
            .map(|at| own.start + at)
            .peekable();
        for (at, kind, is_whole_file) in found {
            while let Some(newline) = newlines.next_if(|newline| *newline < at) {
                self.lines += 1;
                self.last = Some(from + newline as u64);
            }
            let (lines, last) = (self.lines, self.last);
            self.spots.push(Spot {
                kind,
                is_whole_file,
                lines,
                at: from + at as u64,
                last,
            });
        }
        for newline in newlines {
            self.lines += 1;
            self.last = Some(from + newline as u64);
        }
    }
}

impl Done {
    fn into_scan(mut self, view: &View, is_cancelled: bool) -> Scan {
        self.pieces.sort_by_key(|piece| (piece.place, piece.start));
        let mut scan = Scan {
            bytes: self.bytes,
            is_cancelled,
            ..Scan::default()
        };
        for pieces in self.pieces.chunk_by(|a, b| a.place == b.place) {
            let Some(member) = pieces.first().and_then(|piece| view.member(piece.place)) else {
                continue;
            };
            let start = scan.hits.len();
            scan.hits.extend(hits(pieces, &member.entry.path));
            drop_doubles(&mut scan.hits, start);
        }
        self.unread.sort_by_key(|(place, _)| *place);
        self.unread.dedup_by_key(|(place, _)| *place);
        scan.unread = self.unread.into_iter().map(|(_, error)| error).collect();
        scan
    }
}

/// The secrets of one file.
fn hits(pieces: &[Piece], path: &EntryPath) -> Vec<Hit> {
    let mut hits = Vec::new();
    let (mut lines, mut last) = (0, None);
    let mark = pieces.first().map_or(0, |piece| piece.mark);
    for piece in pieces {
        for spot in &piece.spots {
            let begin = spot.last.or(last).map_or(mark, |newline| newline + 1);
            let place = Place {
                line: lines + spot.lines + 1,
                column: spot.at - begin.min(spot.at) + 1,
            };
            hits.push(Hit {
                kind: spot.kind,
                path: path.clone(),
                place: (!spot.is_whole_file).then_some(place),
            });
        }
        lines += piece.lines;
        last = piece.last.or(last);
    }
    hits
}

/// Leaves of what the name of a file and its content say of one secret that which says more.
fn drop_doubles(hits: &mut Vec<Hit>, start: usize) {
    let is_name = |hit: &Hit| hit.kind.is_file();
    let is_guess = |hit: &Hit| hit.kind.confidence == Confidence::Guess;
    let Some(by_name) = hits[start..].iter().find(|hit| is_name(hit)).map(is_guess) else {
        return;
    };
    let of_file = hits.split_off(start);
    let by_content = of_file.iter().filter(|hit| !is_name(hit)).map(is_guess);
    let name_says_more = match by_content.reduce(|all, guess| all && guess) {
        None => true,
        Some(all_guesses) => all_guesses && !by_name,
    };
    hits.extend(
        of_file
            .into_iter()
            .filter(|hit| is_name(hit) == name_says_more),
    );
}
