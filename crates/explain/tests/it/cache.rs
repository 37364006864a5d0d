//! What is said of a builder's cache, and which files are read to say it. Whether it comes true is for `shipload`'s own tests,
//! which build.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use shipload_context::{Progress, Recipe, Request, Semantics};
use shipload_explain::{Digest, Fate, Inputs, predict};
use shipload_testkit::opens::Opens;

use crate::support::write;

/// The inputs of a context under a builder; build arguments as `A=1 B=2`, the target behind `^`.
fn inputs(dir: &Path, builder: Semantics, asked: &str) -> Inputs {
    let (arguments, target) = asked.split_once('^').unwrap_or((asked, ""));
    let arguments = arguments.split_whitespace().map(|word| {
        let (name, value) = word.split_once('=').unwrap();
        (name.to_owned(), Some(value.to_owned()))
    });
    let request = Request {
        build_args: arguments.collect(),
        target: Some(target.to_owned()),
        ..Request::default()
    };
    let progress = Progress::new();
    let plan = Recipe::new(dir).semantics(builder).plan(&progress).unwrap();
    let least = plan.referenced(&request).unwrap();
    Inputs::of(&plan, &request, &least, &progress).unwrap()
}

/// A context with `a` and `d/f`.
fn context(dockerfile: &str) -> tempfile::TempDir {
    let temp = tempfile::tempdir().unwrap();
    let text = dockerfile.replace(';', "\n");
    let files = [("Dockerfile", &*text), ("a", "a"), ("d/f", "f")];
    write(temp.path(), &files);
    temp
}

/// Before and after: a Dockerfile with `;` between lines and what is asked for behind `|`.
const EDITS: &[(&str, &str, &str)] = &[
    (
        "FROM scratch;COPY a /",
        "# Why.;FROM scratch;COPY  a  /",
        "every step is in the cache",
    ),
    (
        "FROM scratch;COPY a /;COPY d /",
        "FROM scratch;COPY a /b;COPY d /",
        "the first step to run is line 2, `COPY a /b`\n  it was `COPY a /`\nthe step in line 3 runs too",
    ),
    (
        "FROM x;ARG V;RUN one;RUN two;RUN three|V=1",
        "FROM x;ARG V;RUN one;RUN two;RUN three|V=2",
        "the first step to run is line 3, `RUN one`\n  the build argument `V` has another value\n\
         so do those in lines 4 and 5\ntaken for granted: `x` is the image that it was",
    ),
    (
        "FROM x;USER one;RUN make",
        "FROM x;USER two;RUN make",
        "the first step to run is line 3, `RUN make`\n  \
         what it runs with has changed: variables, shell, directory, user or heredoc\n\
         taken for granted: `x` is the image that it was",
    ),
    (
        "FROM x;RUN make",
        "FROM y;RUN make",
        "the first step to run is line 2, `RUN make`\n  its stage begins with `FROM y`, which was `FROM x`\n\
         taken for granted: `y` is the image that it was",
    ),
    (
        "FROM scratch AS b;COPY a /;FROM scratch;COPY --from=b /a /;COPY d /",
        "FROM scratch AS b;COPY d /;FROM scratch;COPY --from=b /a /;COPY d /",
        "the first step to run is line 2, `COPY d /` (stage `b`)\n  it was `COPY a /`\n\
         this one may run: line 4, `COPY --from=b /a /`\n  \
         stage 0 has changed; with the same files from there it is in the cache\n\
         this one may run: line 5, `COPY d /`\n  the step in line 4 comes before it",
    ),
    (
        "FROM scratch;COPY a /;COPY d /",
        "FROM scratch AS b;COPY a /;FROM scratch;COPY --from=b /a /;COPY d /",
        "no step is certain to run\nthis one may run: line 4, `COPY --from=b /a /`\n  \
         there was no such step in this place\n\
         this one may run: line 5, `COPY d /`\n  the step in line 4 comes before it",
    ),
    (
        "FROM scratch;ADD http://h/f /f",
        "FROM scratch;ADD http://h/f /f",
        "no step is certain to run\nthis one may run: line 2, `ADD http://h/f /f`\n  what it fetches may have changed",
    ),
    (
        "FROM scratch AS b;COPY a /;FROM b;COPY d /|^b",
        "FROM scratch AS b;COPY a /;FROM b;COPY d /",
        "the first step to run is line 4, `COPY d /`\n  there was no such step in this place",
    ),
];

