//! What is told of an edit: what moves by it, and what it leaves on the wrong side.

use shipload_context::EntryPath;

use super::super::{Astray, Move, Side};
use super::{Engine, Ground, Wrong};

/// # Telling
impl Ground<'_> {
    /// What moves, by what was asked.
    pub(in super::super) fn moves(&self) -> Vec<Move> {
        let mut moves = Vec::new();
        for (number, place) in self.places.iter().enumerate() {
            let Some(side) = place.asked else { continue };
            let above = place.parent.and_then(|parent| self.places[parent].asked);
            if above == Some(side) {
                continue;
            }
            let is_moving = |engine: &Engine, at: usize| {
                self.places[at].asked == Some(side) && engine.now[at] != engine.goal[at]
            };
            let below = || number..place.end;
            let moving = |at: &usize| self.engines.iter().any(|engine| is_moving(engine, *at));
            let entries = below().filter(moving).count();
            let engines = self.engines.iter();
            let engines = engines.filter(|engine| below().any(|at| is_moving(engine, at)));
            if entries > 0 {
                moves.push(Move {
                    path: place.path.clone(),
                    side,
                    entries,
                    engines: engines.map(|engine| engine.semantics).collect(),
                });
            }
        }
        moves
    }

    /// What is asked out and sent all the same.
    pub(in super::super) fn still_sent(&self) -> Vec<EntryPath> {
        let own = self.engines.iter().flat_map(|engine| &engine.own);
        let asked_out = own.filter(|place| self.places[**place].asked == Some(Side::Excluded));
        asked_out
            .map(|place| self.places[*place].path.clone())
            .collect()
    }

    pub(in super::super) fn astray(&self, wrong: &[Wrong]) -> Vec<Astray> {
        let mut astray = Vec::new();
        for wrong in wrong {
            for (bits, side) in [(wrong.out, Side::Excluded), (wrong.within, Side::Included)] {
                if bits != 0 {
                    astray.push(Astray {
                        path: self.places[wrong.place].path.clone(),
                        side,
                        engines: self.named(bits),
                    });
                }
            }
        }
        astray
    }
}
