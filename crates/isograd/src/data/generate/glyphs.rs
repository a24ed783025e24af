//! Images of digits, drawn: 28×28 grey pixels from 0 to 255, ten classes.
//!
//! Each digit has a few ways of being written, each a set of strokes (polylines and elliptical arcs
//! in a unit square, y down). An example moves every point a little, warps the plane smoothly,
//! slants, turns, stretches and shifts it, and draws the strokes with a round pen of varying width,
//! each pixel covered by the share that a linear ramp over one pixel gives. `noise` is the standard
//! deviation of the pixel noise in units of the full range.

use std::f64::consts::PI;

use isograd_core::describe::Shape;
use isograd_core::random::Stream;
use rand::RngExt as _;

use super::normal;

const SIDE: usize = 28;
/// Side of the square, in pixels, that the unit square of the strokes is drawn into.
const BOX: f64 = 19.0;

pub(super) const SHAPE: Shape = Shape::Image {
    channels: 1,
    height: SIDE,
    width: SIDE,
};

/// A piece of a stroke.
#[derive(Clone, Copy)]
enum Piece {
    /// A point to which the pen goes in a straight line.
    To(f64, f64),
    /// An elliptical arc: centre, radii, start and sweep as parts of π (0 is to the right, positive
    /// turns down).
    Arc(f64, f64, f64, f64, f64, f64),
}

use Piece::{Arc, To};

/// The strokes of one way to write a digit.
type Template = &'static [&'static [Piece]];

/// Ways to write each digit.
const TEMPLATES: [&[Template]; 10] = [
    &[
        &[&[Arc(0.5, 0.5, 0.3, 0.48, -0.5, -2.0)]],
        &[&[Arc(0.5, 0.5, 0.36, 0.45, -0.6, -2.1)]],
    ],
    &[
        &[&[To(0.5, 0.02), To(0.5, 0.98)]],
        &[&[To(0.32, 0.24), To(0.52, 0.02), To(0.52, 0.98)]],
        &[
            &[To(0.32, 0.22), To(0.52, 0.02), To(0.52, 0.97)],
            &[To(0.28, 0.98), To(0.76, 0.98)],
        ],
    ],
    &[
        &[&[
            Arc(0.5, 0.28, 0.3, 0.26, -0.95, 1.2),
            To(0.2, 0.97),
            To(0.85, 0.97),
        ]],
        &[&[
            Arc(0.48, 0.28, 0.3, 0.26, -0.9, 1.2),
            To(0.36, 0.82),
            Arc(0.3, 0.87, 0.12, 0.1, 0.1, 1.2),
            To(0.5, 0.88),
            To(0.86, 0.95),
        ]],
    ],
    &[
        &[&[
            Arc(0.46, 0.26, 0.29, 0.24, -0.85, 1.35),
            Arc(0.46, 0.73, 0.33, 0.25, -0.5, 1.35),
        ]],
        &[&[
            To(0.2, 0.03),
            To(0.78, 0.03),
            To(0.45, 0.4),
            Arc(0.45, 0.69, 0.34, 0.29, -0.5, 1.35),
        ]],
    ],
    &[
        &[
            &[To(0.62, 0.02), To(0.15, 0.64), To(0.88, 0.64)],
            &[To(0.68, 0.34), To(0.68, 0.98)],
        ],
        &[
            &[To(0.26, 0.04), To(0.2, 0.5), To(0.82, 0.5)],
            &[To(0.78, 0.02), To(0.7, 0.98)],
        ],
    ],
    &[
        &[
            &[
                To(0.3, 0.04),
                To(0.25, 0.44),
                Arc(0.47, 0.68, 0.33, 0.29, -0.72, 1.5),
            ],
            &[To(0.3, 0.04), To(0.8, 0.04)],
        ],
        &[&[
            To(0.8, 0.03),
            To(0.32, 0.05),
            To(0.26, 0.42),
            Arc(0.46, 0.68, 0.34, 0.3, -0.65, 1.5),
        ]],
    ],
    &[
        &[&[
            To(0.66, 0.03),
            Arc(0.5, 0.7, 0.28, 0.27, -0.95, -0.05),
            Arc(0.5, 0.7, 0.28, 0.27, -1.0, -2.0),
        ]],
        &[&[
            Arc(0.72, 0.55, 0.5, 0.54, -0.5, -0.6),
            Arc(0.5, 0.7, 0.28, 0.27, -1.0, -2.0),
        ]],
    ],
    &[
        &[&[To(0.16, 0.05), To(0.82, 0.05), To(0.4, 0.98)]],
        &[
            &[To(0.16, 0.05), To(0.82, 0.05), To(0.42, 0.98)],
            &[To(0.38, 0.5), To(0.78, 0.5)],
        ],
        &[&[
            To(0.2, 0.2),
            To(0.22, 0.05),
            To(0.8, 0.07),
            To(0.52, 0.5),
            To(0.46, 0.98),
        ]],
    ],
    &[
        &[
            &[Arc(0.5, 0.27, 0.25, 0.24, 0.5, 2.0)],
            &[Arc(0.5, 0.74, 0.3, 0.24, -0.5, 2.0)],
        ],
        &[&[
            Arc(0.5, 0.26, 0.26, 0.24, -0.2, -1.2),
            To(0.62, 0.56),
            Arc(0.48, 0.76, 0.28, 0.21, -0.3, 1.55),
            To(0.5, 0.5),
            To(0.7, 0.2),
        ]],
    ],
    &[
        &[&[Arc(0.48, 0.3, 0.28, 0.27, 0.0, -2.0), To(0.74, 0.98)]],
        &[&[
            Arc(0.48, 0.3, 0.27, 0.27, -0.1, -2.0),
            To(0.76, 0.35),
            Arc(0.4, 0.6, 0.36, 0.37, 0.0, 0.65),
        ]],
    ],
];

