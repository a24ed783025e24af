//! Loss, optimiser and budget, as the description says them.

/// The `[train]` table.
#[derive(Clone, Debug, PartialEq)]
pub struct TrainSpec {
    /// What is minimised.
    pub loss: LossSpec,
    /// How.
    pub optimizer: OptimizerSpec,
    /// Examples a step; default 128. The last batch of an epoch may be smaller.
    pub batch: usize,
    /// Passes over the training part; default 10.
    pub epochs: usize,
    /// Stops after this many steps, if the epochs have not ended before.
    pub steps: Option<usize>,
    /// Clipping of gradients, in order: value first, then norm.
    pub clip: ClipSpec,
    /// What is reported on the validation part; `None`: what fits the task (accuracy, binary
    /// accuracy, or the mean absolute error).
    pub metric: Option<Metric>,
}

/// A loss and its options; defaults are those of the usual mean over the batch.
#[derive(Clone, Debug, PartialEq)]
pub struct LossSpec {
    /// Which.
    pub kind: LossKind,
    /// What the network's output is; `None`: probabilities if its last block is a softmax or
    /// sigmoid, else logits.
    pub on: Option<OutputKind>,
    /// Probabilities go into [clip, 1 − clip] before the logarithm; 0: not at all. Default 1e-7.
    pub clip: f64,
    /// Probabilities are divided by their sum first (Keras' categorical cross-entropy). Default false.
    pub renormalise: bool,
    /// Over the batch; default mean.
    pub reduction: Reduction,
    /// Over the outputs of one example, where the loss has one value an output (binary
    /// cross-entropy, mean squared error …); default mean.
    pub over_outputs: Reduction,
    /// Over the classes of cross-entropy; default sum.
    pub over_classes: Reduction,
    /// Sums over the examples of the batch instead of the classes: computes, and is wrong.
    pub sum_over_batch: bool,
    /// Compares every prediction with every target (a broadcast): computes, and is wrong.
    pub pairwise: bool,
    /// A constant in front; default 1.
    pub factor: f64,
}

/// Which loss.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LossKind {
    /// −Σ t ln p over classes.
    CrossEntropy,
    /// −t ln p − (1 − t) ln(1 − p).
    BinaryCrossEntropy,
    /// (y − t)².
    Mse,
    /// |y − t|.
    Mae,
    /// max(0, 1 − t·y), with 0/1 targets turned into −1/1 (Keras).
    Hinge,
    /// The angle between the directions given by polar angle and azimuth, mean over the batch.
    Angle {
        /// The cosine is clipped into [−1 + ε, 1 − ε] before the arc cosine; false: not at all.
        clip_cosine: bool,
    },
}

/// What the numbers that the network puts out are to the loss.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutputKind {
    /// Before softmax or sigmoid, which is part of the loss.
    Logits,
    /// Probabilities.
    Probabilities,
}

/// Sum or mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reduction {
    /// Mean.
    Mean,
    /// Sum.
    Sum,
}

/// An optimiser and what every optimiser has.
#[derive(Clone, Debug, PartialEq)]
pub struct OptimizerSpec {
    /// Which.
    pub kind: OptimizerKind,
    /// Learning rate.
    pub lr: f64,
    /// The rate at step t (from 0) is lr / (1 + decay·t); default 0.
    pub decay: f64,
    /// +1; −1: the program adds the gradient instead of subtracting it, which computes, and is wrong.
    pub gradient_sign: f64,
}

/// Which optimiser.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum OptimizerKind {
    /// v ← momentum·v + g; w ← w − lr·v (PyTorch's form).
    Sgd {
        /// Default 0.
        momentum: f64,
        /// Looks ahead by momentum; default false.
        nesterov: bool,
        /// L2 decay added to the gradient; default 0.
        weight_decay: f64,
    },
    /// Adam (Kingma and Ba 2015).
    Adam {
        /// Default 0.9.
        beta1: f64,
        /// Default 0.999.
        beta2: f64,
        /// Default 1e-8.
        epsilon: f64,
    },
    /// Adam with decoupled decay (Loshchilov and Hutter 2019).
    AdamW {
        /// Default 0.9.
        beta1: f64,
        /// Default 0.999.
        beta2: f64,
        /// Default 1e-8.
        epsilon: f64,
        /// w ← w − lr·weight_decay·w, on matrices and kernels only; default 0.01.
        weight_decay: f64,
    },
    /// RMSprop (Hinton 2012).
    RmsProp {
        /// Default 0.9.
        rho: f64,
        /// Inside the root's sum, as Keras: g/(√v + ε); default 1e-7.
        epsilon: f64,
    },
    /// Adagrad (Duchi et al. 2011).
    Adagrad {
        /// Default 0.1 (Keras).
        initial_accumulator: f64,
        /// Default 1e-7.
        epsilon: f64,
    },
    /// Adadelta (Zeiler 2012).
    Adadelta {
        /// Default 0.95.
        rho: f64,
        /// Default 1e-7.
        epsilon: f64,
    },
}

/// Clipping of gradients.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ClipSpec {
    /// Every element into [−value, value].
    pub value: Option<f64>,
    /// Scaled down when the norm over all parameters together exceeds this.
    pub global_norm: Option<f64>,
}

/// A number that says how good the predictions are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Metric {
    /// Share of examples whose largest output is the right class.
    Accuracy,
    /// Share of outputs on the right side of ½ (0 on logits).
    BinaryAccuracy,
    /// Mean absolute error, in the targets' unit.
    Mae,
    /// Mean squared error, in the targets' unit.
    Mse,
    /// 1 − residual variance ÷ variance.
    R2,
}

impl Metric {
    /// True where larger is better.
    pub fn larger_is_better(self) -> bool {
        matches!(self, Self::Accuracy | Self::BinaryAccuracy | Self::R2)
    }

    /// The word of the description and of the JSON output.
    pub fn word(self) -> &'static str {
        match self {
            Self::Accuracy => "accuracy",
            Self::BinaryAccuracy => "binary_accuracy",
            Self::Mae => "mae",
            Self::Mse => "mse",
            Self::R2 => "r2",
        }
    }
}
