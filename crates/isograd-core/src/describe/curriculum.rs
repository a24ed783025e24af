//! Curricula: easy examples first, and the controls that tell what of it helps.

use super::args::Args;
use super::kind::{Bounds, Kind};
use super::network::Block;
use super::read::Result;
use super::registry::{Entry, Field};

/// Which training examples are drawn from at each step.
#[derive(Clone, Debug, PartialEq)]
pub struct CurriculumSpec {
    /// How the share of examples that is drawn from grows.
    pub pacing: Pacing,
    /// Share of the examples at the first step.
    pub start: f64,
    /// Share of the planned steps after which all examples are drawn from, as without a curriculum.
    pub full: f64,
    /// Which come first.
    pub order: CurriculumOrder,
    /// What makes an example difficult.
    pub difficulty: Difficulty,
}

/// How the share grows from `start` to 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pacing {
    /// At once, at the end.
    Step,
    /// Evenly, in so many stages; `None`: at every step.
    Linear {
        /// Number of stages.
        stages: Option<usize>,
    },
    /// By a constant factor, in so many stages; `None`: at every step.
    Exponential {
        /// Number of stages.
        stages: Option<usize>,
    },
}

/// Which examples come first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CurriculumOrder {
    /// The easy ones.
    EasyFirst,
    /// The difficult ones: the anti-curriculum.
    HardFirst,
    /// Any: what the growing number of examples does by itself.
    Random,
}

/// What makes an example difficult.
#[derive(Clone, Debug, PartialEq)]
pub enum Difficulty {
    /// Its loss under a reference network that is trained first, without a curriculum.
    Loss {
        /// Passes over the training part.
        epochs: usize,
        /// The reference's layers; `None`: those of the network.
        layers: Option<Vec<Block>>,
    },
    /// The number of a file.
    Scores,
    /// A column of the inputs, by name or number.
    Column(String),
    /// The length of its sequence.
    Length,
    /// Its noise: that of its inputs, where the source draws a level for each example; a replaced
    /// label is above all others.
    Noise,
}

impl CurriculumSpec {
    /// Share of the examples that step `step` (from 0) of `steps` draws from, in [`start`, 1].
    ///
    /// With u = step ÷ (full·steps) below 1: `start` for a step; start + (1 − start)·u for linear
    /// pacing; start^(1 − u) for exponential pacing (Hacohen and Weinshall 2019 with stages, where u
    /// is rounded down to a multiple of 1 ÷ stages; Wu et al. 2021 for the step and linear forms). 1
    /// from u = 1 on.
    pub fn share(&self, step: u64, steps: u64) -> f64 {
        let end = self.full * steps as f64;
        let step = step as f64;
        if step >= end {
            return 1.0;
        }
        let u = |stages: Option<usize>| match stages {
            Some(stages) => (step / end * stages as f64).floor() / stages as f64,
            None => step / end,
        };
        match self.pacing {
            Pacing::Step => self.start,
            Pacing::Linear { stages } => self.start + (1.0 - self.start) * u(stages),
            Pacing::Exponential { stages } => self.start.powf(1.0 - u(stages)),
        }
    }
}

const INSIDE_OR_ONE: Bounds = Bounds::new(0.0, 1.0, false, true);

const COMMON: &[Field] = &[
    Field::or(
        "start",
        Kind::Number(INSIDE_OR_ONE),
        "0.2",
        "share of the training examples that the first step draws from; never less than a batch",
    ),
    Field::or(
        "full",
        Kind::Number(INSIDE_OR_ONE),
        "0.5",
        "share of the planned steps after which all examples are drawn from, as without a curriculum",
    ),
    Field::or(
        "order",
        Kind::Word(&[
            ("easy_first", "a curriculum"),
            ("hard_first", "the anti-curriculum"),
            (
                "random",
                "any examples, as many: what the growing number does by itself",
            ),
        ]),
        "\"easy_first\"",
        "which examples come first",
    ),
    Field::or(
        "difficulty",
        Kind::Difficulty,
        "\"loss\"",
        "what makes an example difficult",
    ),
];

const STAGES: Field = Field::optional(
    "stages",
    Kind::Count(1),
    "the share grows in so many stages; default: at every step",
);

fn read(args: &Args<'_>, pacing: Pacing) -> Result<CurriculumSpec> {
    Ok(CurriculumSpec {
        pacing,
        start: args.number("start")?,
        full: args.number("full")?,
        order: match args.word("order")? {
            "hard_first" => CurriculumOrder::HardFirst,
            "random" => CurriculumOrder::Random,
            _ => CurriculumOrder::EasyFirst,
        },
        difficulty: args.get("difficulty", |input| {
            super::read::named(input, "difficulty", Kind::Difficulty, DIFFICULTIES)
        })?,
    })
}

