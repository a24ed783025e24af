//! What is measured unit by unit, from the values themselves: slopes of activations and the
//! correlation between examples.

use crate::nn::activation::curve_of;
use isograd_kernels::{Curve, Slice, View, add_directions, add_slope_squares};
use isograd_theory::Activation;
use std::ops::Range;

/// A unit is saturated when its mean squared slope lies below this share of the largest squared
/// slope the activation has: 0.05 is −13 dB, what three quarters of a decade of gradient cost in one
/// layer; a tanh unit is there when its pre-activations have a standard deviation above about 13, or
/// sit at ±1.75 or beyond.
pub(super) const SATURATION_BOUND: f64 = 0.05;

/// Steps of each sequence at which slopes that cost an exponential are taken.
const STEPS: usize = 8;

/// Examples of each step at which such slopes are taken.
const SMOOTH: usize = 4;

/// True where the slope is constant on either side of its kinks: cheap, and 0 on a whole side of ReLU.
fn rectifier(activation: Activation) -> bool {
    matches!(
        activation,
        Activation::Identity
            | Activation::Relu
            | Activation::LeakyRelu { .. }
            | Activation::HardSigmoid
    )
}

/// Mean squared slope of each unit of one activation, over the examples seen.
#[derive(Clone, Debug)]
pub(super) struct Slopes {
    activation: Activation,
    curve: Option<Curve>,
    sums: Vec<f64>,
    /// Numbers seen of each unit.
    count: f64,
    examples: usize,
    largest: f64,
}

/// Adds Σ φ′² of each unit; without a curve all slopes are 1. `values`: rows of units with `inner` numbers
/// each.
pub(super) fn sums_of_slopes(
    curve: Option<Curve>,
    values: Slice<'_>,
    inner: usize,
    sums: &mut [f64],
) {
    if let Some(curve) = curve {
        return add_slope_squares(curve, values, inner, sums);
    }
    let row = (sums.len() * inner).max(1);
    let numbers = length(values) / row * inner;
    for sum in sums {
        *sum += numbers as f64;
    }
}

/// How many of a few examples are enough for a step: of an activation whose slopes cost an exponential and
/// are nowhere 0, fewer.
pub(super) fn few(activation: Activation, examples: usize) -> usize {
    if rectifier(activation) {
        examples
    } else {
        examples.min(SMOOTH)
    }
}

/// What slopes say of a layer's units.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Census {
    /// Share of units whose slope was 0 on every example.
    pub(super) dead: f64,
    /// Share of units below [`SATURATION_BOUND`]; `None` of activations that do not saturate.
    pub(super) saturated: Option<f64>,
    /// Mean over units and examples of the squared slope.
    pub(super) mean_square: f64,
}

impl Slopes {
    /// Nothing seen yet, of `units` units.
    pub(super) fn new(activation: Activation, units: usize) -> Self {
        Self {
            activation,
            curve: curve_of(activation),
            sums: vec![0.0; units],
            count: 0.0,
            examples: 0,
            largest: activation.max_slope(),
        }
    }

    /// Adds a batch of pre-activations, `[batch, units, positions…]` or `[batch, steps, units]`.
    pub(super) fn add(&mut self, view: &View<'_>) {
        let Some(layout) = Layout::of(view.shape, self.sums.len()) else {
            return;
        };
        let examples = view.shape[0];
        self.examples += examples;
        // Of a long sequence, steps that differ from example to example are enough for a slope that
        // is nowhere 0 and costs an exponential.
        let (steps, every) = match *view.shape {
            [_, steps, _] if layout.inner == 1 && !rectifier(self.activation) => {
                (steps, steps.div_ceil(STEPS).max(1))
            }
            _ => (1, 1),
        };
        if every == 1 {
            return self.add_rows(view.values, layout.inner);
        }
        let units = layout.units;
        for row in 0..examples * steps {
            if (row % steps + row / steps).is_multiple_of(every) {
                self.add_rows(part(view.values, row * units..(row + 1) * units), 1);
            }
        }
    }

