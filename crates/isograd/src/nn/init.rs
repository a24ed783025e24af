//! Initial values of parameters, drawn in `f64` from a keyed stream.

use super::orthogonal::{at_centre, identity, orthogonal};
use isograd_core::describe::Op;
use isograd_core::describe::network::Init;
use isograd_core::random::Stream;
use rand::RngExt as _;
use rand_distr::{Distribution as _, StandardNormal};

/// Standard deviation of a standard normal variable truncated at ±2:
/// √(1 − 4φ(2)/(2Φ(2) − 1)). Keras divides by it so that the variance after truncation is the one
/// asked for (`keras/initializers`, `VarianceScaling`).
const STD_OF_TRUNCATED: f64 = 0.879_625_661_034_239_8;

/// Truncated normals end at so many standard deviations, as in TensorFlow and Keras.
const TRUNCATED_AT: f64 = 2.0;

/// How many numbers enter and leave one unit of a layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fans {
    /// Inputs of one output unit: in, or (in/groups)·kh·kw for a convolution.
    pub fan_in: usize,
    /// Outputs that one input unit reaches: out, or (out/groups)·kh·kw for a convolution (PyTorch
    /// counts all filters, also where groups keep them apart).
    pub fan_out: usize,
}

/// The fans of an operation with a weight matrix or kernel; `None` for all others.
pub fn fans(op: &Op) -> Option<Fans> {
    match *op {
        Op::Dense { inputs, units, .. } => Some(Fans {
            fan_in: inputs,
            fan_out: units,
        }),
        Op::Conv2d {
            inputs,
            filters,
            kernel: [height, width],
            groups,
            ..
        } => Some(Fans {
            fan_in: inputs / groups * height * width,
            fan_out: filters / groups * height * width,
        }),
        Op::Conv1d {
            inputs,
            filters,
            kernel,
            groups,
            ..
        } => Some(Fans {
            fan_in: inputs / groups * kernel,
            fan_out: filters / groups * kernel,
        }),
        Op::Attention { features, .. }
        | Op::Positions { features, .. }
        | Op::Queries { features, .. } => Some(Fans {
            fan_in: features,
            fan_out: features,
        }),
        Op::Embedding {
            vocabulary, size, ..
        } => Some(Fans {
            fan_in: vocabulary,
            fan_out: size,
        }),
        _ => None,
    }
}

/// Initial values of a parameter of `shape`, row-major, drawn from `stream`; `fans` are those of its
/// layer (a bias has the fans of the weights beside it).
///
/// Truncated normals are drawn by rejection, so the values are exact and the number of draws is
/// random: give every parameter a stream of its own.
pub fn sample(init: &Init, shape: &[usize], fans: Fans, stream: &mut Stream) -> Vec<f64> {
    let count = shape.iter().product();
    // A fan of zero has no parameters to draw.
    let fan_in = fans.fan_in.max(1) as f64;
    let fan_mean = (fans.fan_in + fans.fan_out).max(1) as f64 / 2.0;
    match *init {
        Init::GlorotUniform { gain } => scaled_uniform(gain / fan_mean.sqrt(), count, stream),
        Init::GlorotNormal { gain, truncated } => {
            scaled_normal(gain / fan_mean.sqrt(), truncated, count, stream)
        }
        Init::HeUniform { gain } => scaled_uniform(gain * (2.0 / fan_in).sqrt(), count, stream),
        Init::HeNormal { gain, truncated } => {
            scaled_normal(gain * (2.0 / fan_in).sqrt(), truncated, count, stream)
        }
        Init::LecunUniform { gain } => scaled_uniform(gain / fan_in.sqrt(), count, stream),
        Init::LecunNormal { gain, truncated } => {
            scaled_normal(gain / fan_in.sqrt(), truncated, count, stream)
        }
        Init::TorchDefault => {
            let limit = fan_in.sqrt().recip();
            uniform(-limit, limit, count, stream)
        }
        Init::Uniform { min, max } => uniform(min, max, count, stream),
        Init::Normal { mean, std } => normal(mean, std, count, stream),
        Init::TruncatedNormal { mean, std } => truncated_normal(mean, std, count, stream),
        Init::Orthogonal { gain } => {
            let (rows, columns) = matrix(shape);
            orthogonal(rows, columns, gain, stream)
        }
        Init::DeltaOrthogonal { gain } => {
            let draw = |rows, columns| orthogonal(rows, columns, gain, stream);
            at_centre(&kernel(shape), draw)
        }
        Init::Identity { gain } => at_centre(&kernel(shape), |rows, columns| {
            identity(rows, columns, gain)
        }),
        // What a batch makes of it comes later; a plan leaves no critical weights.
        Init::Lsuv { .. } | Init::Critical { .. } => {
            let (rows, columns) = matrix(shape);
            orthogonal(rows, columns, 1.0, stream)
        }
        Init::Constant { value } => vec![value; count],
        // `Init` may grow; a variant without a rule here is a mistake of this crate.
        ref other => unreachable!("no sampling rule for {other:?}"),
    }
}

