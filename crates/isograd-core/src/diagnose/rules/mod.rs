//! The registry of findings: one file each, one line here.

mod dead_units;
mod dropout_before_batch_norm;
mod exploding_gradient;
mod learning_rate_too_high;
mod learning_rate_too_low;
mod non_finite_values;
mod normalisation_on_few_values;
mod saturated_units;
mod single_unit_softmax;
mod vanishing_gradient;
mod wrong_init_gain;
mod wrong_output_or_loss;

use super::context::Context;
use super::finding::{Finding, Severity};

/// A kind of finding.
pub struct Rule {
    /// Its word.
    pub code: &'static str,
    /// How bad it usually is; the finding itself may say otherwise.
    pub severity: Severity,
    /// Its page, in Markdown.
    pub page: &'static str,
    /// Looks for it.
    pub(super) check: fn(&Context<'_>) -> Option<Finding>,
}

/// All findings. Among equally bad ones the earlier is named first: what makes others look wrong
/// comes before them.
pub(super) const RULES: &[Rule] = &[
    non_finite_values::RULE,
    single_unit_softmax::RULE,
    wrong_output_or_loss::RULE,
    normalisation_on_few_values::RULE,
    learning_rate_too_high::RULE,
    dead_units::RULE,
    saturated_units::RULE,
    exploding_gradient::RULE,
    vanishing_gradient::RULE,
    wrong_init_gain::RULE,
    dropout_before_batch_norm::RULE,
    learning_rate_too_low::RULE,
];
