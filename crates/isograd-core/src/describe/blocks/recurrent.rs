//! Recurrent blocks: `rnn`, `gru`, `lstm`.

use super::super::args::Args;
use super::super::error::{DescribeError, ErrorKind};
use super::super::kind::{Bounds, Kind};
use super::super::network::{BlockKind, Init};
use super::super::plan::Op;
use super::super::read::Result;
use super::super::recurrent::{Cell, GateBias, Recurrent, Returns};
use super::super::registry::{Entry, Field, Info};
use super::super::shape::Shape;
use super::{Around, BIAS, WEIGHTS, misfit};

const UNITS: Field = Field::required("units", Kind::Count(1), "numbers of the state");
const RETURN: Field = Field::or(
    "return",
    Kind::Word(&[
        ("sequence", "the state after every step: a sequence"),
        ("last", "the state after the last step: a vector"),
    ]),
    "\"sequence\"",
    "what comes out",
);
const BIDIRECTIONAL: Field = Field::or(
    "bidirectional",
    Kind::Flag,
    "false",
    "a second direction with parameters of its own reads from the end; both come out, forward first",
);
const NORM: Field = Field::or(
    "norm",
    Kind::Word(&[
        ("none", "none"),
        (
            "layer",
            "layer normalisation of what input and state contribute, and of an LSTM's cell \
             (Ba et al. 2016)",
        ),
    ]),
    "\"none\"",
    "normalisation in the cell",
);
const TRUNCATE: Field = Field::optional(
    "truncate",
    Kind::Count(1),
    "the gradient stops behind every so many steps (truncated back-propagation through time)",
);
const RECURRENT_INIT: Field = Field::or(
    "recurrent_init",
    Kind::Init,
    "\"orthogonal\"",
    "initialisation of the weights between states; each gate of each direction is a matrix of its own",
);
const FORGET_BIAS: Field = Field::optional(
    "forget_bias",
    Kind::Number(Bounds::ANY),
    "first bias of the forget gate; default 1.0 (Jozefowicz et al. 2015), or that of `chrono`",
);
const CHRONO: Field = Field::optional(
    "chrono",
    Kind::Count(3),
    "longest dependency T in steps: the biases of the gates that keep the state start at \
     ln U(1, T − 1) (Tallec and Ollivier 2018)",
);

pub(super) const RNN: Entry<BlockKind> = Entry {
    info: Info {
        name: "rnn",
        aka: &["simple_rnn", "elman", "recurrent", "irnn"],
        doc: "Recurrent layer of a sequence: h′ = φ(U x + W h + b), from h = 0. With \
              activation = \"relu\" and recurrent_init = \"identity\" it is an IRNN (Le et al. 2015)",
        fields: &[
            UNITS,
            Field::or(
                "activation",
                Kind::Word(&[("tanh", "hyperbolic tangent"), ("relu", "rectified linear")]),
                "\"tanh\"",
                "φ",
            ),
            RETURN,
            BIDIRECTIONAL,
            NORM,
            TRUNCATE,
            RECURRENT_INIT,
            BIAS,
        ],
        common: WEIGHTS,
        main: Some("units"),
        example: r#"{ rnn = 100, activation = "relu", recurrent_init = "identity" }"#,
    },
    build: |args| {
        let cell = match args.word("activation")? {
            "relu" => Cell::Relu,
            _ => Cell::Tanh,
        };
        read(args, cell, GateBias::None)
    },
};

pub(super) const GRU: Entry<BlockKind> = Entry {
    info: Info {
        name: "gru",
        aka: &["gated_recurrent_unit"],
        doc: "Gated recurrent units (Cho et al. 2014) over a sequence, the reset gate behind the \
              matrix as in PyTorch: r, z = σ(U x + W h + b), n = tanh(U x + b + r ⊙ (W h + d)), \
              h′ = (1 − z) ⊙ n + z ⊙ h",
        fields: &[
            UNITS,
            RETURN,
            BIDIRECTIONAL,
            NORM,
            TRUNCATE,
            RECURRENT_INIT,
            CHRONO,
            BIAS,
        ],
        common: WEIGHTS,
        main: Some("units"),
        example: r#"{ gru = 64, return = "last", chrono = 200 }"#,
    },
    build: |args| {
        let gates = chrono(args)?.unwrap_or(GateBias::None);
        read(args, Cell::Gru, gates)
    },
};

