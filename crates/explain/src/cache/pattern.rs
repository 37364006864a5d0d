//! Sources with wildcards, held against paths.

use shipload_dockerfile::Glob;

/// A pattern of a source, by component.
pub(super) struct Pattern(Vec<Component>);

enum Component {
    Glob(Glob),
    /// A name, also where it is no pattern that anybody could read.
    Name(Vec<u8>),
}

impl Pattern {
    /// A pattern, with wildcards or without.
    pub(super) fn any(text: &str) -> Self {
        let component = |text: &str| match Glob::new(text) {
            Ok(glob) => Component::Glob(glob),
            Err(_) => Component::Name(text.into()),
        };
        let names = text.split('/').filter(|name| *name != ".");
        Self(names.map(component).collect())
    }

    /// A pattern, if there are wildcards in the text.
    pub(super) fn new(text: &str) -> Option<Self> {
        let mut escaped = false;
        let mut has_wildcards = false;
        for byte in text.bytes() {
            has_wildcards |= !escaped && matches!(byte, b'*' | b'?' | b'[');
            escaped = !escaped && byte == b'\\';
        }
        has_wildcards.then(|| Self::any(text))
    }

    pub(super) fn depth(&self) -> usize {
        self.0.len()
    }

    /// Whether it matches so many components.
    pub(super) fn matches<'p>(&self, mut path: impl Iterator<Item = &'p [u8]>) -> bool {
        let mut components = self.0.iter();
        let matched = |name: &[u8]| match components.next() {
            Some(Component::Glob(glob)) => glob.matches(name),
            Some(Component::Name(own)) => own == name,
            None => false,
        };
        path.all(matched) && components.next().is_none()
    }
}