    // A unit that sees NaN is neither dead nor saturated; the NaN has its own finding.
    fn add_rows(&mut self, values: Slice<'_>, inner: usize) {
        sums_of_slopes(self.curve, values, inner, &mut self.sums);
        let row = (self.sums.len() * inner).max(1);
        self.count += (length(values) / row * inner) as f64;
    }

    pub(super) fn census(&self) -> Census {
        self.census_with(&[], 0.0)
    }

    /// That of these and of sums more.
    fn census_with(&self, more: &[f64], count: f64) -> Census {
        let units = self.sums.len().max(1) as f64;
        let count = self.count + count;
        let limit = SATURATION_BOUND * self.largest * self.largest * count;
        let (mut dead, mut saturated, mut total) = (0u32, 0u32, 0.0);
        let more = more.iter().copied().chain(std::iter::repeat(0.0));
        for (sum, more) in self.sums.iter().zip(more) {
            let sum = sum + more;
            dead += u32::from(sum == 0.0);
            saturated += u32::from(sum < limit);
            total += sum;
        }
        Census {
            dead: f64::from(dead) / units,
            saturated: self
                .activation
                .saturating()
                .then(|| f64::from(saturated) / units),
            mean_square: total / (count * units).max(1.0),
        }
    }

    fn clear(&mut self) {
        self.sums.fill(0.0);
        self.count = 0.0;
        self.examples = 0;
    }
}

/// Examples without which no unit is called dead.
const ENOUGH: usize = 2048;

/// Slopes over the last examples of a training: at least [`ENOUGH`] once there were as many, and at
/// most twice that.
#[derive(Clone, Debug)]
pub(super) struct Window {
    before: Slopes,
    now: Slopes,
}

impl Window {
    pub(super) fn new(activation: Activation, units: usize) -> Self {
        let now = Slopes::new(activation, units);
        let before = now.clone();
        Self { before, now }
    }

    /// Adds Σ φ′² of each unit over `numbers` of its numbers in so many examples.
    pub(super) fn add(&mut self, sums: &[f64], numbers: usize, examples: usize) {
        if self.now.examples >= ENOUGH {
            std::mem::swap(&mut self.before, &mut self.now);
            self.now.clear();
        }
        self.now.examples += examples;
        self.now.count += numbers as f64;
        for (all, sum) in self.now.sums.iter_mut().zip(sums) {
            *all += sum;
        }
    }

    /// What they say, and whether the examples are enough to call a unit dead.
    pub(super) fn census(&self) -> (Census, bool) {
        let examples = self.before.examples + self.now.examples;
        let census = self.now.census_with(&self.before.sums, self.before.count);
        (census, examples >= ENOUGH)
    }
}

/// Which unit an element belongs to.
#[derive(Clone, Copy, Debug)]
pub(super) struct Layout {
    units: usize,
    /// Numbers of one unit side by side.
    pub(super) inner: usize,
}

impl Layout {
    /// Units are the second dimension of vectors and images, the last of sequences.
    pub(super) fn of(shape: &[usize], units: usize) -> Option<Self> {
        let inner = match shape {
            [_, n] if *n == units => 1,
            [_, _, n] if *n == units => 1,
            [_, n, positions] if *n == units => *positions,
            [_, n, height, width] if *n == units => height * width,
            _ => return None,
        };
        Some(Self { units, inner })
    }
}

fn length(values: Slice<'_>) -> usize {
    match values {
        Slice::F32(v) => v.len(),
        Slice::F64(v) => v.len(),
    }
}

