//! φ(x W + b) as one operation: the product, then bias, activation and telemetry in one pass over
//! blocks of rows, and as much in the backward pass.

// The macro of the backend reads the types as they are written.
#![allow(clippy::type_complexity)]

mod autodiff;
mod parts;
mod pass;

use crate::curve::Curve;
use crate::handle::{from_vec, writable};
use crate::probe::{Direction, ProbeBackend, Watch};
use crate::real::{by_type, slice};
use burn::backend::tensor::FloatTensor;
use burn::backend::{Backend, Dispatch, Flex, TensorMetadata, backend_extension};
use burn::tensor::{Shape, Tensor};

/// What comes behind the product of a dense layer, and who watches it.
#[derive(Clone, Debug, Default)]
pub struct Dense {
    /// φ; without one the layer is linear.
    pub curve: Option<Curve>,
    /// Sees x, and the gradient that this layer sends there.
    pub input: Option<Watch>,
    /// Sees x W + b, and the gradient that arrives there.
    pub before: Option<Watch>,
    /// The place where the sink of `before` sees φ(x W + b), and the gradient that arrives there; of a
    /// linear layer nothing.
    pub after: Option<usize>,
}

/// φ(x W + b).
///
/// The result does not depend on the number of threads.
///
/// # Shapes
///
/// - `x`: `[…, inputs]`
/// - `weight`: `[inputs, units]`
/// - `bias`: `[units]`
/// - result: `[…, units]`
///
/// # Panics
/// Where the sizes do not fit each other.
pub fn dense<const D: usize>(
    x: Tensor<D>,
    weight: Tensor<2>,
    bias: Option<Tensor<1>>,
    layer: Dense,
) -> Tensor<D> {
    let biased = bias.is_some();
    // Not read and not tracked: it gets no gradient.
    let bias = bias.unwrap_or_else(|| Tensor::zeros([1], (&weight.device(), weight.dtype())));
    Tensor::from_dispatch(<Dispatch as DenseBackend>::dense(
        x.into_dispatch(),
        weight.into_dispatch(),
        bias.into_dispatch(),
        biased,
        layer,
    ))
}

/// The layer as backend operations; [`dense`] is the way in.
#[backend_extension(Autodiff, Flex)]
pub trait DenseBackend: Backend {
    /// φ(x W + b).
    fn dense(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        biased: bool,
        layer: Dense,
    ) -> FloatTensor<Self>;

    /// φ(x W + b), and what the backward pass needs of it: it again, or x W + b; without φ nothing, for
    /// which the weight stands.
    fn dense_saving(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        biased: bool,
        layer: &Dense,
    ) -> (FloatTensor<Self>, FloatTensor<Self>);

    /// The gradients with respect to x, weight and bias, as far as they are needed.
    fn dense_backward(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        saved: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        needed: [bool; 3],
        layer: &Dense,
    ) -> (
        Option<FloatTensor<Self>>,
        Option<FloatTensor<Self>>,
        Option<FloatTensor<Self>>,
    );
}

type FlexTensor = FloatTensor<Flex>;

/// The shape of `x` with another last dimension.
fn with_last(shape: &Shape, last: usize) -> Shape {
    let mut dims: Vec<usize> = shape.iter().copied().collect();
    if let Some(dim) = dims.last_mut() {
        *dim = last;
    }
    Shape::from(dims)
}

/// The output, and x W + b where it is not that and was asked for.
fn forward(
    x: &FlexTensor,
    weight: &FlexTensor,
    bias: &FlexTensor,
    biased: bool,
    layer: &Dense,
    keep: bool,
) -> (FlexTensor, Option<FlexTensor>) {
    let (x, weight, bias) = (
        x.to_contiguous(),
        weight.to_contiguous(),
        bias.to_contiguous(),
    );
    if let Some(watch) = &layer.input {
        let _ = Flex::look(x.clone(), watch.clone(), Direction::Forward);
    }
    let [inputs, units] = weight.shape().dims();
    let shape = with_last(&x.shape(), units);
    let job = pass::Job {
        rows: shape.iter().rev().skip(1).product(),
        inputs,
        units,
        layer,
        shape: &shape,
    };
    by_type!(x, T => {
        let bias = biased.then(|| slice!(bias, T));
        let (y, z) = job.forward::<T>(slice!(x, T), slice!(weight, T), bias, keep);
        (from_vec(y, shape.clone()), z.map(|z| from_vec(z, shape.clone())))
    })
}

impl DenseBackend for Flex {
    fn dense(
        x: FlexTensor,
        weight: FlexTensor,
        bias: FlexTensor,
        biased: bool,
        layer: Dense,
    ) -> FlexTensor {
        forward(&x, &weight, &bias, biased, &layer, false).0
    }

    fn dense_saving(
        x: FlexTensor,
        weight: FlexTensor,
        bias: FlexTensor,
        biased: bool,
        layer: &Dense,
    ) -> (FlexTensor, FlexTensor) {
        let keep = layer.curve.is_some_and(|curve| !curve.keeps_output());
        let (y, z) = forward(&x, &weight, &bias, biased, layer, keep);
        // Without φ nothing of the output is read again, and it stays alone with who is next.
        let saved = if layer.curve.is_none() {
            weight
        } else {
            z.unwrap_or_else(|| y.clone())
        };
        (y, saved)
    }

    fn dense_backward(
        x: FlexTensor,
        weight: FlexTensor,
        saved: FlexTensor,
        gradient: FlexTensor,
        needed: [bool; 3],
        layer: &Dense,
    ) -> (Option<FlexTensor>, Option<FlexTensor>, Option<FlexTensor>) {
        let (x, weight, saved) = (
            x.to_contiguous(),
            weight.to_contiguous(),
            saved.to_contiguous(),
        );
        let mut gradient = writable(gradient);
        let [inputs, units] = weight.shape().dims();
        let shape = gradient.shape();
        let job = pass::Job {
            rows: shape.iter().rev().skip(1).product(),
            inputs,
            units,
            layer,
            shape: &shape,
        };
        by_type!(x, T => {
            let of = [slice!(x, T), slice!(weight, T)];
            let d = match layer.curve {
                Some(_) => pass::Gradient::Behind(gradient.storage_mut::<T>(), slice!(saved, T)),
                None => pass::Gradient::Before(slice!(gradient, T)),
            };
            let [dx, dw, db] = job.backward::<T>(of, d, needed);
            let seen = |dx: FlexTensor| match &layer.input {
                Some(watch) => Flex::look(dx, watch.clone(), Direction::Backward),
                None => dx,
            };
            (
                dx.map(|dx| seen(from_vec(dx, x.shape()))),
                dw.map(|dw| from_vec(dw, [inputs, units])),
                db.map(|db| from_vec(db, [units])),
            )
        })
    }
}

#[cfg(test)]
mod tests;
