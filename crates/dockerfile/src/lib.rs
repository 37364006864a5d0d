//! Dockerfiles: text to syntax tree and back, and what a build reads of its context.
//!
//! [`Dockerfile::parse`] reads a file as BuildKit's parser does and loses nothing of it.
//!
//! Nothing here touches a file system, a clock or a network; the caller reads files.

mod error;
mod keyword;
mod syntax;

pub use error::{SyntaxError, SyntaxProblem};
pub use keyword::Keyword;
pub use syntax::{
    Arguments, Directive, Dockerfile, Flag, Heredoc, Instruction, Item, Pair, Position, Word,
};
