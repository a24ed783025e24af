//! Labels replaced by wrong ones, for what a training makes of them.

use isograd_core::describe::data::TargetKind;
use isograd_core::random::{Purpose, stream};
use rand::RngExt as _;

use super::error::{DataError, DataErrorKind};
use super::part::Targets;

/// Replaces the label of each row with probability `share` by one of the other classes, each as
/// likely, and says which were replaced. The rows are keyed by their numbers in the source, so that
/// a label is the same however many rows there are. A row with several steps has its classes
/// replaced one by one and counts as wrong where one was.
pub(super) fn replace(
    targets: &mut Targets,
    (kind, classes): (TargetKind, usize),
    rows: &[u32],
    share: f64,
    seed: u64,
) -> Result<Vec<bool>, DataError> {
    if share == 0.0 {
        return Ok(Vec::new());
    }
    let refuse = || {
        DataError::new(
            DataErrorKind::Description,
            "`label_noise` needs targets that are classes",
        )
        .help("leave it out, or say which class an example has")
    };
    let binary = kind == TargetKind::Binary;
    let classes = if binary { 2 } else { classes };
    let streams = rows
        .iter()
        .map(|&row| stream(seed, Purpose::LabelNoise, "", u64::from(row)));
    let other = |random: &mut isograd_core::random::Stream, class: u32| {
        if classes < 2 || random.random::<f64>() >= share {
            return class;
        }
        let drawn = random.random_range(0..classes as u32 - 1);
        drawn + u32::from(drawn >= class)
    };
    let replace = |random: &mut _, class: &mut u32| {
        let before = *class;
        *class = other(random, before);
        *class != before
    };
    let wrong = match targets {
        Targets::Index(labels) => labels
            .iter_mut()
            .zip(streams)
            .map(|(label, mut random)| replace(&mut random, label))
            .collect(),
        Targets::Steps { classes, steps } => classes
            .chunks_mut((*steps).max(1))
            .zip(streams)
            .map(|(labels, mut random)| {
                let mut any = false;
                for label in labels {
                    any |= replace(&mut random, label);
                }
                any
            })
            .collect(),
        Targets::Real { values, width: 1 } if binary => values
            .iter_mut()
            .zip(streams)
            .map(|(value, mut random)| {
                let mut label = u32::from(*value != 0.0);
                let any = replace(&mut random, &mut label);
                *value = label as f32;
                any
            })
            .collect(),
        Targets::Real { .. } => return Err(refuse()),
    };
    Ok(wrong)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const N: u32 = 20_000;

    fn rows() -> Vec<u32> {
        (0..N).collect()
    }

    #[test]
    fn the_share_is_replaced_evenly_by_other_classes() {
        let truth: Vec<u32> = rows().iter().map(|row| row % 5).collect();
        let mut targets = Targets::Index(truth.clone());
        let wrong = replace(&mut targets, (TargetKind::Index, 5), &rows(), 0.4, 3).unwrap();
        let Targets::Index(noisy) = targets else {
            panic!("still classes")
        };
        let mut steps = [0.0f64; 5];
        for ((&was, &is), &wrong) in truth.iter().zip(&noisy).zip(&wrong) {
            assert_eq!(was != is, wrong);
            steps[((is + 5 - was) % 5) as usize] += 1.0;
        }
        // 60 % stay, a tenth goes to each other class; binomial deviations of 69 and 42.
        let n = f64::from(N);
        assert!((steps[0] - 0.6 * n).abs() < 4.0 * 70.0, "{steps:?}");
        assert!(
            steps[1..].iter().all(|s| (s - 0.1 * n).abs() < 4.0 * 43.0),
            "{steps:?}"
        );
    }

    #[test]
    fn a_label_does_not_depend_on_the_other_rows() {
        let noisy = |rows: &[u32]| {
            let mut targets = Targets::Index(vec![1; rows.len()]);
            replace(&mut targets, (TargetKind::Index, 3), rows, 0.5, 3).unwrap();
            targets
        };
        let all = noisy(&rows());
        assert_eq!(noisy(&[7, 2, 400]), all.subset(&[7, 2, 400]));
        let mut other = Targets::Index(vec![1; N as usize]);
        replace(&mut other, (TargetKind::Index, 3), &rows(), 0.5, 4).unwrap();
        assert_ne!(other, all);
    }

    #[test]
    fn bits_flip_and_numbers_are_refused() {
        let mut bits = Targets::Real {
            values: vec![0.0, 1.0],
            width: 1,
        };
        let wrong = replace(&mut bits, (TargetKind::Binary, 1), &[0, 1], 1.0, 1).unwrap();
        assert_eq!(wrong, [true, true]);
        let flipped = Targets::Real {
            values: vec![1.0, 0.0],
            width: 1,
        };
        assert_eq!(bits, flipped);
        assert!(replace(&mut bits, (TargetKind::Real, 1), &[0, 1], 0.1, 1).is_err());
        assert!(
            replace(&mut bits, (TargetKind::Real, 1), &[0, 1], 0.0, 1)
                .unwrap()
                .is_empty()
        );
    }
}
