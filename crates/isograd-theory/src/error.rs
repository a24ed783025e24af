//! What a search can fail with.

/// Why theory has no answer.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum TheoryError {
    /// The interval of a search is empty, or reaches 0 or infinity.
    #[error("the search needs 0 < lowest < highest < ∞, and has {lowest} and {highest}")]
    Search {
        /// Its lower end.
        lowest: f64,
        /// Its upper end.
        highest: f64,
    },
    /// No pair of weight and bias variance is critical here.
    #[error(
        "{activation} has no critical initialisation at q = {q}: its bias variance would be \
         {bias_variance}"
    )]
    NoCriticalPoint {
        /// Name of φ.
        activation: &'static str,
        /// The fixed point asked for.
        q: f64,
        /// What σ_b² would have to be; negative or not a number.
        bias_variance: f64,
    },
    /// No q in the interval has this bias variance on its critical line.
    #[error(
        "{activation} has no critical initialisation with bias variance {bias_variance} for q from \
         {lowest} to {highest}"
    )]
    NoCriticalWeight {
        /// Name of φ.
        activation: &'static str,
        /// The σ_b² asked for.
        bias_variance: f64,
        /// Smallest q tried.
        lowest: f64,
        /// Largest q tried.
        highest: f64,
    },
}
