//! Builds written by hand, and what is told of them.

use shipload::engine::{ProgressGroup, Vertex, VertexLog, VertexStatus};

use super::super::*;

/// A time of the build, in milliseconds since it began.
pub(super) fn at(millis: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_millis(1_700_000_000_000 + millis)
}

/// A vertex as `digest name started-completed`, times in milliseconds, then how it ended and which group it is in.
pub(super) fn vertex(text: &str) -> Event {
    let words: Vec<&str> = text.split(' ').collect();
    let mut vertex = Vertex::default();
    vertex.digest = words[0].to_owned();
    vertex.name = words[1].to_owned();
    let (started, completed) = words[2].split_once('-').unwrap();
    vertex.started = started.parse().ok().map(at);
    vertex.completed = completed.parse().ok().map(at);
    for word in &words[3..] {
        match *word {
            "cached" => vertex.cached = true,
            "canceled" => vertex.error = Some("process: context canceled".to_owned()),
            "failed" => vertex.error = Some("exit code: 1".to_owned()),
            group => {
                let mut of = ProgressGroup::default();
                of.weak = group.starts_with('~');
                of.id = group.trim_start_matches('~').to_owned();
                of.name = format!("[{}]", of.id);
                vertex.group = Some(of);
            }
        }
    }
    Event::Vertex(vertex)
}

pub(super) fn log(vertex: &str, millis: u64, text: &str) -> Event {
    let mut log = VertexLog::default();
    log.vertex = vertex.to_owned();
    log.data = text.as_bytes().to_vec();
    log.timestamp = Some(at(millis));
    Event::VertexLog(log)
}

/// A part as `vertex id current/total started-completed`, at the time `millis`.
pub(super) fn status(millis: u64, text: &str) -> Event {
    let words: Vec<&str> = text.split(' ').collect();
    let mut status = VertexStatus::default();
    status.vertex = words[0].to_owned();
    status.id = words[1].to_owned();
    let (current, total) = words[2].split_once('/').unwrap();
    (status.current, status.total) = (current.parse().unwrap(), total.parse().unwrap());
    let (started, completed) = words[3].split_once('-').unwrap();
    status.started = started.parse().ok().map(at);
    status.completed = completed.parse().ok().map(at);
    status.timestamp = Some(at(millis));
    Event::VertexStatus(status)
}

/// Events by their times, from lines such as
///
/// ```text
/// 0 a is one 0-
/// 5 a prints hello
/// 9 a prints… no end
/// 9 a does pull 1/2 8-9
/// ```
pub(super) fn events(text: &str) -> Vec<(u64, Event)> {
    let event = |line: &str| {
        let mut words = line.trim_start().splitn(4, ' ');
        let mut word = || words.next().unwrap();
        let (millis, name, verb, rest) = (word().parse().unwrap(), word(), word(), word());
        let event = match verb {
            "is" => vertex(&format!("{name} {rest}")),
            "prints" => log(name, millis, &format!("{rest}\n")),
            "prints…" => log(name, millis, rest),
            "does" => status(millis, &format!("{name} {rest}")),
            other => panic!("`{other}` is no verb"),
        };
        (millis, event)
    };
    text.lines().map(event).collect()
}

/// What is told of events at their times, all of them looked at after each.
pub(super) fn tell(view: View, events: &[(u64, Event)]) -> String {
    let mut story = Story::new(view);
    let mut out = String::new();
    let mut last = 0;
    for (millis, event) in events {
        out += &story.event(event, at(*millis));
        out += &story.news(at(*millis));
        last = *millis;
    }
    let end = story.finish(at(last));
    out + &end.lines + &end.failures + &end.warnings
}

/// What happened, and what plain mode tells of it.
fn check(rows: &[(&str, &str)]) {
    for (happened, told) in rows {
        let shown = tell(View::Plain(Plain::default()), &events(happened));
        assert_eq!(shown, *told, "{happened}");
    }
}

