//! The `shipload` program.
fn main() {}
