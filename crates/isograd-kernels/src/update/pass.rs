//! The passes over slices: the rule chosen once, then one loop, compiled for wider vector units.

use super::state::Kept;
use super::{Norms, Rule, Update};
use crate::fold::fold;
use crate::moments::held;
use crate::real::Real;
use crate::threads::wake;
use crate::width::widths;
use std::mem::MaybeUninit;
use std::ops::{Add, Div, Mul, Sub};

/// Elements that one thread takes at a time; below that, threads cost more than they bring.
const GRAIN: usize = 1 << 15;

/// Elements of one turn of the loop.
const LANES: usize = 16;

/// Turns whose squares are added up in the precision of the numbers first.
const RUN: usize = 32;

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
    let [weights, moved, gradient] = split(by, slices, measure).map(f64::sqrt);
    Norms {
        weights,
        moved,
        gradient,
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
    let [rate, factor, decay, keep] = [by.rate, by.factor, by.decay, by.keep].map(T::of);
    // Nothing is added where there is no decay: an infinite weight times 0 is NaN.
    let decayed = by.decay != 0.0;
    let slope = |w: T, g: T| {
        let g = g * factor;
        if decayed { g + w * decay } else { g }
    };
    match by.rule {
        Rule::Plain => run::<T, 0>(slices, keep, measure, |w, g, none| {
            (slope(w, g) * rate, none)
        }),
        Rule::Momentum { momentum, nesterov } => {
            let momentum = T::of(momentum);
            run::<T, 1>(slices, keep, measure, |w, g, [v, none]| {
                let g = slope(w, g);
                let v = momentum * v + g;
                let ahead = if nesterov { g + momentum * v } else { v };
                (ahead * rate, [v, none])
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
            run::<T, 2>(slices, keep, measure, |w, g, [m, v]| {
                let g = slope(w, g);
                let m = beta1 * m + new1 * g;
                // (g·√(1 − β))² overflows later than g²·(1 − β).
                let root = new2 * g;
                let v = beta2 * v + root * root;
                ((rate * m) / (v.root() * scale + epsilon), [m, v])
            })
        }
    }
}

/// w, state ← keep·w − Δ, state', where Δ, state' = step(w, g, state), element by element, for a rule that
/// keeps `S` slots.
#[inline(always)]
fn run<T: Number, const S: usize>(
    slices: Slices<'_, T>,
    keep: T,
    measure: bool,
    step: impl Fn(T, T, [T; 2]) -> (T, [T; 2]),
) -> Sums {
    if measure {
        turns::<T, S, true>(slices, keep, step)
    } else {
        turns::<T, S, false>(slices, keep, step)
    }
}

/// With `M`, squares of the weights before, the steps and the gradient are added up in the registers that
/// they are in.
#[inline(always)]
#[allow(unsafe_code)]
fn turns<T: Number, const S: usize, const M: bool>(
    slices: Slices<'_, T>,
    keep: T,
    step: impl Fn(T, T, [T; 2]) -> (T, [T; 2]),
) -> Sums {
    let Slices {
        weights,
        gradient,
        kept: [first, second],
    } = slices;
    let [mut sum, mut moved, mut squares] = [0.0; 3];
    // What the step leaves nowhere else, for a second look.
    let [mut olds, mut steps] = [[const { MaybeUninit::<[T; LANES]>::uninit() }; RUN]; 2];
    let mut none = [[T::default(); LANES]; 2];
    let (turns, rest) = weights.as_chunks_mut::<LANES>();
    let (slopes, slopes_rest) = gradient.as_chunks::<LANES>();
    let (firsts, first_rest) = first.as_chunks_mut::<LANES>();
    let (seconds, second_rest) = second.as_chunks_mut::<LANES>();
    for start in (0..turns.len()).step_by(RUN) {
        let end = (start + RUN).min(turns.len());
        // One array a sum: of arrays that are picked at run time the compiler makes memory.
        let [mut short, mut short_moved, mut short_squares] = [[T::default(); LANES]; 3];
        for turn in start..end {
            let [none_first, none_second] = &mut none;
            let old = olds[turn - start].write([T::default(); LANES]);
            let moves = steps[turn - start].write([T::default(); LANES]);
            one(
                &mut turns[turn],
                &slopes[turn],
                if S > 0 { &mut firsts[turn] } else { none_first },
                if S > 1 {
                    &mut seconds[turn]
                } else {
                    none_second
                },
                if M { Some((old, moves)) } else { None },
                keep,
                &step,
            );
            if M {
                for lane in 0..LANES {
                    short[lane] += old[lane] * old[lane];
                    short_moved[lane] += moves[lane] * moves[lane];
                    short_squares[lane] += slopes[turn][lane] * slopes[turn][lane];
                }
            }
        }
        if M {
            let run = ..end - start;
            // SAFETY: every turn of the run has written its own.
            let (olds, steps) =
                unsafe { (olds[run].assume_init_ref(), steps[run].assume_init_ref()) };
            sum += held_or_again(short, olds);
            moved += held_or_again(short_moved, steps);
            squares += held_or_again(short_squares, &slopes[start..end]);
        }
    }
    for (lane, (weight, &slope)) in rest.iter_mut().zip(slopes_rest).enumerate() {
        let kept = [&mut *first_rest, &mut *second_rest].map(|kept| kept.get_mut(lane));
        let known = kept.each_ref().map(|kept| kept.as_deref().copied());
        let old = *weight;
        let (step, new) = step(old, slope, known.map(Option::unwrap_or_default));
        *weight = keep * old - step;
        for (kept, new) in kept.into_iter().zip(new) {
            if let Some(kept) = kept {
                *kept = new;
            }
        }
        if M {
            sum += old.wide() * old.wide();
            moved += step.wide() * step.wide();
            squares += slope.wide() * slope.wide();
        }
    }
    [sum, moved, squares]
}

/// One turn. Arguments that the compiler knows to be apart: without that it keeps a form for numbers in one
/// place, and what is in registers here in memory for it.
#[inline(always)]
fn one<T: Number>(
    weights: &mut [T; LANES],
    slopes: &[T; LANES],
    first: &mut [T; LANES],
    second: &mut [T; LANES],
    mut seen: Option<(&mut [T; LANES], &mut [T; LANES])>,
    keep: T,
    step: &impl Fn(T, T, [T; 2]) -> (T, [T; 2]),
) {
    for lane in 0..LANES {
        let old = weights[lane];
        let (by, new) = step(old, slopes[lane], [first[lane], second[lane]]);
        // The weights first, so that all is read before something is written: in small parameters these
        // lie a whole number of pages apart, and a processor takes what is read for what was just written.
        weights[lane] = keep * old - by;
        [first[lane], second[lane]] = new;
        if let Some((olds, steps)) = &mut seen {
            olds[lane] = old;
            steps[lane] = by;
        }
    }
}

/// The sum of the squares of some numbers: that of `squares`, or once more where their own precision did
/// not hold them.
#[inline(always)]
fn held_or_again<T: Number>(squares: [T; LANES], numbers: &[[T; LANES]]) -> f64 {
    let sum = T::fold(squares).wide();
    if held(sum, LANES * numbers.len()) {
        return sum;
    }
    let mut squares = [0.0f64; LANES];
    for numbers in numbers {
        for (square, number) in squares.iter_mut().zip(numbers) {
            *square += number.wide() * number.wide();
        }
    }
    fold(squares)
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
