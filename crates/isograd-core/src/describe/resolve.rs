//! What depends on the whole network: activations tailored to its depth, and initialisations that
//! the activation behind them decides.

use super::error::{DescribeError, ErrorKind};
use super::network::{CriticalAt, CriticalWeights, Init, Tailoring};
use super::plan::{Layer, Node, NodeId, Op};
use isograd_theory::critical::{Critical, critical, critical_at};
use isograd_theory::map::SearchParams;
use isograd_theory::tailored::{self, Path};
use isograd_theory::{Activation, TheoryError};
use std::ops::Range;

impl Tailoring {
    fn of(self, path: &Path) -> Activation {
        match self {
            Self::LeakyRelu { eta } => tailored::leaky_relu(eta, path),
            Self::Tanh { zeta } => tailored::tanh(zeta, path),
        }
    }

    /// For a network that has no other.
    pub(crate) fn alone(self) -> Activation {
        self.of(&Path::Activation)
    }
}

/// Refuses an initialisation that the operation cannot have.
pub(crate) fn check(op: &Op) -> Result<(), DescribeError> {
    let (init, bias) = match op {
        Op::Dense { init, bias, .. } | Op::Conv2d { init, bias, .. } => (*init, *bias),
        _ => return Ok(()),
    };
    if bias.is_some_and(Init::of_matrices) {
        return Err(DescribeError::new(
            ErrorKind::Conflict,
            "this initialisation is one of matrices, and `bias_init` is for biases",
        )
        .accepts("a distribution or a constant, such as \"zeros\""));
    }
    let delta = matches!(
        init,
        Init::DeltaOrthogonal { .. }
            | Init::Critical {
                weights: CriticalWeights::DeltaOrthogonal,
                ..
            }
    );
    if let Op::Conv2d {
        inputs, filters, ..
    } = *op
        && delta
        && filters < inputs
    {
        let message = format!(
            "a delta-orthogonal kernel keeps the norm of what comes in, and cannot where {inputs} \
             channels become {filters}"
        );
        return Err(DescribeError::new(ErrorKind::Shape, message)
            .accepts(format!("{inputs} filters or more"))
            .hint("or give this layer another init, such as \"orthogonal\""));
    }
    Ok(())
}

/// Its weights wait for their activation.
pub(crate) fn is_critical(op: &Op) -> bool {
    matches!(
        op,
        Op::Dense {
            init: Init::Critical { .. },
            ..
        } | Op::Conv2d {
            init: Init::Critical { .. },
            ..
        }
    )
}

/// A plan but for what depends on the whole of it.
pub(crate) struct Resolve<'a> {
    pub(crate) nodes: &'a mut Vec<Node>,
    pub(crate) chain: &'a [NodeId],
    pub(crate) layers: &'a [Layer],
    pub(crate) tailored: &'a [(NodeId, Tailoring, Range<usize>)],
    pub(crate) critical: &'a [(NodeId, Range<usize>)],
}

