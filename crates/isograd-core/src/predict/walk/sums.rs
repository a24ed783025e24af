//! Nodes that sum over weights, and what normalises few numbers together.

use super::super::backward::Backward;
use super::super::norm;
use super::super::pool::Window;
use super::super::signal::Signal;
use super::super::weights::{Fans, Moments};
use super::{Walk, pixels};
use crate::describe::network::Init;
use crate::describe::{Node, Shape};

impl Walk<'_> {
    /// A convolution whose groups have so many channels and filters.
    pub(super) fn convolution(
        &mut self,
        node: &Node,
        x: Signal,
        (init, bias): (Init, Option<Init>),
        (channels, filters): (usize, usize),
        window: Window,
    ) -> (Signal, Backward) {
        let taps = (window.kernel[0] * window.kernel[1]) as f64;
        let fans = Fans {
            input: channels as f64 * taps,
            output: filters as f64 * taps,
            taps,
        };
        let cells = match init {
            // The centre of a kernel never meets the padding.
            Init::DeltaOrthogonal { .. } | Init::Identity { .. } => taps,
            _ => window.mean_cells(),
        };
        if cells < taps {
            self.note(node, "padding is counted in the mean over positions");
        }
        let (before, after) = (pixels(node.input), pixels(node.output).max(1.0));
        let spread = before * cells / after.powi(2) * cells;
        let terms = (channels as f64 * cells, spread, window.leak());
        self.weighted(node, x, init, bias, fans, terms)
    }

    /// Dense and convolution: `inputs` terms a sum, `spread` the share of (Σδ)² that reaches the
    /// energy for every squared mean weight and input, `leak` the share of a constant that weights
    /// which sum to zero let through.
    pub(super) fn weighted(
        &mut self,
        node: &Node,
        x: Signal,
        init: Init,
        bias: Option<Init>,
        fans: Fans,
        (inputs, spread, leak): (f64, f64, f64),
    ) -> (Signal, Backward) {
        let mut weights = Moments::of(init, fans);
        if node.weight.standardises() {
            let gain = if weights.variance == 0.0 {
                0.0
            } else if node.weight.has_gain() {
                1.0 / fans.input
            } else {
                1.0
            };
            return standardised(node, x, bias, fans, (inputs, gain, leak));
        }
        let bias = bias.map_or_else(Moments::default, |b| Moments::of(b, fans));
        if matches!(init, Init::Lsuv { .. }) {
            // What the batch will make of them: an output of variance 1.
            weights.variance = ((1.0 - bias.variance) / (inputs * x.square)).max(0.0);
        }
        if matches!(init, Init::Identity { .. }) {
            self.note(
                node,
                "weights that are the identity are taken as random ones of the same norm",
            );
        }
        if weights.mean != 0.0 {
            self.note(
                node,
                "weights with a mean move all units together: the prediction is rough",
            );
        }
        let channels = node.input.units() as f64;
        let square = weights.mean * weights.mean;
        let pass = Backward {
            energy: inputs * weights.variance,
            from_sum: channels * spread * square,
            to_sum: inputs * weights.variance,
            sum: inputs * inputs * square,
            ln_variance: Moments::ln_variance(init, channels, fans.output / fans.taps, fans.taps),
        };
        (x.weighted(inputs, weights, bias), pass)
    }

    /// Group normalisation of `channels` channels together, instance normalisation of one.
    pub(super) fn group_norm(
        &mut self,
        node: &Node,
        x: Signal,
        channels: usize,
        epsilon: f64,
    ) -> Option<(Signal, Backward)> {
        let positions = pixels(node.input);
        if positions > 1.0 {
            self.note(
                node,
                "in normalisation, positions are taken to be as correlated as examples",
            );
        }
        let done = norm::group(x, channels as f64, positions, epsilon);
        if done.is_none() {
            self.note(
                node,
                "so few numbers are normalised together that the mean gradient has no bound",
            );
        }
        done
    }
}

/// Weights that sum to zero over the inputs of a unit, with this variance: the mean of the signal
/// does not pass forward, nothing that adds up passes backward.
fn standardised(
    node: &Node,
    x: Signal,
    bias: Option<Init>,
    fans: Fans,
    (inputs, variance, leak): (f64, f64, f64),
) -> (Signal, Backward) {
    let centred = Signal {
        mean: 0.0,
        square: x.variance() + leak * x.mean * x.mean,
        ..x
    };
    let weights = Moments {
        mean: 0.0,
        variance,
    };
    let bias = bias.map_or_else(Moments::default, |b| Moments::of(b, fans));
    let mut pass = Backward::scaled(inputs * variance, 0.0);
    pass.ln_variance = 2.0 / node.input.units().max(1) as f64;
    (centred.weighted(inputs, weights, bias), pass)
}

/// The window of a convolution or pooling of images or, as rows, of sequences; a single cell for other
/// shapes.
pub(super) fn window(
    node: &Node,
    kernel: [usize; 2],
    stride: [usize; 2],
    padding: [usize; 4],
    dilation: [usize; 2],
) -> Window {
    let size = |shape| match shape {
        Shape::Image { height, width, .. } => [height, width],
        Shape::Sequence { steps, .. } => [steps, 1],
        Shape::Flat(_) => [1, 1],
    };
    Window {
        size: size(node.input),
        kernel,
        stride,
        padding,
        dilation,
        outputs: size(node.output),
    }
}
