//! Traces: what was measured, layer by layer and step by step.

pub mod quantity;
pub mod record;

pub use quantity::Quantity;
pub use record::{Network, Record, RecordKind, Role, Site, Trace, Validation};
