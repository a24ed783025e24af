//! Generated data: every example is drawn from its own stream (seed, part, index), so it does not
//! depend on how many there are.

mod adding;
mod blobs;
mod circles;
mod copy_memory;
mod glyphs;
mod spirals;

use isograd_core::describe::Shape;
use isograd_core::describe::data::Generated;
use isograd_core::random::{Purpose, Stream, stream};
use rand::RngExt as _;
use rayon::prelude::*;

use super::bytes::MAX_BYTES;
use super::error::{DataError, DataErrorKind};
use super::part::Facts;
use super::raw::{Numbers, Origin, Raw, RawTargets};
use super::target::Native;

/// What is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Generator {
    Circles,
    Blobs,
    Spirals,
    Glyphs,
    Adding,
    CopyMemory,
}

/// One example: its numbers and its targets.
struct Example {
    inputs: Vec<f32>,
    targets: Vec<f64>,
}

/// The level of noise or the length that an example has: of its own where the description gives a
/// least one, from a stream of its own.
fn own(options: &Generated, seed: u64, part: &str, index: usize) -> (Generated, Option<f32>) {
    let mut own = options.clone();
    if options.least_noise.is_none() && options.least_length.is_none() {
        return (own, None);
    }
    let mut random = stream(
        seed,
        Purpose::Generate,
        &format!("{part}/own"),
        index as u64,
    );
    let mut drawn = None;
    if let Some(least) = options.least_noise {
        own.noise = least + (options.noise - least) * random.random::<f64>();
        drawn = Some(own.noise as f32);
    }
    if let Some(least) = options.least_length {
        own.length = random.random_range(least.min(options.length)..=options.length);
        drawn = Some(own.length as f32);
    }
    (own, drawn)
}

impl Generator {
    /// `number` examples of `part`.
    pub(crate) fn generate(
        self,
        options: &Generated,
        seed: u64,
        part: &str,
        number: usize,
    ) -> Result<(Raw, Native), DataError> {
        let bad = |message: &str| Err(DataError::new(DataErrorKind::Description, message));
        if number == 0 {
            return Err(DataError::new(
                DataErrorKind::Empty,
                "`samples` is 0: there are no rows",
            ));
        }
        let classes = options.classes;
        if matches!(self, Self::Blobs | Self::Spirals) && classes == 0 {
            return bad("`classes` must be at least 1");
        }
        if !(options.noise >= 0.0 && options.noise.is_finite()) {
            return bad("`noise` is a standard deviation: a number from 0 up");
        }
        if self == Self::Adding && options.least_length.unwrap_or(options.length) < 2 {
            return bad("the adding problem needs a `length` of at least 2");
        }
        if self == Self::CopyMemory && options.length < 1 {
            return bad("copy memory needs a `length` of at least 1");
        }
        let numbered = |n: usize| (0..n).map(|class| class.to_string()).collect();
        let (shape, native) = match self {
            Self::Circles => (Shape::Flat(2), Native::Binary),
            Self::Blobs | Self::Spirals => (Shape::Flat(2), Native::Classes(numbered(classes))),
            Self::Glyphs => (glyphs::SHAPE, Native::Classes(numbered(10))),
            Self::Adding => (adding::shape(options.length), Native::Real),
            Self::CopyMemory => {
                let names = numbered(copy_memory::CLASSES);
                (copy_memory::shape(options.length), Native::Steps(names))
            }
        };
        // Inputs and targets (copy memory has as many) take at most 12 bytes a number.
        let bytes = (number as u128) * (shape.elements() as u128 + 1) * 12;
        if bytes > u128::from(MAX_BYTES) || u32::try_from(number).is_err() {
            return Err(DataError::new(
                DataErrorKind::TooLarge,
                format!("{number} examples of {shape} numbers are more than fit into memory"),
            )
            .help("take fewer `samples`"));
        }
        let examples: Vec<Example> = (0..number)
            .into_par_iter()
            .map(|index| {
                let random = &mut stream(seed, Purpose::Generate, part, index as u64);
                let (own, _) = own(options, seed, part, index);
                self.draw(&own, options.length, index, random)
            })
            .collect();
        let drawn = (0..number).filter_map(|index| own(options, seed, part, index).1);
        let facts = Facts {
            drawn: drawn.collect(),
            ..Facts::default()
        };
        let width = examples[0].targets.len();
        let targets = examples
            .iter()
            .flat_map(|example| &example.targets)
            .copied()
            .collect();
        let inputs = examples.iter().flat_map(|example| &example.inputs).copied();
        Ok((
            Raw {
                // Glyphs are whole numbers from 0 to 255.
                inputs: if self == Self::Glyphs {
                    Numbers::U8(inputs.map(|value| value as u8).collect())
                } else {
                    Numbers::F32(inputs.collect())
                },
                shape,
                targets: Some(RawTargets::Numbers {
                    values: targets,
                    width,
                    origin: Origin::default(),
                }),
                names: if shape == Shape::Flat(2) {
                    vec!["x0".into(), "x1".into()]
                } else {
                    Vec::new()
                },
                categories: Vec::new(),
                notes: Vec::new(),
                facts,
            },
            native,
        ))
    }

