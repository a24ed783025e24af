//! Pooling, under one assumption: two positions of one example are as correlated as two examples.

use super::backward::Backward;
use super::signal::{Form, Signal};
use isograd_theory::{Activation, Gaussian, normal};

/// Mean over windows of numbers: the part that positions share stays, the rest averages out.
/// `inverse` is the mean of 1/(numbers in a window).
pub(super) fn average(x: Signal, inverse: f64) -> (Signal, Backward) {
    let spread = x.spread * inverse;
    let out = Signal {
        mean: x.mean,
        square: x.square - x.spread + spread,
        spread,
        form: match x.form {
            Form::Gaussian => Form::Gaussian,
            _ => Form::Other,
        },
    };
    // Every δ is spread over its window in equal parts: their sum stays.
    (out, Backward::scaled(inverse, 1.0))
}

/// Maximum over windows of `count` numbers. The gradient goes whole to one of them. A maximum of
/// φ(xᵢ) is φ of the maximum where φ increases; that maximum is taken as Gaussian with its true
/// mean and variance.
pub(super) fn maximum(x: Signal, count: usize) -> (Signal, Backward) {
    let (phi, law, apart) = match x.form {
        Form::Activated { phi, law, apart } if increasing(phi) => (phi, law, apart),
        _ => (Activation::Identity, x.law(), x.apart()),
    };
    let apart = apart.min(1.0);
    let own = law.variance * apart;
    let top = normal::maximum_of(count);
    let spread = own * top.variance;
    let law = Gaussian {
        mean: law.mean + own.sqrt() * top.mean,
        variance: law.variance - own + spread,
    };
    let apart = if law.variance > 0.0 {
        spread / law.variance
    } else {
        0.0
    };
    let out = Signal {
        mean: phi.mean(law),
        square: phi.second_moment(law),
        spread: phi.half_square_difference(law, apart),
        form: Form::Activated { phi, law, apart },
    };
    (out, Backward::IDENTITY)
}

/// φ′ ≥ 0 everywhere.
fn increasing(phi: Activation) -> bool {
    match phi {
        Activation::Gelu | Activation::Silu | Activation::Mish => false,
        Activation::LeakyRelu { slope } => slope >= 0.0,
        Activation::Elu { alpha } => alpha >= 0.0,
        _ => true,
    }
}

/// A window that moves over rows and columns.
#[derive(Clone, Copy, Debug)]
pub(super) struct Window {
    /// Rows and columns of the input.
    pub size: [usize; 2],
    /// Rows and columns of the window.
    pub kernel: [usize; 2],
    /// Steps.
    pub stride: [usize; 2],
    /// Rows before and after, columns before and after.
    pub padding: [usize; 4],
    /// Distances between cells.
    pub dilation: [usize; 2],
    /// Rows and columns of the output.
    pub outputs: [usize; 2],
}

impl Window {
    /// Window cells that lie on the input, for every output position along one axis.
    fn cells(self, axis: usize) -> Vec<usize> {
        let (size, before) = (self.size[axis], self.padding[2 * axis]);
        (0..self.outputs[axis])
            .map(|i| {
                // In padded coordinates the input is [before, before + size).
                let inside = |cell: &usize| {
                    let at = i * self.stride[axis] + cell * self.dilation[axis];
                    (before..before + size).contains(&at)
                };
                (0..self.kernel[axis]).filter(inside).count()
            })
            .collect()
    }

    fn mean_over_positions(self, f: impl Fn(f64) -> f64) -> f64 {
        (0..2)
            .map(|axis| {
                let cells = self.cells(axis);
                let sum: f64 = cells.iter().map(|c| f(*c as f64)).sum();
                sum / cells.len().max(1) as f64
            })
            .product()
    }

    /// Mean number of cells on the input, over the output's positions.
    pub(super) fn mean_cells(self) -> f64 {
        self.mean_over_positions(|c| c)
    }

    /// Share of a constant that windows with cells beside the input let through where their weights
    /// sum to zero: c of k such weights of variance 1 have a sum of variance c(1 − c/k), and the
    /// share is that of the mean of c.
    pub(super) fn leak(self) -> f64 {
        let square = self.mean_over_positions(|c| c * c);
        let all = (self.kernel[0] * self.kernel[1]) as f64;
        (1.0 - square / (self.mean_cells() * all).max(f64::MIN_POSITIVE)).max(0.0)
    }

    /// Mean of 1/cells.
    pub(super) fn mean_inverse(self) -> f64 {
        self.mean_over_positions(|c| 1.0 / c.max(1.0))
    }
}

#[cfg(test)]
mod tests {
    use super::Window;

    #[test]
    fn padding_takes_cells_away() {
        let window = Window {
            size: [4, 4],
            kernel: [3, 3],
            stride: [1, 1],
            padding: [1, 1, 1, 1],
            dilation: [1, 1],
            outputs: [4, 4],
        };
        // Along an axis 2, 3, 3 and 2 cells.
        assert!((window.mean_cells() - 2.5 * 2.5).abs() < 1e-14);
        assert!(
            (Window {
                dilation: [2, 2],
                padding: [2; 4],
                ..window
            }
            .mean_cells()
                - 4.0)
                .abs()
                < 1e-14
        );
        let inverse = 5.0 / 12.0;
        assert!((window.mean_inverse() - inverse * inverse).abs() < 1e-14);
    }
}
