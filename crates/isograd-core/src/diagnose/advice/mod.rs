//! What to do about a finding, given what the description already has.

mod edits;
mod network;
mod normalisation;
mod output;
mod training;

pub(super) use network::{for_dead, for_exploding, for_gain, for_saturated, for_vanishing};
pub(super) use normalisation::{for_dropout, for_few_values};
pub(super) use output::{for_output, for_single_unit};
pub(super) use training::{for_non_finite, for_rate_too_high, for_rate_too_low};
