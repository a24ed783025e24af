//! The command `isograd`.
fn main() {}
