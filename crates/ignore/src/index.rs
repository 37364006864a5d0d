//! Finds, for a path, the rules whose patterns match it, without trying them all.
//!
//! Every rule is filed under something that a matching path must have: the whole path, the last
//! component, the extension, or a text somewhere in it, which one search finds for all rules. What
//! `glob` does not cover is one automaton for all such rules together.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use aho_corasick::AhoCorasick;
use regex_automata::meta::Regex;
use regex_automata::{Input, PatternSet};

use crate::glob::{Glob, Reach, Segment};
use crate::pattern::{Pattern, matches_suffix};
use crate::regexp;

/// The position of a rule in its list.
pub(crate) type RuleId = u32;

/// What is known about the rules that match a path.
#[derive(Debug, Default)]
pub(crate) struct Hits {
    /// Rules that match the path itself; neither sorted nor complete without what is inherited.
    pub(crate) own: Vec<RuleId>,
    /// Rules that match everything below the path, should it be a directory.
    pub(crate) below: Vec<RuleId>,
}

/// The index over a rule list.
#[derive(Debug, Default)]
pub(crate) struct Index {
    exact: Filed,
    by_name: Filed,
    by_extension: Filed,
    by_literal: Literals,
    others: Vec<Entry>,
    automaton: Option<Automaton>,
}

type Filed<V = Vec<Entry>> = HashMap<Vec<u8>, V, BuildHasherDefault<Mix>>;

#[derive(Debug)]
struct Entry {
    rule: RuleId,
    reach: Reach,
    test: Test,
}

/// What is left to check when the key fits.
#[derive(Debug)]
enum Test {
    Nothing,
    Prefix(Vec<u8>),
    Suffix(Vec<u8>),
    Name(Segment),
    Glob(Glob),
    Regexp(Regex),
}

/// A plain path, with its parts found as they are needed.
pub(crate) struct PlainPath<'p> {
    whole: &'p [u8],
    name: &'p [u8],
    parts: Option<Vec<&'p [u8]>>,
}

impl<'p> PlainPath<'p> {
    /// `None` unless the path is UTF-8 and without newlines, which is what the index is for.
    pub(crate) fn new(whole: &'p [u8]) -> Option<Self> {
        if memchr::memchr(b'\n', whole).is_some() || std::str::from_utf8(whole).is_err() {
            return None;
        }
        let name = memchr::memrchr(b'/', whole).map_or(whole, |slash| &whole[slash + 1..]);
        Some(Self {
            whole,
            name,
            parts: None,
        })
    }

    fn parts(&mut self) -> &[&'p [u8]] {
        self.parts
            .get_or_insert_with(|| self.whole.split(|&byte| byte == b'/').collect())
    }
}

impl Index {
    /// Files all patterns. One that turns out too large to compile becomes [`Pattern::Bad`].
    pub(crate) fn new(patterns: &mut [Pattern]) -> Self {
        let mut index = Self::default();
        let mut rest = Vec::new();
        for (rule, pattern) in (0..).zip(patterns.iter()) {
            match pattern {
                Pattern::Exact(text) => {
                    index.file_exact(text.clone(), Entry::new(rule, Test::Nothing));
                }
                Pattern::Prefix(prefix) => index.add_prefix(rule, prefix),
                Pattern::Suffix(suffix) => index.add_suffix(rule, suffix),
                Pattern::Regexp { node, .. } => match Glob::from_node(node) {
                    Some(glob) => index.add_glob(rule, glob),
                    None => rest.push(rule),
                },
                // Never matches; the walk asks for these by themselves.
                Pattern::Bad(_) => {}
            }
        }
        index.add_automaton(rest, patterns);
        index.by_literal.finish();
        index
    }

    /// Makes one automaton of the patterns that need one, or one each if that is too large.
    fn add_automaton(&mut self, rules: Vec<RuleId>, patterns: &mut [Pattern]) {
        let node = |rule: &RuleId| match &patterns[*rule as usize] {
            Pattern::Regexp { node, .. } => Some(node),
            _ => None,
        };
        let nodes: Vec<_> = rules.iter().filter_map(node).collect();
        if nodes.is_empty() {
            return;
        }
        if let Ok(regex) = regexp::compile(&nodes) {
            self.automaton = Some(Automaton { regex, rules });
            return;
        }
        let compiled: Vec<_> = nodes.iter().map(|node| regexp::compile(&[node])).collect();
        for (rule, compiled) in rules.into_iter().zip(compiled) {
            match compiled {
                Ok(regex) => self.others.push(Entry::new(rule, Test::Regexp(regex))),
                Err(problem) => patterns[rule as usize] = Pattern::Bad(problem),
            }
        }
    }

