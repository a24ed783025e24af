//! Scaling of inputs and targets, fitted on the training rows and nothing else.

use isograd_core::describe::Shape;
use isograd_core::describe::data::{Scale, TargetScale};

use super::raw::Numbers;

/// Which numbers of an example are scaled together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Groups {
    /// Each column by itself (tables).
    Columns,
    /// Each channel of so many pixels by itself (images).
    Channels {
        /// Pixels of a channel.
        plane: usize,
    },
    /// Everything together (sequences).
    All,
}

impl Groups {
    /// The rule for examples that the source has in shape `native` and the network gets in `shape`.
    pub(crate) fn of(native: Shape, shape: Shape) -> Self {
        match (native, shape) {
            (_, Shape::Image { height, width, .. })
            | (Shape::Image { height, width, .. }, Shape::Flat(_)) => Self::Channels {
                plane: height * width,
            },
            (_, Shape::Sequence { .. }) => Self::All,
            _ => Self::Columns,
        }
    }

    fn count(self, elements: usize) -> usize {
        match self {
            Self::Columns => elements,
            Self::Channels { plane } => elements / plane.max(1),
            Self::All => 1,
        }
    }

    fn group(self, element: usize) -> usize {
        match self {
            Self::Columns => element,
            Self::Channels { plane } => element / plane.max(1),
            Self::All => 0,
        }
    }
}

/// scaled = (value − `offset`) ÷ `divisor`; everything becomes 0 where the training rows are
/// constant.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scaling {
    /// Subtracted first.
    pub offset: f64,
    /// Divided by then; `None`: constant in the training rows, so the result is 0.
    pub divisor: Option<f64>,
}

impl Scaling {
    const NONE: Self = Self {
        offset: 0.0,
        divisor: Some(1.0),
    };

    /// Value as the file has it → scaled value.
    pub fn scale(self, value: f64) -> f64 {
        match self.divisor {
            Some(divisor) => (value - self.offset) / divisor,
            None if value.is_nan() => value,
            None => 0.0,
        }
    }

    /// Scaled value → value in the unit of the file. A constant is undone by adding it again, so
    /// that a difference of scaled values counts in the original unit.
    pub fn unscale(self, value: f64) -> f64 {
        value * self.divisor.unwrap_or(1.0) + self.offset
    }
}

/// Sums over the finite values of a group.
#[derive(Clone, Copy)]
struct Extent {
    count: f64,
    sum: f64,
    low: f64,
    high: f64,
}

/// Fits one [`Scaling`] a group on `rows`; missing and infinite values are left out.
pub(crate) fn fit(
    numbers: &Numbers,
    rows: &[u32],
    elements: usize,
    groups: Groups,
    scale: Scale,
) -> Vec<Scaling> {
    match numbers {
        Numbers::U8(values) => fit_values(values, rows, elements, groups, scale),
        Numbers::F32(values) => fit_values(values, rows, elements, groups, scale),
        Numbers::F64(values) => fit_values(values, rows, elements, groups, scale),
    }
}

fn fit_values<T: Copy + Into<f64>>(
    values: &[T],
    rows: &[u32],
    elements: usize,
    groups: Groups,
    scale: Scale,
) -> Vec<Scaling> {
    let count = groups.count(elements);
    match scale {
        Scale::None => return vec![Scaling::NONE; count],
        Scale::Divide(divisor) => {
            let divide = Scaling {
                offset: 0.0,
                divisor: Some(divisor),
            };
            return vec![divide; count];
        }
        Scale::Standard | Scale::MinMax => {}
    }
    let mut extents = vec![
        Extent {
            count: 0.0,
            sum: 0.0,
            low: f64::INFINITY,
            high: f64::NEG_INFINITY,
        };
        count
    ];
    let each = |f: &mut dyn FnMut(usize, f64)| {
        for &row in rows {
            let example = &values[row as usize * elements..][..elements];
            for (element, &value) in example.iter().enumerate() {
                let value = value.into();
                if value.is_finite() {
                    f(groups.group(element), value);
                }
            }
        }
    };
    each(&mut |group, value| {
        let extent = &mut extents[group];
        extent.count += 1.0;
        extent.sum += value;
        extent.low = extent.low.min(value);
        extent.high = extent.high.max(value);
    });
    // Two passes: the deviation of 3,232,235,778 ± 1 is lost in a sum of squares.
    let mut squares = vec![0.0; count];
    if matches!(scale, Scale::Standard) {
        each(&mut |group, value| {
            let extent = &extents[group];
            squares[group] += (value - extent.sum / extent.count).powi(2);
        });
    }
    extents
        .iter()
        .zip(squares)
        .map(|(extent, squares)| {
            if extent.count == 0.0 {
                return Scaling::NONE;
            }
            // Equality, not a small variance: the mean of equal numbers may differ from them.
            let varies = extent.low < extent.high;
            let (offset, divisor) = match scale {
                Scale::MinMax => (extent.low, extent.high - extent.low),
                _ => (extent.sum / extent.count, (squares / extent.count).sqrt()),
            };
            Scaling {
                offset,
                divisor: (varies && divisor > 0.0).then_some(divisor),
            }
        })
        .collect()
}