/// Standard deviation of each stroke point, in units of the unit square.
const JITTER: f64 = 0.02;
/// Amplitude of the smooth warp, in units of the unit square.
const WARP: f64 = 0.035;
/// Standard deviation of the slant (tangent) and of the turn (radians).
const SLANT: f64 = 0.18;
const TURN: f64 = 0.10;
/// Standard deviation of the logarithm of width and height.
const STRETCH: f64 = 0.10;
/// Standard deviation of the shift, in pixels.
const SHIFT: f64 = 1.2;
/// Thinnest and thickest pen, in pixels.
const PEN: [f64; 2] = [1.4, 3.6];

pub(super) fn draw(noise: f64, index: usize, random: &mut Stream) -> (Vec<u8>, usize) {
    let class = index % 10;
    let ways = TEMPLATES[class];
    let template = ways[random.random_range(0..ways.len())];
    let place = Placement::new(random);
    let pen = PEN[0] + (PEN[1] - PEN[0]) * random.random::<f64>();
    let ink = 200.0 + 55.0 * random.random::<f64>();
    let mut coverage = [0.0f64; SIDE * SIDE];
    for stroke in template {
        let points: Vec<[f64; 2]> = flatten(stroke)
            .into_iter()
            .zip(wander(random))
            .map(|(point, off)| place.apply([point[0] + off[0], point[1] + off[1]]))
            .collect();
        for pair in points.windows(2) {
            cover(&mut coverage, pair[0], pair[1], pen / 2.0);
        }
    }
    let image = coverage.iter().map(|&share| {
        let value = share * ink + noise * 255.0 * normal(random);
        value.round().clamp(0.0, 255.0) as u8
    });
    (image.collect(), class)
}

/// Points along a stroke, close enough for arcs to look round.
fn flatten(stroke: &[Piece]) -> Vec<[f64; 2]> {
    const ARC_STEPS: usize = 16;
    const LINE_STEPS: usize = 6;
    let mut points: Vec<[f64; 2]> = Vec::new();
    for piece in stroke {
        match *piece {
            To(x, y) => {
                if let Some(&[x0, y0]) = points.last() {
                    points.extend((1..=LINE_STEPS).map(|step| {
                        let t = step as f64 / LINE_STEPS as f64;
                        [x0 + t * (x - x0), y0 + t * (y - y0)]
                    }));
                } else {
                    points.push([x, y]);
                }
            }
            Arc(x, y, rx, ry, start, sweep) => {
                points.extend((0..=ARC_STEPS).map(|step| {
                    let angle = PI * (start + sweep * step as f64 / ARC_STEPS as f64);
                    [x + rx * angle.cos(), y + ry * angle.sin()]
                }));
            }
        }
    }
    points
}