#[test]
fn steps_end_in_many_ways() {
    check(&[
        ("", ""),
        ("0 a is one -\n1 a prints x", ""),
        ("0 a prints x\n0 a does part 1/2 0-", ""),
        (
            "0 a is one 0-\n1250 a is one 0-1250",
            "#1 one\n#1 DONE 1.2s\n",
        ),
        (
            "0 a is one 0-\n5 a is one 0-5\n6 a is one 0-5\n7 a is one -",
            "#1 one\n#1 DONE 0.0s\n",
        ),
        (
            "5 a is one 0-5\n400 a is one 300-\n500 a is one 300-500",
            "#1 one\n#1 DONE 0.0s\n\n#1 one\n#1 DONE 0.2s\n",
        ),
        // Looked up in the cache, and then begun.
        (
            "0 a is one 0-0\n5 a is one 5-\n99 a is one 5-99",
            "#1 one\n#1 DONE 0.1s\n",
        ),
        ("0 a is one 0-0", "#1 one\n#1 DONE 0.0s\n"),
        ("0 a is one 0-0 cached", "#1 one\n#1 CACHED\n"),
        (
            "0 a is one 0-\n0 b is two 0-\n90 a prints… oops\n100 a is one 0-100 failed\n101 b is two 0-101 canceled",
            "#1 one\n#1 0.090 oops\n#1 ERROR: exit code: 1\n\n#2 two\n#2 CANCELED\n\
             ------\n > one:\n0.090 oops\n------\n",
        ),
        (
            "0 a is one 0-\n1 a prints… no end",
            "#1 one\n#1 0.001 no end\n",
        ),
        (
            "0 a is \u{1b}[2Jo\u{202e}ne\u{7} 0-\n1 a prints \u{1b}]0;x\u{7}y\u{9b}2Jz",
            "#1 one\n#1 0.001 yz\n",
        ),
    ]);
}

#[test]
fn steps_take_turns() {
    check(&[(
        "0 a is one 0-\n0 b is two 0-\n5000 b prints b\n10001 b prints c\n10050 b prints d\n\
         10100 b is two 0-10100\n10200 a is one 0-10200",
        "#1 one\n#1 ...\n\n#2 two\n#2 5.000 b\n#2 10.00 c\n#2 10.05 d\n#2 DONE 10.1s\n\n#1 one\n#1 DONE 10.2s\n",
    )]);
}

#[test]
fn parts_are_told_when_they_have_made_way() {
    check(&[
        (
            "0 a is one 0-\n1 a does sha256:x 0/2000 1-\n2 a does sha256:x 99/2000 1-\n3 a does sha256:x 100/2000 1-\n\
             5001 a does sha256:x 101/2000 1-\n5003 a does sha256:x 101/2000 1-\n6000 a does sha256:x 2000/2000 1-6000\n\
             6001 a does transferring 1536000/0 6001-6002\n6002 a does nothing 0/0 6002-6002\n6003 a is one 0-6003",
            "#1 one\n#1 sha256:x 0B / 2.00kB\n#1 sha256:x 100B / 2.00kB\n#1 sha256:x 101B / 2.00kB 5.0s\n\
             #1 sha256:x 2.00kB / 2.00kB 6.0s done\n#1 transferring 1.54MB done\n#1 nothing done\n#1 DONE 6.0s\n",
        ),
        // As with caches that are elsewhere.
        (
            "0 a is one 0-\n1 a does p 1/2 1-\n10 a is one 0-10\n20 a does p 2/2 1-20",
            "#1 one\n#1 p 1B / 2B\n#1 DONE 0.0s\n\n#1 one\n#1 p 2B / 2B 0.0s done\n#1 DONE 0.0s\n",
        ),
    ]);
}

#[test]
fn groups_are_one_step() {
    check(&[
        (
            "0 a is one 0-10 ~g\n20 b is two 20- g\n21 a prints of a\n30 b is two 20-30 g\n40 c is three 40-41 ~hidden",
            "#1 [g]\n#1 0.001 of a\n#1 DONE 0.0s\n",
        ),
        // Cached when all of it is, failed when any of it is.
        (
            "0 a is one 0-1 cached g\n1 b is two 0-1 cached h\n1 c is three 0-1 failed h",
            "#1 [g]\n#1 CACHED\n\n#2 [h]\n#2 CACHED\n\n#2 [h]\n#2 ERROR: exit code: 1\n------\n > [h]:\n------\n",
        ),
    ]);
}

