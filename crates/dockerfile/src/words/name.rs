//! Which characters make a name. The frontend asks for Unicode letters and decimal digits.

use std::sync::OnceLock;

use regex_syntax::hir::{Class, ClassUnicode, HirKind};

/// Whether a letter, of any script. Combining marks are none.
pub(super) fn is_letter(character: char) -> bool {
    static LETTERS: OnceLock<ClassUnicode> = OnceLock::new();
    if character.is_ascii() {
        return character.is_ascii_alphabetic();
    }
    contains(LETTERS.get_or_init(|| class(r"\p{L}")), character)
}

/// Whether a decimal digit, of any script.
pub(super) fn is_digit(character: char) -> bool {
    static DIGITS: OnceLock<ClassUnicode> = OnceLock::new();
    if character.is_ascii() {
        return character.is_ascii_digit();
    }
    contains(DIGITS.get_or_init(|| class(r"\p{Nd}")), character)
}

/// Whether one of those that a name consists of.
pub(super) fn is_name(character: char) -> bool {
    is_letter(character) || is_digit(character) || character == '_'
}

/// Whether a name of its own: a special parameter of the shell. There is never a value for it, but it can have a default.
pub(super) fn is_special(character: char) -> bool {
    matches!(character, '@' | '*' | '#' | '?' | '-' | '$' | '!')
}

fn class(pattern: &str) -> ClassUnicode {
    match regex_syntax::parse(pattern).map(regex_syntax::hir::Hir::into_kind) {
        Ok(HirKind::Class(Class::Unicode(class))) => class,
        _ => ClassUnicode::empty(),
    }
}

fn contains(class: &ClassUnicode, character: char) -> bool {
    let ranges = class.ranges();
    let after = ranges.partition_point(|range| range.start() <= character);
    after
        .checked_sub(1)
        .and_then(|index| ranges.get(index))
        .is_some_and(|range| character <= range.end())
}
