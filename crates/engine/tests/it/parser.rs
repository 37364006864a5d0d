//! What engines say, as recorded from Docker 20.10.24 and Podman 4.3.1, in pieces of any size.

use shipload_engine::{
    EngineFailure, Event, EventParser, LogStream, Message, ParseError, sanitize,
};

/// `POST /build` on Docker Engine 20.10.24+dfsg1, classic builder.
const DOCKER: &str = r#"{"stream":"Step 1/3 : FROM scratch"}
{"stream":"\n"}
{"stream":" ---\u003e \n"}
{"stream":"Step 2/3 : COPY busybox /bin/sh"}
{"stream":"\n"}
{"stream":" ---\u003e Using cache\n"}
{"stream":" ---\u003e 7e0befbb4d00\n"}
{"stream":"Step 3/3 : RUN echo hello; echo oops \u003e\u00262"}
{"stream":"\n"}
{"stream":" ---\u003e Running in 207093208f4f\n"}
{"stream":"\u001b[91moops\n\u001b[0m"}
{"stream":"hello\n"}
{"stream":"Removing intermediate container 207093208f4f\n"}
{"stream":" ---\u003e b7de2e4c82bf\n"}
{"aux":{"ID":"sha256:b7de2e4c82bf9be3c72148d140056d451012bd8e3d3e1033751de14da1da9e02"}}
{"stream":"[Warning] One or more build-args [q] were not consumed\n"}
{"stream":"Successfully built b7de2e4c82bf\n"}
{"stream":"Successfully tagged x:1\n"}
"#;

const DOCKER_EVENTS: &str = "\
step 1/3 FROM scratch
step 2/3 COPY busybox /bin/sh
cached
layer 7e0befbb4d00
step 3/3 RUN echo hello; echo oops >&2
running 207093208f4f
stderr \"oops\\n\"
stdout \"hello\\n\"
layer b7de2e4c82bf
image sha256:b7de2e4c82bf9be3c72148d140056d451012bd8e3d3e1033751de14da1da9e02
warning One or more build-args [q] were not consumed
tagged x:1
";

/// The same on Podman 4.3.1, as far as this machine's containers go.
const PODMAN: &str = r#"{"stream":"STEP 1/3: FROM scratch\n"}
{"stream":"STEP 2/3: COPY busybox /bin/sh\n"}
{"stream":"--\u003e Using cache 418acaf43ac05d07e39dca70213eee36111627a4dc23902fad1912f527a43f8c\n"}
{"stream":"--\u003e 418acaf43ac\n"}
{"stream":"STEP 3/3: RUN exit 3\n"}
{"stream":"error running container\n: exit status 1\n"}
{"errorDetail":{"message":"building at STEP \"RUN exit 3\": while running runtime: exit status 1\n"},"error":"building at STEP \"RUN exit 3\": while running runtime: exit status 1\n"}
"#;

const PODMAN_EVENTS: &str = "\
step 1/3 FROM scratch
step 2/3 COPY busybox /bin/sh
cached
layer 418acaf43ac
step 3/3 RUN exit 3
stdout \"error running container\\n: exit status 1\\n\"
failure building at STEP \"RUN exit 3\": while running runtime: exit status 1
";

/// A pull and a push by Docker Engine 20.10.24+dfsg1, shortened.
const TRANSFER: &str = r#"{"status":"Pulling from x","id":"1"}
{"status":"Downloading","progressDetail":{"current":1024,"total":994279},"progress":"[\u003e  ]","id":"c1ba5cf7a1f3"}
{"status":"Pull complete","progressDetail":{},"id":"c1ba5cf7a1f3"}
{"status":"Pushing","progressDetail":{"current":512,"total":-1},"id":"a"}
{"progressDetail":{},"aux":{"Tag":"1","Digest":"sha256:aa","Size":528}}
"#;

