//! Lines for what is on the wrong side: a name each, or a directory for all that is in it.

use super::super::ground::Wrong;
use super::super::literal::{self, Below};
use super::super::text::Changes;
use super::Search;

/// Why no line was found for a path, by its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stuck {
    /// Its name cannot be written for all engines.
    Name(usize),
    /// Some engines leave it out and some leave it in, both wrongly.
    Apart(usize),
}

/// # Lines for what is wrong
impl Search<'_> {
    /// A line for each path that is wrong after some changes. Where that line is there and did not help, one that has engines look
    /// for the path; where that is there too, none.
    pub(super) fn lines_for(
        &self,
        wrong: &[Wrong],
        changes: &Changes,
    ) -> Result<Vec<Vec<u8>>, Stuck> {
        let mut lines = Vec::new();
        let mut done = 0;
        let wrong = self.ground.topmost(wrong);
        for (number, one) in wrong.iter().enumerate() {
            if one.place < done {
                continue;
            }
            let place = &self.ground.places[one.place];
            done = place.end;
            if one.out != 0 && one.within != 0 {
                return Err(Stuck::Apart(one.place));
            }
            let is_negated = one.out != 0;
            let next = wrong.get(number + 1);
            let wide = next.filter(|_| is_negated).and_then(|next| {
                let dir = self.widest_wanted(one.place)?;
                (next.place < self.ground.places[dir].end).then_some(dir)
            });
            let line = match wide {
                Some(dir) => {
                    done = self.ground.places[dir].end;
                    self.line(dir, true, Below::Only)
                }
                None => self.line(one.place, is_negated, Below::Itself),
            };
            let line = line.ok_or(Stuck::Name(one.place))?;
            let path = place.path.as_bytes();
            // A rule that changes nothing for a directory is not handed down, and one whose directory is not looked into is not asked.
            let below = || self.line(one.place, is_negated, Below::Only);
            let search = || literal::search_line(path);
            let more = [
                Some(line),
                below().filter(|_| place.is_dir),
                search().filter(|_| is_negated),
            ];
            let mut more = more.into_iter().flatten();
            lines.extend(more.find(|line| !changes.inserts(line)));
        }
        Ok(lines)
    }

    /// The highest directory above an entry of which all is wanted.
    fn widest_wanted(&self, place: usize) -> Option<usize> {
        let mut widest = None;
        let mut next = self.ground.places[place].parent;
        while let Some(dir) = next.filter(|dir| self.ground.is_wholly_wanted(*dir)) {
            widest = Some(dir);
            next = self.ground.places[dir].parent;
        }
        widest
    }

    pub(super) fn line(&self, place: usize, is_negated: bool, below: Below) -> Option<Vec<u8>> {
        let path = self.ground.places[place].path.as_bytes();
        literal::line(path, is_negated, below, &self.ground.semantics())
    }

    pub(super) fn appended(&self, changes: &Changes, lines: &[Vec<u8>]) -> Changes {
        let end = self.text.lines.len();
        lines.iter().fold(changes.clone(), |changes, line| {
            changes.and(&Changes::insert(end, line))
        })
    }
}
