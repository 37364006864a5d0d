//! The pairs that are written by hand: for each thing that a cache may look at an edit of it.

use shipload_testkit::least::Column;
use shipload_testkit::tree::{Item, Kind, SOME_TIME, TreeSpec};

use super::rebuild::{Pair, Version};

/// Who has a case.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Who {
    All,
    Classic,
    BuildKit,
    /// `BuildKit` of the later Engine.
    Later,
}

use Who::{All, BuildKit, Classic, Later};

/// Files: `a` with content, `a=x`, `a:755=x` with a mode, `d/` and `d/:700` directories, `l->a` a link, `h==a` a hard link. In an
/// edit `-a` takes something away.
type Files = &'static str;

/// Files under one Dockerfile, and an edit of them.
const EDITS: &[(Who, &str, Files, Files)] = &[
    (All, "COPY a /a;COPY b /b", "a b", ""),
    (All, "COPY a /a;COPY b /b", "a b", "a=edited"),
    (All, "COPY a /a;COPY b /b", "a b", "b=edited"),
    (All, "COPY a /a;RUN echo @;COPY b /b", "a b c", "c=edited"),
    (All, "COPY a /a;COPY b /b", "a b", "a:755"),
    (All, "COPY a /a", "a", "a:4755"),
    (All, "COPY d /d", "d/a", "d/b"),
    (All, "COPY d /d", "d/a d/b", "-d/b"),
    (All, "COPY d /d", "d/a", "-d/a d/b=d/a"),
    (All, "COPY d /d", "d/a", "d/e/"),
    (All, "COPY d /d", "d/a d/e/", "-d/e"),
    (All, "COPY d /d", "d/a/b", "-d/a/b -d/a d/a"),
    (All, "COPY d /d", "d/a d/b", "-d/b d/b->a"),
    (All, "COPY d/a /x", "d/:755 d/a", "d/:700"),
    (All, "COPY . /all/", "a .dockerignore=Dockerfile", "b"),
    (
        All,
        "COPY . /all/",
        "a b .dockerignore=Dockerfile,b",
        "b=edited",
    ),
    (
        All,
        "COPY . /all/",
        "a .dockerignore=Dockerfile,.dockerignore",
        ".dockerignore=Dockerfile,.dockerignore,x",
    ),
    (
        All,
        "COPY . /all/",
        "a .dockerignore=Dockerfile",
        ".dockerignore=Dockerfile,x",
    ),
    (
        All,
        "COPY . /all/",
        "a b .dockerignore=Dockerfile,.dockerignore",
        ".dockerignore=Dockerfile,.dockerignore,b",
    ),
    (All, "COPY *.t /d/", "a.t", "-a.t b.t=a.t"),
    (All, "COPY *.t /d/", "a.t c.t", "-a.t b.t=a.t"),
    (All, "COPY *.t /d/", "a.t c.t", "a.t=c.t c.t=a.t"),
    (All, "COPY *.t /d/", "a.t", "b.t"),
    (All, "COPY *.t /d/", "a.t b.t", "-b.t"),
    (All, "COPY *.t /d/", "a.t b.u", "b.u=edited"),
    (All, "COPY p* /d/", "p1/a p2/b", "p1/a=edited"),
    (All, "COPY p* /d/", "p1/a", "-p1/a -p1 p2/a=p1/a"),
    (All, "COPY */a /d/", "p/a", "-p/a -p q/a=p/a"),
    (All, "COPY */*.t /d/", "p/a.t p/b.t", "-p/a.t q/a.t=p/a.t"),
    (All, "COPY p* /d/", "p->a a b=a", "-p p->b"),
    (All, "COPY p* /d/", "p->a a", "a=edited"),
    (All, "COPY a b /d/", "a b", "a=b b=a"),
    (All, "COPY p p/a /d/", "p/a p/b", "p/b=edited"),
    (All, "COPY l /x", "l->a a", "a=edited"),
    (All, "COPY l /x", "l->a a b=a", "-l l->b"),
    (All, "COPY l /x", "l->d d/f", "d/f=edited"),
    (All, "COPY l /x", "l->d d/f e/f=d/f", "-l l->e"),
    (All, "COPY l/f /x", "l->d d/f e/f=d/f", "-l l->e"),
    (All, "COPY d /d", "d/a d/c d/l->a", "-d/l d/l->c"),
    (All, "COPY d /d", "d/a d/l->a", "-d/l d/k->a"),
    (All, "COPY d /d", "d/a d/l->a", "-d/l d/l->./a"),
    (All, "COPY d /d", "d/a d/l->x", "-d/l d/l->y"),
    (All, "COPY d /d", "d/a d/l->x", "-d/l d/k->x"),
    (All, "COPY d /d", "d/e/a d/l->e", "-d/l d/l->f d/f/a=d/e/a"),
    (All, "COPY d /d", "o d/a d/l->../o", "o=edited"),
    (All, "COPY d /d", "o d/a d/l->../o", "o:700"),
    (All, "COPY d /d", "o/f d/a d/l->../o", "o/f=edited"),
    (All, "COPY d /d", "d/a d/l->../o", "o"),
    (All, "COPY d /d", "d/a d/h==d/a", "-d/h d/h=d/a"),
    (All, "COPY d /d", "a d/h==a", "-d/h d/h=a"),
    (All, "COPY d /d", "a d/h==a", "a=edited"),
    (All, "COPY d /d", "d/a d/h==d/a", "d/a=edited"),
    (All, "COPY h /h", "a h==a", "-h h=a"),
    (All, "COPY h /h", "a h==a", "a=edited"),
    (All, "COPY d /d", "d/a d/b=d/a", "-d/b d/b==d/a"),
    (All, "ADD a /d/", "a", "a=edited"),
    (All, "FROM scratch;COPY b /b", "a b", "a=edited"),
    (
        All,
        "COPY d /x",
        "d/a d/k .dockerignore=d,!d/k",
        "d/a=edited",
    ),
    (
        All,
        "COPY d /x",
        "d/a d/k .dockerignore=d,!d/k",
        "d/k=edited",
    ),
    (BuildKit, "COPY --chmod=600 a /a", "a", "a:755"),
    (
        BuildKit,
        "RUN --mount=type=bind,source=a,target=/m echo @",
        "a b",
        "a=edited",
    ),
    (
        BuildKit,
        "RUN --mount=type=bind,source=a,target=/m echo @",
        "a b",
        "b=edited",
    ),
    (
        BuildKit,
        "RUN --mount=type=bind,source=a,target=/m,rw echo @",
        "a b",
        "a=edited",
    ),
    (
        BuildKit,
        "RUN --mount=type=bind,source=a,target=/m,rw echo @",
        "a b",
        "b=edited",
    ),
    (
        BuildKit,
        "RUN --mount=type=bind,target=/m echo @",
        "a b",
        "b=edited",
    ),
    (
        BuildKit,
        "COPY a /;RUN --mount=type=bind,target=/m echo @",
        "a b",
        "b=edited",
    ),
    (
        BuildKit,
        "RUN --mount=type=bind,source=l,target=/m echo @",
        "l->a a",
        "a=edited",
    ),
    (
        BuildKit,
        "RUN --mount=type=bind,source=l,target=/m echo @",
        "l->a a b=a",
        "-l l->b",
    ),
];

