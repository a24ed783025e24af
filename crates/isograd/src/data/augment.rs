//! Changes of the inputs of a training batch. Each change has its own stream, keyed by the step, so
//! taking one away leaves the numbers of the others as they were.

use isograd_core::describe::data::Augment;
use isograd_core::random::{Purpose, Stream, stream};
use rand::RngExt as _;

use super::error::{DataError, DataErrorKind};

/// Channels, height and width of an image.
pub type Pixels = [usize; 3];

/// Boxes that do not fit are drawn anew this often, then cut to the image (Zhong et al. 2020 draw
/// until one fits, which need not end).
const BOX_TRIES: usize = 100;

/// Fails if a change needs an image and there is none, or its numbers make no sense.
pub(crate) fn check(augments: &[Augment], image: Option<Pixels>) -> Result<(), DataError> {
    let bad = |message: String| Err(DataError::new(DataErrorKind::Description, message));
    for augment in augments {
        let name = word(augment);
        if image.is_none() && !matches!(augment, Augment::UniformNoise { .. }) {
            return Err(DataError::new(
                DataErrorKind::Description,
                format!("`{name}` changes images, and the examples are none"),
            )
            .help("give their shape with `shape = [height, width, channels]`"));
        }
        let (Augment::UniformNoise { probability, .. }
        | Augment::EraseBox { probability, .. }
        | Augment::FlipHorizontal { probability }) = augment
        else {
            continue;
        };
        if !(0.0..=1.0).contains(probability) {
            return bad(format!(
                "`{name}` has a probability of {probability}; it is from 0 to 1"
            ));
        }
        if let Augment::UniformNoise { delta, .. } = augment
            && !(delta.is_finite() && *delta >= 0.0)
        {
            return bad(format!(
                "`{name}` has a delta of {delta}; it is a number from 0 up"
            ));
        }
        if let Augment::EraseBox { area, aspect, .. } = augment {
            let ordered = |[low, high]: [f64; 2]| 0.0 <= low && low <= high && high.is_finite();
            if !ordered(*area) || area[1] > 1.0 || !ordered(*aspect) || aspect[0] == 0.0 {
                return bad(format!(
                    "`{name}` needs `area = [lowest, highest]` from 0 to 1 and \
                     `aspect = [lowest, highest]` above 0"
                ));
            }
        }
    }
    Ok(())
}

fn word(augment: &Augment) -> &'static str {
    match augment {
        Augment::UniformNoise { .. } => "uniform_noise",
        Augment::EraseBox { .. } => "erase_box",
        Augment::FlipHorizontal { .. } => "flip_horizontal",
        Augment::Shift { .. } => "shift",
        _ => "augment",
    }
}

/// Changes the examples in `inputs` (each of `elements` numbers) for a step, in order.
pub(crate) fn apply(
    augments: &[Augment],
    inputs: &mut [f32],
    elements: usize,
    image: Option<Pixels>,
    seed: u64,
    step: u64,
) {
    for augment in augments {
        let random = &mut stream(seed, Purpose::Augment, word(augment), step);
        match (augment.clone(), image) {
            (Augment::UniformNoise { probability, delta }, _) => {
                for value in inputs.iter_mut() {
                    if random.random::<f64>() < probability {
                        *value += (delta * (2.0 * random.random::<f64>() - 1.0)) as f32;
                    }
                }
            }
            (
                Augment::EraseBox {
                    probability,
                    area,
                    aspect,
                    value,
                },
                Some(pixels),
            ) if random.random::<f64>() < probability => {
                erase(inputs, pixels, area, aspect, value as f32, random);
            }
            (Augment::FlipHorizontal { probability }, Some([_, _, width])) => {
                for example in inputs.chunks_exact_mut(elements) {
                    if random.random::<f64>() < probability {
                        example.chunks_exact_mut(width).for_each(<[f32]>::reverse);
                    }
                }
            }
            (Augment::Shift { pixels }, Some([_, height, width])) => {
                for example in inputs.chunks_exact_mut(elements) {
                    let reach = pixels.min(height.max(width)) as i64;
                    let mut draw = || random.random_range(-reach..=reach) as isize;
                    let (down, right) = (draw(), draw());
                    for plane in example.chunks_exact_mut(height * width) {
                        shift(plane, [height, width], [down, right]);
                    }
                }
            }
            _ => {}
        }
    }
}

/// Random erasing (Zhong et al. 2020): area and aspect uniform, the same box in every image.
fn erase(
    inputs: &mut [f32],
    [_, height, width]: Pixels,
    area: [f64; 2],
    aspect: [f64; 2],
    value: f32,
    random: &mut Stream,
) {
    let uniform =
        |random: &mut Stream, [low, high]: [f64; 2]| low + (high - low) * random.random::<f64>();
    let mut size = [0, 0];
    for _ in 0..BOX_TRIES {
        let pixels = uniform(random, area) * (height * width) as f64;
        let ratio = uniform(random, aspect);
        size = [
            (pixels * ratio).sqrt() as usize,
            (pixels / ratio).sqrt() as usize,
        ];
        if size[0] <= height && size[1] <= width {
            break;
        }
    }
    let [high, wide] = [size[0].min(height), size[1].min(width)];
    let top = random.random_range(0..=height - high);
    let left = random.random_range(0..=width - wide);
    for plane in inputs.chunks_exact_mut(height * width) {
        for row in plane.chunks_exact_mut(width).skip(top).take(high) {
            row[left..left + wide].fill(value);
        }
    }
}

