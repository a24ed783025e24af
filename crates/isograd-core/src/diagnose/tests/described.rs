//! What the description alone shows to be wrong.
#![allow(clippy::unwrap_used)]

use super::build::Net;
use crate::describe::{Shape, Task};
use crate::diagnose::{Finding, Severity};

/// A network of ten inputs with this end and this `[train]`; ten classes unless the plan is changed.
fn net(data: &str, layers: &str, train: &str) -> Net {
    let text = format!(
        "[data]\nsource = \"blobs\"\n{data}\n[network]\nlayers = [ {layers} ]\n[train]\n{train}\noptimizer = \"adam\"\n"
    );
    Net::of(&text, 10)
}

/// The patch of every piece of advice can be applied, and the rule then says nothing.
fn mended(net: &Net, finding: &Finding) {
    let patched = finding.advice.iter().filter_map(|a| a.patch.as_ref());
    for patch in patched {
        let document = net.document.with_patch(patch).unwrap();
        let mut after = Net::of(&document.text, 10);
        after.plan.task = net.plan.task;
        after.plan.examples = net.plan.examples;
        let again = after
            .finding(finding.code)
            .filter(|f| f.severity > Severity::Info);
        assert_eq!(again, None, "{}", document.text);
    }
}

/// Code and severity of what is found in a network of this end.
fn judged(net: &Net, code: &str) -> Option<Severity> {
    let finding = net.finding(code);
    if let Some(finding) = &finding {
        mended(net, finding);
    }
    finding.map(|f| f.severity)
}

const CRITICAL: Option<Severity> = Some(Severity::Critical);
const WARNING: Option<Severity> = Some(Severity::Warning);
const INFO: Option<Severity> = Some(Severity::Info);

#[test]
fn a_softmax_over_one_unit_is_found_wherever_it_stands() {
    let cross = "loss = \"cross_entropy\"";
    for (layers, train, task, expected) in [
        (
            "{ dense = 1 }, \"softmax\"",
            "loss = \"binary_cross_entropy\"",
            Task::Binary,
            CRITICAL,
        ),
        (
            "{ dense = 1 }, \"softmax\"",
            "loss = \"mse\"",
            Task::Regression { targets: 1 },
            CRITICAL,
        ),
        ("{ dense = 1 }", cross, Task::Binary, CRITICAL),
        (
            "{ dense = 1 }, \"softmax\", { dense = 10 }",
            cross,
            Task::Classification { classes: 10 },
            CRITICAL,
        ),
        ("{ dense = 2 }, \"softmax\"", cross, Task::Binary, None),
        (
            "{ dense = 1 }, \"sigmoid\"",
            "loss = \"binary_cross_entropy\"",
            Task::Binary,
            None,
        ),
    ] {
        let mut net = net("", layers, train);
        net.plan.task = task;
        assert_eq!(
            judged(&net, "single-unit-softmax"),
            expected,
            "{layers} {train}"
        );
    }
}

#[test]
fn few_values_are_counted_with_positions_and_batches() {
    let plain =
        "{ repeat = 2, layers = [ { dense = 16 }, \"batch_norm\", \"relu\" ] }, { dense = 10 }";
    let deep = plain.replace("repeat = 2", "repeat = 20");
    for (layers, batch, expected) in [
        (plain, 1, CRITICAL),
        (plain, 2, CRITICAL),
        (plain, 3, WARNING),
        (plain, 4, None),
        (plain, 128, None),
        // 20 layers at 3.01 dB, at 1.25 dB (n = 6), at 0.79 dB (n = 8).
        (deep.as_str(), 4, WARNING),
        (deep.as_str(), 6, INFO),
        (deep.as_str(), 8, None),
        (
            "{ dense = 16 }, \"instance_norm\", { dense = 10 }",
            128,
            CRITICAL,
        ),
        (
            "{ dense = 2 }, \"layer_norm\", { dense = 10 }",
            128,
            CRITICAL,
        ),
        (
            "{ dense = 16 }, { group_norm = 8 }, { dense = 10 }",
            128,
            CRITICAL,
        ),
        (
            "{ dense = 16 }, { group_norm = 4 }, { dense = 10 }",
            128,
            None,
        ),
        ("{ dense = 16 }, \"rms_norm\", { dense = 10 }", 1, None),
    ] {
        let net = net(
            "",
            layers,
            &format!("loss = \"cross_entropy\"\nbatch = {batch}"),
        );
        let found = judged(&net, "normalisation-on-few-values");
        assert_eq!(found, expected, "{layers} with {batch}");
    }
    // 10,000 examples, 9,999 of them in whole batches.
    let net = net("", plain, "loss = \"cross_entropy\"\nbatch = 99");
    let found = net.finding("normalisation-on-few-values").unwrap();
    assert_eq!(found.severity, Severity::Info);
    assert!(found.cause.contains("last batch"), "{}", found.cause);
}

