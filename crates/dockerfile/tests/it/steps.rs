//! The steps of a build: which edits make another step of one, for each builder. Every row was built on Docker Engine 20.10 and
//! 26.1 with both builders, and is what they did; `shipload`'s own tests build random ones anew.

use shipload_dockerfile::{Builder, CacheStep, Dockerfile, Request, Unsure};

/// How an edit is seen.
enum Seen {
    /// Not at all.
    Not,
    /// The step that begins so is the first that is another one.
    At(&'static str),
}

use Seen::{At, Not};

fn request(builder: Builder, given: &str) -> Request {
    let mut request = Request {
        builder,
        ..Request::default()
    };
    for given in given.split_whitespace() {
        let (name, value) = given.split_once('=').unwrap();
        let value = Some(value.to_owned());
        request.build_args.insert(name.to_owned(), value);
    }
    request
}

/// What follows a `FROM`, with `;` between lines, and build arguments behind `|`.
fn steps(builder: Builder, row: &str) -> Vec<CacheStep> {
    let (text, given) = row.split_once('|').unwrap_or((row, ""));
    let text = format!("FROM scratch;{text};RUN end").replace(';', "\n");
    let file = Dockerfile::parse(&text).unwrap();
    file.steps(&request(builder, given)).unwrap()
}

const ROWS: &[(&str, &str, Seen, Seen)] = &[
    ("COPY a /a", "# why;  copy   a  /a", Not, Not),
    ("COPY a /a", "COPY [\"./a\", \"/a\"]", Not, Not),
    ("COPY a x", "COPY a /x", At("COPY"), Not),
    ("COPY a /x", "COPY a /x/", At("COPY"), At("COPY")),
    ("COPY a /x/y", "COPY a /x//y", At("COPY"), Not),
    ("COPY a .", "COPY a ./", At("COPY"), Not),
    (
        "WORKDIR /w;COPY a .",
        "WORKDIR /w;COPY a /w/",
        At("COPY"),
        Not,
    ),
    ("ENV D=/q;COPY a $D/x", "ENV D=/q;COPY a /q/x", Not, Not),
    // Which files that is, is for others to say; here it is the last name that counts.
    ("COPY p/f /x", "COPY q/f /x", Not, Not),
    ("COPY a /x", "COPY b /x", Not, At("COPY")),
    ("COPY a* /x/", "COPY a /x/", Not, At("COPY")),
    ("COPY d /x/", "COPY d/. /x/", Not, Not),
    ("COPY a b /d/", "COPY b a /d/", Not, At("COPY")),
    ("ADD a /x", "COPY a /x", At("COPY"), At("COPY")),
    ("COPY a /x", "COPY --chown=0:0 a /x", At("COPY"), At("COPY")),
    (
        "COPY --chown=1 a /x",
        "COPY --chown=1:1 a /x",
        At("COPY"),
        At("COPY"),
    ),
    (
        "RUN echo x",
        "RUN [\"/bin/sh\", \"-c\", \"echo x\"]",
        Not,
        Not,
    ),
    ("RUN echo x", "RUN echo  x", At("RUN"), At("RUN")),
    ("RUN echo x", "RUN echo \\;x", Not, Not),
    ("RUN echo \\;x", "RUN echo \\;# why;x", Not, Not),
    ("ENV A=1 B=2", "ENV B=2 A=1", At("ENV"), At("RUN")),
    ("ENV A=1", "ENV A \"1\"", Not, Not),
    ("ENV A=1;COPY a /", "ENV A=2;COPY a /", At("ENV"), At("RUN")),
    ("ENV A=1;ENV A=3", "ENV A=2;ENV A=3", At("ENV"), Not),
    ("ENV A=1 B=2;ENV A=3", "ENV B=2 A=3", At("ENV B"), Not),
    (
        "ENV A=1 B=2;ENV A=3",
        "ENV A=3 B=2",
        At("ENV A=3"),
        At("RUN"),
    ),
    (
        "ENV A=1 B=2",
        "ENV A=1 B=2;ENV A=1",
        At("ENV A=1"),
        At("RUN"),
    ),
    ("ARG A=1", "ARG A=2", At("ARG"), At("RUN")),
    ("ARG A=1;COPY a /", "COPY a /;ARG A=1", At("COPY"), Not),
    (
        "ARG A;COPY a /|A=1",
        "ARG A;COPY a /|A=2",
        At("RUN"),
        At("RUN"),
    ),
    ("ARG A=2|", "ARG A=2|A=2", Not, Not),
    ("COPY a /|A=1", "COPY a /|A=2", Not, Not),
    ("ARG A|", "ARG A|A=2", At("RUN"), At("RUN")),
    ("ARG A", "ARG A=", At("ARG"), At("RUN")),
    (
        "RUN x;ARG A|A=1",
        "RUN x;ARG A|A=2",
        At("RUN end"),
        At("RUN end"),
    ),
    ("ARG A;ENV A=5|A=1", "ARG A;ENV A=5|A=2", Not, Not),
    ("ENV A=5;ARG A|A=1", "ENV A=5;ARG A|A=2", Not, At("RUN")),
    ("ARG A=1;ARG A=2", "ARG A=3;ARG A=2", At("ARG"), Not),
    ("ARG A=1;ARG B=2", "ARG B=2;ARG A=1", At("ARG"), At("RUN")),
    ("ARG A=1 B=2", "ARG A=1;ARG B=2", At("ARG"), Not),
    ("ARG A=1;ARG B=$A", "ARG A=1;ARG B=1", Not, Not),
    ("ARG A=3", "ENV A=3", At("ENV"), Not),
    ("ARG A=3;ENV B=2", "ENV B=2;ARG A=3", At("ENV"), At("RUN")),
    ("ENV A=1 B=2;ARG A=3", "ENV B=2 A=3", At("ENV"), Not),
    (
        "ARG A;COPY $A /x|A=a",
        "ARG A;COPY $A /x|A=b",
        At("RUN"),
        At("COPY"),
    ),
    ("|", "|HTTP_PROXY=x", At("RUN"), Not),
    ("|HTTP_PROXY=x", "|HTTP_PROXY=y", Not, Not),
    (
        "ARG HTTP_PROXY|HTTP_PROXY=x",
        "ARG HTTP_PROXY|HTTP_PROXY=y",
        At("RUN"),
        At("RUN"),
    ),
    ("LABEL a=1", "LABEL a=2", At("LABEL"), Not),
    ("LABEL a=1 b=2", "LABEL b=2 a=1", At("LABEL"), Not),
    ("LABEL a=1", "LABEL a=\"1\"", Not, Not),
    ("CMD a", "CMD [\"/bin/sh\", \"-c\", \"a\"]", Not, Not),
    ("CMD a", "CMD b", At("CMD"), Not),
    ("EXPOSE 80 443", "EXPOSE 443 80", Not, Not),
    ("EXPOSE 80", "EXPOSE 80/tcp", At("EXPOSE"), Not),
    ("VOLUME /a /b", "VOLUME [\"/a\", \"/b\"]", Not, Not),
    (
        "HEALTHCHECK CMD a",
        "HEALTHCHECK --interval=5s CMD a",
        At("HEALTHCHECK"),
        Not,
    ),
    ("HEALTHCHECK NONE", "HEALTHCHECK  NONE", Not, Not),
    ("STOPSIGNAL 9", "STOPSIGNAL 10", At("STOPSIGNAL"), Not),
    ("MAINTAINER a", "MAINTAINER b", At("MAINTAINER"), Not),
    ("ONBUILD RUN x", "ONBUILD RUN y", At("ONBUILD"), Not),
    ("ONBUILD RUN x  y", "ONBUILD RUN  x  y", At("ONBUILD"), Not),
    (
        "SHELL [\"/bin/sh\", \"-c\"]",
        "SHELL [\"/bin/sh\", \"-ec\"]",
        At("SHELL"),
        At("RUN"),
    ),
    (
        "COPY a /",
        "COPY a /;SHELL [\"/bin/sh\", \"-c\"]",
        At("SHELL"),
        Not,
    ),
    ("USER 1;COPY a /", "USER 2;COPY a /", At("USER"), At("RUN")),
    (
        "USER 1;WORKDIR /w",
        "USER 2;WORKDIR /w",
        At("USER"),
        At("WORKDIR"),
    ),
    (
        "WORKDIR /x;COPY a /",
        "WORKDIR /y;COPY a /",
        At("WORKDIR"),
        At("WORKDIR"),
    ),
    ("WORKDIR /x;WORKDIR y", "WORKDIR /x;WORKDIR /x/y", Not, Not),
    ("WORKDIR /x;WORKDIR y", "WORKDIR x/;WORKDIR ./y/", Not, Not),
    ("WORKDIR /x", "WORKDIR /x/", Not, At("RUN")),
    ("WORKDIR /", "", At("RUN"), Not),
    ("COPY a /;COPY b /", "COPY b /;COPY a /", Not, At("COPY b")),
    ("COPY a /", "LABEL a=1;COPY a /", At("LABEL"), Not),
    ("COPY a /", "ENV a=1;COPY a /", At("ENV"), At("RUN")),
];

#[test]
fn edits_are_seen_as_the_builders_see_them() {
    for (old, new, classic, buildkit) in ROWS {
        for (builder, seen) in [(Builder::Classic, classic), (Builder::BuildKit, buildkit)] {
            let before = steps(builder, old);
            let after = steps(builder, new);
            let mut other = after
                .iter()
                .enumerate()
                .filter(|(index, step)| before.get(*index).is_none_or(|old| old.key != step.key));
            let found = other.next().map(|(_, step)| step.text.as_str());
            match seen {
                Not => assert_eq!(found, None, "{builder:?}: {old} => {new}"),
                At(start) => assert!(
                    found.is_some_and(|text| text.starts_with(start)),
                    "{builder:?}: {old} => {new}: {found:?}, not `{start}`"
                ),
            }
        }
    }
}

const MOUNTS: &[(&str, &str, Seen)] = &[
    (
        "type=bind,source=a,target=/m",
        "target=/m,type=bind,src=c",
        Not,
    ),
    ("type=bind,source=a,target=/m", "source=a,dst=/m,ro", Not),
    (
        "type=bind,source=a,target=/m",
        "type=bind,source=a,target=/n",
        At("RUN"),
    ),
    (
        "type=bind,source=a,target=/m",
        "type=bind,source=a,target=/m,rw",
        At("RUN"),
    ),
    (
        "type=cache,target=/m",
        "type=cache,target=/m,id=q",
        At("RUN"),
    ),
    (
        "type=cache,id=q,target=/m",
        "type=cache,id=q,target=/n",
        At("RUN"),
    ),
    ("type=secret,id=q", "type=secret,id=r", At("RUN")),
    (
        "type=cache,target=/m --mount=type=tmpfs,target=/t",
        "type=tmpfs,target=/t --mount=type=cache,target=/m",
        Not,
    ),
];

#[test]
fn mounts_count_by_place_and_kind() {
    for (old, new, seen) in MOUNTS {
        let keys = [old, new].map(|mount| {
            let steps = steps(Builder::BuildKit, &format!("RUN --mount={mount} x"));
            steps[1].key.clone()
        });
        assert_eq!(keys[0] == keys[1], matches!(seen, Not), "{old} => {new}");
    }
}

const HEREDOCS: &[(&str, &str, Seen)] = &[
    ("COPY <<E /x;hi;E", "COPY <<E /x;ho;E", At("COPY")),
    ("COPY <<E /x;hi;E", "COPY <<F /x;hi;F", At("COPY")),
    ("COPY <<-E /x;\thi;E", "COPY <<E /x;hi;E", Not),
    (
        "ARG A=1;COPY <<E /x;$A;E",
        "ARG A=2;COPY <<E /x;$A;E",
        At("COPY"),
    ),
    ("RUN <<E;hi;E", "RUN <<E;hi ;E", At("RUN")),
    ("RUN <<E;hi;E", "RUN <<F;hi;F", Not),
    ("RUN <<E;$A;E", "RUN <<\"E\";$A;E", Not),
    ("RUN <<-E;\thi;E", "RUN <<E;hi;E", Not),
    ("RUN <<E;hi;E", "RUN hi", At("RUN")),
    ("RUN cat <<E;hi;E", "RUN cat <<F;hi;F", At("RUN")),
];

#[test]
fn heredocs_count_by_content() {
    for (old, new, seen) in HEREDOCS {
        let keys = [old, new].map(|text| steps(Builder::BuildKit, text)[1].key.clone());
        assert_eq!(keys[0] == keys[1], matches!(seen, Not), "{old} => {new}");
    }
}

#[test]
fn stages_are_those_that_the_target_needs() {
    let text = "\
FROM a AS one
COPY a /
FROM b
COPY b /
FROM one
ARG A
COPY --from=one x /
COPY --from=c@sha256:0 x /
ADD https://example.invalid/x /
FLY me
";
    let file = Dockerfile::parse(text).unwrap();
    let told = |builder| -> Vec<String> {
        let steps = file.steps(&request(builder, "")).unwrap();
        let told = steps.iter().map(|step| {
            let word = step.text.split(' ').next().unwrap();
            let unsure = match &step.unsure {
                Some(Unsure::Image { name }) => format!(" image {name}"),
                Some(unsure) => format!(" {unsure:?}"),
                None => String::new(),
            };
            format!(
                "{} {word} {:?} {:?}{unsure}",
                step.stage, step.from, step.sources
            )
        });
        told.collect()
    };
    assert_eq!(
        told(Builder::BuildKit),
        [
            "0 FROM [] 0..0 image a",
            "0 COPY [] 0..1",
            "2 FROM [0] 0..0",
            "2 COPY [0] 1..1",
            "2 COPY [] 1..1",
            "2 ADD [] 1..1 Remote",
            "2 FLY [] 1..1 Unknown",
        ]
    );
    assert_eq!(
        told(Builder::Classic),
        [
            "0 FROM [] 0..0 image a",
            "0 COPY [] 0..1",
            "1 FROM [] 0..0 image b",
            "1 COPY [] 1..2",
            "2 FROM [0] 0..0",
            "2 ARG [] 2..2",
            "2 COPY [0] 2..2",
            "2 COPY [] 2..2",
            "2 ADD [] 2..2 Remote",
            "2 FLY [] 2..2 Unknown",
        ]
    );
    assert_eq!(told(Builder::Podman), [""; 0]);
}

#[test]
fn names_of_images_are_completed() {
    let key = |name: &str| {
        let file = Dockerfile::parse(&format!("FROM {name}\n")).unwrap();
        file.steps(&Request::default()).unwrap()[0].key.clone()
    };
    assert_eq!(key("bb"), key("docker.io/library/bb:latest"));
    assert_eq!(key("me/bb"), key("docker.io/me/bb"));
    assert_eq!(key("localhost/bb"), key("localhost/bb:latest"));
    assert_ne!(key("localhost/bb"), key("bb"));
    assert_ne!(key("bb"), key("bb:1"));
}

#[test]
fn another_frontend_decides_all() {
    let file = Dockerfile::parse("# syntax=vendor/x\nFROM scratch\nCOPY a /\n").unwrap();
    let steps = file.steps(&Request::default()).unwrap();
    let syntax = "vendor/x".to_owned();
    assert_eq!(steps.len(), 1);
    assert_eq!(steps[0].unsure, Some(Unsure::Frontend { syntax }));
}

/// Keys hold the values of variables.
#[test]
fn keys_show_nothing() {
    let steps = steps(Builder::BuildKit, "ARG TOKEN|TOKEN=hunter2");
    assert!(!format!("{steps:?}").contains("hunter2"));
}

#[test]
fn hostile_numbers_of_variables_end_soon() {
    let lines = (0..20_000).map(|number| format!("ENV V{number}=1\nRUN x\n"));
    let text = format!("FROM scratch\n{}", lines.collect::<String>());
    let file = Dockerfile::parse(&text).unwrap();
    let steps = file.steps(&Request::default()).unwrap();
    assert_eq!(steps.len(), 1);
    assert_eq!(steps[0].unsure, Some(Unsure::Work));
}
