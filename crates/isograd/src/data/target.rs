//! What the targets are and how they become class numbers or reals.

use super::target_error::{list, mismatch, missing, not_a_class};
use std::collections::BTreeSet;

use isograd_core::describe::Task;
use isograd_core::describe::data::TargetKind;
use isograd_core::describe::train::LossKind;

use super::error::{DataError, excerpt};
use super::raw::{Origin, RawTargets};

/// Whole numbers with no more different values than this are taken for classes where neither the
/// description nor the loss says what they are; wine quality has 7, the largest digit sets 10, the
/// years of a time series many more. `target = "real"` says otherwise.
const MOST_GUESSED_CLASSES: usize = 20;

/// Largest class number used as it is: a network with one output a class and more outputs than
/// this is taken for a mistake (identifiers read as labels).
pub(super) const MAX_CLASS: f64 = 65_535.0;

/// What a source knows of its targets.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Native {
    /// Nothing: to be found out.
    Unknown,
    /// Classes, with their names or number where known.
    Classes(Vec<String>),
    /// A class at every step of a sequence, with their names.
    Steps(Vec<String>),
    /// One yes or no.
    Binary,
    /// Real numbers.
    Real,
}

/// How class numbers come about.
#[derive(Clone, Debug, PartialEq)]
enum Mapping {
    /// As they are in the file.
    AsIs,
    /// Position among these words.
    Words(Vec<String>),
    /// Position among these numbers.
    Values(Vec<f64>),
    /// Position of the single 1 in the row.
    OneHotRows,
}

/// What the targets are, the same for every part.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct TargetPlan {
    pub(crate) kind: TargetKind,
    pub(crate) task: Task,
    pub(crate) class_names: Vec<String>,
    pub(crate) notes: Vec<String>,
    mapping: Mapping,
    /// Stored as class numbers.
    classes: bool,
    /// Class numbers an example, where there is one a step.
    steps: Option<usize>,
    /// Class numbers must be below this.
    below: Option<usize>,
    /// What to do about a class number that is not.
    below_help: &'static str,
}

/// Targets of a part with their precise values.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Resolved {
    /// Class numbers.
    Index(Vec<u32>),
    /// Class numbers of every step.
    Steps {
        /// Examples × steps.
        classes: Vec<u32>,
        /// Steps of an example.
        steps: usize,
    },
    /// Reals.
    Real {
        /// Examples × width.
        values: Vec<f64>,
        /// Numbers an example.
        width: usize,
    },
}

/// What the numbers of a part look like.
#[allow(clippy::struct_excessive_bools)] // independent observations
struct Looks {
    width: usize,
    words: bool,
    whole: bool,
    zero_or_one: bool,
    one_hot_rows: bool,
    distinct: usize,
}

impl Looks {
    fn at(targets: &RawTargets) -> Self {
        match targets {
            RawTargets::Words { words, .. } => Self {
                width: 1,
                words: true,
                whole: false,
                zero_or_one: false,
                one_hot_rows: false,
                distinct: words.iter().flatten().collect::<BTreeSet<_>>().len(),
            },
            RawTargets::Numbers { values, width, .. } => {
                let mut distinct = BTreeSet::new();
                for value in values {
                    if distinct.len() <= MOST_GUESSED_CLASSES {
                        distinct.insert(value.to_bits());
                    }
                }
                let zero_or_one = values.iter().all(|&v| v == 0.0 || v == 1.0);
                Self {
                    width: *width,
                    words: false,
                    whole: values.iter().all(|v| v.fract() == 0.0),
                    zero_or_one,
                    one_hot_rows: zero_or_one
                        && *width > 1
                        && values
                            .chunks_exact(*width)
                            .all(|row| row.iter().sum::<f64>() == 1.0),
                    distinct: distinct.len(),
                }
            }
        }
    }
}

