//! Gaussian blobs with centres evenly on a circle.

use std::f64::consts::{PI, TAU};

use isograd_core::random::Stream;

use super::normal;

/// Least distance of two neighbouring centres: with a noise of 1, the classes overlap by about
/// Φ(−2.5) = 0.6 % a side.
const DISTANCE: f64 = 5.0;

pub(super) fn draw(
    noise: f64,
    classes: usize,
    index: usize,
    random: &mut Stream,
) -> ([f64; 2], usize) {
    let class = index % classes;
    let radius = match classes {
        1 => 0.0,
        _ => DISTANCE / 2.0 / (PI / classes as f64).sin(),
    };
    let angle = TAU * class as f64 / classes as f64;
    let x = radius * angle.cos() + noise * normal(random);
    let y = radius * angle.sin() + noise * normal(random);
    ([x, y], class)
}

#[cfg(test)]
mod tests {
    use super::*;
    use isograd_core::random::{Purpose, stream};

    #[test]
    fn neighbours_are_5_apart() {
        for classes in 2..9 {
            let random = &mut stream(1, Purpose::Generate, "train", 0);
            let [(a, _), (b, _)] = [0, 1].map(|index| draw(0.0, classes, index, random));
            assert!(((a[0] - b[0]).hypot(a[1] - b[1]) - DISTANCE).abs() < 1e-12);
        }
    }
}