/// All pacing functions.
pub(crate) const ENTRIES: &[Entry<CurriculumSpec>] = &[
    Entry::new(
        "step",
        "A share of the examples, then all (single step: Hacohen and Weinshall 2019)",
        &[],
        r#"{ name = "step", start = 0.3, full = 0.4 }"#,
        |a| read(a, Pacing::Step),
    )
    .sharing(COMMON),
    Entry::new(
        "linear",
        "The share grows evenly: start + (1 − start)·u, u the share of the way to `full` (Wu et al. 2021)",
        &[STAGES],
        r#"{ name = "linear", difficulty = "noise", order = "random" }"#,
        |a| {
            read(
                a,
                Pacing::Linear {
                    stages: a.maybe_count("stages")?,
                },
            )
        },
    )
    .sharing(COMMON),
    Entry::new(
        "exponential",
        "The share grows by a constant factor: start^(1 − u) (Hacohen and Weinshall 2019)",
        &[STAGES],
        r#"{ name = "exponential", start = 0.04, stages = 10 }"#,
        |a| {
            read(
                a,
                Pacing::Exponential {
                    stages: a.maybe_count("stages")?,
                },
            )
        },
    )
    .sharing(COMMON),
];

/// All measures of difficulty.
pub(crate) const DIFFICULTIES: &[Entry<Difficulty>] = &[
    Entry::new(
        "loss",
        "The example's loss under a reference network, trained first on the same examples without a \
         curriculum, from a seed of its own",
        &[
            Field::or(
                "epochs",
                Kind::Count(1),
                "3",
                "passes over the training part that the reference is trained for, beside the budget",
            ),
            Field::optional(
                "layers",
                Kind::Layers,
                "the reference's layers; default those of the network",
            ),
        ],
        r#"{ name = "loss", epochs = 2, layers = ["flatten", { dense = "classes" }] }"#,
        |a| {
            Ok(Difficulty::Loss {
                epochs: a.count("epochs")?,
                layers: match a.written("layers") {
                    Some(_) => Some(a.layers("layers")?),
                    None => None,
                },
            })
        },
    ),
    Entry::new(
        "scores",
        "A number of a file, high for difficult: `scores` of `data.train`",
        &[],
        r#""scores""#,
        |_| Ok(Difficulty::Scores),
    ),
    Entry::new(
        "column",
        "A column of the inputs, high for difficult",
        &[Field::required(
            "column",
            Kind::Columns,
            "its name, or its number from 0",
        )],
        r#"{ name = "column", column = "age" }"#,
        |a| {
            let columns = a.get("column", super::source::columns)?;
            Ok(Difficulty::Column(columns.join(",")))
        },
    ),
    Entry::new(
        "length",
        "The length of its sequence: a generator of sequences with `least_length`",
        &[],
        r#""length""#,
        |_| Ok(Difficulty::Length),
    ),
    Entry::new(
        "noise",
        "Its noise: the level that a generator with `least_noise` draws for it; a label replaced by \
         `data.label_noise` is above all others",
        &[],
        r#""noise""#,
        |_| Ok(Difficulty::Noise),
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn spec(pacing: Pacing, start: f64, full: f64) -> CurriculumSpec {
        CurriculumSpec {
            pacing,
            start,
            full,
            order: CurriculumOrder::EasyFirst,
            difficulty: Difficulty::Noise,
        }
    }

    #[test]
    fn shares_are_those_of_the_closed_forms() {
        let linear = |stages| Pacing::Linear { stages };
        let exponential = |stages| Pacing::Exponential { stages };
        for (pacing, start, full, step, share) in [
            (Pacing::Step, 0.3, 0.5, 0, 0.3),
            (Pacing::Step, 0.3, 0.5, 49, 0.3),
            (Pacing::Step, 0.3, 0.5, 50, 1.0),
            (linear(None), 0.2, 0.5, 0, 0.2),
            (linear(None), 0.2, 0.5, 25, 0.6),
            (linear(None), 0.2, 1.0, 99, 0.2 + 0.8 * 0.99),
            (linear(Some(4)), 0.2, 0.4, 19, 0.2 + 0.8 * 0.25),
            (linear(Some(4)), 0.2, 0.4, 20, 0.2 + 0.8 * 0.5),
            (exponential(None), 0.04, 0.5, 0, 0.04),
            (exponential(None), 0.04, 0.5, 25, 0.2),
            (exponential(None), 0.04, 0.5, 50, 1.0),
            // Hacohen and Weinshall: start · inc^⌊i/step_length⌋ with inc = 25^(1/2), two stages.
            (exponential(Some(2)), 0.04, 0.5, 24, 0.04),
            (exponential(Some(2)), 0.04, 0.5, 25, 0.04 * 5.0),
            (linear(None), 1.0, 0.5, 3, 1.0),
        ] {
            let got = spec(pacing, start, full).share(step, 100);
            assert!((got - share).abs() < 1e-12, "{pacing:?} at {step}: {got}");
        }
    }
}
