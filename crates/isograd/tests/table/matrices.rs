//! Initialisations that are matrices as a whole, and those that the activation or a batch decides.

use super::distribution::KOLMOGOROV;
use super::item::{Bound, Item, Reading, relative};
use burn::tensor::{DType, Device, Tensor, TensorData};
use isograd::nn::init::{Fans, sample};
use isograd::nn::{Build, Mode, Network, Pass, lsuv};
use isograd_core::describe::network::Init;
use isograd_core::describe::{DataShape, Document, Op, Shape, Task};
use isograd_core::random::{Purpose, stream};
use isograd_kernels::{Direction, Moments, Sink, View, Want};
use rand::RngExt as _;
use std::path::Path;
use std::sync::{Arc, Mutex};

fn item(
    name: &str,
    source: &str,
    bound: f64,
    describes: &str,
    check: fn() -> Result<(String, f64), String>,
) -> Item {
    Item {
        family: "init",
        name: name.to_owned(),
        source: source.to_owned(),
        bound: Bound {
            single: bound,
            double: bound,
        },
        describes: describes.to_owned(),
        check: Box::new(move || {
            let (at, error) = check()?;
            Ok(vec![Reading {
                at,
                precision: "f64",
                error,
            }])
        }),
    }
}

pub(crate) fn items() -> Vec<Item> {
    vec![
        item(
            "orthogonal",
            "WᵀW = gain²·1",
            1e-12,
            r#"{ name = "orthogonal", gain = 1.5 }"#,
            gram,
        ),
        item(
            "orthogonal, Haar",
            "exact law of an entry in 3, 4, 5 dimensions, statistic ÷ critical value",
            1.0,
            r#""orthogonal""#,
            haar,
        ),
        item(
            "delta_orthogonal",
            "‖y‖ = gain·‖x‖ at every position",
            1e-12,
            DELTA,
            delta,
        ),
        item(
            "identity",
            "y = gain·x",
            1e-14,
            r#"{ name = "identity", gain = 0.5 }"#,
            identity,
        ),
        item(
            "critical",
            "σ_w and σ_b, mpmath quadrature",
            1e-10,
            r#""critical""#,
            critical,
        ),
        item(
            "lsuv",
            "Var = 1 behind every layer, within its tolerance",
            0.1,
            LSUV,
            unit_variance,
        ),
    ]
}

const DELTA: &str = r#"{ conv2d = 7, bias = false, init = { name = "delta_orthogonal", gain = 0.8 } }, { conv2d = 7, kernel = [5, 4], bias = false, init = { name = "delta_orthogonal", gain = 0.8 } }"#;
const LSUV: &str = r#"{ conv2d = 5, init = "lsuv" }, "sigmoid", "flatten", { repeat = 4, layers = [ { dense = 30, init = "lsuv", bias_init = { name = "normal", std = 0.3 } }, "relu" ] }, { dense = 2, init = "lsuv" }"#;

fn draw(init: Init, shape: &[usize], position: u64) -> Vec<f64> {
    let fans = Fans {
        fan_in: 1,
        fan_out: 1,
    };
    let mut stream = stream(11, Purpose::Init, "matrix", position);
    sample(&init, shape, fans, &mut stream)
}

// Items give a `Result`, these two never fail.
#[allow(clippy::unnecessary_wraps)]
fn gram() -> Result<(String, f64), String> {
    let gain = 1.5;
    let mut worst = 0.0_f64;
    for shape in [
        vec![64, 64],
        vec![90, 30],
        vec![30, 90],
        vec![10, 6, 3, 3],
        vec![40, 2, 3, 3],
    ] {
        let matrix = draw(Init::Orthogonal { gain }, &shape, 0);
        let (rows, columns) = (shape[0], shape[1..].iter().product::<usize>());
        let (count, length) = (rows.min(columns), rows.max(columns));
        let at = |i: usize, j: usize| {
            matrix[if rows <= columns {
                i * columns + j
            } else {
                j * columns + i
            }]
        };
        for a in 0..count {
            for b in 0..=a {
                let product: f64 = (0..length).map(|j| at(a, j) * at(b, j)).sum();
                let wanted = if a == b { gain * gain } else { 0.0 };
                worst = worst.max((product - wanted).abs() / (gain * gain));
            }
        }
    }
    Ok(("five shapes".to_owned(), worst))
}

