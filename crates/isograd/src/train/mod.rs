//! Training: losses and metrics.

pub mod loss;
pub mod metric;
