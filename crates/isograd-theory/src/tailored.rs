//! Activations made to measure for a depth (Martens et al. 2021, "deep kernel shaping"; Zhang et
//! al. 2022, "tailoring activation transformations").
//!
//! Where sums are normalised and every layer keeps q = 1, a network maps the correlation c of two
//! inputs by its C map, which is made of those of its activations. A deep network of ReLUs takes
//! every c to 1 and forgets its input; these activations are chosen so that the whole network has
//! one given C map value or slope, whatever its depth.

use crate::map::Layer;
use crate::{Activation, Gaussian};

/// How the activations that are tailored together lie in the network.
#[derive(Clone, Debug, PartialEq)]
pub enum Path {
    /// One of them.
    Activation,
    /// One after another.
    Chain(Vec<Path>),
    /// x + F(x): `share` of the variance of the sum is that of F, the rest that of x.
    Sum {
        /// F.
        body: Vec<Path>,
        /// Var\[F\]/(Var\[x\] + Var\[F\]).
        share: f64,
    },
}

impl Path {
    /// `count` activations one after another.
    pub fn plain(count: usize) -> Self {
        Self::Chain(vec![Self::Activation; count])
    }

    /// What `start` becomes, and the farthest that it comes on the way, when `local` is applied at
    /// every activation: a subnetwork may end inside the body of a sum.
    fn run(&self, start: f64, local: &impl Fn(f64) -> f64, farthest: &mut impl FnMut(f64)) -> f64 {
        match self {
            Self::Activation => {
                let value = local(start);
                farthest(value);
                value
            }
            Self::Chain(parts) => all(parts, start, local, farthest),
            Self::Sum { body, share } => {
                let through = all(body, start, local, farthest);
                (1.0 - share) * start + share * through
            }
        }
    }

    /// The smallest 1 − C(0) over all subnetworks; every C map here is c or more, so it is reached
    /// by one that begins at the input.
    fn apart(&self, slope: f64) -> f64 {
        let layer = Layer {
            activation: Activation::LeakyRelu { slope },
            weight_variance: 2.0 / (1.0 + slope * slope),
            bias_variance: 0.0,
        };
        let mut least = 1.0_f64;
        self.run(1.0, &|apart| layer.apart(1.0, apart), &mut |a| {
            least = least.min(a);
        });
        least
    }

    /// The largest C′(1) over all subnetworks, when every activation has `local`.
    fn slope(&self, local: f64) -> f64 {
        let mut most = 1.0_f64;
        self.run(1.0, &|slope| slope * local, &mut |s| most = most.max(s));
        most
    }
}

fn all(
    parts: &[Path],
    start: f64,
    local: &impl Fn(f64) -> f64,
    farthest: &mut impl FnMut(f64),
) -> f64 {
    parts
        .iter()
        .fold(start, |value, part| part.run(value, local, farthest))
}

/// The leaky ReLU with which the C map of the network takes 0 to `eta` (Zhang et al. 2022, §4.1:
/// default 0.9), 0 < `eta` < 1. Its slope lies between 0 and 1; a network so shallow that ReLU
/// itself stays below `eta` gets slope 0. Weights of variance 2/((1 + slope²)·fan-in) belong to it.
pub fn leaky_relu(eta: f64, path: &Path) -> Activation {
    let wanted = 1.0 - eta;
    let slope = if path.apart(0.0) >= wanted {
        0.0
    } else {
        bisect(0.0, 1.0, |slope| path.apart(slope) < wanted)
    };
    Activation::LeakyRelu { slope }
}

/// output·tanh(input·x) that keeps q = 1 and with which the C map of the network has slope `zeta` at
/// c = 1 (Martens et al. 2021, §9: default 1.5), `zeta` > 1. Weights of variance 1/fan-in belong
/// to it.
pub fn tanh(zeta: f64, path: &Path) -> Activation {
    let input = bisect(1e-6, 1e3, |input| path.slope(scaled(input).0) < zeta);
    let (_, output) = scaled(input);
    Activation::ScaledTanh { output, input }
}

