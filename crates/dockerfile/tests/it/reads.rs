//! What a build reads: a Dockerfile, what is asked, and the patterns.
//!
//! That images built from these sources alone are the same is proved on engines, by the least contexts of the facade's tests.

use shipload_dockerfile::{
    BaseImage, Builder, Dockerfile, OtherImages, Reads, ReadsError, Request,
};

/// The patterns that a build by BuildKit reads.
fn patterns(text: &str, request: &Request) -> Vec<String> {
    reads(text, request).patterns().map(str::to_owned).collect()
}

fn reads(text: &str, request: &Request) -> Reads {
    let file = Dockerfile::parse(text).unwrap_or_else(|error| panic!("{text}\n{error}"));
    file.reads(request)
        .unwrap_or_else(|error| panic!("{text}\n{error}"))
}

fn by(builder: Builder) -> Request {
    Request {
        builder,
        platform: Some("linux/arm64/v8".into()),
        ..Request::default()
    }
}

#[test]
fn sources_of_every_form() {
    let rows: &[(&str, &[&str])] = &[
        ("COPY a b /x/", &["a", "b"]),
        ("COPY ./a/ b//c/../d/. /x/", &["a", "b/d"]),
        ("COPY ../../a /x", &["a"]),
        ("COPY /a /x", &["a"]),
        ("COPY . /x", &["."]),
        ("COPY / /x", &["."]),
        ("COPY a . /x", &["."]),
        ("COPY [\"a b\", \"c\", \"/x/\"]", &["a b", "c"]),
        ("COPY \"a\" 'b' /x/", &["a", "b"]),
        // What ends a word is not escaped, only dropped.
        ("COPY a\\ b /x/", &["a", "b"]),
        ("COPY *.c src/[a-c]?/*.h /x/", &["*.c", "src/[a-c]?/*.h"]),
        ("COPY --chown=1:1 --chmod=755 --link a /x", &["a"]),
        ("COPY --exclude=*.o --exclude=b src /x", &["src"]),
        ("COPY --parents a/./b /x", &["a/b"]),
        ("COPY --from=other a /x", &[]),
        ("COPY --from=0 a /x", &[]),
        ("COPY <<E /x\nb\nE", &[]),
        ("COPY a <<E b /x/\nc\nE", &["a", "b"]),
        ("ADD a.tar.gz /x", &["a.tar.gz"]),
        (
            "ADD https://h/a http://h/b HTTPS://h/c.git#v1 d /x/",
            &["d"],
        ),
        ("ADD git@h:a/b.git ssh://h/c GIT://h/d e /x/", &["e"]),
        // These could be paths, so they are.
        (
            "ADD github.com/a/b HTTPS://h/c a.b@h:c /x/",
            &["HTTPS:/h/c", "a.b@h:c", "github.com/a/b"],
        ),
        ("COPY https://h/a /x", &["https:/h/a"]),
        ("RUN --mount=type=bind,source=a,target=/a true", &["a"]),
        (
            "RUN --mount=source=a,target=/a --mount=type=cache,target=/c true",
            &["a"],
        ),
        ("RUN --mount=target=/a true", &["."]),
        (
            "RUN --mount=type=bind,from=other,source=a,target=/a true",
            &[],
        ),
        ("RUN --mount=type=cache,source=a,target=/a true", &[]),
        (
            "RUN --mount=type=secret,id=a --mount=type=ssh --mount=type=tmpfs,target=/t true",
            &[],
        ),
        ("RUN --mount='type=BIND,\"src=a,b\",dst=/a' true", &["a,b"]),
        ("ONBUILD COPY a /x", &[]),
        ("RUN cp a b\nCMD a\nWORKDIR a\nVOLUME a", &[]),
        ("", &[]),
    ];
    for (text, expected) in rows {
        let text = format!("FROM scratch\n{text}\n");
        assert_eq!(patterns(&text, &by(Builder::BuildKit)), *expected, "{text}");
    }
}

#[test]
fn stages_that_the_target_needs() {
    let text = "FROM scratch AS one\nCOPY a /\n\
                FROM scratch AS two\nCOPY b /\n\
                FROM one AS three\nCOPY c /\n\
                FROM scratch AS four\nCOPY --from=two /b /\nRUN --mount=from=three,target=/t true\nCOPY d /\n\
                FROM scratch AS five\nCOPY e /\n";
    let rows: &[(Option<&str>, &[&str], &[&str])] = &[
        (None, &["e"], &["a", "b", "c", "d", "e"]),
        (Some("one"), &["a"], &["a"]),
        (Some("TWO"), &["b"], &["a", "b"]),
        (Some("three"), &["a", "c"], &["a", "b", "c"]),
        (Some("3"), &["a", "b", "c", "d"], &["a", "b", "c", "d"]),
    ];
    for (target, buildkit, classic) in rows {
        for (builder, expected) in [(Builder::BuildKit, buildkit), (Builder::Classic, classic)] {
            let target = target.map(str::to_owned);
            let request = Request {
                target,
                ..by(builder)
            };
            assert_eq!(patterns(text, &request), **expected, "{request:?}");
        }
    }
}

