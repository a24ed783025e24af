//! Blame: what each node of the outermost chain does to the size of the gradient, in dB.
//!
//! On a chain the terms telescope: the input of a node is the output of the node before it, so
//! Σ 20·log₁₀(G_in/G_out) is 20·log₁₀ of G at the beginning over G at the end, exactly. Where paths
//! add (a residual block) the block is one term, split inside by energy shares.

use super::context::{Context, is_normalisation, is_weighted, outermost};
use super::finding::{Blame, Mechanism, MechanismBlame, Split};
use super::profile::db;
use super::slopes::allowed_db;
use crate::describe::{NodeId, Op};
use crate::trace::{Quantity, Record};

/// Blame of all nodes between the first layer's output and the network's output at one record.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Account {
    /// The terms, in order of computation.
    pub terms: Vec<Blame>,
    /// What they sum to.
    pub total_db: Option<f64>,
}

impl Account {
    pub(super) fn new(ctx: &Context<'_>, record: &Record) -> Self {
        let chain = &ctx.exam.plan.chain;
        let Some(start) = start(ctx) else {
            return Self::default();
        };
        let mut account = Self::default();
        let mut input: Option<f64> = None;
        let mut beginning = None;
        // Nodes since the last one that was measured; their terms come together.
        let mut span: Vec<NodeId> = Vec::new();
        for &node in &chain[start..] {
            let output = ctx.get(record, node, Quantity::Gradient);
            if input.is_none() {
                input = output;
                beginning = output;
                continue;
            }
            span.push(node);
            if let (Some(from), Some(to)) = (input, output) {
                account.terms.push(term(ctx, record, &span, from, to));
                account.total_db = beginning.map(|b| ratio_db(b, to));
                span.clear();
                input = output;
            }
        }
        account
    }

    /// The terms, those that do most harm first: where the gradient shrinks over the network the
    /// most negative excess, where it grows the most positive one.
    pub(super) fn ranked(&self) -> Vec<Blame> {
        let mut terms = self.terms.clone();
        let sign = self.sign();
        terms.sort_by(|a, b| (sign * b.excess_db).total_cmp(&(sign * a.excess_db)));
        terms
    }

    /// −1 where the gradient shrinks on its way back, else 1.
    fn sign(&self) -> f64 {
        if self.total_db.is_some_and(|t| t > 0.0) {
            1.0
        } else {
            -1.0
        }
    }

    /// The terms summed by mechanism and kind, those that do most harm first.
    pub(super) fn by_mechanism(&self) -> Vec<MechanismBlame> {
        let mut sums: Vec<MechanismBlame> = Vec::new();
        for term in &self.terms {
            let same = sums
                .iter_mut()
                .find(|s| s.mechanism == term.mechanism && s.kind == term.kind);
            if let Some(sum) = same {
                sum.nodes += 1;
                sum.db += term.db;
                sum.excess_db += term.excess_db;
            } else {
                sums.push(MechanismBlame {
                    mechanism: term.mechanism,
                    kind: term.kind.clone(),
                    nodes: 1,
                    db: term.db,
                    excess_db: term.excess_db,
                    share: 0.0,
                });
            }
        }
        let of_sign = |positive: bool| -> f64 {
            sums.iter()
                .map(|s| s.excess_db)
                .filter(|e| (*e > 0.0) == positive && e.is_finite())
                .sum()
        };
        let (up, down) = (of_sign(true), of_sign(false));
        for sum in &mut sums {
            let all = if sum.excess_db > 0.0 { up } else { down };
            sum.share = match sum.excess_db {
                e if e.is_infinite() => 1.0,
                e if e.is_nan() || all == 0.0 => 0.0,
                e => e / all,
            };
        }
        let sign = self.sign();
        sums.sort_by(|a, b| (sign * b.excess_db).total_cmp(&(sign * a.excess_db)));
        sums
    }
}

