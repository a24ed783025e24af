//! Healing: remedies tried in paired trials, accepted on proof, else rolled back.

mod candidate;
pub mod error;
pub mod healing;
mod ledger;
pub mod observer;
pub mod options;
mod paired;
mod prove;
mod remedies;
mod remedy;
mod schedule;
mod search;
mod subject;
pub mod trainer;
mod utility;
mod verdict;

#[cfg(test)]
mod fake;
#[cfg(test)]
mod tests;

pub use error::HealError;
pub use healing::{Healing, HealingOutcome, MetricChange, TrialRecord};
pub use observer::{HealObserver, Stage};
pub use options::HealOptions;
pub use paired::CONFIDENCE;
pub use trainer::{Evaluate, Outcome, Trainer, TrainerError, Trial};
pub use utility::{POINT, utility};

use crate::describe::{Document, Plan, describe_patch, diff};
use crate::diagnose::{Diagnosis, Severity};
use candidate::Candidate;

/// Codes of findings that no edit of network or training answers: their cause is the data alone.
const DATA_CODES: &[&str] = &["labels-without-signal"];

/// Heals a description: tries remedies that answer the diagnosis in short paired trials, proves the
/// smallest of the best ones on validation rows and seeds that the search never saw, and applies it;
/// otherwise gives the description back as it was.
///
/// Depth, width, data, labels, metric and files are never changed. A diagnosis without a finding from
/// a warning up changes nothing and trains nothing. All trials together cost at most
/// [`HealOptions::budget_trainings`] full trainings.
///
/// # Errors
///
/// [`HealError`] when an option is out of range, a trial cannot be run, or the observer stops it; a
/// remedy that does not help is not an error but [`HealingOutcome::NotHealed`].
pub fn heal(
    document: &Document,
    plan: &Plan,
    diagnosis: &Diagnosis,
    trainer: &mut dyn Trainer,
    options: &HealOptions,
    observer: &mut dyn HealObserver,
) -> Result<Healing, HealError> {
    options.check()?;
    let unchanged = |outcome, reason: &str| Healing {
        outcome,
        reason: reason.to_owned(),
        trials: Vec::new(),
        accepted: None,
        remedy: None,
        edits: 0,
        metric: None,
        description: document.text.clone(),
        diff: String::new(),
        changes: Vec::new(),
        cost: 0.0,
    };
    if diagnosis.healthy() {
        let reason = "nothing from a warning up was found";
        return Ok(unchanged(HealingOutcome::Healthy, reason));
    }
    if diagnosis
        .findings
        .iter()
        .filter(|f| f.severity >= Severity::Warning)
        .all(|f| DATA_CODES.contains(&f.code))
    {
        let reason =
            "what was found lies in the data, where no edit of network or training reaches";
        return Ok(unchanged(HealingOutcome::NotHealableData, reason));
    }
    let candidates = remedy::candidates(document, diagnosis)?;
    if candidates.is_empty() {
        let reason = "no remedy answers what was found";
        return Ok(unchanged(HealingOutcome::NotHealed, reason));
    }
    let control = Candidate::control(&document.description);
    let proof = prove::prove(
        &control,
        &candidates,
        plan.output.elements(),
        trainer,
        options,
        observer,
    )?;
    let mut healing = unchanged(HealingOutcome::NotHealed, &proof.reason);
    healing.trials = proof.trials;
    healing.metric = proof.metric;
    healing.cost = proof.cost;
    if let Some(accepted) = proof.accepted {
        apply(&mut healing, document, &candidates[accepted])?;
    }
    Ok(healing)
}

/// Writes the accepted candidate down.
fn apply(
    healing: &mut Healing,
    document: &Document,
    accepted: &Candidate,
) -> Result<(), HealError> {
    let healed = document
        .with_patch(&accepted.patch)
        .map_err(|error| HealError::Patch {
            remedy: accepted.title.clone(),
            message: error.to_string(),
        })?;
    healing.outcome = HealingOutcome::Healed;
    healing.diff = diff(document, &healed);
    healing.changes = describe_patch(document, &accepted.patch);
    healing.description = healed.text;
    healing.accepted = Some(accepted.patch.clone());
    healing.remedy = Some(accepted.title.clone());
    healing.edits = accepted.edits;
    Ok(())
}