/// What the targets are where the description does not say: what the loss needs of what there is.
fn guess(native: &Native, loss: Option<LossKind>, looks: &Looks) -> TargetKind {
    if let Native::Steps(_) = native {
        return match loss {
            None | Some(LossKind::CrossEntropy) => TargetKind::Index,
            Some(_) => TargetKind::OneHot,
        };
    }
    let classes = matches!(native, Native::Classes(_)) || looks.words;
    let two = match native {
        Native::Binary => true,
        Native::Classes(names) if !names.is_empty() => names.len() == 2,
        _ => looks.distinct <= 2,
    };
    let several = looks.width > 1;
    match loss {
        Some(LossKind::CrossEntropy) if several && !looks.one_hot_rows => TargetKind::Real,
        Some(LossKind::CrossEntropy) => TargetKind::Index,
        Some(LossKind::BinaryCrossEntropy | LossKind::Hinge | LossKind::SquaredHinge)
            if several =>
        {
            TargetKind::MultiHot
        }
        Some(LossKind::BinaryCrossEntropy | LossKind::Hinge | LossKind::SquaredHinge) => {
            if two || (!classes && !looks.whole) {
                TargetKind::Binary
            } else {
                TargetKind::OneHot
            }
        }
        // A distribution over classes: one number a class, or all on one.
        Some(LossKind::Kld) if several => TargetKind::Real,
        Some(LossKind::Kld) => TargetKind::OneHot,
        Some(
            LossKind::Mse
            | LossKind::Mae
            | LossKind::Huber { .. }
            | LossKind::Msle
            | LossKind::Poisson { .. }
            | LossKind::Angle { .. },
        ) => match native {
            Native::Binary => TargetKind::Binary,
            _ if classes => TargetKind::OneHot,
            _ => TargetKind::Real,
        },
        _ => match native {
            Native::Classes(_) => TargetKind::Index,
            Native::Binary => TargetKind::Binary,
            Native::Unknown if several && looks.zero_or_one => TargetKind::MultiHot,
            Native::Unknown if several => TargetKind::Real,
            Native::Unknown if looks.zero_or_one => TargetKind::Binary,
            Native::Unknown
                if looks.words || (looks.whole && looks.distinct <= MOST_GUESSED_CLASSES) =>
            {
                TargetKind::Index
            }
            Native::Real | Native::Unknown | Native::Steps(_) => TargetKind::Real,
        },
    }
}

impl TargetPlan {
    /// Decides from what is asked, what the loss needs and what the training file has; `others` are
    /// the targets of files of their own.
    pub(crate) fn new(
        asked: Option<TargetKind>,
        outputs: Option<usize>,
        loss: Option<LossKind>,
        native: &Native,
        train: &RawTargets,
        others: &[&RawTargets],
    ) -> Result<Self, DataError> {
        let looks = Looks::at(train);
        let kind = asked.unwrap_or_else(|| guess(native, loss, &looks));
        let as_classes = matches!(kind, TargetKind::Index | TargetKind::OneHot)
            || (kind == TargetKind::Binary
                && (looks.words
                    || std::iter::once(train)
                        .chain(others.iter().copied())
                        .all(all_class_numbers)
                    || (looks.whole && looks.distinct <= 2 && has_negative(train))));
        if !as_classes {
            return Self::reals(kind, outputs, train, &looks);
        }
        let steps = matches!(native, Native::Steps(_)).then_some(looks.width);
        if looks.width > 1 && !looks.one_hot_rows && steps.is_none() {
            return Err(mismatch(
                train.origin(),
                format!(
                    "there are {} target columns for one class number",
                    looks.width
                ),
            )
            .help("say `target = \"multihot\"` or `target = \"real\"`, or name one column"));
        }
        let mut notes = Vec::new();
        let mapping = match native {
            Native::Steps(_) => Mapping::AsIs,
            _ => mapping(train, &looks)?,
        };
        let names = match (&mapping, native) {
            (_, Native::Classes(names) | Native::Steps(names)) if !names.is_empty() => {
                names.clone()
            }
            (Mapping::Words(words), _) => words.clone(),
            (Mapping::Values(values), _) => values.iter().map(ToString::to_string).collect(),
            _ => Vec::new(),
        };
        if let Mapping::Values(_) = mapping {
            notes.push(format!(
                "the labels {} became classes from 0",
                names.join(", ")
            ));
        }
        let found = match (&mapping, native) {
            (_, Native::Classes(names) | Native::Steps(names)) if !names.is_empty() => names.len(),
            (Mapping::Words(words), _) => words.len(),
            (Mapping::Values(values), _) => values.len(),
            (Mapping::OneHotRows, _) => looks.width,
            (Mapping::AsIs, _) => largest(train) as usize + 1,
        };
        let classes = outputs.unwrap_or(found).max(1);
        let task = match steps {
            _ if kind == TargetKind::Binary => Task::Binary,
            Some(steps) => Task::Steps { classes, steps },
            None => Task::Classification { classes },
        };
        // A single output reads the class number as a number: nothing is beyond it.
        let number = kind == TargetKind::Binary || (kind == TargetKind::Index && classes == 1);
        Ok(Self {
            kind,
            task,
            class_names: names,
            notes,
            mapping,
            classes: true,
            steps,
            below: (!number).then_some(classes),
            below_help: if outputs.is_some() {
                "raise `outputs` in [data], or check the labels (they count from 0)"
            } else {
                "the training part has no such class; set `outputs` in [data] to the number of \
                 classes, or check the labels (they count from 0)"
            },
        })
    }

