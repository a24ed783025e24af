//! The gate of a highway (Srivastava et al. 2015), t·h + (1 − t)·x, in one pass forward and one
//! backward, with the telemetry of its output in it.

mod autodiff;
mod pass;

use crate::handle::from_vec;
use crate::probe::{Direction, Want, Watch, show, want};
use crate::real::{by_type, slice};
use burn::backend::tensor::FloatTensor;
use burn::backend::{Backend, Dispatch, Flex, TensorMetadata, backend_extension};
use burn::tensor::Tensor;

/// t·h + (1 − t)·x, computed as x + t·(h − x); its output and later its gradient are shown to `watch`.
///
/// # Shapes
///
/// - `h`, `t`, `x` and the result: `[batch, …]`, all the same
///
/// # Panics
/// Where the shapes differ.
pub fn gate<const D: usize>(
    h: Tensor<D>,
    t: Tensor<D>,
    x: Tensor<D>,
    watch: Option<Watch>,
) -> Tensor<D> {
    assert!(h.dims() == t.dims() && t.dims() == x.dims(), "one shape");
    Tensor::from_dispatch(<Dispatch as GateBackend>::gate(
        h.into_dispatch(),
        t.into_dispatch(),
        x.into_dispatch(),
        watch,
    ))
}

/// The gate as backend operations; [`gate`] is the way in.
#[backend_extension(Autodiff, Flex)]
pub trait GateBackend: Backend {
    /// x + t·(h − x).
    fn gate(
        h: FloatTensor<Self>,
        t: FloatTensor<Self>,
        x: FloatTensor<Self>,
        watch: Option<Watch>,
    ) -> FloatTensor<Self>;

    /// The gradients with respect to h, t and x.
    fn gate_backward(
        h: FloatTensor<Self>,
        t: FloatTensor<Self>,
        x: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        watch: Option<Watch>,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>);
}

type FlexTensor = FloatTensor<Flex>;

impl GateBackend for Flex {
    fn gate(h: FlexTensor, t: FlexTensor, x: FlexTensor, watch: Option<Watch>) -> FlexTensor {
        let (h, t, x) = (h.to_contiguous(), t.to_contiguous(), x.to_contiguous());
        let want = want(watch.as_ref(), Direction::Forward);
        let shape = x.shape();
        by_type!(x, T => {
            let values = [slice!(h, T), slice!(t, T), slice!(x, T)];
            let (y, seen) = pass::forward::<T>(values, want != Want::Nothing);
            show(watch.as_ref(), Direction::Forward, &shape, seen, &y, want);
            from_vec(y, shape.clone())
        })
    }

    fn gate_backward(
        h: FlexTensor,
        t: FlexTensor,
        x: FlexTensor,
        gradient: FlexTensor,
        watch: Option<Watch>,
    ) -> (FlexTensor, FlexTensor, FlexTensor) {
        let (h, t, x) = (h.to_contiguous(), t.to_contiguous(), x.to_contiguous());
        let gradient = gradient.to_contiguous();
        let want = want(watch.as_ref(), Direction::Backward);
        let shape = x.shape();
        by_type!(x, T => {
            let values = [slice!(h, T), slice!(t, T), slice!(x, T)];
            let d = slice!(gradient, T);
            let ([dh, dt, dx], seen) = pass::backward::<T>(values, d, want != Want::Nothing);
            show(watch.as_ref(), Direction::Backward, &shape, seen, d, want);
            (
                from_vec(dh, shape.clone()),
                from_vec(dt, shape.clone()),
                from_vec(dx, shape.clone()),
            )
        })
    }
}

#[cfg(test)]
mod tests;
