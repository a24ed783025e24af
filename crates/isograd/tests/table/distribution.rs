//! Drawn parameters against the exact distribution of their definition.
//!
//! The error is the largest of three statistics, each over its critical value, so that the bound is
//! 1: mean and variance against four of their standard errors, and Kolmogorov's distance against
//! 1.95/√n. Seeds are fixed: a pass stays a pass.

use super::item::{Bound, Item, Reading};
use burn::module::{Module as _, ModuleVisitor, Param};
use burn::tensor::{DType, Device, Tensor};
use isograd::nn::Build;
use isograd_core::describe::{DataShape, Document, Shape, Task};
use statrs::distribution::{ContinuousCDF as _, Normal};
use std::path::Path;

/// Inputs and units of the dense layer that is drawn.
pub(crate) const FAN_IN: usize = 128;
pub(crate) const FAN_OUT: usize = 512;

/// P(D > 1.95/√n) = 2·exp(−2·1.95²) ≈ 1e-3 (Kolmogorov's asymptotic distribution).
pub(crate) const KOLMOGOROV: f64 = 1.95;

/// The standard errors that a mean or a variance may be off.
const ERRORS: f64 = 4.0;

/// Standard deviation of a standard normal variable truncated at ±2.
pub(crate) fn std_of_truncated() -> f64 {
    Law::Truncated(0.0, 1.0).moments().1
}

/// The exact distribution of an initialisation, from its published definition.
#[derive(Clone, Copy)]
pub(crate) enum Law {
    Uniform(f64, f64),
    /// Mean, standard deviation.
    Normal(f64, f64),
    /// Mean, deviation before truncation at ±2 of it.
    Truncated(f64, f64),
}

impl Law {
    /// U(±limit).
    pub(crate) fn within(limit: f64) -> Self {
        Self::Uniform(-limit, limit)
    }

    fn cdf(&self, x: f64) -> f64 {
        let phi = |z: f64| Normal::standard().cdf(z);
        match *self {
            Self::Uniform(min, max) => ((x - min) / (max - min)).clamp(0.0, 1.0),
            Self::Normal(mean, std) => phi((x - mean) / std),
            Self::Truncated(mean, std) => {
                let z = ((x - mean) / std).clamp(-2.0, 2.0);
                (phi(z) - phi(-2.0)) / (phi(2.0) - phi(-2.0))
            }
        }
    }

    /// Mean, standard deviation and fourth central moment over the squared variance.
    fn moments(&self) -> (f64, f64, f64) {
        match *self {
            Self::Uniform(min, max) => (f64::midpoint(min, max), (max - min) / 12f64.sqrt(), 1.8),
            Self::Normal(mean, std) => (mean, std, 3.0),
            Self::Truncated(mean, std) => {
                // E z² = 1 − c·a and E z⁴ = 3 − c·(a³ + 3a), with a = 2, c = 2φ(a)/(2Φ(a) − 1).
                let density = (-2.0f64).exp() / (2.0 * std::f64::consts::PI).sqrt();
                let c = 2.0 * density / (2.0 * Normal::standard().cdf(2.0) - 1.0);
                let (second, fourth) = (1.0 - 2.0 * c, 3.0 - 14.0 * c);
                (mean, std * second.sqrt(), fourth / (second * second))
            }
        }
    }

    /// The largest statistic of these values over its critical value.
    pub(crate) fn test(&self, values: &mut [f64]) -> f64 {
        let n = values.len() as f64;
        let (mean, std, kurtosis) = self.moments();
        let got_mean = values.iter().sum::<f64>() / n;
        let got_variance = values.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n;
        let of_mean = (got_mean - mean).abs() / (ERRORS * std / n.sqrt());
        let sigma = std * std * ((kurtosis - 1.0) / n).sqrt();
        let of_variance = (got_variance - std * std).abs() / (ERRORS * sigma);
        values.sort_by(f64::total_cmp);
        let distance = values.iter().enumerate().fold(0.0f64, |d, (i, &x)| {
            let f = self.cdf(x);
            d.max((f - i as f64 / n).abs())
                .max(((i + 1) as f64 / n - f).abs())
        });
        let of_distance = distance / (KOLMOGOROV / n.sqrt());
        of_mean.max(of_variance).max(of_distance)
    }
}

/// A dense layer of 128 inputs and 512 units with this initialisation (TOML).
pub(crate) fn distribution(name: &str, init: &'static str, law: Law) -> Item {
    Item {
        family: "init",
        name: name.to_owned(),
        source: "exact law, statistic ÷ critical value".to_owned(),
        bound: Bound {
            single: 1.0,
            double: 1.0,
        },
        describes: init.to_owned(),
        check: Box::new(move || {
            Ok(vec![Reading {
                at: format!("{} weights of {init}", FAN_IN * FAN_OUT),
                precision: "f64",
                error: law.test(&mut weights(init)?),
            }])
        }),
    }
}

/// The weights that an initialisation (TOML) draws.
pub(crate) fn weights(init: &str) -> Result<Vec<f64>, String> {
    let text = format!(
        "[data]\nsource = \"blobs\"\n[network]\nlayers = [{{ dense = {FAN_OUT}, bias = false, init = {init} }}]\n\
         [train]\nloss = \"mse\"\noptimizer = \"sgd\"\n"
    );
    let document = Document::parse(&text, Path::new("case.toml")).map_err(|e| e.to_string())?;
    let shape = DataShape {
        input: Shape::Flat(FAN_IN),
        task: Task::Regression { targets: FAN_OUT },
        examples: 1,
    };
    let plan = document.plan(&shape).map_err(|e| e.to_string())?;
    let build = Build {
        dtype: DType::F64,
        ..Build::new(seed(init), Device::flex())
    };
    let mut all = All(Vec::new());
    build.network(&plan).visit(&mut all);
    if all.0.len() == FAN_IN * FAN_OUT {
        Ok(all.0)
    } else {
        Err(format!("{} weights", all.0.len()))
    }
}

/// A seed of its own for every initialisation (Fowler, Noll and Vo's hash).
fn seed(init: &str) -> u64 {
    init.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

/// Every number of a module.
struct All(Vec<f64>);

impl ModuleVisitor for All {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        self.0.extend(param.val().into_data().iter::<f64>());
    }
}

/// A scale that is off by three in a hundred is found.
pub(crate) fn a_wrong_scale_is_found() {
    let limit = (6.0 / FAN_IN as f64).sqrt();
    let of =
        |factor: f64| Law::within(factor * limit).test(&mut weights("\"he_uniform\"").unwrap());
    assert!(of(1.0) < 1.0, "{}", of(1.0));
    assert!(of(1.03) > 1.0 && of(0.97) > 1.0);
}
