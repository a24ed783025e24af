//! Makes rows of a trace of what a recorder has collected.

use super::recorder::{Feed, Measured, Recorder, Seen};
use super::units::{Census, Window};
use isograd_core::trace::quantity::{Quantity, Row};
use std::sync::Arc;

/// What is said of a tensor that flows forward, whatever it flows into.
const FORWARD: [Quantity; 6] = [
    Quantity::ForwardMean,
    Quantity::ForwardRms,
    Quantity::ForwardMaxAbs,
    Quantity::ForwardNonFinite,
    Quantity::Correlation,
    Quantity::Examples,
];

/// Reads what one recorder collects, step after step: what is said of units is of the last examples.
#[derive(Clone, Debug)]
pub struct Reader {
    feeds: Arc<[Option<Feed>]>,
    twins: Arc<[Option<usize>]>,
    /// Slopes of the activation behind each site.
    windows: Vec<Option<Window>>,
}

impl Reader {
    /// That of a recorder.
    pub fn of(recorder: &Recorder) -> Self {
        Self {
            feeds: Arc::clone(&recorder.feeds),
            twins: Arc::clone(&recorder.twins),
            windows: vec![None; recorder.feeds.len()],
        }
    }

    /// The rows of what was seen, one a site.
    pub fn rows(&mut self, measured: &mut Measured) -> Vec<Row> {
        let per_example = measured.per_example;
        measured.settle();
        let seen = measured.seen.iter();
        let mut rows: Vec<Row> = seen.map(|s| row(s, per_example)).collect();
        for (site, feed) in self.feeds.iter().enumerate() {
            let Some(feed) = feed else { continue };
            let whole = measured.whole.get(site);
            if let Some(slopes) = whole.and_then(|whole| whole.slopes.as_ref()) {
                fill(&mut rows[feed.row], slopes.census(), true);
            }
            let [numbers, examples] = measured.seen[site].sloped;
            if numbers > 0 {
                let window = self.windows[site]
                    .get_or_insert_with(|| Window::new(feed.activation, feed.units));
                window.add(&measured.slopes[feed.range()], numbers, examples);
                let (census, enough) = window.census();
                fill(&mut rows[feed.row], census, enough);
            }
        }
        for (site, twin) in self.twins.iter().enumerate() {
            if let Some(twin) = *twin {
                for quantity in FORWARD {
                    if let Some(value) = rows[twin].get(quantity) {
                        rows[site].set(quantity, value);
                    }
                }
            }
        }
        for (row, whole) in rows.iter_mut().zip(&measured.whole) {
            if let Some(correlation) = whole.cosine.mean() {
                row.set(Quantity::Correlation, correlation);
            }
        }
        rows
    }
}

/// Puts in what slopes say; `enough`: whether units can be called dead.
fn fill(row: &mut Row, census: Census, enough: bool) {
    row.set(Quantity::SlopeSquare, census.mean_square);
    if enough {
        row.set(Quantity::DeadUnits, census.dead);
    }
    if let Some(saturated) = census.saturated {
        row.set(Quantity::SaturatedUnits, saturated);
    }
}

fn row(seen: &Seen, per_example: f64) -> Row {
    let mut row = Row::default();
    if seen.examples > 0 {
        let forward = &seen.forward;
        row.set(Quantity::ForwardMean, forward.mean());
        row.set(Quantity::ForwardRms, forward.rms());
        row.set(Quantity::ForwardMaxAbs, forward.max_abs);
        row.set(Quantity::ForwardNonFinite, forward.non_finite as f64);
        row.set(Quantity::Examples, seen.examples as f64);
    }
    if seen.backward_examples > 0 {
        let backward = &seen.backward;
        let factor = per_example.abs();
        let norm = (backward.sum_squares / seen.backward_examples as f64).sqrt();
        row.set(Quantity::Gradient, factor * norm);
        row.set(Quantity::GradientRms, factor * backward.rms());
        row.set(Quantity::GradientMaxAbs, factor * backward.max_abs);
        row.set(Quantity::GradientNonFinite, backward.non_finite as f64);
    }
    let (alike, pairs) = seen.alike;
    if pairs > 0.0 {
        row.set(Quantity::Correlation, (alike / pairs).clamp(-1.0, 1.0));
    }
    row
}
