//! How parameters get their first values, as the description says it.

/// How parameters get their first values. Variances are in units of the fan that the name says;
/// uniform limits are √(3·variance).
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Init {
    /// Variance 2/(fan_in + fan_out) (Glorot and Bengio 2010), uniform.
    GlorotUniform {
        /// Factor on the standard deviation; default 1.
        gain: f64,
    },
    /// The same, normal, truncated at two standard deviations when `truncated`.
    GlorotNormal {
        /// Factor on the standard deviation; default 1.
        gain: f64,
        /// Truncated at two standard deviations and rescaled to the same variance (Keras); default false.
        truncated: bool,
    },
    /// Variance 2/fan_in (He et al. 2015), uniform.
    HeUniform {
        /// Factor on the standard deviation; default 1.
        gain: f64,
    },
    /// The same, normal.
    HeNormal {
        /// Factor on the standard deviation; default 1.
        gain: f64,
        /// Truncated at two standard deviations and rescaled to the same variance (Keras); default false.
        truncated: bool,
    },
    /// Variance 1/fan_in (LeCun 1998), uniform.
    LecunUniform {
        /// Factor on the standard deviation; default 1.
        gain: f64,
    },
    /// The same, normal.
    LecunNormal {
        /// Factor on the standard deviation; default 1.
        gain: f64,
        /// Truncated at two standard deviations and rescaled to the same variance (Keras); default false.
        truncated: bool,
    },
    /// U(−1/√fan_in, 1/√fan_in), variance 1/(3 fan_in): what PyTorch does to linear and
    /// convolutional weights and biases.
    TorchDefault,
    /// U(min, max).
    Uniform {
        /// Lower limit; default −0.05.
        min: f64,
        /// Upper limit; default 0.05.
        max: f64,
    },
    /// N(mean, std²).
    Normal {
        /// Mean; default 0.
        mean: f64,
        /// Standard deviation; default 0.05.
        std: f64,
    },
    /// N(mean, std²), values beyond two standard deviations drawn again.
    TruncatedNormal {
        /// Mean; default 0.
        mean: f64,
        /// Standard deviation before truncation; default 0.05.
        std: f64,
    },
    /// All the same.
    Constant {
        /// The value.
        value: f64,
    },
    /// Columns (or rows, whichever are fewer) of a matrix uniformly distributed over all with
    /// orthonormal ones (Saxe et al. 2013). A kernel is a matrix of filters × (inputs·positions).
    Orthogonal {
        /// Factor; default 1.
        gain: f64,
    },
    /// A kernel that is zero but for its centre, which is orthogonal (Xiao et al. 2018); orthogonal
    /// where there is no kernel.
    DeltaOrthogonal {
        /// Factor; default 1.
        gain: f64,
    },
    /// The identity, as far as the matrix reaches; of a kernel, at its centre (Le et al. 2015).
    Identity {
        /// Factor; default 1.
        gain: f64,
    },
    /// The edge of chaos of the activation that follows: a plan says what it is for each layer.
    Critical {
        /// Factor on the standard deviation of the weights; default 1.
        gain: f64,
        /// Where on the critical line.
        at: CriticalAt,
        /// What the weights are drawn from.
        weights: CriticalWeights,
    },
    /// Orthogonal, and before the first step each layer's weights are divided by the standard
    /// deviation of its output on one batch, layer by layer (Mishkin and Matas 2015).
    Lsuv {
        /// Largest |variance − 1| that is left; default 0.1.
        tolerance: f64,
        /// Most divisions a layer; default 10.
        iterations: usize,
    },
}

/// A point on the critical line of an activation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum CriticalAt {
    /// Without a bias where the activation is homogeneous or saturates, else at variance 1.
    Usual,
    /// Where this variance of the pre-activation stays.
    Variance(f64),
    /// Where the biases have this variance.
    BiasVariance(f64),
}

/// Distribution of critical weights.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CriticalWeights {
    /// Independent and normal.
    Normal,
    /// Orthogonal, scaled so that a layer that widens keeps the variance.
    Orthogonal,
    /// Delta-orthogonal kernels, scaled likewise; orthogonal where there is no kernel.
    DeltaOrthogonal,
}

impl Init {
    /// All zeros.
    pub const ZEROS: Self = Self::Constant { value: 0.0 };
    /// All ones.
    pub const ONES: Self = Self::Constant { value: 1.0 };

    /// A rule for matrices, which a bias is not.
    pub(crate) fn of_matrices(self) -> bool {
        matches!(
            self,
            Self::Orthogonal { .. }
                | Self::DeltaOrthogonal { .. }
                | Self::Identity { .. }
                | Self::Critical { .. }
                | Self::Lsuv { .. }
        )
    }
}
