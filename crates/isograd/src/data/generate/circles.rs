//! Two concentric circles: class 0 on the circle of radius 1, class 1 on that of radius ½.

use std::f64::consts::TAU;

use isograd_core::random::Stream;
use rand::RngExt as _;

use super::normal;

/// Radius of the inner circle. At the usual noise of 0.1 the classes are 5 deviations apart, so a
/// network that does not reach 98 % has itself to blame.
const INNER: f64 = 0.5;

pub(super) fn draw(noise: f64, index: usize, random: &mut Stream) -> ([f64; 2], usize) {
    let class = index % 2;
    let radius = if class == 1 { INNER } else { 1.0 };
    let angle = TAU * random.random::<f64>();
    let x = radius * angle.cos() + noise * normal(random);
    let y = radius * angle.sin() + noise * normal(random);
    ([x, y], class)
}

#[cfg(test)]
mod tests {
    use super::*;
    use isograd_core::random::{Purpose, stream};

    #[test]
    fn without_noise_the_radius_says_the_class() {
        for index in 0..50 {
            let random = &mut stream(1, Purpose::Generate, "train", index);
            let ([x, y], class) = draw(0.0, index as usize, random);
            let expected = if class == 1 { INNER } else { 1.0 };
            assert!((x.hypot(y) - expected).abs() < 1e-12);
        }
    }
}