pub(super) const LSTM: Entry<BlockKind> = Entry {
    info: Info {
        name: "lstm",
        aka: &["long_short_term_memory"],
        doc: "Long short-term memory (Hochreiter and Schmidhuber 1997) over a sequence: \
              i, f, o = σ(U x + W h + b), g = tanh(U x + W h + b), c′ = f ⊙ c + i ⊙ g, \
              h′ = o ⊙ tanh(c′)",
        fields: &[
            UNITS,
            RETURN,
            BIDIRECTIONAL,
            NORM,
            TRUNCATE,
            RECURRENT_INIT,
            FORGET_BIAS,
            CHRONO,
            BIAS,
        ],
        common: WEIGHTS,
        main: Some("units"),
        example: r#"{ lstm = 128, norm = "layer", bidirectional = true }"#,
    },
    build: |args| {
        let forget = args.maybe_number("forget_bias")?;
        if let (Some(_), Some(_), Some(place)) = (
            forget,
            args.maybe_count("chrono")?,
            args.written("forget_bias"),
        ) {
            return Err(place.error(
                ErrorKind::Conflict,
                "`chrono` and `forget_bias` both set the forget gate",
            ));
        }
        let bias = args.flag("bias")?;
        if let (Some(_), false, Some(place)) = (forget, bias, args.written("forget_bias")) {
            return Err(place.error(
                ErrorKind::Conflict,
                "`forget_bias` is the first value of a bias, and `bias` is false",
            ));
        }
        let gates = match chrono(args)? {
            Some(gates) => gates,
            None if bias => GateBias::Forget(forget.unwrap_or(1.0)),
            None => GateBias::None,
        };
        read(args, Cell::Lstm, gates)
    },
};

fn chrono(args: &Args<'_>) -> Result<Option<GateBias>> {
    let longest = args.maybe_count("chrono")?;
    if let (Some(_), false, Some(place)) = (longest, args.flag("bias")?, args.written("chrono")) {
        return Err(place.error(
            ErrorKind::Conflict,
            "`chrono` is the first value of biases, and `bias` is false",
        ));
    }
    Ok(longest.map(GateBias::Chrono))
}

fn read(args: &Args<'_>, cell: Cell, gate_bias: GateBias) -> Result<BlockKind> {
    let init = args.maybe_init("recurrent_init")?;
    if let (Some(Init::Critical { .. } | Init::Lsuv { .. }), Some(place)) =
        (init, args.written("recurrent_init"))
    {
        return Err(place
            .error(
                ErrorKind::OutOfRange,
                "this initialisation is found for the activation or the data behind a layer, not for \
                 weights between states",
            )
            .hint("\"orthogonal\" keeps the size of what passes through it at every step"));
    }
    Ok(BlockKind::Recurrent(Recurrent {
        cell,
        units: args.count("units")?,
        returns: match args.word("return")? {
            "last" => Returns::Last,
            _ => Returns::Sequence,
        },
        bidirectional: args.flag("bidirectional")?,
        normalised: args.word("norm")? == "layer",
        truncate: args.maybe_count("truncate")?,
        recurrent_init: init.unwrap_or(Init::Orthogonal { gain: 1.0 }),
        bias: args.flag("bias")?,
        gate_bias,
    }))
}

/// Sequence → sequence of as many steps, or the last step as a vector.
pub(super) fn shape(block: &Recurrent, around: &Around) -> Result<(Op, Shape)> {
    let word = block.cell.word();
    let Shape::Sequence { steps, features } = around.input else {
        let hint = "it takes sequences: give the data the shape [steps, features], and put it in \
                    front of what makes vectors";
        return Err(misfit(word, around.input, hint));
    };
    if block.normalised && block.units < 2 {
        let message = format!("{word} of one unit cannot be normalised over its units");
        return Err(DescribeError::new(ErrorKind::Shape, message)
            .hint("give it more units, or leave `norm` out"));
    }
    let outputs = block.outputs();
    let output = match block.returns {
        Returns::Sequence => Shape::Sequence {
            steps,
            features: outputs,
        },
        Returns::Last => Shape::Flat(outputs),
    };
    let op = Op::Recurrent {
        inputs: features,
        block: block.clone(),
        init: around.init,
        bias: around.bias(block.bias),
    };
    Ok((op, output))
}
