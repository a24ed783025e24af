//! The adding problem (Hochreiter and Schmidhuber 1997, in the form of Le, Jaitly and Hinton 2015):
//! at each step a number from U(0, 1) and a mark; the target is the sum of the two marked numbers,
//! one in each half. Answering 1 always has a mean squared error of 2 · 1/12 = 0.1667.

use isograd_core::describe::Shape;
use isograd_core::random::Stream;
use rand::RngExt as _;

use super::Example;

pub(super) fn shape(length: usize) -> Shape {
    Shape::Sequence {
        steps: length.min(usize::MAX / 4),
        features: 2,
    }
}

pub(super) fn draw(length: usize, random: &mut Stream) -> Example {
    let mut inputs = vec![0.0; 2 * length];
    for step in inputs.chunks_exact_mut(2) {
        step[0] = random.random();
    }
    let half = length / 2;
    let marked = [
        random.random_range(0..half),
        random.random_range(half..length),
    ];
    let mut sum = 0.0;
    for step in marked {
        inputs[2 * step + 1] = 1.0;
        sum += f64::from(inputs[2 * step]);
    }
    Example {
        inputs,
        targets: vec![sum],
    }
}

/// A sequence of `length` steps behind empty ones, `longest` together.
pub(super) fn padded(length: usize, longest: usize, random: &mut Stream) -> Example {
    let mut example = draw(length, random);
    let empty = vec![0.0; 2 * (longest - length)];
    example.inputs.splice(0..0, empty);
    example
}

#[cfg(test)]
mod tests {
    use super::*;
    use isograd_core::random::{Purpose, stream};

    #[test]
    fn the_target_is_the_sum_of_the_marked_numbers() {
        const N: u64 = 4000;
        let mut error = 0.0;
        for index in 0..N {
            let example = draw(9, &mut stream(1, Purpose::Generate, "train", index));
            let marked: Vec<_> = example
                .inputs
                .chunks(2)
                .enumerate()
                .filter(|(_, s)| s[1] == 1.0)
                .collect();
            assert!(marked.len() == 2 && marked[0].0 < 4 && marked[1].0 >= 4);
            let sum: f64 = marked.iter().map(|(_, step)| f64::from(step[0])).sum();
            assert_eq!(example.targets, [sum]);
            error += (sum - 1.0).powi(2);
        }
        // Var of (s − 1)² for the triangular distribution on [−1, 1]: 1/15 − 1/36.
        let deviation = ((1.0f64 / 15.0 - 1.0 / 36.0) / N as f64).sqrt();
        assert!((error / N as f64 - 1.0 / 6.0).abs() < 5.0 * deviation);
    }
}