/// Some of them.
pub(super) fn part(values: Slice<'_>, range: Range<usize>) -> Slice<'_> {
    match values {
        Slice::F32(v) => Slice::F32(&v[range]),
        Slice::F64(v) => Slice::F64(&v[range]),
    }
}

/// Mean cosine between different examples, from the sum of their directions.
#[derive(Clone, Debug, Default)]
pub(super) struct Cosine {
    sum: Vec<f64>,
    examples: usize,
}

impl Cosine {
    /// Adds a batch; examples are rows, a row of zeros has no direction and is left out.
    pub(super) fn add(&mut self, view: &View<'_>) {
        let elements: usize = view.shape.iter().skip(1).product();
        self.sum.resize(elements, 0.0);
        self.examples += add_directions(view.values, &mut self.sum);
    }

    /// (‖Σ x̂‖² − n) / (n (n − 1)); `None` with fewer than two examples.
    pub(super) fn mean(&self) -> Option<f64> {
        let n = self.examples as f64;
        (self.examples >= 2).then(|| {
            let square: f64 = self.sum.iter().map(|x| x * x).sum();
            ((square - n) / (n * (n - 1.0))).clamp(-1.0, 1.0)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn view<'a>(shape: &'a [usize], values: &'a [f64]) -> View<'a> {
        View {
            shape,
            values: Slice::F64(values),
        }
    }

    #[test]
    fn dead_means_dead_on_every_example_and_position() {
        let mut slopes = Slopes::new(Activation::Relu, 2);
        // Channel 0 is negative everywhere in the first image, positive once in the second.
        slopes.add(&view(&[1, 2, 1, 2], &[-1.0, -2.0, -1.0, -1.0]));
        assert_eq!(slopes.census().dead, 1.0);
        slopes.add(&view(&[1, 2, 1, 2], &[-1.0, 2.0, -1.0, -1.0]));
        assert_eq!(slopes.census().dead, 0.5);
        assert_eq!(slopes.census().mean_square, 1.0 / 8.0);
    }

    #[test]
    fn sequences_have_their_units_last() {
        let mut slopes = Slopes::new(Activation::Relu, 3);
        slopes.add(&view(&[1, 2, 3], &[-1.0, 1.0, -1.0, -1.0, -1.0, 1.0]));
        assert!((slopes.census().dead - 1.0 / 3.0).abs() < 1e-15);
    }

    #[test]
    fn smooth_slopes_of_long_sequences_are_taken_at_some_steps_of_each() {
        // 3 examples of 20 steps of 2 units: every third step, another one in each example.
        let values: Vec<f64> = (0..120).map(|i| f64::from(i) / 60.0 - 1.0).collect();
        let mut slopes = Slopes::new(Activation::Tanh, 2);
        slopes.add(&view(&[3, 20, 2], &values));
        let mut expected = 0.0;
        let mut count = 0.0;
        for (example, sequence) in values.chunks(40).enumerate() {
            for (step, units) in sequence.chunks(2).enumerate() {
                if (step + example) % 3 == 0 {
                    let slope = |x: f64| (1.0 - x.tanh().powi(2)).powi(2);
                    expected += units.iter().map(|&x| slope(x)).sum::<f64>();
                    count += 2.0;
                }
            }
        }
        assert!((slopes.census().mean_square - expected / count).abs() < 1e-12);
    }

    #[test]
    fn saturated_units_are_those_in_the_tails() {
        let mut slopes = Slopes::new(Activation::Tanh, 2);
        slopes.add(&view(&[2, 2], &[0.1, 3.0, -0.1, 2.5]));
        assert_eq!(
            (slopes.census().saturated, slopes.census().dead),
            (Some(0.5), 0.0)
        );
    }

    #[test]
    fn cosine_agrees_with_all_pairs() {
        let rows = [
            [1.0, 2.0, 0.5],
            [-1.0, 0.3, 2.0],
            [0.2, 0.2, 0.1],
            [0.0, 0.0, 0.0],
        ];
        let flat: Vec<f64> = rows.iter().flatten().copied().collect();
        let mut cosine = Cosine::default();
        cosine.add(&view(&[2, 3], &flat[..6]));
        cosine.add(&view(&[2, 3], &flat[6..]));
        let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(x, y)| x * y).sum::<f64>();
        let mut pairs = Vec::new();
        for i in 0..3 {
            for j in 0..i {
                let (a, b) = (&rows[i], &rows[j]);
                pairs.push(dot(a, b) / (dot(a, a) * dot(b, b)).sqrt());
            }
        }
        let expected = pairs.iter().sum::<f64>() / pairs.len() as f64;
        assert!((cosine.mean().unwrap_or(f64::NAN) - expected).abs() < 1e-12);
        assert_eq!(Cosine::default().mean(), None);
    }
}
