//! One step of one example: what follows the matrix products, forward and backward.

use crate::curve::float;
use crate::width::widths;
use std::ops::{Add, AddAssign, Mul, Sub};

/// What a recurrence computes with. The functions below come in a form for wide vector units in
/// single precision.
pub(super) trait Number:
    Copy
    + Default
    + PartialOrd
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + AddAssign
    + Send
    + Sync
    + 'static
{
    const ONE: Self;

    fn sigmoid(self) -> Self;
    fn tanh(self) -> Self;

    fn rnn_forward(relu: bool, sum: &mut [Self]);
    fn rnn_backward(relu: bool, state: &[Self], slope: &mut [Self]);
    fn gru_forward(gates: &mut [Self], inner: &[Self], state: &mut [Self]);
    fn gru_backward(saved: &Gru<'_, Self>, through: &mut [Self], slopes: &mut [Self]);
    fn lstm_forward(gates: &mut [Self], cell: &mut [Self], state: &mut [Self]);
    fn lstm_backward(
        saved: &Lstm<'_, Self>,
        state: &[Self],
        cell: &mut [Self],
        slopes: &mut [Self],
    );
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

/// What a step of an LSTM leaves for its backward pass.
pub(super) struct Lstm<'a, T> {
    /// i, f, g, o.
    pub(super) gates: &'a [T],
    /// The cell after the step.
    pub(super) cell: &'a [T],
    /// The cell before it.
    pub(super) before: &'a [T],
}

/// `sum` becomes the state.
#[inline(always)]
fn rnn_forward<T: Number>(relu: bool, sum: &mut [T]) {
    if relu {
        for x in sum {
            // NaN stays NaN.
            *x = if *x < T::default() { T::default() } else { *x };
        }
    } else {
        for x in sum {
            *x = x.tanh();
        }
    }
}

/// `slope` is ∂L/∂h and becomes ∂L/∂(sum).
#[inline(always)]
fn rnn_backward<T: Number>(relu: bool, state: &[T], slope: &mut [T]) {
    for (slope, &h) in slope.iter_mut().zip(state) {
        let factor = if relu {
            if h > T::default() {
                T::ONE
            } else {
                T::default()
            }
        } else {
            T::ONE - h * h
        };
        *slope = *slope * factor;
    }
}

/// `gates` are r, z and the input's share of n before their functions, `inner` is W h + d;
/// r = σ, z = σ, n = tanh(n + r·inner), h = n + z·(h − n).
#[inline(always)]
fn gru_forward<T: Number>(gates: &mut [T], inner: &[T], state: &mut [T]) {
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

/// `through` is ∂L/∂h and becomes what passes to the state before beside the matrix; `slopes` become
/// those of n, r, z before their functions, and of `inner`.
#[inline(always)]
fn gru_backward<T: Number>(saved: &Gru<'_, T>, through: &mut [T], slopes: &mut [T]) {
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

/// `gates` are i, f, g, o before their functions; c = f·c + i·g, h = o·tanh c.
#[inline(always)]
fn lstm_forward<T: Number>(gates: &mut [T], cell: &mut [T], state: &mut [T]) {
    let units = state.len();
    let (add, rest) = gates.split_at_mut(units);
    let (keep, rest) = rest.split_at_mut(units);
    let (new, out) = rest.split_at_mut(units);
    let (out, cell) = (&mut out[..units], &mut cell[..units]);
    for k in 0..units {
        let i = add[k].sigmoid();
        let f = keep[k].sigmoid();
        let g = new[k].tanh();
        let o = out[k].sigmoid();
        let c = f * cell[k] + i * g;
        add[k] = i;
        keep[k] = f;
        new[k] = g;
        out[k] = o;
        cell[k] = c;
        state[k] = o * c.tanh();
    }
}

/// `state` is ∂L/∂h; `cell` is ∂L/∂c that comes from later steps and becomes that of the cell
/// before; `slopes` become those of i, f, g, o before their functions.
#[inline(always)]
fn lstm_backward<T: Number>(saved: &Lstm<'_, T>, state: &[T], cell: &mut [T], slopes: &mut [T]) {
    let units = state.len();
    let (add, rest) = saved.gates.split_at(units);
    let (keep, rest) = rest.split_at(units);
    let (new, out) = rest.split_at(units);
    let (out, after, before) = (&out[..units], &saved.cell[..units], &saved.before[..units]);
    let cell = &mut cell[..units];
    let (to_add, rest) = slopes.split_at_mut(units);
    let (to_keep, rest) = rest.split_at_mut(units);
    let (to_new, to_out) = rest.split_at_mut(units);
    let to_out = &mut to_out[..units];
    for k in 0..units {
        let (i, f, g, o) = (add[k], keep[k], new[k], out[k]);
        let t = after[k].tanh();
        let dc = cell[k] + state[k] * o * (T::ONE - t * t);
        to_out[k] = state[k] * t * o * (T::ONE - o);
        to_add[k] = dc * g * i * (T::ONE - i);
        to_keep[k] = dc * before[k] * f * (T::ONE - f);
        to_new[k] = dc * i * (T::ONE - g * g);
        cell[k] = dc * f;
    }
}

impl Number for f64 {
    const ONE: Self = 1.0;

    fn sigmoid(self) -> Self {
        1.0 / (1.0 + (-self).exp())
    }

    fn tanh(self) -> Self {
        self.tanh()
    }

    fn rnn_forward(relu: bool, sum: &mut [Self]) {
        rnn_forward(relu, sum);
    }

    fn rnn_backward(relu: bool, state: &[Self], slope: &mut [Self]) {
        rnn_backward(relu, state, slope);
    }

    fn gru_forward(gates: &mut [Self], inner: &[Self], state: &mut [Self]) {
        gru_forward(gates, inner, state);
    }

    fn gru_backward(saved: &Gru<'_, Self>, through: &mut [Self], slopes: &mut [Self]) {
        gru_backward(saved, through, slopes);
    }

    fn lstm_forward(gates: &mut [Self], cell: &mut [Self], state: &mut [Self]) {
        lstm_forward(gates, cell, state);
    }

    fn lstm_backward(
        saved: &Lstm<'_, Self>,
        state: &[Self],
        cell: &mut [Self],
        slopes: &mut [Self],
    ) {
        lstm_backward(saved, state, cell, slopes);
    }
}

widths! {
    fn rnn_forward_wide, rnn_forward_portable(relu: bool, sum: &mut [f32]) {
        rnn_forward(relu, sum);
    }
}

widths! {
    fn rnn_backward_wide, rnn_backward_portable(relu: bool, state: &[f32], slope: &mut [f32]) {
        rnn_backward(relu, state, slope);
    }
}

widths! {
    fn gru_forward_wide, gru_forward_portable(gates: &mut [f32], inner: &[f32], state: &mut [f32]) {
        gru_forward(gates, inner, state);
    }
}

widths! {
    fn gru_backward_wide, gru_backward_portable(
        saved: &Gru<'_, f32>, through: &mut [f32], slopes: &mut [f32]
    ) {
        gru_backward(saved, through, slopes);
    }
}

widths! {
    fn lstm_forward_wide, lstm_forward_portable(
        gates: &mut [f32], cell: &mut [f32], state: &mut [f32]
    ) {
        lstm_forward(gates, cell, state);
    }
}

widths! {
    fn lstm_backward_wide, lstm_backward_portable(
        saved: &Lstm<'_, f32>, state: &[f32], cell: &mut [f32], slopes: &mut [f32]
    ) {
        lstm_backward(saved, state, cell, slopes);
    }
}

impl Number for f32 {
    const ONE: Self = 1.0;

    #[inline(always)]
    fn sigmoid(self) -> Self {
        float::sigmoid(self)
    }

    #[inline(always)]
    fn tanh(self) -> Self {
        float::tanh(self)
    }

    fn rnn_forward(relu: bool, sum: &mut [Self]) {
        rnn_forward_wide(relu, sum);
    }

    fn rnn_backward(relu: bool, state: &[Self], slope: &mut [Self]) {
        rnn_backward_wide(relu, state, slope);
    }

    fn gru_forward(gates: &mut [Self], inner: &[Self], state: &mut [Self]) {
        gru_forward_wide(gates, inner, state);
    }

    fn gru_backward(saved: &Gru<'_, Self>, through: &mut [Self], slopes: &mut [Self]) {
        gru_backward_wide(saved, through, slopes);
    }

    fn lstm_forward(gates: &mut [Self], cell: &mut [Self], state: &mut [Self]) {
        lstm_forward_wide(gates, cell, state);
    }

    fn lstm_backward(
        saved: &Lstm<'_, Self>,
        state: &[Self],
        cell: &mut [Self],
        slopes: &mut [Self],
    ) {
        lstm_backward_wide(saved, state, cell, slopes);
    }
}