#[test]
fn dropout_is_judged_by_the_variance_that_it_leaves() {
    let direct = |n: usize, rate: f64| {
        format!(
            "{{ repeat = {n}, layers = [ {{ dense = 16 }}, \"relu\", {{ dropout = {rate} }}, \"batch_norm\" ] }}, {{ dense = 10 }}"
        )
    };
    for (layers, expected) in [
        // Nothing measured: c = 0, and each leaves the share that is kept.
        (direct(1, 0.2), None),
        (direct(2, 0.5), INFO),
        (direct(6, 0.5), INFO),
        (direct(7, 0.5), WARNING),
        (direct(3, 0.8), WARNING),
        ("{ repeat = 9, layers = [ { dense = 16 }, \"batch_norm\", \"relu\" ] }, { dropout = 0.9 }, { dense = 10 }".to_owned(), None),
        ("{ repeat = 9, layers = [ { dropout = 0.5 }, { dense = 16 }, \"layer_norm\", \"batch_norm\" ] }, { dense = 10 }".to_owned(), None),
        ("{ repeat = 9, layers = [ { residual = [ { dense = 10 }, { dropout = 0.4 }, \"batch_norm\" ] } ] }, { dense = 10 }".to_owned(), None),
    ] {
        let net = net("", &layers, "loss = \"cross_entropy\"");
        assert_eq!(judged(&net, "dropout-before-batch-norm"), expected, "{layers}");
    }
}

#[test]
fn the_ratio_of_variances_is_that_of_drawn_units() {
    use crate::trace::Quantity;
    // A unit N(m, v) with m² = 0.6, v = 0.4, kept with p = 0.8: variance 1/p − 0.6 against 0.4.
    let layers = "{ dense = 16 }, \"relu\", { dropout = 0.2 }, \"batch_norm\", { dense = 10 }";
    let mut net = net("", layers, "loss = \"cross_entropy\"");
    net.probe(0, 2.3, |_, _, row| row.with(Quantity::Correlation, 0.6));
    let found = net.finding("dropout-before-batch-norm");
    assert!(found.is_none(), "0.62 is more than half");
    net.trace.records.clear();
    net.probe(0, 2.3, |_, _, row| row.with(Quantity::Correlation, 0.8));
    let left = net.finding("dropout-before-batch-norm").unwrap().evidence["variance_left"]
        .as_f64()
        .unwrap();
    let mut state = 1u64;
    let mut uniform = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        ((state >> 11) as f64 + 0.5) / (1u64 << 53) as f64
    };
    let (mut dropped, mut plain) = ([0.0; 2], [0.0; 2]);
    let n = 200_000;
    for _ in 0..n {
        let normal = (-2.0 * uniform().ln()).sqrt() * (std::f64::consts::TAU * uniform()).cos();
        let x = 0.8_f64.sqrt() + 0.2_f64.sqrt() * normal;
        let kept = if uniform() < 0.8 { x / 0.8 } else { 0.0 };
        for (sums, x) in [(&mut plain, x), (&mut dropped, kept)] {
            sums[0] += x / f64::from(n);
            sums[1] += x * x / f64::from(n);
        }
    }
    let variance = |s: [f64; 2]| s[1] - s[0] * s[0];
    let drawn = variance(plain) / variance(dropped);
    assert!((left / drawn - 1.0).abs() < 0.02, "{left} for {drawn}");
}

