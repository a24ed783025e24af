//! Remedies, and the candidates made of them for one diagnosis.

use super::candidate::Candidate;
use super::error::HealError;
use super::remedies;
use super::subject::Subject;
use crate::describe::{Document, Patch};
use crate::diagnose::{Diagnosis, Mechanism, Severity};

/// What a remedy changes; two of one family exclude each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Family {
    /// Hidden activations.
    Activation,
    /// Initial weights.
    Init,
    /// Initial biases.
    Bias,
    /// Normalisation.
    Normalisation,
    /// Shortcuts.
    Residual,
    /// Clipping of gradients.
    Clipping,
    /// Learning rate.
    LearningRate,
}

/// One or more edits that belong together, for any description.
#[derive(Debug)]
pub(crate) struct Remedy {
    /// Its word, unique.
    pub(crate) code: &'static str,
    /// What it changes.
    pub(crate) family: Family,
    /// Codes of the findings that it answers.
    pub(crate) answers: &'static [&'static str],
    /// The mechanism that it relieves of blame.
    pub(crate) mechanism: Option<Mechanism>,
    /// What it does to a description; `None` where it does not apply or is already there.
    pub(crate) propose: fn(Subject<'_>) -> Option<Proposal>,
}

/// A remedy fitted to a description.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Proposal {
    /// In words.
    pub(crate) title: String,
    /// Settings changed: one setting to one value on any set of layers counts once.
    pub(crate) edits: usize,
    /// The change.
    pub(crate) patch: Patch,
}

/// Weight of a finding in the ranking. Only the order matters: one critical finding outweighs the
/// blame that a remedy answers (at most 1), and two warnings weigh as much as one critical finding.
fn weight(severity: Severity) -> f64 {
    match severity {
        Severity::Critical => 2.0,
        Severity::Warning => 1.0,
        Severity::Info => 0.0,
    }
}

/// How well remedies together answer a diagnosis: the weights of the findings that at least one
/// answers, and the share of the blamed dB whose mechanism at least one relieves.
fn score(remedies: &[&Remedy], diagnosis: &Diagnosis) -> f64 {
    let findings: f64 = diagnosis
        .findings
        .iter()
        .filter(|finding| remedies.iter().any(|r| r.answers.contains(&finding.code)))
        .map(|finding| weight(finding.severity))
        .sum();
    let (mut answered, mut all) = (0.0, 0.0);
    for blame in diagnosis.blame.iter().filter(|b| b.excess_db.is_finite()) {
        all += blame.excess_db.abs();
        if remedies
            .iter()
            .any(|r| r.mechanism == Some(blame.mechanism))
        {
            answered += blame.excess_db.abs();
        }
    }
    findings + if all > 0.0 { answered / all } else { 0.0 }
}

/// True when a remedy answers a finding from a warning up.
fn called_for(remedy: &Remedy, diagnosis: &Diagnosis) -> bool {
    diagnosis
        .findings
        .iter()
        .any(|f| f.severity >= Severity::Warning && remedy.answers.contains(&f.code))
}

/// Combinations of two families that are tried besides single remedies, and of three where depth
/// needs an activation, a normalisation and a shortcut at once. Clipping goes with everything that
/// can explode and rate with everything, so only what treats the cause is combined with them.
const TOGETHER: &[&[Family]] = &[
    &[Family::Activation, Family::Normalisation],
    &[Family::Activation, Family::Residual],
    &[Family::Normalisation, Family::Residual],
    &[Family::Init, Family::Bias],
    &[Family::Init, Family::Normalisation],
    &[Family::Init, Family::Clipping],
    &[Family::Init, Family::LearningRate],
    &[Family::Init, Family::Residual],
    &[Family::Activation, Family::Bias],
    &[Family::Bias, Family::Normalisation],
    &[Family::Normalisation, Family::LearningRate],
    &[Family::Activation, Family::Normalisation, Family::Residual],
];

/// Candidates for a diagnosis, best guess first: single remedies by how well they answer it, then
/// combinations; of two that come to the same description the first stays.
pub(crate) fn candidates(
    document: &Document,
    diagnosis: &Diagnosis,
) -> Result<Vec<Candidate>, HealError> {
    let single: Vec<&Remedy> = remedies::all()
        .filter(|remedy| called_for(remedy, diagnosis))
        .collect();
    let mut sets: Vec<Vec<&Remedy>> = single.iter().map(|r| vec![*r]).collect();
    for families in TOGETHER {
        sets.extend(products(&single, families));
    }
    let mut ranked = Vec::new();
    for set in sets {
        if let Some(candidate) = build(document, &set)? {
            ranked.push((set.len(), score(&set, diagnosis), candidate));
        }
    }
    ranked.sort_by(|a, b| {
        a.0.cmp(&b.0)
            .then(b.1.total_cmp(&a.1))
            .then(a.2.edits.cmp(&b.2.edits))
    });
    let mut found: Vec<Candidate> = Vec::new();
    for (_, _, candidate) in ranked {
        if found.iter().all(|c| c.description != candidate.description) {
            found.push(candidate);
        }
    }
    Ok(found)
}

/// Every choice of one remedy from each of these families.
fn products<'a>(remedies: &[&'a Remedy], families: &[Family]) -> Vec<Vec<&'a Remedy>> {
    families.iter().fold(vec![Vec::new()], |sets, family| {
        sets.iter()
            .flat_map(|set| {
                remedies
                    .iter()
                    .filter(|r| r.family == *family)
                    .map(|r| set.iter().copied().chain([*r]).collect())
            })
            .collect()
    })
}

/// The remedies applied one after another; `None` when one of them does not apply.
fn build(document: &Document, remedies: &[&Remedy]) -> Result<Option<Candidate>, HealError> {
    let mut current = document.clone();
    let mut patch = Patch::default();
    let (mut titles, mut edits) = (Vec::new(), 0);
    for remedy in remedies {
        let Some(proposal) = (remedy.propose)(Subject::new(&current)) else {
            return Ok(None);
        };
        current = current
            .with_patch(&proposal.patch)
            .map_err(|error| HealError::Patch {
                remedy: remedy.code.into(),
                message: error.to_string(),
            })?;
        titles.push(proposal.title);
        edits += proposal.edits;
        patch.0.extend(proposal.patch.0);
    }
    Ok(Some(Candidate {
        title: titles.join(" + "),
        edits,
        patch,
        description: current.description,
    }))
}
