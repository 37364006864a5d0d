//! The builder.

mod errors;
mod hostile;
mod quoting;
mod rows;
