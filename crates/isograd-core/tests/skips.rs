//! Residuals, dense blocks, highways and ready networks, written out.

#![allow(clippy::unwrap_used, clippy::print_stdout, missing_docs)]

use isograd_core::describe::network::Init;
use isograd_core::describe::{DataShape, DescribeError, Document, Op, Plan, Shape, Task};
use std::path::Path;

const CIFAR: Shape = Shape::Image {
    channels: 3,
    height: 32,
    width: 32,
};

fn try_plan(layers: &str, input: Shape) -> Result<Plan, DescribeError> {
    let text = format!(
        "[data]\nsource = \"circles\"\n[network]\ninit = \"he_normal\"\nlayers = [ {layers} ]\n[train]\nloss = \"cross_entropy\"\noptimizer = \"sgd\"\n"
    );
    Document::parse(&text, Path::new("case.toml"))?.plan(&DataShape {
        input,
        task: Task::Classification { classes: 10 },
        examples: 100,
    })
}

fn written(layers: &str, input: Shape) -> Plan {
    try_plan(layers, input).unwrap_or_else(|e| panic!("{layers}\n{}", e.plain()))
}

#[test]
fn ready_networks_have_the_published_parameters() {
    // He et al. 2015, table 6: 0.27 M, 0.85 M and 1.7 M; to the last one as counted by the
    // re-implementations with option A. Huang et al. 2017, table 2: 1.0 M and 0.8 M.
    for (layers, parameters, weighted) in [
        ("{ resnet = 20 }", 269_722, 20),
        ("{ resnet = 56 }", 853_018, 56),
        ("{ resnet = 110 }", 1_727_962, 110),
        ("{ resnet = 20, plain = true }", 269_722, 20),
        ("{ densenet = 40 }", 1_019_722, 40),
        (
            "{ densenet = 100, bottleneck_ratio = 4, compression = 0.5 }",
            769_162,
            100,
        ),
    ] {
        let plan = written(layers, CIFAR);
        assert_eq!(plan.parameters(), parameters, "{layers}");
        assert_eq!(plan.layers.len(), weighted, "{layers}");
        assert_eq!(plan.output, Shape::Flat(10));
    }
    // 784·50 + 50 for the plain layer, twice 50·50 + 50 for each highway, 50·10 + 10 behind.
    for depth in [10, 20, 30, 50, 100] {
        let plan = written(&format!("{{ highway_net = {depth} }}"), Shape::Flat(784));
        let highways = depth as u64 - 1;
        assert_eq!(plan.parameters(), 39_250 + highways * 5_100 + 510);
        // Gates stand beside the path of the layers.
        assert_eq!(plan.layers.len(), depth + 1);
    }
}

#[test]
fn stochastic_depth_grows_linearly() {
    let plan = written(
        "{ dense = 8 }, { repeat = 4, layers = [ { residual = { layers = [ { dense = 8 }, \"relu\" ], drop = 0.5, scale = \"inverse_sqrt_depth\" } } ] }, { residual = { layers = [ { dense = 8 } ], scale = \"inverse_depth\" } }, { dense = 10 }",
        Shape::Flat(4),
    );
    let rates: Vec<f64> = plan
        .nodes
        .iter()
        .filter_map(|node| match node.op {
            Op::DropPath { rate, .. } => Some(rate),
            _ => None,
        })
        .collect();
    // Five residual blocks; the last has no `drop`.
    assert_eq!(rates, [0.1, 0.2, 0.3, 0.4]);
    let factors: Vec<f64> = plan
        .nodes
        .iter()
        .filter_map(|node| match node.op {
            Op::Multiplier {
                value,
                learned: false,
                ..
            } => Some(value),
            _ => None,
        })
        .collect();
    assert!((factors[0] - 0.2_f64.sqrt()).abs() < 1e-15 && factors.len() == 5);
    assert!((factors[4] - 0.2).abs() < 1e-15);
    let huang = written("{ resnet = 110, drop = 0.5 }", CIFAR);
    let rates: Vec<f64> = huang
        .nodes
        .iter()
        .filter_map(|node| match node.op {
            Op::DropPath { rate, .. } => Some(rate),
            _ => None,
        })
        .collect();
    assert_eq!((rates.len(), rates[53]), (54, 0.5));
}

