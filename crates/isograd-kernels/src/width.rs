//! The same loop compiled for wider vector units, chosen when the program runs.

/// What this processor can do.
#[cfg(target_arch = "x86_64")]
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Width {
    Portable,
    Avx2,
    Avx512,
}

/// What this processor can do, found out once.
#[cfg(target_arch = "x86_64")]
pub(crate) fn width() -> Width {
    use std::sync::OnceLock;
    static WIDTH: OnceLock<Width> = OnceLock::new();
    *WIDTH.get_or_init(|| {
        if is_x86_feature_detected!("avx512f")
            && is_x86_feature_detected!("avx512vl")
            && is_x86_feature_detected!("avx512dq")
            && is_x86_feature_detected!("avx512bw")
        {
            Width::Avx512
        } else if is_x86_feature_detected!("avx2") {
            Width::Avx2
        } else {
            Width::Portable
        }
    })
}

/// Makes two functions of a loop: the first picks the widest form of it that this processor has, the
/// second is the form for every processor. What the loop calls must be `#[inline(always)]`.
macro_rules! widths {
    (fn $name:ident, $portable:ident($($argument:ident: $type:ty),*) $(-> $result:ty)? $body:block) => {
        #[inline(always)]
        fn $portable($($argument: $type),*) $(-> $result)? $body

        #[allow(unsafe_code)]
        fn $name($($argument: $type),*) $(-> $result)? {
            #[cfg(target_arch = "x86_64")]
            #[target_feature(enable = "avx2")]
            fn avx2($($argument: $type),*) $(-> $result)? {
                $portable($($argument),*)
            }

            #[cfg(target_arch = "x86_64")]
            #[target_feature(enable = "avx512f,avx512vl,avx512dq,avx512bw")]
            fn avx512($($argument: $type),*) $(-> $result)? {
                $portable($($argument),*)
            }

            #[cfg(target_arch = "x86_64")]
            match $crate::width::width() {
                // SAFETY: the processor has AVX-512 F, VL, DQ and BW: `width` has asked it.
                $crate::width::Width::Avx512 => unsafe { avx512($($argument),*) },
                // SAFETY: the processor has AVX2: `width` has asked it.
                $crate::width::Width::Avx2 => unsafe { avx2($($argument),*) },
                $crate::width::Width::Portable => $portable($($argument),*),
            }
            #[cfg(not(target_arch = "x86_64"))]
            $portable($($argument),*)
        }
    };
}
pub(crate) use widths;
