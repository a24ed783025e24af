//! What a recurrence computes with: every function of a step, in single precision in a form for wide
//! vector units.

use super::cells::{self, Gru};
use crate::curve::float;
use crate::real::Real;
use crate::width::widths;
use std::ops::{Add, Mul, Sub};

/// [`Real`] with what a step needs.
pub(super) trait Number:
    Real + PartialOrd + Add<Output = Self> + Sub<Output = Self> + Mul<Output = Self> + Step
{
    const ZERO: Self;

    fn sigmoid(self) -> Self;
    fn tanh(self) -> Self;
    fn inverse_root(self) -> Self;
}

impl Number for f64 {
    const ZERO: Self = 0.0;

    fn sigmoid(self) -> Self {
        1.0 / (1.0 + (-self).exp())
    }

    fn tanh(self) -> Self {
        self.tanh()
    }

    fn inverse_root(self) -> Self {
        self.sqrt().recip()
    }
}

impl Number for f32 {
    const ZERO: Self = 0.0;

    #[inline(always)]
    fn sigmoid(self) -> Self {
        float::sigmoid(self)
    }

    #[inline(always)]
    fn tanh(self) -> Self {
        float::tanh(self)
    }

    #[inline(always)]
    fn inverse_root(self) -> Self {
        self.sqrt().recip()
    }
}

/// Makes [`Step`] of the functions of [`cells`].
macro_rules! steps {
    ($(fn $name:ident, $portable:ident($($argument:ident: $single:ty => $any:ty),*) $(-> $result:ident)?;)+) => {
        /// The functions of [`cells`], compiled for this type.
        #[allow(missing_docs)]
        pub(super) trait Step: Sized {
            $(fn $name($($argument: $any),*) $(-> steps!(@result $result, Self))?;)+
        }

        $(widths! {
            fn $name, $portable($($argument: $single),*) $(-> steps!(@result $result, f32))? {
                cells::$name($($argument),*)
            }
        })+

        impl Step for f32 {
            $(fn $name($($argument: $single),*) $(-> steps!(@result $result, f32))? {
                $name($($argument),*)
            })+
        }

        steps!(@double $(fn $name($($argument: $any),*) $(-> $result)?;)+);
    };
    (@result T, $type:ty) => { $type };
    (@double $(fn $name:ident($($argument:ident: $any:ty),*) $(-> $result:ident)?;)+) => {
        impl Step for f64 {
            $(fn $name($($argument: $any),*) $(-> steps!(@result $result, f64))? {
                cells::$name($($argument),*)
            })+
        }
    };
}

steps! {
    fn rnn, rnn_portable(relu: bool => bool, sum: &mut [f32] => &mut [Self]);
    fn rnn_backward, rnn_backward_portable(relu: bool => bool, state: &[f32] => &[Self], slope: &mut [f32] => &mut [Self]);
    fn gru, gru_portable(gates: &mut [f32] => &mut [Self], inner: &[f32] => &[Self], state: &mut [f32] => &mut [Self]);
    fn gru_backward, gru_backward_portable(saved: &Gru<'_, f32> => &Gru<'_, Self>, through: &mut [f32] => &mut [Self], slopes: &mut [f32] => &mut [Self]);
    fn lstm_cell, lstm_cell_portable(gates: &mut [f32] => &mut [Self], cell: &mut [f32] => &mut [Self]);
    fn lstm_state, lstm_state_portable(out: &[f32] => &[Self], u: &[f32] => &[Self], state: &mut [f32] => &mut [Self]);
    fn lstm_state_backward, lstm_state_backward_portable(out: &[f32] => &[Self], state: &[f32] => &[Self], u: &mut [f32] => &mut [Self], to_out: &mut [f32] => &mut [Self]);
    fn lstm_cell_backward, lstm_cell_backward_portable(gates: &[f32] => &[Self], before: &[f32] => &[Self], cell: &mut [f32] => &mut [Self], slopes: &mut [f32] => &mut [Self]);
    fn normalise, normalise_portable(x: &mut [f32] => &mut [Self]) -> T;
    fn normalise_backward, normalise_backward_portable(hat: &[f32] => &[Self], inverse: f32 => Self, d: &mut [f32] => &mut [Self]);
}
