//! Learned factors and offsets: one number, or one a unit.

use super::signal::{Signal, each};
use burn::module::{Module, Param};
use burn::tensor::Tensor;

/// The parameters of a factor.
#[derive(Module, Debug)]
pub struct Multiplier {
    /// `[1]` or `[units]`.
    pub weight: Param<Tensor<1>>,
}

/// The parameters of an offset.
#[derive(Module, Debug)]
pub struct Offset {
    /// `[1]` or `[units]`.
    pub bias: Param<Tensor<1>>,
}

impl Multiplier {
    /// x·w.
    pub(super) fn forward(&self, x: Signal) -> Signal {
        let w = self.weight.val();
        each!(x, x => { let w = beside(w, &x); x * w })
    }
}

impl Offset {
    /// x + b.
    pub(super) fn forward(&self, x: Signal) -> Signal {
        let b = self.bias.val();
        each!(x, x => { let b = beside(b, &x); x + b })
    }
}

/// Numbers in the shape in which they meet a batch: one for everything, or one a unit (channels are
/// the second dimension of images, features the last of all else).
fn beside<const D: usize>(numbers: Tensor<1>, x: &Tensor<D>) -> Tensor<D> {
    let mut dims = [1; D];
    let [count] = numbers.dims();
    if count > 1 {
        let units = if D == 4 { 1 } else { D - 1 };
        debug_assert_eq!(x.dims()[units], count);
        dims[units] = count;
    }
    numbers.reshape(dims)
}
