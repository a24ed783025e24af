//! Copy memory (Arjovsky, Shah and Bengio 2016, §4.1): ten symbols of an alphabet of eight, then
//! blanks, then a mark `length` − 1 steps later, from which on the ten symbols are to be repeated.
//!
//! Inputs are one-hot over ten categories (0–7 symbols, 8 blank, 9 mark), `length` + 20 steps:
//! ten symbols, `length` − 1 blanks, the mark, ten blanks. Targets are a class at each step (0–7
//! symbols, 8 blank): `length` + 10 blanks, then the ten symbols. Without memory the best
//! cross-entropy a step is 10 ln 8 ÷ (`length` + 20).

use isograd_core::describe::Shape;
use isograd_core::random::Stream;
use rand::RngExt as _;

use super::Example;

const SYMBOLS: usize = 8;
const REMEMBERED: usize = 10;
const CATEGORIES: usize = 10;
/// Symbols and the blank: the mark is never a target.
pub(super) const CLASSES: usize = SYMBOLS + 1;
const BLANK: usize = 8;
const MARK: usize = 9;

pub(super) fn shape(length: usize) -> Shape {
    Shape::Sequence {
        steps: length
            .saturating_add(2 * REMEMBERED)
            .min(usize::MAX / 2 / CATEGORIES),
        features: CATEGORIES,
    }
}

pub(super) fn draw(length: usize, random: &mut Stream) -> Example {
    let symbols: Vec<usize> = (0..REMEMBERED)
        .map(|_| random.random_range(0..SYMBOLS))
        .collect();
    let steps = length + 2 * REMEMBERED;
    let mut inputs = vec![BLANK; steps];
    inputs[..REMEMBERED].copy_from_slice(&symbols);
    inputs[REMEMBERED + length - 1] = MARK;
    let mut targets = vec![BLANK; steps];
    targets[steps - REMEMBERED..].copy_from_slice(&symbols);
    Example {
        inputs: one_hot(&inputs),
        targets: targets.into_iter().map(|class| class as f64).collect(),
    }
}

/// The task of `length` behind blanks, as many steps as that of `longest` has.
pub(super) fn padded(length: usize, longest: usize, random: &mut Stream) -> Example {
    let mut example = draw(length, random);
    let blanks = vec![BLANK; longest - length];
    example.inputs.splice(0..0, one_hot(&blanks));
    let targets: Vec<f64> = blanks.iter().map(|&class| class as f64).collect();
    example.targets.splice(0..0, targets);
    example
}

fn one_hot(steps: &[usize]) -> Vec<f32> {
    let mut hot = vec![0.0; steps.len() * CATEGORIES];
    for (step, &category) in steps.iter().enumerate() {
        hot[step * CATEGORIES + category] = 1.0;
    }
    hot
}

#[cfg(test)]
mod tests {
    use super::*;
    use isograd_core::random::{Purpose, stream};

    #[test]
    fn the_symbols_come_back_after_the_mark() {
        let example = draw(5, &mut stream(1, Purpose::Generate, "train", 0));
        let read = |hot: &[f32]| -> Vec<usize> {
            hot.chunks(CATEGORIES)
                .map(|step| step.iter().position(|&v| v == 1.0).unwrap_or(99))
                .collect()
        };
        let inputs = read(&example.inputs);
        let targets: Vec<usize> = example.targets.iter().map(|&v| v as usize).collect();
        assert_eq!((inputs.len(), targets.len()), (25, 25));
        assert!(inputs[..10].iter().all(|&symbol| symbol < SYMBOLS));
        assert_eq!(inputs[10..14], [BLANK; 4]);
        assert_eq!(inputs[14], MARK);
        assert_eq!(inputs[15..], [BLANK; 10]);
        assert_eq!(targets[..15], [BLANK; 15]);
        assert_eq!(targets[15..], inputs[..10]);
    }
}
