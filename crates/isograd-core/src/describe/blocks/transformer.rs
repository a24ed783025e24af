//! Transformer layers: attention and a feed-forward network, each on a residual of its own.

use super::super::branch::Branch;
use super::super::error::{DescribeError, ErrorKind};
use super::super::expand::MAX_NODES;
use super::super::kind::{Kind, Word};
use super::super::network::{Block, BlockKind, Init, NormPlace, Shortcut, TransformerSpec, Units};
use super::super::read::Result;
use super::super::registry::{Entry, Field, Info};
use super::super::shape::Shape;
use super::attention::{CAUSAL, DROPOUT, HEADS, MEMORY};
use super::{AROUND, misfit};
use isograd_theory::Activation;

const ACTIVATIONS: &[Word] = &[
    ("gelu", "x·Φ(x)"),
    ("relu", "max(x, 0)"),
    ("silu", "x·sigmoid(x)"),
    ("tanh", "tanh x"),
];

pub(super) const ENTRY: Entry<BlockKind> = Entry {
    info: Info {
        name: "transformer",
        aka: &[
            "transformer_layer",
            "transformer_encoder",
            "transformer_decoder",
            "encoder",
            "decoder",
        ],
        doc: "Transformer layers (Vaswani et al. 2017) over a sequence: attention of the steps to each \
              other, with `memory` attention to the output of another block (a decoder), and two dense \
              layers with an activation between, each on a residual of its own. It is written out as \
              those blocks, under its name: `attention`, `cross`, `ff1`, `ff2`, `norm1` …, `skip1` …, \
              in front of them `l1.`, `l2.` … where there are several layers",
        fields: &[
            HEADS,
            Field::optional(
                "ff",
                Kind::Count(1),
                "units between the two dense layers; default 4 × the features",
            ),
            Field::or("count", Kind::Count(1), "1", "layers, one after another"),
            Field::or(
                "norm",
                Kind::Word(&[
                    (
                        "pre",
                        "x + F(LN(x)) (Xiong et al. 2020); there is none after the last layer: put \
                         \"layer_norm\" behind it",
                    ),
                    ("post", "LN(x + F(x)) (Vaswani et al. 2017)"),
                    (
                        "deep",
                        "LN(α·x + F(x)), weights of values, outputs and dense layers times β, α and β by \
                         depth (DeepNorm, Wang et al. 2022)",
                    ),
                    (
                        "none",
                        "x + F(x), the same weights smaller by depth (T-Fixup, Huang et al. 2020)",
                    ),
                ]),
                "\"pre\"",
                "where layer normalisation stands",
            ),
            CAUSAL,
            Field::or(
                "rate",
                Kind::Number(DROPOUT),
                "0.0",
                "dropout of the attention weights, behind the activation, and behind each F",
            ),
            Field::or(
                "activation",
                Kind::Word(ACTIVATIONS),
                "\"gelu\"",
                "between the two dense layers",
            ),
            MEMORY,
            Field::optional(
                "depth",
                Kind::Count(1),
                "layers of the whole stack, which \"deep\" and \"none\" go by; default `count`",
            ),
            Field::optional(
                "decoder_depth",
                Kind::Count(1),
                "of an encoder: layers of the decoder behind it, which \"deep\" goes by",
            ),
        ],
        common: AROUND,
        main: Some("heads"),
        example: r#"{ transformer = 4, count = 6, norm = "pre", causal = true }"#,
    },
    build: |args| {
        let count = args.count("count")?;
        Ok(BlockKind::Transformer(TransformerSpec {
            heads: args.count("heads")?,
            ff: args.maybe_count("ff")?,
            count,
            norm: match args.word("norm")? {
                "post" => NormPlace::Post,
                "deep" => NormPlace::Deep,
                "none" => NormPlace::None,
                _ => NormPlace::Pre,
            },
            causal: args.flag("causal")?,
            rate: args.number("rate")?,
            activation: match args.word("activation")? {
                "relu" => Activation::Relu,
                "silu" => Activation::Silu,
                "tanh" => Activation::Tanh,
                _ => Activation::Gelu,
            },
            memory: args.maybe_text("memory")?,
            depth: args.maybe_count("depth")?.unwrap_or(count),
            decoder_depth: args.maybe_count("decoder_depth")?,
        }))
    },
};

/// Factors that depend on the depth of the stack.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Scale {
    /// On the shortcut.
    skip: f64,
    /// On the initial weights of values, outputs and dense layers.
    weights: f64,
}

impl TransformerSpec {
    /// DeepNorm (Wang et al. 2022, figure 2) and T-Fixup (Huang et al. 2020, §3.2).
    fn scale(&self) -> Scale {
        let own = self.depth as f64;
        match self.norm {
            NormPlace::Pre | NormPlace::Post => Scale {
                skip: 1.0,
                weights: 1.0,
            },
            NormPlace::None if self.memory.is_some() => Scale {
                skip: 1.0,
                weights: (9.0 * own).powf(-0.25),
            },
            NormPlace::None => Scale {
                skip: 1.0,
                weights: 0.67 * own.powf(-0.25),
            },
            NormPlace::Deep if self.memory.is_some() => Scale {
                skip: (3.0 * own).powf(0.25),
                weights: (12.0 * own).powf(-0.25),
            },
            NormPlace::Deep => match self.decoder_depth {
                None => Scale {
                    skip: (2.0 * own).powf(0.25),
                    weights: (8.0 * own).powf(-0.25),
                },
                Some(decoder) => {
                    let both = (own.powi(4) * decoder as f64).powf(1.0 / 16.0);
                    Scale {
                        skip: 0.81 * both,
                        weights: 0.87 / both,
                    }
                }
            },
        }
    }
}

