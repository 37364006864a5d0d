//! Every code has a page in docs/checks, and every page a code.

use std::collections::BTreeSet;
use std::path::Path;

use fs_err as fs;
use shipload_explain::Code;

/// Pages about all checks.
const GENERAL: &[&str] = &["README", "false-alarms"];

#[test]
fn codes_and_pages_are_the_same() {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/checks");
    let names = fs::read_dir(&dir)
        .unwrap()
        .map(|entry| entry.unwrap().file_name());
    let mut pages: BTreeSet<String> = names
        .map(|name| {
            name.to_str()
                .unwrap()
                .strip_suffix(".md")
                .unwrap()
                .to_owned()
        })
        .collect();
    let index = fs::read_to_string(dir.join("README.md")).unwrap();
    for code in Code::ALL {
        assert!(pages.remove(code.name()), "`{code}` has no page");
        let page = fs::read_to_string(dir.join(format!("{code}.md"))).unwrap();
        let severity = code.severity().name();
        let capital = severity[..1].to_uppercase() + &severity[1..];
        let start = format!("# `{code}`\n\n{capital}: {}.\n\n## Why\n\n", code.summary());
        assert!(
            page.starts_with(&start),
            "{code}.md does not start with\n{start}"
        );
        for part in ["\n## Example\n\n```text\n", "\n## Cure\n\n"] {
            assert_eq!(page.matches(part).count(), 1, "{code}.md, {part:?}");
        }
        assert!(page.contains(&format!("[{code}]")), "{code}.md shows none");
        let row = format!(
            "| [`{code}`]({code}.md) | {severity} | {} |\n",
            code.summary()
        );
        assert!(index.contains(&row), "README.md lacks\n{row}");
    }
    pages.retain(|page| !GENERAL.contains(&page.as_str()));
    assert!(pages.is_empty(), "no codes: {pages:?}");
}
