//! The builder.

mod errors;
mod hostile;
mod rows;