/// Directories whose modes have changed: `BuildKit` does not ask for that.
const DIRECTORIES: &[(&str, Files, Files)] = &[
    ("COPY d /d", "d/:755 d/a", "d/:700"),
    ("COPY d/ /d/", "d/:755 d/a", "d/:700"),
    ("COPY d /d", "d/e/:755 d/e/a", "d/e/:700"),
    ("COPY p* /d/", "p/:755 p/a", "p/:700"),
];

/// Edits of a Dockerfile over `a`, `b`, `d/f` and `l`, build arguments behind `|`, the target behind `^`.
const REWRITES: &[(Who, &str, &str)] = &[
    (
        All,
        "COPY a /a;RUN echo @",
        "# why;  copy   a   /a;;RUN   echo @",
    ),
    (All, "COPY a x", "COPY a /x"),
    (All, "COPY a /x", "COPY a /x/"),
    (All, "COPY a .", "COPY a ./"),
    (All, "COPY a .", "COPY a /"),
    (All, "WORKDIR /w;COPY a .", "WORKDIR /w;COPY a /w/"),
    (All, "ENV D=/q;COPY a $D/x", "ENV D=/q;COPY a /q/x"),
    (All, "COPY a /x", "COPY b /x"),
    (All, "COPY a* /x/", "COPY a /x/"),
    (All, "COPY d /x/", "COPY d/. /x/"),
    (All, "COPY d /x/", "COPY d/* /x/"),
    (All, "COPY a b /x/", "COPY b a /x/"),
    (All, "COPY d/f /x", "COPY e/f /x"),
    (All, "COPY d /x", "COPY e /x"),
    (All, "COPY a /x", "COPY [\"./a\", \"/x\"]"),
    (All, "ADD a /x", "COPY a /x"),
    (All, "COPY a /x", "COPY --chown=0:0 a /x"),
    (All, "RUN echo @", "RUN [\"/bin/sh\", \"-c\", \"echo @\"]"),
    (All, "RUN echo @", "RUN echo  @"),
    (All, "RUN echo @ x", "RUN echo @ \\;# why;x"),
    (All, "ENV A=@ B=2;RUN true", "ENV B=2 A=@;RUN true"),
    (All, "ENV A @;RUN true", "ENV A=\"@\";RUN true"),
    (
        All,
        "ENV A=1@;COPY a /;RUN echo @",
        "ENV A=2@;COPY a /;RUN echo @",
    ),
    (
        All,
        "ENV A=1@;ENV A=3;RUN echo @",
        "ENV A=2@;ENV A=3;RUN echo @",
    ),
    (
        All,
        "ENV A=1 B=2@;ENV A=3;RUN echo @",
        "ENV B=2@ A=3;RUN echo @",
    ),
    (
        All,
        "ENV A=1 B=2@;RUN echo @",
        "ENV A=1 B=2@;ENV A=1;RUN echo @",
    ),
    (
        All,
        "ARG A=1@;COPY a /;RUN echo @",
        "ARG A=2@;COPY a /;RUN echo @",
    ),
    (
        All,
        "ARG A;COPY a /;RUN echo @|A=1",
        "ARG A;COPY a /;RUN echo @|A=2",
    ),
    (All, "ARG A=2;RUN echo @", "ARG A=2;RUN echo @|A=2"),
    (All, "ARG A;RUN echo @", "ARG A;RUN echo @|A=2"),
    (All, "RUN echo @;ARG A|A=1", "RUN echo @;ARG A|A=2"),
    (
        All,
        "ARG A;ENV A=5;COPY a /;RUN echo @|A=1",
        "ARG A;ENV A=5;COPY a /;RUN echo @|A=2",
    ),
    (
        All,
        "ENV A=5;ARG A;COPY a /;RUN echo @|A=1",
        "ENV A=5;ARG A;COPY a /;RUN echo @|A=2",
    ),
    (All, "ARG A=3@;RUN echo @", "ENV A=3@;RUN echo @"),
    (
        All,
        "ARG A=1@;ARG B=2@;RUN echo @",
        "ARG B=2@;ARG A=1@;RUN echo @",
    ),
    (
        All,
        "LABEL x=@;ARG A=a;COPY $A /x",
        "LABEL x=@;ARG A=b;COPY $A /x",
    ),
    (All, "RUN echo @", "RUN echo @|HTTP_PROXY=x"),
    (All, "RUN echo @|HTTP_PROXY=x", "RUN echo @|HTTP_PROXY=y"),
    (
        All,
        "ARG A=1;FROM busybox;ARG A;COPY a /;RUN echo @",
        "ARG A=2;FROM busybox;ARG A;COPY a /;RUN echo @",
    ),
    (
        All,
        "ARG A=1;FROM busybox;COPY a /;RUN echo @",
        "ARG A=2;FROM busybox;COPY a /;RUN echo @",
    ),
    (All, "LABEL x=@;COPY a /", "LABEL x=@2;COPY a /"),
    (
        All,
        "COPY a /;CMD a",
        "COPY a /;CMD [\"/bin/sh\", \"-c\", \"a\"]",
    ),
    (All, "COPY a /;CMD a", "COPY a /;CMD b"),
    (
        All,
        "COPY a /;EXPOSE 80 443;COPY b /",
        "COPY a /;EXPOSE 443 80;COPY b /",
    ),
    (
        All,
        "COPY a /;SHELL [\"/bin/sh\", \"-c\"];RUN echo @",
        "COPY a /;SHELL [\"/bin/sh\", \"-ec\"];RUN echo @",
    ),
    (
        All,
        "COPY a /;HEALTHCHECK CMD a",
        "COPY a /;HEALTHCHECK CMD b",
    ),
    (All, "COPY a /;ONBUILD RUN x", "COPY a /;ONBUILD RUN y"),
    (
        All,
        "LABEL x=@;USER root;COPY a /;RUN echo @",
        "LABEL x=@;USER one;COPY a /;RUN echo @",
    ),
    (
        All,
        "COPY a /;WORKDIR /x;COPY a .",
        "COPY a /;WORKDIR /y;COPY a .",
    ),
    (
        All,
        "COPY a /;WORKDIR /x;WORKDIR y",
        "COPY a /;WORKDIR /x;WORKDIR /x/y",
    ),
    (All, "COPY a /;COPY b /", "COPY b /;COPY a /"),
    (All, "COPY a /;COPY b /", "COPY a /;COPY d /;COPY b /"),
    (All, "COPY a /;COPY b /", "COPY b /"),
    (All, "COPY a /;COPY b /", "COPY a /"),
    (All, "COPY a /", "LABEL x=@;COPY a /"),
    (All, "COPY a /", "FROM scratch;COPY a /"),
    (All, "COPY a /", "FROM busybox:latest;COPY a /"),
    // Stages.
    (
        All,
        "FROM busybox AS one;COPY a /;FROM one;COPY b /",
        "FROM busybox;COPY a /;COPY b /",
    ),
    (
        All,
        "FROM busybox AS one;COPY a /;FROM one;COPY b /^one",
        "FROM busybox AS one;COPY a /;FROM one;COPY b /",
    ),
    (
        All,
        "FROM busybox AS one;COPY a /;FROM one;COPY b /",
        "FROM busybox AS one;COPY a /;FROM one;COPY b /^one",
    ),
    (
        All,
        "FROM busybox AS one;COPY a /;FROM busybox;COPY --from=one /a /x;COPY b /",
        "FROM busybox AS two;COPY a /;FROM busybox;COPY --from=0 /a /x;COPY b /",
    ),
    (
        All,
        "FROM busybox AS one;COPY a /;FROM busybox AS two;COPY b /;FROM busybox;COPY --from=one /a /;COPY --from=two /b /",
        "FROM busybox AS two;COPY b /;FROM busybox AS one;COPY a /;FROM busybox;COPY --from=one /a /;COPY --from=two /b /",
    ),
    (
        All,
        "FROM busybox;COPY b /",
        "FROM busybox AS one;COPY a /;FROM busybox;COPY b /",
    ),
    (
        BuildKit,
        "FROM scratch AS one;COPY a /;FROM scratch;COPY b /",
        "FROM scratch AS one;COPY d /;FROM scratch;COPY b /",
    ),
    // Mounts.
    (
        BuildKit,
        "RUN --mount=source=a,target=/m echo @",
        "RUN --mount=type=bind,dst=/m,src=a,ro echo @",
    ),
    (
        BuildKit,
        "RUN --mount=source=a,target=/m echo @",
        "RUN --mount=source=a,target=/n echo @",
    ),
    (
        BuildKit,
        "RUN --mount=source=d/f,target=/m echo @",
        "RUN --mount=source=e/f,target=/m echo @",
    ),
    (
        BuildKit,
        "RUN --mount=type=cache,target=/m echo @",
        "RUN --mount=type=cache,target=/m,id=q echo @",
    ),
    // Heredocs.
    (Later, "COPY <<E /x;hi @;E", "COPY <<E /x;ho @;E"),
    (Later, "COPY <<E /x;hi @;E", "COPY <<F /x;hi @;F"),
    (Later, "COPY <<-E /x;\thi @;E", "COPY <<E /x;hi @;E"),
    (Later, "RUN <<E;echo @;E", "RUN <<F;echo @;F"),
    (Later, "RUN <<E;echo @;E", "RUN <<E;echo @ ;E"),
    (Later, "COPY --link a /x", "COPY --link b /x"),
    (Classic, "COPY a /;MAINTAINER a", "COPY a /;MAINTAINER b"),
    (
        Classic,
        "COPY a /;STOPSIGNAL 9;VOLUME /v /w",
        "COPY a /;STOPSIGNAL 9;VOLUME [\"/v\", \"/w\"]",
    ),
];