    /// The rules that match `path`, but for those that its parents' hits below already tell.
    pub(crate) fn hits(&self, path: &mut PlainPath<'_>) -> Hits {
        let mut hits = Hits::default();
        let (whole, name) = (path.whole, path.name);
        let filed = [
            find(&self.exact, Some(whole)),
            find(&self.by_name, Some(name)),
            find(&self.by_extension, extension(name)),
            &self.others,
        ];
        for entry in filed
            .into_iter()
            .flatten()
            .chain(self.by_literal.find(whole))
        {
            entry.run(path, &mut hits);
        }
        if let Some(automaton) = &self.automaton {
            automaton.run(whole, &mut hits);
        }
        hits
    }

    fn file_exact(&mut self, text: Vec<u8>, entry: Entry) {
        self.exact.entry(text).or_default().push(entry);
    }

    /// `a/**` is the prefix `a/`: all that lies below `a`.
    fn add_prefix(&mut self, rule: RuleId, prefix: &[u8]) {
        if let [directory @ .., b'/'] = prefix
            && !directory.is_empty()
        {
            let entry = Entry {
                rule,
                reach: Reach::Below,
                test: Test::Nothing,
            };
            self.file_exact(directory.to_vec(), entry);
            return;
        }
        let entry = Entry::new(rule, Test::Prefix(prefix.to_vec()));
        self.file_by_literal(prefix, entry);
    }

    fn add_suffix(&mut self, rule: RuleId, suffix: &[u8]) {
        let entry = Entry::new(rule, Test::Suffix(suffix.to_vec()));
        match memchr::memrchr(b'/', suffix) {
            Some(slash) => self
                .by_name
                .entry(suffix[slash + 1..].to_vec())
                .or_default()
                .push(entry),
            None => self.file_by_end(suffix, entry),
        }
    }

    fn add_glob(&mut self, rule: RuleId, glob: Glob) {
        let reach = glob.reach;
        if let Some(text) = glob.as_literal() {
            self.file_exact(
                text,
                Entry {
                    rule,
                    reach,
                    test: Test::Nothing,
                },
            );
            return;
        }
        let name = glob
            .last()
            .and_then(Segment::as_literal)
            .map(<[u8]>::to_vec);
        let end = glob
            .last()
            .and_then(Segment::as_literal_end)
            .map(<[u8]>::to_vec);
        let longest = glob.longest_literal().to_vec();
        let test = match glob.as_floating_literal() {
            Some(text) => Test::Suffix([b"/", &text[..]].concat()),
            None => match glob.into_floating_segment() {
                Ok(segment) => Test::Name(segment),
                Err(glob) => Test::Glob(glob),
            },
        };
        let entry = Entry { rule, reach, test };
        match (name, end) {
            (Some(name), _) => self.by_name.entry(name).or_default().push(entry),
            (None, Some(end)) => self.file_by_end(&end, entry),
            (None, None) => self.file_by_literal(&longest, entry),
        }
    }

    /// Files a rule whose matches all end in `end`, which holds no slash.
    fn file_by_end(&mut self, end: &[u8], entry: Entry) {
        match extension(end) {
            Some(extension) => {
                self.by_extension
                    .entry(extension.to_vec())
                    .or_default()
                    .push(entry);
            }
            None => self.file_by_literal(end, entry),
        }
    }

    /// Files a rule whose matches all hold `literal`.
    fn file_by_literal(&mut self, literal: &[u8], entry: Entry) {
        if literal.is_empty() {
            self.others.push(entry);
        } else {
            self.by_literal.add(literal, entry);
        }
    }
}

/// What is filed under a key, without hashing it if nothing is filed at all.
fn find<'i>(filed: &'i Filed, key: Option<&[u8]>) -> &'i [Entry] {
    match key {
        Some(key) if !filed.is_empty() => filed.get(key).map_or(&[], Vec::as_slice),
        _ => &[],
    }
}

