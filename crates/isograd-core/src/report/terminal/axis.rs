//! Bars on a logarithmic axis.

/// Whole decades from `low` to `high` over `width` columns.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Axis {
    low: f64,
    high: f64,
    width: usize,
}

/// Fewer decades would make a mountain of a molehill: a profile within a factor of ten has to look
/// as flat as it is.
const FEWEST_DECADES: f64 = 4.0;

/// Blocks of an eighth of a column to a whole one.
const EIGHTHS: [char; 8] = ['▏', '▎', '▍', '▌', '▋', '▊', '▉', '█'];

impl Axis {
    /// An axis on which all these numbers lie; those that have no logarithm are left out. `None` when
    /// nothing is left.
    pub(super) fn new(values: impl IntoIterator<Item = f64>, width: usize) -> Option<Self> {
        let logs: Vec<f64> = values
            .into_iter()
            .map(f64::log10)
            .filter(|l| l.is_finite())
            .collect();
        let low = logs.iter().copied().reduce(f64::min)?.floor();
        let high = logs.iter().copied().reduce(f64::max)?.ceil();
        let missing = (FEWEST_DECADES - (high - low)).max(0.0);
        // More room below, so that bars of equal numbers are long.
        Some(Self {
            low: low - missing,
            high,
            width,
        })
    }

    /// Columns (with fraction) from the left end to `value`.
    fn position(self, value: f64) -> f64 {
        let at = (value.log10() - self.low) / (self.high - self.low);
        at.clamp(0.0, 1.0) * self.width as f64
    }

    /// A bar for `measured`, with the prediction marked on it: the characters of the bar.
    pub(super) fn bar(self, measured: Option<f64>, predicted: Option<f64>) -> String {
        let mut cells = vec![' '; self.width];
        match measured {
            Some(x) if x > 0.0 && x.is_finite() => {
                // The smallest bar that can be seen stands for the low end.
                let eighths = ((self.position(x) * 8.0).round() as usize).max(1);
                cells.iter_mut().take(eighths / 8).for_each(|c| *c = '█');
                if !eighths.is_multiple_of(8)
                    && let Some(cell) = cells.get_mut(eighths / 8)
                {
                    *cell = EIGHTHS[eighths % 8 - 1];
                }
            }
            Some(x) if !x.is_finite() => write_at(&mut cells, 0, "not finite"),
            Some(_) => write_at(&mut cells, 0, "zero"),
            None => {}
        }
        if let Some(p) = predicted.filter(|p| *p > 0.0 && p.is_finite()) {
            let last = self.width.saturating_sub(1);
            // Where prediction and measurement agree, the mark is the last column of the bar.
            let at = (self.position(p).ceil() as usize)
                .saturating_sub(1)
                .min(last);
            if let Some(cell) = cells.get_mut(at) {
                *cell = '◆';
            }
        }
        cells.into_iter().collect()
    }

    /// The axis' labels: powers of ten at both ends and, where there is room, between.
    pub(super) fn labels(self) -> String {
        let mut cells = vec![' '; self.width];
        let decades = self.high - self.low;
        let parts = if self.width >= 36 { 4.0 } else { 2.0 };
        let step = (decades / parts).ceil();
        // The ends first: they are always there.
        let mut ticks = vec![self.low, self.high];
        ticks.extend(
            (1..)
                .map(|i| self.high - f64::from(i) * step)
                .take_while(|t| *t > self.low),
        );
        for tick in ticks {
            let label = power(tick);
            let at = ((tick - self.low) / decades * self.width as f64).round() as usize;
            // Centred on the tick, but within the axis.
            let last = self.width.saturating_sub(label.len());
            let start = at.saturating_sub(label.len() / 2).min(last);
            let around = start.saturating_sub(1)..(start + label.len() + 1).min(self.width);
            if cells[around].iter().all(|c| *c == ' ') {
                write_at(&mut cells, start, &label);
            }
        }
        cells.into_iter().collect()
    }
}

fn power(exponent: f64) -> String {
    if exponent == 0.0 {
        "1".into()
    } else {
        format!("1e{exponent:.0}")
    }
}

fn write_at(cells: &mut [char], start: usize, text: &str) {
    for (cell, c) in cells.iter_mut().skip(start).zip(text.chars()) {
        *cell = c;
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::Axis;

    #[test]
    fn bars_are_as_long_as_the_logarithm() {
        let axis = Axis::new([1e-4, 1.0], 8).unwrap();
        for (value, predicted, expected) in [
            (Some(1.0), None, "████████"),
            (Some(1e-2), None, "████    "),
            (Some(1e-4), None, "▏       "),
            (Some(10f64.powf(-1.75)), None, "████▌   "),
            (Some(0.0), None, "zero    "),
            (Some(f64::NAN), None, "not fini"),
            (None, Some(1e-2), "   ◆    "),
            (Some(1.0), Some(1e-2), "███◆████"),
            (Some(1.0), Some(1.0), "███████◆"),
            (Some(1e-4), Some(1e9), "▏      ◆"),
        ] {
            assert_eq!(
                axis.bar(value, predicted),
                expected,
                "{value:?} {predicted:?}"
            );
        }
    }

    #[test]
    fn numbers_that_are_nearly_equal_look_so() {
        let axis = Axis::new([0.3, 0.4], 10).unwrap();
        let bar = |x| axis.bar(Some(x), None).trim_end().chars().count();
        assert!(bar(0.3) >= 8 && bar(0.4) - bar(0.3) <= 1);
        assert!(Axis::new([0.0, f64::NAN], 10).is_none());
    }

    #[test]
    fn labels_stand_at_their_powers() {
        let axis = Axis::new([1e-20, 1.0], 40).unwrap();
        assert_eq!(axis.labels(), "1e-20   1e-15     1e-10     1e-5       1");
    }
}