/// An entry of a uniform orthonormal matrix in d dimensions has the density ∝ (1 − x²)^((d−3)/2): its
/// distribution function is ½ + x/2 for d = 3, ½ + (x√(1−x²) + asin x)/π for d = 4 and
/// ½ + (3x − x³)/4 for d = 5. Every entry of a matrix has it: the last is drawn after all others.
#[allow(clippy::unnecessary_wraps)]
fn haar() -> Result<(String, f64), String> {
    const MATRICES: usize = 4000;
    let laws: [fn(f64) -> f64; 3] = [
        |x| 0.5 + 0.5 * x,
        |x| 0.5 + (x * (1.0 - x * x).sqrt() + x.asin()) / std::f64::consts::PI,
        |x| 0.5 + (3.0 * x - x * x * x) / 4.0,
    ];
    let mut worst = 0.0_f64;
    for (law, size) in laws.into_iter().zip(3..) {
        for entry in [0, size * size - 1, 1] {
            let of =
                |i: usize| draw(Init::Orthogonal { gain: 1.0 }, &[size, size], i as u64)[entry];
            let mut values: Vec<f64> = (0..MATRICES).map(of).collect();
            values.sort_by(f64::total_cmp);
            let n = MATRICES as f64;
            let distance = values.iter().enumerate().fold(0.0_f64, |d, (i, &x)| {
                let f = law(x.clamp(-1.0, 1.0));
                d.max((f - i as f64 / n).abs())
                    .max(((i + 1) as f64 / n - f).abs())
            });
            worst = worst.max(distance / (KOLMOGOROV / n.sqrt()));
        }
    }
    Ok((format!("three entries of {MATRICES} matrices each"), worst))
}

/// A network of these layers in double precision, for this input.
fn network(layers: &str, input: Shape, targets: usize) -> Result<Network, String> {
    let text = format!(
        "[data]\nsource = \"blobs\"\n[network]\nlayers = [ {layers} ]\n[train]\nloss = \"mse\"\noptimizer = \"sgd\"\n"
    );
    let document = Document::parse(&text, Path::new("case.toml")).map_err(|e| e.to_string())?;
    let shape = DataShape {
        input,
        task: Task::Regression { targets },
        examples: 64,
    };
    let plan = document.plan(&shape).map_err(|e| e.to_string())?;
    let build = Build {
        dtype: DType::F64,
        ..Build::new(4, Device::flex())
    };
    Ok(build.network(&plan))
}

fn rows(count: usize, elements: usize) -> (Vec<f64>, Tensor<2>) {
    let mut random = stream(12, Purpose::Generate, "rows", 0);
    let values: Vec<f64> = (0..count * elements)
        .map(|_| random.random_range(-1.5..2.0))
        .collect();
    let data = TensorData::new(values.clone(), [count, elements]);
    (
        values,
        Tensor::from_data(data, (&Device::flex(), DType::F64)),
    )
}

const IMAGE: Shape = Shape::Image {
    channels: 3,
    height: 5,
    width: 4,
};

/// Squared norms over the channels of each position of images.
fn norms(values: &[f64], channels: usize) -> Vec<f64> {
    let positions = 20;
    values
        .chunks(channels * positions)
        .flat_map(|image| {
            (0..positions).map(move |p| {
                (0..channels)
                    .map(|c| image[c * positions + p].powi(2))
                    .sum()
            })
        })
        .collect()
}

fn delta() -> Result<(String, f64), String> {
    let layers = format!("{DELTA}, \"flatten\"");
    let network = network(&layers, IMAGE, 140)?;
    let (values, x) = rows(6, 60);
    let y: Vec<f64> = network
        .forward(x, &Pass::evaluate())
        .into_data()
        .iter()
        .collect();
    let wanted: Vec<f64> = norms(&values, 3)
        .iter()
        .map(|n| n * 0.8f64.powi(4))
        .collect();
    Ok((
        "two convolutions, 3 and 7 channels".to_owned(),
        relative(&norms(&y, 7), &wanted),
    ))
}

fn identity() -> Result<(String, f64), String> {
    let init = r#"{ name = "identity", gain = 0.5 }"#;
    let layers =
        format!("{{ conv2d = 3, init = {init} }}, \"flatten\", {{ dense = 60, init = {init} }}");
    let network = network(&layers, IMAGE, 60)?;
    let (values, x) = rows(6, 60);
    let y: Vec<f64> = network
        .forward(x, &Pass::evaluate())
        .into_data()
        .iter()
        .collect();
    let wanted: Vec<f64> = values.iter().map(|v| 0.25 * v).collect();
    Ok((
        "a convolution and a dense layer".to_owned(),
        relative(&y, &wanted),
    ))
}

/// Activation, where on its critical line, σ_w and σ_b.
type Point = (&'static str, &'static str, f64, f64);

