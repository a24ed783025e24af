//! The clip ledger: how often and how much gradients were clipped.

/// What clipping did over a training.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ClipLedger {
    /// Steps taken with a finite gradient.
    pub steps: u64,
    /// Steps in which something was clipped.
    pub clipped: u64,
    /// Sum of the gradient's norm over all parameters before clipping, over these steps.
    before: f64,
    /// The same after clipping.
    after: f64,
    /// Each tensor that is clipped by itself, and in how many steps it was; empty where only the
    /// global norm is limited.
    pub tensors: Vec<(String, u64)>,
}

impl ClipLedger {
    /// Enters one step: norms before and after, and whether something was clipped. A norm that is
    /// not finite is left out.
    pub fn enter(&mut self, norm_before: f64, norm_after: f64, clipped: bool) {
        if norm_before.is_finite() && norm_after.is_finite() {
            self.steps += 1;
            self.clipped += u64::from(clipped);
            self.before += norm_before;
            self.after += norm_after;
        }
    }

    /// Enters which tensors were clipped in a step. The order of the tensors is that of the first
    /// call.
    pub fn enter_tensors<'a>(&mut self, tensors: impl IntoIterator<Item = (&'a str, bool)>) {
        for (place, (path, clipped)) in tensors.into_iter().enumerate() {
            if self.tensors.len() == place {
                self.tensors.push((path.to_owned(), 0));
            }
            self.tensors[place].1 += u64::from(clipped);
        }
    }

    /// Share of the steps in which something was clipped.
    pub fn share(&self) -> f64 {
        self.clipped as f64 / self.steps.max(1) as f64
    }

    /// Mean norm over all parameters before clipping.
    pub fn norm_before(&self) -> f64 {
        self.before / self.steps.max(1) as f64
    }

    /// Mean norm over all parameters after clipping.
    pub fn norm_after(&self) -> f64 {
        self.after / self.steps.max(1) as f64
    }

    /// The tensor that was clipped most often, and in what share of the steps.
    pub fn most(&self) -> Option<(&str, f64)> {
        let most = self.tensors.iter().rev().max_by_key(|(_, n)| *n)?;
        Some((&most.0, most.1 as f64 / self.steps.max(1) as f64))
    }
}
