//! Which sources lead to which entries.

use std::ops::Range;

use shipload_dockerfile::ContextSource;

use super::Referenced;
use crate::path::EntryPath;
use crate::tree::Tree;

/// For each source the places in the tree that it leads to: in order and apart from each other.
#[derive(Debug, Clone, Default)]
pub(super) struct Readers(Vec<Vec<Range<usize>>>);

impl Readers {
    /// Notes what the next source leads to.
    pub(super) fn push(&mut self, places: Vec<Range<usize>>) {
        self.0.push(places);
    }

    /// Those of the sources that lead to an entry of the tree.
    pub(super) fn of<'r>(
        &'r self,
        sources: &'r [ContextSource],
        tree: &Tree,
        path: &EntryPath,
    ) -> impl Iterator<Item = &'r ContextSource> + use<'r> {
        let place = tree.place(path.as_bytes());
        let reads = move |places: &Vec<Range<usize>>| {
            place.is_some_and(|place| {
                let behind = places.partition_point(|range| range.end <= place);
                places.get(behind).is_some_and(|range| range.start <= place)
            })
        };
        let sources = sources.iter().zip(&self.0);
        sources.filter_map(move |(source, places)| reads(places).then_some(source))
    }
}

/// # Who reads what
impl Referenced {
    /// The sources that lead to an entry, by its name, through a directory above it or through a link, in the order of the
    /// Dockerfile.
    ///
    /// Where it cannot be told what is read ([`Reads::whole`](crate::Reads::whole) says why), there may be others.
    ///
    /// ```
    /// use shipload_context::{Progress, Recipe, Request};
    ///
    /// # let temp = tempfile::tempdir()?;
    /// # let dir = temp.path();
    /// # std::fs::create_dir(dir.join("src"))?;
    /// # for (name, text) in [("Dockerfile", "FROM scratch\nCOPY src /src\nCOPY *.md /\n"), ("src/a.md", "")] {
    /// #     std::fs::write(dir.join(name), text)?;
    /// # }
    /// let least = Recipe::new(dir).plan(&Progress::new())?.referenced(&Request::default())?;
    /// let lines: Vec<_> = least.read_by(&"src/a.md".parse()?).map(|source| source.position.line).collect();
    /// assert_eq!(lines, [2]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn read_by(&self, path: &EntryPath) -> impl Iterator<Item = &ContextSource> {
        let tree = self.view.tree();
        self.readers.of(&self.reads.sources, tree, path)
    }

    /// What a source leads to, by its number in [`Reads::sources`](crate::Reads::sources): ranges of places in
    /// [`members`](Self::members), in order and apart from each other. Empty for a number that no source has.
    pub fn reached(&self, source: usize) -> impl Iterator<Item = Range<usize>> {
        let places = self.readers.0.get(source).into_iter().flatten();
        let member = |place: usize| self.members.place_from(place);
        let ranges = places.map(move |range| member(range.start)..member(range.end));
        ranges.filter(|range| !range.is_empty())
    }
}
