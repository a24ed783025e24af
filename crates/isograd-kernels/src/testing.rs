//! What the tests of the kernels share.
#![allow(clippy::unwrap_used)]

use crate::{Direction, Moments, Sink, View, Want, Watch};
use burn::tensor::{DType, Device, Tensor, TensorData};
use proptest::test_runner::Config;
use std::sync::{Arc, Mutex};

/// So many random cases, or those of `PROPTEST_CASES` where they are fewer.
pub(crate) fn cases(count: u32) -> Config {
    Config::with_cases(count.min(Config::default().cases))
}

/// Numbers that look random and are the same every time, tracked.
pub(crate) fn tensor<const D: usize>(dims: [usize; D], seed: usize, dtype: DType) -> Tensor<D> {
    let count: usize = dims.iter().product();
    let values: Vec<f64> = (0..count)
        .map(|i| ((i * 7919 + seed * 104_729 + 13) % 1009) as f64 / 504.5 - 1.0)
        .collect();
    let device = Device::flex().autodiff();
    Tensor::from_data(TensorData::new(values, dims), (&device, dtype)).require_grad()
}

pub(crate) fn values<const D: usize>(tensor: &Tensor<D>) -> Vec<f64> {
    tensor.to_data().iter::<f64>().collect()
}

/// max|a − b| ÷ max|b|, at least `floor`.
pub(crate) fn error<const D: usize>(a: &Tensor<D>, b: &Tensor<D>, floor: f64) -> f64 {
    assert_eq!(a.dims(), b.dims());
    let (a, b) = (values(a), values(b));
    let size = b.iter().fold(floor, |m, v| m.max(v.abs()));
    largest(a.iter().zip(&b).map(|(a, b)| a - b)) / size
}

/// max|x|, infinite where one is not a number: none of them is a small error.
pub(crate) fn largest(values: impl Iterator<Item = f64>) -> f64 {
    values.fold(0.0, |m, v| {
        if v.is_nan() {
            f64::INFINITY
        } else {
            m.max(v.abs())
        }
    })
}

/// The same numbers in the same places, as a view of another layout.
pub(crate) fn turned<const D: usize>(x: Tensor<D>) -> Tensor<D> {
    let [first, last] = [0, D - 1];
    let copy = x.swap_dims(first, last) * 1.0;
    copy.swap_dims(first, last)
}

/// Whether `a` is finite where `b` is, and near it there: by `tolerance` of its largest finite number,
/// at least 1.
pub(crate) fn alike<const D: usize>(a: &Tensor<D>, b: &Tensor<D>, tolerance: f64) -> bool {
    assert_eq!(a.dims(), b.dims());
    let (a, b) = (values(a), values(b));
    let finite = b.iter().filter(|v| v.is_finite());
    let largest = finite.fold(1.0f64, |m, v| m.max(v.abs()));
    a.iter().zip(&b).all(|(a, b)| {
        if b.is_finite() {
            (a - b).abs() <= tolerance * largest
        } else {
            !a.is_finite()
        }
    })
}

/// `x` with other numbers in some places, tracked.
pub(crate) fn spoilt<const D: usize>(x: &Tensor<D>, spots: &[(usize, f64)]) -> Tensor<D> {
    let mut all = values(x);
    let count = all.len();
    for &(at, bad) in spots.iter().filter(|_| count > 0) {
        all[at % count] = bad;
    }
    let data = TensorData::new(all, x.dims());
    Tensor::from_data(data, (&x.device(), x.dtype())).require_grad()
}

/// Largest |∂L/∂x − difference quotient| ÷ largest |∂L/∂x|; L is any function of x.
pub(crate) fn slope_error<const D: usize>(
    x: &Tensor<D>,
    loss: impl Fn(Tensor<D>) -> Tensor<1>,
) -> f64 {
    let [apart, largest] = slope_gap(x, 1e-5, loss);
    apart / largest.max(1e-6)
}