#[test]
fn fixup_scales_by_depth_and_zeroes_what_comes_last() {
    // Three convolutions a branch and 16 branches: 16^(−1/4) = 1/2.
    let body = "{ conv2d = 4 }, \"relu\", { conv2d = 4 }, \"relu\", { conv2d = 4 }";
    let layers = format!(
        "{{ conv2d = 4 }}, {{ repeat = 16, layers = [ {{ residual = {{ layers = [ {body} ], fixup = true }} }} ] }}, \"global_avg_pool\", {{ dense = 10 }}"
    );
    let plan = written(&layers, CIFAR);
    let inits: Vec<(Init, bool)> = plan
        .nodes
        .iter()
        .filter_map(|node| match &node.op {
            Op::Conv2d { init, bias, .. } | Op::Dense { init, bias, .. } => {
                Some((*init, bias.is_some()))
            }
            _ => None,
        })
        .collect();
    let he = |gain| Init::HeNormal {
        gain,
        truncated: false,
    };
    assert_eq!(inits[0], (he(1.0), true));
    assert_eq!(
        inits[1..4],
        [(he(0.5), false), (he(0.5), false), (Init::ZEROS, false)]
    );
    assert_eq!(inits.last(), Some(&(Init::ZEROS, true)));
    // Before five weighted layers and activations an offset of one number, one behind, a factor.
    let offsets = plan
        .nodes
        .iter()
        .filter(|n| matches!(n.op, Op::Offset { count: 1, .. }));
    assert_eq!(offsets.count(), 16 * 6);
    let own = layers.replace("{ dense = 10 }", "{ dense = 10, init = \"ones\" }");
    let kept = written(&own, CIFAR);
    assert!(matches!(
        kept.nodes.last().unwrap().op,
        Op::Dense {
            init: Init::ONES,
            ..
        }
    ));
}

#[test]
fn what_does_not_fit_is_refused_with_a_way_out() {
    let flat = Shape::Flat(8);
    for (layers, input, words) in [
        ("{ highway = [ { dense = 5 } ] }", flat, "plain layer"),
        (
            "{ concat = [ { conv2d = 4, stride = 2 } ] }",
            CIFAR,
            "height and width",
        ),
        ("{ gated = [ { dense = 5 } ] }", flat, "one a channel"),
        ("{ resnet = 20 }", flat, "images"),
        ("{ resnet = 21 }", CIFAR, "such as 20 or 26"),
        ("{ densenet = 41 }", CIFAR, "such as 40 or 43"),
        (
            "{ residual = { layers = [ { dense = 5 } ], shortcut = \"pad\" } }",
            flat,
            "more channels",
        ),
        (
            "{ residual = { layers = [ { repeat = 2, layers = [ { dense = 8 } ] } ], fixup = true } }",
            flat,
            "without blocks around them",
        ),
    ] {
        let error =
            try_plan(&format!("{layers}, \"flatten\", {{ dense = 10 }}"), input).unwrap_err();
        assert!(error.plain().contains(words), "{layers}: {}", error.plain());
    }
}

#[test]
fn lesions_take_out_one_block_or_exchange_two() {
    use isograd_core::describe::lesion::lesions;
    let plan = written(
        "{ dense = 8 }, { dense = 8 }, \"relu\", { repeat = 2, layers = [ { residual = [ { dense = 8 }, \"relu\" ] } ] }, { concat = [ { dense = 4 } ] }, { dense = 10 }",
        Shape::Flat(4),
    );
    let all = lesions(&plan);
    let names: Vec<&str> = all.iter().map(|l| l.name.as_str()).collect();
    assert_eq!(
        names,
        [
            "without dense2",
            "without residual1",
            "without residual2",
            "without concat1",
            "dense2 and residual1 exchanged",
            "residual1 and residual2 exchanged",
        ]
    );
    let chain = |plan: &Plan| -> Vec<String> {
        let name = |&id: &usize| plan.nodes[id].name.clone();
        plan.chain.iter().map(name).collect()
    };
    assert_eq!(
        chain(&all[0].plan),
        ["dense1", "residual1", "residual2", "concat1", "dense6"]
    );
    assert_eq!(
        chain(&all[4].plan)[..5],
        ["dense1", "residual1", "dense2", "relu1", "residual2"]
    );
    // The shape of a concatenation stays.
    assert_eq!(chain(&all[3].plan), chain(&plan));
    assert_eq!(all[3].plan.nodes.len(), plan.nodes.len() + 1);
}