#[test]
fn a_target_that_is_not_there_is_named_with_those_that_are() {
    let file = Dockerfile::parse("FROM scratch AS one\nFROM scratch\n").unwrap();
    let request = Request {
        target: Some("too".into()),
        ..Request::default()
    };
    let error = file.reads(&request).unwrap_err();
    assert_eq!(error.to_string(), "there is no stage `too`");
    assert_eq!(error.hint().as_deref(), Some("there are `one`"));
    assert!(matches!(error, ReadsError::Target { .. }));
}

#[test]
fn variables_are_filled_in() {
    let rows: &[(&str, &[&str])] = &[
        ("ARG A=a\nFROM scratch\nCOPY $A-x /", &["-x"]),
        ("ARG A=a\nFROM scratch\nARG A\nCOPY $A /", &["a"]),
        ("ARG A=a\nFROM scratch\nARG A=b\nCOPY $A /", &["b"]),
        (
            "FROM scratch\nARG A=a\nCOPY ${A}/b \"$A\"'$A' /",
            &["a$A", "a/b"],
        ),
        ("FROM scratch\nENV A=a\nENV A=b B=$A\nCOPY $B /", &["a"]),
        ("FROM scratch\nENV A a b\nCOPY $A /", &["a b"]),
        ("FROM scratch\nARG GIVEN=a\nCOPY $GIVEN /", &["given"]),
        ("FROM scratch\nCOPY x$GIVEN /", &["x"]),
        (
            "FROM scratch\nENV A=1.2.3\nCOPY ${A%.*} ${A##*.} ${A/./-} ${B:-d} ${A:+e} /",
            &["1-2.3", "1.2", "3", "d", "e"],
        ),
        (
            "FROM scratch\nARG TARGETARCH\nARG TARGETVARIANT\nCOPY $TARGETARCH$TARGETVARIANT /",
            &["arm64v8"],
        ),
        ("FROM scratch\nCOPY x$TARGETARCH /", &["x"]),
        (
            "FROM scratch AS a\nENV E=e\nARG A=a\nFROM a\nCOPY $E $A /x/",
            &["a", "e"],
        ),
        (
            "ARG B=one\nFROM scratch AS one\nCOPY a /\nFROM scratch\nCOPY b /\nFROM $B",
            &["a"],
        ),
        ("FROM scratch\nARG A\nCOPY $A /", &["."]),
    ];
    for (text, expected) in rows {
        let mut request = by(Builder::BuildKit);
        request
            .build_args
            .insert("GIVEN".into(), Some("given".into()));
        request.build_args.insert("A2".into(), None);
        assert_eq!(patterns(text, &request), *expected, "{text}");
    }
}

#[test]
fn a_variable_that_must_be_set_fails_with_its_place() {
    let file = Dockerfile::parse("FROM scratch\nCOPY \\\n  ${A:?which} /\n").unwrap();
    let error = file.reads(&Request::default()).unwrap_err();
    assert_eq!(error.to_string(), "3:3: cannot expand `${A:?which}`");
    assert_eq!(error.caret().as_deref(), Some("  ${A:?which} /\n  ^"));
}

#[test]
fn where_it_cannot_be_told_it_is_everything_and_why() {
    let rows: &[(&str, &str)] = &[
        (
            "# syntax=vendor/frontend:1\nFROM scratch\nCOPY a /",
            "1:1: the frontend `vendor/frontend:1` may read anything",
        ),
        (
            "FROM with-triggers\nCOPY a /",
            "1:6: `with-triggers` has ONBUILD instructions, which may read anything",
        ),
        (
            "FROM base\nCOPY $A /",
            "2:6: `$A` needs `A`, which depends on the base image or on the builder's release",
        ),
        (
            "FROM base\nENV A=$A/x\nCOPY a$A /",
            "3:6: `a$A` needs `A`, which depends on the base image or on the builder's release",
        ),
        (
            "FROM scratch\nCOPY --only-when=monday a /",
            "2:6: `COPY` has no flag `--only-when`, so its meaning is not known",
        ),
        (
            "FROM scratch\nFETCH a /",
            "2:1: there is no instruction `FETCH`, so its meaning is not known",
        ),
    ];
    for (text, expected) in rows {
        let mut request = by(Builder::BuildKit);
        let triggers = BaseImage {
            triggers: vec!["COPY . /".into()],
            ..BaseImage::default()
        };
        request.images.insert("with-triggers".into(), triggers);
        let reads = reads(text, &request);
        assert_eq!(reads.patterns().collect::<Vec<_>>(), ["."], "{text}");
        let why: Vec<_> = reads.whole.iter().map(ToString::to_string).collect();
        assert_eq!(why, [*expected]);
    }
}