#[test]
fn output_and_loss_must_fit() {
    let classes = Task::Classification { classes: 10 };
    let binary = Task::Binary;
    let cross = |options: &str| format!("loss = {{ name = \"cross_entropy\"{options} }}");
    let yes_no = |options: &str| format!("loss = {{ name = \"binary_cross_entropy\"{options} }}");
    let (logits, likely) = (", on = \"logits\"", ", on = \"probabilities\"");
    for (end, train, task, expected) in [
        ("{ dense = 10 }", cross(""), classes, None),
        ("{ dense = 10 }, \"softmax\"", cross(""), classes, None),
        (
            "{ dense = 10 }, \"softmax\"",
            cross(logits),
            classes,
            WARNING,
        ),
        ("{ dense = 10 }", cross(likely), classes, WARNING),
        ("{ dense = 10 }, \"relu\"", cross(likely), classes, WARNING),
        (
            "{ dense = 10 }, \"relu\"",
            cross(", on = \"probabilities\", renormalise = true"),
            classes,
            None,
        ),
        ("{ dense = 10 }, \"sigmoid\"", cross(""), classes, WARNING),
        (
            "{ dense = 10 }, \"sigmoid\"",
            cross(", renormalise = true"),
            classes,
            None,
        ),
        (
            "{ dense = 10 }, { softmax = true, axis = \"batch\" }",
            cross(""),
            classes,
            WARNING,
        ),
        ("{ dense = 10 }, \"relu\"", cross(""), classes, WARNING),
        ("{ dense = 10 }, \"leaky_relu\"", cross(""), classes, None),
        // ln(1 + 9·e⁻²) = 0.80 of ln 10.
        ("{ dense = 10 }, \"tanh\"", cross(""), classes, WARNING),
        ("{ dense = 1 }, \"sigmoid\"", cross(""), binary, CRITICAL),
        ("{ dense = 1 }, \"sigmoid\"", yes_no(""), binary, None),
        (
            "{ dense = 1 }, \"sigmoid\"",
            yes_no(logits),
            binary,
            CRITICAL,
        ),
        ("{ dense = 1 }, \"relu\"", yes_no(""), binary, CRITICAL),
        ("{ dense = 1 }, \"tanh\"", yes_no(""), binary, WARNING),
        ("{ dense = 1 }", yes_no(""), binary, None),
        ("{ dense = 1 }", yes_no(likely), binary, WARNING),
    ] {
        let mut net = net("", end, &train);
        net.plan.task = task;
        assert_eq!(
            judged(&net, "wrong-output-or-loss"),
            expected,
            "{end} {train}"
        );
    }
    for (end, scale, expected) in [
        ("\"sigmoid\"", "standard", WARNING),
        ("\"relu\"", "standard", WARNING),
        ("\"tanh\"", "standard", INFO),
        ("\"sigmoid\"", "none", None),
        ("\"leaky_relu\"", "standard", None),
    ] {
        let data = format!("target_scale = \"{scale}\"");
        let mut net = net(&data, &format!("{{ dense = 1 }}, {end}"), "loss = \"mse\"");
        net.plan.task = Task::Regression { targets: 1 };
        assert_eq!(
            judged(&net, "wrong-output-or-loss"),
            expected,
            "{end} {scale}"
        );
    }
}

#[test]
fn images_have_positions() {
    let mut net = net(
        "",
        "{ dense = 16 }, \"batch_norm\", { dense = 10 }",
        "loss = \"cross_entropy\"\nbatch = 1",
    );
    for node in &mut net.plan.nodes {
        node.output = Shape::Image {
            channels: 16,
            height: 4,
            width: 4,
        };
    }
    assert_eq!(net.finding("normalisation-on-few-values"), None);
}
