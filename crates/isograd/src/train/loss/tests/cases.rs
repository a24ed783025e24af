//! The table of losses that are compared with their definitions.

use super::*;
use TargetKind::{Binary, Index, MultiHot, OneHot, Real};

const LOGITS: [f64; 12] = [
    1.3, -0.4, 0.7, -2.1, 0.35, 1.9, 0.15, -0.8, 2.6, -1.45, 0.55, -0.25,
];
const SHARES: [f64; 12] = [
    0.62, 0.17, 0.21, 0.05, 0.35, 0.6, 0.33, 0.31, 0.36, 0.81, 0.11, 0.08,
];

/// Targets of four examples, and what they are.
struct Truth(Task, TargetKind, Targets);

fn labels(classes: usize, kind: TargetKind, labels: [u32; 4]) -> Truth {
    let task = Task::Classification { classes };
    Truth(task, kind, Targets::Index(labels.to_vec()))
}

fn real(width: usize) -> Truth {
    let values = (0..4 * width).map(|k| [0.25, -1.5, 0.75, 2.0, 0.5, 1.25][k % 6]);
    let values = values.collect();
    Truth(
        Task::Regression { targets: width },
        Real,
        Targets::Real { values, width },
    )
}

/// All cases.
pub(super) fn all() -> Vec<Case> {
    let [index, hot] = [Index, OneHot].map(|kind| labels(3, kind, [2, 0, 1, 1]));
    let hot_of_two = labels(2, OneHot, [1, 0, 1, 1]);
    let bits = Truth(Task::Binary, Binary, Targets::Index(vec![1, 0, 1, 1]));
    let bits_as_numbers = Truth(
        Task::Binary,
        Binary,
        Targets::Real {
            values: vec![1.0, 0.0, 1.0, 1.0],
            width: 1,
        },
    );
    let several = Truth(
        Task::MultiLabel { labels: 3 },
        MultiHot,
        Targets::Real {
            values: [1, 0, 1, 0, 0, 1, 1, 1, 0, 0, 0, 1]
                .map(|t: u8| f32::from(t))
                .to_vec(),
            width: 3,
        },
    );
    let directions = Truth(
        Task::Regression { targets: 2 },
        Real,
        Targets::Real {
            values: vec![0.4, 0.1, 1.2, -0.6, 2.2, 0.9, 1.0, 3.0],
            width: 2,
        },
    );
    let mut cases = Vec::new();
    let mut add = |name, spec, output, truth: &Truth, outputs: usize| {
        let source = if output == Logits { LOGITS } else { SHARES };
        let Truth(task, target, targets) = truth;
        cases.push(Case {
            name,
            spec,
            output,
            task: *task,
            target: *target,
            targets: targets.clone(),
            predictions: source[..4 * outputs].to_vec(),
            outputs,
        });
    };
    let (mean, sum) = (Reduction::Mean, Reduction::Sum);

    // Cross-entropy, by class and against numbers.
    let entropy = || spec(CrossEntropy);
    add("index on logits", entropy(), Logits, &index, 3);
    add("index", entropy(), Probabilities, &index, 3);
    add("one-hot on logits", entropy(), Logits, &hot, 3);
    add("one-hot", entropy(), Probabilities, &hot, 3);
    add(
        "more outputs than classes",
        entropy(),
        Logits,
        &hot_of_two,
        3,
    );
    add(
        "one output for three classes",
        entropy(),
        Probabilities,
        &hot,
        1,
    );
    add("bits on two outputs", entropy(), Logits, &bits, 2);
    add(
        "bits as numbers on two outputs",
        entropy(),
        Logits,
        &bits_as_numbers,
        2,
    );
    add("bits on one output", entropy(), Probabilities, &bits, 1);
    add("several labels", entropy(), Logits, &several, 3);
    add(
        "cross-entropy of a real target",
        entropy(),
        Probabilities,
        &real(1),
        1,
    );
    for truth in [&index, &hot] {
        let with = |clip, renormalise| LossSpec {
            clip,
            renormalise,
            ..entropy()
        };
        add("renormalised", with(1e-7, true), Probabilities, truth, 3);
        add(
            "renormalised and clipped",
            with(0.25, true),
            Probabilities,
            truth,
            3,
        );
        add(
            "clip cuts some off",
            with(0.2, false),
            Probabilities,
            truth,
            3,
        );
        add("no clip", with(0.0, false), Probabilities, truth, 3);
    }
    for (reduction, over_classes) in [(mean, mean), (mean, sum), (sum, mean), (sum, sum)] {
        for sum_over_batch in [false, true] {
            let spec = || LossSpec {
                reduction,
                over_classes,
                sum_over_batch,
                factor: 0.5,
                ..entropy()
            };
            add("reductions, by class", spec(), Logits, &index, 3);
            add("reductions, one-hot", spec(), Probabilities, &hot, 3);
        }
    }

    // One term an output.
    let binary = || spec(BinaryCrossEntropy);
    let clipped = || LossSpec {
        clip: 0.2,
        ..binary()
    };
    add("binary on logits", binary(), Logits, &several, 3);
    add("binary", binary(), Probabilities, &several, 3);
    add("binary, clipped", clipped(), Probabilities, &several, 3);
    add("binary of one-hot", binary(), Probabilities, &hot, 3);
    add(
        "binary of class numbers",
        binary(),
        Probabilities,
        &index,
        1,
    );
    add(
        "binary of class numbers on logits",
        binary(),
        Logits,
        &index,
        1,
    );
    add(
        "binary of a real target",
        binary(),
        Probabilities,
        &real(1),
        1,
    );
    for (reduction, over_outputs) in [(mean, mean), (mean, sum), (sum, mean), (sum, sum)] {
        let spec = |kind| LossSpec {
            reduction,
            over_outputs,
            factor: 2.0,
            ..spec(kind)
        };
        add(
            "reductions of binary",
            spec(BinaryCrossEntropy),
            Logits,
            &hot,
            3,
        );
        add("reductions of squares", spec(Mse), Logits, &real(3), 3);
    }
    add("squares", spec(Mse), Logits, &real(2), 2);
    add(
        "squares of class numbers, broadcast",
        spec(Mse),
        Logits,
        &index,
        3,
    );
    add("squares of one-hot, broadcast", spec(Mse), Logits, &hot, 1);
    add("absolute", spec(Mae), Logits, &real(2), 2);
    add("hinge of one-hot", spec(Hinge), Probabilities, &hot, 3);
    add("hinge of class numbers", spec(Hinge), Logits, &index, 1);
    add("hinge of bits", spec(Hinge), Logits, &bits, 1);

    // What compares more than one row with one target.
    let pairs = |kind, reduction| LossSpec {
        reduction,
        pairwise: true,
        ..spec(kind)
    };
    add("every pair, squares", pairs(Mse, mean), Logits, &real(1), 1);
    add("every pair, summed", pairs(Mae, sum), Logits, &real(2), 2);
    add(
        "every pair, classes",
        pairs(CrossEntropy, mean),
        Logits,
        &index,
        3,
    );
    for clip_cosine in [false, true] {
        add("angle", spec(Angle { clip_cosine }), Logits, &directions, 2);
    }
    cases
}
