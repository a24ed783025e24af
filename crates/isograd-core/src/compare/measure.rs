//! The numbers about a run that a table can show.

use super::record::RunRecord;
use super::target::Target;

/// A number about a run: a column of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Measure {
    /// Metric on the test part.
    Test,
    /// Loss on the test part.
    TestLoss,
    /// Metric on the validation part.
    Valid,
    /// Loss on the validation part.
    ValidLoss,
    /// Metric on a fixed part of the training rows, as many as the test part has.
    Train,
    /// Mean training loss over the last tenth of the steps.
    TrainLoss,
    /// How much better the metric is on training rows than on the test part (else validation).
    Gap,
    /// Steps until the target was first reached.
    StepsToTarget,
    /// Seconds of training until the target was first reached.
    SecondsToTarget,
    /// Runs that diverged.
    Diverged,
    /// Seconds of training.
    Seconds,
    /// CPU seconds, with evaluation and measurement.
    CpuSeconds,
    /// Steps done.
    Steps,
    /// Least-squares slope of ln G per hidden layer before the first step.
    Slope,
    /// G at the first hidden layer over G at the last, before the first step; mean of logarithms.
    Ratio,
    /// Loss before the first step.
    InitialLoss,
    /// Numbers that are trained.
    Parameters,
}

impl Measure {
    /// All, in the order in which they are listed.
    pub const ALL: [Self; 17] = [
        Self::Test,
        Self::TestLoss,
        Self::Valid,
        Self::ValidLoss,
        Self::Train,
        Self::TrainLoss,
        Self::Gap,
        Self::StepsToTarget,
        Self::SecondsToTarget,
        Self::Diverged,
        Self::Seconds,
        Self::CpuSeconds,
        Self::Steps,
        Self::Slope,
        Self::Ratio,
        Self::InitialLoss,
        Self::Parameters,
    ];

    /// The word of the grid file, of JSON and of CSV.
    pub fn word(self) -> &'static str {
        match self {
            Self::Test => "test",
            Self::TestLoss => "test_loss",
            Self::Valid => "valid",
            Self::ValidLoss => "valid_loss",
            Self::Train => "train",
            Self::TrainLoss => "train_loss",
            Self::Gap => "gap",
            Self::StepsToTarget => "steps_to_target",
            Self::SecondsToTarget => "seconds_to_target",
            Self::Diverged => "diverged",
            Self::Seconds => "seconds",
            Self::CpuSeconds => "cpu_seconds",
            Self::Steps => "steps",
            Self::Slope => "slope",
            Self::Ratio => "ratio",
            Self::InitialLoss => "initial_loss",
            Self::Parameters => "parameters",
        }
    }

    /// The head of its column.
    pub fn head(self) -> &'static str {
        match self {
            Self::Test => "test",
            Self::TestLoss => "test loss",
            Self::Valid => "valid",
            Self::ValidLoss => "valid loss",
            Self::Train => "train",
            Self::TrainLoss => "train loss",
            Self::Gap => "gap",
            Self::StepsToTarget => "to target",
            Self::SecondsToTarget => "s to target",
            Self::Diverged => "diverged",
            Self::Seconds => "seconds",
            Self::CpuSeconds => "CPU s",
            Self::Steps => "steps",
            Self::Slope => "ln slope",
            Self::Ratio => "g0/gL",
            Self::InitialLoss => "first loss",
            Self::Parameters => "parameters",
        }
    }

    /// What it is, for the legend under the table.
    pub fn legend(self) -> &'static str {
        match self {
            Self::Test => "metric on the test part",
            Self::TestLoss => "loss on the test part",
            Self::Valid => "metric on the validation part",
            Self::ValidLoss => "loss on the validation part",
            Self::Train => {
                "metric on a fixed part of the training rows, as many as the test part has"
            }
            Self::TrainLoss => "mean training loss over the last tenth of the steps",
            Self::Gap => "how much better the metric is on training rows than on held-out ones",
            Self::StepsToTarget => "steps until the target, of the runs that reached it",
            Self::SecondsToTarget => {
                "seconds of training until the target, of the runs that reached it"
            }
            Self::Diverged => "runs that ended above 3 times their first loss, or not finite",
            Self::Seconds => "seconds of training a run, without evaluation and measurement",
            Self::CpuSeconds => "CPU seconds a run, with evaluation and measurement",
            Self::Steps => "steps a run",
            Self::Slope => "slope of ln G per hidden layer before the first step",
            Self::Ratio => {
                "gradient norm at the first hidden layer over that at the last, before the first step"
            }
            Self::InitialLoss => "loss before the first step",
            Self::Parameters => "numbers that are trained",
        }
    }

    /// The measure of this word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|m| m.word() == word)
    }

    /// Its value for a run; `None` where it was not measured or never reached.
    pub fn of(self, run: &RunRecord, target: Option<Target>) -> Option<f64> {
        let held_out = run.test.or(run.valid);
        match self {
            Self::Test => run.test.map(|s| s.metric),
            Self::TestLoss => run.test.map(|s| s.loss),
            Self::Valid => run.valid.map(|s| s.metric),
            Self::ValidLoss => run.valid.map(|s| s.loss),
            Self::Train => Some(run.train.metric),
            Self::TrainLoss => Some(run.train_loss),
            Self::Gap => held_out.map(|s| {
                let gap = run.train.metric - s.metric;
                if run.larger_is_better { gap } else { -gap }
            }),
            Self::StepsToTarget => run.reached(target?).map(|(steps, _)| steps as f64),
            Self::SecondsToTarget => run.reached(target?).map(|(_, seconds)| seconds),
            Self::Diverged => Some(f64::from(u8::from(run.diverged()))),
            Self::Seconds => Some(run.seconds),
            Self::CpuSeconds => Some(run.cpu_seconds),
            Self::Steps => Some(run.steps as f64),
            Self::Slope => run.slope.map(|n| n.0),
            Self::Ratio => run.ratio.map(|n| n.0),
            Self::InitialLoss => Some(run.initial_loss),
            Self::Parameters => Some(run.parameters as f64),
        }
    }

    /// True where larger is better, for a metric of which that is true; `None`: neither is better.
    pub fn larger_is_better(self, metric: bool) -> Option<bool> {
        match self {
            Self::Test | Self::Valid | Self::Train => Some(metric),
            Self::TestLoss
            | Self::ValidLoss
            | Self::TrainLoss
            | Self::Gap
            | Self::StepsToTarget
            | Self::SecondsToTarget
            | Self::Diverged
            | Self::Seconds
            | Self::CpuSeconds => Some(false),
            Self::Steps | Self::Slope | Self::Ratio | Self::InitialLoss | Self::Parameters => None,
        }
    }

    /// Its mean is that of the logarithms.
    pub fn is_ratio(self) -> bool {
        self == Self::Ratio
    }
}
