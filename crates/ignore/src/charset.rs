//! Sets of characters, and the named ones that Go's regular expressions know.
//!
//! Names are Go's, which are stricter than those of the `regex` crates: no aliases, no loose case.

use regex_syntax::hir::{Class, ClassUnicode, ClassUnicodeRange, Hir, HirKind};

const LAST: u32 = char::MAX as u32;

/// A set of Unicode code points: sorted ranges, both ends included, that neither touch nor overlap.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct CharSet(Vec<(u32, u32)>);

impl CharSet {
    /// `.`: any character but a newline.
    pub(crate) fn not_newline() -> Self {
        Self::new(vec![(0xa, 0xa)]).negate()
    }

    /// `[^/]`: what one `?` matches.
    pub(crate) fn not_slash() -> Self {
        Self::new(vec![(0x2f, 0x2f)]).negate()
    }

    pub(crate) fn new(mut ranges: Vec<(u32, u32)>) -> Self {
        ranges.sort_unstable();
        let mut merged: Vec<(u32, u32)> = Vec::with_capacity(ranges.len());
        for (low, high) in ranges {
            match merged.last_mut() {
                Some(last) if low <= last.1.saturating_add(1) => last.1 = last.1.max(high),
                _ => merged.push((low, high)),
            }
        }
        Self(merged)
    }

    pub(crate) fn negate(&self) -> Self {
        let mut ranges = Vec::with_capacity(self.0.len() + 1);
        let mut next = 0;
        for &(low, high) in &self.0 {
            if low > next {
                ranges.push((next, low - 1));
            }
            next = high + 1;
        }
        if next <= LAST {
            ranges.push((next, LAST));
        }
        Self(ranges)
    }

    pub(crate) fn negate_if(self, negate: bool) -> Self {
        if negate { self.negate() } else { self }
    }

    pub(crate) fn contains(&self, c: char) -> bool {
        let c = u32::from(c);
        self.0.iter().any(|&(low, high)| low <= c && c <= high)
    }

    pub(crate) fn ranges(&self) -> &[(u32, u32)] {
        &self.0
    }

    /// The same set for `regex-automata`. Surrogates drop out: no path decodes to one.
    pub(crate) fn to_hir(&self) -> Hir {
        let ranges = self.0.iter().flat_map(|&(low, high)| {
            [(low, high.min(0xd7ff)), (low.max(0xe000), high)]
                .into_iter()
                .filter(|(low, high)| low <= high)
                .filter_map(|(low, high)| {
                    Some(ClassUnicodeRange::new(
                        char::from_u32(low)?,
                        char::from_u32(high)?,
                    ))
                })
        });
        Hir::class(Class::Unicode(ClassUnicode::new(ranges)))
    }
}

/// `\d`, `\s`, `\w` and their opposites: ASCII only in Go.
pub(crate) fn perl(letter: char) -> Option<CharSet> {
    let ascii = match letter.to_ascii_lowercase() {
        'd' => "09",
        's' => "\t\n\x0c\r  ",
        'w' => "09AZ__az",
        _ => return None,
    };
    Some(pairs(ascii).negate_if(letter.is_ascii_uppercase()))
}

/// The POSIX class that `name` (`alpha`, `^alpha`) stands for between `[:` and `:]`.
pub(crate) fn posix(name: &str) -> Option<CharSet> {
    let (negate, name) = name
        .strip_prefix('^')
        .map_or((false, name), |rest| (true, rest));
    let ascii = match name {
        "alnum" => "09AZaz",
        "alpha" => "AZaz",
        "ascii" => "\0\x7f",
        "blank" => "\t\t  ",
        "cntrl" => "\0\x1f\x7f\x7f",
        "digit" => "09",
        "graph" => "!~",
        "lower" => "az",
        "print" => " ~",
        "punct" => "!/:@[`{~",
        "space" => "\t\r  ",
        "upper" => "AZ",
        "word" => "09AZ__az",
        "xdigit" => "09AFaf",
        _ => return None,
    };
    Some(pairs(ascii).negate_if(negate))
}

