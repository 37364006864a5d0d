//! `SecretKind`: what kinds of secrets are known, by which form, and where that is written.
//!
//! The forms are ours, after what the issuers publish of them.

mod cloud;
mod code;
mod files;
mod keys;
mod named;
mod services;

use std::fmt;
use std::ops::Range;

use super::form::Form;
use super::proof::Proof;
use super::text::Text;

pub(super) use files::KINDS as FILES;

/// A kind of secret. Two are equal if they have one `id`.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub struct SecretKind {
    /// Its name for programs, such as `github-personal-token`.
    pub id: &'static str,
    /// What it is, for a sentence: `a GitHub personal access token`.
    pub what: &'static str,
    /// How sure it is that something of this form is one.
    pub confidence: Confidence,
    /// Where its form is described.
    pub source: &'static str,
    /// How it is written, as pieces of regular expressions; in words where there is no such form.
    pub forms: &'static [&'static str],
    pub(super) rule: Rule,
}

/// How sure it is that something is a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Confidence {
    /// It is random, and called a secret.
    Guess,
    /// It has the form of a secret, or the name of a file that holds some.
    Likely,
    /// Nothing else has this form.
    Certain,
}

/// How a kind is recognised.
#[derive(Clone, Copy)]
pub(super) enum Rule {
    /// By its forms.
    Forms(Check),
    /// As the value of something with one of these words in its name; all of the value is of one of the forms.
    Named(&'static [&'static str]),
    /// By what stands around one of the needles.
    Code(&'static [&'static str], Look),
    /// As a random value with one of these words in its name, which is of no other kind.
    Random(&'static [&'static str]),
    /// By the name of the file, if its content bears it out.
    Name(Proof),
}

/// Looks around the needle at a place, and says where the secret is.
pub(super) type Look = fn(&Text<'_>, usize) -> Option<Range<usize>>;

/// What else must hold for what has the form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Check {
    /// It looks random.
    Random,
    /// Its last six characters are the checksum of the rest.
    Crc,
    /// It is bech32.
    Bech32,
}

impl PartialEq for SecretKind {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

impl Eq for SecretKind {}

impl fmt::Debug for SecretKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id)
    }
}

/// All kinds of secrets that are looked for, in the order of the documentation.
pub fn secret_kinds() -> impl Iterator<Item = &'static SecretKind> {
    let tables = [
        keys::KINDS,
        cloud::KINDS,
        code::KINDS,
        services::KINDS,
        named::KINDS,
        files::KINDS,
    ];
    tables.into_iter().flatten()
}

impl SecretKind {
    /// Whether it is known by the name of its file: then `forms` are names, the last components of a path, where `*` stands for
    /// anything within one.
    pub fn is_file(&self) -> bool {
        matches!(self.rule, Rule::Name(_))
    }

    /// Its forms, read.
    pub(super) fn parsed(&self) -> Vec<Form> {
        match self.rule {
            Rule::Forms(_) | Rule::Named(_) => self
                .forms
                .iter()
                .filter_map(|form| Form::parse(form))
                .collect(),
            Rule::Code(..) | Rule::Random(_) | Rule::Name(_) => Vec::new(),
        }
    }
}

/// A token of a form that nothing else has.
const fn token(
    id: &'static str,
    what: &'static str,
    source: &'static str,
    forms: &'static [&'static str],
) -> SecretKind {
    SecretKind {
        id,
        what,
        confidence: Confidence::Certain,
        source,
        forms,
        rule: Rule::Forms(Check::Random),
    }
}

/// A value of something with one of `words` in its name.
const fn named(
    id: &'static str,
    what: &'static str,
    source: &'static str,
    words: &'static [&'static str],
    forms: &'static [&'static str],
) -> SecretKind {
    SecretKind {
        id,
        what,
        confidence: Confidence::Likely,
        source,
        forms,
        rule: Rule::Named(words),
    }
}

/// Something that takes a look around a needle.
const fn looked(
    id: &'static str,
    what: &'static str,
    source: &'static str,
    forms: &'static [&'static str],
    needles: &'static [&'static str],
    look: Look,
) -> SecretKind {
    SecretKind {
        id,
        what,
        confidence: Confidence::Certain,
        source,
        forms,
        rule: Rule::Code(needles, look),
    }
}

/// A file that holds secrets, by its name.
const fn file(
    id: &'static str,
    what: &'static str,
    source: &'static str,
    forms: &'static [&'static str],
    proof: Proof,
) -> SecretKind {
    SecretKind {
        id,
        what,
        confidence: Confidence::Likely,
        source,
        forms,
        rule: Rule::Name(proof),
    }
}

impl SecretKind {
    const fn check(self, check: Check) -> Self {
        Self {
            rule: Rule::Forms(check),
            ..self
        }
    }

    const fn likely(self) -> Self {
        Self {
            confidence: Confidence::Likely,
            ..self
        }
    }

    const fn guess(self) -> Self {
        Self {
            confidence: Confidence::Guess,
            ..self
        }
    }
}
