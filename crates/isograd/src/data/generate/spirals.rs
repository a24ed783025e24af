//! Interleaved Archimedean spirals of one turn, from the centre to radius 1.

use std::f64::consts::TAU;

use isograd_core::random::Stream;
use rand::RngExt as _;

use super::normal;

pub(super) fn draw(
    noise: f64,
    classes: usize,
    index: usize,
    random: &mut Stream,
) -> ([f64; 2], usize) {
    let class = index % classes;
    let radius: f64 = random.random();
    let angle = TAU * (radius + class as f64 / classes as f64);
    let x = radius * angle.cos() + noise * normal(random);
    let y = radius * angle.sin() + noise * normal(random);
    ([x, y], class)
}

#[cfg(test)]
mod tests {
    use super::*;
    use isograd_core::random::{Purpose, stream};

    #[test]
    fn without_noise_angle_and_radius_say_the_class() {
        for index in 0..60 {
            let random = &mut stream(1, Purpose::Generate, "train", index);
            let ([x, y], class) = draw(0.0, 3, index as usize, random);
            let turn = (y.atan2(x) / TAU - x.hypot(y)).rem_euclid(1.0) * 3.0;
            let distance = (turn - class as f64).abs();
            assert!(distance.min(3.0 - distance) < 1e-9, "{turn} {class}");
        }
    }
}
