//! Any sequence of events: nothing panics, and every step is told to its end.

use proptest::collection::vec;
use proptest::prelude::*;

use super::super::*;
use super::told::{events, tell};

/// A few vertices, in groups or not, that begin, end, print and do things in any order.
fn line() -> impl Strategy<Value = String> {
    let time = prop_oneof![
        Just(String::new()),
        (0_u64..20_000).prop_map(|time| time.to_string())
    ];
    let end = prop_oneof![
        Just(""),
        Just(" cached"),
        Just(" failed"),
        Just(" canceled")
    ];
    let group = prop_oneof![4 => Just(""), 1 => Just(" g"), 1 => Just(" ~g"), 1 => Just(" ~h")];
    let name = prop_oneof![Just("a"), Just("b"), Just("c"), Just("d")];
    let verb = prop_oneof![
        4 => (time.clone(), time.clone(), end, group)
            .prop_map(|(start, end, how, group)| format!("is one {start}-{end}{how}{group}")),
        2 => "[ -~\r\u{e9}\u{7}]{0,20}".prop_map(|text| format!("prints {text}")),
        1 => "[ -~\r]{0,20}".prop_map(|text| format!("prints… {text}")),
        2 => (0_u64..9, 0_u64..9, time.clone(), time)
            .prop_map(|(current, total, start, end)| format!("does p {current}/{total} {start}-{end}")),
    ];
    (name, verb).prop_map(|(name, verb)| format!("{name} {verb}"))
}

proptest! {
    #[test]
    fn every_step_is_told_to_its_end(lines in vec((0_u64..3000, line()), 0..40)) {
        let mut now = 0;
        let timed = |(pause, line): &(u64, String)| {
            now += pause;
            format!("{now} {line}")
        };
        let lines: Vec<String> = lines.iter().map(timed).collect();
        let happened = events(&lines.join("\n"));
        let mut vertices = Vertices::default();
        for (_, event) in &happened {
            if let Event::Vertex(vertex) = event {
                vertices.vertex(vertex, SystemTime::UNIX_EPOCH);
            }
        }
        let told = tell(View::Plain(Plain::default()), &happened);
        // Numbers are handed out without gaps, one to each step that began.
        let begun = vertices.begun().count();
        for number in 1..=begun {
            let of_it = |line: &&str| line.split(' ').next() == Some(&format!("#{number}"));
            let mut lines = told.lines().filter(of_it);
            prop_assert!(lines.next().is_some(), "{number} of {begun}:\n{told}");
        }
        let beyond = format!("#{} ", begun + 1);
        prop_assert!(!told.lines().any(|line| line.starts_with(&beyond)), "{told}");
        // A step that ended, and did not begin again, has its end as its last line.
        let ended = vertices.begun().filter(|(_, step)| step.is_completed()).count();
        let last = |number: usize| {
            let start = format!("#{number} ");
            told.lines().rev().find(|line| line.starts_with(&start)).unwrap_or_default()
        };
        let is_end = |line: &str| {
            let words = line.split_once(' ').map_or("", |(_, words)| words);
            ["DONE ", "CACHED", "ERROR: ", "CANCELED"].iter().any(|end| words.starts_with(end))
        };
        prop_assert_eq!((1..=begun).filter(|&number| is_end(last(number))).count(), ended, "{}", told);
        let steers = |c: char| c.is_control() && c != '\n';
        prop_assert!(!told.contains(steers));
        // The other ways of looking at it.
        tell(View::Quiet, &happened);
        let mut story = Story::new(View::Screen(Screen::default()));
        for (_, event) in &happened {
            story.event(event, SystemTime::UNIX_EPOCH);
            let extent = Extent { columns: 40, rows: 9 };
            let lines = story.picture(SystemTime::UNIX_EPOCH, extent, Scope::Fitting);
            prop_assert!(lines.is_some_and(|lines| lines.len() < 9));
        }
        let json = happened.iter().filter_map(|(_, event)| json_line(event));
        for line in json {
            prop_assert!(serde_json::from_str::<serde_json::Value>(&line).is_ok(), "{line}");
        }
    }
}