#[test]
fn it_is_said_in_words() {
    for (before, after, want) in EDITS {
        let [old, new] = [before, after].map(|version| {
            let (text, asked) = version.split_once('|').unwrap_or((version, ""));
            inputs(context(text).path(), Semantics::BuildKit, asked)
        });
        let said = predict(&old, &new).to_string();
        assert_eq!(said, *want, "{before} => {after}");
    }
}

#[test]
fn files_are_named_but_not_all() {
    let temp = context("FROM scratch;COPY d /");
    let before = inputs(temp.path(), Semantics::BuildKit, "");
    let names: Vec<_> = (0..7).map(|number| format!("d/{number}\u{1b}")).collect();
    let files: Vec<_> = names.iter().map(|name| (name.as_str(), "")).collect();
    write(temp.path(), &files);
    let said = predict(&before, &inputs(temp.path(), Semantics::BuildKit, "")).to_string();
    let lines = (0..5).map(|number| format!("\n  `d/{number}\\u{{1b}}` is new"));
    let lines: String = lines.collect();
    let want = format!("the first step to run is line 2, `COPY d /`{lines}\n  and 2 more");
    assert_eq!(said, want);
}

#[test]
fn of_other_builders_nothing_is_told() {
    let temp = context("FROM scratch;COPY a /");
    let of = |builder| inputs(temp.path(), builder, "");
    let [classic, buildkit, podman] =
        [Semantics::Classic, Semantics::BuildKit, Semantics::Podman].map(of);
    for (old, new, why) in [
        (&classic, &buildkit, "the builds are for different builders"),
        (&podman, &podman, "nothing is known of podman's cache"),
    ] {
        let prediction = predict(old, new);
        assert!(!prediction.is_cached() && prediction.first().is_none());
        let want = format!("cannot tell what the cache will make of it: {why}");
        assert_eq!(prediction.to_string(), want);
    }
}

/// The classic builder's cache looks through links, so the files that they lead to are read; no others.
#[test]
fn only_what_counts_is_read() {
    for (builder, link_counts) in [(Semantics::Classic, true), (Semantics::BuildKit, false)] {
        let temp = context("FROM scratch;COPY d /d");
        let files = [
            ("far", "1"),
            ("other", "1"),
            ("d/l", "-> ../far"),
            ("l", "-> d/f"),
        ];
        write(temp.path(), &files);
        let before = inputs(temp.path(), builder, "");
        let mut opens = Opens::watch(temp.path()).unwrap();
        inputs(temp.path(), builder, "");
        let mut want = BTreeSet::from(["Dockerfile", "d/f"].map(PathBuf::from));
        if link_counts {
            want.insert("far".into());
        }
        assert_eq!(opens.take().unwrap(), want, "{builder:?}");
        write(temp.path(), &[("far", "2"), ("other", "2")]);
        let prediction = predict(&before, &inputs(temp.path(), builder, ""));
        let fate = if link_counts {
            Fate::Runs
        } else {
            Fate::Cached
        };
        let fates: Vec<_> = prediction.steps.iter().map(|step| step.fate).collect();
        assert_eq!(fates, [fate], "{builder:?}");
    }
}

/// Manifests come from anywhere: stages in any order, that are built on themselves and on those behind, and thousands of steps that
/// are alike and read everything.
#[test]
fn what_nobody_would_build_is_compared_in_bounds() {
    let temp = context("FROM scratch;COPY . /");
    let real = inputs(temp.path(), Semantics::BuildKit, "");
    for alike in [false, true] {
        let [old, new] = [0, 1].map(|version| {
            let mut inputs = real.clone();
            let step = real.steps[1].clone();
            inputs.steps = (0..20_000)
                .map(|number| {
                    let stage = (number * 7919) % 10_007;
                    let text = format!("COPY {number} {version}");
                    let mut step = step.clone();
                    step.stage = if alike { number / 2 } else { stage };
                    step.from = if alike {
                        vec![]
                    } else {
                        vec![stage, stage + 1]
                    };
                    step.content = Some(Digest::of(text.as_bytes()));
                    step.text = text;
                    step
                })
                .collect();
            inputs
        });
        let began = std::time::Instant::now();
        let prediction = predict(&old, &new);
        let is_told = prediction.unpredictable.is_none();
        assert_eq!(prediction.steps.is_empty(), !is_told);
        assert!(began.elapsed().as_secs() < 60, "{:?}", began.elapsed());
    }
}
