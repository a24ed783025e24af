//! Shapes of one example and of a whole data set, as far as a network needs to know them.

use std::fmt;

/// The shape of one example between two layers (the batch dimension is never part of it).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Shape {
    /// A vector of this many features.
    Flat(usize),
    /// An image, channels first: channels × height × width.
    Image {
        /// Channels.
        channels: usize,
        /// Rows.
        height: usize,
        /// Columns.
        width: usize,
    },
    /// A sequence: time steps × features.
    Sequence {
        /// Time steps.
        steps: usize,
        /// Features a step.
        features: usize,
    },
}

impl Shape {
    /// Numbers an example has.
    pub fn elements(self) -> usize {
        match self {
            Self::Flat(n) => n,
            Self::Image {
                channels,
                height,
                width,
            } => channels * height * width,
            Self::Sequence { steps, features } => steps * features,
        }
    }

    /// Units that have weights of their own: features or channels.
    pub fn units(self) -> usize {
        match self {
            Self::Flat(n) => n,
            Self::Image { channels, .. } => channels,
            Self::Sequence { features, .. } => features,
        }
    }

    /// The shape with what it is, for messages.
    pub fn words(self) -> String {
        match self {
            Self::Flat(n) => format!("a vector of {n} numbers"),
            Self::Image {
                channels,
                height,
                width,
            } => format!("an image of {height}×{width}×{channels} (height × width × channels)"),
            Self::Sequence { steps, features } => {
                format!("a sequence of {steps}×{features} (steps × features)")
            }
        }
    }

    /// The dimensions, outermost first.
    pub fn dims(self) -> Vec<usize> {
        match self {
            Self::Flat(n) => vec![n],
            Self::Image {
                channels,
                height,
                width,
            } => vec![channels, height, width],
            Self::Sequence { steps, features } => vec![steps, features],
        }
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flat(n) => write!(f, "{n}"),
            Self::Image {
                channels,
                height,
                width,
            } => {
                write!(f, "{height}×{width}×{channels} (height × width × channels)")
            }
            Self::Sequence { steps, features } => {
                write!(f, "{steps}×{features} (steps × features)")
            }
        }
    }
}

/// What the targets are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Task {
    /// One class of several an example.
    Classification {
        /// Number of classes.
        classes: usize,
    },
    /// One yes-or-no target an example.
    Binary,
    /// Several yes-or-no targets an example.
    MultiLabel {
        /// Number of labels.
        labels: usize,
    },
    /// Real numbers.
    Regression {
        /// Numbers an example.
        targets: usize,
    },
    /// One class of several at every step of a sequence: the network ends in a sequence of as many
    /// steps, with an output a class at each.
    Steps {
        /// Number of classes.
        classes: usize,
        /// Steps of a sequence.
        steps: usize,
    },
}

impl Task {
    /// What `dense = "classes"` (or `"outputs"`) stands for: outputs that a network for this task
    /// has (at each step, where there is a target at every step) when each class, label or target
    /// has its own.
    pub fn outputs(self) -> usize {
        match self {
            Self::Classification { classes } | Self::Steps { classes, .. } => classes,
            Self::Binary => 1,
            Self::MultiLabel { labels } => labels,
            Self::Regression { targets } => targets,
        }
    }

    /// Steps at which there is a target, each with outputs of its own: 1 where there is one target
    /// (or one row of them) an example.
    pub fn steps(self) -> usize {
        match self {
            Self::Steps { steps, .. } => steps,
            _ => 1,
        }
    }
}

/// What a network needs to know of the data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DataShape {
    /// Shape of one example.
    pub input: Shape,
    /// What the targets are.
    pub task: Task,
    /// Examples in the training part.
    pub examples: usize,
}