/// Slope of the C map at c = 1 of tanh(input·x), scaled to keep q = 1, and the scale.
fn scaled(input: f64) -> (f64, f64) {
    let law = Gaussian::centred(input * input);
    let square = Activation::Tanh.second_moment(law);
    let slope = input * input * Activation::Tanh.slope_square(law) / square;
    (slope, 1.0 / square.sqrt())
}

/// Where `below` turns from true to false.
fn bisect(mut low: f64, mut high: f64, below: impl Fn(f64) -> bool) -> f64 {
    loop {
        let middle = 0.5 * (low + high);
        if middle <= low || middle >= high {
            return middle;
        }
        if below(middle) {
            low = middle;
        } else {
            high = middle;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Path, leaky_relu, tanh};
    use crate::Activation;

    fn slope(eta: f64, path: &Path) -> f64 {
        match leaky_relu(eta, path) {
            Activation::LeakyRelu { slope } => slope,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn slopes_of_plain_networks_are_those_of_the_closed_form() {
        // Another program, from C(c) = c + (1−a)²/(π(1+a²))·(√(1−c²) − c·acos c).
        let table = [
            (10, 0.5, 0.450_05),
            (20, 0.5, 0.583_85),
            (20, 0.9, 0.181_38),
            (50, 0.5, 0.717_94),
            (50, 0.9, 0.430_52),
            (50, 0.95, 0.308_30),
            (100, 0.5, 0.792_70),
            (100, 0.9, 0.570_44),
            (100, 0.95, 0.476_33),
            (200, 0.9, 0.679_60),
            (1000, 0.9, 0.844_35),
            (1000, 0.95, 0.806_00),
            (10_000, 0.9, 0.948_13),
        ];
        for (depth, eta, expected) in table {
            let got = slope(eta, &Path::plain(depth));
            assert!((got - expected).abs() < 6e-6, "{depth}, {eta}: {got}");
        }
        // Ten ReLUs take 0 to 0.87154.
        assert_eq!(slope(0.9, &Path::plain(10)), 0.0);
    }

    #[test]
    fn tanh_of_plain_networks() {
        let table = [
            (10, 0.539_57, 2.274_94),
            (50, 0.313_31, 3.473_25),
            (100, 0.254_80, 4.161_06),
            (1000, 0.135_54, 7.510_54),
            (10_000, 0.074_88, 13.429_84),
        ];
        for (depth, alpha, gamma) in table {
            let Activation::ScaledTanh { output, input } = tanh(1.5, &Path::plain(depth)) else {
                panic!("not a tanh")
            };
            assert!((input - alpha).abs() < 6e-6, "{depth}: {input}");
            // γ falls as 1/α: five digits of α are four of γ.
            assert!((output / gamma - 1.0).abs() < 1e-5, "{depth}: {output}");
        }
    }

    #[test]
    fn a_sum_forgets_less_than_its_body() {
        let body = vec![Path::Activation; 2];
        let sum = |share| {
            Path::Chain(vec![
                Path::Sum {
                    body: body.clone(),
                    share,
                };
                25
            ])
        };
        // All of the variance from F: a plain network. None of it: only one body is a subnetwork.
        assert!((slope(0.9, &sum(1.0)) - slope(0.9, &Path::plain(50))).abs() < 1e-12);
        assert!((slope(0.5, &sum(0.0)) - slope(0.5, &Path::plain(2))).abs() < 1e-12);
        let half = slope(0.9, &sum(0.5));
        assert!(half > 0.0 && half < slope(0.9, &Path::plain(50)), "{half}");
        // By hand, the last body in full and half of each body before it.
        let local = |c: f64| {
            let a = half;
            c + (1.0 - a).powi(2) / (std::f64::consts::PI * (1.0 + a * a))
                * ((1.0 - c * c).sqrt() - c * c.acos())
        };
        let before = (0..24).fold(0.0, |c, _| 0.5 * c + 0.5 * local(local(c)));
        assert!((local(local(before)) - 0.9).abs() < 1e-12);
    }
}
