//! Reports as JSON: a contract, whose schema is `docs/output.schema.json`.
//!
//! Every command prints one object with `schema_version` and `command`. A field that is not there
//! for this run is null. Numbers that are not finite are the strings `"NaN"`, `"inf"` and `"-inf"`.

mod compare;
mod doctor;
mod eval;
mod heal;
mod part;
mod predict;
mod range_test;
mod train;

#[cfg(test)]
mod tests;

pub use compare::compare;
pub use doctor::doctor;
pub use eval::eval;
pub use heal::heal;
pub use predict::predict;
pub use range_test::range_test;
pub use train::train;

/// Version of the contract; a change that a reader could stumble over raises it.
pub const SCHEMA_VERSION: u32 = 1;
