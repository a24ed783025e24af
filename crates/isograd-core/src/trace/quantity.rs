//! The numbers that are measured at one place of the network at one step.

/// A number about one site (see [`super::Site`]) at one step. Units and definitions are those of
/// the field; norms and moments are accumulated in `f64`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Quantity {
    /// Mean over batch and elements of what flows forward here.
    ForwardMean,
    /// √(mean of squares) over batch and elements.
    ForwardRms,
    /// Largest absolute value.
    ForwardMaxAbs,
    /// Elements that are NaN or infinite, forward.
    ForwardNonFinite,
    /// Gradient norm G = √(mean over examples of ‖∂Lᵢ/∂x‖²), Lᵢ the loss of example i.
    Gradient,
    /// Root mean square of ∂Lᵢ/∂x over batch and elements.
    GradientRms,
    /// Largest absolute value of ∂Lᵢ/∂x.
    GradientMaxAbs,
    /// Elements that are NaN or infinite, backward.
    GradientNonFinite,
    /// ‖W‖ (Frobenius) of the weight matrix or kernel.
    WeightNorm,
    /// ‖W‖ at initialisation.
    WeightInitNorm,
    /// ‖∂L/∂W‖, L the loss as it is reduced in the description.
    WeightGradient,
    /// ‖ΔW‖ / max(‖W‖, ‖W‖ at initialisation) of the step really taken, decoupled decay apart.
    UpdateRatio,
    /// ‖b‖ of the bias.
    BiasNorm,
    /// ‖∂L/∂b‖ of the bias.
    BiasGradient,
    /// Share of units with φ′ = 0 on every example seen; activations only. Of a training step the last
    /// 2,048 to 4,096 examples that were looked at; absent before there were as many.
    DeadUnits,
    /// Share of units with a small E[φ′²] relative to the largest slope φ can have; saturating
    /// activations only.
    SaturatedUnits,
    /// Mean over units and examples of φ′(h)²; activations only. This and the share of saturated units are
    /// of the same examples as the dead ones, or of fewer at the beginning.
    SlopeSquare,
    /// Mean cosine between the activations of different examples; of a training step, of eight examples
    /// (four where they are large) and of some of the steps or positions they have.
    Correlation,
    /// Signal-to-noise ratio of ∂L/∂W over about the last 19 measured steps, ‖E g‖² / E ‖g − E g‖², from 64
    /// of its numbers.
    GradientSnr,
    /// Examples on which the row was measured.
    Examples,
}

impl Quantity {
    /// Every quantity, in the order of the columns on disk.
    pub const ALL: [Self; 20] = [
        Self::ForwardMean,
        Self::ForwardRms,
        Self::ForwardMaxAbs,
        Self::ForwardNonFinite,
        Self::Gradient,
        Self::GradientRms,
        Self::GradientMaxAbs,
        Self::GradientNonFinite,
        Self::WeightNorm,
        Self::WeightInitNorm,
        Self::WeightGradient,
        Self::UpdateRatio,
        Self::BiasNorm,
        Self::BiasGradient,
        Self::DeadUnits,
        Self::SaturatedUnits,
        Self::SlopeSquare,
        Self::Correlation,
        Self::GradientSnr,
        Self::Examples,
    ];

    /// Name of the column on disk and in JSON.
    pub fn column(self) -> &'static str {
        match self {
            Self::ForwardMean => "forward_mean",
            Self::ForwardRms => "forward_rms",
            Self::ForwardMaxAbs => "forward_max_abs",
            Self::ForwardNonFinite => "forward_non_finite",
            Self::Gradient => "gradient",
            Self::GradientRms => "gradient_rms",
            Self::GradientMaxAbs => "gradient_max_abs",
            Self::GradientNonFinite => "gradient_non_finite",
            Self::WeightNorm => "weight_norm",
            Self::WeightInitNorm => "weight_init_norm",
            Self::WeightGradient => "weight_gradient",
            Self::UpdateRatio => "update_ratio",
            Self::BiasNorm => "bias_norm",
            Self::BiasGradient => "bias_gradient",
            Self::DeadUnits => "dead_units",
            Self::SaturatedUnits => "saturated_units",
            Self::SlopeSquare => "slope_square",
            Self::Correlation => "correlation",
            Self::GradientSnr => "gradient_snr",
            Self::Examples => "examples",
        }
    }

    /// Position in [`Quantity::ALL`].
    pub fn index(self) -> usize {
        self as usize
    }
}

/// The measured numbers of one site at one step; what was not measured is absent.
#[derive(Clone, Copy, Debug, Default)]
pub struct Row {
    /// One bit a quantity: whether it was measured.
    measured: u32,
    values: [f64; Quantity::ALL.len()],
}

const _: () = assert!(Quantity::ALL.len() <= 32, "a bit for each");

impl PartialEq for Row {
    fn eq(&self, other: &Self) -> bool {
        let all = Quantity::ALL.iter();
        self.measured == other.measured && all.clone().all(|&q| self.get(q) == other.get(q))
    }
}

impl Row {
    /// What was measured.
    pub fn get(&self, quantity: Quantity) -> Option<f64> {
        let at = quantity.index();
        (self.measured >> at & 1 == 1).then(|| self.values[at])
    }

    /// Puts a number in.
    pub fn set(&mut self, quantity: Quantity, value: f64) {
        let at = quantity.index();
        self.measured |= 1 << at;
        self.values[at] = value;
    }

    /// The same row with a number more, for rows written by hand.
    #[must_use]
    pub fn with(mut self, quantity: Quantity, value: f64) -> Self {
        self.set(quantity, value);
        self
    }
}