impl Resolve<'_> {
    /// Activations first: initialisations look at them.
    pub(crate) fn run(self) -> Result<(), DescribeError> {
        if let Some((first, tailoring, _)) = self.tailored.first() {
            let mut paths = Vec::new();
            let seen = self.path(self.chain, &mut paths);
            for (node, other, span) in self.tailored {
                let node = &self.nodes[*node];
                if other != tailoring {
                    return Err(place(node, span, "the tailored activations of a network are chosen together: this one asks for something else than the first")
                        .hint(format!("the first is at {}", self.nodes[*first].path)));
                }
            }
            if seen < self.tailored.len() {
                let (node, _, span) = &self.tailored[0];
                return Err(place(
                    &self.nodes[*node],
                    span,
                    "a tailored activation lies in a block whose correlation map is not known",
                )
                .accepts("tailored activations in a chain, or in residual blocks"));
            }
            let phi = tailoring.of(&Path::Chain(paths));
            for (node, ..) in self.tailored {
                self.nodes[*node].op = Op::Activation(phi);
            }
        }
        let mut known: Vec<(Activation, CriticalAt, Pair)> = Vec::new();
        for (node, span) in self.critical {
            let phi = self.follows(*node);
            let Some((gain, at, weights)) = asked(&self.nodes[*node].op) else {
                continue;
            };
            let found = known.iter().find(|(p, a, _)| (*p, *a) == (phi, at));
            let pair = if let Some((.., pair)) = found {
                *pair
            } else {
                let pair = self.pair(*node, phi, at).map_err(|error| {
                    place(&self.nodes[*node], span, error)
                        .accepts("an activation with a critical point there")
                        .hint("give another `q` or `bias_variance`, another activation, or an init of its own")
                })?;
                known.push((phi, at, pair));
                pair
            };
            let node = &mut self.nodes[*node];
            if let Err(message) = pair.give(&mut node.op, gain, weights) {
                return Err(place(node, span, message)
                    .hint("leave the bias in, or ask for bias_variance = 0"));
            }
        }
        Ok(())
    }

    /// How the tailored activations of a chain lie, and how many there are.
    fn path(&self, chain: &[NodeId], path: &mut Vec<Path>) -> usize {
        let mut count = 0;
        for &id in chain {
            if self.is_tailored(id) {
                path.push(Path::Activation);
                count += 1;
            } else if let Op::Residual { body, shortcut } = &self.nodes[id].op {
                let mut inside = Vec::new();
                let more = self.path(body, &mut inside);
                if more > 0 {
                    // F keeps the variance of what comes in, as its weights should, but for factors.
                    let (branch, beside) = (self.factor(body), self.factor(shortcut));
                    path.push(Path::Sum {
                        body: inside,
                        share: branch / (branch + beside),
                    });
                }
                count += more;
            }
        }
        count
    }

    /// What the factors of a chain make of the variance.
    fn factor(&self, chain: &[NodeId]) -> f64 {
        let factor = |id: &NodeId| match self.nodes[*id].op {
            Op::Multiplier { value, .. } => value * value,
            _ => 1.0,
        };
        chain.iter().map(factor).product()
    }

    fn is_tailored(&self, id: NodeId) -> bool {
        self.tailored
            .binary_search_by_key(&id, |(node, ..)| *node)
            .is_ok()
    }

    /// The activation behind weights; none is the identity.
    fn follows(&self, weights: NodeId) -> Activation {
        self.behind(weights)
            .and_then(|id| self.nodes[id].op.activation())
            .unwrap_or(Activation::Identity)
    }

    fn behind(&self, weights: NodeId) -> Option<NodeId> {
        let layer = self.layers.binary_search_by_key(&weights, |l| l.weights);
        self.layers[layer.ok()?].activation
    }

    fn pair(&self, weights: NodeId, phi: Activation, at: CriticalAt) -> Result<Pair, TheoryError> {
        // A tailored tanh grows by its share of ζ in every layer: that is what it is chosen for,
        // with weights of gain 1.
        let made = self.behind(weights).is_some_and(|id| self.is_tailored(id));
        if made && matches!(phi, Activation::ScaledTanh { .. }) {
            return Ok(Pair::UNIT);
        }
        let quiet = phi.homogeneous().is_some() || phi.saturating();
        let found: Critical = match at {
            CriticalAt::Usual if quiet => critical(phi, 0.0, SearchParams::default())?,
            CriticalAt::Usual => critical_at(phi, 1.0)?,
            CriticalAt::Variance(q) => critical_at(phi, q)?,
            CriticalAt::BiasVariance(b) => critical(phi, b, SearchParams::default())?,
        };
        Ok(Pair {
            weights: found.layer.weight_variance.sqrt(),
            bias: found.layer.bias_variance.sqrt(),
        })
    }
}

/// σ_w and σ_b.
#[derive(Clone, Copy)]
struct Pair {
    weights: f64,
    bias: f64,
}

impl Pair {
    const UNIT: Self = Self {
        weights: 1.0,
        bias: 0.0,
    };

    /// Puts both into an operation; an error says why it cannot have them.
    fn give(
        self,
        op: &mut Op,
        gain: f64,
        distribution: CriticalWeights,
    ) -> Result<(), &'static str> {
        let (inputs, units, taps, init, bias) = match op {
            Op::Dense {
                inputs,
                units,
                init,
                bias,
            } => (*inputs as f64, *units as f64, 1.0, init, bias),
            Op::Conv2d {
                inputs,
                filters,
                kernel: [rows, columns],
                init,
                bias,
                ..
            } => {
                let taps = (*rows * *columns) as f64;
                (*inputs as f64, *filters as f64, taps, init, bias)
            }
            _ => return Ok(()),
        };
        // An orthogonal matrix that widens keeps the norm, and so makes the variance smaller.
        let gain = gain * self.weights;
        let widening = |fan_in: f64| gain * (units / fan_in).max(1.0).sqrt();
        *init = match distribution {
            CriticalWeights::Normal => Init::LecunNormal {
                gain,
                truncated: false,
            },
            CriticalWeights::DeltaOrthogonal if taps > 1.0 => Init::DeltaOrthogonal {
                gain: widening(inputs),
            },
            CriticalWeights::Orthogonal | CriticalWeights::DeltaOrthogonal => Init::Orthogonal {
                gain: widening(inputs * taps),
            },
        };
        if self.bias == 0.0 {
            return Ok(());
        }
        match bias {
            None => Err("its critical initialisation has random biases, and this layer has none"),
            Some(bias) => {
                if *bias == Init::ZEROS {
                    *bias = Init::Normal {
                        mean: 0.0,
                        std: self.bias,
                    };
                }
                Ok(())
            }
        }
    }
}

fn asked(op: &Op) -> Option<(f64, CriticalAt, CriticalWeights)> {
    match op {
        Op::Dense {
            init: Init::Critical { gain, at, weights },
            ..
        }
        | Op::Conv2d {
            init: Init::Critical { gain, at, weights },
            ..
        } => Some((*gain, *at, *weights)),
        _ => None,
    }
}

fn place(node: &Node, span: &Range<usize>, message: impl std::fmt::Display) -> DescribeError {
    DescribeError::new(ErrorKind::Conflict, message).at(&node.path, span.clone())
}
