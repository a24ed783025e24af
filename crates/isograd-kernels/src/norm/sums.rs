//! Sums over stretches of memory, in double precision whatever the type, in an order that is the same on
//! every processor.

use super::number::Number;
pub(super) use crate::fold::fold;

/// Independent accumulators: enough for the widest vector units to be busy.
pub(super) const LANES: usize = 16;

/// Σ f(x, y) and Σ g(x, y) over two slices.
#[inline(always)]
pub(super) fn two_sums<T: Number>(x: &[T], y: &[T], f: impl Fn(T, T) -> [f64; 2]) -> [f64; 2] {
    let (mut a, mut b) = ([0.0f64; LANES], [0.0f64; LANES]);
    let (xs, x_rest) = x.as_chunks::<LANES>();
    let (ys, y_rest) = y.as_chunks::<LANES>();
    for (x, y) in xs.iter().zip(ys) {
        for lane in 0..LANES {
            let [p, q] = f(x[lane], y[lane]);
            a[lane] += p;
            b[lane] += q;
        }
    }
    for (lane, (&x, &y)) in x_rest.iter().zip(y_rest).enumerate() {
        let [p, q] = f(x, y);
        a[lane] += p;
        b[lane] += q;
    }
    [fold(a), fold(b)]
}

/// Σ (x − origin) and Σ (x − origin)².
#[inline(always)]
pub(super) fn shifted<T: Number>(x: &[T], origin: f64) -> [f64; 2] {
    two_sums(x, x, |x, _| {
        let c = x.wide() - origin;
        [c, c * c]
    })
}

/// max(v, 0) that keeps what is not a number.
#[inline(always)]
pub(super) fn not_below_zero(v: f64) -> f64 {
    if v < 0.0 { 0.0 } else { v }
}
