//! What stands between the weights that are trained and those that a layer computes with.

/// How a dense or convolutional layer makes its weights w out of its parameters v (and a gain g for
/// each unit, where it has one). Sums run over the inputs of a unit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WeightForm {
    /// w = v.
    #[default]
    Plain,
    /// w = g·v/‖v‖ (Salimans and Kingma 2016). g starts as ‖v‖: nothing changes at first.
    Normalised,
    /// w = (v − mean)/√(variance + 10⁻¹⁰) (Qiao et al. 2019).
    Standardised,
    /// w = g·(v − mean)/√max(variance·inputs, 10⁻⁴) (Brock et al. 2021, NFNets). g starts as 1.
    Scaled,
}

impl WeightForm {
    /// It has a gain for each unit.
    pub fn has_gain(self) -> bool {
        matches!(self, Self::Normalised | Self::Scaled)
    }

    /// The weights of a unit have mean 0 and a variance of their own, whatever v was drawn from.
    pub fn standardises(self) -> bool {
        matches!(self, Self::Standardised | Self::Scaled)
    }
}
