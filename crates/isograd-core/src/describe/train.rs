//! Loss, optimiser and budget, as the description says them.

pub use super::schedule::{Per, ScheduleKind, ScheduleSpec};

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
    /// Clipping of gradients, in order: by value, each tensor's norm, adaptive, the global norm.
    pub clip: ClipSpec,
    /// The learning rate over time; default constant.
    pub schedule: ScheduleSpec,
    /// Batches whose gradients make one step, as one batch so many times as large; default 1.
    pub accumulate: usize,
    /// Where the forward pass is cut so that only what flows between the pieces is kept; default
    /// not at all.
    pub checkpoint: Checkpoint,
    /// L1 penalty λ·Σ|w| on every weight matrix and kernel, beside a block's own; default 0.
    pub l1: f64,
    /// L2 penalty λ·Σw² on every weight matrix and kernel, beside a block's own; default 0.
    pub l2: f64,
    /// Which examples are drawn from at each step; `None`: all, in the order of the epoch.
    pub curriculum: Option<super::curriculum::CurriculumSpec>,
    /// What is reported on the validation part; `None`: what fits the task (accuracy, binary
    /// accuracy, or the mean absolute error).
    pub metric: Option<Metric>,
}

/// Gradient checkpointing (Chen et al. 2016, "Training deep nets with sublinear memory cost"): in how
/// many pieces a network is trained. Each is computed a second time in front of its backward pass.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Checkpoint {
    /// One: everything is kept.
    #[default]
    Off,
    /// ⌈√layers⌉.
    Root,
    /// So many, or as many as there are places to cut.
    Pieces(usize),
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
    /// Share of the target that is spread evenly: t ← (1 − s)·t + s/K over the K classes of
    /// cross-entropy (Szegedy et al. 2016, section 7), (1 − s)·t + s/2 for binary cross-entropy;
    /// default 0.
    pub label_smoothing: f64,
    /// Weights of the classes of cross-entropy; default all 1.
    pub class_weights: ClassWeights,
    /// Weight of the positive targets of binary cross-entropy; default 1.
    pub pos_weight: f64,
}

impl LossSpec {
    /// A loss with the defaults of a description.
    pub fn new(kind: LossKind) -> Self {
        Self {
            kind,
            on: None,
            clip: 1e-7,
            renormalise: false,
            reduction: Reduction::Mean,
            over_outputs: Reduction::Mean,
            over_classes: Reduction::Sum,
            sum_over_batch: false,
            pairwise: false,
            factor: 1.0,
            label_smoothing: 0.0,
            class_weights: ClassWeights::Equal,
            pos_weight: 1.0,
        }
    }
}

/// What each class counts in cross-entropy. The mean over the batch divides by the number of
/// examples (Keras), not by the sum of their weights (PyTorch).
#[derive(Clone, Debug, PartialEq)]
pub enum ClassWeights {
    /// All the same.
    Equal,
    /// n/(K·n_c) of the training part: every class has the same weight in sum. A class that does
    /// not occur has weight 1.
    Balanced,
    /// One number a class.
    Given(Vec<f64>),
}

/// Which loss.
#[derive(Clone, Copy, Debug, PartialEq)]
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
    /// The square of the hinge.
    SquaredHinge,
    /// e²/2 where |e| ≤ δ, else δ·|e| − δ²/2, e = y − t (Huber 1964).
    Huber {
        /// Where the square turns into a line; default 1.
        delta: f64,
    },
    /// (ln(1 + y) − ln(1 + t))², y and t not below `clip` (Keras).
    Msle,
    /// Σ t ln(t/p) over classes, t and p in [`clip`, 1] (Keras).
    Kld,
    /// Negative log-likelihood of Poisson counts without the term of the target alone.
    Poisson {
        /// The output is the logarithm of the rate: e^y − t·y; else y − t·ln(y + `clip`) (Keras),
        /// the default.
        log_rate: bool,
    },
    /// The angle between the directions given by polar angle and azimuth, mean over the batch.
    Angle {
        /// The cosine is clipped into [−1 + ε, 1 − ε] before the arc cosine; false: not at all.
        clip_cosine: bool,
    },
}

