//! Growth of signal and gradient through residual blocks x + α·F(x) (Yang and Schoenholz 2017).

use crate::map::Layer;
use crate::{Activation, Gaussian};

/// Where φ stands in the branch F.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// F(x) = W φ(x) + b: the sum stays centred.
    ActivationFirst,
    /// F(x) = φ(W x + b): the means of φ add up coherently.
    WeightsFirst,
}

/// A residual block.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ResidualBlock {
    /// Weights, biases and φ of the branch.
    pub layer: Layer,
    /// α.
    pub scale: f64,
    /// Order within the branch.
    pub order: Order,
}

/// The signal on the skip path.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stream {
    /// Mean of an element.
    pub mean: f64,
    /// Second moment of an element.
    pub square: f64,
}

impl ResidualBlock {
    fn phi(self) -> Activation {
        self.layer.activation
    }

    /// The law that φ sees.
    fn law(self, x: Stream) -> Gaussian {
        match self.order {
            Order::ActivationFirst => Gaussian {
                mean: x.mean,
                variance: x.square - x.mean * x.mean,
            },
            Order::WeightsFirst => {
                Gaussian::centred(self.layer.weight_variance * x.square + self.layer.bias_variance)
            }
        }
    }

    /// The signal behind the block.
    pub fn forward(self, x: Stream) -> Stream {
        let law = self.law(x);
        let square = self.phi().second_moment(law);
        let power = self.scale * self.scale;
        match self.order {
            Order::ActivationFirst => Stream {
                mean: x.mean,
                square: x.square
                    + power * (self.layer.weight_variance * square + self.layer.bias_variance),
            },
            Order::WeightsFirst => {
                let mean = self.scale * self.phi().mean(law);
                Stream {
                    mean: x.mean + mean,
                    square: x.square + power * square + 2.0 * x.mean * mean,
                }
            }
        }
    }

    /// Growth of ‖δ‖² from behind the block to in front of it: 1 + α²χ₁. Leaves out the part of δ
    /// along the all-ones direction, which grows faster where φ has a mean and stands last.
    pub fn gradient_growth(self, x: Stream) -> f64 {
        let chi = self.layer.weight_variance * self.phi().slope_square(self.law(x));
        1.0 + self.scale * self.scale * chi
    }
}

#[cfg(test)]
mod tests {
    use super::{Order, ResidualBlock, Stream};
    use crate::{Activation, map::Layer};

    fn block(activation: Activation, weight_variance: f64, order: Order) -> ResidualBlock {
        ResidualBlock {
            layer: Layer {
                activation,
                weight_variance,
                bias_variance: 0.0,
            },
            scale: 1.0,
            order,
        }
    }

    const START: Stream = Stream {
        mean: 0.0,
        square: 1.0,
    };

    #[test]
    fn unscaled_relu_blocks_double_the_variance() {
        let he = block(Activation::Relu, 2.0, Order::ActivationFirst);
        let mut x = START;
        for l in 1..=40 {
            assert!((he.gradient_growth(x) - 2.0).abs() < 1e-14);
            x = he.forward(x);
            assert!((x.square / f64::powi(2.0, l) - 1.0).abs() < 1e-12);
        }
        // With α² = 1/L the growth over all blocks stays below e.
        let scaled = ResidualBlock {
            scale: (1.0_f64 / 40.0).sqrt(),
            ..he
        };
        let end = (0..40).fold(START, |x, _| scaled.forward(x));
        assert!(end.square < std::f64::consts::E && end.square > 2.6);
    }

    #[test]
    fn tanh_blocks_grow_slower_than_exponentially() {
        // Yang and Schoenholz 2017, §4: q ~ l and ln of the gradient ~ √l.
        let tanh = block(Activation::Tanh, 1.0, Order::ActivationFirst);
        let mut x = START;
        let mut ln = Vec::new();
        let mut sum = 0.0;
        for _ in 0..6400 {
            sum += tanh.gradient_growth(x).ln();
            x = tanh.forward(x);
            ln.push(sum);
        }
        // E tanh² = 1 − O(1/√q).
        let shortfall = 1.0 - x.square / 6400.0;
        assert!(shortfall > 0.0 && shortfall < 0.03, "{shortfall}");
        // Four times the depth, twice the logarithm.
        let ratio = (ln[6399] - ln[1599]) / (ln[1599] - ln[399]);
        assert!((ratio - 2.0).abs() < 0.1, "{ratio}");
    }

    #[test]
    fn means_add_up_where_the_activation_stands_last() {
        let last = block(Activation::Relu, 1.0, Order::WeightsFirst);
        let one = last.forward(START);
        // E φ = √(q/2π), E φ² = q/2.
        let mean = (0.5 / std::f64::consts::PI).sqrt();
        assert!((one.mean - mean).abs() < 1e-14 && (one.square - 1.5).abs() < 1e-14);
        let two = last.forward(one);
        let mean = (1.5 / std::f64::consts::TAU).sqrt();
        assert!((two.square - (2.25 + 2.0 * one.mean * mean)).abs() < 1e-14);
    }
}
