//! What holds for any text that an engine or a user may come up with.

use proptest::prelude::*;
use shipload_engine::{EventParser, ImageName, Message, ParseError, sanitize};

/// All that was found, and how it ended.
fn parse<'a>(pieces: impl Iterator<Item = &'a [u8]>) -> (Vec<Message>, Result<(), ParseError>) {
    let (mut parser, mut found) = (EventParser::new(), Vec::new());
    for piece in pieces {
        if let Err(error) = parser.feed(piece, &mut found) {
            return (found, Err(error));
        }
    }
    (found, parser.finish())
}

/// Answers that are mostly right: messages as engines write them, with some bytes spoilt.
fn answer() -> impl Strategy<Value = Vec<u8>> {
    let text = prop_oneof![
        Just("Step 1/2 : FROM x".to_owned()),
        Just(" ---> Using cache\n".to_owned()),
        Just("Successfully built 0123456789ab\n".to_owned()),
        "\\PC{0,12}",
    ];
    let message = (
        prop_oneof![
            Just("stream"),
            Just("status"),
            Just("error"),
            Just("id"),
            Just("x")
        ],
        text,
    )
        .prop_map(|(key, text)| serde_json::json!({ key: text }).to_string());
    let spoil = prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..3);
    (prop::collection::vec(message, 0..8), spoil).prop_map(|(messages, spoil)| {
        let mut bytes = messages.join("\r\n").into_bytes();
        for (at, byte) in spoil {
            if !bytes.is_empty() {
                let at = at.index(bytes.len());
                bytes[at] = byte;
            }
        }
        bytes
    })
}

proptest! {
    #[test]
    fn it_does_not_matter_where_an_answer_is_cut(answer in answer(), size in 1_usize..40) {
        let (whole, end) = parse(std::iter::once(&*answer));
        let (pieces, pieces_end) = parse(answer.chunks(size));
        prop_assert_eq!(whole, pieces);
        // The excerpt of a fault is what was there.
        prop_assert_eq!(end.is_ok(), pieces_end.is_ok());
    }

    #[test]
    fn clean_text_has_no_controls_and_stays(text in "[\\x00-\\x20\\x7f-\\xa0a-f\u{202a}-\u{2069}\u{1b}\\[\\];m]{0,30}") {
        let clean = sanitize(&text).into_owned();
        let bidi = |next: char| matches!(next, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        prop_assert!(!clean.chars().any(|next| (next.is_control() && !"\n\t".contains(next)) || bidi(next)));
        prop_assert_eq!(sanitize(&clean), &*clean);
    }

    #[test]
    fn a_name_that_is_taken_is_kept_and_climbs_nowhere(text in "[a-zA-Z0-9./:@_?# -]{0,24}") {
        if let Ok(name) = text.parse::<ImageName>() {
            prop_assert_eq!(name.as_str(), &*text);
            prop_assert!(name.repository().split('/').all(|part| !part.is_empty() && part != "." && part != ".."));
            prop_assert!(!text.contains(['?', '#', ' ']));
        }
    }
}
