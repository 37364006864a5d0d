//! Builds that a real engine reported, and what a real client made of them; see `recorded/README.md`.

use serde_json::Value;
use shipload::engine::{LogStream, ProgressGroup, Vertex, VertexLog, VertexStatus};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::super::*;

/// Name, what was reported, what `--progress plain` printed of it.
const RECORDED: &[(&str, &str, &str)] = &[
    (
        "steps",
        include_str!("../recorded/steps.jsonl"),
        include_str!("../recorded/steps.txt"),
    ),
    (
        "cached",
        include_str!("../recorded/cached.jsonl"),
        include_str!("../recorded/cached.txt"),
    ),
    (
        "fails",
        include_str!("../recorded/fails.jsonl"),
        include_str!("../recorded/fails.txt"),
    ),
    (
        "turns",
        include_str!("../recorded/turns.jsonl"),
        include_str!("../recorded/turns.txt"),
    ),
    (
        "warns",
        include_str!("../recorded/warns.jsonl"),
        include_str!("../recorded/warns.txt"),
    ),
];

/// Name, what was reported, and the last picture with `--progress tty`.
const PICTURES: &[(&str, &str, &str)] = &[
    (
        "steps",
        include_str!("../recorded/steps.jsonl"),
        include_str!("../recorded/steps.screen.txt"),
    ),
    (
        "cached",
        include_str!("../recorded/cached.jsonl"),
        include_str!("../recorded/cached.screen.txt"),
    ),
    (
        "fails",
        include_str!("../recorded/fails.jsonl"),
        include_str!("../recorded/fails.screen.txt"),
    ),
    (
        "warns",
        include_str!("../recorded/warns.jsonl"),
        include_str!("../recorded/warns.screen.txt"),
    ),
];

/// The events in a line of a recorded build, with the latest time in it.
fn decode(line: &str) -> (Vec<Event>, Option<SystemTime>) {
    let status: Value = serde_json::from_str(line).unwrap();
    let mut latest = None;
    let mut time = |value: &Value| {
        let time: jiff::Timestamp = value.as_str()?.parse().unwrap();
        let time = SystemTime::from(time);
        latest = latest.max(Some(time));
        Some(time)
    };
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let bytes = |value: &Value| STANDARD.decode(text(value)).unwrap();
    let words = |value: &Value| String::from_utf8(bytes(value)).unwrap();
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let mut events = Vec::new();
    for v in list(&status["vertexes"]) {
        let mut vertex = Vertex::default();
        vertex.digest = text(&v["digest"]);
        vertex.inputs = list(&v["inputs"]).iter().map(text).collect();
        vertex.name = text(&v["name"]);
        vertex.started = time(&v["started"]);
        vertex.completed = time(&v["completed"]);
        vertex.cached = v["cached"] == true;
        vertex.error = v["error"].as_str().map(str::to_owned);
        events.push(Event::Vertex(vertex));
    }
    for s in list(&status["statuses"]) {
        let mut status = VertexStatus::default();
        status.id = text(&s["id"]);
        status.vertex = text(&s["vertex"]);
        status.name = text(&s["name"]);
        status.current = s["current"].as_u64().unwrap();
        status.total = s["total"].as_u64().unwrap_or(0);
        status.timestamp = time(&s["timestamp"]);
        status.started = time(&s["started"]);
        status.completed = time(&s["completed"]);
        events.push(Event::VertexStatus(status));
    }
    for w in list(&status["warnings"]) {
        let mut source = SourceLines::default();
        source.file = text(&w["sourceInfo"]["filename"]);
        source.text = words(&w["sourceInfo"]["data"]);
        let at = |value: &Value| u32::try_from(value["line"].as_u64().unwrap()).unwrap();
        let ranges = list(&w["range"]);
        source.ranges = ranges
            .iter()
            .map(|r| (at(&r["start"]), at(&r["end"])))
            .collect();
        let mut warning = VertexWarning::default();
        warning.vertex = text(&w["vertex"]);
        warning.level = w["level"].as_i64().unwrap();
        warning.short = words(&w["short"]);
        warning.details = list(&w["detail"]).iter().map(words).collect();
        warning.url = text(&w["url"]);
        warning.source = Some(source);
        events.push(Event::VertexWarning(warning));
    }
    for l in list(&status["logs"]) {
        let mut log = VertexLog::default();
        log.vertex = text(&l["vertex"]);
        log.stream = match l["stream"].as_u64() {
            Some(1) => LogStream::Stdout,
            _ => LogStream::Stderr,
        };
        log.data = bytes(&l["data"]);
        log.timestamp = time(&l["timestamp"]);
        events.push(Event::VertexLog(log));
    }
    (events, latest)
}

