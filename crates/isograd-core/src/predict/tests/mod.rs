//! The prediction against simulated networks, closed forms and published factors.
#![allow(clippy::unwrap_used)]

mod chain;
mod network;

use super::slope::least_squares;
use super::{InputMoments, Prediction, predict};
use crate::describe::network::{Init, SoftmaxAxis};
use crate::describe::{Op, Plan, Shape};
use chain::Chain;
use isograd_theory::Activation;
use network::{Matrix, Measured, Normal, Recipe, simulate};

const WIDTH: usize = 512;
const DEPTH: usize = 20;
const INPUTS: usize = 300;
const EXAMPLES: usize = 16;
const SEEDS: u64 = 3;

/// The promise: within 10 %, or within 0.02 a layer, of the measured slope of ln G.
const RELATIVE: f64 = 0.1;
const ABSOLUTE: f64 = 0.02;

const WHITE: InputMoments = InputMoments {
    second_moment: 1.0,
    correlation: 0.0,
};

/// N(mean 0, variance `weight`/fan in) weights in front of every φ, 10 outputs.
fn plan(recipe: Recipe, width: usize, depth: usize) -> Plan {
    let init = Init::LecunNormal {
        gain: recipe.weight.sqrt(),
        truncated: false,
    };
    let bias = Init::Constant { value: recipe.bias };
    let mut chain = Chain::new(Shape::Flat(INPUTS));
    for layer in 1..depth {
        let residual = recipe.residual && layer > 1;
        if residual {
            chain = chain.open_residual();
        }
        chain = chain.dense(width, init, bias);
        if recipe.normalised {
            chain = chain.batch_norm();
        }
        chain = chain.activation(recipe.phi);
        if residual {
            chain = chain.close_residual();
        }
    }
    chain.dense(10, init, Init::ZEROS).plan()
}

fn plain(phi: Activation, weight: f64) -> Recipe {
    Recipe {
        phi,
        weight,
        bias: 0.0,
        normalised: false,
        residual: false,
    }
}

/// White noise, or examples around a common mean with norms that differ by a factor of three.
fn inputs(correlated: bool, examples: usize) -> Matrix {
    let mut normal = Normal::new(9, "inputs");
    let mut x = Matrix::random(examples, INPUTS, 1.0, &mut normal);
    if correlated {
        let common: Vec<f64> = (0..INPUTS).map(|_| normal.draw()).collect();
        for (i, row) in x.data.chunks_exact_mut(INPUTS).enumerate() {
            let scale = 0.5 + i as f64 / (examples - 1) as f64;
            for (x, m) in row.iter_mut().zip(&common) {
                *x = scale * (0.7 * m + 0.5 * *x);
            }
        }
    }
    x
}

/// Measurements of [`SEEDS`] networks, in parallel, and what is predicted for them.
fn measure(recipe: Recipe, input: &Matrix) -> (Vec<Vec<Measured>>, Prediction) {
    let (second_moment, correlation) = input.moments();
    let prediction = predict(
        &plan(recipe, WIDTH, DEPTH),
        InputMoments {
            second_moment,
            correlation,
        },
    );
    let runs = std::thread::scope(|scope| {
        let handles: Vec<_> = (1..=SEEDS)
            .map(|seed| scope.spawn(move || simulate(input, WIDTH, DEPTH, recipe, seed)))
            .collect();
        handles.into_iter().map(|h| h.join().unwrap()).collect()
    });
    (runs, prediction)
}

fn measured_slope(runs: &[Vec<Measured>]) -> f64 {
    let slopes = runs.iter().map(|run| {
        let ln_g: Vec<f64> = run.iter().map(|m| m.ln_g).collect();
        least_squares(&ln_g).unwrap()
    });
    slopes.sum::<f64>() / runs.len() as f64
}

#[test]
fn the_slope_is_that_of_simulated_networks() {
    let scales = [
        (Activation::Tanh, [1.0 / 3.0, 1.0, 2.25]),
        (Activation::Sigmoid, [1.0, 16.0, 103.0]),
        (Activation::Relu, [1.0 / 3.0, 1.0, 2.5]),
    ];
    let mut failing = Vec::new();
    for (phi, weights) in scales {
        for weight in weights {
            for correlated in [false, true] {
                let input = inputs(correlated, EXAMPLES);
                let (runs, prediction) = measure(plain(phi, weight), &input);
                let (measured, predicted) = (measured_slope(&runs), prediction.slope.unwrap());
                let line = format!(
                    "{} {weight:.3} correlated {correlated}: {predicted:.4}, measured {measured:.4}",
                    phi.name()
                );
                if (predicted - measured).abs() > (RELATIVE * measured.abs()).max(ABSOLUTE) {
                    failing.push(line);
                }
            }
        }
    }
    assert!(failing.is_empty(), "{failing:#?}");
}

