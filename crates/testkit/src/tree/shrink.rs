//! Makes a failing case small enough to read.

use super::{Case, Kind};

/// Removes entries and lines of ignore files as long as the case still `fails`.
///
/// `fails` must hold for `case`. The result fails, and no single removal from it does.
pub fn shrink(mut case: Case, mut fails: impl FnMut(&Case) -> bool) -> Case {
    loop {
        let found = smaller(&case).find(|smaller| fails(smaller));
        match found {
            Some(smaller) => case = smaller,
            None => return case,
        }
    }
}

fn smaller(case: &Case) -> impl Iterator<Item = Case> {
    without_an_entry(case).chain(without_a_line(case))
}

fn without_an_entry(case: &Case) -> impl Iterator<Item = Case> {
    let removable = case.tree.entries.keys().filter(|path| {
        let inside = [&path[..], b"/"].concat();
        let dockerfile = case.dockerfile.as_bytes();
        path.as_slice() != dockerfile && !dockerfile.starts_with(&inside)
    });
    removable.map(|path| {
        let mut smaller = case.clone();
        smaller.tree.remove(path);
        smaller
    })
}

fn without_a_line(case: &Case) -> impl Iterator<Item = Case> {
    let files = case
        .tree
        .entries
        .iter()
        .filter(|(path, _)| path.ends_with(b"ignore"));
    files.flat_map(move |(path, item)| {
        let Kind::File { content } = &item.kind else {
            return Vec::new();
        };
        let lines: Vec<&[u8]> = content.split_inclusive(|&byte| byte == b'\n').collect();
        let without = |gone: usize| {
            let kept = lines.iter().enumerate().filter(|(index, _)| *index != gone);
            let mut smaller = case.clone();
            if let Some(item) = smaller.tree.entries.get_mut(path) {
                item.kind = Kind::File {
                    content: kept.flat_map(|(_, line)| *line).copied().collect(),
                };
            }
            smaller
        };
        (0..lines.len()).map(without).collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::TreeSpec;

    #[test]
    fn only_what_matters_is_left() {
        let mut tree = TreeSpec::default();
        for path in [&b"Dockerfile"[..], b"a/b", b"a/c", b"d"] {
            tree.file(path, b"");
        }
        tree.file(b".dockerignore", b"x\nb\ny\n");
        let case = Case {
            tree,
            dockerfile: "Dockerfile".into(),
        };
        let small = shrink(case, |case| {
            let rules = case.tree.content(b".dockerignore").unwrap_or_default();
            rules.windows(2).any(|two| two == b"b\n") && case.tree.content(b"a/b").is_some()
        });
        let left: Vec<_> = small
            .tree
            .entries
            .keys()
            .map(|path| path.escape_ascii().to_string())
            .collect();
        assert_eq!(left, [".dockerignore", "Dockerfile", "a", "a/b"]);
        assert_eq!(small.tree.content(b".dockerignore"), Some(&b"b\n"[..]));
    }
}
