//! The sender's state machine against receivers that keep the protocol, and that do not.

use shipload_context::{
    Announcement, Heard, Offer, ProtocolError, Reply, Sender, SyncRequest, View,
};

use super::follow::tree;

fn offer(entries: &[&str]) -> Offer {
    Offer::new(&View::new(&tree(entries)), &SyncRequest::default()).unwrap()
}

#[test]
fn what_makes_no_sense_is_refused() {
    let offer = offer(&["d/f", "l -> d/f"]);
    let announced = |members: usize| {
        let mut sender = Sender::new(&offer);
        for _ in 0..members {
            sender.announce().unwrap();
        }
        sender
    };
    let f = "d/f".to_owned();
    let rows: Vec<(usize, Vec<Heard>, ProtocolError)> = vec![
        (
            0,
            vec![Heard::Request(0)],
            ProtocolError::Unannounced {
                id: 0,
                announced: 0,
            },
        ),
        (
            3,
            vec![Heard::Request(3)],
            ProtocolError::Unannounced {
                id: 3,
                announced: 3,
            },
        ),
        (
            4,
            vec![Heard::Request(u32::MAX)],
            ProtocolError::Unannounced {
                id: u32::MAX,
                announced: 3,
            },
        ),
        (
            4,
            vec![Heard::Request(0)],
            ProtocolError::NotAFile { path: "d".into() },
        ),
        (
            4,
            vec![Heard::Request(2)],
            ProtocolError::NotAFile { path: "l".into() },
        ),
        (
            4,
            vec![Heard::Request(1), Heard::Request(1)],
            ProtocolError::Twice { path: f },
        ),
        (3, vec![Heard::Finished], ProtocolError::FinishedEarly),
        (
            4,
            vec![Heard::Request(1), Heard::Finished],
            ProtocolError::FinishedUnderWay { files: 1 },
        ),
        (
            4,
            vec![Heard::Finished, Heard::Finished],
            ProtocolError::AfterEnd,
        ),
        (
            4,
            vec![Heard::Finished, Heard::Request(1)],
            ProtocolError::AfterEnd,
        ),
        (
            4,
            vec![Heard::Failed("no space".into()), Heard::Finished],
            ProtocolError::AfterEnd,
        ),
    ];
    for (members, heard, expected) in rows {
        let mut sender = announced(members);
        let mut outcome = Ok(Reply::Finish);
        for packet in heard.clone() {
            assert!(outcome.is_ok(), "{heard:?}");
            outcome = sender.hear(packet);
        }
        assert_eq!(outcome, Err(expected), "{heard:?}");
        assert!(sender.is_over());
        assert_eq!(sender.announce(), None);
        assert_eq!(sender.hear(Heard::Finished), Err(ProtocolError::AfterEnd));
    }
}

#[test]
fn files_may_be_requested_as_soon_as_they_are_announced() {
    let offer = offer(&["a", "b", "c"]);
    let mut sender = Sender::new(&offer);
    assert_eq!(sender.announce(), Some(Announcement::Entry(0)));
    assert_eq!(sender.announce(), Some(Announcement::Entry(1)));
    assert_eq!(sender.hear(Heard::Request(1)), Ok(Reply::Send(1)));
    assert_eq!(sender.hear(Heard::Request(0)), Ok(Reply::Send(0)));
    assert_eq!(sender.announce(), Some(Announcement::Entry(2)));
    assert_eq!(sender.announce(), Some(Announcement::End));
    assert_eq!(sender.announce(), None);
    sender.sent(0);
    sender.sent(0);
    sender.sent(2);
    sender.sent(1);
    assert_eq!((sender.requested(), sender.is_over()), (2, false));
    assert_eq!(sender.hear(Heard::Finished), Ok(Reply::Finish));
    assert!(sender.is_over());
}
