//! Advice about normalisation: what its statistics are made of, and what stands in front of it.

use super::edits::{delete, paths, set};
use crate::describe::{NodeId, Op, Patch};
use crate::diagnose::context::Context;
use crate::diagnose::finding::Advice;
use crate::trace::sites::kind;

/// Examples a batch from which batch normalisation is as good as with more (Wu and He 2018, figure 1).
const BATCH: usize = 32;

/// For normalisations over too few values.
pub(in crate::diagnose) fn for_few_values(
    ctx: &Context<'_>,
    nodes: &[NodeId],
    of_batch: bool,
) -> Vec<Advice> {
    let mut advice = Vec::new();
    let (now, examples) = (ctx.exam.description.train.batch, ctx.exam.plan.examples);
    if of_batch && examples > 2 {
        // The first size from the aim up that leaves no sliver of a last batch.
        let whole = |b: &usize| examples % b == 0 || examples % b >= b.div_ceil(4);
        let least = BATCH.max(now).min(examples);
        let to = (least..=(2 * least).min(examples))
            .find(whole)
            .unwrap_or(examples);
        if to != now {
            advice.push(Advice {
                text: format!("use batches of {to} examples instead of {now}"),
                patch: Some(Patch(vec![set("train.batch", now.into(), to)])),
            });
        }
    }
    let own: Vec<NodeId> = nodes.iter().copied().filter(|&n| ctx.is_block(n)).collect();
    let Some(&first) = own.first() else {
        return advice;
    };
    // Over all units of an example there are values enough, if it has units.
    let enough = own.iter().all(|&n| {
        ctx.node(n).output.elements() > 2
            && !matches!(ctx.node(n).op, Op::LayerNorm { .. } | Op::RmsNorm { .. })
    });
    let ops = paths(ctx, &own).into_iter();
    let word = kind(&ctx.node(first).op);
    let patch = if enough {
        ops.map(|p| set(p, word.into(), "layer_norm")).collect()
    } else {
        // Backwards, so that no address moves before it is used.
        ops.rev().map(|p| delete(&p, word)).collect()
    };
    advice.push(Advice {
        text: if enough {
            "use layer normalisation, whose statistics are those of one example's units".to_owned()
        } else {
            "take the normalisation out: there are too few units to normalise".to_owned()
        },
        patch: Some(Patch(patch)),
    });
    advice
}

/// For dropouts in front of batch normalisation.
pub(in crate::diagnose) fn for_dropout(ctx: &Context<'_>, dropouts: &[NodeId]) -> Vec<Advice> {
    let own: Vec<NodeId> = dropouts
        .iter()
        .copied()
        .filter(|&n| ctx.is_block(n))
        .collect();
    let patch = (!own.is_empty()).then(|| {
        let ops = paths(ctx, &own).into_iter().rev();
        Patch(ops.map(|p| delete(&p, "dropout")).collect())
    });
    let mut advice = vec![Advice {
        text: "drop units only behind the last batch normalisation: it regularises by itself"
            .to_owned(),
        patch,
    }];
    if !own.is_empty() {
        let rate = |p: &String| format!("{p}.dropout");
        let ops = own.iter().filter_map(|&n| match ctx.node(n).op {
            Op::Dropout { rate: r } if r > 0.1 => Some((ctx.node(n).path.clone(), r)),
            _ => None,
        });
        let mut seen: Vec<(String, f64)> = Vec::new();
        for (path, r) in ops {
            if !seen.iter().any(|(p, _)| *p == path) {
                seen.push((path, r));
            }
        }
        if !seen.is_empty() {
            let ops = seen.iter().map(|(p, r)| set(rate(p), (*r).into(), 0.1));
            advice.push(Advice {
                text: "or drop a tenth of them: the variances then differ little".to_owned(),
                patch: Some(Patch(ops.collect())),
            });
        }
    }
    advice
}