#[test]
fn quiet_tells_only_what_failed() {
    let lines: Vec<String> = (0..300)
        .map(|line| format!("1 a prints {line}\n"))
        .collect();
    let happened = |last: &str| events(&format!("0 a is one 0-\n{}{last}", lines.concat()));
    assert_eq!(tell(View::Quiet, &happened("2 a is one 0-2")), "");
    let shown = tell(View::Quiet, &happened("2 a is one 0-2 failed"));
    assert!(
        shown.starts_with("------\n > one:\n0.001 100\n0.001 101\n"),
        "{shown}"
    );
    assert!(shown.ends_with("0.001 299\n------\n"), "{shown}");
}

/// However much is printed at once, nothing of it is lost and little of it is held.
#[test]
fn a_flood_passes_through() {
    let mut story = Story::new(View::Plain(Plain::default()));
    let mut out = String::new();
    let lines: Vec<String> = (0..20_000).map(|line| format!("{line:0100}\n")).collect();
    let lines = lines.concat();
    for event in [vertex("a one 0-"), vertex("b two 0-"), log("b", 1, "x\n")] {
        story.event(&event, at(0));
        out += &story.news(at(0));
    }
    // One of them has the screen, and both print.
    for name in ["a", "b"] {
        out += &story.event(&log(name, 1, &lines), at(1));
    }
    out += &story.finish(at(2)).lines;
    for (number, name) in [(1, "one"), (2, "two")] {
        assert!(out.contains(&format!("#{number} {name}\n")));
        for line in [0, 1, 9999, 19_999] {
            assert!(
                out.contains(&format!("#{number} 0.001 {line:0100}\n")),
                "{name} {line}"
            );
        }
    }
    assert_eq!(out.matches(" 0.001 0").count(), 40_000);
}

/// The picture after these events, for a terminal of so many columns and rows.
fn picture(happened: &str, now: u64, columns: usize, rows: usize, scope: Scope) -> String {
    let mut story = Story::new(View::Screen(Screen::default()));
    for (millis, event) in events(happened) {
        story.event(&event, at(millis));
    }
    let extent = Extent { columns, rows };
    let lines = story.picture(at(now), extent, scope).unwrap();
    let texts: Vec<&str> = lines.iter().map(|line| line.text.as_str()).collect();
    texts.join("\n")
}

#[test]
fn a_picture_shows_what_runs_and_what_it_says() {
    let happened = "0 a is one 0-500\n600 b is two 600-\n700 b prints hello\ttab\n700 b prints \n800 b prints… open\n\
                    900 b does pull 1000/2000 900-\n900 c is three -";
    assert_eq!(
        picture(happened, 1000, 40, 24, Scope::Fitting),
        "[+] Building 1.0s (1/3)\n \
         => one                            0.5s\n \
         => two                            0.4s\n \
         => => # hello  tab\n \
         => => # open\n \
         => => pull 1.00kB / 2.00kB        0.1s"
    );
    // Too low for output, and too narrow for amounts.
    assert_eq!(
        picture(happened, 1000, 30, 5, Scope::Fitting),
        "[+] Building 1.0s (1/3)\n => one                  0.5s\n => two                  0.4s\n => => pull              0.1s"
    );
    // What runs stays.
    assert_eq!(
        picture(happened, 1000, 30, 4, Scope::Fitting),
        "[+] Building 1.0s (1/3)\n => two                  0.4s\n => => pull              0.1s"
    );
    assert_eq!(
        picture(
            "0 a is 漢字漢字漢字漢字漢字 0-60000 failed",
            0,
            30,
            24,
            Scope::All
        ),
        "[+] Building 0.0s (1/1) FINISHE"[..30].to_owned() + "\n => ERROR 漢字漢字漢字  60.0s"
    );
}

#[test]
fn a_picture_is_never_larger_than_its_terminal() {
    let steps: Vec<String> = (0..9)
        .map(|step| {
            format!(
                "0 s{step} is name-that-is-rather-long-é 0-\n1 s{step} prints {}",
                "漢".repeat(99)
            )
        })
        .collect();
    for columns in 0..90 {
        for rows in 2..60 {
            let drawn = picture(&steps.join("\n"), 5, columns, rows, Scope::Fitting);
            assert!(drawn.lines().count() < rows, "{columns} × {rows}");
            assert!(
                drawn.lines().all(|line| crate::ui::width(line) <= columns),
                "{columns} × {rows}:\n{drawn}"
            );
        }
    }
}