    fn reals(
        kind: TargetKind,
        outputs: Option<usize>,
        train: &RawTargets,
        looks: &Looks,
    ) -> Result<Self, DataError> {
        if let RawTargets::Words { words, origin } = train {
            let word = words.iter().flatten().next().map_or("", String::as_str);
            return Err(origin
                .error(0, format!("the target `{}` is not a number", excerpt(word)))
                .help("say `target = \"index\"` for classes, or name another target column"));
        }
        let task = match kind {
            TargetKind::Binary => Task::Binary,
            TargetKind::MultiHot => Task::MultiLabel {
                labels: looks.width,
            },
            _ => Task::Regression {
                targets: looks.width,
            },
        };
        if kind != TargetKind::Binary && outputs.is_some_and(|outputs| outputs != looks.width) {
            return Err(mismatch(
                train.origin(),
                format!(
                    "there are {} target columns, but `outputs` is {}",
                    looks.width,
                    outputs.unwrap_or_default()
                ),
            )
            .help(
                "name the columns with `target = [\"…\"]` of the source, or leave `outputs` out",
            ));
        }
        Ok(Self {
            kind,
            task,
            class_names: Vec::new(),
            notes: Vec::new(),
            mapping: Mapping::AsIs,
            classes: false,
            steps: None,
            below: None,
            below_help: "",
        })
    }

    /// Targets of one part.
    pub(crate) fn apply(&self, raw: &RawTargets) -> Result<Resolved, DataError> {
        match raw {
            RawTargets::Words { words, origin } => {
                let Mapping::Words(known) = &self.mapping else {
                    let word = words.iter().flatten().next().map_or("", String::as_str);
                    let text = format!("the target `{}` is a word", excerpt(word));
                    return Err(origin.error(0, text + ", those of the training part are numbers"));
                };
                let index = words.iter().enumerate().map(|(row, word)| {
                    let word = word.as_deref().ok_or_else(|| missing(origin, row))?;
                    let class = known
                        .iter()
                        .position(|known| known == word)
                        .ok_or_else(|| {
                            origin
                                .error(
                                    row,
                                    format!("`{}` is no class of the training part", excerpt(word)),
                                )
                                .help(format!("the classes are {}", list(known)))
                        })?;
                    self.check(class, origin, row)
                });
                Ok(Resolved::Index(index.collect::<Result<_, _>>()?))
            }
            RawTargets::Numbers {
                values,
                width,
                origin,
            } => self.apply_numbers(values, *width, origin),
        }
    }

