//! What is tried: patterns for several paths, and every single change that may be worth it.

use std::collections::BTreeSet;

use super::super::ground::{Outcome, Wrong};
use super::super::literal::{self, Below};
use super::super::text::Changes;
use super::super::{Side, general};
use super::Search;

/// Lines of a file that are all candidates to go; of a longer one only those that have to do with what moves.
const FEW_LINES: usize = 64;
/// Paths that are tried by their names at every place in the file.
const NAMED: usize = 8;

/// # What is tried
impl Search<'_> {
    /// Patterns that stand for several paths, alone and together.
    pub(super) fn try_patterns(&mut self) {
        let roots = self.ground.topmost(&self.wrong);
        let mut safe: Vec<(Changes, BTreeSet<usize>)> = Vec::new();
        for line in self.pattern_lines(&roots) {
            if self.best_lines() <= 1 {
                return;
            }
            let changes = Changes::insert(self.text.lines.len(), &line);
            let wrong = match self.check(&changes) {
                Some(Outcome::Exact) => {
                    if self.is_cheaper_than_best(&changes) != Some(false) {
                        self.best = Some(changes);
                    }
                    continue;
                }
                Some(Outcome::Wrong(wrong)) => wrong,
                Some(Outcome::Refused) => continue,
                None => return,
            };
            self.remember(&wrong);
            let left = self.ground.topmost(&wrong);
            if left.len() < self.best_lines() {
                let _ = self.repair(changes.clone());
            }
            if wrong.iter().all(|wrong| self.wrong.contains(wrong)) {
                let left: BTreeSet<usize> = left.iter().map(|wrong| wrong.place).collect();
                let covered = roots.iter().map(|wrong| wrong.place);
                let covered: BTreeSet<usize> =
                    covered.filter(|place| !left.contains(place)).collect();
                safe.push((changes, covered));
            }
        }
        self.combine(&safe, roots.len());
    }

    /// Two or three patterns, and a line for each path that is left.
    fn combine(&mut self, safe: &[(Changes, BTreeSet<usize>)], roots: usize) {
        let mut level: Vec<(Changes, BTreeSet<usize>, usize)> = safe
            .iter()
            .enumerate()
            .map(|(number, (changes, covered))| (changes.clone(), covered.clone(), number))
            .collect();
        for patterns in 2..=3 {
            let mut next = Vec::new();
            for (changes, covered, last) in &level {
                for (number, (more, also)) in safe.iter().enumerate().skip(last + 1) {
                    let union: BTreeSet<usize> = covered.union(also).copied().collect();
                    if union.len() > covered.len() && union.len() > also.len() {
                        next.push((changes.and(more), union, number));
                    }
                }
            }
            next.sort_by_key(|(_, covered, _)| std::cmp::Reverse(covered.len()));
            next.truncate(256);
            for (changes, covered, _) in next.iter().take(8) {
                if patterns + roots - covered.len() <= self.best_lines() {
                    let _ = self.repair(changes.clone());
                }
            }
            level = next;
        }
    }

    /// Every single change that may be worth it, cheapest first.
    pub(super) fn singles(&self) -> Vec<Changes> {
        let count = self.text.lines.len();
        let lines = self.vocabulary();
        let mut singles = Vec::new();
        for &number in &self.relevant_lines() {
            singles.push(Changes::delete(number));
            let own = turned(&self.text.lines[number].text);
            for line in lines.iter().chain(&own) {
                singles.push(Changes::replace(number, line));
            }
        }
        for line in &lines {
            singles.extend((0..=count).map(|place| Changes::insert(place, line)));
        }
        singles.sort_by(|one, other| self.text.compare(one, other));
        singles.dedup();
        singles
    }

    fn vocabulary(&self) -> BTreeSet<Vec<u8>> {
        let roots = self.ground.topmost(&self.wrong);
        let mut lines: BTreeSet<Vec<u8>> = self.pattern_lines(&roots).into_iter().collect();
        let asked = self.ground.places.iter().enumerate().filter(|(_, place)| {
            let parent = place.parent.map(|parent| &self.ground.places[parent]);
            place.asked.is_some() && parent.is_none_or(|parent| parent.asked != place.asked)
        });
        let named = roots.iter().take(NAMED).map(|wrong| wrong.place);
        for place in named.chain(asked.map(|(number, _)| number).take(NAMED)) {
            let is_included = self.ground.places[place].asked == Some(Side::Included);
            lines.extend(self.line(place, is_included, Below::Itself));
            if self.ground.places[place].is_dir {
                lines.extend(self.line(place, is_included, Below::Only));
            }
        }
        lines
    }

    fn pattern_lines(&self, roots: &[Wrong]) -> Vec<Vec<u8>> {
        let of = |is_negated: bool| {
            let paths: Vec<&[u8]> = roots
                .iter()
                .filter(|wrong| (wrong.out != 0) == is_negated)
                .map(|wrong| self.ground.places[wrong.place].path.as_bytes())
                .collect();
            general::patterns(&paths)
                .into_iter()
                .map(move |pattern| literal::as_line(&pattern, is_negated))
        };
        of(false).chain(of(true)).collect()
    }

    /// The lines that may go or change.
    pub(super) fn relevant_lines(&self) -> Vec<usize> {
        let rules = self.text.lines.iter().enumerate();
        let rules = rules.filter(|(_, line)| line.is_rule());
        let rules: Vec<usize> = rules.map(|(number, _)| number).collect();
        if rules.len() <= FEW_LINES {
            return rules;
        }
        let text = self.text.with(&Changes::default());
        let mut found = BTreeSet::new();
        for engine in &self.ground.engines {
            let Ok(read) = self.ground.read(engine, &text) else {
                continue;
            };
            for wrong in self.wrong.iter().take(FEW_LINES) {
                found.extend(self.ground.deciding_lines(&read, wrong.place));
            }
        }
        rules
            .into_iter()
            .filter(|line| found.contains(line))
            .take(FEW_LINES)
            .collect()
    }
}

/// What a line may become without another name in it.
pub(super) fn turned(line: &[u8]) -> Vec<Vec<u8>> {
    let line = line.trim_ascii();
    let (negated, pattern) = match line {
        [b'!', rest @ ..] => (true, rest.trim_ascii()),
        line => (false, line),
    };
    let bare = pattern.strip_suffix(b"/").unwrap_or(pattern);
    let mut patterns = vec![[bare, b"/*"].concat(), [bare, b"/**"].concat()];
    for suffix in [&b"/*"[..], b"/**", b"*", b"**"] {
        patterns.extend(bare.strip_suffix(suffix).map(<[u8]>::to_vec));
    }
    patterns.extend(bare.strip_prefix(b"**/").map(<[u8]>::to_vec));
    patterns.retain(|pattern| !pattern.is_empty());
    let mut turned: Vec<Vec<u8>> = patterns
        .iter()
        .map(|pattern| literal::as_line(pattern, negated))
        .collect();
    turned.push(if negated {
        pattern.to_vec()
    } else {
        [b"!", line].concat()
    });
    turned
}