impl LossKind {
    /// The word of the description.
    pub fn word(self) -> &'static str {
        match self {
            Self::CrossEntropy => "cross_entropy",
            Self::BinaryCrossEntropy => "binary_cross_entropy",
            Self::Mse => "mse",
            Self::Mae => "mae",
            Self::Hinge => "hinge",
            Self::SquaredHinge => "squared_hinge",
            Self::Huber { .. } => "huber",
            Self::Msle => "msle",
            Self::Kld => "kld",
            Self::Poisson { .. } => "poisson",
            Self::Angle { .. } => "angle",
        }
    }
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
    /// λ of the weight decay; default 0 (0.01 for AdamW and LAMB, 0.02 for Adan).
    pub weight_decay: f64,
    /// Decoupled decay w ← w − lr·λ·w of matrices and kernels (Loshchilov and Hutter 2019); else λ·w
    /// is added to the gradient of every parameter. LAMB has it inside its trust ratio.
    pub decoupled: bool,
}

impl OptimizerSpec {
    /// An optimiser with this rate, without decay of any kind.
    pub fn new(kind: OptimizerKind, lr: f64) -> Self {
        Self {
            kind,
            lr,
            decay: 0.0,
            gradient_sign: 1.0,
            weight_decay: 0.0,
            decoupled: false,
        }
    }
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
    },
    /// w ← w − lr·sign(m), m ← momentum·m + (1 − momentum)·g (Bernstein et al. 2018, signSGD and
    /// Signum).
    Sign {
        /// Default 0.
        momentum: f64,
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
    },
    /// Adam with Nesterov momentum (Dozat 2016).
    NAdam {
        /// Default 0.9.
        beta1: f64,
        /// Default 0.999.
        beta2: f64,
        /// Default 1e-8.
        epsilon: f64,
        /// ψ of β1·(1 − 0.96^(tψ)/2); default 4e-3.
        momentum_decay: f64,
    },
    /// The sign of a mix of momentum and gradient (Chen et al. 2023, algorithm 2).
    Lion {
        /// Share of the momentum in the step; default 0.9.
        beta1: f64,
        /// Memory of the momentum; default 0.99.
        beta2: f64,
    },
    /// Adam's direction, decay included, rescaled to the norm of the weights (You et al. 2020,
    /// algorithm 2); vectors have neither decay nor rescaling, as in the authors' program.
    Lamb {
        /// Default 0.9.
        beta1: f64,
        /// Default 0.999.
        beta2: f64,
        /// Default 1e-6.
        epsilon: f64,
    },
    /// The momentum of hidden matrices made orthogonal by Newton–Schulz iteration (Jordan et al.
    /// 2024); `AdamW` for vectors and for the first and the last matrix. Kernels are taken as
    /// filters × the rest.
    Muon {
        /// Default 0.95.
        momentum: f64,
        /// Default true.
        nesterov: bool,
        /// Iterations; default 5.
        ns_steps: usize,
        /// How the step is scaled to the shape of the matrix; default by the shape.
        scale: MuonScale,
        /// Learning rate of what is no hidden matrix; default 3e-4.
        aux_lr: f64,
        /// Of what is no hidden matrix; default 0.9.
        beta1: f64,
        /// Of what is no hidden matrix; default 0.95.
        beta2: f64,
        /// Of what is no hidden matrix; default 1e-10.
        epsilon: f64,
    },
    /// Adam with the difference of consecutive gradients (Xie et al. 2022, algorithm 1, with the
    /// betas of the authors' program, which are one minus the paper's).
    Adan {
        /// Memory of the gradient; default 0.98.
        beta1: f64,
        /// Memory of the difference; default 0.92.
        beta2: f64,
        /// Memory of the square; default 0.99.
        beta3: f64,
        /// Default 1e-8.
        epsilon: f64,
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

/// How Muon scales its step to a matrix of `outputs` × `inputs`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MuonScale {
    /// √max(1, outputs/inputs): the same change of output for every shape (Jordan et al. 2024).
    Shape,
    /// 0.2·√max(outputs, inputs): the root mean square of Adam's step, so that its rates hold (Liu
    /// et al. 2025).
    Adam,
}

/// Clipping of gradients.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ClipSpec {
    /// Every element into [−value, value].
    pub value: Option<f64>,
    /// Each tensor is scaled down by itself when its norm exceeds this.
    pub norm: Option<f64>,
    /// The gradient of each unit of matrices and kernels is scaled down when its norm exceeds this
    /// share of the norm of the unit's weights (but 1e-3 at least), the last matrix excepted
    /// (Brock et al. 2021, equation 3).
    pub adaptive: Option<f64>,
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