/// What follows the last dot.
fn extension(name: &[u8]) -> Option<&[u8]> {
    memchr::memrchr(b'.', name).map(|dot| &name[dot + 1..])
}

impl Entry {
    fn new(rule: RuleId, test: Test) -> Self {
        Self {
            rule,
            reach: Reach::Itself,
            test,
        }
    }

    fn run(&self, path: &mut PlainPath<'_>, hits: &mut Hits) {
        let matches = match &self.test {
            Test::Nothing => true,
            Test::Prefix(prefix) => path.whole.starts_with(prefix),
            Test::Suffix(suffix) => matches_suffix(suffix, path.whole),
            Test::Name(segment) => segment.matches(path.name),
            Test::Glob(glob) => glob.matches(path.parts()),
            Test::Regexp(regex) => regex.is_match(path.whole),
        };
        if matches {
            match self.reach {
                Reach::Itself => hits.own.push(self.rule),
                Reach::Below => hits.below.push(self.rule),
                Reach::ItselfAndBelow => {
                    hits.own.push(self.rule);
                    hits.below.push(self.rule);
                }
            }
        }
    }
}

/// Rules filed under texts that a path has to hold, all searched for at once.
#[derive(Debug, Default)]
struct Literals {
    /// While adding: each text and its place in `entries`.
    known: Filed<usize>,
    entries: Vec<Vec<Entry>>,
    searcher: Option<AhoCorasick>,
}

impl Literals {
    fn add(&mut self, literal: &[u8], entry: Entry) {
        let next = self.entries.len();
        let at = *self.known.entry(literal.to_vec()).or_insert(next);
        if at == next {
            self.entries.push(Vec::new());
        }
        self.entries[at].push(entry);
    }

    fn finish(&mut self) {
        let mut literals: Vec<_> = std::mem::take(&mut self.known).into_iter().collect();
        literals.sort_unstable_by_key(|(_, at)| *at);
        if !literals.is_empty() {
            self.searcher = AhoCorasick::new(literals.iter().map(|(literal, _)| literal)).ok();
        }
    }

    /// What is filed under the literals that `path` holds: of one that it holds twice, twice.
    fn find(&self, path: &[u8]) -> impl Iterator<Item = &Entry> {
        let found = self
            .searcher
            .iter()
            .flat_map(move |searcher| searcher.find_overlapping_iter(path));
        // Without a searcher, which only an absurd number of rules can cause, all are candidates.
        let all = if self.searcher.is_none() {
            &self.entries[..]
        } else {
            &[]
        };
        found
            .map(|found| &self.entries[found.pattern().as_usize()])
            .chain(all)
            .flatten()
    }
}

/// The rules that need an engine, in one.
#[derive(Debug)]
struct Automaton {
    regex: Regex,
    /// The rule of each of its patterns.
    rules: Vec<RuleId>,
}

impl Automaton {
    fn run(&self, path: &[u8], hits: &mut Hits) {
        let mut set = PatternSet::new(self.rules.len());
        self.regex
            .which_overlapping_matches(&Input::new(path), &mut set);
        hits.own.extend(
            set.iter()
                .filter_map(|pattern| self.rules.get(pattern.as_usize())),
        );
    }
}

/// A small hash for keys that come from rule files: nobody gains by making them collide.
#[derive(Debug, Default)]
struct Mix(u64);

impl Hasher for Mix {
    fn write(&mut self, bytes: &[u8]) {
        let (words, rest) = bytes.as_chunks::<8>();
        for word in words {
            self.write_u64(u64::from_le_bytes(*word));
        }
        let mut last = [0; 8];
        last[..rest.len()].copy_from_slice(rest);
        self.write_u64(u64::from_le_bytes(last));
    }

    fn write_u64(&mut self, word: u64) {
        self.0 = (self.0.rotate_left(5) ^ word).wrapping_mul(0x517c_c1b7_2722_0a95);
    }

    fn write_usize(&mut self, word: usize) {
        self.write_u64(word as u64);
    }

    fn finish(&self) -> u64 {
        self.0 ^ (self.0 >> 32)
    }
}
