//! Theory walked over a plan: what signal and gradient should do before anything is measured.

/// What is predicted at one node's output.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct NodePrediction {
    /// Second moment E[x²] of an element that flows forward; `None`: the theory does not reach here.
    pub second_moment: Option<f64>,
    /// Correlation (cosine) between two different inputs here.
    pub correlation: Option<f64>,
    /// 20·log₁₀ of G at the node's input over G at its output.
    pub gain_db: Option<f64>,
    /// G here over G at the network's output.
    pub gradient: Option<f64>,
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
    /// E[x²] of an input element.
    pub second_moment: f64,
    /// Mean cosine between two different examples.
    pub correlation: f64,
}
