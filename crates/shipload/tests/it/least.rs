//! The image of the least context is the image of the whole, for every case of the table and each of four builders.
//!
//! What each builder reads of a case stands in the table and was found out on the builder itself; see
//! [`shipload_testkit::least`]. The classic builders get archives from us, BuildKit directories from its own clients, with
//! nothing but the members of the archive in them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use fs_err as fs;
use shipload_context::{
    OtherImages, PackOptions, Plan, Progress, Recipe, ReferencedError, Request, Semantics, View,
    pack,
};
use shipload_engine::{BuildOptions, ContextBody};
use shipload_testkit::least::{Answer, Builders, Cache, Case, Column, Outcome, cases, is_rules};

use crate::support::connect;

/// Cases for which more is sent than is read, each with the reason. A line goes when its cause does: the tests fail for a case
/// that stands here and is right.
const SURPLUS: &[(&str, &str)] = &[(
    "two arguments on a line",
    "later releases let arguments of one line see each other, so what they come to counts as unknown",
)];

#[test]
fn the_table_is_whole() {
    let cases = cases().unwrap();
    for case in &cases {
        let answered: Vec<_> = case.answers.keys().collect();
        let asked: Vec<_> = case.builders.iter().collect();
        assert_eq!(
            answered, asked,
            "`{}`: `cargo xtask record least`",
            case.name
        );
        assert_eq!(case.by_hand.is_some(), asked.is_empty(), "`{}`", case.name);
        let known =
            |path: &Vec<u8>| path == b".dockerignore" || case.tree.entries.contains_key(path);
        assert!(case.also.iter().all(known), "`{}`", case.name);
    }
    for column in Column::ALL {
        let images = |case: &&Case| matches!(case.answers.get(&column), Some(Answer::Reads(_)));
        let built = cases.iter().filter(images).count();
        assert!(built >= 60, "{built} of {}", column.name());
    }
}

