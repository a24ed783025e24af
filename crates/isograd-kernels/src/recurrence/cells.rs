//! One step of one example: what is beside the matrix products, forward and backward.

use super::number::Number;

/// `sum` becomes the state.
#[inline(always)]
pub(super) fn rnn<T: Number>(relu: bool, sum: &mut [T]) {
    if relu {
        for x in sum {
            // NaN stays NaN.
            *x = if *x < T::ZERO { T::ZERO } else { *x };
        }
    } else {
        for x in sum {
            *x = x.tanh();
        }
    }
}

/// `slope` is ∂L/∂h and becomes ∂L/∂(sum).
#[inline(always)]
pub(super) fn rnn_backward<T: Number>(relu: bool, state: &[T], slope: &mut [T]) {
    for (slope, &h) in slope.iter_mut().zip(state) {
        *slope = if !relu {
            *slope * (T::ONE - h * h)
        } else if h <= T::ZERO {
            // A unit that is off passes nothing, whatever arrives.
            T::ZERO
        } else {
            *slope
        };
    }
}

/// `gates` are r, z before σ and the input's share of n, `inner` is W h + d;
/// n = tanh(n + r·inner), h = n + z·(h − n).
#[inline(always)]
pub(super) fn gru<T: Number>(gates: &mut [T], inner: &[T], state: &mut [T]) {
    let units = state.len();
    let (reset, rest) = gates.split_at_mut(units);
    let (keep, new) = rest.split_at_mut(units);
    let (new, inner) = (&mut new[..units], &inner[..units]);
    for k in 0..units {
        let r = reset[k].sigmoid();
        let z = keep[k].sigmoid();
        let n = (new[k] + r * inner[k]).tanh();
        reset[k] = r;
        keep[k] = z;
        new[k] = n;
        state[k] = n + z * (state[k] - n);
    }
}

/// What a step of a GRU leaves for its backward pass.
pub(super) struct Gru<'a, T> {
    /// r, z, n.
    pub(super) gates: &'a [T],
    /// W h + d of the candidate.
    pub(super) inner: &'a [T],
    /// The state before the step.
    pub(super) before: &'a [T],
}

/// `through` is ∂L/∂h and becomes what passes to the state before beside the matrix; `slopes` become
/// those of n, r, z before their functions, and of `inner`.
#[inline(always)]
pub(super) fn gru_backward<T: Number>(saved: &Gru<'_, T>, through: &mut [T], slopes: &mut [T]) {
    let units = through.len();
    let (reset, rest) = saved.gates.split_at(units);
    let (keep, new) = rest.split_at(units);
    let (new, inner, before) = (&new[..units], &saved.inner[..units], &saved.before[..units]);
    let (to_new, rest) = slopes.split_at_mut(units);
    let (to_reset, rest) = rest.split_at_mut(units);
    let (to_keep, to_inner) = rest.split_at_mut(units);
    let to_inner = &mut to_inner[..units];
    for k in 0..units {
        let (r, z, n, g) = (reset[k], keep[k], new[k], through[k]);
        let dn = g * (T::ONE - z) * (T::ONE - n * n);
        to_new[k] = dn;
        to_inner[k] = dn * r;
        to_reset[k] = dn * inner[k] * r * (T::ONE - r);
        to_keep[k] = g * (before[k] - n) * z * (T::ONE - z);
        through[k] = g * z;
    }
}

/// `gates` are i, f, g, o before their functions; c = f·c + i·g.
#[inline(always)]
pub(super) fn lstm_cell<T: Number>(gates: &mut [T], cell: &mut [T]) {
    let units = cell.len();
    let (add, rest) = gates.split_at_mut(units);
    let (keep, rest) = rest.split_at_mut(units);
    let (new, out) = rest.split_at_mut(units);
    let out = &mut out[..units];
    for k in 0..units {
        let i = add[k].sigmoid();
        let f = keep[k].sigmoid();
        let g = new[k].tanh();
        add[k] = i;
        keep[k] = f;
        new[k] = g;
        out[k] = out[k].sigmoid();
        cell[k] = f * cell[k] + i * g;
    }
}

