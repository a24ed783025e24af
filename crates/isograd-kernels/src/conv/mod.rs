//! Two-dimensional convolution, without a matrix of windows.
//!
//! Against Burn 0.22's Flex, whose backward passes are convolutions of rearranged copies.

mod both;
mod defined;
mod grid;
mod pass;
mod plain;
mod sheet;
mod tile;

use crate::probe::{Direction, ProbeBackend, Want, Watch, show, want};
use crate::real::{by_type, slice};
use burn::backend::autodiff::{
    checkpoint::{base::Checkpointer, strategy::CheckpointStrategy},
    grads::Gradients,
    ops::{Backward, Ops, OpsKind},
};
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Backend, Dispatch, Flex, TensorMetadata, backend_extension};
use burn::tensor::{Shape, Tensor, TensorData};
use pass::Job;

/// How the windows of a convolution lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Windows {
    /// Step from window to window, rows and columns.
    pub stride: [usize; 2],
    /// Rows of zeros before, after, columns before, after.
    pub padding: [usize; 4],
    /// Step between the pixels of one window.
    pub dilation: [usize; 2],
    /// Channels and filters are cut into so many groups, each convolved by itself.
    pub groups: usize,
}

/// Cross-correlation of images with kernels.
///
/// The result does not depend on the number of threads; sums of products are taken in another order
/// than Burn's, and agree within the type's precision.
///
/// # Shapes
///
/// - `x`: `[batch, channels, rows, columns]`
/// - `weight`: `[filters, channels ÷ groups, kernel rows, kernel columns]`
/// - `bias`: `[filters]`
/// - result: `[batch, filters, output rows, output columns]`
///
/// # Panics
/// Where groups do not divide the channels and filters, or a window is larger than its image.
pub fn conv2d(
    x: Tensor<4>,
    weight: Tensor<4>,
    bias: Option<Tensor<1>>,
    windows: Windows,
) -> Tensor<4> {
    conv2d_watched(x, weight, bias, windows, None)
}

/// [`conv2d`], whose output and later its gradient are shown to `watch` in the passes that make and
/// read them.
pub fn conv2d_watched(
    x: Tensor<4>,
    weight: Tensor<4>,
    bias: Option<Tensor<1>>,
    windows: Windows,
    watch: Option<Watch>,
) -> Tensor<4> {
    let bias = bias.unwrap_or_else(|| {
        // Not tracked: it gets no gradient.
        Tensor::zeros([weight.dims()[0]], (&weight.device(), weight.dtype()))
    });
    Tensor::from_dispatch(<Dispatch as ConvBackend>::conv(
        x.into_dispatch(),
        weight.into_dispatch(),
        bias.into_dispatch(),
        windows,
        watch,
    ))
}

/// The convolution as backend operations; [`conv2d`] is the way in.
#[backend_extension(Autodiff, Flex)]
pub trait ConvBackend: Backend {
    /// W ∗ x + b.
    fn conv(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        windows: Windows,
        watch: Option<Watch>,
    ) -> FloatTensor<Self>;

    /// The gradient with respect to `x`, which has this shape.
    fn conv_to_input(
        weight: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        shape: [usize; 4],
        windows: Windows,
    ) -> FloatTensor<Self>;

    /// The gradient with respect to the weights, which have this shape; `watch` sees `gradient`.
    fn conv_to_weights(
        x: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        shape: [usize; 4],
        windows: Windows,
        watch: Option<Watch>,
    ) -> FloatTensor<Self>;

    /// The gradients with respect to `x` and to the weights; `watch` sees `gradient`.
    fn conv_to_both(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        windows: Windows,
        watch: Option<Watch>,
    ) -> (FloatTensor<Self>, FloatTensor<Self>);

    /// The gradient with respect to the bias.
    fn conv_to_bias(gradient: FloatTensor<Self>) -> FloatTensor<Self>;
}

type FlexTensor = FloatTensor<Flex>;

fn dims(tensor: &impl TensorMetadata) -> [usize; 4] {
    tensor.shape().dims()
}