#[test]
fn what_is_read_is_sent_and_nothing_else() {
    let mut wrong = Vec::new();
    for case in cases().unwrap() {
        let dir = tempfile::tempdir().unwrap();
        case.tree.write(dir.path()).unwrap();
        fs::write(dir.path().join("Dockerfile"), &case.dockerfile).unwrap();
        let answers = case
            .answers
            .iter()
            .filter_map(|(column, answer)| match answer {
                Answer::Reads(paths) => Some((column.name(), semantics(*column), paths)),
                Answer::Fails => None,
            });
        let by_hand = case.by_hand.iter();
        let by_hand = by_hand.map(|paths| ("by hand", Semantics::BuildKit, paths));
        for (who, semantics, reads) in answers.chain(by_hand) {
            let sent = match sent(dir.path(), &case, semantics) {
                Ok(sent) => sent,
                Err(error) => {
                    wrong.push((case.name.clone(), format!("{who}: {error}")));
                    continue;
                }
            };
            let lacking = reads.iter().filter(|path| !sent.contains(*path));
            let surplus = sent.iter().filter(|path| {
                let inside = [&path[..], b"/"].concat();
                let is_above = sent.iter().any(|other| other.starts_with(&inside));
                !reads.contains(*path) && !case.also.contains(*path) && !is_above
            });
            for (what, path) in lacking
                .map(|path| ("lacks", path))
                .chain(surplus.map(|path| ("sends", path)))
            {
                let path = String::from_utf8_lossy(path);
                wrong.push((case.name.clone(), format!("{who} {what} {path}")));
            }
        }
    }
    let known = |name: &str| SURPLUS.iter().any(|(case, _)| *case == name);
    let right = SURPLUS
        .iter()
        .filter(|(name, _)| wrong.iter().all(|(case, _)| case != name));
    assert_eq!(
        right.collect::<Vec<_>>(),
        Vec::<&(&str, &str)>::new(),
        "are right"
    );
    wrong.retain(|(name, _)| !known(name));
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn the_images_of_classic_20_are_the_same() {
    same_images(Column::Classic20);
}

#[test]
fn the_images_of_buildkit_20_are_the_same() {
    same_images(Column::BuildKit20);
}

#[test]
fn the_images_of_classic_26_are_the_same() {
    same_images(Column::Classic26);
}

#[test]
fn the_images_of_buildkit_26_are_the_same() {
    same_images(Column::BuildKit26);
}

/// The paths of the least context, but for the Dockerfile and the rules.
fn sent(
    dir: &Path,
    case: &Case,
    semantics: Semantics,
) -> Result<BTreeSet<Vec<u8>>, ReferencedError> {
    let view = least(dir, case, semantics)?;
    let paths = view
        .members()
        .map(|member| member.entry.path.as_bytes().to_vec());
    Ok(paths
        .filter(|path| path != b"Dockerfile" && !is_rules(path))
        .collect())
}

/// The least context of a case, whose Dockerfile and tree are in the directory.
fn least(dir: &Path, case: &Case, semantics: Semantics) -> Result<View, ReferencedError> {
    let build_args = case.build_args.iter();
    let request = Request {
        target: case.target.clone(),
        platform: case.platform.clone(),
        build_args: build_args
            .map(|(key, value)| (key.clone(), Some(value.clone())))
            .collect(),
        // What a case's base image brings, nobody asks the Engine.
        other_images: if case.dockerfile.contains("FROM @base@") {
            OtherImages::Unknown
        } else {
            OtherImages::WithoutTriggers
        },
        ..Request::default()
    };
    Ok(plan(dir, semantics).referenced(&request)?.view)
}

/// Builds every case of `column` from the whole context and from the least.
fn same_images(column: Column) {
    let Some(builders) = Builders::find() else {
        return;
    };
    let mut wrong = BTreeMap::new();
    for case in cases().unwrap() {
        if !case.builders.contains(&column) {
            continue;
        }
        let differences = compare(&builders, column, &case);
        if !differences.is_empty() {
            wrong.insert(case.name, differences);
        }
    }
    assert!(wrong.is_empty(), "{}: {wrong:#?}", column.name());
}

fn compare(builders: &Builders, column: Column, case: &Case) -> Vec<String> {
    let dir = tempfile::tempdir().unwrap();
    case.tree.write(dir.path()).unwrap();
    let dockerfile = builders.prepare(column, case).unwrap();
    fs::write(dir.path().join("Dockerfile"), dockerfile).unwrap();
    let all = build(
        builders,
        column,
        case,
        dir.path(),
        &plan(dir.path(), semantics(column)).view,
    );
    let all_fails = matches!(all, Outcome::Failed(_));
    if all_fails != (case.answers.get(&column) == Some(&Answer::Fails)) {
        return vec![format!("not as recorded: {all:?}")];
    }
    let least = match least(dir.path(), case, semantics(column)) {
        Ok(least) => least,
        // Nothing is sent.
        Err(_) if all_fails => return Vec::new(),
        Err(error) => return vec![error.to_string()],
    };
    let least = build(builders, column, case, dir.path(), &least);
    match (&all, &least) {
        (Outcome::Failed(_), Outcome::Failed(_)) => Vec::new(),
        (Outcome::Built { .. }, Outcome::Built { .. }) => {
            let image = |outcome| builders.image(column, outcome).unwrap().unwrap();
            image(&all).differences(&image(&least))
        }
        _ => vec![
            format!("of all: {all:?}"),
            format!("of the least: {least:?}"),
        ],
    }
}

/// Builds from a view of the directory.
fn build(builders: &Builders, column: Column, case: &Case, dir: &Path, view: &View) -> Outcome {
    let archive = packed(view);
    match column {
        Column::Classic20 | Column::Classic26 => send(builders, column, case, archive),
        Column::BuildKit20 | Column::BuildKit26 => {
            let unpacked = unpack(&archive, dir);
            builders
                .build_directory(column, case, unpacked.path(), Cache::Unused)
                .unwrap()
        }
    }
}

/// Sends the archive to the classic builder with our own client.
fn send(builders: &Builders, column: Column, case: &Case, archive: Vec<u8>) -> Outcome {
    let handle = builders.engine(column);
    let name = handle.unique("shipload/least");
    let build_args = case.build_args.iter();
    let options = BuildOptions {
        tags: vec![name.parse().unwrap()],
        network: Some("none".to_owned()),
        no_cache: true,
        target: case.target.clone(),
        platform: case.platform.clone(),
        build_args: build_args
            .map(|(key, value)| (key.clone(), Some(value.clone())))
            .collect(),
        ..BuildOptions::default()
    };
    let mut build = connect(handle).build(ContextBody::from_bytes(archive), &options);
    build.by_ref().for_each(drop);
    match build.finish() {
        Ok(done) => Outcome::Built {
            name,
            id: done.image_id,
        },
        Err(error) => Outcome::Failed(error.to_string()),
    }
}

/// A directory of the archive's members for a client of BuildKit, which takes the Dockerfile and the rules from there
/// even if the context is without them.
fn unpack(archive: &[u8], whole: &Path) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let mut archive = tar::Archive::new(archive);
    archive.set_preserve_permissions(true);
    archive.unpack(dir.path()).unwrap();
    for name in ["Dockerfile", ".dockerignore"] {
        if whole.join(name).exists() {
            fs::copy(whole.join(name), dir.path().join(name)).unwrap();
        }
    }
    dir
}

fn semantics(column: Column) -> Semantics {
    match column {
        Column::Classic20 | Column::Classic26 => Semantics::Classic,
        Column::BuildKit20 | Column::BuildKit26 => Semantics::BuildKit,
    }
}

fn plan(dir: &Path, semantics: Semantics) -> Plan {
    Recipe::new(dir)
        .semantics(semantics)
        .plan(&Progress::new())
        .unwrap()
}

fn packed(view: &View) -> Vec<u8> {
    let mut archive = Vec::new();
    pack(
        view,
        &PackOptions::default(),
        &Progress::new(),
        &mut archive,
    )
    .unwrap();
    archive
}