/// h = o·tanh u, u the cell or what a normalisation makes of it.
#[inline(always)]
pub(super) fn lstm_state<T: Number>(out: &[T], u: &[T], state: &mut [T]) {
    for ((state, &o), &u) in state.iter_mut().zip(out).zip(u) {
        *state = o * u.tanh();
    }
}

/// `state` is ∂L/∂h; `to_out` becomes the slope of o before its function, `u` becomes ∂L/∂u.
#[inline(always)]
pub(super) fn lstm_state_backward<T: Number>(
    out: &[T],
    state: &[T],
    u: &mut [T],
    to_out: &mut [T],
) {
    let units = state.len();
    let (out, u, to_out) = (&out[..units], &mut u[..units], &mut to_out[..units]);
    for k in 0..units {
        let (g, o, t) = (state[k], out[k], u[k].tanh());
        to_out[k] = g * t * o * (T::ONE - o);
        u[k] = g * o * (T::ONE - t * t);
    }
}

/// `cell` is ∂L/∂c and becomes that of the cell `before`; `slopes` become those of i, f, g before
/// their functions.
#[inline(always)]
pub(super) fn lstm_cell_backward<T: Number>(
    gates: &[T],
    before: &[T],
    cell: &mut [T],
    slopes: &mut [T],
) {
    let units = cell.len();
    let (add, rest) = gates.split_at(units);
    let (keep, new) = rest.split_at(units);
    let (new, before) = (&new[..units], &before[..units]);
    let (to_add, rest) = slopes.split_at_mut(units);
    let (to_keep, to_new) = rest.split_at_mut(units);
    let to_new = &mut to_new[..units];
    for k in 0..units {
        let (i, f, g, dc) = (add[k], keep[k], new[k], cell[k]);
        to_add[k] = dc * g * i * (T::ONE - i);
        to_keep[k] = dc * before[k] * f * (T::ONE - f);
        to_new[k] = dc * i * (T::ONE - g * g);
        cell[k] = dc * f;
    }
}

/// Lanes of a sum, in a fixed order.
const LANES: usize = 16;

#[inline(always)]
fn sum<T: Number>(values: impl ExactSizeIterator<Item = T>) -> T {
    let mut lanes = [T::ZERO; LANES];
    for (k, value) in values.enumerate() {
        lanes[k % LANES] += value;
    }
    let mut all = T::ZERO;
    for lane in lanes {
        all += lane;
    }
    all
}

/// `x` becomes x̂ of mean 0 and variance 1; 1/√(variance + ε) comes back.
#[inline(always)]
pub(super) fn normalise<T: Number>(x: &mut [T]) -> T {
    let share = T::of(1.0 / x.len().max(1) as f64);
    let mean = sum(x.iter().copied()) * share;
    let variance = sum(x.iter().map(|&x| (x - mean) * (x - mean))) * share;
    let inverse = (variance + T::of(EPSILON)).inverse_root();
    for x in x {
        *x = (*x - mean) * inverse;
    }
    inverse
}

/// `d` is ∂L/∂x̂ and becomes ∂L/∂x.
#[inline(always)]
pub(super) fn normalise_backward<T: Number>(hat: &[T], inverse: T, d: &mut [T]) {
    let hat = &hat[..d.len()];
    let share = T::of(1.0 / d.len().max(1) as f64);
    let mean = sum(d.iter().copied()) * share;
    let along = sum(d.iter().zip(hat).map(|(&d, &h)| d * h)) * share;
    for (d, &hat) in d.iter_mut().zip(hat) {
        *d = inverse * (*d - mean - hat * along);
    }
}

/// Added to a variance.
const EPSILON: f64 = 1e-5;
