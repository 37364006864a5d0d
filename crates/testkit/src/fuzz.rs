//! Long comparisons with the real builders, on random cases.

use std::fmt;
use std::io;
use std::num::NonZero;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

use crate::oracle::{self, Answer, Oracle};
use crate::tree::{Case, Kinds, random_case, shrink};

/// The outcome of a comparison.
#[derive(Debug)]
pub struct Report {
    /// The builder that was asked.
    pub tool: String,
    /// How many cases were compared.
    pub cases: u64,
    /// How many of them the builder refused.
    pub refused: u64,
    /// How many of them got no clear answer.
    pub unclear: u64,
    /// The seeds of the cases that differ, in order.
    pub differing: Vec<u64>,
    /// The first of these, made as small as it gets.
    pub first: Option<Difference>,
}

/// A case on which we and the real builder disagree.
#[derive(Debug)]
pub struct Difference {
    /// The case.
    pub case: Case,
    /// Our answer.
    pub ours: Answer,
    /// The builder's.
    pub theirs: Answer,
}

/// Compares our ignore rules with a builder, on the cases of `count` seeds from `seed` on, with all cores.
///
/// # Errors
/// When the builder cannot be asked.
pub fn ignore(oracle: &Oracle, count: u64, seed: u64) -> io::Result<Report> {
    let next = AtomicU64::new(seed);
    let (refused, unclear) = (AtomicU64::new(0), AtomicU64::new(0));
    let differing = Mutex::new(Vec::new());
    let work = || -> io::Result<()> {
        loop {
            let seed_now = next.fetch_add(1, Ordering::Relaxed);
            if seed_now >= seed + count {
                return Ok(());
            }
            let (ours, theirs) = ask(oracle, &random_case(seed_now, Kinds::Plain))?;
            match &theirs {
                Answer::Refused => refused.fetch_add(1, Ordering::Relaxed),
                Answer::Unclear => unclear.fetch_add(1, Ordering::Relaxed),
                Answer::Sent(_) => 0,
            };
            if !oracle::agree(&ours, &theirs) {
                differing
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .push(seed_now);
            }
        }
    };
    thread::scope(|scope| {
        let cores = thread::available_parallelism().map_or(1, NonZero::get);
        let threads: Vec<_> = (0..cores).map(|_| scope.spawn(work)).collect();
        threads.into_iter().try_for_each(|thread| {
            thread
                .join()
                .unwrap_or_else(|_| Err(io::Error::other("a comparison panicked")))
        })
    })?;
    let mut differing = differing
        .into_inner()
        .unwrap_or_else(PoisonError::into_inner);
    differing.sort_unstable();
    let first = differing
        .first()
        .map(|seed| reduce(oracle, *seed))
        .transpose()?;
    let (refused, unclear) = (refused.into_inner(), unclear.into_inner());
    Ok(Report {
        tool: oracle.name(),
        cases: count,
        refused,
        unclear,
        differing,
        first,
    })
}

fn ask(oracle: &Oracle, case: &Case) -> io::Result<(Answer, Answer)> {
    Ok((
        oracle::comparable(case, oracle.semantics()),
        oracle.answer(case)?,
    ))
}

fn reduce(oracle: &Oracle, seed: u64) -> io::Result<Difference> {
    let case = shrink(random_case(seed, Kinds::Plain), |case| {
        ask(oracle, case).is_ok_and(|(ours, theirs)| !oracle::agree(&ours, &theirs))
    });
    let (ours, theirs) = ask(oracle, &case)?;
    Ok(Difference { case, ours, theirs })
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let differing = self.differing.len();
        write!(
            f,
            "{}: {} cases, {} refused, {} unclear, {differing} differ",
            self.tool, self.cases, self.refused, self.unclear
        )?;
        if let Some(first) = &self.first {
            write!(
                f,
                " (seeds {:?})\n{first}",
                &self.differing[..differing.min(20)]
            )?;
        }
        Ok(())
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}\nours:   {}\ntheirs: {}",
            self.case, self.ours, self.theirs
        )
    }
}
