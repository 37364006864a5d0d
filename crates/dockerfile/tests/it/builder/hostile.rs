//! Hostile values for every method of the builder: what parsers read is what was given, or nothing was written.
//!
//! Two parsers read: ours, and BuildKit's. Neither knows what was given; `lexer` is a third account of the shell lexer, so that the
//! test shares no code with what it tests. Longer runs: `cargo xtask fuzz builder`.

mod calls;
mod lexer;
mod script;
mod seen;
mod values;
mod want;

use std::env;
use std::num::NonZero;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use shipload_testkit::buildkit_parser::BuildkitParser;
use shipload_testkit::engine;
use shipload_testkit::random::Random;

use script::Script;

fn number(variable: &str, default: u64) -> u64 {
    let text = env::var(variable).ok();
    text.map_or(default, |text| text.parse().unwrap())
}

/// Writes Dockerfiles from seeds until so many values were given, and has each read.
fn run(values: u64, first: u64, parser: Option<&mut BuildkitParser>, next: &AtomicU64) -> [u64; 3] {
    let mut parser = parser;
    let mut counts = [0; 3];
    loop {
        let done = next.fetch_add(1, Ordering::Relaxed);
        // Some 20 values a Dockerfile.
        if done * 20 >= values {
            return counts;
        }
        let seed = first + done;
        let script = Script::write(&mut Random::new(seed));
        script.check_ours(seed);
        if let Some(parser) = parser.as_deref_mut() {
            script.check_theirs(seed, parser);
        }
        counts[0] += script.values;
        counts[1] += script.wants.len() as u64;
        counts[2] += script.refused;
    }
}

#[test]
fn what_parsers_read_is_what_was_given() {
    let values = number("SHIPLOAD_CASES", 20_000);
    let first = number("SHIPLOAD_SEED", 0);
    if let Err(why) = BuildkitParser::find() {
        engine::skip(&format!("only our own parser reads: {why}"));
    }
    let next = AtomicU64::new(0);
    let threads = thread::available_parallelism().map_or(1, NonZero::get);
    let counts = thread::scope(|scope| {
        let work = || {
            let mut parser = BuildkitParser::find().ok();
            run(values, first, parser.as_mut(), &next)
        };
        let threads: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        let all = threads.into_iter().map(|thread| thread.join().unwrap());
        all.reduce(|a, b| std::array::from_fn(|i| a[i] + b[i]))
    });
    let [values_given, instructions, refused] = counts.unwrap();
    println!("{values_given} values: {instructions} instructions, {refused} calls refused");
    assert!(values_given >= values, "{values_given} values are too few");
    assert!(refused < instructions, "hardly anything was written");
}
