//! Traces: what was measured, layer by layer and step by step.

mod clipping;
pub mod quantity;
mod range;
pub mod record;
pub mod run;
pub mod sites;
pub mod store;

pub use clipping::ClipLedger;
pub use quantity::Quantity;
pub use range::{RangePoint, RangeTest};
pub use record::{Network, Record, RecordKind, Role, Site, Trace, Validation};
pub use run::{Run, RunError};
pub use sites::sites;
pub use store::{Scribe, TraceError, TraceReader, TraceWriter};