    fn apply_numbers(
        &self,
        values: &[f64],
        width: usize,
        origin: &Origin,
    ) -> Result<Resolved, DataError> {
        if !self.classes {
            let expected = match self.task {
                Task::Binary => 1,
                task => task.outputs(),
            };
            if width != expected {
                return Err(mismatch(
                    origin,
                    format!("there are {width} target columns, the training part has {expected}"),
                ));
            }
            return Ok(Resolved::Real {
                values: values.to_vec(),
                width,
            });
        }
        if let Some(steps) = self.steps {
            if width != steps {
                return Err(mismatch(
                    origin,
                    format!("there are targets at {width} steps, in the training part at {steps}"),
                ));
            }
            let classes = values.iter().enumerate().map(|(at, &value)| {
                let row = at / steps.max(1);
                if value.fract() != 0.0 || !(0.0..=MAX_CLASS).contains(&value) {
                    return Err(not_a_class(origin, row, value));
                }
                self.check(value as usize, origin, row)
            });
            return Ok(Resolved::Steps {
                classes: classes.collect::<Result<_, _>>()?,
                steps,
            });
        }
        if (width > 1) != (self.mapping == Mapping::OneHotRows) {
            return Err(mismatch(
                origin,
                "it has another number of target columns than the training part",
            ));
        }
        let index = values.chunks_exact(width).enumerate().map(|(row, values)| {
            let value = values[0];
            let class = match &self.mapping {
                Mapping::OneHotRows => values.iter().position(|&v| v == 1.0),
                Mapping::Values(known) => known.iter().position(|&known| known == value),
                Mapping::Words(known) => {
                    let word = value.to_string();
                    known.iter().position(|known| *known == word)
                }
                Mapping::AsIs => (value.fract() == 0.0 && (0.0..=MAX_CLASS).contains(&value))
                    .then_some(value as usize),
            };
            match class {
                Some(class) => self.check(class, origin, row),
                None if value.is_nan() => Err(missing(origin, row)),
                None => Err(not_a_class(origin, row, value)),
            }
        });
        Ok(Resolved::Index(index.collect::<Result<_, _>>()?))
    }

    fn check(&self, class: usize, origin: &Origin, row: usize) -> Result<u32, DataError> {
        match self.below {
            Some(below) if class >= below => Err(origin
                .error(
                    row,
                    format!(
                        "label {class} is beyond the {below} outputs (0 to {})",
                        below - 1
                    ),
                )
                .help(self.below_help)),
            _ => Ok(class as u32),
        }
    }
}

/// How class numbers come about from these training targets.
fn mapping(train: &RawTargets, looks: &Looks) -> Result<Mapping, DataError> {
    match train {
        RawTargets::Words { words, .. } => {
            let set: BTreeSet<&String> = words.iter().flatten().collect();
            let mut words: Vec<String> = set.into_iter().cloned().collect();
            // "10" comes after "9".
            if words.iter().all(|word| word.parse::<f64>().is_ok()) {
                let number = |word: &String| word.parse::<f64>().unwrap_or(f64::NAN);
                words.sort_by(|a, b| number(a).total_cmp(&number(b)));
            }
            Ok(Mapping::Words(words))
        }
        _ if looks.one_hot_rows => Ok(Mapping::OneHotRows),
        RawTargets::Numbers { values, .. } if looks.whole && has_negative(train) => {
            let mut known: Vec<f64> = values.clone();
            known.sort_by(f64::total_cmp);
            known.dedup();
            if known.len() as f64 > MAX_CLASS {
                return Err(mismatch(
                    train.origin(),
                    format!("there are {} different labels", known.len()),
                )
                .help("say `target = \"real\"` if the targets are no classes"));
            }
            Ok(Mapping::Values(known))
        }
        RawTargets::Numbers { .. } => Ok(Mapping::AsIs),
    }
}

fn has_negative(targets: &RawTargets) -> bool {
    matches!(targets, RawTargets::Numbers { values, .. } if values.iter().any(|&v| v < 0.0))
}

fn all_class_numbers(targets: &RawTargets) -> bool {
    matches!(targets, RawTargets::Numbers { values, width: 1, .. }
        if values.iter().all(|&v| v.fract() == 0.0 && (0.0..=MAX_CLASS).contains(&v)))
}

fn largest(targets: &RawTargets) -> f64 {
    match targets {
        RawTargets::Numbers { values, .. } => {
            values.iter().copied().fold(0.0, f64::max).min(MAX_CLASS)
        }
        RawTargets::Words { .. } => 0.0,
    }
}