#[test]
fn what_looks_as_if_it_could_not_be_told_and_can() {
    let rows: &[(&str, &[&str])] = &[
        (
            "# syntax=docker/dockerfile:1.7-labs@sha256:0\nFROM scratch\nCOPY a /",
            &["a"],
        ),
        (
            "# syntax = docker.io/docker/dockerfile-upstream:master\nFROM scratch\nCOPY a /",
            &["a"],
        ),
        ("FROM base\nCOPY a /", &["a"]),
        ("FROM known\nCOPY $HOLDS /", &["held"]),
        ("FROM base\nENV PATH=$PATH:/x\nCOPY a /", &["a"]),
        ("FROM base\nENV A=a\nCOPY $A /", &["a"]),
        (
            "FROM with-triggers AS unused\nFROM scratch\nCOPY a /",
            &["a"],
        ),
    ];
    for (text, expected) in rows {
        let mut request = by(Builder::BuildKit);
        let triggers = BaseImage {
            triggers: vec!["COPY . /".into()],
            ..BaseImage::default()
        };
        request.images.insert("with-triggers".into(), triggers);
        let environment = vec![("HOLDS".into(), "held".into())];
        let known = BaseImage {
            environment,
            ..BaseImage::default()
        };
        request.images.insert("known".into(), known);
        assert_eq!(patterns(text, &request), *expected, "{text}");
    }
}

#[test]
fn of_unknown_images_nothing_is_taken_for_granted_if_that_is_asked() {
    let request = Request {
        other_images: OtherImages::Unknown,
        ..by(Builder::Classic)
    };
    assert_eq!(patterns("FROM base\nCOPY a /", &request), ["."]);
    assert_eq!(
        patterns("FROM scratch\nCOPY --from=base a /\nCOPY a /", &request),
        ["a"]
    );
}

/// Our own limits are no reason to refuse a build.
#[test]
fn a_word_beyond_our_limits_counts_as_everything() {
    let deep = format!("{}a{}", "${U:-".repeat(80), "}".repeat(80));
    let text = format!("FROM scratch\nCOPY {deep} /\n");
    assert_eq!(patterns(&text, &by(Builder::BuildKit)), ["."]);
}

#[test]
fn what_podman_may_take_is_not_refused() {
    let text = "FROM scratch AS build\nCOPY a /\nFROM build AS arm/v7\n";
    assert_eq!(patterns(text, &by(Builder::Podman)), ["."]);
    let file = Dockerfile::parse(text).unwrap();
    assert!(file.reads(&by(Builder::BuildKit)).is_err());
}

#[test]
fn the_classic_builder_ignores_what_only_buildkit_heeds() {
    let rows: &[(&str, &[&str])] = &[
        ("# syntax=vendor/frontend:1\nFROM scratch\nCOPY a /", &["a"]),
        (
            "FROM scratch\nARG TARGETARCH=none\nCOPY $TARGETARCH /",
            &["none"],
        ),
        ("FROM scratch AS a\nARG A=a\nFROM a\nCOPY x$A /", &["x"]),
    ];
    for (text, expected) in rows {
        assert_eq!(patterns(text, &by(Builder::Classic)), *expected, "{text}");
    }
}

#[test]
fn what_another_frontend_reads_need_be_no_dockerfile() {
    let rows: &[(&str, &str)] = &[
        ("#syntax=vendor/yaml\ncmd: [1, 2]\nenv\n", "1:1"),
        (
            "#!/usr/bin/env docker\n# syntax=vendor/yaml:2 --a=b\nFROM a\nCOPY a /",
            "2:1",
        ),
        ("// syntax=vendor/yaml\nkey = 1\n", "1:1"),
        ("\u{feff}{\"syntax\": \"vendor/yaml\"}", "1:1"),
    ];
    for (text, place) in rows {
        let reads = Reads::foreign(text, &by(Builder::BuildKit)).unwrap();
        let why: Vec<_> = reads.whole.iter().map(ToString::to_string).collect();
        assert!(
            why.len() == 1 && why[0].starts_with(place),
            "{text} {why:?}"
        );
        assert!(reads.is_whole());
    }
    assert_eq!(Reads::foreign("cmd: 1", &by(Builder::BuildKit)), None);
    assert_eq!(Reads::foreign(rows[0].0, &by(Builder::Classic)), None);
}

/// `ONBUILD` is not read before it runs, and a stage that is not built may have mounts that no builder takes.
#[test]
fn what_does_not_run_may_be_wrong() {
    let rows: &[(&str, &[&str])] = &[
        ("FROM scratch\nONBUILD COPY a\nCOPY a /", &["."]),
        (
            "FROM scratch AS unused\nONBUILD COPY a\nRUN --mount=target true\nFROM scratch\nCOPY a /",
            &["a"],
        ),
    ];
    for (text, expected) in rows {
        assert_eq!(patterns(text, &by(Builder::BuildKit)), *expected, "{text}");
    }
    let refused = [
        "FROM scratch\nONBUILD FROM a",
        "FROM scratch\nONBUILD",
        "FROM scratch\nCOPY a",
    ];
    for text in refused {
        let file = Dockerfile::parse(text).unwrap();
        assert!(file.reads(&by(Builder::BuildKit)).is_err(), "{text}");
    }
}

#[test]
fn an_empty_target_is_the_last_stage() {
    let request = Request {
        target: Some(String::new()),
        ..by(Builder::BuildKit)
    };
    let text = "FROM scratch AS one\nCOPY a /\nFROM scratch\nCOPY b /";
    assert_eq!(patterns(text, &request), ["b"]);
}
