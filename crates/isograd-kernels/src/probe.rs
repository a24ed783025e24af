//! The probe: an identity operation that sees what flows forward and, in the backward pass, the
//! gradient of the loss with respect to it.

use crate::Moments;
use crate::pieces::{PIECE, each, merged};
use crate::real::Real;
use burn::backend::autodiff::{
    checkpoint::{base::Checkpointer, strategy::CheckpointStrategy},
    grads::Gradients,
    ops::{Backward, Ops, OpsKind},
};
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Backend, Dispatch, Flex, TensorMetadata, backend_extension};
use burn::tensor::{DType, Shape, Tensor};
use std::fmt;
use std::sync::Arc;

/// Which way a tensor flows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    /// The activation.
    Forward,
    /// ∂L/∂activation, L the loss that was differentiated.
    Backward,
}

/// What a sink wants of one tensor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Want {
    /// Nothing: the tensor is passed on untouched.
    Nothing,
    /// Its moments, computed where the tensor is.
    Moments,
    /// Its moments, and the values of so many examples, the first of the batch.
    Sample(usize),
    /// Its values, brought to the host, and its moments.
    Values,
}

impl Want {
    /// How many of so many examples are to be shown.
    pub(crate) fn examples(self, batch: usize) -> usize {
        match self {
            Self::Nothing | Self::Moments => 0,
            Self::Sample(examples) => examples.min(batch),
            Self::Values => batch,
        }
    }

    /// Whether values are to be shown at all.
    pub(crate) fn values(self) -> bool {
        self.examples(1) > 0
    }
}

/// Values of a tensor in memory, rows in C order.
#[derive(Clone, Copy, Debug)]
pub enum Slice<'a> {
    /// Single precision.
    F32(&'a [f32]),
    /// Double precision.
    F64(&'a [f64]),
}

impl Slice<'_> {
    /// The first so many, or all where there are fewer.
    fn first(self, count: usize) -> Self {
        match self {
            Self::F32(values) => Self::F32(&values[..count.min(values.len())]),
            Self::F64(values) => Self::F64(&values[..count.min(values.len())]),
        }
    }
}

/// A tensor as a sink sees it, or its first examples.
#[derive(Clone, Copy, Debug)]
pub struct View<'a> {
    /// Its dimensions; the first is the batch.
    pub shape: &'a [usize],
    /// Its values.
    pub values: Slice<'a>,
}

/// Where the numbers of probes go. Called from whatever thread runs the pass.
pub trait Sink: Send + Sync {
    /// What is wanted of the tensor at `site` flowing in `direction`.
    fn want(&self, site: usize, direction: Direction) -> Want;
    /// Receives what was wanted; `view` is there where values were wanted. `batch` is the first
    /// dimension, of which `view` may have fewer.
    fn receive(
        &self,
        site: usize,
        direction: Direction,
        batch: usize,
        moments: Moments,
        view: Option<View<'_>>,
    );
}

/// A place and the sink it reports to.
#[derive(Clone)]
pub struct Watch {
    /// Number of the place, as the sink counts.
    pub site: usize,
    /// Where the numbers go.
    pub sink: Arc<dyn Sink>,
}

/// A place of a sink that is there anyway.
#[derive(Clone, Copy)]
pub(crate) struct At<'a> {
    pub(crate) site: usize,
    pub(crate) sink: &'a dyn Sink,
}

impl<'a> From<&'a Watch> for At<'a> {
    fn from(watch: &'a Watch) -> Self {
        Self {
            site: watch.site,
            sink: &*watch.sink,
        }
    }
}

impl fmt::Debug for Watch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Watch({})", self.site)
    }
}

/// Passes `x` on unchanged and shows it, and later its gradient, to the sink of `watch`.
///
/// # Shapes
///
/// - `x` and the result: `[batch, …]`
pub fn probe<const D: usize>(x: Tensor<D>, watch: Watch) -> Tensor<D> {
    Tensor::from_dispatch(<Dispatch as ProbeBackend>::look(
        x.into_dispatch(),
        watch,
        Direction::Forward,
    ))
}

/// The probe as a backend operation; [`probe`] is the way in.
#[backend_extension(Autodiff, Flex)]
pub trait ProbeBackend: Backend {
    /// Shows `x` to the sink and returns it.
    fn look(x: FloatTensor<Self>, watch: Watch, direction: Direction) -> FloatTensor<Self>;
}