const TRANSFER_EVENTS: &str = "\
transfer Some(\"1\") Pulling from x None None
transfer Some(\"c1ba5cf7a1f3\") Downloading Some(1024) Some(994279)
transfer Some(\"c1ba5cf7a1f3\") Pull complete None None
transfer Some(\"a\") Pushing Some(512) None
pushed 1 sha256:aa 528
";

fn line(message: &Message) -> String {
    match message {
        Message::Failure(EngineFailure {
            message,
            code: None,
        }) => format!("failure {message}"),
        Message::Failure(EngineFailure {
            message,
            code: Some(code),
        }) => {
            format!("failure {code} {message}")
        }
        Message::Event(event) => match event {
            Event::Step {
                number,
                total,
                text,
            } => format!("step {number}/{total} {text}"),
            Event::Cached => "cached".to_owned(),
            Event::Layer { id } => format!("layer {id}"),
            Event::Running { container } => format!("running {container}"),
            Event::Log {
                stream: LogStream::Stdout,
                text,
            } => format!("stdout {text:?}"),
            Event::Log {
                stream: LogStream::Stderr,
                text,
            } => format!("stderr {text:?}"),
            Event::Warning(text) => format!("warning {text}"),
            Event::Transfer {
                id,
                status,
                current,
                total,
            } => {
                format!("transfer {id:?} {status} {current:?} {total:?}")
            }
            Event::ImageId(id) => format!("image {id}"),
            Event::Tagged(name) => format!("tagged {name}"),
            Event::Pushed { tag, digest, size } => format!("pushed {tag} {digest} {size}"),
            other => format!("{other:?}"),
        },
    }
}

/// Feeds `text` in pieces of `size` bytes.
fn parse(mut parser: EventParser, text: &str, size: usize) -> Result<String, ParseError> {
    let mut found = Vec::new();
    for piece in text.as_bytes().chunks(size) {
        parser.feed(piece, &mut found)?;
    }
    parser.finish()?;
    Ok(found.iter().map(|message| line(message) + "\n").collect())
}

#[test]
fn recorded_answers_become_events() {
    let cases = [
        (DOCKER, DOCKER_EVENTS),
        (PODMAN, PODMAN_EVENTS),
        (TRANSFER, TRANSFER_EVENTS),
    ];
    for (text, expected) in cases {
        for size in [1, 2, 3, 7, 64, text.len()] {
            assert_eq!(
                parse(EventParser::new(), text, size).unwrap(),
                expected,
                "pieces of {size}"
            );
            // Line ends are a habit and no promise.
            let joined = text.replace('\n', "");
            assert_eq!(
                parse(EventParser::new(), &joined, size).unwrap(),
                expected,
                "joined, {size}"
            );
        }
    }
}

#[test]
fn a_quiet_build_says_its_id() {
    let id = "sha256:b7de2e4c82bf9be3c72148d140056d451012bd8e3d3e1033751de14da1da9e02";
    let text = format!("{{\"stream\":\"{id}\\n\"}}");
    assert_eq!(
        parse(EventParser::quiet(), &text, 10).unwrap(),
        format!("image {id}\n")
    );
    // Podman says it without the algorithm.
    let bare = text.replace("sha256:", "");
    assert_eq!(
        parse(EventParser::quiet(), &bare, 10).unwrap(),
        format!("image {id}\n")
    );
    assert_eq!(
        parse(EventParser::new(), &text, 10).unwrap(),
        format!("stdout \"{id}\\n\"\n")
    );
}

#[test]
fn prose_that_a_command_printed_is_a_log() {
    let say = |text: &str| serde_json::json!({ "stream": text }).to_string();
    let first = say("Step 1/3 : FROM scratch");
    for (forged, expected) in [
        ("Step 3/3 : RUN x", "stdout \"Step 3/3 : RUN x\"\n"),
        ("Step 2/9 : RUN x", "stdout \"Step 2/9 : RUN x\"\n"),
        ("Step 2/3 : RUN x", "step 2/3 RUN x\n"),
        (
            "Step 2/3 : RUN x\nmore\n",
            "stdout \"Step 2/3 : RUN x\\nmore\\n\"\n",
        ),
        (
            "Step 99999999999/3 : x",
            "stdout \"Step 99999999999/3 : x\"\n",
        ),
        (" ---> not an id", "stdout \" ---> not an id\"\n"),
        (
            "Successfully built nothing",
            "stdout \"Successfully built nothing\"\n",
        ),
        ("[x", "stdout \"[x\"\n"),
    ] {
        let found = parse(EventParser::new(), &(first.clone() + &say(forged)), 5).unwrap();
        assert_eq!(
            found,
            format!("step 1/3 FROM scratch\n{expected}"),
            "{forged}"
        );
    }
}

#[test]
fn podman_counts_the_steps_of_each_stage() {
    let text = r#"{"stream":"[1/2] STEP 1/2: FROM a AS b\n"}{"stream":"[1/2] STEP 2/2: RUN x\n"}
        {"stream":"[2/2] STEP 1/1: FROM c\n"}{"stream":"[1/2] STEP 1/2: FROM a AS b\n"}"#;
    let expected = "step 1/2 FROM a AS b\nstep 2/2 RUN x\nstep 1/1 FROM c\n\
        stdout \"[1/2] STEP 1/2: FROM a AS b\\n\"\n";
    assert_eq!(parse(EventParser::new(), text, 9).unwrap(), expected);
}

#[test]
fn what_no_engine_sends_is_refused() {
    for (text, error) in [
        ("[]", "`[]` is no message"),
        ("{\"stream\":1}", "`{\"stream\":1}` is no message"),
        ("{}x{}", "`x{}` is no message"),
        (
            "{\"stream\":\"\\q\"}",
            "`{\"stream\":\"\\q\"}` is no message",
        ),
        ("{{}", "the answer ends in the middle of a message"),
        ("{\"}", "the answer ends in the middle of a message"),
    ] {
        for size in [1, 100] {
            let found = parse(EventParser::new(), text, size)
                .unwrap_err()
                .to_string();
            // The excerpt is what was there when the fault was found.
            assert_eq!(
                found,
                if size == 1 && text == "{}x{}" {
                    "`x` is no message"
                } else if size == 1 && text == "[]" {
                    "`[` is no message"
                } else {
                    error
                },
                "{text}"
            );
        }
    }
    assert_eq!(
        parse(EventParser::new(), " \r\n{}{\"unknown\":[{}]} \t", 3).unwrap(),
        ""
    );
    let deep = "{\"aux\":".repeat(1000) + "1" + &"}".repeat(1000);
    assert!(parse(EventParser::new(), &deep, 100).is_err());
}

#[test]
fn a_terminal_is_safe_from_text() {
    for (text, clean) in [
        ("plain\ttext\n", "plain\ttext\n"),
        ("\u{1b}[1;31mred\u{1b}[0m", "red"),
        ("\u{1b}]0;title\u{7}after", "after"),
        ("\u{1b}]8;;http://x\u{1b}\\link\u{1b}]8;;\u{1b}\\", "link"),
        ("\u{9b}31mred", "red"),
        ("a\rb\u{8}c\u{0}d\u{7f}e", "abcde"),
        ("\u{1b}Pq#0\u{1b}\\x", "x"),
        ("\u{1b}]unterminated\nnext line", "unterminated\nnext line"),
        ("\u{1b}", ""),
        ("\u{1b}[", ""),
        ("\u{1b}[31", ""),
        ("a\u{202e}b\u{2066}c\u{200f}", "abc"),
        ("über — ☃", "über — ☃"),
    ] {
        assert_eq!(sanitize(text), clean, "{text:?}");
    }
}
