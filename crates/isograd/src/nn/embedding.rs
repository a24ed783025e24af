//! Sequences of vectors: embedding, positions, learned sequences, patches of an image.

use burn::module::{Module, Param};
use burn::tensor::module::embedding;
use burn::tensor::{Int, Tensor, TensorData};
use isograd_core::describe::sinusoid;

/// Learned vectors: of ids, of steps, or a sequence of their own.
#[derive(Module, Debug)]
pub struct Vectors {
    /// `[vectors, size]`.
    pub weight: Param<Tensor<2>>,
}

impl Vectors {
    /// The vector of every id.
    ///
    /// # Shapes
    ///
    /// - `ids`: `[batch, steps, 1]`, whole numbers below the number of vectors; others count as the
    ///   nearest
    /// - result: `[batch, steps, size]`
    pub fn look_up(&self, ids: Tensor<3>) -> Tensor<3> {
        let last = self.weight.dims()[0].saturating_sub(1) as f64;
        let ids: Tensor<2, Int> = ids.inner().squeeze_dim::<2>(2).clamp(0.0, last).int();
        let weight = self.weight.val();
        let ids = Tensor::<2, Int>::from_data(ids.into_data(), &weight.device());
        embedding(weight, ids)
    }

    /// The vectors of one-hot steps: x W.
    ///
    /// # Shapes
    ///
    /// - `x`: `[batch, steps, vectors]`
    /// - result: `[batch, steps, size]`
    pub fn pick(&self, x: Tensor<3>) -> Tensor<3> {
        burn::tensor::module::linear(x, self.weight.val(), None)
    }

    /// x plus a vector for each step.
    ///
    /// # Shapes
    ///
    /// - `x` and the result: `[batch, steps, size]`, as many steps as vectors
    pub fn place(&self, x: Tensor<3>) -> Tensor<3> {
        x + self.weight.val().unsqueeze::<3>()
    }

    /// The vectors as the sequence of each of `batch` examples: `[batch, vectors, size]`.
    pub fn repeat(&self, batch: usize) -> Tensor<3> {
        self.weight.val().unsqueeze::<3>().repeat_dim(0, batch)
    }
}

/// x plus sines and cosines of its steps (Vaswani et al. 2017, §3.5).
///
/// # Shapes
///
/// - `x` and the result: `[batch, steps, features]`
pub(super) fn place_sinusoid(x: Tensor<3>) -> Tensor<3> {
    let [_, steps, features] = x.dims();
    let table = TensorData::new(sinusoid(steps, features), [1, steps, features]);
    let table = Tensor::<3>::from_data(table.convert_dtype(x.dtype()), (&x.device(), x.dtype()));
    x + table
}

/// The patches of images as sequences, row by row; a patch's numbers channels first.
///
/// # Shapes
///
/// - `x`: `[batch, channels, height, width]`
/// - result: `[batch, patches, channels · rows · columns]`
pub(super) fn patches(x: Tensor<4>, [rows, columns]: [usize; 2]) -> Tensor<3> {
    let [batch, channels, height, width] = x.dims();
    let (down, across) = (height / rows, width / columns);
    x.reshape([batch, channels, down, rows, across, columns])
        .permute([0, 2, 4, 1, 3, 5])
        .reshape([batch, down * across, channels * rows * columns])
}