/// These rows, scaled.
pub(crate) fn apply(
    numbers: &Numbers,
    rows: &[u32],
    elements: usize,
    groups: Groups,
    scaling: &[Scaling],
) -> Vec<f32> {
    fn scaled<T: Copy + Into<f64>>(
        values: &[T],
        rows: &[u32],
        elements: usize,
        groups: Groups,
        scaling: &[Scaling],
    ) -> Vec<f32> {
        let mut result = Vec::with_capacity(rows.len() * elements);
        for &row in rows {
            let example = &values[row as usize * elements..][..elements];
            result.extend(example.iter().enumerate().map(|(element, &value)| {
                scaling[groups.group(element)].scale(value.into()) as f32
            }));
        }
        result
    }
    match numbers {
        Numbers::U8(values) => scaled(values, rows, elements, groups, scaling),
        Numbers::F32(values) => scaled(values, rows, elements, groups, scaling),
        Numbers::F64(values) => scaled(values, rows, elements, groups, scaling),
    }
}

/// Scaling of real targets, one of each, fitted on `rows`.
pub(crate) fn fit_targets(
    values: &[f64],
    width: usize,
    rows: &[u32],
    scale: TargetScale,
) -> Vec<Scaling> {
    let scale = match scale {
        TargetScale::None => return Vec::new(),
        TargetScale::Standard => Scale::Standard,
        TargetScale::MinMax => Scale::MinMax,
    };
    fit_values(values, rows, width, Groups::Columns, scale)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Column 0: 1, 2, 3; column 1: constant; column 2: a missing and an infinite cell.
    fn table() -> Numbers {
        let (nan, inf) = (f64::NAN, f64::INFINITY);
        Numbers::F64(vec![
            1.0, 7.1, nan, 2.0, 7.1, 4.0, 3.0, 7.1, 8.0, 99.0, 0.0, inf,
        ])
    }

    fn scaled(scale: Scale, fitted: &[u32], rows: &[u32]) -> Vec<f32> {
        let scaling = fit(&table(), fitted, 3, Groups::Columns, scale);
        apply(&table(), rows, 3, Groups::Columns, &scaling)
    }

    #[test]
    fn standard_scaling_has_zero_mean_and_unit_deviation() {
        // Population deviation of 1, 2, 3 is √(2/3); of 4, 8 it is 2.
        let unit = 1.5f32.sqrt();
        let got = scaled(Scale::Standard, &[0, 1, 2], &[0, 1, 2, 3]);
        assert!(got[2].is_nan());
        assert_eq!(got[..2], [-unit, 0.0]);
        assert_eq!(got[3..9], [0.0, 0.0, -1.0, unit, 0.0, 1.0]);
        assert_eq!(got[10], 0.0, "a constant column is 0 in every part");
        assert_eq!(got[11], f32::INFINITY);
    }

    #[test]
    fn minmax_scaling_fills_zero_to_one() {
        let got = scaled(Scale::MinMax, &[0, 1, 2], &[0, 1, 2]);
        assert!(got[2].is_nan());
        assert_eq!(got[..2], [0.0, 0.0]);
        assert_eq!(got[3..], [0.5, 0.0, 0.0, 1.0, 0.0, 1.0]);
    }

    #[test]
    fn rows_outside_the_fit_do_not_matter() {
        let all = scaled(Scale::Standard, &[0, 1, 2, 3], &[1]);
        let some = scaled(Scale::Standard, &[0, 1, 2], &[1]);
        assert_ne!(all, some);
    }

    #[test]
    fn large_offsets_keep_their_digits() {
        let numbers = Numbers::F64(vec![3_232_235_778.0, 3_232_235_779.0]);
        let scaling = fit(&numbers, &[0, 1], 1, Groups::Columns, Scale::Standard);
        let got = apply(&numbers, &[0, 1], 1, Groups::Columns, &scaling);
        assert_eq!(got, [-1.0, 1.0]);
    }

    #[test]
    fn bytes_divided_by_255_are_the_nearest_floats() {
        let numbers = Numbers::U8((0..=255).collect());
        let scaling = fit(&numbers, &[0], 256, Groups::All, Scale::Divide(255.0));
        let got = apply(&numbers, &[0], 256, Groups::All, &scaling);
        for (byte, got) in (0u8..=255).zip(got) {
            assert_eq!(got, f32::from(byte) / 255.0);
        }
    }

    #[test]
    fn channels_and_sequences_are_groups() {
        let numbers = Numbers::U8(vec![0, 2, 10, 30, 0, 2, 10, 30]);
        let image = Shape::Image {
            channels: 2,
            height: 1,
            width: 2,
        };
        let channels = Groups::of(image, Shape::Flat(4));
        let scaling = fit(&numbers, &[0, 1], 4, channels, Scale::Standard);
        assert_eq!(scaling[1].offset, 20.0);
        assert_eq!(scaling[1].divisor, Some(10.0));
        let sequence = Shape::Sequence {
            steps: 2,
            features: 2,
        };
        let all = fit(
            &numbers,
            &[0],
            4,
            Groups::of(sequence, sequence),
            Scale::MinMax,
        );
        assert_eq!(all.len(), 1);
        assert_eq!(all[0].divisor, Some(30.0));
    }

    #[test]
    fn unscale_undoes_scale() {
        let scaling = fit_targets(&[1.0, 5.0, 2.0, 5.0], 2, &[0, 1], TargetScale::Standard);
        assert_eq!(scaling[0].unscale(scaling[0].scale(7.0)), 7.0);
        assert_eq!(scaling[1].scale(5.0), 0.0);
        assert_eq!(scaling[1].unscale(0.0), 5.0);
    }
}
