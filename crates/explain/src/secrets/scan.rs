//! `scan_secrets`: looks for secrets in the files of a view, in parallel.
//!
//! Files are read as they are packed: opened without following a link, compared with what was listed before and after. A file is
//! looked at in pieces; of no file more than one is in memory for each thread.

mod piece;

use std::num::NonZeroUsize;
use std::sync::{Mutex, PoisonError};

use shipload_context::{Entry, EntryPath, MemberKind, Progress, ReadError, View, on_threads};

use super::kinds::{Confidence, SecretKind};
use piece::{PIECE, Piece};

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
    on_threads(threads, || work.run());
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
            match Piece::read(entry, place, start, &mut buffer) {
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
