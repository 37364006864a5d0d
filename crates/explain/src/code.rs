//! `Code` and `Severity`: what can be found, each under a name that never changes.

use std::fmt;
use std::str::FromStr;

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Good to know; nothing needs to change.
    Note,
    /// The build works, and does something else than was meant.
    Warning,
    /// The build fails, or what it makes should not leave this machine.
    Error,
}

impl Severity {
    /// The word for it: `note`, `warning` or `error`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Writes `Code` down once: the variants, their words, what they are usually worth, and a line on each.
macro_rules! codes {
    ($($variant:ident = $word:literal, $severity:ident, $summary:literal;)+) => {
        /// What kind of thing a finding is. Its word (`dead-rule`) never changes its meaning; the page
        /// `docs/checks/<word>.md` has the reason, an example and the cure.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum Code {
            $(#[doc = concat!("`", $word, "`: ", $summary, ".")] $variant,)+
        }

        impl Code {
            /// All codes, in the order in which the reference lists them.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The word for it, such as `dead-rule`.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $word,)+ }
            }

            /// How bad it is, where nothing makes it better or worse.
            pub const fn severity(self) -> Severity {
                match self { $(Self::$variant => Severity::$severity,)+ }
            }

            /// What it is, in one line, without a full stop.
            pub const fn summary(self) -> &'static str {
                match self { $(Self::$variant => $summary,)+ }
            }
        }
    };
}

codes! {
    MalformedRule = "malformed-rule", Error, "a rule that the builder refuses, so that every build fails";
    DeadRule = "dead-rule", Note, "a rule that matches nothing";
    AnchoredRule = "anchored-rule", Warning, "a rule that matches nothing at the top, and would match further down";
    WrongCase = "wrong-case", Warning, "a rule that matches nothing but for upper and lower case";
    ShadowedRule = "shadowed-rule", Note, "a rule that matches, and without which nothing would change";
    DuplicateRule = "duplicate-rule", Note, "the same rule twice";
    FutileException = "futile-exception", Warning, "a `!` rule that includes nothing again";
    CommentAsPattern = "comment-as-pattern", Warning, "a comment that the builders read as a pattern";
    NegatedClass = "negated-class", Warning, "`[!a]`, which is no negation here";
    RegularExpression = "regular-expression", Warning, "characters that have a power of their own in Docker's patterns";
    TrailingSlash = "trailing-slash", Warning, "a rule with a final `/` that excludes a file as well";
    ByteOrderMark = "byte-order-mark", Note, "a byte order mark in an ignore file";
    LineEndings = "line-endings", Note, "line ends other than a line feed in an ignore file";
    TrailingSpace = "trailing-space", Note, "white space behind a rule in an ignore file";
    DisabledRules = "disabled-rules", Warning, "an empty ignore file that keeps another one from being read";
    UnreadRules = "unread-rules", Warning, "an ignore file that this builder does not read";
    EngineDifference = "engine-difference", Warning, "a rule that means something else to another builder";
    DockerfileSyntax = "dockerfile-syntax", Error, "a Dockerfile that no builder takes";
    UnknownReads = "unknown-reads", Note, "a Dockerfile of which it cannot be told what it reads";
    MissingSource = "missing-source", Error, "a source of the Dockerfile that is not there";
    IgnoredSource = "ignored-source", Error, "a source of the Dockerfile that is excluded by a rule";
    Junk = "junk", Warning, "files in the context that can be made again, and that nobody means to send";
    LargeFile = "large-file", Warning, "a large file in the context that the Dockerfile does not read";
    ContextSize = "context-size", Error, "a context with more bytes than allowed";
    DanglingLink = "dangling-link", Warning, "a link to nothing in the context";
    EscapingLink = "escaping-link", Warning, "a link that leads out of the context";
    Socket = "socket", Note, "a socket, which no builder can be sent";
    SpecialFile = "special-file", Warning, "a FIFO or device in the context";
    WhiteoutName = "whiteout-name", Warning, "a name that the classic builder takes for a deletion";
    Unreadable = "unreadable", Error, "a file or directory that cannot be read";
    Secret = "secret", Error, "a key, token or password in a file of the context";
    SecretFile = "secret-file", Error, "a file in the context that is known to hold secrets";
    PossibleSecret = "possible-secret", Warning, "a random value that is called a secret";
    DockerfileSecret = "dockerfile-secret", Error, "a secret in `ENV` or `ARG`, which stays in the image";
    GitIgnored = "git-ignored", Warning, "something that git ignores, and that is in the context";
    CaseCollision = "case-collision", Note, "names that are one on a file system that ignores case";
    UnusualName = "unusual-name", Note, "a name that is not UTF-8, or that holds what cannot be seen";
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A word that is no code.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no code `{word}`")]
pub struct UnknownCode {
    /// The word.
    pub word: String,
}

impl FromStr for Code {
    type Err = UnknownCode;

    fn from_str(word: &str) -> Result<Self, UnknownCode> {
        let mut all = Self::ALL.iter();
        all.find(|code| code.name() == word)
            .copied()
            .ok_or_else(|| UnknownCode {
                word: word.to_owned(),
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_kebab_case_and_read_back() {
        for &code in Code::ALL {
            let word = code.name();
            assert_eq!(word.parse(), Ok(code));
            assert!(word.split('-').all(|part| !part.is_empty()), "{word}");
            assert!(
                word.bytes().all(|b| b == b'-' || b.is_ascii_lowercase()),
                "{word}"
            );
            assert!(!code.summary().ends_with('.'), "{word}");
        }
        assert!("Dead-Rule".parse::<Code>().is_err());
    }
}
