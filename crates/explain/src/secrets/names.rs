//! Files that are known to hold secrets by their names, and what in them tells whether they do.
//!
//! A name alone is never enough: an `.npmrc` may have no token, and a `.key` may be anything. What is asked of the content is
//! said beside each name.

use std::collections::HashMap;
use std::sync::OnceLock;

use super::kinds::{FILES, Rule, SecretKind};
use super::proof::Told;

/// As much of a file as is looked at, in bytes.
pub(super) const HEAD: usize = 64 << 10;

/// Parts of names of what only shows how such a file looks.
const SAMPLES: &[&[u8]] = &[
    b"example",
    b"sample",
    b"template",
    b".dist",
    b".tmpl",
    b".tpl",
    b".j2",
    b".defaults",
    b".schema",
];

/// The kind of file by its path, if what is in its head bears it out; with where in it that is.
pub(super) fn look(path: &[u8], head: &[u8]) -> Option<(&'static SecretKind, Option<usize>)> {
    let name = path
        .rsplit(|byte| *byte == b'/')
        .next()?
        .to_ascii_lowercase();
    if head.is_empty() {
        return None;
    }
    let mut kinds = Names::get().kinds(path, &name).peekable();
    kinds.peek()?;
    let is_in_name = |word: &&[u8]| memchr::memmem::find(&name, word).is_some();
    if SAMPLES.iter().any(is_in_name) {
        return None;
    }
    kinds.find_map(|kind| {
        let Rule::Name(proof) = kind.rule else {
            return None;
        };
        match proof.told(head) {
            Told::No => None,
            Told::Whole => Some((kind, None)),
            Told::At(at) => Some((kind, Some(at))),
        }
    })
}

/// All names, ordered so that most files are known not to have one by few looks.
struct Names {
    /// Those whose last component has no `*`, by it in lower case.
    plain: HashMap<Vec<u8>, Vec<Name>>,
    /// The others, with what their last component ends in, in lower case.
    wild: Vec<(Vec<u8>, Name)>,
}

/// A name and the place of its kind.
#[derive(Clone, Copy)]
struct Name {
    kind: usize,
    form: &'static str,
}

impl Names {
    /// Sorted once.
    fn get() -> &'static Self {
        static NAMES: OnceLock<Names> = OnceLock::new();
        NAMES.get_or_init(|| {
            let mut names = Self {
                plain: HashMap::new(),
                wild: Vec::new(),
            };
            for (kind, file) in FILES.iter().enumerate() {
                for &form in file.forms {
                    let name = Name { kind, form };
                    let last = form.rsplit('/').next().unwrap_or(form);
                    let last = last.to_ascii_lowercase();
                    match last.rsplit_once('*') {
                        Some((_, end)) => names.wild.push((end.into(), name)),
                        None => names.plain.entry(last.into()).or_default().push(name),
                    }
                }
            }
            names
        })
    }

    /// The kinds that a path may be of by its names, in their order; `name` is its last component in lower case.
    fn kinds(&self, path: &[u8], name: &[u8]) -> impl Iterator<Item = &'static SecretKind> {
        let plain = self.plain.get(name).into_iter().flatten();
        let wild = self.wild.iter().filter(|(end, _)| name.ends_with(end));
        let all = plain.chain(wild.map(|(_, name)| name));
        let all = all.filter(|name| matches(name.form.as_bytes(), path));
        let mut kinds: Vec<_> = all.map(|name| name.kind).collect();
        kinds.sort_unstable();
        kinds.dedup();
        kinds.into_iter().filter_map(|kind| FILES.get(kind))
    }
}

/// Whether the last components of a path are those of `form`, upper and lower case being one.
fn matches(form: &[u8], path: &[u8]) -> bool {
    let mut parts = path.rsplit(|byte| *byte == b'/');
    form.rsplit(|byte| *byte == b'/')
        .all(|form| parts.next().is_some_and(|part| is_like(form, part)))
}

/// Whether a name is like a pattern with `*`.
fn is_like(form: &[u8], name: &[u8]) -> bool {
    let Some(star) = memchr::memchr(b'*', form) else {
        return form.eq_ignore_ascii_case(name);
    };
    let (start, end) = (&form[..star], &form[star + 1..]);
    let Some((head, rest)) = name.split_at_checked(start.len()) else {
        return false;
    };
    if !head.eq_ignore_ascii_case(start) {
        return false;
    }
    if memchr::memchr(b'*', end).is_some() {
        return (0..=rest.len()).any(|at| is_like(end, &rest[at..]));
    }
    rest.len()
        .checked_sub(end.len())
        .is_some_and(|at| at + start.len() > 0 && rest[at..].eq_ignore_ascii_case(end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_the_last_components() {
        let rows = [
            (".env", "a/.env", true),
            (".env.*", "a/.env.local", true),
            (".env.*", ".env", false),
            ("*.p12", "certs/a.P12", true),
            (".docker/config.json", "root/.docker/config.json", true),
            (".docker/config.json", "config.json", false),
            ("a/*/b", "x/a/y/b", true),
            ("*.tfstate.*.backup", "a.tfstate.123.backup", true),
        ];
        for (form, path, expected) in rows {
            assert_eq!(
                matches(form.as_bytes(), path.as_bytes()),
                expected,
                "{form} {path}"
            );
        }
    }
}