/// A layer under construction: its blocks, and what they are called.
struct Layer<'a> {
    spec: &'a TransformerSpec,
    prefix: String,
    scale: Scale,
    parts: usize,
    blocks: Vec<Block>,
}

impl Layer<'_> {
    fn block(&self, name: &str, kind: BlockKind) -> Block {
        Block::new(kind).named(format!("{}{name}", self.prefix))
    }

    /// F on its residual, with its normalisation.
    fn part(&mut self, mut inside: Vec<Block>) {
        self.parts += 1;
        let number = self.parts;
        if self.spec.rate > 0.0 {
            let rate = self.spec.rate;
            inside.push(self.block(&format!("drop{number}"), BlockKind::Dropout { rate }));
        }
        let norm = self.block(
            &format!("norm{number}"),
            BlockKind::LayerNorm { epsilon: 1e-5 },
        );
        if self.spec.norm == NormPlace::Pre {
            inside.insert(0, norm.clone());
        }
        let residual = residual(inside, self.scale.skip);
        self.blocks
            .push(self.block(&format!("skip{number}"), residual));
        if matches!(self.spec.norm, NormPlace::Post | NormPlace::Deep) {
            self.blocks.push(norm);
        }
    }

    fn attention(&self, name: &str, memory: Option<String>) -> Block {
        let kind = BlockKind::Attention {
            heads: self.spec.heads,
            causal: self.spec.causal && memory.is_none(),
            rate: self.spec.rate,
            memory,
            bias: true,
            value_gain: self.scale.weights,
        };
        self.block(name, kind)
    }

    fn dense(&self, name: &str, units: usize, init: Init) -> Block {
        let mut block = self.block(
            name,
            BlockKind::Dense {
                units: Units::Count(units),
                bias: true,
            },
        );
        if self.scale.weights != 1.0 {
            block.init = Some(init.scaled(self.scale.weights));
        }
        block
    }
}

fn residual(layers: Vec<Block>, skip_scale: f64) -> BlockKind {
    BlockKind::Residual {
        layers,
        shortcut: Shortcut::Identity,
        branch: Branch {
            skip_scale,
            ..Branch::default()
        },
    }
}

/// The layers as blocks; `init` is what their weights have.
pub(super) fn written_out(spec: &TransformerSpec, input: Shape, init: Init) -> Result<Vec<Block>> {
    let Shape::Sequence { features, .. } = input else {
        return Err(misfit(
            "transformer",
            input,
            "it takes a sequence; of an image { patches = 4 } makes one",
        ));
    };
    if spec.decoder_depth.is_some() && spec.memory.is_some() {
        return Err(DescribeError::new(
            ErrorKind::Conflict,
            "`decoder_depth` is for an encoder, and `memory` makes this a decoder",
        )
        .hint("a decoder's own layers are its `depth`"));
    }
    // Refused before anything is written out: a layer has 7 blocks or more.
    if spec.count.saturating_mul(7) > MAX_NODES {
        return Err(DescribeError::new(
            ErrorKind::TooLarge,
            "the network is too large: so many layers write out too many blocks",
        )
        .accepts(format!("up to {MAX_NODES} blocks in all")));
    }
    let ff = spec.ff.unwrap_or(features.saturating_mul(4));
    let mut blocks = Vec::new();
    for number in 1..=spec.count {
        let mut layer = Layer {
            spec,
            prefix: match spec.count {
                1 => String::new(),
                _ => format!("l{number}."),
            },
            scale: spec.scale(),
            parts: 0,
            blocks: Vec::new(),
        };
        layer.part(vec![layer.attention("attention", None)]);
        if let Some(memory) = &spec.memory {
            layer.part(vec![layer.attention("cross", Some(memory.clone()))]);
        }
        let mut inside = vec![
            layer.dense("ff1", ff, init),
            layer.block("phi", BlockKind::Activation(spec.activation)),
        ];
        if spec.rate > 0.0 {
            inside.push(layer.block("drop", BlockKind::Dropout { rate: spec.rate }));
        }
        inside.push(layer.dense("ff2", features, init));
        layer.part(inside);
        blocks.append(&mut layer.blocks);
    }
    Ok(blocks)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec(norm: NormPlace) -> TransformerSpec {
        TransformerSpec {
            heads: 2,
            ff: None,
            count: 6,
            norm,
            causal: false,
            rate: 0.0,
            activation: Activation::Gelu,
            memory: None,
            depth: 6,
            decoder_depth: None,
        }
    }

    #[test]
    fn deep_norm_has_the_published_factors() {
        // Encoder or decoder alone β = (8N)^-¼ and α = (2N)^¼; before a decoder of M = 6 layers
        // β = 0.87·(N⁴M)^-1/16 and α = 0.81·(N⁴M)^1/16; that decoder (12M)^-¼ and (3M)^¼.
        let alone = spec(NormPlace::Deep).scale();
        let encoder = TransformerSpec {
            decoder_depth: Some(6),
            ..spec(NormPlace::Deep)
        };
        let decoder = TransformerSpec {
            memory: Some("x".to_owned()),
            ..spec(NormPlace::Deep)
        };
        let six = 6f64.powf(5.0 / 16.0);
        for (scale, skip, divisor) in [
            (alone, 12f64.powf(0.25), 48f64.powf(0.25)),
            (encoder.scale(), 0.81 * six, six / 0.87),
            (decoder.scale(), 18f64.powf(0.25), 72f64.powf(0.25)),
        ] {
            assert!((scale.skip - skip).abs() < 1e-12, "{scale:?}");
            assert!((scale.weights * divisor - 1.0).abs() < 1e-12, "{scale:?}");
        }
    }
}