#[test]
fn moments_forward_are_those_of_simulated_networks() {
    let mut failing = Vec::new();
    for (phi, weight, bias) in [
        (Activation::Tanh, 2.25, 0.2),
        (Activation::Sigmoid, 16.0, 0.0),
        (Activation::Relu, 1.5, 0.2),
        (Activation::Elu { alpha: 1.0 }, 1.0, 0.1),
    ] {
        let input = inputs(false, EXAMPLES);
        let recipe = Recipe {
            bias,
            ..plain(phi, weight)
        };
        let (runs, prediction) = measure(recipe, &input);
        // Node 2ℓ + 1 is the activation of layer ℓ.
        for layer in 0..8 {
            let mean = |f: fn(&Measured) -> f64| {
                runs.iter().map(|run| f(&run[layer])).sum::<f64>() / runs.len() as f64
            };
            let node = prediction.nodes[2 * layer + 1];
            let (square, correlation) = (mean(|m| m.square), mean(|m| m.correlation));
            let (q, c) = (node.second_moment.unwrap(), node.correlation.unwrap());
            // Fluctuations of a mean over 512 units, a few networks and as many layers.
            if (q / square - 1.0).abs() > 0.1 || (c - correlation).abs() > 0.03 {
                failing.push(format!(
                    "{} layer {layer}: q {q:.4} measured {square:.4}, c {c:.4} measured {correlation:.4}",
                    phi.name()
                ));
            }
        }
    }
    assert!(failing.is_empty(), "{failing:#?}");
}

#[test]
fn normalised_and_residual_networks_too() {
    let recipes = [
        (
            "batch norm",
            Recipe {
                normalised: true,
                ..plain(Activation::Relu, 2.0)
            },
            128,
        ),
        (
            "residual tanh",
            Recipe {
                residual: true,
                ..plain(Activation::Tanh, 1.0)
            },
            EXAMPLES,
        ),
        (
            "residual relu",
            Recipe {
                residual: true,
                ..plain(Activation::Relu, 1.0)
            },
            EXAMPLES,
        ),
        (
            "bias",
            Recipe {
                bias: 0.5,
                ..plain(Activation::Relu, 1.5)
            },
            EXAMPLES,
        ),
    ];
    let mut failing = Vec::new();
    for (name, recipe, examples) in recipes {
        let (runs, prediction) = measure(recipe, &inputs(false, examples));
        let (measured, predicted) = (measured_slope(&runs), prediction.slope.unwrap());
        let line = format!("{name}: {predicted:.4}, measured {measured:.4}");
        if (predicted - measured).abs() > (RELATIVE * measured.abs()).max(ABSOLUTE) {
            failing.push(line);
        }
    }
    assert!(failing.is_empty(), "{failing:#?}");
}

#[test]
fn published_factors_per_layer() {
    // Factor on G per layer, deep inside: sigmoid with LeCun weights, PyTorch's default with tanh
    // and ReLU, ReLU with batch normalisation (Yang et al. 2019: √(π/(π − 1))).
    let third = 1.0 / 3.0;
    let cases = [
        ("sigmoid", plain(Activation::Sigmoid, 1.0), 0.2361, 3e-4),
        ("tanh", plain(Activation::Tanh, third), third.sqrt(), 1e-4),
        (
            "relu",
            plain(Activation::Relu, third),
            (third / 2.0).sqrt(),
            1e-12,
        ),
        (
            "batch norm",
            Recipe {
                normalised: true,
                ..plain(Activation::Relu, 2.0)
            },
            1.211_17,
            1e-5,
        ),
    ];
    let mut failing = Vec::new();
    for (name, recipe, factor, tolerance) in cases {
        let plan = plan(recipe, WIDTH, 60);
        let prediction = predict(&plan, WHITE);
        let at = |layer: usize| {
            prediction.nodes[plan.layers[layer].output]
                .gradient
                .unwrap()
        };
        let found = at(30) / at(31);
        if (found / factor - 1.0).abs() > tolerance {
            failing.push((name, found, factor));
        }
    }
    assert!(failing.is_empty(), "{failing:?}");
}

#[test]
fn gains_add_up_to_the_gradient() {
    let plan = plan(plain(Activation::Relu, 1.7), 100, 12);
    let prediction = predict(&plan, WHITE);
    let total: f64 = prediction.nodes[1..]
        .iter()
        .map(|n| n.gain_db.unwrap())
        .sum();
    let gradient = prediction.nodes[0].gradient.unwrap();
    assert!((total - 20.0 * gradient.log10()).abs() < 1e-9);
    // The last weights carry ten outputs back to a hundred inputs: 100·1.7/100.
    let last = prediction.nodes.last().unwrap();
    assert!((last.gain_db.unwrap() - 10.0 * 1.7_f64.log10()).abs() < 1e-12);
    assert_eq!(last.gradient, Some(1.0));
}