/// Edits of `a` under stages. What comes of a changed stage cannot be told.
const STAGES: &[(Who, &str)] = &[
    (
        All,
        "FROM busybox AS one;COPY a /;RUN echo @ > /o;FROM busybox;COPY --from=one /o /o;COPY b /",
    ),
    (
        All,
        "FROM busybox AS one;COPY a /;FROM busybox;COPY --from=one /a /o;COPY b /",
    ),
    (
        All,
        "FROM busybox AS one;COPY a /;FROM busybox AS two;COPY b /;FROM busybox;COPY --from=two /b /;COPY --from=one /a /",
    ),
    // To BuildKit both of these are one step, if the files are the same.
    (
        All,
        "FROM busybox AS one;COPY a /;FROM busybox;COPY --from=one /a /;COPY b /",
    ),
    (
        All,
        "FROM busybox AS one;ONBUILD COPY a /;FROM one;COPY b /",
    ),
    (
        All,
        "FROM busybox AS one;COPY b /;ONBUILD COPY b /;FROM one;COPY a /",
    ),
    (
        All,
        "FROM busybox AS one;COPY a /;FROM one AS two;COPY b /;FROM two;RUN echo @",
    ),
    (
        BuildKit,
        "FROM busybox AS one;COPY a /;FROM busybox;RUN --mount=from=one,source=/a,target=/m echo @;COPY b /",
    ),
    (
        BuildKit,
        "FROM busybox AS one;COPY a /;COPY b /;FROM busybox;RUN --mount=from=one,source=/b,target=/m echo @;COPY b /",
    ),
];

