//! What is measured unit by unit, from the values themselves: slopes of activations and the
//! correlation between examples.

use isograd_kernels::{Slice, View};
use isograd_theory::Activation;

/// A unit is saturated when its mean squared slope lies below this share of the largest squared
/// slope the activation has: 0.05 is −13 dB, what three quarters of a decade of gradient cost in one
/// layer; a tanh unit is there when its pre-activations have a standard deviation above about 13, or
/// sit at ±1.75 or beyond.
pub(super) const SATURATION_BOUND: f64 = 0.05;

/// Steps of each sequence at which slopes that cost an exponential are taken.
const STEPS: usize = 8;

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
    sums: Vec<f64>,
    count: f64,
    largest: f64,
}

impl Slopes {
    /// Nothing seen yet, of `units` units.
    pub(super) fn new(activation: Activation, units: usize) -> Self {
        let largest = activation.max_slope();
        Self {
            activation,
            sums: vec![0.0; units],
            count: 0.0,
            largest,
        }
    }

    /// Adds a batch of pre-activations, `[batch, units, positions…]` or `[batch, steps, units]`.
    pub(super) fn add(&mut self, view: &View<'_>) {
        let Some(layout) = Layout::of(view.shape, self.sums.len()) else {
            return;
        };
        // Of a long sequence, steps that differ from example to example are enough for a slope that
        // is nowhere 0 and costs an exponential.
        let (steps, every) = match *view.shape {
            [_, steps, _] if !rectifier(self.activation) => (steps, steps.div_ceil(STEPS).max(1)),
            _ => (1, 1),
        };
        let taken = |row: usize| (row % steps + row / steps).is_multiple_of(every);
        match view.values {
            Slice::F32(v) => self.add_values(v, f64::from, layout, taken),
            Slice::F64(v) => self.add_values(v, |x| x, layout, taken),
        }
    }

    fn add_values<T: Copy>(
        &mut self,
        values: &[T],
        wide: impl Fn(T) -> f64,
        layout: Layout,
        taken: impl Fn(usize) -> bool,
    ) {
        // A row has every unit, at one place.
        let all = layout.units * layout.inner;
        let rows = values.chunks_exact(all).enumerate();
        for (_, row) in rows.filter(|(number, _)| taken(*number)) {
            for (unit, values) in row.chunks_exact(layout.inner).enumerate() {
                for &x in values {
                    let slope = self.activation.derivative(wide(x));
                    // A unit that sees NaN is neither dead nor saturated; the NaN has its own finding.
                    self.sums[unit] += slope * slope;
                }
            }
            self.count += layout.inner as f64;
        }
    }

    /// Share of units whose slope was 0 on every example.
    pub(super) fn dead(&self) -> f64 {
        self.share(|sum| sum == 0.0)
    }

    /// Share of units below [`SATURATION_BOUND`].
    pub(super) fn saturated(&self) -> f64 {
        let limit = SATURATION_BOUND * self.largest * self.largest * self.count;
        self.share(|sum| sum < limit)
    }

    /// Whether the activation saturates at all.
    pub(super) fn saturating(&self) -> bool {
        self.activation.saturating()
    }

    /// Mean over units and examples of the squared slope.
    pub(super) fn mean_square(&self) -> f64 {
        self.sums.iter().sum::<f64>() / (self.count * self.sums.len() as f64).max(1.0)
    }

    fn share(&self, holds: impl Fn(f64) -> bool) -> f64 {
        let held = self.sums.iter().filter(|&&sum| holds(sum)).count();
        held as f64 / self.sums.len().max(1) as f64
    }
}

/// Which unit an element belongs to.
#[derive(Clone, Copy, Debug)]
struct Layout {
    units: usize,
    inner: usize,
}

impl Layout {
    /// Units are the second dimension of vectors and images, the last of sequences.
    fn of(shape: &[usize], units: usize) -> Option<Self> {
        let inner = match shape {
            [_, n] if *n == units => 1,
            [_, _, n] if *n == units => 1,
            [_, n, height, width] if *n == units => height * width,
            _ => return None,
        };
        Some(Self { units, inner })
    }
}

/// Mean cosine between different examples, from the sum of their directions.
#[derive(Clone, Debug, Default)]
pub(super) struct Cosine {
    sum: Vec<f64>,
    examples: f64,
}

impl Cosine {
    /// Adds a batch; examples are rows, a row of zeros has no direction and is left out.
    pub(super) fn add(&mut self, view: &View<'_>) {
        let Some((&batch, rest)) = view.shape.split_first() else {
            return;
        };
        let elements: usize = rest.iter().product();
        if elements == 0 || batch == 0 {
            return;
        }
        self.sum.resize(elements, 0.0);
        for row in 0..batch {
            let range = row * elements..(row + 1) * elements;
            match view.values {
                Slice::F32(v) => self.add_row(v[range].iter().map(|&x| f64::from(x))),
                Slice::F64(v) => self.add_row(v[range].iter().copied()),
            }
        }
    }

    fn add_row(&mut self, row: impl Iterator<Item = f64> + Clone) {
        let norm = row.clone().map(|x| x * x).sum::<f64>().sqrt();
        if norm > 0.0 && norm.is_finite() {
            for (sum, x) in self.sum.iter_mut().zip(row) {
                *sum += x / norm;
            }
            self.examples += 1.0;
        }
    }

    /// (‖Σ x̂‖² − n) / (n (n − 1)); `None` with fewer than two examples.
    pub(super) fn mean(&self) -> Option<f64> {
        let n = self.examples;
        (n >= 2.0).then(|| {
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
        assert_eq!(slopes.dead(), 1.0);
        slopes.add(&view(&[1, 2, 1, 2], &[-1.0, 2.0, -1.0, -1.0]));
        assert_eq!(slopes.dead(), 0.5);
        assert_eq!(slopes.mean_square(), 1.0 / 8.0);
    }

    #[test]
    fn sequences_have_their_units_last() {
        let mut slopes = Slopes::new(Activation::Relu, 3);
        slopes.add(&view(&[1, 2, 3], &[-1.0, 1.0, -1.0, -1.0, -1.0, 1.0]));
        assert!((slopes.dead() - 1.0 / 3.0).abs() < 1e-15);
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
        assert!((slopes.mean_square() - expected / count).abs() < 1e-12);
    }

    #[test]
    fn saturated_units_are_those_in_the_tails() {
        let mut slopes = Slopes::new(Activation::Tanh, 2);
        slopes.add(&view(&[2, 2], &[0.1, 3.0, -0.1, 2.5]));
        assert_eq!((slopes.saturated(), slopes.dead()), (0.5, 0.0));
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
