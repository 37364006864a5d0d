//! Dockerfiles: text to syntax tree and back, and what a build reads of its context.
//!
//! [`Dockerfile::parse`] reads a file as BuildKit's parser does and loses nothing of it. [`DockerfileBuilder`] writes one.
//!
//! Nothing here touches a file system, a clock or a network; the caller reads files.

mod arguments;
pub mod builder;
mod command;
mod dialect;
mod directive;
mod error;
mod flags;
mod glob;
mod heredoc;
mod json;
mod keyword;
mod lines;
mod parse;
mod quote;
mod reads;
mod request;
mod scope;
mod stages;
mod steps;
mod syntax;
mod value;
mod words;

pub use builder::{BuilderError, DockerfileBuilder};
pub use command::{Argument, Command, CommandLine, Copy, From, Healthcheck, Mount, Run, Source};
pub use dialect::Dialect;
pub use error::{SyntaxError, SyntaxProblem};
pub use glob::{BadGlob, Glob};
pub use keyword::Keyword;
pub use quote::{EncodeProblem, Escape};
pub use reads::{ContextSource, ImageUse, Reader, Reads, ReadsError, Reason, Whole};
pub use request::{BaseImage, Builder, OtherImages, Request};
pub use stages::{Stage, Stages, Step};
pub use steps::{CacheStep, StepKey, Unsure};
pub use syntax::{
    Arguments, Directive, Dockerfile, Flag, Heredoc, Instruction, Item, Pair, Position, Word,
};
pub use value::Value;
pub use words::{Escapes, Expanded, Lexer, Quotes, Unset, WordError, WordProblem};