/// The cases that a builder has.
pub(super) fn cases(column: Column) -> Vec<Pair> {
    let has = |who: Who| match who {
        All => true,
        Classic => matches!(column, Column::Classic20 | Column::Classic26),
        BuildKit => matches!(column, Column::BuildKit20 | Column::BuildKit26),
        Later => column == Column::BuildKit26,
    };
    let mut pairs = Vec::new();
    for &(who, file, files, edit) in EDITS {
        if has(who) {
            pairs.push(edited(file, files, edit));
        }
    }
    let files = "a b d/f e/f=d/f";
    for &(who, before, after) in REWRITES {
        if has(who) {
            let tree = tree(files, &TreeSpec::default());
            pairs.push(Pair {
                name: format!("{before} => {after}"),
                before: version(before, tree.clone()),
                after: version(after, tree),
                is_open: false,
                elsewhere: false,
            });
        }
    }
    for &(who, file) in STAGES {
        if has(who) {
            pairs.push(edited(file, files, "a=edited"));
        }
    }
    for &(file, files, edit) in DIRECTORIES {
        for elsewhere in [false, true] {
            let is_open = has(BuildKit);
            let pair = edited(file, files, edit);
            pairs.push(Pair {
                is_open,
                elsewhere,
                ..pair
            });
        }
    }
    pairs
}