/// All that is said of a build, looked at every [`PACE`] of its own time.
fn replay(recorded: &str, view: View) -> String {
    let mut story = Story::new(view);
    let mut out = String::new();
    let mut now = SystemTime::UNIX_EPOCH;
    let mut next = now;
    for line in recorded.lines() {
        let (events, latest) = decode(line);
        now = latest.map_or(now, |latest| latest.max(now));
        if next == SystemTime::UNIX_EPOCH {
            next = now;
        }
        while next < now {
            out += &story.news(next);
            next += PACE;
        }
        for event in events {
            out += &story.event(&event, now);
        }
    }
    let end = story.finish(now);
    out + &end.lines + &end.failures + &end.warnings
}

/// Lines without what differs from build to build.
fn masked(text: &str) -> Vec<String> {
    let mut lines = Vec::new();
    for line in text.lines() {
        let mut words: Vec<String> = line.split(' ').map(str::to_owned).collect();
        // Not all parts are seen before they are done.
        let is_part = ["transferring", "exporting", "writing", "naming"];
        let is_part = words
            .get(1)
            .is_some_and(|word| is_part.contains(&word.as_str()));
        if is_part && words.len() > 2 && words.last().unwrap() != "done" && !line.ends_with("image")
        {
            continue;
        }
        for word in &mut words {
            let number = word.strip_suffix('s').unwrap_or(word);
            if number.contains('.') && number.parse::<f64>().is_ok() {
                "TIME".clone_into(word);
            } else if let Some(digest) = word.strip_prefix("sha256:") {
                assert_eq!(digest.len(), 64, "{line}");
                "sha256:…".clone_into(word);
            }
        }
        let mut line = words.join(" ");
        // A short time is left out.
        if is_part {
            line = line.replace(" TIME done", " done");
        }
        lines.push(line.trim_end().to_owned());
    }
    lines
}

/// What the client printed, up to where others go on, less what is shown otherwise on purpose.
fn expected(name: &str, printed: &str) -> Vec<String> {
    let printed = printed
        .replace("\u{1b}[33m2 warnings", "2 warnings")
        .replace("\u{1b}[0m -", " -");
    let (printed, _) = printed
        .split_once("------\nDockerfile:")
        .map_or((&*printed, ""), |(first, rest)| {
            (&printed[..first.len() + "------\n".len()], rest)
        });
    let overwritten = |line: &str| {
        let (start, text) =
            line.split_at(line.find('\r').map_or(0, |_| line.rfind(' ').unwrap() + 1));
        format!("{start}{}", text.rsplit('\r').next().unwrap())
    };
    let lines: Vec<String> = printed.split('\n').map(overwritten).collect();
    let mut lines = masked(&sanitize(&lines.join("\n")));
    if name == "fails" {
        // When a line has no end, it forgets those before it that came at once, and repeats it in part.
        let first = lines.iter().position(|line| line == "TIME part").unwrap();
        let last = lines.iter().rposition(|line| line == "------").unwrap();
        let mut repeated: Vec<String> = (7..=15).map(|line| format!("TIME line {line}")).collect();
        repeated.push("TIME part".to_owned());
        lines.splice(first..last, repeated);
    }
    lines
}

/// The steps without their numbers, sorted.
fn without_order(lines: &[String]) -> Vec<String> {
    let steps = lines.split(String::is_empty);
    let mut steps: Vec<String> = steps
        .map(|step| {
            let texts = step.iter().map(|line| line.split_once(' ').unwrap().1);
            texts.collect::<Vec<_>>().join("\n")
        })
        .collect();
    steps.sort();
    steps
}

/// The lines of each step together.
fn without_turns(lines: &[String]) -> Vec<String> {
    let lines = lines
        .iter()
        .filter(|line| !line.is_empty() && !line.ends_with(" ..."));
    let mut lines: Vec<String> = lines.cloned().collect();
    let number = |line: &str| line.split(' ').next().map(str::to_owned);
    lines.sort_by_key(|line| number(line));
    let is_name = |line: &str| line.contains(" [") && line.ends_with(']');
    let mut names = std::collections::HashSet::new();
    lines.retain(|line| !is_name(line) || names.insert(line.clone()));
    lines
}

