//! What normalisations compute with: the loops of single precision compiled for wide vector units.

use super::batch::loops::{self as batch, Maps, Runs};
use super::rows::{Rows, loops as rows};
use crate::curve::Curved;
use crate::width::widths;
use std::ops::{Add, Mul, Sub};

/// [`Curved`] with the loops of a normalisation.
pub(super) trait Number:
    Curved + Add<Output = Self> + Sub<Output = Self> + Mul<Output = Self> + Loops
{
}

impl Number for f32 {}

impl Number for f64 {}

/// The loops, compiled for this type.
pub(super) trait Loops: Sized {
    fn statistics(x: &[Self], runs: Runs, origin: &[Self], sums: &mut [f64]);
    fn apply(x: &[Self], runs: Runs, maps: Maps<'_, Self>, y: &mut [Self]);
    fn products(d: &[Self], x: &[Self], runs: Runs, mean: &[Self], sums: &mut [f64]);
    fn gradient(d: &mut [Self], x: &[Self], runs: Runs, maps: Maps<'_, Self>, slope: &[Self]);
    fn rows(
        x: &[Self],
        how: Rows,
        first: usize,
        maps: [&[Self]; 2],
        y: &mut [Self],
        statistics: &mut [Self],
    );
    fn rows_gradient(
        d: &mut [Self],
        x: &[Self],
        how: Rows,
        first: usize,
        statistics: &[Self],
        gamma: &[Self],
        sums: [&mut [Self]; 2],
    );
}

/// One loop, in the widest form that the processor has.
macro_rules! compiled {
    ($name:ident = $loop:path, ($($argument:ident: $of:ty),*)) => {
        fn $name($($argument: $of),*) {
            widths! {
                fn wide, portable($($argument: $of),*) {
                    $loop($($argument),*);
                }
            }
            wide($($argument),*);
        }
    };
}

/// Makes [`Loops`] of a type.
macro_rules! loops {
    ($T:ty) => {
        impl Loops for $T {
            compiled!(
                statistics = batch::statistics,
                (x: &[$T], runs: Runs, origin: &[$T], sums: &mut [f64])
            );
            compiled!(apply = batch::apply, (x: &[$T], runs: Runs, maps: Maps<'_, $T>, y: &mut [$T]));
            compiled!(
                products = batch::products,
                (d: &[$T], x: &[$T], runs: Runs, mean: &[$T], sums: &mut [f64])
            );
            compiled!(
                gradient = batch::gradient,
                (d: &mut [$T], x: &[$T], runs: Runs, maps: Maps<'_, $T>, slope: &[$T])
            );
            compiled!(
                rows = rows::rows,
                (
                    x: &[$T],
                    how: Rows,
                    first: usize,
                    maps: [&[$T]; 2],
                    y: &mut [$T],
                    statistics: &mut [$T]
                )
            );
            compiled!(
                rows_gradient = rows::rows_gradient,
                (
                    d: &mut [$T],
                    x: &[$T],
                    how: Rows,
                    first: usize,
                    statistics: &[$T],
                    gamma: &[$T],
                    sums: [&mut [$T]; 2]
                )
            );
        }
    };
}

loops!(f32);
loops!(f64);
