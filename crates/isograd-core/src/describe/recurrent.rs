//! What a recurrent block is, as the description says it and with everything resolved.

use super::network::Init;

/// What one step of a recurrent block computes from the input x and the state h before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cell {
    /// h′ = tanh(U x + W h + b) (Elman 1990).
    Tanh,
    /// h′ = max(U x + W h + b, 0).
    Relu,
    /// Gated recurrent unit (Cho et al. 2014), the reset gate behind the matrix, as in PyTorch:
    /// r, z = σ(…), n = tanh(U x + b + r ⊙ (W h + d)), h′ = (1 − z) ⊙ n + z ⊙ h.
    Gru,
    /// Long short-term memory (Hochreiter and Schmidhuber 1997, with the forget gate of Gers et al.
    /// 2000): i, f, o = σ(…), g = tanh(…), c′ = f ⊙ c + i ⊙ g, h′ = o ⊙ tanh(c′).
    Lstm,
}

impl Cell {
    /// Columns of a weight matrix for each unit, in this order: r, z, n of a GRU; i, f, g, o of an
    /// LSTM.
    pub fn gates(self) -> usize {
        match self {
            Self::Tanh | Self::Relu => 1,
            Self::Gru => 3,
            Self::Lstm => 4,
        }
    }

    /// The word of the description.
    pub fn word(self) -> &'static str {
        match self {
            Self::Tanh | Self::Relu => "rnn",
            Self::Gru => "gru",
            Self::Lstm => "lstm",
        }
    }
}

/// What a recurrent block puts out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Returns {
    /// The state after every step.
    Sequence,
    /// The state after the last step (of the reverse direction: after the first).
    Last,
}

/// First values of the biases of the gates that keep a state.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum GateBias {
    /// Like all other biases.
    None,
    /// This, on the forget gate of an LSTM (Gers et al. 2000; 1 in Jozefowicz et al. 2015).
    Forget(f64),
    /// For dependencies over up to this many steps (Tallec and Ollivier 2018): ln U(1, T − 1) on the
    /// forget gate and minus that on the input gate of an LSTM; on the update gate z of a GRU, which
    /// keeps the state.
    Chrono(usize),
}

/// A recurrent block.
#[derive(Clone, Debug, PartialEq)]
pub struct Recurrent {
    /// What a step computes.
    pub cell: Cell,
    /// Numbers of the state.
    pub units: usize,
    /// What comes out.
    pub returns: Returns,
    /// A second direction with parameters of its own reads from the end; what comes out are both,
    /// forward first.
    pub bidirectional: bool,
    /// Layer normalisation in the cell (Ba et al. 2016).
    pub normalised: bool,
    /// The gradient stops behind every so many steps (truncated back-propagation through time).
    pub truncate: Option<usize>,
    /// Initial weights between states; each gate of each direction is a matrix of its own.
    pub recurrent_init: Init,
    /// Has biases.
    pub bias: bool,
    /// First values of the biases that keep a state.
    pub gate_bias: GateBias,
}

impl Recurrent {
    /// 2 of a bidirectional block, else 1.
    pub fn directions(&self) -> usize {
        1 + usize::from(self.bidirectional)
    }

    /// Numbers of a step of the output.
    pub fn outputs(&self) -> usize {
        self.directions() * self.units
    }

    /// Numbers that are trained, of a block that reads `inputs` numbers a step.
    pub fn parameters(&self, inputs: usize) -> u64 {
        let (n, gates) = (self.units as u64, self.cell.gates() as u64);
        let weights = (inputs as u64).saturating_add(n).saturating_mul(gates * n);
        let bias = match (self.bias, self.cell) {
            (false, _) => 0,
            (true, Cell::Gru) => (gates + 1) * n,
            (true, _) => gates * n,
        };
        let norm = match (self.normalised, self.cell) {
            (false, _) => 0,
            (true, Cell::Tanh | Cell::Relu) => n,
            (true, Cell::Gru) => 2 * gates * n,
            (true, Cell::Lstm) => (2 * gates + 2) * n,
        };
        (weights.saturating_add(bias + norm)).saturating_mul(self.directions() as u64)
    }
}