    /// An example; a sequence shorter than `longest` begins with empty steps.
    fn draw(
        self,
        options: &Generated,
        longest: usize,
        index: usize,
        random: &mut Stream,
    ) -> Example {
        let point = |(point, class): ([f64; 2], usize)| Example {
            inputs: point.iter().map(|&x| x as f32).collect(),
            targets: vec![class as f64],
        };
        match self {
            Self::Circles => point(circles::draw(options.noise, index, random)),
            Self::Blobs => point(blobs::draw(options.noise, options.classes, index, random)),
            Self::Spirals => point(spirals::draw(options.noise, options.classes, index, random)),
            Self::Glyphs => {
                let (image, class) = glyphs::draw(options.noise, index, random);
                Example {
                    inputs: image.into_iter().map(f32::from).collect(),
                    targets: vec![class as f64],
                }
            }
            Self::Adding => adding::padded(options.length, longest, random),
            Self::CopyMemory => copy_memory::padded(options.length, longest, random),
        }
    }
}

/// A standard normal number.
fn normal(random: &mut Stream) -> f64 {
    use rand_distr::Distribution as _;
    rand_distr::StandardNormal.sample(random)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const ALL: [Generator; 6] = [
        Generator::Circles,
        Generator::Blobs,
        Generator::Spirals,
        Generator::Glyphs,
        Generator::Adding,
        Generator::CopyMemory,
    ];

    fn options() -> Generated {
        Generated {
            samples: 0,
            noise: 0.1,
            least_noise: None,
            classes: 3,
            length: 12,
            least_length: None,
        }
    }

    fn generate(generator: Generator, seed: u64, part: &str, number: usize) -> Raw {
        generator
            .generate(&options(), seed, part, number)
            .unwrap()
            .0
    }

    #[test]
    fn examples_do_not_depend_on_their_number() {
        for generator in ALL {
            let few = generate(generator, 3, "train", 5);
            let many = generate(generator, 3, "train", 17);
            assert_eq!(few, many.rows(&[0, 1, 2, 3, 4]), "{generator:?}");
        }
    }

    #[test]
    fn examples_have_a_length_or_noise_of_their_own() {
        let ranged = Generated {
            noise: 0.5,
            least_length: Some(4),
            ..options()
        };
        for generator in [Generator::Adding, Generator::CopyMemory] {
            let (raw, _) = generator.generate(&ranged, 1, "train", 300).unwrap();
            let copy = generator == Generator::CopyMemory;
            let features = if copy { 10 } else { 2 };
            for (row, &length) in raw.facts.drawn.iter().enumerate() {
                assert!((4.0..=12.0).contains(&length) && length.fract() == 0.0);
                // The steps before the sequence: no number and no mark, or blanks.
                let at = |i: usize| raw.inputs.get(row * raw.shape.elements() + i);
                for step in 0..12 - length as usize {
                    let sum: f64 = (0..features).map(|f| at(step * features + f)).sum();
                    assert_eq!(sum, f64::from(u8::from(copy)));
                    assert!(!copy || at(step * features + 8) == 1.0);
                }
            }
            let mean = raw.facts.drawn.iter().sum::<f32>() / 300.0;
            // Evenly from 4 to 12: mean 8, standard error √(80/12/300) = 0.15.
            assert!((mean - 8.0).abs() < 0.6, "{mean}");
        }
        let ranged = Generated {
            least_noise: Some(0.1),
            least_length: None,
            ..ranged
        };
        let (raw, _) = Generator::Blobs.generate(&ranged, 1, "train", 300).unwrap();
        assert!(raw.facts.drawn.iter().all(|n| (0.1..=0.5).contains(n)));
        let plain = generate(Generator::Blobs, 1, "train", 3);
        assert!(plain.facts.drawn.is_empty());
    }

    #[test]
    fn seed_and_part_matter() {
        for generator in ALL {
            let base = generate(generator, 3, "train", 5);
            assert_ne!(
                base.inputs,
                generate(generator, 4, "train", 5).inputs,
                "{generator:?}"
            );
            assert_ne!(
                base.inputs,
                generate(generator, 3, "test", 5).inputs,
                "{generator:?}"
            );
        }
    }

    #[test]
    fn absurd_sizes_are_refused() {
        for generator in ALL {
            let result = generator.generate(&options(), 1, "train", usize::MAX / 2);
            assert_eq!(result.unwrap_err().kind(), DataErrorKind::TooLarge);
        }
        let endless = Generated {
            length: usize::MAX / 64,
            ..options()
        };
        for generator in [Generator::Adding, Generator::CopyMemory] {
            let result = generator.generate(&endless, 1, "train", 2);
            assert_eq!(result.unwrap_err().kind(), DataErrorKind::TooLarge);
        }
    }
}
