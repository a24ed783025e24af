//! First values of a recurrent block's parameters.

use super::build::Build;
use super::init::{Fans, sample};
use super::recurrent::Recurrent;
use burn::tensor::TensorData;
use isograd_core::describe::Node;
use isograd_core::describe::network::Init;
use isograd_core::describe::recurrent::{Cell, GateBias, Recurrent as Block};
use isograd_core::random::{Purpose, stream};
use rand::RngExt as _;

/// The initialisations of a recurrent node.
pub(super) struct Inits<'a> {
    /// Of the weights between input and state.
    pub(super) input: &'a Init,
    /// Of the biases, if there are any.
    pub(super) bias: &'a Option<Init>,
}

impl Build {
    pub(super) fn recurrent(
        &self,
        node: &Node,
        block: &Block,
        inputs: usize,
        inits: &Inits<'_>,
    ) -> Recurrent {
        let draw = Draw {
            seed: self.seed,
            name: &node.name,
            block,
        };
        let (d, n) = (block.directions(), block.units);
        let columns = block.cell.gates() * n;
        let gated = block.cell.gates() > 1;
        let vector = |values: Vec<f64>| {
            let length = values.len();
            self.param(TensorData::new(values, [length]), node)
        };
        let filled =
            |has: bool, value: f64, length: usize| has.then(|| vector(vec![value; length]));
        let lstm = block.cell == Cell::Lstm;
        Recurrent {
            input_weight: self.param(
                TensorData::new(
                    draw.input_weight(inits.input, inputs),
                    [inputs, d * columns],
                ),
                node,
            ),
            recurrent_weight: self.param(
                TensorData::new(draw.recurrent_weight(), [d, n, columns]),
                node,
            ),
            input_bias: inits
                .bias
                .as_ref()
                .map(|init| vector(draw.bias(init, inputs))),
            recurrent_bias: inits
                .bias
                .as_ref()
                .filter(|_| block.cell == Cell::Gru)
                .map(|init| vector(draw.sample(init, "recurrent_bias", 0, &[d * n], n))),
            input_gamma: filled(block.normalised && gated, 1.0, d * columns),
            recurrent_gamma: filled(block.normalised && gated, 1.0, d * columns),
            cell_gamma: filled(block.normalised && block.cell != Cell::Gru, 1.0, d * n),
            cell_beta: filled(block.normalised && lstm, 0.0, d * n),
        }
    }
}

/// Draws from the streams of one node: one a matrix, so that every gate of every direction is drawn
/// as if it were alone.
struct Draw<'a> {
    seed: u64,
    name: &'a str,
    block: &'a Block,
}

impl Draw<'_> {
    fn sample(
        &self,
        init: &Init,
        what: &str,
        at: usize,
        dims: &[usize],
        inputs: usize,
    ) -> Vec<f64> {
        let units = self.block.units;
        let fans = Fans {
            // PyTorch's recurrent layers are U(±1/√units) throughout.
            fan_in: match init {
                Init::TorchDefault => units,
                _ => inputs,
            },
            fan_out: units,
        };
        let path = format!("{}.{what}", self.name);
        let mut stream = stream(self.seed, Purpose::Init, &path, at as u64);
        sample(init, dims, fans, &mut stream)
    }

    /// `[inputs, directions × gates × units]`.
    fn input_weight(&self, init: &Init, inputs: usize) -> Vec<f64> {
        let (d, n, g) = (
            self.block.directions(),
            self.block.units,
            self.block.cell.gates(),
        );
        let blocks: Vec<Vec<f64>> = (0..d * g)
            .map(|at| self.sample(init, "input_weight", at, &[inputs, n], inputs))
            .collect();
        side_by_side(&blocks, inputs, n)
    }

    /// `[directions, units, gates × units]`.
    fn recurrent_weight(&self) -> Vec<f64> {
        let (d, n, g) = (
            self.block.directions(),
            self.block.units,
            self.block.cell.gates(),
        );
        let init = &self.block.recurrent_init;
        (0..d)
            .flat_map(|direction| {
                let blocks: Vec<Vec<f64>> = (0..g)
                    .map(|gate| {
                        let at = direction * g + gate;
                        self.sample(init, "recurrent_weight", at, &[n, n], n)
                    })
                    .collect();
                side_by_side(&blocks, n, n)
            })
            .collect()
    }

    /// `[directions × gates × units]`, with those of the gates that keep a state.
    fn bias(&self, init: &Init, inputs: usize) -> Vec<f64> {
        let (d, n, g) = (
            self.block.directions(),
            self.block.units,
            self.block.cell.gates(),
        );
        let mut values = self.sample(init, "input_bias", 0, &[d * g * n], inputs);
        for (direction, values) in values.chunks_exact_mut(g * n).enumerate() {
            // i, f, g, o of an LSTM; r, z, n of a GRU, whose z keeps.
            let (first, rest) = values.split_at_mut(n);
            let keep = &mut rest[..n * usize::from(g > 1)];
            match self.block.gate_bias {
                GateBias::None => {}
                GateBias::Forget(value) => keep.fill(value),
                GateBias::Chrono(longest) => {
                    let path = format!("{}.chrono", self.name);
                    let mut stream = stream(self.seed, Purpose::Init, &path, direction as u64);
                    let span = longest as f64 - 2.0;
                    for (keep, add) in keep.iter_mut().zip(first) {
                        let time = 1.0 + span * stream.random::<f64>();
                        *keep = time.ln();
                        if self.block.cell == Cell::Lstm {
                            *add = -time.ln();
                        }
                    }
                }
            }
        }
        values
    }
}

/// Matrices of `rows` × `columns`, row-major, as one matrix.
fn side_by_side(blocks: &[Vec<f64>], rows: usize, columns: usize) -> Vec<f64> {
    (0..rows)
        .flat_map(|row| blocks.iter().map(move |b| &b[row * columns..][..columns]))
        .flatten()
        .copied()
        .collect()
}
