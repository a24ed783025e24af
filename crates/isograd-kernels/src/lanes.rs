//! Vector registers, for loops whose numbers have to stay in them.
//!
//! A compiler keeps a block of sums in registers only where it is told what they are. Products of
//! matrices and convolutions are such loops; [`crate::width`] is for all the others.

use crate::real::Real;

/// A vector register of numbers.
pub(crate) trait Lanes: Copy {
    /// What it holds.
    type Number: Real;
    /// How many of them.
    const COUNT: usize;
    /// Whether there are 32 registers and not 16.
    const MANY: bool;

    fn splat(x: Self::Number) -> Self;
    /// The first numbers of a slice.
    fn load(from: &[Self::Number]) -> Self;
    /// Overwrites the first numbers of a slice.
    fn store(self, to: &mut [Self::Number]);
    /// self · `factor` + `sum`, rounded once where the processor can.
    fn times_plus(self, factor: Self, sum: Self) -> Self;
}

/// A loop over registers, to be compiled for each kind of them: [`Wide::widest`] runs it. What it
/// calls must be `#[inline(always)]`.
pub(crate) trait Work<T> {
    fn run<X: Lanes<Number = T>>(self);
}

/// Numbers with registers.
pub(crate) trait Wide: Real {
    /// Runs `work` with the widest registers that this processor has.
    fn widest<W: Work<Self>>(work: W);

    /// With those that every processor has.
    #[cfg(test)]
    fn narrowest<W: Work<Self>>(work: W);
}

/// Registers of a loop that the compiler is left to vectorise: 16 bytes, which every processor has.
macro_rules! portable {
    ($float:ty, $count:literal) => {
        impl Lanes for [$float; $count] {
            type Number = $float;
            const COUNT: usize = $count;
            const MANY: bool = false;

            #[inline(always)]
            fn splat(x: $float) -> Self {
                [x; $count]
            }

            #[inline(always)]
            fn load(from: &[$float]) -> Self {
                let mut lanes = [0.0; $count];
                lanes.copy_from_slice(&from[..$count]);
                lanes
            }

            #[inline(always)]
            fn store(self, to: &mut [$float]) {
                to[..$count].copy_from_slice(&self);
            }

            #[inline(always)]
            fn times_plus(self, factor: Self, sum: Self) -> Self {
                std::array::from_fn(|i| sum[i] + self[i] * factor[i])
            }
        }
    };
}

portable!(f32, 4);
portable!(f64, 2);

#[cfg(target_arch = "x86_64")]
#[allow(unsafe_code)]
mod x86 {
    use super::{Lanes, Wide, Work};
    use crate::width::{Width, width};
    use std::arch::x86_64::{
        __m256, __m256d, __m512, __m512d, _mm256_fmadd_pd, _mm256_fmadd_ps, _mm256_loadu_pd,
        _mm256_loadu_ps, _mm256_set1_pd, _mm256_set1_ps, _mm256_storeu_pd, _mm256_storeu_ps,
        _mm512_fmadd_pd, _mm512_fmadd_ps, _mm512_loadu_pd, _mm512_loadu_ps, _mm512_set1_pd,
        _mm512_set1_ps, _mm512_storeu_pd, _mm512_storeu_ps,
    };

    /// These lanes are only used inside of [`avx2`] and [`avx512`].
    macro_rules! register {
        ($register:ty, $float:ty, $count:literal, $many:literal,
         $splat:ident, $load:ident, $store:ident, $times_plus:ident) => {
            impl Lanes for $register {
                type Number = $float;
                const COUNT: usize = $count;
                const MANY: bool = $many;

                #[inline(always)]
                fn splat(x: $float) -> Self {
                    // SAFETY: the processor has these registers.
                    unsafe { $splat(x) }
                }

                #[inline(always)]
                fn load(from: &[$float]) -> Self {
                    let from = &from[..$count];
                    // SAFETY: as many numbers are there, and the processor has these registers.
                    unsafe { $load(from.as_ptr()) }
                }

                #[inline(always)]
                fn store(self, to: &mut [$float]) {
                    let to = &mut to[..$count];
                    // SAFETY: as many numbers are there, and the processor has these registers.
                    unsafe { $store(to.as_mut_ptr(), self) }
                }

                #[inline(always)]
                fn times_plus(self, factor: Self, sum: Self) -> Self {
                    // SAFETY: the processor has these registers.
                    unsafe { $times_plus(self, factor, sum) }
                }
            }
        };
    }

    register!(
        __m512,
        f32,
        16,
        true,
        _mm512_set1_ps,
        _mm512_loadu_ps,
        _mm512_storeu_ps,
        _mm512_fmadd_ps
    );
    register!(
        __m512d,
        f64,
        8,
        true,
        _mm512_set1_pd,
        _mm512_loadu_pd,
        _mm512_storeu_pd,
        _mm512_fmadd_pd
    );
    register!(
        __m256,
        f32,
        8,
        false,
        _mm256_set1_ps,
        _mm256_loadu_ps,
        _mm256_storeu_ps,
        _mm256_fmadd_ps
    );
    register!(
        __m256d,
        f64,
        4,
        false,
        _mm256_set1_pd,
        _mm256_loadu_pd,
        _mm256_storeu_pd,
        _mm256_fmadd_pd
    );

    #[target_feature(enable = "avx2,fma")]
    fn avx2<X: Lanes, W: Work<X::Number>>(work: W) {
        work.run::<X>();
    }

    #[target_feature(enable = "avx512f,avx512vl,avx512dq,avx512bw,fma")]
    fn avx512<X: Lanes, W: Work<X::Number>>(work: W) {
        work.run::<X>();
    }

    macro_rules! wide {
        ($float:ty, $widest:ty, $wide:ty, $portable:ty) => {
            impl Wide for $float {
                fn widest<W: Work<Self>>(work: W) {
                    match width() {
                        // SAFETY: the processor has AVX-512 F, VL, DQ and BW: `width` has asked it;
                        // FMA is older and part of F.
                        Width::Avx512 => unsafe { avx512::<$widest, W>(work) },
                        // SAFETY: the processor has AVX2, as `width` says, and FMA.
                        Width::Avx2 if is_x86_feature_detected!("fma") => unsafe {
                            avx2::<$wide, W>(work)
                        },
                        Width::Avx2 | Width::Portable => work.run::<$portable>(),
                    }
                }

                #[cfg(test)]
                fn narrowest<W: Work<Self>>(work: W) {
                    work.run::<$portable>();
                }
            }
        };
    }

    wide!(f32, __m512, __m256, [f32; 4]);
    wide!(f64, __m512d, __m256d, [f64; 2]);
}

#[cfg(not(target_arch = "x86_64"))]
impl Wide for f32 {
    fn widest<W: Work<Self>>(work: W) {
        work.run::<[f32; 4]>();
    }

    #[cfg(test)]
    fn narrowest<W: Work<Self>>(work: W) {
        work.run::<[f32; 4]>();
    }
}

#[cfg(not(target_arch = "x86_64"))]
impl Wide for f64 {
    fn widest<W: Work<Self>>(work: W) {
        work.run::<[f64; 2]>();
    }

    #[cfg(test)]
    fn narrowest<W: Work<Self>>(work: W) {
        work.run::<[f64; 2]>();
    }
}
