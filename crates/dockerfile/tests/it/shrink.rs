//! Makes a text that fails as small as it gets.

/// Takes lines and then characters away, larger pieces first, as long as what is left still fails.
pub(crate) fn shrink(text: &str, mut fails: impl FnMut(&str) -> bool) -> String {
    let mut text = text.to_owned();
    loop {
        let before = text.len();
        let lines = text.split_inclusive('\n').map(str::to_owned).collect();
        text = without_pieces(lines, &mut fails);
        let characters = text.chars().map(String::from).collect();
        text = without_pieces(characters, &mut fails);
        if text.len() == before {
            return text;
        }
    }
}

fn without_pieces(mut pieces: Vec<String>, fails: &mut impl FnMut(&str) -> bool) -> String {
    let mut size = pieces.len().div_ceil(2);
    while size > 0 {
        let mut start = 0;
        while start < pieces.len() {
            let end = pieces.len().min(start + size);
            let left = [&pieces[..start], &pieces[end..]].concat();
            if fails(&left.concat()) {
                pieces = left;
            } else {
                start = end;
            }
        }
        size = if size == 1 { 0 } else { size.div_ceil(2) };
    }
    pieces.concat()
}

#[test]
fn what_does_not_matter_goes() {
    let text = "FROM a\nRUN b && c\nCOPY d e\n";
    assert_eq!(shrink(text, |text| text.contains("b && c")), "b && c");
}
