//! What the tests of the kernels share.
#![allow(clippy::unwrap_used)]

use crate::{Direction, Moments, Sink, View, Want, Watch};
use burn::tensor::{DType, Device, Tensor, TensorData};
use std::sync::{Arc, Mutex};

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
    let largest = b.iter().fold(floor, |m, v| m.max(v.abs()));
    let apart = a
        .iter()
        .zip(&b)
        .fold(0.0f64, |m, (a, b)| m.max((a - b).abs()));
    apart / largest
}

/// Largest |∂L/∂x − difference quotient| ÷ largest |∂L/∂x|; L is any function of x.
pub(crate) fn slope_error<const D: usize>(
    x: &Tensor<D>,
    loss: impl Fn(Tensor<D>) -> Tensor<1>,
) -> f64 {
    let gradient = values(&x.grad(&loss(x.clone()).backward()).unwrap());
    let largest = gradient.iter().fold(1e-6f64, |m, v| m.max(v.abs()));
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
    let step = 1e-5;
    let apart = gradient.iter().enumerate().map(|(i, g)| {
        let quotient = (at(i, step) - at(i, -step)) / (2.0 * step);
        (quotient - g).abs()
    });
    apart.fold(0.0, f64::max) / largest
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
        near(a.3.sum, b.3.sum, size);
        near(a.3.sum_squares, b.3.sum_squares, size * b.3.max_abs);
        near(a.3.max_abs, b.3.max_abs, b.3.max_abs);
        assert_eq!(a.4.is_some(), b.4.is_some());
        for (x, y) in a.4.iter().flatten().zip(b.4.iter().flatten()) {
            near(*x, *y, b.3.max_abs);
        }
    }
}
