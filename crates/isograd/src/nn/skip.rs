//! Where paths meet: stochastic depth, shortcuts without parameters, gates, concatenation.

use super::dropout::mask;
use super::pass::{Mode, Pass};
use super::signal::{Signal, each};
use burn::tensor::{Tensor, TensorData};
use isograd_kernels::{Watch, gate};

/// Zeroes whole examples (or the batch) with probability `rate` and divides the others by
/// 1 − `rate`; the identity in evaluation. The draws depend on seed, layer and step only.
pub(super) fn drop_path(
    x: Signal,
    rate: f64,
    whole_batch: bool,
    layer: &str,
    pass: &Pass,
) -> Signal {
    if pass.mode == Mode::Evaluate || rate == 0.0 {
        return x;
    }
    let count = if whole_batch { 1 } else { x.batch() };
    let mask = mask(count, rate, layer, pass);
    each!(x, x => per_example(x, &mask))
}

fn per_example<const D: usize>(x: Tensor<D>, mask: &[f64]) -> Tensor<D> {
    let mut dims = [1; D];
    dims[0] = mask.len();
    let data = TensorData::new(mask.to_vec(), dims).convert_dtype(x.dtype());
    let mask = Tensor::<D>::from_data(data, (&x.device(), x.dtype()));
    x * mask
}

/// Every `stride`-th row and column, and channels of zeros before and after.
pub(super) fn pad_channels(
    x: Tensor<4>,
    [down, across]: [usize; 2],
    [before, after]: [usize; 2],
) -> Tensor<4> {
    let [batch, _, height, width] = x.dims();
    let (rows, columns) = (height.div_ceil(down), width.div_ceil(across));
    let x = if down > 1 || across > 1 {
        x.slice([
            burn::tensor::s![..],
            burn::tensor::s![..],
            burn::tensor::Slice::new(0, None, down as isize),
            burn::tensor::Slice::new(0, None, across as isize),
        ])
    } else {
        x
    };
    let zeros =
        |count: usize| Tensor::<4>::zeros([batch, count, rows, columns], (&x.device(), x.dtype()));
    let mut parts = Vec::new();
    if before > 0 {
        parts.push(zeros(before));
    }
    let tail = (after > 0).then(|| zeros(after));
    parts.push(x);
    parts.extend(tail);
    Tensor::cat(parts, 1)
}

/// h·t + x·(1 − t), shown to the watch in the pass that makes it.
pub(super) fn highway(h: Signal, t: Signal, x: Signal, watch: &mut Option<Watch>) -> Signal {
    let watch = watch.take();
    match (h, t, x) {
        (Signal::Flat(h), Signal::Flat(t), Signal::Flat(x)) => Signal::Flat(gate(h, t, x, watch)),
        (Signal::Sequence(h), Signal::Sequence(t), Signal::Sequence(x)) => {
            Signal::Sequence(gate(h, t, x, watch))
        }
        (Signal::Image(h), Signal::Image(t), Signal::Image(x)) => {
            Signal::Image(gate(h, t, x, watch))
        }
        _ => unreachable!("a plan gates signals of one shape"),
    }
}

/// x + f, shown to the watch in the pass that makes it.
pub(super) fn plus(x: Signal, f: Signal, watch: &mut Option<Watch>) -> Signal {
    use isograd_kernels::plus;
    let watch = watch.take();
    match (x, f) {
        (Signal::Flat(x), Signal::Flat(f)) => Signal::Flat(plus(x, f, watch)),
        (Signal::Sequence(x), Signal::Sequence(f)) => Signal::Sequence(plus(x, f, watch)),
        (Signal::Image(x), Signal::Image(f)) => Signal::Image(plus(x, f, watch)),
        _ => unreachable!("a plan adds signals of one shape"),
    }
}

/// x·g, g of the shape of x or with one number a unit.
pub(super) fn gated(x: Signal, g: Signal) -> Signal {
    match (x, g) {
        (Signal::Flat(x), Signal::Flat(g)) => Signal::Flat(x * g),
        (Signal::Sequence(x), Signal::Sequence(g)) => Signal::Sequence(x * g),
        (Signal::Image(x), Signal::Image(g)) => Signal::Image(x * g),
        (Signal::Image(x), Signal::Flat(g)) => {
            let [batch, channels] = g.dims();
            Signal::Image(x * g.reshape([batch, channels, 1, 1]))
        }
        (Signal::Sequence(x), Signal::Flat(g)) => {
            let [batch, features] = g.dims();
            Signal::Sequence(x * g.reshape([batch, 1, features]))
        }
        _ => unreachable!("a plan gates signals of one shape"),
    }
}

/// x and f, one behind the other: channels of images, features of all else. Shown to the watch in the pass
/// that makes it, except for sequences.
pub(super) fn concat(x: Signal, f: Signal, watch: &mut Option<Watch>) -> Signal {
    use isograd_kernels::concat;
    match (x, f) {
        (Signal::Flat(x), Signal::Flat(f)) => Signal::Flat(concat(x, f, watch.take())),
        (Signal::Sequence(x), Signal::Sequence(f)) => Signal::Sequence(Tensor::cat(vec![x, f], 2)),
        (Signal::Image(x), Signal::Image(f)) => Signal::Image(concat(x, f, watch.take())),
        _ => unreachable!("a plan joins signals of one kind"),
    }
}
