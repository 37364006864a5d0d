//! What the Dockerfile has to do with what is sent: which part of the context, and whether at all.

use shipload::blocking::Engine;
use shipload::context::{OtherImages, Plan, Referenced, Request, Semantics};
use shipload::engine::{BuildOptions, HeredocError};

use crate::exit::Failure;
use crate::reads;

/// What of the context the Dockerfile reads, checked: nothing that it reads is missing, and the builder understands it. Of several
/// platforms, which only BuildKit builds for and which asks for what it needs itself, all are checked and the first is told.
///
/// The engine is asked for the base images that it has. One that it has not may bring instructions that read anything.
pub(super) fn referenced(
    plan: &Plan,
    options: &BuildOptions,
    engine: Option<&Engine>,
) -> Result<Referenced, Failure> {
    if plan.semantics == Semantics::Classic
        // What is wrong with it otherwise shows below.
        && let Ok(file) = plan.parse_dockerfile()
    {
        HeredocError::check(&file).map_err(|error| {
            Failure::new(format!("{}:{error}", plan.dockerfile_shown()))
                .hint(HeredocError::HINT.to_owned())
        })?;
    }
    let mut request = Request {
        target: options.target.clone(),
        build_args: options.build_args.clone(),
        ..Request::default()
    };
    if let Some(engine) = engine.filter(|_| plan.semantics == Semantics::BuildKit) {
        let version = engine.version();
        let version = version.map_err(|error| Failure::of(&error).hint(error.hint()))?;
        let platform = version.os.zip(version.arch);
        request.build_platform = platform.map(|(os, arch)| format!("{os}/{arch}"));
    }
    let on = |platform: Option<&str>| {
        let request = Request {
            platform: platform.map(str::to_owned),
            ..request.clone()
        };
        on_platform(plan, options, engine, request)
    };
    let mut platforms = options.platform.iter().flat_map(|list| list.split(','));
    let first = on(platforms.next())?;
    platforms.try_for_each(|other| on(Some(other)).map(drop))?;
    Ok(first)
}

fn on_platform(
    plan: &Plan,
    options: &BuildOptions,
    engine: Option<&Engine>,
    mut request: Request,
) -> Result<Referenced, Failure> {
    let reads = plan.reads(&request)?;
    let bases = reads.images.iter().filter(|image| image.is_base);
    let bases: Vec<&str> = bases.map(|image| image.name.as_str()).collect();
    request.other_images = OtherImages::Unknown;
    // What is pulled anew is not what the engine has.
    if let Some(engine) = engine.filter(|_| !options.pull) {
        let images = engine.base_images(&bases);
        request.images = images.map_err(|error| Failure::of(&error).hint(error.hint()))?;
    }
    let least = plan.referenced(&request)?;
    reads::check(plan, &least)?;
    Ok(least)
}

#[cfg(test)]
mod tests {
    use shipload::context::{Progress, Recipe};
    use shipload::dockerfile::{Builder, Dockerfile};
    use shipload::engine::Registry;

    use super::*;

    #[test]
    fn every_platform_has_its_own_sources() {
        let dir = tempfile::tempdir().unwrap();
        let text = "FROM scratch\nARG TARGETARCH\nCOPY a-$TARGETARCH /\n";
        for (name, content) in [("Dockerfile", text), ("a-amd64", "1"), ("a-arm64", "2")] {
            fs_err::write(dir.path().join(name), content).unwrap();
        }
        let recipe = Recipe::new(dir.path()).semantics(Semantics::BuildKit);
        let plan = recipe.plan(&Progress::new()).unwrap();
        for (platforms, missing) in [
            ("linux/amd64", None),
            ("linux/amd64,linux/arm64", None),
            ("linux/amd64,linux/s390x", Some("`a-s390x`")),
            ("linux/s390x,linux/amd64", Some("`a-s390x`")),
        ] {
            let options = BuildOptions {
                platform: Some(platforms.to_owned()),
                ..BuildOptions::default()
            };
            let error = referenced(&plan, &options, None).err();
            let error = error.map(|error| error.message);
            assert_eq!(error.is_some(), missing.is_some(), "{platforms}: {error:?}");
            let words = error.unwrap_or_default();
            assert!(words.contains(missing.unwrap_or_default()), "{words}");
        }
    }

    #[test]
    fn only_registries_that_are_named() {
        let hub = Registry::docker_hub();
        let hub = hub.as_str();
        let rows: &[(&str, &[&str])] = &[
            ("FROM scratch\nCOPY . /\n", &[]),
            ("FROM alpine\n", &[hub]),
            ("from --platform=linux/arm64 h.io/a/b:1 as x\n", &["h.io"]),
            (
                "FROM r.io/a AS x\nFROM x\nCOPY --from=x a b\nCOPY --from=0 a b\n",
                &["r.io"],
            ),
            ("FROM r.io/a AS x\nFROM X\n", &["r.io"]),
            (
                "FROM a.io/a\nCOPY --chown=1 --from=b.io/b / /\n",
                &["a.io", "b.io"],
            ),
            ("FROM a.io/a\nCOPY x --from=b.io/b /\n", &["a.io"]),
            (
                "# FROM a.io/a\n\nFROM \\\n  # a comment\n  b.io/b\n",
                &["b.io"],
            ),
            ("# escape=`\nFROM `\nb.io/b\n", &["b.io"]),
            ("ARG R=a.io\nARG T=\"1\"\nFROM ${R}/x:$T\n", &["a.io"]),
            ("ARG GIVEN=a.io\nFROM $GIVEN/x\n", &["given.io"]),
            ("ARG NONE\nFROM ${NONE:-d.io}/x\n", &["d.io"]),
            ("FROM a.io/a\nARG R=b.io\nRUN FROM c.io/c\n", &["a.io"]),
            (
                "FROM a.io/a\nRUN --mount=from=c.io/c,target=/c c\n",
                &["a.io", "c.io"],
            ),
        ];
        let mut request = Request {
            builder: Builder::Classic,
            ..Request::default()
        };
        let given = ("GIVEN".to_owned(), Some("given.io".to_owned()));
        request.build_args.extend([given]);
        for (text, expected) in rows {
            let reads = Dockerfile::parse(text).unwrap().reads(&request).unwrap();
            let found = Registry::of_images(&reads);
            let found: Vec<&str> = found.iter().map(Registry::as_str).collect();
            assert_eq!(found, *expected, "{text:?}");
        }
    }
}
