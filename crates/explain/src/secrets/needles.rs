//! `Needles`: one look over a text that finds every place where a secret may be.
//!
//! Texts are searched with the vector instructions of `aho-corasick`'s packed searcher, in as many passes as its limit of needles
//! asks for; where a machine has no such instructions, with an automaton. Places are candidates, nothing more.

use std::sync::OnceLock;

use aho_corasick::{AhoCorasick, AhoCorasickKind, Input, MatchKind, Span, packed};

use super::form::Form;
use super::kinds::{Check, Look, Rule, SecretKind, secret_kinds};

/// How many needles one packed searcher takes; with more it is slower than two.
const PACK: usize = 60;

/// Parts that texts have in common, and that are searched for in their stead: each needle less is less to compare.
const SHARED: &[&str] = &[
    "---- BEGIN ",
    "-----BEGIN ",
    "://",
    ":AA",
    "shp",
    "xox",
    "pscale_",
    "dckr_",
    "_v1_",
    "sk-ant-",
    "lsv2_",
    "sq0",
    "dt0",
    "dp.",
    "_live_",
    "sntr",
    "CCIP",
    "pypi-Ag",
    "sib-",
    "eyJ",
    "HRKU-",
    "AGE-SECRET",
    "ecret",
    "ECRET",
    "oken",
    "OKEN",
    "lin_",
    "EAA",
    "wd=",
];

/// Everything that is looked for, ready to look.
pub(super) struct Needles {
    packs: Vec<Pack>,
    /// The kinds that are known by the name beside the value.
    pub(super) named: Vec<(&'static SecretKind, &'static [&'static str], Vec<Form>)>,
}

/// What is to be looked at where a text is.
pub(super) enum Meaning {
    /// Whether all of the form is there.
    Form(&'static SecretKind, Form, Check),
    /// What stands around it.
    Look(&'static SecretKind, Look),
    /// A value with a name, which is of this kind if of no other.
    Value(&'static SecretKind),
}

/// A part of the needles.
struct Pack {
    search: Search,
    /// What each may be.
    needles: Vec<Vec<Candidate>>,
}

/// What may be where a needle is.
struct Candidate {
    /// The text that is there then.
    text: Vec<u8>,
    /// How much of it stands before the needle.
    before: usize,
    meaning: Meaning,
}

enum Search {
    Packed(packed::Searcher),
    Automaton(AhoCorasick),
}

/// # Making them
impl Needles {
    /// The needles of all kinds, made once.
    pub(super) fn get() -> &'static Self {
        static NEEDLES: OnceLock<Needles> = OnceLock::new();
        NEEDLES.get_or_init(Self::new)
    }

    fn new() -> Self {
        let mut candidates = Vec::new();
        let mut named = Vec::new();
        let mut add = |text: &[u8], meaning| {
            let shared =
                |part: &&'static str| Some((memchr::memmem::find(text, part.as_bytes())?, *part));
            let (before, needle) = match SHARED.iter().find_map(shared) {
                Some((before, part)) => (before, part.as_bytes().to_vec()),
                None => (0, text.to_vec()),
            };
            candidates.push((
                needle,
                Candidate {
                    text: text.to_vec(),
                    before,
                    meaning,
                },
            ));
        };
        for kind in secret_kinds() {
            match kind.rule {
                Rule::Forms(check) => {
                    for form in kind.parsed() {
                        let text = form.needle().to_vec();
                        add(&text, Meaning::Form(kind, form, check));
                    }
                }
                Rule::Code(texts, look) => texts
                    .iter()
                    .for_each(|text| add(text.as_bytes(), Meaning::Look(kind, look))),
                Rule::Random(texts) => texts
                    .iter()
                    .for_each(|text| add(text.as_bytes(), Meaning::Value(kind))),
                Rule::Named(words) => named.push((kind, words, kind.parsed())),
                Rule::Name(_) => {}
            }
        }
        // The shortest needle of a pack tells how much of each is compared at once.
        candidates
            .sort_by(|(a, _), (b, _)| a.len().min(4).cmp(&b.len().min(4)).then_with(|| a.cmp(b)));
        let mut needles: Vec<(Vec<u8>, Vec<Candidate>)> = Vec::new();
        for (needle, candidate) in candidates {
            match needles
                .iter_mut()
                .find(|(known, _)| needle.starts_with(known))
            {
                Some((_, candidates)) => candidates.push(candidate),
                None => needles.push((needle, vec![candidate])),
            }
        }
        let mut packs = Vec::new();
        while !needles.is_empty() {
            let rest = needles.split_off(needles.len().min(PACK));
            packs.extend(Pack::new(std::mem::replace(&mut needles, rest)));
        }
        Self { packs, named }
    }
}

impl Pack {
    /// Needles of which none begins as another.
    fn new(needles: Vec<(Vec<u8>, Vec<Candidate>)>) -> Option<Self> {
        let texts = || needles.iter().map(|(text, _)| text);
        let packed = packed::Config::new().builder().extend(texts()).build();
        let automaton = || {
            let mut builder = AhoCorasick::builder();
            builder
                .match_kind(MatchKind::LeftmostFirst)
                .kind(Some(AhoCorasickKind::DFA))
                .prefilter(false);
            builder.build(texts()).ok()
        };
        let search = packed
            .map(Search::Packed)
            .or_else(|| automaton().map(Search::Automaton))?;
        let needles = needles
            .into_iter()
            .map(|(_, candidates)| candidates)
            .collect();
        Some(Self { search, needles })
    }
}

/// # Looking
impl Needles {
    /// Shows every place of every text to `look`, with what it may be.
    pub(super) fn find(&self, text: &[u8], mut look: impl FnMut(&Meaning, usize)) {
        for pack in &self.packs {
            let mut at = 0;
            // Needles may overlap, so the search goes on right behind where one begins.
            while let Some((start, needle)) = pack.search.next(text, at) {
                at = start + 1;
                for candidate in &pack.needles[needle] {
                    let place = start.checked_sub(candidate.before);
                    if let Some(place) =
                        place.filter(|&place| text[place..].starts_with(&candidate.text))
                    {
                        look(&candidate.meaning, place);
                    }
                }
            }
        }
    }
}

impl Search {
    /// Where the next needle from `at` on begins, and its number.
    fn next(&self, text: &[u8], at: usize) -> Option<(usize, usize)> {
        let found = match self {
            Self::Packed(searcher) => searcher.find_in(
                text,
                Span {
                    start: at,
                    end: text.len(),
                },
            ),
            Self::Automaton(automaton) => automaton.find(Input::new(text).range(at..)),
        }?;
        Some((found.start(), found.pattern().as_usize()))
    }
}