/// Moves a plane down and to the right, filled with zeros.
fn shift(plane: &mut [f32], [height, width]: [usize; 2], [down, right]: [isize; 2]) {
    let old = plane.to_vec();
    for (at, value) in plane.iter_mut().enumerate() {
        let row = (at / width)
            .checked_add_signed(-down)
            .filter(|&row| row < height);
        let column = (at % width)
            .checked_add_signed(-right)
            .filter(|&column| column < width);
        *value = match (row, column) {
            (Some(row), Some(column)) => old[row * width + column],
            _ => 0.0,
        };
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const IMAGE: Pixels = [2, 4, 5];
    const ELEMENTS: usize = 40;

    fn applied(augments: &[Augment], start: f32, examples: usize, step: u64) -> Vec<f32> {
        check(augments, Some(IMAGE)).unwrap();
        let mut inputs = vec![start; examples * ELEMENTS];
        apply(augments, &mut inputs, ELEMENTS, Some(IMAGE), 1, step);
        inputs
    }

    const NOISE: Augment = Augment::UniformNoise {
        probability: 0.25,
        delta: 0.5,
    };

    #[test]
    fn noise_changes_its_share_of_the_elements() {
        let inputs = applied(&[NOISE], 3.0, 250, 0);
        let changed: Vec<f32> = inputs
            .iter()
            .map(|x| x - 3.0)
            .filter(|x| *x != 0.0)
            .collect();
        // 10,000 elements, p = ¼: standard deviation 43.
        assert!((changed.len() as f64 - 2500.0).abs() < 5.0 * 43.3);
        assert!(changed.iter().all(|x| x.abs() <= 0.5));
        // U(−½, ½) has the variance 1/12; four standard errors of it are 4·√(1/180/2500).
        let variance = changed.iter().map(|x| f64::from(x * x)).sum::<f64>() / changed.len() as f64;
        assert!((variance - 1.0 / 12.0).abs() < 4.0 * (1.0f64 / 180.0 / 2500.0).sqrt());
    }

    #[test]
    fn the_box_is_the_same_for_the_whole_batch() {
        let erase = Augment::EraseBox {
            probability: 1.0,
            area: [0.3, 0.5],
            aspect: [0.5, 2.0],
            value: 9.0,
        };
        for step in 0..50 {
            let inputs = applied(std::slice::from_ref(&erase), 0.0, 3, step);
            let first = &inputs[..20];
            assert!(inputs.chunks(20).all(|plane| plane == first));
            let erased = first.iter().filter(|&&x| x == 9.0).count();
            assert!((1..=10).contains(&erased), "{erased}");
        }
    }

    #[test]
    fn taking_one_change_away_leaves_the_others() {
        let flip = Augment::FlipHorizontal { probability: 0.5 };
        assert_eq!(
            applied(&[NOISE], 0.0, 4, 7),
            applied(&[Augment::Shift { pixels: 0 }, NOISE], 0.0, 4, 7)
        );
        assert_ne!(applied(&[NOISE], 0.0, 4, 7), applied(&[NOISE], 0.0, 4, 8));
        assert_ne!(
            applied(&[NOISE, flip], 0.0, 4, 7),
            applied(&[NOISE], 0.0, 4, 7)
        );
    }

    #[test]
    fn flips_and_shifts_move_pixels() {
        let mut row = vec![1.0, 2.0, 3.0, 4.0];
        let flip = [Augment::FlipHorizontal { probability: 1.0 }];
        apply(&flip, &mut row, 4, Some([1, 2, 2]), 1, 0);
        assert_eq!(row, [2.0, 1.0, 4.0, 3.0]);
        shift(&mut row, [2, 2], [1, -1]);
        assert_eq!(row, [0.0, 0.0, 1.0, 0.0]);
    }

    #[test]
    fn senseless_numbers_are_refused() {
        let cases = [
            (Augment::FlipHorizontal { probability: 1.5 }, Some(IMAGE)),
            (Augment::Shift { pixels: 2 }, None),
            (
                Augment::UniformNoise {
                    probability: 0.5,
                    delta: f64::NAN,
                },
                None,
            ),
            (
                Augment::EraseBox {
                    probability: 0.5,
                    area: [0.5, 0.1],
                    aspect: [1.0, 1.0],
                    value: 0.0,
                },
                Some(IMAGE),
            ),
        ];
        for (augment, image) in cases {
            assert!(check(&[augment], image).is_err());
        }
    }
}
