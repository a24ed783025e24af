//! Choices of the blocks of sequences.

use isograd_theory::Activation;

/// Which vectors say where a step stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PositionsKind {
    /// Sines and cosines (Vaswani et al. 2017, §3.5).
    Sinusoidal,
    /// A learned vector for every step.
    Learned,
}

/// Where layer normalisation stands in a Transformer layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NormPlace {
    /// x + F(LN(x)).
    Pre,
    /// LN(x + F(x)).
    Post,
    /// LN(α·x + F(x)) with smaller initial weights (DeepNorm, Wang et al. 2022).
    Deep,
    /// x + F(x) with smaller initial weights (T-Fixup, Huang et al. 2020).
    None,
}

/// Transformer layers, one after another.
#[derive(Clone, Debug, PartialEq)]
pub struct TransformerSpec {
    /// Heads of attention.
    pub heads: usize,
    /// Units between the two dense layers; default 4 × the features.
    pub ff: Option<usize>,
    /// Layers; default 1.
    pub count: usize,
    /// Where layer normalisation stands; default pre.
    pub norm: NormPlace,
    /// Attention of a step to itself and the steps before it only; default false.
    pub causal: bool,
    /// Dropout; default 0.
    pub rate: f64,
    /// Between the two dense layers; default GELU.
    pub activation: Activation,
    /// The block that a decoder attends to.
    pub memory: Option<String>,
    /// Layers of the whole stack; default `count`.
    pub depth: usize,
    /// Of an encoder: layers of the decoder behind it.
    pub decoder_depth: Option<usize>,
}
