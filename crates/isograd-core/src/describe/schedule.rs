//! Schedules of the learning rate.

use super::args::Args;
use super::error::ErrorKind;
use super::kind::{Bounds, Kind};
use super::read::{Input, Result};
use super::registry::{Entry, Field};

/// The learning rate over time.
#[derive(Clone, Debug, PartialEq)]
pub struct ScheduleSpec {
    /// Its course after the warm-up.
    pub kind: ScheduleKind,
    /// Steps over which the rate rises in a straight line, at step t (from 0) to (t + 1)/warmup of
    /// itself; the course begins behind them. Default 0.
    pub warmup: usize,
    /// What time is counted in; default steps.
    pub per: Per,
}

impl ScheduleSpec {
    /// The same rate always.
    pub const CONSTANT: Self = Self {
        kind: ScheduleKind::Constant,
        warmup: 0,
        per: Per::Step,
    };
}

/// What time is counted in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Per {
    /// Steps done.
    Step,
    /// Whole epochs done.
    Epoch,
}

/// A course of the rate: what it is multiplied by at time t, counted from 0.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum ScheduleKind {
    /// 1.
    Constant,
    /// factor^⌊t/every⌋.
    Step {
        /// How long each stair is.
        every: usize,
        /// What the rate is multiplied by at each.
        factor: f64,
    },
    /// factor^k, k being how many of `at` are not after t.
    MultiStep {
        /// When.
        at: Vec<usize>,
        /// What the rate is multiplied by each time.
        factor: f64,
    },
    /// floor + (1 − floor)·(1 + cos(π·t/length))/2 (Loshchilov and Hutter 2017).
    Cosine {
        /// Share of the rate at the end.
        floor: f64,
        /// How long; `None`: to the end of the budget. It stays at the floor behind it.
        length: Option<usize>,
        /// Begins anew at its end, each time this many times as long.
        restarts: Option<usize>,
    },
    /// factor^t.
    Exponential {
        /// What the rate is multiplied by each time.
        factor: f64,
    },
    /// floor + (1 − floor)·(1 − t/length)^power.
    Polynomial {
        /// 1: a straight line.
        power: f64,
        /// Share of the rate at the end.
        floor: f64,
        /// How long; `None`: to the end of the budget.
        length: Option<usize>,
    },
    /// width^−½·min(n^−½, n·rise^−3/2), n = t + 1 (Vaswani et al. 2017, equation 3).
    Noam {
        /// Width of the model.
        width: usize,
        /// Steps over which it rises.
        rise: usize,
    },
    /// Up from 1/start to 1, then down to 1/(start·end), each along a cosine or a line (Smith and
    /// Topin 2018, two phases).
    OneCycle {
        /// Share of the length that rises.
        rise: f64,
        /// The rate divided by its first value.
        start: f64,
        /// The first value divided by the last.
        end: f64,
        /// How long; `None`: to the end of the budget.
        length: Option<usize>,
        /// Along a line instead of a cosine.
        linear: bool,
    },
    /// Multiplied by `factor` when the validation loss has not improved for more than `patience`
    /// epochs.
    Plateau {
        /// What the rate is multiplied by.
        factor: f64,
        /// Epochs without improvement that are tolerated.
        patience: usize,
        /// Share of the best loss that counts as an improvement.
        threshold: f64,
        /// Epochs after a reduction in which none are counted.
        cooldown: usize,
        /// Least share of the rate.
        floor: f64,
    },
}

const WARMUP: Field = Field::or(
    "warmup",
    Kind::Count(0),
    "0",
    "steps over which the rate rises in a straight line, before the rest of the schedule begins",
);
const PER: Field = Field::or(
    "per",
    Kind::Word(&[("step", "steps done"), ("epoch", "whole epochs done")]),
    "\"step\"",
    "what time is counted in",
);
const TIMED: &[Field] = &[PER, WARMUP];
const FLOOR: Field = Field::or(
    "floor",
    Kind::Number(Bounds::SHARE),
    "0.0",
    "share of the rate that is left at the end",
);
const LENGTH: Field = Field::optional(
    "length",
    Kind::Count(1),
    "how long it takes; default: to the end of the budget",
);
const fn factor(default: &'static str) -> Field {
    Field::or(
        "factor",
        Kind::Number(Bounds::POSITIVE),
        default,
        "what the rate is multiplied by",
    )
}

fn timed(kind: ScheduleKind, args: &Args<'_>) -> Result<ScheduleSpec> {
    Ok(ScheduleSpec {
        kind,
        warmup: args.count("warmup")?,
        per: match args.word("per")? {
            "epoch" => Per::Epoch,
            _ => Per::Step,
        },
    })
}

fn rising(input: &Input<'_>) -> Result<Vec<usize>> {
    let items = input.items(Kind::Rising)?;
    let at: Vec<usize> = items
        .iter()
        .map(|item| item.count(1, Kind::Count(1)))
        .collect::<Result<_>>()?;
    if at.is_empty() || at.windows(2).any(|pair| pair[0] >= pair[1]) {
        return Err(input.refuse(ErrorKind::OutOfRange, Kind::Rising));
    }
    Ok(at)
}

