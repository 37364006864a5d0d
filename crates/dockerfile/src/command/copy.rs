//! `COPY` and `ADD`.

use std::collections::HashMap;

use crate::command::Failure;
use crate::command::flag_set::FlagSet;
use crate::error::SyntaxProblem;
use crate::heredoc;
use crate::syntax::{Heredoc, Instruction, Word};

/// What `COPY` or `ADD` copies, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Copy {
    /// What is copied.
    pub sources: Vec<Source>,
    /// Where to.
    pub destination: Word,
    /// `--from`: a stage, an image or another context. Without it sources are of the build context.
    pub from: Option<Word>,
    /// `--chown`.
    pub chown: Option<Word>,
    /// `--chmod`.
    pub chmod: Option<Word>,
    /// `--link`.
    pub link: bool,
    /// `--parents`: sources keep the directories they stand in.
    pub parents: bool,
    /// `--exclude`: patterns of what is left out, relative to each source.
    pub exclude: Vec<Word>,
    /// `--checksum` of a URL.
    pub checksum: Option<Word>,
    /// `--keep-git-dir`.
    pub keep_git_dir: bool,
    /// `--unpack`, if given.
    pub unpack: Option<bool>,
}

/// A source of `COPY` or `ADD`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// A path, a pattern or, for `ADD`, a URL.
    Path(Word),
    /// Text in the Dockerfile.
    Heredoc(Heredoc),
}

pub(super) fn read(instruction: &Instruction, flags: &mut FlagSet) -> Result<Copy, Failure> {
    let Some((destination, sources)) = instruction.words().split_last() else {
        return Err(instruction.wants("a source and a destination"));
    };
    if sources.is_empty() {
        return Err(instruction.wants("a source and a destination"));
    }
    if heredoc::of_word(&destination.text).is_some() {
        return Err((destination.position, SyntaxProblem::HeredocDestination));
    }
    // Of two with one name the later wins.
    let heredocs = instruction.heredocs.iter();
    let heredocs = heredocs.map(|heredoc| (heredoc.name.as_str(), heredoc));
    let heredocs: HashMap<_, _> = heredocs.collect();
    let sources = sources.iter().map(|word| source(word, &heredocs));
    Ok(Copy {
        sources: sources.collect(),
        destination: destination.clone(),
        from: flags.text("from"),
        chown: flags.text("chown"),
        chmod: flags.text("chmod"),
        link: flags.switch("link").unwrap_or(false),
        parents: flags.switch("parents").unwrap_or(false),
        exclude: flags.list("exclude"),
        checksum: flags.text("checksum"),
        keep_git_dir: flags.switch("keep-git-dir").unwrap_or(false),
        unpack: flags.switch("unpack"),
    })
}

/// A source word. As in BuildKit a word like `<<EOF` is a heredoc even in JSON, where nothing can announce its content.
fn source(word: &Word, heredocs: &HashMap<&str, &Heredoc>) -> Source {
    let Some(named) = heredoc::of_word(&word.text) else {
        return Source::Path(word.clone());
    };
    let content = heredocs.get(named.name.as_str());
    let content = content.map(|heredoc| heredoc.content.clone());
    Source::Heredoc(Heredoc {
        content: content.unwrap_or_default(),
        ..named
    })
}
