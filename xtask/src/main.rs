//! One command for every gate.
fn main() {}
