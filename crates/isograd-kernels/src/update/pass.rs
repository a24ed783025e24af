//! The passes over slices: the rule chosen once, then one loop, compiled for wider vector units.

use super::state::Kept;
use super::{Norms, Rule, Update};
use crate::fold::fold;
use crate::moments::{SHORT, held};
use crate::real::Real;
use crate::threads::wake;
use crate::width::widths;
use std::ops::{Add, Div, Mul, Sub};

/// Elements that one thread takes at a time; below that, threads cost more than they bring.
const GRAIN: usize = 1 << 15;

/// Elements of one turn of the loop.
const LANES: usize = 16;

/// [`Real`] with what a step needs.
pub(super) trait Number:
    Real + Add<Output = Self> + Sub<Output = Self> + Mul<Output = Self> + Div<Output = Self>
{
    fn root(self) -> Self;

    /// The numbers of a state, where they are of this type.
    fn kept(kept: &mut Kept) -> Option<&mut [Self]>;
    /// The way back.
    fn keep(numbers: Vec<Self>) -> Kept;

    /// One step of slices of the same length; sums of squares.
    fn step(by: &Update, slices: Slices<'_, Self>, measure: bool) -> Sums;
}

/// What one step reads and writes; what the rule does not keep is empty.
pub(super) struct Slices<'a, T> {
    weights: &'a mut [T],
    gradient: &'a [T],
    kept: [&'a mut [T]; 2],
}

/// Σw² before the step, ΣΔw² and Σg².
type Sums = [f64; 3];

/// Steps slices of any length.
pub(super) fn update<T: Number>(
    by: &Update,
    weights: &mut [T],
    gradient: &[T],
    kept: [&mut [T]; 2],
    measure: bool,
) -> Norms {
    assert_eq!(weights.len(), gradient.len(), "size of the gradient");
    for (slot, kept) in kept.iter().enumerate() {
        let wanted = if slot < by.rule.slots() {
            weights.len()
        } else {
            0
        };
        assert_eq!(kept.len(), wanted, "size of the state");
    }
    let slices = Slices {
        weights,
        gradient,
        kept,
    };
    let [weights, moved, mut squares] = split(by, slices, measure);
    if measure && !held(squares, gradient.len()) {
        squares = T::sizes(gradient).sum_squares;
    }
    Norms {
        weights: weights.sqrt(),
        moved: moved.sqrt(),
        gradient: squares.sqrt(),
    }
}

/// Halves until a thread can take the rest: the same parts for any number of threads.
fn split<T: Number>(by: &Update, slices: Slices<'_, T>, measure: bool) -> Sums {
    let elements = slices.weights.len();
    if elements <= GRAIN {
        return T::step(by, slices, measure);
    }
    let middle = elements.div_ceil(2 * GRAIN) * GRAIN;
    let (weights, weights_behind) = slices.weights.split_at_mut(middle);
    let (gradient, gradient_behind) = slices.gradient.split_at(middle);
    let [first, second] = slices.kept.map(|kept| {
        let middle = middle.min(kept.len());
        kept.split_at_mut(middle)
    });
    let front = Slices {
        weights,
        gradient,
        kept: [first.0, second.0],
    };
    let behind = Slices {
        weights: weights_behind,
        gradient: gradient_behind,
        kept: [first.1, second.1],
    };
    wake();
    let (a, b) = rayon::join(|| split(by, front, measure), || split(by, behind, measure));
    std::array::from_fn(|i| a[i] + b[i])
}

/// The rule picked, its constants in the type of the numbers.
#[inline(always)]
fn step<T: Number>(by: &Update, slices: Slices<'_, T>, measure: bool) -> Sums {
    let Slices {
        weights,
        gradient,
        kept: [first, second],
    } = slices;
    let [rate, factor, decay, keep] = [by.rate, by.factor, by.decay, by.keep].map(T::of);
    // Nothing is added where there is no decay: an infinite weight times 0 is NaN.
    let decayed = by.decay != 0.0;
    let slope = |w: T, g: T| {
        let g = g * factor;
        if decayed { g + w * decay } else { g }
    };
    match by.rule {
        Rule::Plain => run(weights, gradient, [], keep, measure, |w, g, []| {
            slope(w, g) * rate
        }),
        Rule::Momentum { momentum, nesterov } => {
            let momentum = T::of(momentum);
            run(weights, gradient, [first], keep, measure, |w, g, [v]| {
                let g = slope(w, g);
                *v = momentum * *v + g;
                let ahead = if nesterov { g + momentum * *v } else { *v };
                ahead * rate
            })
        }
        Rule::Adam {
            beta1,
            beta2,
            epsilon,
            bias1,
            bias2,
        } => {
            let [new1, new2] = [T::of(1.0 - beta1), T::of((1.0 - beta2).sqrt())];
            let [rate, scale] = [T::of(by.rate / bias1), T::of(bias2.sqrt().recip())];
            let [beta1, beta2, epsilon] = [beta1, beta2, epsilon].map(T::of);
            run(
                weights,
                gradient,
                [first, second],
                keep,
                measure,
                |w, g, [m, v]| {
                    let g = slope(w, g);
                    // Both are read before one is written: in small parameters they lie a whole number
                    // of pages apart, and a processor takes the second for what was just written.
                    let before = [*m, *v];
                    let first = beta1 * before[0] + new1 * g;
                    // (g·√(1 − β))² overflows later than g²·(1 − β).
                    let root = new2 * g;
                    let second = beta2 * before[1] + root * root;
                    [*m, *v] = [first, second];
                    (rate * first) / (second.root() * scale + epsilon)
                },
            )
        }
    }
}

/// w ← keep·w − Δ(w, g, state), element by element.
#[inline(always)]
fn run<T: Number, const S: usize>(
    weights: &mut [T],
    gradient: &[T],
    state: [&mut [T]; S],
    keep: T,
    measure: bool,
    step: impl Fn(T, T, [&mut T; S]) -> T,
) -> Sums {
    if measure {
        turns::<T, S, true>(weights, gradient, state, keep, step)
    } else {
        turns::<T, S, false>(weights, gradient, state, keep, step)
    }
}

/// With `M`, squares of the weights before, the steps and the gradient are added up in the registers that
/// they are in, those of the gradient in its own precision first, as [`Moments`](crate::Moments) has it.
#[inline(always)]
fn turns<T: Number, const S: usize, const M: bool>(
    weights: &mut [T],
    gradient: &[T],
    mut state: [&mut [T]; S],
    keep: T,
    step: impl Fn(T, T, [&mut T; S]) -> T,
) -> Sums {
    // One array a sum: of arrays that are picked at run time the compiler makes memory.
    let [mut sums, mut moved, mut squares] = [[0.0f64; LANES]; 3];
    let (turns, rest) = weights.as_chunks_mut::<LANES>();
    let (slopes, slopes_rest) = gradient.as_chunks::<LANES>();
    let all = turns.len() * LANES;
    for first in (0..turns.len()).step_by(SHORT) {
        let end = (first + SHORT).min(turns.len());
        let mut short = [T::default(); LANES];
        let mut state = state.each_mut().map(|kept| {
            let (kept, _) = kept.as_chunks_mut::<LANES>();
            &mut kept[first..end]
        });
        let (turns, slopes) = (&mut turns[first..end], &slopes[first..end]);
        for turn in 0..end - first {
            let (weights, slopes) = (&mut turns[turn], &slopes[turn]);
            let mut state = state.each_mut().map(|kept| &mut kept[turn]);
            for lane in 0..LANES {
                let now = state.each_mut().map(|kept| &mut kept[lane]);
                let (before, slope) = (weights[lane], slopes[lane]);
                let step = step(before, slope, now);
                weights[lane] = keep * before - step;
                if M {
                    sums[lane] += before.wide() * before.wide();
                    moved[lane] += step.wide() * step.wide();
                    short[lane] += slope * slope;
                }
            }
        }
        for (sum, short) in squares.iter_mut().zip(short) {
            *sum += short.wide();
        }
    }
    for (lane, (weight, &slope)) in rest.iter_mut().zip(slopes_rest).enumerate() {
        let now = state.each_mut().map(|kept| &mut kept[all + lane]);
        let before = *weight;
        let step = step(before, slope, now);
        *weight = keep * before - step;
        if M {
            sums[lane] += before.wide() * before.wide();
            moved[lane] += step.wide() * step.wide();
            squares[lane] += slope.wide() * slope.wide();
        }
    }
    [sums, moved, squares].map(fold)
}

widths! {
    fn step_f32, step_f32_portable(by: &Update, slices: Slices<'_, f32>, measure: bool) -> Sums {
        step(by, slices, measure)
    }
}

widths! {
    fn step_f64, step_f64_portable(by: &Update, slices: Slices<'_, f64>, measure: bool) -> Sums {
        step(by, slices, measure)
    }
}

macro_rules! number {
    ($float:ty, $kept:ident, $step:ident) => {
        impl Number for $float {
            #[inline(always)]
            fn root(self) -> Self {
                self.sqrt()
            }

            fn kept(kept: &mut Kept) -> Option<&mut [Self]> {
                match kept {
                    Kept::$kept(numbers) => Some(numbers),
                    _ => None,
                }
            }

            fn keep(numbers: Vec<Self>) -> Kept {
                Kept::$kept(numbers)
            }

            fn step(by: &Update, slices: Slices<'_, Self>, measure: bool) -> Sums {
                $step(by, slices, measure)
            }
        }
    };
}

number!(f32, Single, step_f32);
number!(f64, Double, step_f64);