/// Largest |∂L/∂x − (L(x + h) − L(x − h))/2h| and largest |∂L/∂x|, h = `step`.
pub(crate) fn slope_gap<const D: usize>(
    x: &Tensor<D>,
    step: f64,
    loss: impl Fn(Tensor<D>) -> Tensor<1>,
) -> [f64; 2] {
    let gradient = values(&x.grad(&loss(x.clone()).backward()).unwrap());
    let base = values(x);
    let at = |i: usize, by: f64| {
        let mut moved = base.clone();
        moved[i] += by;
        let moved = Tensor::<D>::from_data(
            TensorData::new(moved, x.dims()),
            (&Device::flex().autodiff(), DType::F64),
        );
        values(&loss(moved))[0]
    };
    let apart = gradient.iter().enumerate().map(|(i, g)| {
        let quotient = (at(i, step) - at(i, -step)) / (2.0 * step);
        quotient - g
    });
    [largest(apart), largest(gradient.iter().copied())]
}

/// Runs on so many threads.
pub(crate) fn on_threads<R: Send>(threads: usize, f: impl FnOnce() -> R + Send) -> R {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
    pool.unwrap().install(f)
}

/// Site, direction, examples, moments, values.
pub(crate) type Record = (usize, Direction, usize, Moments, Option<Vec<f64>>);

/// Keeps what it is shown.
pub(crate) struct Keep {
    want: Want,
    pub(crate) seen: Mutex<Vec<Record>>,
}

impl Keep {
    pub(crate) fn new(want: Want) -> Arc<Self> {
        Arc::new(Self {
            want,
            seen: Mutex::default(),
        })
    }

    pub(crate) fn watch(self: &Arc<Self>, site: usize) -> Watch {
        Watch {
            site,
            sink: self.clone(),
        }
    }

    /// What was seen, and a clean start.
    pub(crate) fn take(&self) -> Vec<Record> {
        std::mem::take(&mut self.seen.lock().unwrap())
    }
}

impl Sink for Keep {
    fn want(&self, _: usize, _: Direction) -> Want {
        self.want
    }

    fn receive(
        &self,
        site: usize,
        direction: Direction,
        batch: usize,
        moments: Moments,
        view: Option<View<'_>>,
    ) {
        let values = view.map(|v| match v.values {
            crate::Slice::F32(s) => s.iter().map(|&x| f64::from(x)).collect(),
            crate::Slice::F64(s) => s.to_vec(),
        });
        let mut seen = self.seen.lock().unwrap();
        seen.push((site, direction, batch, moments, values));
    }
}

/// Whether two sets of records agree: sites, directions and values exactly, sums within rounding.
pub(crate) fn same_records(a: &[Record], b: &[Record], tolerance: f64) {
    assert_eq!(a.len(), b.len());
    for b in b {
        let a = a.iter().find(|a| (a.0, a.1) == (b.0, b.1)).unwrap();
        assert_eq!((a.2, a.3.count), (b.2, b.3.count));
        let near = |x: f64, y: f64, size: f64| {
            assert!(
                (x - y).abs() <= tolerance * size.max(1e-12),
                "{x}, not {y}: {a:?} {b:?}"
            );
        };
        let size = b.3.max_abs * b.3.count as f64;
        // Of gradients it is not taken.
        assert_eq!(a.3.sum.is_nan(), b.3.sum.is_nan());
        if !b.3.sum.is_nan() {
            near(a.3.sum, b.3.sum, size);
        }
        near(a.3.sum_squares, b.3.sum_squares, size * b.3.max_abs);
        near(a.3.max_abs, b.3.max_abs, b.3.max_abs);
        assert_eq!(a.4.is_some(), b.4.is_some());
        for (x, y) in a.4.iter().flatten().zip(b.4.iter().flatten()) {
            near(*x, *y, b.3.max_abs);
        }
    }
}