#[test]
fn the_finite_width_band_is_that_of_hanin_and_nica() {
    let (width, depth) = (100, 31);
    let prediction = predict(&plan(plain(Activation::Relu, 2.0), width, depth), WHITE);
    // From the last hidden output back to the first: 29 layers of 5/n, the last weights 2/n.
    let variance = (29.0 * 5.0 + 2.0) / 100.0;
    let deviation = prediction.nodes[1].log_deviation.unwrap();
    assert!(
        (deviation - 0.5 * f64::sqrt(variance)).abs() < 1e-12,
        "{deviation}"
    );
}

#[test]
fn zeros_pass_nothing_and_are_no_error() {
    let chain = Chain::new(Shape::Flat(INPUTS))
        .dense(8, Init::ZEROS, Init::ZEROS)
        .activation(Activation::Tanh)
        .dense(8, Init::ZEROS, Init::ZEROS)
        .activation(Activation::Tanh)
        .dense(2, Init::ZEROS, Init::ZEROS);
    let prediction = predict(&chain.plan(), WHITE);
    assert_eq!(prediction.nodes[1].second_moment, Some(0.0));
    assert_eq!(prediction.nodes[1].gradient, Some(0.0));
    assert_eq!(prediction.nodes[4].gain_db, Some(f64::NEG_INFINITY));
    assert_eq!(prediction.slope, None);
}

#[test]
fn a_padded_convolution_counts_the_taps_that_meet_the_image() {
    let image = |channels| Shape::Image {
        channels,
        height: 5,
        width: 4,
    };
    let conv = Op::Conv2d {
        inputs: 2,
        filters: 3,
        kernel: [3, 3],
        stride: [1, 1],
        padding: [1, 1, 1, 1],
        dilation: [1, 1],
        groups: 1,
        init: Init::Normal {
            mean: 0.0,
            std: 0.1,
        },
        bias: None,
    };
    let plan = Chain::new(image(2))
        .node(conv, image(3))
        .node(Op::GlobalAvgPool, Shape::Flat(3))
        .plan();
    let prediction = predict(&plan, WHITE);
    // Pairs of an output and an input position next to each other, by counting.
    let near = |a: i32, b: i32| (a - b).abs() <= 1;
    let mut pairs = 0.0;
    for (i, j) in (0..5).flat_map(|i| (0..4).map(move |j| (i, j))) {
        for (k, l) in (0..5).flat_map(|k| (0..4).map(move |l| (k, l))) {
            pairs += f64::from(u8::from(near(i, k) && near(j, l)));
        }
    }
    let gain = 10.0 * f64::log10(2.0 * 0.01 * pairs / 20.0);
    assert!((prediction.nodes[0].gain_db.unwrap() - gain).abs() < 1e-12);
    // A mean over 20 positions hands each a twentieth: 20·(1/20)² of the energy.
    assert!((prediction.nodes[1].gain_db.unwrap() + 10.0 * f64::log10(20.0)).abs() < 1e-12);
    assert_eq!(prediction.notes.len(), 2, "{:?}", prediction.notes);
}

#[test]
fn what_theory_cannot_say_is_said_and_nothing_panics() {
    let batch_softmax = Op::Softmax {
        axis: SoftmaxAxis::Batch,
    };
    let huge = Init::Normal {
        mean: 3.0,
        std: 1e200,
    };
    let hidden = |last: Op, init: Init| {
        Chain::new(Shape::Flat(4))
            .dense(
                6,
                Init::HeNormal {
                    gain: 1.0,
                    truncated: true,
                },
                Init::ZEROS,
            )
            .activation(Activation::Gelu)
            .dense(6, init, Init::ONES)
            .activation(Activation::Exponential)
            .dense(1, Init::ONES, Init::ZEROS)
            .node(last, Shape::Flat(1))
            .plan()
    };
    let features = Op::Softmax {
        axis: SoftmaxAxis::Features,
    };
    // Behind a softmax over the batch nothing is known relative to the output; slopes still are.
    let cut = predict(&hidden(batch_softmax, Init::ONES), WHITE);
    assert_eq!(cut.nodes[0].gradient, None);
    assert!(cut.slope.is_some() && !cut.notes.is_empty());
    // A softmax over one unit is constant: no gradient passes.
    let single = predict(&hidden(features.clone(), Init::ONES), WHITE);
    assert_eq!(single.nodes[5].gain_db, Some(f64::NEG_INFINITY));
    assert_eq!(single.nodes[0].gradient, Some(0.0));
    for (second_moment, correlation) in [(f64::NAN, 0.0), (0.0, 0.0), (1.0, 1.0), (1e300, -1.0)] {
        let input = InputMoments {
            second_moment,
            correlation,
        };
        for init in [huge, Init::ZEROS] {
            let prediction = predict(&hidden(features.clone(), init), input);
            let nan = |v: Option<f64>| v.is_some_and(f64::is_nan);
            assert!(
                !prediction.nodes.iter().any(|n| nan(n.gain_db)
                    || nan(n.gradient)
                    || nan(n.second_moment)
                    || nan(n.correlation)),
                "{input:?} {init:?}: {prediction:?}"
            );
        }
    }
}