impl ConvBackend for Flex {
    fn conv(
        x: FlexTensor,
        weight: FlexTensor,
        bias: FlexTensor,
        windows: Windows,
        watch: Option<Watch>,
    ) -> FlexTensor {
        let job = Job::new(dims(&x), dims(&weight), &windows);
        let (x, weight, bias) = (
            x.to_contiguous(),
            weight.to_contiguous(),
            bias.to_contiguous(),
        );
        let [rows, columns] = job.grid.output();
        let shape = [job.batch, job.groups * job.filters, rows, columns];
        by_type!(x, T => {
            let want = want(watch.as_ref(), Direction::Forward);
            let (y, seen) = job.forward::<T>(
                slice!(x, T),
                slice!(weight, T),
                slice!(bias, T),
                want != Want::Nothing,
            );
            show(watch.as_ref(), Direction::Forward, &Shape::new(shape), seen, &y, want);
            FlexTensor::from_data(TensorData::new(y, shape))
        })
    }

    fn conv_to_input(
        weight: FlexTensor,
        gradient: FlexTensor,
        shape: [usize; 4],
        windows: Windows,
    ) -> FlexTensor {
        let job = Job::new(shape, dims(&weight), &windows);
        let (weight, gradient) = (weight.to_contiguous(), gradient.to_contiguous());
        by_type!(weight, T => {
            let dx = job.input_gradient::<T>(slice!(weight, T), slice!(gradient, T));
            FlexTensor::from_data(TensorData::new(dx, shape))
        })
    }

    fn conv_to_weights(
        x: FlexTensor,
        gradient: FlexTensor,
        shape: [usize; 4],
        windows: Windows,
        watch: Option<Watch>,
    ) -> FlexTensor {
        let job = Job::new(dims(&x), shape, &windows);
        let (x, gradient) = (x.to_contiguous(), gradient.to_contiguous());
        by_type!(x, T => {
            let want = want(watch.as_ref(), Direction::Backward);
            let dy = slice!(gradient, T);
            let (dw, seen) = job.weight_gradient::<T>(slice!(x, T), dy, want != Want::Nothing);
            show(watch.as_ref(), Direction::Backward, &gradient.shape(), seen, dy, want);
            FlexTensor::from_data(TensorData::new(dw, shape))
        })
    }

    fn conv_to_both(
        x: FlexTensor,
        weight: FlexTensor,
        gradient: FlexTensor,
        windows: Windows,
        watch: Option<Watch>,
    ) -> (FlexTensor, FlexTensor) {
        let (x_shape, weight_shape) = (dims(&x), dims(&weight));
        let job = Job::new(x_shape, weight_shape, &windows);
        let [x, weight, gradient] = [x, weight, gradient].map(|tensor| tensor.to_contiguous());
        by_type!(x, T => {
            let (w, dy) = (slice!(weight, T), slice!(gradient, T));
            if !job.takes_both::<T>(w, rayon::current_num_threads()) {
                let dx = Self::conv_to_input(weight, gradient.clone(), x_shape, windows);
                let dw = Self::conv_to_weights(x, gradient, weight_shape, windows, watch);
                return (dx, dw);
            }
            let want = want(watch.as_ref(), Direction::Backward);
            let (dx, dw, seen) = job.gradients::<T>(slice!(x, T), w, dy, want != Want::Nothing);
            show(watch.as_ref(), Direction::Backward, &gradient.shape(), seen, dy, want);
            (
                FlexTensor::from_data(TensorData::new(dx, x_shape)),
                FlexTensor::from_data(TensorData::new(dw, weight_shape)),
            )
        })
    }

    fn conv_to_bias(gradient: FlexTensor) -> FlexTensor {
        let [_, filters, rows, columns] = dims(&gradient);
        let gradient = gradient.to_contiguous();
        by_type!(gradient, T => {
            let db = pass::bias_gradient::<T>(slice!(gradient, T), filters, rows * columns);
            FlexTensor::from_data(TensorData::new(db, [filters]))
        })
    }
}