#[test]
fn plain_is_what_buildx_prints() {
    for (name, reported, printed) in RECORDED {
        let shown = replay(reported, View::Plain(Plain::default()));
        let (mut shown, mut printed) = (masked(&shown), expected(name, printed));
        if *name == "cached" {
            // The engine looks steps up in no certain order.
            (shown, printed) = (without_order(&shown), without_order(&printed));
        }
        if *name == "turns" {
            // Where both print at once, it is chance whose turn ends when; the first turn is five seconds of each by then.
            let turn = |lines: &[String]| lines.iter().position(|line| line == "#5 ...").unwrap();
            assert_eq!(shown[..turn(&shown)], printed[..turn(&printed)]);
            (shown, printed) = (without_turns(&shown), without_turns(&printed));
        }
        assert_eq!(shown, printed, "{name}");
    }
}

/// What a line of JSON holds, piece by piece; times without what differs in how they are written.
fn pieces(json: &str) -> Vec<(String, Value)> {
    let status: Value = serde_json::from_str(json).unwrap();
    let kinds = status.as_object().unwrap().iter();
    kinds
        .flat_map(|(kind, list)| {
            let list = list.as_array().unwrap().iter();
            list.map(|piece| (kind.clone(), piece.clone()))
                .collect::<Vec<_>>()
        })
        .collect()
}

#[test]
fn rawjson_is_what_buildx_prints() {
    for (name, reported, _) in RECORDED {
        for line in reported.lines() {
            let written: Vec<String> = decode(line).0.iter().filter_map(json_line).collect();
            assert!(written.iter().all(|json| !json.contains('\n')));
            let mut written: Vec<_> = written.iter().flat_map(|json| pieces(json)).collect();
            let mut expected = pieces(line);
            written.sort_by(|a, b| a.0.cmp(&b.0));
            expected.sort_by(|a, b| a.0.cmp(&b.0));
            assert_eq!(written, expected, "{name}: {line}");
        }
    }
}

#[test]
fn rawjson_of_odd_things() {
    let mut vertex = Vertex::default();
    vertex.name = "a\u{202e}b\u{7f}\"\\\u{1b}[2Jé\n".to_owned();
    let mut group = ProgressGroup::default();
    (group.id, group.weak) = ("g".to_owned(), true);
    vertex.group = Some(group);
    let rows = [
        (
            Event::Vertex(vertex),
            r#"{"vertexes":[{"name":"a\u202eb\u007f\"\\\u001b[2Jé\n","progressGroup":{"id":"g","weak":true}}]}"#,
        ),
        (
            Event::VertexStatus(VertexStatus::default()),
            r#"{"statuses":[{"id":"","current":0,"timestamp":"0001-01-01T00:00:00Z"}]}"#,
        ),
        (
            Event::VertexLog(VertexLog::default()),
            r#"{"logs":[{"stream":1,"data":"","timestamp":"0001-01-01T00:00:00Z"}]}"#,
        ),
        (
            Event::VertexWarning(VertexWarning::default()),
            r#"{"warnings":[{}]}"#,
        ),
    ];
    for (event, expected) in rows {
        assert_eq!(json_line(&event).unwrap(), expected);
    }
    assert_eq!(json_line(&Event::Cached), None);
}

/// A picture without its times and digests, sorted where the engine is free in the order.
fn still(picture: &str, order: &str) -> Vec<String> {
    let mut lines = Vec::new();
    for line in picture.lines() {
        let words = line.split(' ').map(|word| {
            let number = word.strip_suffix('s').unwrap_or("");
            if number.parse::<f64>().is_ok() {
                "#".repeat(word.len())
            } else if let Some(digest) = word.strip_prefix("sha256:") {
                format!("sha256:{}", "#".repeat(digest.len()))
            } else {
                word.to_owned()
            }
        });
        lines.push(words.collect::<Vec<_>>().join(" "));
    }
    if ["steps", "cached"].contains(&order) {
        lines.sort();
    }
    lines
}

#[test]
fn the_last_picture_is_what_buildx_draws() {
    let extent = Extent {
        columns: 80,
        rows: 24,
    };
    for (name, reported, drawn) in PICTURES {
        let mut story = Story::new(View::Screen(Screen::default()));
        let mut now = SystemTime::UNIX_EPOCH;
        for line in reported.lines() {
            let (events, latest) = decode(line);
            now = now.max(latest.unwrap_or(now));
            for event in events {
                assert_eq!(story.event(&event, now), "");
            }
            let picture = story.picture(now, extent, Scope::Fitting).unwrap();
            assert!(picture.len() < extent.rows, "{name}");
        }
        let picture = story.picture(now, extent, Scope::All).unwrap();
        let texts: Vec<&str> = picture.iter().map(|line| line.text.as_str()).collect();
        assert_eq!(still(&texts.join("\n"), name), still(drawn, name), "{name}");
    }
}