impl ProbeBackend for Flex {
    fn look(x: FloatTensor<Self>, watch: Watch, direction: Direction) -> FloatTensor<Self> {
        let want = watch.sink.want(watch.site, direction);
        if want == Want::Nothing {
            return x;
        }
        // A view that is not contiguous is copied once for reading; the tensor passed on is the
        // one that came.
        let read = x.to_contiguous();
        let shape: Vec<usize> = read.layout().shape().iter().copied().collect();
        let found = match read.dtype() {
            DType::F32 => read.as_slice::<f32>().map(|s| seen(s, direction)),
            DType::F64 => read.as_slice::<f64>().map(|s| seen(s, direction)),
            _ => None,
        };
        let Some((moments, values)) = found else {
            return look_generic::<Self>(x, &watch, direction);
        };
        report(&watch, direction, &shape, moments, values, want);
        x
    }
}

impl<B: ProbeBackend, C: CheckpointStrategy> ProbeBackend for Autodiff<B, C> {
    fn look(x: FloatTensor<Self>, watch: Watch, direction: Direction) -> FloatTensor<Self> {
        #[derive(Debug)]
        struct LookBack;

        impl<B: ProbeBackend> Backward<B, 1> for LookBack {
            type State = Watch;

            fn backward(
                self,
                ops: Ops<Self::State, 1>,
                grads: &mut Gradients,
                _checkpointer: &mut Checkpointer,
            ) {
                let gradient = grads.consume::<B>(&ops.node);
                let gradient = B::look(gradient, ops.state, Direction::Backward);
                let [parent] = ops.parents;
                if let Some(node) = parent {
                    grads.register::<B>(node.id, gradient);
                }
            }
        }

        match LookBack.prepare::<C>([x.node()]).compute_bound().stateful() {
            OpsKind::Tracked(prep) => {
                let output = B::look(x.into_primitive(), watch.clone(), direction);
                prep.finish(watch, output)
            }
            OpsKind::UnTracked(prep) => prep.finish(B::look(x.into_primitive(), watch, direction)),
        }
    }
}

/// The moments that a direction has, on all threads where there are many numbers.
fn seen<T: Real>(values: &[T], direction: Direction) -> (Moments, Slice<'_>) {
    let parts = each(values.chunks(PIECE), |part| match direction {
        Direction::Forward => T::moments(part),
        Direction::Backward => T::sizes(part),
    });
    (merged(parts), T::slice(values))
}

/// The form for backends without a kernel of their own: the values are brought to the host.
fn look_generic<B: Backend>(
    x: FloatTensor<B>,
    watch: &Watch,
    direction: Direction,
) -> FloatTensor<B> {
    let want = watch.sink.want(watch.site, direction);
    if want == Want::Nothing {
        return x;
    }
    let shape: Vec<usize> = x.shape().iter().copied().collect();
    let read = burn::tensor::try_read_sync(B::float_into_data(x.clone()));
    if let Some(Ok(data)) = read {
        let values: Vec<f64> = data.iter::<f64>().collect();
        let (moments, values) = seen::<f64>(&values, direction);
        report(watch, direction, &shape, moments, values, want);
    }
    x
}

/// Dimensions of a tensor, at most: Burn's own limit is lower.
const RANK: usize = 16;

/// Tells the sink; for operations that see a tensor in a pass of their own.
pub(crate) fn report<'a>(
    at: impl Into<At<'a>>,
    direction: Direction,
    shape: &[usize],
    moments: Moments,
    values: Slice<'_>,
    want: Want,
) {
    let At { site, sink } = at.into();
    let batch = shape.first().copied().unwrap_or(1);
    let shown = want.examples(batch);
    if shown == 0 {
        return sink.receive(site, direction, batch, moments, None);
    }
    // On the stack: a way to memory for each tensor would be seen in the time of a step.
    let mut part = [shown; RANK];
    let Some(part) = part.get_mut(..shape.len()) else {
        return sink.receive(site, direction, batch, moments, None);
    };
    if let [_, part @ ..] = &mut *part {
        part.copy_from_slice(&shape[1..]);
    }
    let view = View {
        shape: part,
        values: values.first(part.iter().product()),
    };
    sink.receive(site, direction, batch, moments, Some(view));
}

/// What is wanted of a place; nothing where there is none.
pub(crate) fn want<'a>(at: Option<impl Into<At<'a>>>, direction: Direction) -> Want {
    at.map_or(Want::Nothing, |at| {
        let At { site, sink } = at.into();
        sink.want(site, direction)
    })
}

