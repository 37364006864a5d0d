//! What BuildKit's file service offers of a view, and what it says of it.

mod follow;
mod protocol;
mod receiver;
mod stats;
mod transfers;