/// A slow random walk of the pen, so that neighbouring points move together.
fn wander(random: &mut Stream) -> impl Iterator<Item = [f64; 2]> {
    /// Share of the last offset kept; stationary deviation stays JITTER.
    const KEEP: f64 = 0.9;
    let renew = JITTER * (1.0 - KEEP * KEEP).sqrt();
    let mut off = [JITTER * normal(random), JITTER * normal(random)];
    std::iter::repeat_with(move || {
        let now = off;
        off = [
            KEEP * off[0] + renew * normal(random),
            KEEP * off[1] + renew * normal(random),
        ];
        now
    })
}

/// From the unit square to pixels.
struct Placement {
    matrix: [f64; 4],
    shift: [f64; 2],
    warp: [[f64; 3]; 2],
}

impl Placement {
    fn new(random: &mut Stream) -> Self {
        let slant = SLANT * normal(random);
        let (sin, cos) = (TURN * normal(random)).sin_cos();
        let wide = BOX * (STRETCH * normal(random)).exp() * 0.9;
        let high = BOX * (STRETCH * normal(random)).exp();
        let warp = [(); 2].map(|()| {
            [
                WARP * normal(random),
                PI * (0.5 + random.random::<f64>()),
                2.0 * PI * random.random::<f64>(),
            ]
        });
        Self {
            matrix: [
                wide * cos,
                -high * (sin + slant * cos),
                wide * sin,
                high * (cos - slant * sin),
            ],
            shift: [SHIFT * normal(random), SHIFT * normal(random)],
            warp,
        }
    }

    fn apply(&self, [x, y]: [f64; 2]) -> [f64; 2] {
        let [dx, dy] = [(0, y), (1, x)].map(|(axis, along)| {
            let [size, frequency, phase] = self.warp[axis];
            size * (frequency * along * 2.0 + phase).sin()
        });
        let (x, y) = (x + dx - 0.5, y + dy - 0.5);
        let [a, b, c, d] = self.matrix;
        let centre = (SIDE as f64 - 1.0) / 2.0;
        [
            centre + a * x + b * y + self.shift[0],
            centre + c * x + d * y + self.shift[1],
        ]
    }
}

/// Draws a segment with a round pen; overlapping strokes do not get darker.
fn cover(coverage: &mut [f64; SIDE * SIDE], from: [f64; 2], to: [f64; 2], radius: f64) {
    let reach = radius + 0.5;
    let range = |axis: usize| {
        let low = (from[axis].min(to[axis]) - reach).floor().max(0.0);
        let high = (from[axis].max(to[axis]) + reach)
            .ceil()
            .min(SIDE as f64 - 1.0);
        low as usize..(high + 1.0).max(0.0) as usize
    };
    let along = [to[0] - from[0], to[1] - from[1]];
    let length = along[0] * along[0] + along[1] * along[1];
    for row in range(1) {
        for column in range(0) {
            let offset = [column as f64 - from[0], row as f64 - from[1]];
            let t = if length > 0.0 {
                ((offset[0] * along[0] + offset[1] * along[1]) / length).clamp(0.0, 1.0)
            } else {
                0.0
            };
            let distance = (offset[0] - t * along[0]).hypot(offset[1] - t * along[1]);
            let share = (radius + 0.5 - distance).clamp(0.0, 1.0);
            let pixel = &mut coverage[row * SIDE + column];
            *pixel = pixel.max(share);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use isograd_core::random::{Purpose, stream};

    #[test]
    fn digits_lie_inside_the_image() {
        for index in 0..200u64 {
            let random = &mut stream(1, Purpose::Generate, "train", index);
            let (image, class) = draw(0.0, index as usize, random);
            assert_eq!((image.len(), class as u64), (SIDE * SIDE, index % 10));
            let ink: u32 = image.iter().map(|&pixel| u32::from(pixel)).sum();
            let border: u32 = (0..SIDE)
                .flat_map(|i| [i, (SIDE - 1) * SIDE + i, i * SIDE, i * SIDE + SIDE - 1])
                .map(|at| u32::from(image[at]))
                .sum();
            assert!(ink > 20 * 255, "{index} is nearly empty");
            assert!(border < ink / 10, "{index} leaves the image");
        }
    }
}