/// The matrix that a parameter is: of a kernel, filters × the rest.
fn matrix(shape: &[usize]) -> (usize, usize) {
    match shape {
        [] => (1, 1),
        [rows, rest @ ..] => (*rows, rest.iter().product()),
    }
}

/// At least two dimensions.
fn kernel(shape: &[usize]) -> Vec<usize> {
    match shape {
        [] => vec![1, 1],
        [rows] => vec![*rows, 1],
        _ => shape.to_vec(),
    }
}

/// U(±√3·std), whose standard deviation is `std`.
fn scaled_uniform(std: f64, count: usize, stream: &mut Stream) -> Vec<f64> {
    let limit = 3f64.sqrt() * std;
    uniform(-limit, limit, count, stream)
}

/// A normal with standard deviation `std`, also after truncation.
fn scaled_normal(std: f64, truncated: bool, count: usize, stream: &mut Stream) -> Vec<f64> {
    if truncated {
        truncated_normal(0.0, std / STD_OF_TRUNCATED, count, stream)
    } else {
        normal(0.0, std, count, stream)
    }
}

fn uniform(min: f64, max: f64, count: usize, stream: &mut Stream) -> Vec<f64> {
    (0..count)
        .map(|_| min + (max - min) * stream.random::<f64>())
        .collect()
}

fn normal(mean: f64, std: f64, count: usize, stream: &mut Stream) -> Vec<f64> {
    (0..count)
        .map(|_| mean + std * standard_normal(stream))
        .collect()
}

fn truncated_normal(mean: f64, std: f64, count: usize, stream: &mut Stream) -> Vec<f64> {
    let mut draw = || {
        loop {
            let z = standard_normal(stream);
            if z.abs() <= TRUNCATED_AT {
                return mean + std * z;
            }
        }
    };
    (0..count).map(|_| draw()).collect()
}

fn standard_normal(stream: &mut Stream) -> f64 {
    StandardNormal.sample(stream)
}

#[cfg(test)]
mod tests {
    use super::*;
    use isograd_core::random::{Purpose, stream};

    const FANS: Fans = Fans {
        fan_in: 128,
        fan_out: 512,
    };
    const SHAPE: [usize; 2] = [128, 512];

    fn draw(init: &Init, path: &str) -> Vec<f64> {
        sample(init, &SHAPE, FANS, &mut stream(7, Purpose::Init, path, 0))
    }

    #[test]
    fn parameters_are_independent_and_repeatable() {
        let init = Init::HeNormal {
            gain: 1.0,
            truncated: true,
        };
        let (a, b) = (draw(&init, "dense1.weight"), draw(&init, "dense2.weight"));
        assert_eq!(a, draw(&init, "dense1.weight"));
        // The correlation of n independent pairs has deviation 1/√n.
        let n = a.len() as f64;
        let product: f64 = a.iter().zip(&b).map(|(x, y)| x * y).sum::<f64>() / n;
        let correlation = product / 0.125f64.powi(2);
        assert!(correlation.abs() < 4.0 / n.sqrt(), "{correlation}");
    }

    #[test]
    fn fans_count_the_kernel() {
        let dense = Op::Dense {
            inputs: 3,
            units: 5,
            init: Init::ZEROS,
            bias: None,
        };
        let conv = Op::Conv2d {
            inputs: 3,
            filters: 8,
            kernel: [5, 2],
            stride: [1, 1],
            padding: [0; 4],
            dilation: [1, 1],
            groups: 1,
            init: Init::ZEROS,
            bias: None,
        };
        assert_eq!(
            fans(&dense),
            Some(Fans {
                fan_in: 3,
                fan_out: 5
            })
        );
        assert_eq!(
            fans(&conv),
            Some(Fans {
                fan_in: 30,
                fan_out: 80
            })
        );
        assert_eq!(fans(&Op::Flatten), None);
    }
}
