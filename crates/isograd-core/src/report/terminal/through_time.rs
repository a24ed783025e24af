//! How the gradient of the last step reaches the steps before it.

use super::figure::figure;
use super::page::{INDENT, Page};
use crate::describe::Plan;
use crate::predict::Prediction;
use crate::report::facts::ThroughTime;

/// Lags that are shown, and the longest.
const LAGS: [usize; 6] = [1, 3, 10, 30, 100, 300];

/// A line a recurrent layer, and one more for the cells of an LSTM.
pub(super) fn through_time(
    page: &mut Page,
    measured: &[ThroughTime],
    plan: &Plan,
    prediction: &Prediction,
) {
    if measured.is_empty() {
        return;
    }
    page.heading("Gradient through time, before the first step");
    for one in measured {
        let id = plan.node(&one.layer).map(|node| node.id);
        let chi = id.and_then(|id| prediction.nodes.get(id)?.chi_of_step);
        let theory = chi.map_or_else(String::new, |chi| {
            format!("; theory: {} a step", figure(chi.sqrt()))
        });
        let text = format!("{}: {}{theory}.", one.layer, lags(&one.state));
        page.prose(INDENT, &text);
        if let Some(cell) = &one.cell {
            let text = format!("{}, its cell: {}.", one.layer, lags(cell));
            page.prose(INDENT, &text);
        }
    }
    page.blank();
    page.note(
        "The gradient of the loss at the last step (of the whole loss where there is one target a \
         sequence) with respect to the state so many steps before it, over that with respect to the \
         last state. What it falls to is what a training can learn over that distance.",
    );
}

/// "0.9 one step back, 0.35 ten …".
fn lags(ratios: &[f64]) -> String {
    let longest = ratios.len().saturating_sub(1);
    let shown = LAGS.into_iter().filter(|&lag| lag < longest);
    let parts: Vec<String> = shown
        .chain([longest])
        .map(|lag| {
            format!(
                "{} at {lag}",
                figure(ratios.get(lag).copied().unwrap_or(f64::NAN))
            )
        })
        .collect();
    format!("steps back {}", parts.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_and_long_sequences() {
        assert_eq!(lags(&[1.0, 0.5]), "steps back 0.500 at 1");
        let decay: Vec<f64> = (0..=40).map(|k| 0.5f64.powi(k)).collect();
        assert_eq!(
            lags(&decay),
            "steps back 0.500 at 1, 0.125 at 3, 9.8e-4 at 10, 9.3e-10 at 30, 9.1e-13 at 40"
        );
    }
}