/// mpmath 1.3.0: tanh–sinh quadrature with 20 digits.
const POINTS: &[Point] = &[
    (
        "\"tanh\"",
        "q = 0.5",
        1.299_220_966_801_851,
        0.195_041_536_887_065_3,
    ),
    (
        "\"tanh\"",
        "q = 1.0",
        1.467_413_591_630_795,
        0.388_541_670_067_127_9,
    ),
    (
        "\"tanh\"",
        "bias_variance = 0.05",
        1.327_009_660_705_882,
        0.223_606_797_749_979,
    ),
    ("\"tanh\"", "gain = 1.0", 1.0, 0.0),
    (
        "\"softsign\"",
        "q = 1.0",
        2.095_780_608_943_311,
        0.442_886_193_520_861_2,
    ),
    (
        "\"elu\"",
        "gain = 1.0",
        1.223_428_557_552_621,
        0.186_172_640_334_720_5,
    ),
    (
        "{ celu = 0.5 }",
        "gain = 1.0",
        1.297_049_982_463_789,
        0.224_127_015_293_842,
    ),
    (
        "\"selu\"",
        "gain = 1.0",
        0.966_025_776_973_901_2,
        0.258_445_735_546_111_4,
    ),
    (
        "\"gelu\"",
        "gain = 1.0",
        1.481_114_412_708_348,
        0.259_213_569_678_814_7,
    ),
    (
        "\"silu\"",
        "gain = 1.0",
        1.623_320_257_952_497,
        0.249_942_993_950_954_5,
    ),
    (
        "\"mish\"",
        "gain = 1.0",
        1.444_755_232_547_32,
        0.236_258_636_988_05,
    ),
    ("\"sigmoid\"", "gain = 1.0", 10.149_263_710_019_53, 0.0),
    ("\"relu\"", "gain = 1.0", std::f64::consts::SQRT_2, 0.0),
    (
        "{ leaky_relu = 0.5 }",
        "gain = 2.0",
        2.529_822_128_134_703_5,
        0.0,
    ),
    (
        "{ prelu = 0.5 }",
        "gain = 1.0",
        1.264_911_064_067_351_7,
        0.0,
    ),
];

fn critical() -> Result<(String, f64), String> {
    let (mut got, mut wanted) = (Vec::new(), Vec::new());
    let mut worst = (String::new(), 0.0_f64);
    for &(phi, at, weights, bias) in POINTS {
        let layers = format!(
            "{{ dense = 8, init = {{ name = \"critical\", {at} }} }}, {phi}, {{ dense = 2 }}"
        );
        let network = network(&layers, Shape::Flat(8), 2)?;
        let Op::Dense {
            init: Init::LecunNormal { gain, .. },
            bias: Some(noise),
            ..
        } = network.plan().nodes[0].op
        else {
            return Err(format!("{phi}: {:?}", network.plan().nodes[0].op));
        };
        let std = match noise {
            Init::Normal { std, .. } => std,
            _ => 0.0,
        };
        got.extend([gain, std]);
        wanted.extend([weights, bias]);
        for (got, wanted) in [(gain, weights), (std, bias)] {
            let error = (got - wanted).abs() / wanted.max(0.1);
            if error > worst.1 {
                worst = (format!("{phi}, {at}"), error);
            }
        }
    }
    if got.len() < 2 * POINTS.len() {
        return Err("a point is missing".to_owned());
    }
    Ok(worst)
}

fn unit_variance() -> Result<(String, f64), String> {
    let network = network(LSUV, IMAGE, 2)?;
    let (_, x) = rows(64, 60);
    let pass = || Pass {
        mode: Mode::Probe,
        ..Pass::train(1, 0)
    };
    let network = lsuv(network, || x.clone(), pass());
    // Measured again by probes, through the network as it now is.
    let seen = Arc::new(Variances::default());
    network.forward(x, &pass().watched(seen.clone()));
    let seen = seen.0.lock().map_err(|e| e.to_string())?;
    let mut worst = (String::new(), 0.0_f64);
    let mut layers = 0;
    for &(site, variance) in seen.iter() {
        let node = &network.plan().nodes[network.sites()[site].node];
        if matches!(node.op, Op::Dense { .. } | Op::Conv2d { .. }) {
            layers += 1;
            if (variance - 1.0).abs() > worst.1 {
                worst = (node.name.clone(), (variance - 1.0).abs());
            }
        }
    }
    if layers == 6 {
        Ok(worst)
    } else {
        Err(format!("{layers} layers seen"))
    }
}

/// Variance at every site, forward.
#[derive(Default)]
struct Variances(Mutex<Vec<(usize, f64)>>);

impl Sink for Variances {
    fn want(&self, _: usize, _: Direction) -> Want {
        Want::Moments
    }

    fn receive(&self, site: usize, _: Direction, _: usize, moments: Moments, _: Option<View<'_>>) {
        let count = moments.count as f64;
        let mean = moments.sum / count;
        let variance = moments.sum_squares / count - mean * mean;
        self.0.lock().unwrap().push((site, variance));
    }
}
