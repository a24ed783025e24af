//! Values against closed forms, derivatives against finite differences, ends against limits.

use super::Activation;

pub(crate) const ALL: [Activation; 16] = [
    Activation::Identity,
    Activation::Sigmoid,
    Activation::HardSigmoid,
    Activation::Tanh,
    Activation::ScaledTanh {
        output: 1.7159,
        input: 2.0 / 3.0,
    },
    Activation::Softsign,
    Activation::Softplus,
    Activation::Relu,
    Activation::LeakyRelu { slope: 0.25 },
    Activation::Elu { alpha: 1.0 },
    Activation::Celu { alpha: 0.5 },
    Activation::Selu,
    Activation::Gelu,
    Activation::Silu,
    Activation::Mish,
    Activation::Exponential,
];

#[test]
fn derivatives_agree_with_central_differences() {
    let mut failing = Vec::new();
    for phi in ALL {
        for i in -60..=60 {
            let x = f64::from(i) * 0.17 + 0.013;
            let h = 1e-4;
            // Fourth order: h⁴ f⁗ and ε/h are both near 1e-12.
            let difference = |f: &dyn Fn(f64) -> f64| {
                (8.0 * (f(x + h) - f(x - h)) - (f(x + 2.0 * h) - f(x - 2.0 * h))) / (12.0 * h)
            };
            let pairs = [
                (phi.derivative(x), difference(&|x| phi.value(x))),
                (phi.second_derivative(x), difference(&|x| phi.derivative(x))),
            ];
            for (exact, approximate) in pairs {
                if (exact - approximate).abs() > 1e-9 * exact.abs().max(1.0) {
                    failing.push((phi.name(), x, exact, approximate));
                }
            }
        }
    }
    assert!(failing.is_empty(), "{failing:?}");
}

#[test]
fn values_agree_with_references() {
    struct Case(Activation, f64, f64);
    // mpmath 1.3.0, mp.dps = 25.
    let cases = [
        Case(Activation::Sigmoid, -40.0, 4.248_354_255_291_589e-18),
        Case(Activation::Sigmoid, 1.5, 0.817_574_476_193_643_7),
        Case(Activation::Tanh, 0.3, 0.291_312_612_451_590_9),
        Case(Activation::Softsign, -3.0, -0.75),
        Case(Activation::Softplus, -30.0, 9.357_622_968_839_737e-14),
        Case(Activation::Softplus, 2.0, 2.126_928_011_042_972_5),
        Case(Activation::Elu { alpha: 1.0 }, -1e-9, -9.999_999_995e-10),
        Case(
            Activation::Celu { alpha: 0.5 },
            -1.3,
            -0.462_863_210_892_833_06,
        ),
        Case(
            Activation::Celu { alpha: 2.0 },
            -1.3,
            -0.955_908_446_477_967_9,
        ),
        Case(
            Activation::ScaledTanh {
                output: 1.7159,
                input: 2.0 / 3.0,
            },
            0.8,
            0.837_230_477_728_304_6,
        ),
        Case(Activation::Selu, -1.0, -1.111_330_737_812_562_8),
        Case(Activation::Gelu, -6.0, -5.919_525_870_226_189e-9),
        Case(Activation::Gelu, 1.0, 0.841_344_746_068_542_9),
        Case(Activation::Silu, -20.0, -4.122_307_236_380_407e-8),
        Case(Activation::Mish, 1.0, 0.865_098_388_267_310_3),
        Case(Activation::Mish, -20.0, -4.122_307_240_628_761e-8),
    ];
    let mut failing = Vec::new();
    for Case(phi, x, expected) in cases {
        let value = phi.value(x);
        if (value / expected - 1.0).abs() > 1e-14 {
            failing.push((phi.name(), x, value, expected));
        }
    }
    assert!(failing.is_empty(), "{failing:?}");
}

/// What a saturating activation goes to.
fn ceiling(phi: Activation) -> f64 {
    match phi {
        Activation::ScaledTanh { output, .. } => output,
        _ => 1.0,
    }
}

#[test]
fn large_inputs_meet_their_limits_and_nan_passes() {
    let mut failing = Vec::new();
    for phi in ALL {
        let finite_below = phi.homogeneous().is_none_or(|(below, _)| below == 0.0);
        for x in [-1e3, -1e308, f64::NEG_INFINITY] {
            if (finite_below && !phi.value(x).is_finite())
                || !phi.derivative(x).is_finite()
                || phi.second_derivative(x).abs() > 1e-8
            {
                failing.push((phi.name(), x));
            }
        }
        for x in [1e3, 1e308, f64::INFINITY] {
            let fine = phi == Activation::Exponential
                || (phi.derivative(x).is_finite()
                    && phi.second_derivative(x).abs() < 1e-8
                    && if phi.saturating() {
                        (phi.value(x) - ceiling(phi)).abs() < 2e-3 && phi.derivative(x) < 1e-5
                    } else {
                        phi.value(x) / x == 1.0 || x.is_infinite() || phi == Activation::Selu
                    });
            if !fine {
                failing.push((phi.name(), x));
            }
        }
        if !(phi.value(f64::NAN).is_nan()
            && phi.derivative(f64::NAN).is_nan()
            && phi.second_derivative(f64::NAN).is_nan())
        {
            failing.push((phi.name(), f64::NAN));
        }
    }
    assert!(failing.is_empty(), "{failing:?}");
}

#[test]
fn the_largest_slope_is_reached_and_not_exceeded() {
    for phi in ALL.into_iter().filter(|p| *p != Activation::Exponential) {
        let seen = (-400_000..400_000)
            .map(|i| phi.derivative(f64::from(i) * 1e-4).abs())
            .fold(0.0, f64::max);
        let bound = phi.max_slope();
        assert!(
            seen <= bound + 1e-15 && seen > bound - 1e-8,
            "{}: {seen} against {bound}",
            phi.name()
        );
    }
}

#[test]
fn jumps_at_kinks_are_those_of_the_derivative() {
    for phi in ALL {
        for kink in phi.kinks() {
            let jump = phi.derivative(kink.at + 1e-12) - phi.derivative(kink.at - 1e-12);
            assert!((jump - kink.jump).abs() < 1e-10, "{} {kink:?}", phi.name());
        }
    }
}
