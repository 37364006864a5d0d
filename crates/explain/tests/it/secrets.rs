//! Secrets of every kind, planted and found; their innocent twins, not found; and that no secret is ever told.

mod pages;
mod planted;
mod reported;

use std::collections::BTreeSet;

use shipload_context::{
    Archive, ArchiveOptions, PackOptions, Progress, Tree, TreeBuilder, View, pack,
};
use shipload_explain::{Hit, scan_secrets, secret_kinds};

use planted::{Plant, all};

fn tree<'p>(files: impl IntoIterator<Item = (&'p str, Vec<u8>)>) -> Tree {
    let add = |builder: TreeBuilder, (path, content): (&str, Vec<u8>)| {
        builder.bytes(path.parse().unwrap(), content)
    };
    files
        .into_iter()
        .fold(TreeBuilder::new(), add)
        .build()
        .unwrap()
}

fn scan(tree: &Tree) -> Vec<Hit> {
    let scan = scan_secrets(&View::new(tree), None, &Progress::new());
    assert!(scan.unread.is_empty(), "{:?}", scan.unread);
    scan.hits
}

type Row = (String, &'static str, Option<(u64, u64)>);

fn rows(hits: &[Hit]) -> BTreeSet<Row> {
    let row = |hit: &Hit| {
        (
            hit.path.to_string(),
            hit.kind.id,
            hit.place.map(|place| (place.line, place.column)),
        )
    };
    hits.iter().map(row).collect()
}

fn expected(plants: &[Plant]) -> BTreeSet<Row> {
    plants
        .iter()
        .map(|plant| (plant.path.clone(), plant.kind, plant.place))
        .collect()
}

/// Compares by file, so that a failure says which.
fn assert_found(hits: &[Hit], expected: &BTreeSet<Row>, how: &str) {
    let found = rows(hits);
    let missed: Vec<_> = expected.difference(&found).collect();
    let more: Vec<_> = found.difference(expected).collect();
    assert!(
        missed.is_empty() && more.is_empty(),
        "{how}: missed {missed:#?}, and more {more:#?}"
    );
}

#[test]
fn every_kind_is_found_at_its_place() {
    let plants = all();
    let kinds: BTreeSet<_> = plants.iter().map(|plant| plant.kind).collect();
    let known: BTreeSet<_> = secret_kinds().map(|kind| kind.id).collect();
    assert_eq!(kinds, known, "a kind that is not planted is not proven");
    assert!(known.len() >= 60, "{}", known.len());
    let tree = tree(
        plants
            .iter()
            .map(|plant| (plant.path.as_str(), plant.content.clone())),
    );
    assert_found(&scan(&tree), &expected(&plants), "as planted");
}

#[test]
fn innocent_twins_are_left_alone() {
    let plants = all();
    let kinds: BTreeSet<_> = plants
        .iter()
        .filter(|plant| !plant.twins.is_empty())
        .map(|plant| plant.kind)
        .collect();
    assert_eq!(kinds.len(), secret_kinds().count(), "every kind has a twin");
    let twins = plants.iter().flat_map(|plant| {
        plant
            .twins
            .iter()
            .map(|(path, content)| (path.as_str(), content.clone()))
    });
    assert_found(&scan(&tree(twins)), &BTreeSet::new(), "innocent");
}

type Encode<'e> = &'e dyn Fn(&str) -> Vec<u8>;

#[test]
fn line_ends_and_encodings_hide_nothing() {
    // What is no text has no encoding.
    let is_text = |plant: &Plant| !plant.is_name && !plant.content.contains(&0);
    let plants: Vec<_> = all().into_iter().filter(is_text).collect();
    let utf16 = |text: &str, bytes: fn(u16) -> [u8; 2]| {
        text.encode_utf16().flat_map(bytes).collect::<Vec<u8>>()
    };
    let ways: [(&str, Encode<'_>); 5] = [
        ("CRLF", &|text| text.replace('\n', "\r\n").into_bytes()),
        ("UTF-8 with mark", &|text| {
            format!("\u{feff}{text}").into_bytes()
        }),
        ("UTF-16, low first", &|text| {
            utf16(&format!("\u{feff}{text}"), u16::to_le_bytes)
        }),
        ("UTF-16, high first", &|text| {
            utf16(&format!("\u{feff}{text}"), u16::to_be_bytes)
        }),
        ("UTF-16 without mark", &|text| utf16(text, u16::to_le_bytes)),
    ];
    for (how, encode) in ways {
        let encoded = plants.iter().map(|plant| {
            (
                plant.path.as_str(),
                encode(std::str::from_utf8(&plant.content).unwrap()),
            )
        });
        assert_found(&scan(&tree(encoded)), &expected(&plants), how);
    }
}

/// Pieces of 1 MiB are looked at by themselves.
#[test]
fn secrets_across_pieces_of_large_files_are_found_once() {
    const PIECE: usize = 1 << 20;
    let filler =
        b"The quick brown fox jumps over the lazy dog, and nothing else happens on this line.\n";
    let mut plants: Vec<_> = all().into_iter().filter(|plant| !plant.is_name).collect();
    for (i, plant) in plants.iter_mut().enumerate() {
        // Somewhere in the planted text the second piece begins, or right before or behind it.
        let lead = PIECE + 1 - plant.content.len() * (i % 5) / 4;
        let mut content = filler.repeat(lead / filler.len());
        let lines = (lead / filler.len()) as u64;
        let short = lead - content.len();
        content.splice(0..0, std::iter::repeat_n(b'.', short));
        content.extend_from_slice(&plant.content);
        content.extend_from_slice(&filler.repeat(20));
        plant.content = content;
        plant.place = plant.place.map(|(line, column)| (line + lines, column));
    }
    let tree = tree(
        plants
            .iter()
            .map(|plant| (plant.path.as_str(), plant.content.clone())),
    );
    assert_found(&scan(&tree), &expected(&plants), "at borders");
}

#[test]
fn members_of_archives_are_looked_at_as_files_are() {
    let plants = all();
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("context.tar");
    let planted = tree(
        plants
            .iter()
            .map(|plant| (plant.path.as_str(), plant.content.clone())),
    );
    let mut out = fs_err::File::create(&file).unwrap();
    pack(
        &View::new(&planted),
        &PackOptions::default(),
        &Progress::new(),
        &mut out,
    )
    .unwrap();
    let archive = Archive::open(&file, &ArchiveOptions::default()).unwrap();
    let read = TreeBuilder::new().archive(archive).build().unwrap();
    assert_found(&scan(&read), &expected(&plants), "in an archive");
}

#[test]
fn a_line_may_allow_what_it_has() {
    let plants: Vec<_> = all()
        .into_iter()
        .filter(|plant| !plant.is_name && plant.place.is_some())
        .collect();
    let allow = |plant: &Plant| {
        let (line, _) = plant.place.unwrap();
        let text = String::from_utf8(plant.content.clone()).unwrap();
        let mut lines: Vec<_> = text.lines().map(str::to_owned).collect();
        let above = usize::try_from(line).unwrap() - 1;
        lines.insert(above, "# shipload:allow-secret".to_owned());
        lines.join("\n").into_bytes()
    };
    let allowed = plants
        .iter()
        .map(|plant| (plant.path.as_str(), allow(plant)));
    assert_found(&scan(&tree(allowed)), &BTreeSet::new(), "allowed");
}