/// Tells the sink what it wants, if it wants something. `values` are read where values are wanted; of a
/// sample those that are not in it may be missing.
pub(crate) fn show<'a, T: Real>(
    at: Option<impl Into<At<'a>>>,
    direction: Direction,
    shape: &Shape,
    moments: Moments,
    values: &[T],
    want: Want,
) {
    if let (Some(at), true) = (at, want != Want::Nothing) {
        let shape: &[usize] = shape;
        report(at, direction, shape, moments, T::slice(values), want);
    }
}

#[cfg(test)]
pub(crate) mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use burn::tensor::{Device, TensorData, Tolerance};
    use std::sync::Mutex;

    pub(crate) type Seen = (usize, Direction, usize, Moments, Vec<f64>);

    /// Keeps everything it is shown.
    #[derive(Default)]
    pub(crate) struct Keep(pub(crate) Mutex<Vec<Seen>>);

    impl Sink for Keep {
        fn want(&self, site: usize, _: Direction) -> Want {
            if site == 9 {
                Want::Nothing
            } else {
                Want::Values
            }
        }

        fn receive(
            &self,
            site: usize,
            direction: Direction,
            batch: usize,
            moments: Moments,
            view: Option<View<'_>>,
        ) {
            let values = match view.unwrap().values {
                Slice::F32(s) => s.iter().map(|&x| f64::from(x)).collect(),
                Slice::F64(s) => s.to_vec(),
            };
            self.0
                .lock()
                .unwrap()
                .push((site, direction, batch, moments, values));
        }
    }

    pub(crate) fn watch(keep: &Arc<Keep>, site: usize) -> Watch {
        Watch {
            site,
            sink: keep.clone(),
        }
    }

    #[test]
    fn the_probe_changes_nothing_and_sees_the_gradient() {
        let device = Device::flex().autodiff();
        let x =
            Tensor::<2>::from_floats([[1.0, -2.0], [3.0, 4.0], [0.5, 0.0]], &device).require_grad();
        let loss = |x: Tensor<2>| x.powi_scalar(3).sum();
        let bare = x.grad(&loss(x.clone()).backward()).unwrap();

        let keep = Arc::new(Keep::default());
        let seen = probe(x.clone(), watch(&keep, 5));
        let seen = probe(seen, watch(&keep, 9));
        let probed = x.grad(&loss(seen).backward()).unwrap();
        bare.clone()
            .into_data()
            .assert_eq(&probed.into_data(), true);

        let log = keep.0.lock().unwrap();
        assert_eq!(log.len(), 2, "site 9 wants nothing");
        let (site, direction, batch, moments, values) = &log[0];
        assert_eq!((*site, *direction, *batch), (5, Direction::Forward, 3));
        assert_eq!(values, &[1.0, -2.0, 3.0, 4.0, 0.5, 0.0]);
        assert_eq!(moments.sum_squares, 30.25);
        let (_, direction, _, moments, values) = &log[1];
        assert_eq!(*direction, Direction::Backward);
        TensorData::new(values.clone(), [3, 2])
            .convert::<f32>()
            .assert_approx_eq::<f32>(&bare.into_data(), Tolerance::default());
        assert_eq!(moments.max_abs, 48.0);
    }

    #[test]
    fn views_and_tensors_without_gradient_are_read_in_order() {
        let keep = Arc::new(Keep::default());
        let x = Tensor::<2>::from_floats([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]], &Device::flex());
        let y = probe(x.transpose(), watch(&keep, 0));
        assert_eq!(y.dims(), [3, 2]);
        let log = keep.0.lock().unwrap();
        assert_eq!(log[0].4, [1.0, 4.0, 2.0, 5.0, 3.0, 6.0]);
        assert_eq!(log[0].2, 3);
    }

    #[test]
    fn the_generic_form_agrees_with_the_kernel() {
        let keep = Arc::new(Keep::default());
        let data = TensorData::from([[1.0f32, f32::INFINITY, -3.0], [0.25, f32::NAN, 1e-30]]);
        let x = Tensor::<2>::from_data(data, &Device::flex());
        let primitive = x.clone().try_into_primitive::<Flex>().unwrap();
        let _ = look_generic::<Flex>(primitive, &watch(&keep, 0), Direction::Forward);
        let _ = probe(x, watch(&keep, 1));
        let log = keep.0.lock().unwrap();
        let (a, b) = (log[0].3, log[1].3);
        assert_eq!(
            (a.count, a.non_finite, a.max_abs),
            (b.count, b.non_finite, b.max_abs)
        );
        assert_eq!(log[0].4[3..4], log[1].4[3..4]);
    }
}
