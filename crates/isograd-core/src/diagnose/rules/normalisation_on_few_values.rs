//! `normalisation-on-few-values`: statistics of so few values that nothing of the signal, or nothing
//! of the gradient, is left behind the normalisation.

use super::Rule;
use crate::describe::{Node, NodeId, Op};
use crate::diagnose::advice;
use crate::diagnose::context::Context;
use crate::diagnose::evidence::Evidence;
use crate::diagnose::finding::{Finding, Severity};
use crate::diagnose::limits::{DEPTH_DB, WEAK_DEPTH_DB};

pub(super) const RULE: Rule = Rule {
    code: "normalisation-on-few-values",
    severity: Severity::Critical,
    page: include_str!("../../../../../docs/findings/normalisation-on-few-values.md"),
    check,
};

/// A normalisation, and how many values each of its statistics is made of.
#[derive(Clone, Copy, Debug)]
struct Norm {
    node: NodeId,
    values: usize,
    /// Values at which nothing passes: one where a mean is taken off, none where only a size is.
    nothing: usize,
    of_batch: bool,
}

fn check(ctx: &Context<'_>) -> Option<Finding> {
    let train = &ctx.exam.description.train;
    let examples = ctx.exam.plan.examples.max(1);
    let batch = train.batch.min(examples);
    let norms: Vec<Norm> = ctx
        .exam
        .plan
        .nodes
        .iter()
        .filter_map(|node| norm(node, batch))
        .collect();
    // The projections of the backward pass leave n − 2 of n dimensions.
    let blind: Vec<Norm> = norms
        .iter()
        .copied()
        .filter(|n| n.values <= n.nothing + 1)
        .collect();
    if let Some(&worst) = blind.iter().min_by_key(|n| n.values) {
        let name = &ctx.node(worst.node).name;
        let cause = if worst.values <= worst.nothing {
            format!(
                "{name} normalises over a single value, which minus its own mean is 0: what comes out is its shift, whatever comes in"
            )
        } else {
            format!(
                "{name} normalises over {} that leave only a sign: whatever their size they become ±1, and no gradient passes back",
                if worst.values == 1 {
                    "single values"
                } else {
                    "two values"
                },
            )
        };
        return Some(finding(ctx, Severity::Critical, cause, &blind, batch));
    }
    let of_batch: Vec<Norm> = norms.into_iter().filter(|n| n.of_batch).collect();
    let fewest = of_batch.iter().map(|n| n.values).min()?;
    let growth = growth(ctx, &of_batch);
    if growth > WEAK_DEPTH_DB {
        let severity = if growth > DEPTH_DB {
            Severity::Warning
        } else {
            Severity::Info
        };
        let words = if growth.is_finite() {
            format!(
                "makes the gradient grow by {growth:.0} dB over the depth beyond what large batches do"
            )
        } else {
            "has no finite mean square of the gradient: single steps are as large as chance makes them".to_owned()
        };
        let cause = format!(
            "batch normalisation over {fewest} values {words}: each multiplies its square by (n − 2)/(n − 3)"
        );
        return Some(finding(ctx, severity, cause, &of_batch, batch));
    }
    // With a curriculum the batches of an epoch are other ones.
    let rest = examples % batch;
    let positions = fewest / batch;
    (rest > 0 && rest * positions <= 2 && train.curriculum.is_none()).then(|| {
        let cause = format!(
            "the last batch of every epoch has {rest} of {examples} examples: batch normalisation learns nothing from it, and its running variance takes it in just before validation"
        );
        finding(ctx, Severity::Info, cause, &of_batch, batch)
    })
}

fn finding(
    ctx: &Context<'_>,
    severity: Severity,
    cause: String,
    norms: &[Norm],
    batch: usize,
) -> Finding {
    let name = |n: &Norm| ctx.node(n.node).name.as_str();
    let fewest = norms.iter().map(|n| n.values).min().unwrap_or(0);
    let growth = growth(ctx, norms);
    let examples = ctx.exam.plan.examples;
    Finding {
        code: RULE.code,
        severity,
        layers: norms.iter().map(|n| name(n).to_owned()).collect(),
        cause,
        evidence: Evidence::new()
            .count("values", fewest)
            .count("batch", batch)
            .count(
                "examples_of_the_last_batch",
                match examples % batch {
                    0 => batch,
                    rest => rest,
                },
            )
            .number("growth_db", growth)
            .number("limit_db", WEAK_DEPTH_DB)
            .by_layer(
                "values_by_layer",
                norms.iter().map(|n| (name(n), n.values as f64)),
            )
            .finish(),
        advice: advice::for_few_values(
            ctx,
            &norms.iter().map(|n| n.node).collect::<Vec<_>>(),
            norms.iter().any(|n| n.of_batch),
        ),
    }
}

fn norm(node: &Node, batch: usize) -> Option<Norm> {
    let positions = node.output.elements() / node.output.units().max(1);
    let (values, nothing, of_batch) = match node.op {
        Op::BatchNorm { .. } => (batch * positions, 1, true),
        Op::LayerNorm { elements, .. } => (elements, 1, false),
        Op::GroupNorm { units, groups, .. } => (units / groups.max(1) * positions, 1, false),
        Op::InstanceNorm { .. } => (positions, 1, false),
        Op::RmsNorm { elements, .. } => (elements, 0, false),
        _ => return None,
    };
    Some(Norm {
        node: node.id,
        values,
        nothing,
        of_batch,
    })
}

/// The growth of all of them in dB; beside a path around it a finite one does not add up.
fn growth(ctx: &Context<'_>, norms: &[Norm]) -> f64 {
    norms
        .iter()
        .filter(|n| n.of_batch)
        .map(|n| (growth_db(n.values), n))
        .filter(|(db, n)| db.is_infinite() || ctx.node(n.node).parent.is_none())
        .map(|(db, _)| db)
        .sum()
}

/// Growth of the mean square of the gradient through batch normalisation over n values and the
/// weights in front of it, in dB, beyond that of n → ∞: the backward pass keeps n − 2 of the n − 1
/// dimensions that centred values have, and the variance that it divides by is χ²/(n − 1) with n − 1
/// degrees of freedom, whose reciprocal has mean (n − 1)/(n − 3): together (n − 2)/(n − 3).
/// Yang et al. (2019) give the rates of networks with activations, which are larger.
fn growth_db(values: usize) -> f64 {
    match values {
        0..=3 => f64::INFINITY,
        n => 10.0 * ((n as f64 - 2.0) / (n as f64 - 3.0)).log10(),
    }
}

#[cfg(test)]
mod tests {
    use super::growth_db;

    #[test]
    fn the_growth_is_that_of_simulated_networks() {
        // Squared rates a layer of linear networks of 400 units, simulated: the finite width makes
        // them smaller by about 2 %.
        for (values, simulated) in [
            (4, 1.951),
            (8, 1.201),
            (16, 1.074),
            (32, 1.027),
            (64, 1.006),
        ] {
            let rate = 10_f64.powf(growth_db(values) / 10.0);
            assert!(
                (rate / simulated - 1.0).abs() < 0.03,
                "{values}: {rate} for {simulated}"
            );
        }
        assert_eq!(growth_db(3), f64::INFINITY);
    }
}