/// All schedules.
pub(crate) const ENTRIES: &[Entry<ScheduleSpec>] = &[
    Entry::new(
        "constant",
        "The same rate always",
        &[],
        r#"{ name = "constant", warmup = 100 }"#,
        |a| timed(ScheduleKind::Constant, a),
    )
    .sharing(TIMED),
    Entry::new(
        "step",
        "Multiplied by factor at equal distances",
        &[
            Field::required("every", Kind::Count(1), "how far apart"),
            factor("0.1"),
        ],
        r#"{ name = "step", every = 30, per = "epoch" }"#,
        |a| {
            let (every, factor) = (a.count("every")?, a.number("factor")?);
            timed(ScheduleKind::Step { every, factor }, a)
        },
    )
    .sharing(TIMED),
    Entry::new(
        "multi_step",
        "Multiplied by factor at the times given",
        &[Field::required("at", Kind::Rising, "when"), factor("0.1")],
        r#"{ name = "multi_step", at = [32000, 48000] }"#,
        |a| {
            let (at, factor) = (a.get("at", rising)?, a.number("factor")?);
            timed(ScheduleKind::MultiStep { at, factor }, a)
        },
    )
    .sharing(TIMED),
    Entry::new(
        "cosine",
        "Down along half a cosine (Loshchilov and Hutter 2017)",
        &[
            FLOOR,
            LENGTH,
            Field::optional(
                "restarts",
                Kind::Count(1),
                "begins anew at the end of its length, each time this many times as long",
            ),
        ],
        r#"{ name = "cosine", floor = 0.01, warmup = 100 }"#,
        |a| {
            let kind = ScheduleKind::Cosine {
                floor: a.number("floor")?,
                length: a.maybe_count("length")?,
                restarts: a.maybe_count("restarts")?,
            };
            timed(kind, a)
        },
    )
    .sharing(TIMED),
    Entry::new(
        "exponential",
        "Multiplied by factor each time",
        &[factor("0.95")],
        r#"{ name = "exponential", factor = 0.95, per = "epoch" }"#,
        |a| {
            let factor = a.number("factor")?;
            timed(ScheduleKind::Exponential { factor }, a)
        },
    )
    .sharing(TIMED),
    Entry::new(
        "polynomial",
        "floor + (1 − floor)·(1 − t/length)^power of the rate",
        &[
            Field::or(
                "power",
                Kind::Number(Bounds::POSITIVE),
                "2.0",
                "1 is a straight line",
            ),
            FLOOR,
            LENGTH,
        ],
        r#"{ name = "polynomial", power = 2.0 }"#,
        |a| {
            let power = a.number("power")?;
            let (floor, length) = (a.number("floor")?, a.maybe_count("length")?);
            let kind = ScheduleKind::Polynomial {
                power,
                floor,
                length,
            };
            timed(kind, a)
        },
    )
    .sharing(TIMED),
    Entry::new(
        "linear",
        "Down in a straight line",
        &[FLOOR, LENGTH],
        r#"{ name = "linear", warmup = 200 }"#,
        |a| {
            let (floor, length) = (a.number("floor")?, a.maybe_count("length")?);
            let kind = ScheduleKind::Polynomial {
                power: 1.0,
                floor,
                length,
            };
            timed(kind, a)
        },
    )
    .sharing(TIMED),
    Entry::new(
        "noam",
        "lr·width^−½·min(n^−½, n·rise^−3/2) at step n, from 1 (Vaswani et al. 2017)",
        &[
            Field::or("width", Kind::Count(1), "512", "width of the model"),
            Field::or("rise", Kind::Count(1), "4000", "steps over which it rises"),
        ],
        r#"{ name = "noam", width = 128, rise = 400 }"#,
        |a| {
            let (width, rise) = (a.count("width")?, a.count("rise")?);
            Ok(ScheduleSpec {
                kind: ScheduleKind::Noam { width, rise },
                ..ScheduleSpec::CONSTANT
            })
        },
    ),
    Entry::new(
        "one_cycle",
        "From lr/start up to lr, then down to lr/(start·end) (Smith and Topin 2018)",
        &[
            Field::or(
                "rise",
                Kind::Number(Bounds::INSIDE),
                "0.3",
                "share of the length that rises",
            ),
            Field::or(
                "start",
                Kind::Number(Bounds::POSITIVE),
                "25.0",
                "the rate divided by its first value",
            ),
            Field::or(
                "end",
                Kind::Number(Bounds::POSITIVE),
                "1e4",
                "the first value divided by the last",
            ),
            LENGTH,
            Field::or(
                "linear",
                Kind::Flag,
                "false",
                "along a line instead of a cosine",
            ),
        ],
        r#""one_cycle""#,
        |a| {
            let kind = ScheduleKind::OneCycle {
                rise: a.number("rise")?,
                start: a.number("start")?,
                end: a.number("end")?,
                length: a.maybe_count("length")?,
                linear: a.flag("linear")?,
            };
            Ok(ScheduleSpec {
                kind,
                ..ScheduleSpec::CONSTANT
            })
        },
    ),
    Entry::new(
        "plateau",
        "Multiplied by factor when the validation loss (without a validation part: the epoch's mean \
         training loss) stops falling",
        &[
            factor("0.1"),
            Field::or(
                "patience",
                Kind::Count(0),
                "10",
                "epochs without improvement that are tolerated",
            ),
            Field::or(
                "threshold",
                Kind::Number(Bounds::BELOW_ONE),
                "1e-4",
                "share of the best loss that counts as an improvement",
            ),
            Field::or(
                "cooldown",
                Kind::Count(0),
                "0",
                "epochs after a reduction in which none are counted",
            ),
            FLOOR,
            WARMUP,
        ],
        r#"{ name = "plateau", factor = 0.5, patience = 3 }"#,
        |a| {
            let kind = ScheduleKind::Plateau {
                factor: a.number("factor")?,
                patience: a.count("patience")?,
                threshold: a.number("threshold")?,
                cooldown: a.count("cooldown")?,
                floor: a.number("floor")?,
            };
            Ok(ScheduleSpec {
                kind,
                warmup: a.count("warmup")?,
                per: Per::Epoch,
            })
        },
    ),
];