/// The set that `name` stands for in `\p{name}`: a general category or a script, as Go spells it.
pub(crate) fn unicode(name: &str) -> Option<CharSet> {
    match name {
        "Any" => Some(CharSet(vec![(0, LAST)])),
        // Go's C leaves out what is not assigned.
        "C" => Some(union(&["Cc", "Cf", "Co"])),
        "Cs" => Some(CharSet(vec![(0xd800, 0xdfff)])),
        _ if CATEGORIES.contains(&name) => Some(property("gc", name)),
        _ if SCRIPTS.binary_search(&name).is_ok() => Some(property("sc", name)),
        _ => None,
    }
}

fn pairs(text: &str) -> CharSet {
    CharSet::new(
        text.as_bytes()
            .chunks(2)
            .map(|c| (c[0].into(), c[c.len() - 1].into()))
            .collect(),
    )
}

fn union(categories: &[&str]) -> CharSet {
    CharSet::new(
        categories
            .iter()
            .flat_map(|name| property("gc", name).0)
            .collect(),
    )
}

/// A Unicode property from the tables of `regex-syntax`.
fn property(property: &str, value: &str) -> CharSet {
    let Ok(hir) = regex_syntax::parse(&format!(r"[\p{{{property}={value}}}]")) else {
        // Only names that these tables hold are listed below; a test goes through all of them.
        return CharSet::default();
    };
    match hir.kind() {
        HirKind::Class(Class::Unicode(class)) => CharSet::new(
            class
                .iter()
                .map(|r| (r.start().into(), r.end().into()))
                .collect(),
        ),
        HirKind::Literal(literal) => CharSet::new(
            String::from_utf8_lossy(&literal.0)
                .chars()
                .map(|c| (c.into(), c.into()))
                .collect(),
        ),
        _ => CharSet::default(),
    }
}

const CATEGORIES: &[&str] = &[
    "L", "Ll", "Lm", "Lo", "Lt", "Lu", "M", "Mc", "Me", "Mn", "N", "Nd", "Nl", "No", "P", "Pc",
    "Pd", "Pe", "Pf", "Pi", "Po", "Ps", "S", "Sc", "Sk", "Sm", "So", "Z", "Zl", "Zp", "Zs", "Cc",
    "Cf", "Co",
];

