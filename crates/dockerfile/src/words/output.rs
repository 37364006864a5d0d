//! Where expanded text goes: one text, or words that white space separates.

/// Expanded text.
pub(super) enum Output {
    /// All of it.
    Text(String),
    /// Its words.
    Words(Words),
}

/// Words, the last of which is under way.
#[derive(Default)]
pub(super) struct Words {
    done: Vec<String>,
    current: String,
}

/// How a text is added.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Spaces {
    /// White space ends a word.
    Split,
    /// White space is part of the word, for it was quoted.
    Join,
}

impl Output {
    pub(super) fn text() -> Self {
        Self::Text(String::new())
    }

    pub(super) fn words() -> Self {
        Self::Words(Words::default())
    }

    /// Adds a character.
    pub(super) fn push(&mut self, character: char, spaces: Spaces) {
        match self {
            Self::Text(text) => text.push(character),
            Self::Words(words) if spaces == Spaces::Split && character.is_whitespace() => {
                words.end();
            }
            Self::Words(words) => words.current.push(character),
        }
    }

    /// Adds a text.
    pub(super) fn push_str(&mut self, text: &str, spaces: Spaces) {
        match self {
            Self::Text(all) => all.push_str(text),
            Self::Words(words) if spaces == Spaces::Join => words.current.push_str(text),
            Self::Words(_) => text
                .chars()
                .for_each(|character| self.push(character, spaces)),
        }
    }

    /// Drops the word under way. BuildKit keeps it where it also keeps the words within braces, and so loses it.
    pub(super) fn lose(&mut self) {
        if let Self::Words(words) = self {
            words.current.clear();
        }
    }

    /// The text; words are joined by nothing, which no caller wants.
    pub(super) fn into_text(self) -> String {
        match self {
            Self::Text(text) => text,
            Self::Words(words) => words.current,
        }
    }

    /// The words; a text is one.
    pub(super) fn into_words(self) -> Vec<String> {
        match self {
            Self::Text(text) => vec![text],
            Self::Words(mut words) => {
                words.end();
                words.done
            }
        }
    }
}

impl Words {
    /// Ends the word under way, unless it is empty.
    fn end(&mut self) {
        if !self.current.is_empty() {
            self.done.push(std::mem::take(&mut self.current));
        }
    }
}
