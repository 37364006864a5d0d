//! What BuildKit's file service offers of a view, and what it says of it.

mod attributes;
mod follow;
mod hostile;
mod official;
mod protocol;
mod receiver;
mod stats;
mod transfers;
