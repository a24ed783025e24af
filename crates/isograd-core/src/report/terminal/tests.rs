//! Every rendered form, as snapshots of what a user sees.

use super::{
    Style, doctor, eval, explain, heal, predict, range_test, train, train_header, train_line,
};
use crate::describe::train::Metric;
use crate::report::facts::{PredictReport, RangeReport, Score, TrainReport};
use crate::report::sample;

/// The widths and characters in which everything is looked at.
fn plain(width: usize) -> Style {
    Style {
        colour: false,
        width,
        unicode: true,
    }
}

/// Text without the sequences that colour it.
fn uncoloured(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('\u{1b}') {
        out.push_str(before);
        rest = after.split_once('m').map_or("", |(_, rest)| rest);
    }
    out + rest
}

#[test]
fn doctor_of_a_vanishing_gradient() {
    let sample = sample::vanishing();
    insta::assert_snapshot!("doctor_vanishing_80", doctor(&sample.report(), plain(80)));
    insta::assert_snapshot!("doctor_vanishing_120", doctor(&sample.report(), plain(120)));
}

#[test]
fn doctor_of_a_healthy_network() {
    let sample = sample::healthy();
    insta::assert_snapshot!("doctor_healthy_80", doctor(&sample.report(), plain(80)));
}

#[test]
fn doctor_of_a_deep_network_that_overflows() {
    let sample = sample::exploding();
    insta::assert_snapshot!("doctor_exploding_80", doctor(&sample.report(), plain(80)));
}

/// Every text that is printed at once, for every sample.
fn texts(style: Style) -> Vec<String> {
    let mut texts = vec![];
    for sample in [sample::vanishing(), sample::healthy(), sample::exploding()] {
        texts.push(doctor(&sample.report(), style));
        texts.push(heal(
            &sample.facts,
            &sample.diagnosis.findings,
            &sample::healed(),
            Some("healed.toml"),
            style,
        ));
        texts.push(predict(
            &PredictReport {
                facts: &sample.facts,
                plan: &sample.plan,
                prediction: &sample.prediction,
            },
            style,
        ));
    }
    texts
}

#[test]
fn colour_changes_nothing_but_colour_and_lines_fit() {
    use unicode_width::UnicodeWidthStr as _;
    for width in [Style::NARROWEST, 80, 120, 200] {
        let colour = Style {
            colour: true,
            ..plain(width)
        };
        for (coloured, plain) in texts(colour).iter().zip(texts(plain(width))) {
            assert!(coloured.contains('\u{1b}'));
            assert_eq!(uncoloured(coloured), plain);
            for line in plain.lines() {
                assert!(line.width() <= width, "wider than {width}: {line}");
            }
        }
    }
}

#[test]
fn without_unicode_everything_of_ours_is_ascii() {
    let ascii = Style {
        unicode: false,
        ..plain(80)
    };
    for text in texts(ascii) {
        let other: String = text.chars().filter(|c| !c.is_ascii()).collect();
        assert!(other.is_empty(), "not ASCII: {other} in {text}");
    }
    let text = doctor(&sample::vanishing().report(), ascii);
    insta::assert_snapshot!("doctor_vanishing_ascii", text);
}

#[test]
fn explain_renders_every_kind_of_markdown() {
    let page = "# dead-units\n\nUnits that are **never** active, see [He 2015](https://x.org/a) and \
                `a[0](b)`; a paragraph that goes\non in the next line.\n\n## Remedies\n\n- the first \
                item goes\n  on here\n- second\n\n1. one\n2. two\n\n```toml\nlayers = [ ]\n```\n\n| a | \
                b |\n| --- | --- |\n";
    insta::assert_snapshot!("explain", explain(page, plain(80)));
}

#[test]
fn heal_that_worked_and_heal_that_did_not() {
    let sample = sample::vanishing();
    let found = &sample.diagnosis.findings;
    let healed = heal(
        &sample.facts,
        found,
        &sample::healed(),
        Some("healed.toml"),
        plain(80),
    );
    insta::assert_snapshot!("heal_80", healed);
    let healed = heal(
        &sample.facts,
        found,
        &sample::healed(),
        Some("healed.toml"),
        plain(120),
    );
    insta::assert_snapshot!("heal_120", healed);
    let text = heal(&sample.facts, found, &sample::not_healed(), None, plain(80));
    insta::assert_snapshot!("heal_not_80", text);
}

#[test]
fn range_test_80() {
    let sample = sample::vanishing();
    let report = RangeReport {
        facts: &sample.facts,
        plan: &sample.plan,
        test: &sample::range_test(),
    };
    insta::assert_snapshot!("range_test_80", range_test(&report, plain(80)));
}

#[test]
fn train_eval_and_predict() {
    let sample = sample::vanishing();
    let score = |metric| Score {
        loss: 0.6932,
        metric,
        examples: 1_300,
    };
    let clipping = sample::clipping();
    let report = TrainReport {
        facts: &sample.facts,
        plan: &sample.plan,
        trace: &sample.trace,
        training: sample.training,
        valid: Some(score(0.5067)),
        test: Some(score(f64::NAN)),
        clipping: Some(&clipping),
        overhead: None,
        run: None,
    };
    let mut text = train_header(Metric::Accuracy, plain(80)) + "\n";
    for validation in &sample.trace.validations {
        text += &(train_line(validation) + "\n");
    }
    insta::assert_snapshot!("train_80", text + "\n" + &train(&report, plain(80)));
    let scores = [
        ("validation".to_owned(), score(0.5)),
        ("test".to_owned(), score(0.4999)),
    ];
    insta::assert_snapshot!("eval_80", eval("runs/a-1", Metric::Mae, &scores, plain(80)));
    let report = PredictReport {
        facts: &sample.facts,
        plan: &sample.plan,
        prediction: &sample.prediction,
    };
    insta::assert_snapshot!("predict_80", predict(&report, plain(80)));
    insta::assert_snapshot!("predict_120", predict(&report, plain(120)));
}
