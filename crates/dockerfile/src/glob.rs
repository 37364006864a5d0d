//! Patterns for names, as Go's `filepath.Match` reads them within one path component.

/// A pattern for one component of a path: `*`, `?`, `[a-c]`, `[^a-c]`, and `\\` before what shall stand for itself.
///
/// A name that is not UTF-8 is matched with each stray byte as a character of its own.
///
/// ```
/// use shipload_dockerfile::Glob;
///
/// let glob = Glob::new("lib?[0-9]*.so")?;
/// assert!(glob.matches(b"liba1.so") && !glob.matches(b"liba.so"));
/// assert_eq!(Glob::new("plain")?.literal(), Some("plain"));
/// assert!(Glob::new("[").is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Glob {
    pattern: String,
    tokens: Vec<Token>,
}

/// A pattern that Go calls malformed, which fails the build.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{pattern}` is a malformed pattern")]
pub struct BadGlob {
    /// The pattern.
    pub pattern: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Token {
    Star,
    Any,
    One(char),
    Class {
        negated: bool,
        ranges: Vec<(char, char)>,
    },
}

impl Glob {
    /// Reads a pattern.
    ///
    /// # Errors
    /// For a class without its end, without content or with a `-` at a wrong place, and for a `\\` at the end.
    pub fn new(pattern: &str) -> Result<Self, BadGlob> {
        let tokens = tokens(pattern).ok_or_else(|| BadGlob {
            pattern: pattern.to_owned(),
        })?;
        Ok(Self {
            pattern: pattern.to_owned(),
            tokens,
        })
    }

    /// The pattern if it has nothing that is special in patterns.
    pub fn literal(&self) -> Option<&str> {
        let special = self.pattern.contains(['*', '?', '[', '\\']);
        (!special).then_some(&self.pattern)
    }

    /// Whether it has a wildcard: if not, builders take it for a name, backslashes included.
    pub fn is_pattern(&self) -> bool {
        self.tokens
            .iter()
            .any(|token| !matches!(token, Token::One(_)))
    }

    /// The pattern as written.
    pub fn as_str(&self) -> &str {
        &self.pattern
    }

    /// Whether it matches a name, in time proportional to the product of their lengths at most.
    pub fn matches(&self, name: &[u8]) -> bool {
        let name = characters(name);
        let (mut token, mut at) = (0, 0);
        let mut star: Option<(usize, usize)> = None;
        loop {
            match self.tokens.get(token) {
                Some(Token::Star) => {
                    star = Some((token, at));
                    token += 1;
                    continue;
                }
                Some(single) if name.get(at).is_some_and(|&c| single.takes(c)) => {
                    (token, at) = (token + 1, at + 1);
                    continue;
                }
                None if at == name.len() => return true,
                Some(_) | None => {}
            }
            // What the last star took was too little.
            match star {
                Some((before, end)) if end < name.len() => {
                    star = Some((before, end + 1));
                    (token, at) = (before + 1, end + 1);
                }
                Some(_) | None => return false,
            }
        }
    }
}

impl Token {
    fn takes(&self, character: char) -> bool {
        match self {
            Self::Star => false,
            Self::Any => true,
            Self::One(one) => *one == character,
            Self::Class { negated, ranges } => {
                let within = ranges
                    .iter()
                    .any(|(low, high)| (*low..=*high).contains(&character));
                within != *negated
            }
        }
    }
}

fn tokens(pattern: &str) -> Option<Vec<Token>> {
    let mut characters = pattern.chars().peekable();
    let mut tokens = Vec::new();
    while let Some(character) = characters.next() {
        tokens.push(match character {
            '*' => Token::Star,
            '?' => Token::Any,
            '\\' => Token::One(characters.next()?),
            '[' => {
                let negated = characters.next_if_eq(&'^').is_some();
                let mut ranges = Vec::new();
                while ranges.is_empty() || characters.next_if_eq(&']').is_none() {
                    let low = member(&mut characters)?;
                    let high = match characters.next_if_eq(&'-') {
                        Some(_) => member(&mut characters)?,
                        None => low,
                    };
                    ranges.push((low, high));
                }
                Token::Class { negated, ranges }
            }
            other => Token::One(other),
        });
    }
    Some(tokens)
}

/// A character of a class.
fn member(characters: &mut impl Iterator<Item = char>) -> Option<char> {
    match characters.next()? {
        '-' | ']' => None,
        '\\' => characters.next(),
        other => Some(other),
    }
}

/// The characters of a name; a byte that is no part of one becomes U+FFFD, as in Go.
fn characters(name: &[u8]) -> Vec<char> {
    let chunks = name.utf8_chunks().flat_map(|chunk| {
        let stray = chunk.invalid().iter().map(|_| char::REPLACEMENT_CHARACTER);
        chunk.valid().chars().chain(stray)
    });
    chunks.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The table of Go's own tests of `filepath.Match`, as far as it is about one component.
    #[test]
    fn matches_what_go_matches() {
        let table = [
            ("abc", "abc", Some(true)),
            ("*", "abc", Some(true)),
            ("*c", "abc", Some(true)),
            ("a*", "a", Some(true)),
            ("a*", "abc", Some(true)),
            ("a*b*c*d*e*", "axbxcxdxe", Some(true)),
            ("a*b*c*d*e*", "axbxcxdxexxx", Some(true)),
            ("a*b?c*x", "abxbbxdbxebxczzx", Some(true)),
            ("a*b?c*x", "abxbbxdbxebxczzy", Some(false)),
            ("ab[c]", "abc", Some(true)),
            ("ab[b-d]", "abc", Some(true)),
            ("ab[e-g]", "abc", Some(false)),
            ("ab[^c]", "abc", Some(false)),
            ("ab[^b-d]", "abc", Some(false)),
            ("ab[^e-g]", "abc", Some(true)),
            ("a\\*b", "a*b", Some(true)),
            ("a\\*b", "ab", Some(false)),
            ("a?b", "a☺b", Some(true)),
            ("a[^a]b", "a☺b", Some(true)),
            ("a???b", "a☺b", Some(false)),
            ("a[^a][^a][^a]b", "a☺b", Some(false)),
            ("[a-ζ]*", "α", Some(true)),
            ("*[a-ζ]", "A", Some(false)),
            ("[\\]a]", "]", Some(true)),
            ("[\\-]", "-", Some(true)),
            ("[x\\-]", "x", Some(true)),
            ("[x\\-]", "z", Some(false)),
            ("[\\-x]", "a", Some(false)),
            ("[]a]", "]", None),
            ("[-]", "-", None),
            ("[x-]", "x", None),
            ("[-x]", "x", None),
            ("\\", "a", None),
            ("[a-b-c]", "a", None),
            ("[", "a", None),
            ("[^", "a", None),
            ("[^bc", "a", None),
            ("a[", "ab", None),
            ("*x", "xxx", Some(true)),
        ];
        for (pattern, name, expected) in table {
            let found = Glob::new(pattern)
                .ok()
                .map(|glob| glob.matches(name.as_bytes()));
            assert_eq!(found, expected, "{pattern} {name}");
        }
    }

    #[test]
    fn a_stray_byte_is_a_character() {
        assert!(Glob::new("a?b").is_ok_and(|glob| glob.matches(b"a\xffb")));
        assert!(Glob::new("a?b").is_ok_and(|glob| !glob.matches(b"a\xff\xfeb")));
    }
}
