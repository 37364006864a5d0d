//! The tables of kinds in docs/checks are those that are looked for.

use std::path::Path;

use shipload_explain::{Confidence, SecretKind, secret_kinds};

/// The table of the kinds for which `wanted` is true.
fn table(wanted: impl Fn(&SecretKind) -> bool) -> String {
    let rows = secret_kinds().filter(|kind| wanted(kind)).map(|kind| {
        let forms: Vec<_> = kind
            .forms
            .iter()
            .map(|form| format!("`{}`", form.replace('|', "\\|")))
            .collect();
        format!(
            "| `{}` | {} | {} | [source]({}) |\n",
            kind.id,
            kind.what,
            forms.join(" "),
            kind.source
        )
    });
    rows.collect()
}

#[test]
fn the_tables_in_the_documentation_are_up_to_date() {
    let is_guess = |kind: &SecretKind| kind.confidence == Confidence::Guess;
    let pages = [
        (
            "secret",
            "form",
            table(|kind| !kind.is_file() && !is_guess(kind)),
        ),
        (
            "possible-secret",
            "form",
            table(|kind| !kind.is_file() && is_guess(kind)),
        ),
        ("secret-file", "names", table(SecretKind::is_file)),
    ];
    for (page, column, table) in pages {
        let path =
            Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../../docs/checks/{page}.md"));
        let text = fs_err::read_to_string(&path).unwrap();
        let head = format!("| kind | what | {column} | |\n|---|---|---|---|\n");
        let (before, after) = text.split_once(&head).unwrap_or((&text, ""));
        let lines = after.split_inclusive('\n');
        let rest: String = lines.skip_while(|line| line.starts_with("| ")).collect();
        let expected = format!("{before}{head}{table}{rest}");
        if std::env::var_os("SHIPLOAD_WRITE_PAGES").is_some() {
            fs_err::write(&path, expected).unwrap();
        } else {
            assert!(
                text == expected,
                "{page}.md is behind: run this test with SHIPLOAD_WRITE_PAGES=1"
            );
        }
    }
}
