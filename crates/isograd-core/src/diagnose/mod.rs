//! Findings: pathologies named, with their evidence, cause and advice.
//!
//! A finding reads a trace, a prediction and a description, never a live tensor.

mod advice;
mod blame;
mod context;
mod course;
mod depth;
mod evidence;
pub mod finding;
mod limits;
mod output;
mod profile;
mod rules;
mod slopes;
#[cfg(test)]
mod tests;

pub use finding::{Advice, Blame, Diagnosis, Finding, Mechanism, MechanismBlame, Severity, Split};
pub use profile::{GradientProfile, gradient_profile};
pub use rules::Rule;

use crate::describe::{Description, Plan};
use crate::predict::Prediction;
use crate::trace::Trace;
use blame::Account;
use context::Context;

/// All that a rule may read.
#[derive(Clone, Copy, Debug)]
pub struct Examination<'a> {
    /// What was asked for.
    pub description: &'a Description,
    /// The network written out.
    pub plan: &'a Plan,
    /// What theory says.
    pub prediction: &'a Prediction,
    /// What was measured.
    pub trace: &'a Trace,
}

/// Looks for everything that can be found, and says what each node does to the gradient.
///
/// Whatever a trace does not hold is not judged: with an empty one only what the description alone
/// shows to be wrong is found.
pub fn diagnose(examination: &Examination<'_>) -> Diagnosis {
    let ctx = Context::new(examination);
    let mut findings: Vec<Finding> = rules::RULES
        .iter()
        .filter_map(|rule| (rule.check)(&ctx))
        .collect();
    // Stable: among equally bad ones the order of the registry stays.
    findings.sort_by_key(|f| std::cmp::Reverse(f.severity));
    let account = ctx
        .initial()
        .map(|r| Account::new(&ctx, r))
        .unwrap_or_default();
    Diagnosis {
        findings,
        blame: account.ranked(),
        mechanisms: account.by_mechanism(),
        profile_db: account.total_db,
    }
}

/// Every kind of finding there is, with its page.
pub fn pages() -> &'static [Rule] {
    rules::RULES
}

/// The page of a finding in Markdown; `None` for a word that is none.
pub fn page(code: &str) -> Option<&'static str> {
    rules::RULES.iter().find(|r| r.code == code).map(|r| r.page)
}
