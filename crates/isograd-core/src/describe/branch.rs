//! What a residual block does to its branch: scale, stochastic depth, learned multipliers, Fixup.

use super::args::Args;
use super::kind::{Bounds, Kind};
use super::read::Result;
use super::registry::Field;

/// A constant factor on the branch.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum BranchScale {
    /// This number.
    Number(f64),
    /// 1/√L, L the residual blocks of the network (Hanin and Rolnick 2018; depth-µP).
    InverseSqrtDepth,
    /// 1/L.
    InverseDepth,
}

/// How the probability of dropping a branch depends on its depth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DropRule {
    /// The l-th of L branches with probability l/L·`drop` (Huang et al. 2016, eq. 4).
    Linear,
    /// All with the same.
    Constant,
}

/// What is done to the branch F of a residual block, and to its shortcut.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Branch {
    /// Constant factor on F; default 1.
    pub scale: BranchScale,
    /// Constant factor on the shortcut (α of DeepNorm); default 1.
    pub skip_scale: f64,
    /// Probability of dropping F (of the last one, under the linear rule); default 0.
    pub drop: f64,
    /// How it depends on depth; default linear.
    pub drop_rule: DropRule,
    /// One draw a batch, as published, instead of one an example.
    pub drop_batch: bool,
    /// A learned factor on F that starts at 0 (ReZero, `SkipInit`).
    pub rezero: bool,
    /// A learned factor for each unit of F that starts at this (`LayerScale`).
    pub layer_scale: Option<f64>,
    /// Fixup initialisation.
    pub fixup: bool,
}

impl Default for Branch {
    fn default() -> Self {
        Self {
            scale: BranchScale::Number(1.0),
            skip_scale: 1.0,
            drop: 0.0,
            drop_rule: DropRule::Linear,
            drop_batch: false,
            rezero: false,
            layer_scale: None,
            fixup: false,
        }
    }
}

/// Words for a factor on the branch.
pub(crate) const SCALES: &[super::kind::Word] = &[
    (
        "inverse_sqrt_depth",
        "1/√L for L residual blocks in the network",
    ),
    ("inverse_depth", "1/L"),
];

pub(crate) const SCALE: Field = Field::or(
    "scale",
    Kind::BranchScale,
    "1.0",
    "factor on F; by depth: 1/√L or 1/L, L the residual blocks of the network (each sublayer of a Transformer is one)",
);
pub(crate) const SKIP_SCALE: Field = Field::or(
    "skip_scale",
    Kind::Number(Bounds::ANY),
    "1.0",
    "factor on the shortcut: α of DeepNorm (Wang et al. 2022)",
);
pub(crate) const DROP: Field = Field::or(
    "drop",
    Kind::Number(Bounds::BELOW_ONE),
    "0.0",
    "stochastic depth (Huang et al. 2016): in training F is left out with this probability and divided by one minus it otherwise, so that evaluation uses it as it is",
);
pub(crate) const DROP_RULE: Field = Field::or(
    "drop_rule",
    Kind::Word(&[
        (
            "linear",
            "the l-th of L residual blocks with probability drop·l/L",
        ),
        ("constant", "every one with probability drop"),
    ]),
    "\"linear\"",
    "how stochastic depth depends on the position",
);
pub(crate) const DROP_PER: Field = Field::or(
    "drop_per",
    Kind::Word(&[
        ("example", "each example draws for itself"),
        ("batch", "one draw for the whole batch, as published"),
    ]),
    "\"example\"",
    "what draws in stochastic depth",
);
pub(crate) const REZERO: Field = Field::or(
    "rezero",
    Kind::Flag,
    "false",
    "a learned factor on F that starts at 0 (Bachlechner et al. 2020; SkipInit: De and Smith 2020)",
);
pub(crate) const LAYER_SCALE: Field = Field::optional(
    "layer_scale",
    Kind::Number(Bounds::ANY),
    "a learned factor for each unit of F that starts at this (Touvron et al. 2021: 0.1 up to 18 blocks, 1e-5 up to 24, 1e-6 beyond)",
);
pub(crate) const FIXUP: Field = Field::or(
    "fixup",
    Kind::Flag,
    "false",
    "Fixup (Zhang et al. 2019): the last of the m weighted layers of F and the last layer of the network start at zero, the others of F are scaled by L^(−1/(2m−2)); a learned offset of one number stands before each weighted layer and activation of F, in place of their biases, and a learned factor and offset behind F",
);

impl Branch {
    /// From the fields above.
    pub(crate) fn read(args: &Args<'_>) -> Result<Self> {
        let scale = args.get("scale", |input| match input.value.as_str() {
            Some(_) => Ok(match input.word(SCALES, Kind::BranchScale)? {
                "inverse_depth" => BranchScale::InverseDepth,
                _ => BranchScale::InverseSqrtDepth,
            }),
            None => input.number(Kind::BranchScale).map(BranchScale::Number),
        })?;
        Ok(Self {
            scale,
            skip_scale: args.number("skip_scale")?,
            drop: args.number("drop")?,
            drop_rule: match args.word("drop_rule")? {
                "constant" => DropRule::Constant,
                _ => DropRule::Linear,
            },
            drop_batch: args.word("drop_per")? == "batch",
            rezero: args.flag("rezero")?,
            layer_scale: args.maybe_number("layer_scale")?,
            fixup: args.flag("fixup")?,
        })
    }

    /// The factor on F where the network has `depth` residual blocks.
    pub(crate) fn factor(self, depth: usize) -> f64 {
        let depth = depth.max(1) as f64;
        match self.scale {
            BranchScale::Number(value) => value,
            BranchScale::InverseSqrtDepth => depth.sqrt().recip(),
            BranchScale::InverseDepth => depth.recip(),
        }
    }

    /// The probability of dropping the branch of the `index`-th (from 1) of `depth` residual blocks.
    pub(crate) fn drop_rate(self, index: usize, depth: usize) -> f64 {
        match self.drop_rule {
            DropRule::Linear => self.drop * index as f64 / depth.max(1) as f64,
            DropRule::Constant => self.drop,
        }
    }
}