fn edited(file: &str, files: &str, edit: &str) -> Pair {
    let before = version(file, tree(files, &TreeSpec::default()));
    let after = version(file, tree(edit, &before.tree));
    Pair {
        name: format!("{file}: {files} => {edit}"),
        before,
        after,
        is_open: false,
        elsewhere: false,
    }
}

fn version(text: &str, tree: TreeSpec) -> Version {
    let (text, target) = match text.split_once('^') {
        Some((text, target)) => (text, Some(target.to_owned())),
        None => (text, None),
    };
    let (text, arguments) = text.split_once('|').unwrap_or((text, ""));
    let arguments = arguments.split_whitespace().map(|word| {
        let (name, value) = word.split_once('=').unwrap();
        (name.to_owned(), value.to_owned())
    });
    let has_from = text.starts_with("FROM ") || text.contains(";FROM ");
    let from = if has_from { "" } else { "FROM busybox\n" };
    Version {
        dockerfile: format!("{from}{}\n", text.replace(';', "\n")),
        tree,
        arguments: arguments.collect(),
        target,
    }
}

/// A tree, and then what the words say of it. `a=b` is what `b` was before.
fn tree(words: &str, before: &TreeSpec) -> TreeSpec {
    let mut tree = before.clone();
    for word in words.split_whitespace() {
        if let Some(gone) = word.strip_prefix('-').filter(|gone| !gone.contains("->")) {
            tree.remove(gone.as_bytes());
        } else if let Some((path, target)) = word.split_once("->") {
            let target = target.into();
            tree.add(path.as_bytes(), Item::new(Kind::Symlink { target }, 0o777));
        } else if let Some((path, to)) = word.split_once("==") {
            let to = to.into();
            tree.add(path.as_bytes(), Item::new(Kind::Hardlink { to }, 0o644));
        } else {
            plain(word, before, &mut tree);
        }
    }
    tree
}

/// A file or a directory.
fn plain(word: &str, before: &TreeSpec, tree: &mut TreeSpec) {
    let (name, content) = word
        .split_once('=')
        .map_or((word, None), |(name, text)| (name, Some(text)));
    let (path, mode) = name
        .split_once(':')
        .map_or((name, None), |(path, mode)| (path, Some(mode)));
    let mode = mode.map(|mode| u32::from_str_radix(mode, 8).unwrap());
    if let Some(path) = path.strip_suffix('/') {
        tree.dir(path.as_bytes());
        tree.entries.get_mut(path.as_bytes()).unwrap().mode = mode.unwrap_or(0o755);
        return;
    }
    let own = || {
        before
            .content(path.as_bytes())
            .unwrap_or(path.as_bytes())
            .to_vec()
    };
    let content = match content {
        None => own(),
        Some(other) => match before
            .content(other.as_bytes())
            .or_else(|| tree.content(other.as_bytes()))
        {
            Some(content) => content.to_vec(),
            None => other.replace(',', "\n").into_bytes(),
        },
    };
    let item = Item {
        kind: Kind::File { content },
        mode: mode.unwrap_or(0o644),
        mtime: SOME_TIME,
    };
    tree.add(path.as_bytes(), item);
}
