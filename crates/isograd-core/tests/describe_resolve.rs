//! What a plan makes of the whole network: tailored activations, critical initialisation, and what
//! is refused.

#![allow(clippy::unwrap_used, missing_docs)]

use isograd_core::describe::network::Init;
use isograd_core::describe::{DataShape, DescribeError, Document, Op, Plan, Shape, Task};
use isograd_theory::Activation;
use std::path::Path;

fn plan(network: &str) -> Result<Plan, DescribeError> {
    let text = format!(
        "[data]\nsource = \"fashion-mnist\"\n[network]\n{network}\n[train]\nloss = \"cross_entropy\"\noptimizer = \"sgd\"\n"
    );
    let shape = DataShape {
        input: Shape::Image {
            channels: 4,
            height: 6,
            width: 6,
        },
        task: Task::Classification { classes: 10 },
        examples: 100,
    };
    Document::parse(&text, Path::new("a.toml"))?.plan(&shape)
}

fn layers(layers: &str) -> Result<Plan, DescribeError> {
    plan(&format!("layers = [ {layers} ]"))
}

/// The slope of the tailored activations, which is one.
fn slope(text: &str) -> f64 {
    let plan = layers(text).unwrap();
    let mut slopes = plan.nodes.iter().filter_map(|node| match node.op {
        Op::Activation(Activation::LeakyRelu { slope }) => Some(slope),
        _ => None,
    });
    let first = slopes.next().unwrap();
    assert!(slopes.all(|other| other == first));
    first
}

#[test]
fn tailored_slopes_are_those_of_the_depth() {
    let plain = |depth: usize, phi: &str| {
        slope(&format!(
            r#""flatten", {{ repeat = {depth}, layers = [ {{ dense = 8 }}, {phi} ] }}, {{ dense = "classes" }}"#
        ))
    };
    // Another program's closed form.
    assert!((plain(50, r#""tailored""#) - 0.430_52).abs() < 6e-6);
    assert!((plain(100, r#""tailored""#) - 0.570_44).abs() < 6e-6);
    assert!((plain(50, "{ tailored = true, eta = 0.5 }") - 0.717_94).abs() < 6e-6);
    let residual = |scale: &str| {
        slope(&format!(
            r#""flatten", {{ dense = 8 }}, {{ repeat = 50, layers = [ {{ residual = [ {{ dense = 8 }}, "tailored" ]{scale} }} ] }}, {{ dense = "classes" }}"#
        ))
    };
    // Half of each sum is F: it needs less. A hundredth of it: hardly anything.
    let (half, little) = (residual(""), residual(", scale = 0.1"));
    assert!(
        0.0 <= little && little <= half && half < 0.430_52,
        "{half}, {little}"
    );
    assert!(half > 0.1, "{half}");
}

#[test]
fn critical_gains_follow_the_activation_behind() {
    let plan = plan(
        r#"
        init = { name = "critical", weights = "orthogonal" }
        layers = [
          { conv2d = 8, init = { name = "critical", weights = "delta_orthogonal" } }, "tanh",
          "flatten", { dense = 100 }, "batch_norm", "relu", { dense = 400, init = "critical" }, "elu",
          { dense = 800 }, "tailored", { dense = "classes" },
        ]"#,
    )
    .unwrap();
    let weights: Vec<(Init, Option<Init>)> = plan
        .nodes
        .iter()
        .filter_map(|node| match node.op {
            Op::Dense { init, bias, .. } | Op::Conv2d { init, bias, .. } => Some((init, bias)),
            _ => None,
        })
        .collect();
    let near = |init: Init, gain: f64| match init {
        Init::Orthogonal { gain: g }
        | Init::DeltaOrthogonal { gain: g }
        | Init::LecunNormal { gain: g, .. } => (g - gain).abs() < 1e-5,
        _ => false,
    };
    // Channels double: the norm is kept where the gain is √2.
    assert!(matches!(weights[0].0, Init::DeltaOrthogonal { .. }));
    assert!(near(weights[0].0, std::f64::consts::SQRT_2), "{weights:?}");
    // 288 inputs become 100: nothing widens.
    assert!(matches!(weights[1].0, Init::Orthogonal { .. }));
    assert!(near(weights[1].0, std::f64::consts::SQRT_2), "{weights:?}");
    assert!(matches!(weights[2].0, Init::LecunNormal { .. }) && near(weights[2].0, 1.223_43));
    assert!(
        matches!(weights[2].1, Some(Init::Normal { mean: 0.0, std }) if (std - 0.186_17).abs() < 1e-5),
        "{weights:?}"
    );
    // One tailored activation is a ReLU; 400 become 800.
    assert!(near(weights[3].0, 2.0), "{weights:?}");
    assert!(near(weights[4].0, 1.0) && weights[4].1 == Some(Init::ZEROS));
}

#[test]
fn what_cannot_be_is_refused_in_words() {
    let dense = |options: &str, phi: &str| {
        format!(r#""flatten", {{ dense = 8, {options} }}, {phi}, {{ dense = "classes" }}"#)
    };
    let cases = [
        (
            dense(r#"init = { name = "critical", q = 1.0 }"#, "\"sigmoid\""),
            "sigmoid has no critical initialisation at q = 1",
        ),
        (
            dense("init = \"critical\"", "\"softplus\""),
            "softplus has no critical initialisation",
        ),
        (
            dense(r#"init = { name = "critical", bias_variance = 0.1 }"#, "\"relu\""),
            "relu has no critical initialisation with bias variance 0.1",
        ),
        (
            dense(r#"init = { name = "critical", q = 1.0 }, bias = false"#, "\"tanh\""),
            "this layer has none",
        ),
        (
            dense(r#"init = { name = "critical", q = 1.0, bias_variance = 0.1 }"#, "\"tanh\""),
            "give one",
        ),
        (dense("bias_init = \"orthogonal\"", "\"tanh\""), "`bias_init` is for biases"),
        (
            r#"{ conv2d = 3, init = "delta_orthogonal" }, "flatten", { dense = "classes" }"#.to_owned(),
            "4 channels become 3",
        ),
        (
            r#""flatten", "tailored", { dense = 9 }, { tailored = true, eta = 0.8 }, { dense = "classes" }"#
                .to_owned(),
            "chosen together",
        ),
        (
            r#"{ tailored = true, zeta = 2.0 }, "flatten", { dense = "classes" }"#.to_owned(),
            "does not belong to shape",
        ),
    ];
    for (text, words) in cases {
        let error = layers(&text).unwrap_err();
        assert!(error.to_string().contains(words), "{text}\n{error}");
        assert!(error.span().is_some(), "{text}");
    }
}
