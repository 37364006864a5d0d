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
    // What was thought of to prove it wrong.
    (All, "COPY a /", "a .dockerignore=zz", ".dockerignore=zz,yy"),
    (
        All,
        "COPY . /all/",
        "a b .dockerignore=b,Dockerfile*,.dockerignore",
        ".dockerignore=Dockerfile*,.dockerignore",
    ),
    (
        BuildKit,
        "COPY . /all/",
        "a b .dockerignore=Dockerfile*,.dockerignore",
        "Dockerfile.dockerignore=b,Dockerfile*,.dockerignore",
    ),
    (All, "COPY d /d", "d/a d/x", "-d/x d/x/y"),
    (All, "COPY d /d", "d/a d/x->a", "-d/x d/x=d/a"),
    (All, "?COPY p* /d/", "p->d d/f p2", "d/f=edited"),
    (All, "COPY p* /d/", "p->q q->a a b=a p2", "-q q->b"),
    (All, "COPY p* /d/", "p->q q->a a b p2", "-q q->b"),
    (
        BuildKit,
        "COPY l/* /x/",
        "l->d d/f d/g e/f=d/f e/g=d/g",
        "-l l->e",
    ),
    (BuildKit, "?COPY l/* /x/", "l->d d/f d/g", "d/f=edited"),
    (All, "?COPY d/* /x/", "d/l->../e e/f d/g", "e/f=edited"),
    (All, "?COPY d/* /x/", "d/l->../e e/f d/g", "-d/l d/l/f=e/f"),
    (
        All,
        "COPY * /x/",
        "a b .dockerignore=Dockerfile,.dockerignore",
        "c",
    ),
    (All, "COPY d/ /x/", "d/a d/b", "d/b=edited"),
    (All, "COPY d d/e /x/", "d/a d/e/f", "d/e/g"),
    (All, "COPY d/e/ d /x/", "d/a d/e/f", "d/a=edited"),
    (All, "COPY a /x/;WORKDIR /x;COPY b .", "a b", "b=edited"),
    (All, "ADD d /x", "d/a", "d/a=edited"),
    (All, "LABEL x=@;COPY b /x/", "a b=a", "-b b==a"),
    (All, "COPY d /x", "d/a d/b==d/a d/c=d/a", "-d/c d/c==d/a"),
    (
        All,
        "COPY d /x",
        "d/a=d/b d/b d/c==d/b",
        "-d/b -d/c d/b==d/a d/c==d/a",
    ),
    (All, "COPY a /x", "a", "a:600"),
    (All, "COPY a /x", "a", "a:1644"),
    (All, "COPY d /d", "d/a", "d/a= d/b="),
    (
        All,
        "COPY d/*/a /x/",
        "d/1/a d/2/a",
        "-d/1/a -d/1 d/3/a=d/1/a",
    ),
    (
        BuildKit,
        "COPY d/?/ /x/",
        "d/1/a d/2/a",
        "-d/1/a -d/1 d/3/a=d/1/a",
    ),
    (All, "COPY d/1 d/2 /x/", "d/1/a d/2/a", "d/2/b"),
    (All, "ENV X=d;COPY ${X}/a /x", "d/a d/b", "d/b=edited"),
    (All, "COPY a /x;COPY a /y", "a", "a=edited"),
    (BuildKit, "COPY --chown=one a /a", "a", "a:755"),
    (All, "COPY --chown=one:one d /a", "d/a", "d/a=edited"),
    (
        BuildKit,
        "RUN --mount=type=bind,source=d,target=/m echo @",
        "d/a",
        "-d/a d/b=d/a",
    ),
    (
        BuildKit,
        "RUN --mount=type=bind,source=d,target=/m echo @",
        "d/a",
        "d/a:700",
    ),
    (
        BuildKit,
        "RUN --mount=type=bind,source=d/a,target=/m --mount=type=bind,source=b,target=/n echo @",
        "d/a b",
        "b=edited",
    ),
    (
        BuildKit,
        "RUN --mount=type=bind,source=d,target=/m echo @",
        "d/a d/l->../o o",
        "o=edited",
    ),
    (
        BuildKit,
        "RUN --mount=type=bind,source=.,target=/m echo @",
        "a .dockerignore=Dockerfile*,.dockerignore,b b",
        "b=edited",
    ),
    (
        Classic,
        "COPY . /all/",
        "a b .dockerignore=Dockerfile,.dockerignore",
        "Dockerfile.dockerignore=b",
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
    // What was thought of to prove it wrong.
    (
        All,
        "ARG V=latest;FROM busybox:$V;COPY a /",
        "ARG V=latest;FROM busybox;COPY a /",
    ),
    (BuildKit, "RUN echo @", "ARG TARGETARCH;RUN echo @"),
    (
        BuildKit,
        "ARG TARGETARCH;RUN echo @",
        "ARG TARGETARCH;RUN echo @",
    ),
    (
        BuildKit,
        "RUN echo @;COPY a /",
        "FROM --platform=$BUILDPLATFORM busybox;RUN echo @;COPY a /",
    ),
    (
        All,
        "RUN echo @;COPY a /",
        "FROM --platform=linux/amd64 busybox;RUN echo @;COPY a /",
    ),
    (
        All,
        "LABEL x=@;ARG A=1;ARG B=$A@;RUN echo @",
        "LABEL x=@;ARG A=2;ARG B=$A@;RUN echo @",
    ),
    (All, "ARG A;RUN echo @", "ARG A;RUN echo @|A="),
    (
        All,
        "LABEL x=@;ARG A=;RUN echo @",
        "LABEL x=@;ARG A;RUN echo @",
    ),
    (All, "ARG A=1;RUN echo @", "ARG A=1;RUN echo @|A="),
    (
        All,
        "LABEL x=@;ENV A=1;RUN echo @",
        "LABEL x=@;ENV A=;RUN echo @",
    ),
    (All, "RUN echo @", "RUN echo @|NO_PROXY=x"),
    (All, "!RUN echo @", "RUN echo @|ALL_PROXY=x"),
    (All, "RUN echo @|http_proxy=x", "RUN echo @|HTTP_PROXY=x"),
    (
        All,
        "ARG HTTP_PROXY;RUN echo @|HTTP_PROXY=x",
        "ARG HTTP_PROXY;RUN echo @|HTTP_PROXY=y",
    ),
    (
        All,
        "ARG HTTP_PROXY=x@;RUN echo @",
        "ARG HTTP_PROXY=y@;RUN echo @",
    ),
    (
        All,
        "ENV HTTP_PROXY=x@;RUN echo @",
        "ENV HTTP_PROXY=y@;RUN echo @",
    ),
    (All, "RUN echo @", "RUN echo @|UNUSED=x"),
    (
        All,
        "WORKDIR /w;COPY a .;RUN echo @",
        "WORKDIR /w;COPY a .;RUN echo @|SOURCE_DATE_EPOCH=1",
    ),
    (
        BuildKit,
        "?RUN echo @",
        "RUN echo @|BUILDKIT_SANDBOX_HOSTNAME=x",
    ),
    (
        BuildKit,
        "RUN --mount=type=cache,target=/m echo @",
        "RUN --mount=type=cache,target=/m echo @|BUILDKIT_CACHE_MOUNT_NS=x",
    ),
    (
        BuildKit,
        "RUN echo @;COPY a /",
        "RUN echo @;COPY a /|BUILDKIT_INLINE_CACHE=1",
    ),
    (
        BuildKit,
        "RUN echo @;COPY a /",
        "RUN echo @;COPY a /|BUILDKIT_MULTI_PLATFORM=1",
    ),
    (Later, "?RUN --network=none echo @", "RUN echo @"),
    (Later, "RUN --network=default echo @", "RUN echo @"),
    (
        BuildKit,
        "RUN --mount=type=cache,target=/m echo @",
        "RUN --mount=type=cache,target=/m,id=/m echo @",
    ),
    (
        BuildKit,
        "RUN --mount=type=cache,target=/m echo @",
        "RUN --mount=type=cache,target=/m,sharing=shared echo @",
    ),
    (
        BuildKit,
        "RUN --mount=type=cache,target=/m echo @",
        "RUN --mount=type=cache,target=/m,sharing=locked echo @",
    ),
    (
        BuildKit,
        "RUN --mount=type=cache,target=/m echo @",
        "RUN --mount=type=cache,target=/m,rw echo @",
    ),
    (
        BuildKit,
        "RUN --mount=type=cache,target=/m echo @",
        "RUN --mount=type=cache,target=/m,ro echo @",
    ),
    (
        BuildKit,
        "RUN --mount=type=cache,target=/m echo @",
        "RUN --mount=type=cache,target=/m,uid=1 echo @",
    ),
    (
        BuildKit,
        "RUN --mount=type=cache,target=/m echo @",
        "RUN --mount=type=cache,target=/m,uid=0,gid=0 echo @",
    ),
    (
        BuildKit,
        "RUN --mount=type=cache,target=/m echo @",
        "RUN --mount=type=cache,target=/m,mode=0755 echo @",
    ),
    (
        BuildKit,
        "RUN --mount=type=cache,target=/m echo @",
        "RUN --mount=type=cache,target=/m/ echo @",
    ),
    (
        BuildKit,
        "RUN --mount=type=tmpfs,target=/m echo @",
        "RUN echo @",
    ),
    (
        Later,
        "RUN --mount=type=tmpfs,target=/m echo @",
        "RUN --mount=type=tmpfs,target=/m,size=100000 echo @",
    ),
    (
        BuildKit,
        "RUN --mount=type=secret,id=x echo @",
        "RUN echo @",
    ),
    (
        BuildKit,
        "RUN --mount=type=secret,id=x echo @",
        "RUN --mount=type=secret,id=y echo @",
    ),
    (
        BuildKit,
        "RUN --mount=type=secret,id=x echo @",
        "RUN --mount=type=secret,id=x,required=false echo @",
    ),
    (
        BuildKit,
        "RUN --mount=type=secret,id=x echo @",
        "RUN --mount=type=secret,id=x,target=/run/secrets/x echo @",
    ),
    (
        BuildKit,
        "RUN --mount=type=secret,id=x echo @",
        "RUN --mount=type=secret,id=x,mode=0400 echo @",
    ),
    (
        BuildKit,
        "RUN --mount=type=secret,id=x echo @",
        "RUN --mount=type=secret,id=x,mode=400 echo @",
    ),
    (
        BuildKit,
        "RUN --mount=type=secret,id=x echo @",
        "RUN --mount=type=secret,id=x,mode=0440 echo @",
    ),
    (
        BuildKit,
        "RUN --mount=type=secret,target=/q/x echo @",
        "RUN --mount=type=secret,id=x,target=/q/x echo @",
    ),
    (BuildKit, "RUN --mount=type=ssh echo @", "RUN echo @"),
    (
        BuildKit,
        "RUN --mount=type=ssh echo @",
        "RUN --mount=type=ssh,id=default echo @",
    ),
    (
        BuildKit,
        "RUN --mount=type=ssh echo @",
        "RUN --mount=type=ssh,mode=0600 echo @",
    ),
    (
        BuildKit,
        "RUN --mount=type=cache,target=/m --mount=type=tmpfs,target=/n echo @",
        "RUN --mount=type=tmpfs,target=/n --mount=type=cache,target=/m echo @",
    ),
    (
        BuildKit,
        "WORKDIR /w;RUN --mount=type=cache,target=m echo @",
        "WORKDIR /w;RUN --mount=type=cache,target=/w/m echo @",
    ),
    (
        BuildKit,
        "RUN --mount=type=bind,source=a,target=/m,rw=false echo @",
        "RUN --mount=type=bind,source=a,target=/m echo @",
    ),
    (
        BuildKit,
        "RUN --mount=type=bind,source=./a,target=/m echo @",
        "RUN --mount=type=bind,source=/a,target=/m echo @",
    ),
    (BuildKit, "COPY --chmod=0644 a /x", "COPY --chmod=644 a /x"),
    (All, "COPY --chown=0 a /x", "COPY --chown=0:0 a /x"),
    (All, "COPY --chown=root a /x", "COPY --chown=0 a /x"),
    (All, "COPY --chown=1:1 a /x", "COPY --chown=one:one a /x"),
    (All, "COPY --chown=01:1 a /x", "COPY --chown=1:1 a /x"),
    (
        All,
        "RUN echo @;COPY a /",
        "COPY --chown=1:1 a /;RUN echo @",
    ),
    (
        Later,
        "RUN echo @;COPY --link a /",
        "RUN echo @2;COPY --link a /",
    ),
    (Later, "?COPY --link a /", "COPY a /"),
    (Later, "COPY --link=true a /", "COPY --link a /"),
    (Later, "COPY --link=false a /", "COPY a /"),
    (Later, "COPY <<\"E\" /x;hi @;E", "COPY <<E /x;hi @;E"),
    (
        Later,
        "ARG V=1;COPY <<E /x;hi $V @;E",
        "ARG V=2;COPY <<E /x;hi $V @;E",
    ),
    (
        Later,
        "ARG V=1;COPY <<E /x;hi @;E",
        "ARG V=2;COPY <<E /x;hi @;E",
    ),
    (
        Later,
        "ARG V=1;COPY <<E /x;hi $V @;E",
        "COPY <<E /x;hi 1 @;E",
    ),
    (
        Later,
        "ARG V=1;COPY <<'E' /x;hi $V @;E",
        "ARG V=2;COPY <<'E' /x;hi $V @;E",
    ),
    (Later, "RUN <<'E';echo @;E", "RUN <<E;echo @;E"),
    (
        Later,
        "RUN <<E;#!/bin/sh;echo @;E",
        "RUN <<F;#!/bin/sh;echo @;F",
    ),
    (Later, "RUN <<-E;\techo @;E", "RUN <<E;echo @;E"),
    (Later, "RUN cat <<E;hi @;E", "RUN cat <<F;hi @;F"),
    (Later, "RUN cat <<E;hi @;E", "RUN cat <<'E';hi @;E"),
    (Later, "RUN cat <<E;hi @;E", "RUN cat <<E;ho @;E"),
    (Later, "RUN <<E;echo @;E", "RUN echo @"),
    (
        Later,
        "COPY <<E <<F /x/;hi @;E;ho;F",
        "COPY <<E <<F /x/;hi @;E;hu;F",
    ),
    (
        Later,
        "COPY <<E <<F /x/;hi @;E;ho;F",
        "COPY <<F <<E /x/;ho;F;hi @;E",
    ),
    (Later, "COPY a <<E /x/;hi @;E", "COPY b <<E /x/;hi @;E"),
    (
        All,
        "# escape=`;FROM busybox;RUN echo @ `;x",
        "RUN echo @ \\;x",
    ),
    (All, "RUN echo @ ", "RUN echo @"),
    (All, "RUN echo @", "RUN  \techo @"),
    (All, "RUN echo @\tx", "RUN echo @ x"),
    (All, "RUN echo @ \\;  x", "RUN echo @   x"),
    (All, "RUN echo @ \\;;x", "RUN echo @ \\;x"),
    (All, "run echo @", "RUN echo @"),
    (
        All,
        "LABEL x=@;WORKDIR /x;WORKDIR /x",
        "LABEL x=@;WORKDIR /x",
    ),
    (
        All,
        "!LABEL x=@;WORKDIR /x/;COPY a .",
        "LABEL x=@;WORKDIR /x;COPY a .",
    ),
    (
        All,
        "LABEL x=@;WORKDIR x;COPY a .",
        "LABEL x=@;WORKDIR /x;COPY a .",
    ),
    (
        All,
        "!LABEL x=@;WORKDIR /x/../y;RUN echo @",
        "LABEL x=@;WORKDIR /y;RUN echo @",
    ),
    (All, "LABEL x=@;WORKDIR /;COPY a .", "LABEL x=@;COPY a ."),
    (
        All,
        "ENV D=/x;WORKDIR $D;COPY a .",
        "ENV D=/x;WORKDIR /x;COPY a .",
    ),
    (All, "USER one;WORKDIR /z@;COPY a .", "WORKDIR /z@;COPY a ."),
    (
        All,
        "LABEL x=@;USER 1;WORKDIR /z@;COPY a .",
        "LABEL x=@;USER one;WORKDIR /z@;COPY a .",
    ),
    (
        All,
        "LABEL x=@;USER one;RUN echo @",
        "LABEL x=@;USER one:one;RUN echo @",
    ),
    (All, "USER 0;RUN echo @", "RUN echo @"),
    (All, "COPY d /x", "COPY d/ /x"),
    (All, "COPY d /x", "COPY d /x/"),
    (All, "COPY a /x", "COPY /a /x"),
    (All, "COPY a x", "COPY a ./x"),
    (All, "COPY a //x", "COPY a /x"),
    (All, "COPY a /y/../x", "COPY a /x"),
    (All, "COPY a /x/.", "COPY a /x/"),
    (All, "?COPY a /x/.", "COPY a /x"),
    (All, "COPY d/. /x", "COPY d/ /x"),
    (All, "COPY . /x", "COPY ./ /x"),
    (All, "COPY . /x", "COPY / /x"),
    (BuildKit, "COPY d/*f /x", "COPY d/*f* /x"),
    (All, "COPY [ab] /x/", "COPY a b /x/"),
    (All, "COPY d/f /x", "COPY d/? /x"),
    (
        All,
        "COPY --from=busybox /etc/passwd /x@",
        "COPY --from=busybox:latest /etc/passwd /x@",
    ),
    (
        All,
        "COPY --from=busybox /etc/passwd /x@",
        "COPY --from=busybox etc/passwd /x@",
    ),
    (
        All,
        "COPY --from=busybox /etc/passwd /x@",
        "COPY --from=busybox /etc/group /x@",
    ),
    (
        BuildKit,
        "?COPY --from=busybox /etc/passwd /x@",
        "FROM busybox AS one;FROM busybox;COPY --from=one /etc/passwd /x@",
    ),
    (
        BuildKit,
        "FROM busybox AS one;FROM busybox;COPY --from=one /etc/passwd /x@",
        "FROM busybox AS one;COPY a /q;FROM busybox;COPY --from=one /etc/passwd /x@",
    ),
    (
        BuildKit,
        "FROM busybox AS one;COPY a /;FROM scratch;COPY --from=one /a /x@",
        "FROM scratch AS one;COPY a /;FROM scratch;COPY --from=one /a /x@",
    ),
    (
        All,
        "FROM busybox AS one;COPY a /q/a;FROM scratch;COPY --from=one /q/a /x@",
        "FROM busybox AS one;COPY a /r/a;FROM scratch;COPY --from=one /r/a /x@",
    ),
    (
        All,
        "FROM busybox AS one;COPY a /;FROM busybox AS two;COPY b /",
        "FROM busybox AS one;COPY a /;FROM busybox AS two;COPY b /^two",
    ),
    (
        All,
        "FROM busybox AS one;COPY a /;FROM busybox AS two;COPY b /",
        "FROM busybox AS two;COPY b /;FROM busybox AS one;COPY a /^two",
    ),
    (
        All,
        "FROM busybox AS one;COPY a /;FROM busybox AS two;COPY b /",
        "FROM busybox AS two;COPY b /;FROM busybox AS one;COPY a /",
    ),
    (
        All,
        "FROM busybox AS one;LABEL x=@;ONBUILD COPY a /;FROM one;COPY b /",
        "FROM busybox AS one;LABEL x=@;ONBUILD COPY d /;FROM one;COPY b /",
    ),
    (
        All,
        "FROM busybox AS one;ONBUILD RUN echo @;FROM one;COPY b /",
        "FROM busybox;RUN echo @;COPY b /",
    ),
    (
        All,
        "FROM busybox AS one;ONBUILD ARG A=1@;FROM one;RUN echo @",
        "FROM busybox AS one;ONBUILD ARG A=2@;FROM one;RUN echo @",
    ),
    (
        All,
        "FROM busybox AS one;ENV A=1@;FROM one;RUN echo @",
        "FROM busybox AS one;ENV A=2@;FROM one;RUN echo @",
    ),
    (
        All,
        "FROM busybox AS one;ARG A=1@;FROM one;RUN echo @",
        "FROM busybox AS one;ARG A=2@;FROM one;RUN echo @",
    ),
    (
        All,
        "FROM busybox AS one;SHELL [\"/bin/sh\", \"-ec\"];FROM one;RUN echo @",
        "FROM busybox AS one;FROM one;RUN echo @",
    ),
    (
        All,
        "FROM busybox AS one;USER one;WORKDIR /tmp;FROM one;RUN echo @",
        "FROM busybox AS one;FROM one;RUN echo @",
    ),
    (
        All,
        "LABEL x=@;COPY a /;EXPOSE 80 80;COPY b /",
        "LABEL x=@;COPY a /;EXPOSE 80;COPY b /",
    ),
    (
        All,
        "LABEL x=@;COPY a /;EXPOSE 80;COPY b /",
        "LABEL x=@;COPY a /;EXPOSE 80/tcp;COPY b /",
    ),
    (
        All,
        "LABEL x=@;EXPOSE 80-81;COPY b /",
        "LABEL x=@;EXPOSE 80 81;COPY b /",
    ),
    (
        All,
        "LABEL x=@;HEALTHCHECK --interval=60s CMD a;COPY b /",
        "LABEL x=@;HEALTHCHECK --interval=1m CMD a;COPY b /",
    ),
    (
        All,
        "LABEL x=@;HEALTHCHECK --retries=3 CMD a;COPY b /",
        "LABEL x=@;HEALTHCHECK --retries=03 CMD a;COPY b /",
    ),
    (
        All,
        "LABEL x=@;HEALTHCHECK NONE;COPY b /",
        "LABEL x=@;COPY b /",
    ),
    (
        All,
        "LABEL x=@;LABEL a=1 b=2;COPY b /",
        "LABEL x=@;LABEL b=2 a=1;COPY b /",
    ),
    (
        All,
        "LABEL x=@;LABEL a=1 b=2;COPY b /",
        "LABEL x=@;LABEL a=1;LABEL b=2;COPY b /",
    ),
    (
        All,
        "LABEL x=@;LABEL a 1;COPY b /",
        "LABEL x=@;LABEL a=\"1\";COPY b /",
    ),
    (
        All,
        "LABEL x=@;VOLUME /v;COPY b /",
        "LABEL x=@;VOLUME /v /v;COPY b /",
    ),
    (
        All,
        "LABEL x=@;STOPSIGNAL 9;COPY b /",
        "LABEL x=@;STOPSIGNAL SIGKILL;COPY b /",
    ),
    (
        All,
        "LABEL x=@;CMD [\"a\"];COPY b /",
        "LABEL x=@;CMD a;COPY b /",
    ),
    (
        All,
        "LABEL x=@;ENTRYPOINT a;COPY b /",
        "LABEL x=@;ENTRYPOINT b;COPY b /",
    ),
    (
        All,
        "LABEL x=@;CMD a;ENTRYPOINT b;COPY b /",
        "LABEL x=@;ENTRYPOINT b;CMD a;COPY b /",
    ),
    (
        All,
        "LABEL x=@;ENTRYPOINT b;COPY b /",
        "LABEL x=@;CMD a;ENTRYPOINT b;COPY b /",
    ),
    (
        All,
        "LABEL x=@;SHELL [\"/bin/sh\", \"-c\"];COPY b /",
        "LABEL x=@;COPY b /",
    ),
    (
        All,
        "LABEL x=@;USER one;COPY b /",
        "LABEL x=@;USER 1;COPY b /",
    ),
    (
        All,
        "LABEL x=@;ENV A=1;ENV B=$A;RUN echo @",
        "LABEL x=@;ENV A=1 B=1;RUN echo @",
    ),
    (
        All,
        "LABEL x=@;ENV A=@ A=2;RUN true",
        "LABEL x=@;ENV A=2;RUN true",
    ),
    (
        All,
        "ENV A=1@ B=2;ENV A=1@;RUN true",
        "ENV B=2 A=1@;RUN true",
    ),
    (All, "ENV \"A\"=1@;RUN true", "ENV A=1@;RUN true"),
    (All, "ENV A='1@';RUN true", "ENV A=1@;RUN true"),
    (
        All,
        "ENV PATH=/bin:$PATH:@;RUN true",
        "ENV PATH=/bin:@;RUN true",
    ),
    (All, "ARG A=1 B=2@;RUN true @", "ARG B=2@ A=1;RUN true @"),
    (All, "ARG A=1@;ARG A=2@;RUN true @", "ARG A=2@;RUN true @"),
    (All, "ARG A=1@;ENV A=$A;RUN true @", "ENV A=1@;RUN true @"),
    (
        All,
        "ARG A=1@;RUN true @;ARG A=2",
        "ARG A=1@;RUN true @;ARG A=3",
    ),
    (All, "ARG A=1@;COPY a /x$A", "ARG A=1@;COPY a /x1@"),
    (
        All,
        "LABEL x=@;ARG A;ARG A=7;RUN echo @",
        "LABEL x=@;ARG A=7;RUN echo @",
    ),
    (
        All,
        "LABEL x=@;ARG A=7;ARG A;RUN echo @",
        "LABEL x=@;ARG A=7;RUN echo @",
    ),
    (
        All,
        "ARG A=8;FROM busybox;ARG A=7;RUN echo @",
        "FROM busybox;ARG A=7;RUN echo @",
    ),
    (
        All,
        "ARG A=8;FROM busybox;LABEL x=@;ARG A;RUN echo @",
        "FROM busybox;LABEL x=@;ARG A=8;RUN echo @",
    ),
    (All, "ADD a /x", "ADD --chown=0:0 a /x"),
    (Later, "?ADD --link a /x", "ADD a /x"),
    (Later, "ADD --keep-git-dir a /x", "ADD a /x"),
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
    // What cannot be told is marked: `?` under BuildKit, `!` under the classic builder.
    let open = |text: &'static str| match text.split_at(1) {
        ("?", text) => (text, has(BuildKit)),
        ("!", text) => (text, has(Classic)),
        _ => (text, false),
    };
    for &(who, file, files, edit) in EDITS {
        if has(who) {
            let (file, is_open) = open(file);
            let pair = edited(file, files, edit);
            pairs.push(Pair { is_open, ..pair });
        }
    }
    let files = "a b d/f e/f=d/f";
    for &(who, before, after) in REWRITES {
        if has(who) {
            let tree = tree(files, &TreeSpec::default());
            let (before, is_open) = open(before);
            pairs.push(Pair {
                name: format!("{before} => {after}"),
                before: version(before, tree.clone()),
                after: version(after, tree),
                is_open,
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
