//! Theory walked over a plan: what signal and gradient should do before anything is measured.
//!
//! Forward, every node turns the moments of its input into those of its output (`signal`);
//! backward, every node multiplies the energy ‖δ‖² of the gradient (`backward`). Both are those
//! of a wide network with independent random weights: forward and backward weights are taken as
//! independent, sums over units as Gaussian. G is a norm over all units, so widths matter: through
//! a dense layer ‖Wᵀδ‖² = inputs·Var\[W\]·‖δ‖².

mod attention;
mod backward;
mod coherent;
mod norm;
mod pool;
mod recurrent;
mod signal;
mod skip;
mod slope;
mod walk;
mod weights;

pub use walk::predict;

/// What is predicted at one node's output.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct NodePrediction {
    /// Second moment E\[x²\] of an element that flows forward; `None`: the theory does not reach here.
    pub second_moment: Option<f64>,
    /// Correlation (cosine) between two different inputs here.
    pub correlation: Option<f64>,
    /// 20·log₁₀ of G at the node's input over G at its output; −∞ where no gradient passes.
    pub gain_db: Option<f64>,
    /// G here over G at the network's output.
    pub gradient: Option<f64>,
    /// Standard deviation of ln `gradient` between initialisations, which finite width causes
    /// (Hanin and Nica 2020, theorem 1.1, for any φ: see the source of `backward`); to leading order in 1/width.
    pub log_deviation: Option<f64>,
    /// Of a recurrent node: χ of its last step, by which the gradient's energy is multiplied at every
    /// step back in time.
    pub chi_of_step: Option<f64>,
}

/// What is predicted of a whole network.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Prediction {
    /// One entry a node of the plan.
    pub nodes: Vec<NodePrediction>,
    /// Least-squares slope of ln G over the outputs of the hidden layers, towards the output:
    /// positive means that the gradient shrinks on its way back.
    pub slope: Option<f64>,
    /// What the theory could not say, in words.
    pub notes: Vec<String>,
}

/// What the theory needs to know of the data.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct InputMoments {
    /// E\[x²\] of an input element.
    pub second_moment: f64,
    /// Mean cosine between two different examples.
    pub correlation: f64,
}

#[cfg(test)]
mod tests;