impl<B: ConvBackend + ProbeBackend, C: CheckpointStrategy> ConvBackend for Autodiff<B, C> {
    fn conv(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        windows: Windows,
        watch: Option<Watch>,
    ) -> FloatTensor<Self> {
        #[derive(Debug)]
        struct ConvBack;

        impl<B: ConvBackend + ProbeBackend> Backward<B, 3> for ConvBack {
            type State = (FloatTensor<B>, FloatTensor<B>, Windows, Option<Watch>);

            fn backward(
                self,
                ops: Ops<Self::State, 3>,
                grads: &mut Gradients,
                _checkpointer: &mut Checkpointer,
            ) {
                let mut gradient = grads.consume::<B>(&ops.node);
                let (x, weight, windows, watch) = ops.state;
                let (x_shape, weight_shape) = (dims(&x), dims(&weight));
                let [to_x, to_weight, to_bias] = ops.parents;
                if let (None, Some(watch)) = (&to_weight, &watch) {
                    gradient = B::look(gradient, watch.clone(), Direction::Backward);
                }
                match (to_x, to_weight) {
                    (Some(of_x), Some(of_weight)) => {
                        let both = B::conv_to_both(x, weight, gradient.clone(), windows, watch);
                        grads.register::<B>(of_x.id, both.0);
                        grads.register::<B>(of_weight.id, both.1);
                    }
                    (Some(node), None) => {
                        let dx = B::conv_to_input(weight, gradient.clone(), x_shape, windows);
                        grads.register::<B>(node.id, dx);
                    }
                    (None, Some(node)) => {
                        let gradient = gradient.clone();
                        let dw = B::conv_to_weights(x, gradient, weight_shape, windows, watch);
                        grads.register::<B>(node.id, dw);
                    }
                    (None, None) => {}
                }
                if let Some(node) = to_bias {
                    grads.register::<B>(node.id, B::conv_to_bias(gradient));
                }
            }
        }

        let nodes = [x.node(), weight.node(), bias.node()];
        let (x, weight, bias) = (
            x.into_primitive(),
            weight.into_primitive(),
            bias.into_primitive(),
        );
        match ConvBack.prepare::<C>(nodes).compute_bound().stateful() {
            OpsKind::Tracked(prep) => {
                let y = B::conv(x.clone(), weight.clone(), bias, windows, watch.clone());
                prep.finish((x, weight, windows, watch), y)
            }
            OpsKind::UnTracked(prep) => prep.finish(B::conv(x, weight, bias, windows, watch)),
        }
    }

    // Gradients of gradients are not taken of a fused operation.

    fn conv_to_input(
        weight: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        shape: [usize; 4],
        windows: Windows,
    ) -> FloatTensor<Self> {
        let (weight, gradient) = (weight.into_primitive(), gradient.into_primitive());
        <Self as burn::backend::AutodiffBackend>::from_inner(B::conv_to_input(
            weight, gradient, shape, windows,
        ))
    }

    fn conv_to_weights(
        x: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        shape: [usize; 4],
        windows: Windows,
        watch: Option<Watch>,
    ) -> FloatTensor<Self> {
        let (x, gradient) = (x.into_primitive(), gradient.into_primitive());
        <Self as burn::backend::AutodiffBackend>::from_inner(B::conv_to_weights(
            x, gradient, shape, windows, watch,
        ))
    }

    fn conv_to_both(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        windows: Windows,
        watch: Option<Watch>,
    ) -> (FloatTensor<Self>, FloatTensor<Self>) {
        let (x, weight) = (x.into_primitive(), weight.into_primitive());
        let (dx, dw) = B::conv_to_both(x, weight, gradient.into_primitive(), windows, watch);
        let outer = <Self as burn::backend::AutodiffBackend>::from_inner;
        (outer(dx), outer(dw))
    }

    fn conv_to_bias(gradient: FloatTensor<Self>) -> FloatTensor<Self> {
        let gradient = gradient.into_primitive();
        <Self as burn::backend::AutodiffBackend>::from_inner(B::conv_to_bias(gradient))
    }
}

#[cfg(test)]
mod tests;
