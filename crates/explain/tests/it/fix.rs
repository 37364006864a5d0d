//! `fix` on random trees with random rule files, and on those that people have.

mod ask;
mod moved;
mod random;
mod smallest;