/// The scripts of Unicode 15, which Go 1.21 and later (docker CLI 25 and later) know; sorted.
const SCRIPTS: &[&str] = &[
    "Adlam",
    "Ahom",
    "Anatolian_Hieroglyphs",
    "Arabic",
    "Armenian",
    "Avestan",
    "Balinese",
    "Bamum",
    "Bassa_Vah",
    "Batak",
    "Bengali",
    "Bhaiksuki",
    "Bopomofo",
    "Brahmi",
    "Braille",
    "Buginese",
    "Buhid",
    "Canadian_Aboriginal",
    "Carian",
    "Caucasian_Albanian",
    "Chakma",
    "Cham",
    "Cherokee",
    "Chorasmian",
    "Common",
    "Coptic",
    "Cuneiform",
    "Cypriot",
    "Cypro_Minoan",
    "Cyrillic",
    "Deseret",
    "Devanagari",
    "Dives_Akuru",
    "Dogra",
    "Duployan",
    "Egyptian_Hieroglyphs",
    "Elbasan",
    "Elymaic",
    "Ethiopic",
    "Georgian",
    "Glagolitic",
    "Gothic",
    "Grantha",
    "Greek",
    "Gujarati",
    "Gunjala_Gondi",
    "Gurmukhi",
    "Han",
    "Hangul",
    "Hanifi_Rohingya",
    "Hanunoo",
    "Hatran",
    "Hebrew",
    "Hiragana",
    "Imperial_Aramaic",
    "Inherited",
    "Inscriptional_Pahlavi",
    "Inscriptional_Parthian",
    "Javanese",
    "Kaithi",
    "Kannada",
    "Katakana",
    "Kawi",
    "Kayah_Li",
    "Kharoshthi",
    "Khitan_Small_Script",
    "Khmer",
    "Khojki",
    "Khudawadi",
    "Lao",
    "Latin",
    "Lepcha",
    "Limbu",
    "Linear_A",
    "Linear_B",
    "Lisu",
    "Lycian",
    "Lydian",
    "Mahajani",
    "Makasar",
    "Malayalam",
    "Mandaic",
    "Manichaean",
    "Marchen",
    "Masaram_Gondi",
    "Medefaidrin",
    "Meetei_Mayek",
    "Mende_Kikakui",
    "Meroitic_Cursive",
    "Meroitic_Hieroglyphs",
    "Miao",
    "Modi",
    "Mongolian",
    "Mro",
    "Multani",
    "Myanmar",
    "Nabataean",
    "Nag_Mundari",
    "Nandinagari",
    "New_Tai_Lue",
    "Newa",
    "Nko",
    "Nushu",
    "Nyiakeng_Puachue_Hmong",
    "Ogham",
    "Ol_Chiki",
    "Old_Hungarian",
    "Old_Italic",
    "Old_North_Arabian",
    "Old_Permic",
    "Old_Persian",
    "Old_Sogdian",
    "Old_South_Arabian",
    "Old_Turkic",
    "Old_Uyghur",
    "Oriya",
    "Osage",
    "Osmanya",
    "Pahawh_Hmong",
    "Palmyrene",
    "Pau_Cin_Hau",
    "Phags_Pa",
    "Phoenician",
    "Psalter_Pahlavi",
    "Rejang",
    "Runic",
    "Samaritan",
    "Saurashtra",
    "Sharada",
    "Shavian",
    "Siddham",
    "SignWriting",
    "Sinhala",
    "Sogdian",
    "Sora_Sompeng",
    "Soyombo",
    "Sundanese",
    "Syloti_Nagri",
    "Syriac",
    "Tagalog",
    "Tagbanwa",
    "Tai_Le",
    "Tai_Tham",
    "Tai_Viet",
    "Takri",
    "Tamil",
    "Tangsa",
    "Tangut",
    "Telugu",
    "Thaana",
    "Thai",
    "Tibetan",
    "Tifinagh",
    "Tirhuta",
    "Toto",
    "Ugaritic",
    "Vai",
    "Vithkuqi",
    "Wancho",
    "Warang_Citi",
    "Yezidi",
    "Yi",
    "Zanabazar_Square",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_listed_name_has_members() {
        assert!(SCRIPTS.is_sorted());
        for name in CATEGORIES.iter().chain(SCRIPTS) {
            assert!(!unicode(name).expect(name).ranges().is_empty(), "{name}");
        }
    }

    #[test]
    fn names_are_gos() {
        for name in ["greek", "Grek", "letter", "Letter", "Cn", "", "Emoji"] {
            assert_eq!(unicode(name), None, "{name}");
        }
        assert!(
            !unicode("C").expect("C").contains('\u{378}'),
            "unassigned is not in Go's C"
        );
        assert!(unicode("Greek").expect("Greek").contains('λ'));
    }

    #[test]
    fn negation_covers_the_rest() {
        let set = posix("digit").expect("digit");
        assert_eq!(set.negate().ranges(), [(0, 0x2f), (0x3a, LAST)]);
        assert_eq!(set.negate().negate(), set);
        assert_eq!(CharSet::default().negate().ranges(), [(0, LAST)]);
    }

    #[test]
    fn perl_space_has_no_vertical_tab() {
        assert!(!perl('s').expect("s").contains('\x0b'));
        assert!(posix("space").expect("space").contains('\x0b'));
        assert!(!perl('d').expect("d").contains('٣'));
    }
}