/// Position in the chain of the first layer's output, or of the residual that it lies in.
fn start(ctx: &Context<'_>) -> Option<usize> {
    let plan = ctx.exam.plan;
    let node = outermost(&plan.nodes, plan.layers.first()?.output);
    plan.chain.iter().position(|&n| n == node)
}

/// 20·log₁₀(from / to). Zero over zero is 0: there was nothing left to lose.
fn ratio_db(from: f64, to: f64) -> f64 {
    if from == 0.0 && to == 0.0 {
        0.0
    } else {
        db(from, to)
    }
}

/// The term of a span of nodes that ends at the last one, whose G at the input is `from` and at the
/// output `to`.
fn term(ctx: &Context<'_>, record: &Record, span: &[NodeId], from: f64, to: f64) -> Blame {
    let last = span[span.len() - 1];
    let node = ctx.node(last);
    let db = ratio_db(from, to);
    let neutral: f64 = span.iter().map(|&n| neutral_db(ctx, n)).sum();
    let (mechanism, kind) = if let [_] = span {
        (mechanism(&node.op), kind(ctx, last).to_owned())
    } else {
        let kinds: Vec<&str> = span.iter().map(|&n| kind(ctx, n)).collect();
        (Mechanism::Other, kinds.join(" + "))
    };
    let split = match (&node.op, span) {
        (Op::Residual { shortcut, .. }, [_]) if shortcut.is_empty() => ctx
            .branch(record, last, Quantity::Gradient)
            .and_then(|body| split(from, body, to)),
        _ => None,
    };
    Blame {
        layer: node.name.clone(),
        node: last,
        kind,
        mechanism,
        db,
        excess_db: db - neutral,
        split,
    }
}

/// Energy shares of the paths of a residual with an identity shortcut, beside which the gradient
/// passes as it is: with g_in = g_body + g_skip, ⟨g_in, g_body⟩ = (‖g_in‖² + ‖g_body‖² − ‖g_skip‖²)/2.
/// The norms are means of squares over examples, for which this holds as well.
fn split(input: f64, body: f64, output: f64) -> Option<Split> {
    // Relative to the input, so that squares neither overflow nor underflow.
    let body = (1.0 + (body / input).powi(2) - (output / input).powi(2)) / 2.0;
    body.is_finite().then_some(Split {
        body,
        shortcut: 1.0 - body,
    })
}

/// Through what a node acts on the gradient.
fn mechanism(op: &Op) -> Mechanism {
    match op {
        _ if is_weighted(op) => Mechanism::Weights,
        _ if is_normalisation(op) => Mechanism::Normalisation,
        Op::Activation(_) | Op::Prelu { .. } | Op::Softmax { .. } => Mechanism::Activation,
        op if op.joins_paths() => Mechanism::Residual,
        _ => Mechanism::Other,
    }
}

/// The term that a node should have: what its activation can do at best, and for weights what makes
/// up for the activation that follows them.
fn neutral_db(ctx: &Context<'_>, id: NodeId) -> f64 {
    match &ctx.node(id).op {
        op if op.activation().is_some() => op.activation().map_or(0.0, allowed_db),
        op if is_weighted(op) => -critical_compensation(ctx, id),
        _ => 0.0,
    }
}

/// What the activation that belongs to these weights is allowed to take away, in dB (not positive).
pub(super) fn critical_compensation(ctx: &Context<'_>, weights: NodeId) -> f64 {
    let plan = ctx.exam.plan;
    let activation = plan
        .layers
        .iter()
        .find(|l| l.weights == weights)
        .and_then(|l| l.activation);
    activation
        .and_then(|id| ctx.node(id).op.activation())
        .map_or(0.0, allowed_db)
}

/// The node's kind, in the description's words.
fn kind<'a>(ctx: &Context<'a>, id: NodeId) -> &'a str {
    let sites = &ctx.exam.trace.sites;
    sites
        .iter()
        .find(|s| s.node == id)
        .map_or(ctx.node(id).name.as_str(), |s| s.kind.as_str())
}
