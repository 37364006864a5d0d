//! The verbs, a file each: its arguments and what it does with them. The work itself is in the libraries.

pub(crate) mod build;
pub(crate) mod check;
pub(crate) mod deps;
pub(crate) mod diff;
pub(crate) mod digest;
pub(crate) mod doctor;
pub(crate) mod du;
pub(crate) mod fix;
pub(crate) mod ls;
pub(crate) mod pack;
pub(crate) mod repack;
pub(crate) mod why;
