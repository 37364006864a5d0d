//! Any text for a request and any words of a receiver: an answer or a typed error, and in bounded time.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use proptest::prelude::*;
use shipload_context::{Announcement, Heard, Offer, Reply, Sender, SyncRequest, Tree, View};

use super::follow::{paths, request, tree};

fn some_tree() -> Tree {
    tree(&[
        "a/b/c",
        "a/b.txt",
        "a-b",
        "l -> a/b",
        "m -> ../l/c",
        "x/y -> /m",
        "x/z -> [",
        "o/o -> o",
        "p -> *",
        "a b/!c",
        "#x",
        "q{1}",
        "r|s",
        "t/ -> t",
        "u\\ -> a",
    ])
}

/// What is special in patterns and paths, and what is not.
fn pattern() -> impl Strategy<Value = String> {
    let pieces = prop_oneof![
        Just("a"),
        Just("b"),
        Just("l"),
        Just("m"),
        Just("x"),
        Just("p"),
        Just("/"),
        Just("/"),
        Just("*"),
        Just("**"),
        Just("?"),
        Just("["),
        Just("]"),
        Just("[^a]"),
        Just("[b-a]"),
        Just("!"),
        Just("\\"),
        Just(".."),
        Just("."),
        Just("{"),
        Just("|"),
        Just("("),
        Just("$"),
        Just("^"),
        Just(" "),
        Just("\n"),
        Just("\0"),
        Just("é"),
        Just("\u{feff}"),
    ];
    prop_oneof![
        prop::collection::vec(pieces, 0..8).prop_map(|pieces| pieces.concat()),
        any::<String>(),
    ]
}

fn patterns() -> impl Strategy<Value = Vec<String>> {
    prop::collection::vec(pattern(), 0..4)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]

    #[test]
    fn any_request_has_an_answer(
        follow_paths in patterns(), include_patterns in patterns(), exclude_patterns in patterns(),
    ) {
        let tree = some_tree();
        let request = SyncRequest { follow_paths, include_patterns, exclude_patterns };
        match Offer::new(&View::new(&tree), &request) {
            Ok(offer) => {
                let found = paths(&offer);
                let all: BTreeSet<_> = tree.entries().iter().map(|entry| entry.path.to_string()).collect();
                prop_assert!(found.iter().all(|path| all.contains(path)));
                let found: BTreeSet<_> = found.into_iter().collect();
                let parent = |path: &str| path.rfind('/').map(|at| path[..at].to_owned());
                prop_assert!(found.iter().filter_map(|path| parent(path)).all(|dir| found.contains(&dir)));
            }
            Err(error) => prop_assert!(error.to_string().contains("-patterns:"), "{error}"),
        }
    }

    #[test]
    fn any_words_have_an_answer(words in prop::collection::vec(0..12_u32, 0..40)) {
        let offer = Offer::new(&View::new(&some_tree()), &SyncRequest::default()).unwrap();
        let mut sender = Sender::new(&offer);
        let (mut announced, mut sending, mut sent) = (0, BTreeSet::new(), BTreeSet::new());
        let mut has_ended = false;
        for word in words {
            match word {
                0..6 => match sender.announce() {
                    Some(Announcement::Entry(id)) => {
                        prop_assert_eq!(id, announced);
                        announced += 1;
                    }
                    Some(Announcement::End) => {
                        prop_assert!(!has_ended && announced == offer.len());
                        has_ended = true;
                    }
                    None => prop_assert!(has_ended || sender.is_over()),
                },
                6..10 => {
                    let id = announced.wrapping_sub(word - 6);
                    let was_over = sender.is_over();
                    let may = id < announced && offer.has_content(id) && !sending.contains(&id) && !sent.contains(&id);
                    let reply = sender.hear(Heard::Request(id));
                    prop_assert_eq!(reply.is_ok(), may && !was_over);
                    if reply.is_ok() {
                        sending.insert(id);
                    }
                }
                10 => {
                    if let Some(id) = sending.pop_first() {
                        sender.sent(id);
                        sent.insert(id);
                    }
                }
                _ => {
                    let may = has_ended && sending.is_empty() && !sender.is_over();
                    prop_assert_eq!(sender.hear(Heard::Finished) == Ok(Reply::Finish), may);
                    prop_assert!(sender.is_over());
                }
            }
        }
    }
}

/// Links that lead to each other in all ways at once end in everything, not never.
#[test]
fn links_cannot_keep_us_busy() {
    let cases: [&[&str]; 4] = [
        &["a -> */x", "b -> */y", "c -> */z", "f"],
        &["a -> a/a", "f"],
        &["a -> b/a", "b -> a/b", "f"],
        &["a -> */*", "b -> */*/*", "c -> [ab]/c/..", "f"],
    ];
    for entries in cases {
        let tree = tree(entries);
        let start = Instant::now();
        let offer = Offer::new(&View::new(&tree), &request(&["a", "*", "*/*"], &[], &[])).unwrap();
        assert!(!offer.is_empty());
        assert!(
            start.elapsed() < Duration::from_secs(30),
            "{entries:?}: {:?}",
            start.elapsed()
        );
    }
}
