//! What flows between two blocks: a batch of examples of one shape.

use burn::tensor::Tensor;
use isograd_core::describe::Shape;
use isograd_kernels::{Watch, probe};

/// A batch of vectors, sequences or images.
#[derive(Clone, Debug)]
pub enum Signal {
    /// `[batch, features]`.
    Flat(Tensor<2>),
    /// `[batch, steps, features]`.
    Sequence(Tensor<3>),
    /// `[batch, channels, height, width]`.
    Image(Tensor<4>),
}

/// Applies a function of a tensor of any rank to whatever the signal is.
macro_rules! each {
    ($signal:expr, $x:ident => $body:expr) => {
        match $signal {
            $crate::nn::Signal::Flat($x) => $crate::nn::Signal::Flat($body),
            $crate::nn::Signal::Sequence($x) => $crate::nn::Signal::Sequence($body),
            $crate::nn::Signal::Image($x) => $crate::nn::Signal::Image($body),
        }
    };
}
pub(super) use each;

impl Signal {
    /// A batch of examples given as rows of one tensor.
    ///
    /// # Shapes
    ///
    /// - `rows`: `[batch, elements]`, the elements in C order of `shape` (channels first)
    pub fn from_rows(rows: Tensor<2>, shape: Shape) -> Self {
        let [batch, _] = rows.dims();
        match shape {
            Shape::Flat(_) => Self::Flat(rows),
            Shape::Sequence { steps, features } => {
                Self::Sequence(rows.reshape([batch, steps, features]))
            }
            Shape::Image {
                channels,
                height,
                width,
            } => Self::Image(rows.reshape([batch, channels, height, width])),
        }
    }

    /// The batch as rows: `[batch, elements]`.
    pub fn into_rows(self) -> Tensor<2> {
        match self {
            Self::Flat(x) => x,
            Self::Sequence(x) => x.flatten(1, 2),
            Self::Image(x) => x.flatten(1, 3),
        }
    }

    /// Numbers that layer normalisation takes together: all of an example, of a sequence those of
    /// each step.
    pub(super) fn features(&self) -> usize {
        match self {
            Self::Flat(x) => x.dims()[1],
            Self::Sequence(x) => x.dims()[2],
            Self::Image(x) => x.dims()[1..].iter().product(),
        }
    }

    /// Examples in the batch.
    pub fn batch(&self) -> usize {
        match self {
            Self::Flat(x) => x.dims()[0],
            Self::Sequence(x) => x.dims()[0],
            Self::Image(x) => x.dims()[0],
        }
    }

    /// With a probe behind it, if somebody watches.
    pub(super) fn seen(self, watch: Option<Watch>) -> Self {
        match watch {
            None => self,
            Some(watch) => each!(self, x => probe(x, watch)),
        }
    }

    /// Units by positions: `[batch, units, positions]`.
    ///
    /// # Panics
    /// For vectors, which a plan rules out.
    pub(super) fn positions(self) -> Tensor<3> {
        match self {
            Self::Image(x) => x.flatten(2, 3),
            Self::Sequence(x) => x.swap_dims(1, 2),
            Self::Flat(_) => unreachable!("a plan gives no vectors to blocks of positions"),
        }
    }

    /// The sequences of the batch.
    ///
    /// # Panics
    /// When it is not one of sequences, which a plan rules out.
    pub(super) fn sequence(self) -> Tensor<3> {
        match self {
            Self::Sequence(x) => x,
            _ => unreachable!("a plan gives sequences to blocks of sequences"),
        }
    }

    /// The images of the batch.
    ///
    /// # Panics
    /// When it is not one of images, which a plan rules out.
    pub(super) fn image(self) -> Tensor<4> {
        match self {
            Self::Image(x) => x,
            _ => unreachable!("a plan gives images to image blocks"),
        }
    }
}
