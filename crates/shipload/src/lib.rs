//! shipload.
