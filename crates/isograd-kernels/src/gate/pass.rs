//! The passes over slices.

use crate::Moments;
use crate::pieces::{BLOCK, each, made, merged};
use crate::real::Real;
use crate::width::widths;

/// Numbers that one thread takes at a time; below that, threads cost more than they bring.
const GRAIN: usize = 1 << 17;

/// What is computed block by block.
pub(super) trait Gated: Real {
    fn mix(h: &[Self], t: &[Self], x: &[Self], y: &mut [Self]);
    /// The gradients of h, t and x, of that of the output.
    fn part(of: [&[Self]; 4], to: [&mut [Self]; 3]);
}

macro_rules! gated {
    ($T:ty, $mix:ident, $mix_portable:ident, $part:ident, $part_portable:ident) => {
        widths! {
            fn $mix, $mix_portable(h: &[$T], t: &[$T], x: &[$T], y: &mut [$T]) {
                for (((y, h), t), x) in y.iter_mut().zip(h).zip(t).zip(x) {
                    *y = x + t * (h - x);
                }
            }
        }

        widths! {
            fn $part, $part_portable(of: [&[$T]; 4], to: [&mut [$T]; 3]) {
                let [h, t, x, d] = of;
                let [dh, dt, dx] = to;
                let to = dh.iter_mut().zip(dt).zip(dx);
                let of = h.iter().zip(t).zip(x).zip(d);
                for (((dh, dt), dx), (((h, t), x), d)) in to.zip(of) {
                    *dh = d * t;
                    *dt = d * (h - x);
                    *dx = d - *dh;
                }
            }
        }

        impl Gated for $T {
            fn mix(h: &[Self], t: &[Self], x: &[Self], y: &mut [Self]) {
                $mix(h, t, x, y);
            }

            fn part(of: [&[Self]; 4], to: [&mut [Self]; 3]) {
                $part(of, to);
            }
        }
    };
}

gated!(f32, mix_f32, mix_f32_portable, part_f32, part_f32_portable);
gated!(f64, mix_f64, mix_f64_portable, part_f64, part_f64_portable);

/// x + t·(h − x) of `[h, t, x]`, and with `look` its moments.
pub(super) fn forward<T: Gated>([h, t, x]: [&[T]; 3], look: bool) -> (Vec<T>, Moments) {
    let (y, parts) = made(x.len(), [GRAIN, BLOCK], |at, y, seen: &mut Moments| {
        let at = at..at + y.len();
        T::mix(&h[at.clone()], &t[at.clone()], &x[at], y);
        if look {
            *seen = seen.merged(T::moments(y));
        }
    });
    (y, merged(parts))
}

/// The gradients of `[h, t, x]`, and with `look` the moments of `d`.
pub(super) fn backward<T: Gated>(
    [h, t, x]: [&[T]; 3],
    d: &[T],
    look: bool,
) -> ([Vec<T>; 3], Moments) {
    let [mut dh, mut dt, mut dx] = [(); 3].map(|()| vec![T::default(); d.len()]);
    let pieces = dh.chunks_mut(GRAIN).zip(dt.chunks_mut(GRAIN));
    let pieces = pieces.zip(dx.chunks_mut(GRAIN)).enumerate();
    let parts = each(pieces, |(i, ((dh, dt), dx))| {
        let mut seen = Moments::default();
        let blocks = dh.chunks_mut(BLOCK).zip(dt.chunks_mut(BLOCK));
        for (j, ((dh, dt), dx)) in blocks.zip(dx.chunks_mut(BLOCK)).enumerate() {
            let at = i * GRAIN + j * BLOCK;
            let at = at..at + dh.len();
            if look {
                seen = seen.merged(T::sizes(&d[at.clone()]));
            }
            let of = [&h[at.clone()], &t[at.clone()], &x[at.clone()], &d[at]];
            T::part(of, [dh, dt, dx]);
        }
        seen
    });
    ([dh, dt, dx], merged(parts))
}
