//! Which release's parser a text is read for.

/// The parser whose reading is wanted. They agree on almost every Dockerfile.
///
/// | text | [`Current`](Self::Current) | [`BuildKit0_12`](Self::BuildKit0_12) |
/// |---|---|---|
/// | `RUN cat << EOF` | a heredoc | a shell form, the next lines are instructions |
/// | `RUN ["a"] b` | a shell form | the JSON array `["a"]` |
/// | `RUN echo ${V#a} <<EOF` | a heredoc | no heredoc, as the lexer does not know `#` |
/// | `# check=skip=all` | a directive | a comment, after which there are no directives |
/// | `#`, U+00A0 and `escape=x` | a directive | a comment, as only ASCII white space may stand before the name |
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Dialect {
    /// What today's BuildKit reads.
    #[default]
    Current,
    /// What `BuildKit` 0.12 and older releases read: the Docker Engine before 25.
    BuildKit0_12,
}
