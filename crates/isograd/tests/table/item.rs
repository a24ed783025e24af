//! An item of the table, and how it is judged.

use serde_json::{Value, json};
use std::fmt;

/// Largest error at one place in one precision.
#[derive(Clone, Debug)]
pub(crate) struct Reading {
    /// Where: the tensor, and what was done.
    pub(crate) at: String,
    /// `f32` or `f64`.
    pub(crate) precision: &'static str,
    /// max|a − b| ÷ max|b|, or what the item's source says.
    pub(crate) error: f64,
}

/// Largest allowed errors.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bound {
    pub(crate) single: f64,
    pub(crate) double: f64,
}

/// What measures the errors of an item; an error says why it could not be measured.
pub(crate) type Check = Box<dyn Fn() -> std::result::Result<Vec<Reading>, String> + Send + Sync>;

/// One line of the table.
pub(crate) struct Item {
    /// A registry (`init`, `loss`, `optimizer` …), or a kind of blocks.
    pub(crate) family: &'static str,
    /// Begins with the word of the description that it is about.
    pub(crate) name: String,
    /// What it is compared with.
    pub(crate) source: String,
    pub(crate) bound: Bound,
    /// The text whose words are checked; empty where there is none.
    pub(crate) describes: String,
    pub(crate) check: Check,
}

impl Item {
    /// Other bounds: what double and single precision allow.
    pub(crate) fn within(mut self, double: f64, single: f64) -> Self {
        self.bound = Bound { single, double };
        self
    }

    /// The word that it is about.
    pub(crate) fn word(&self) -> &str {
        let end = self
            .name
            .find(|c: char| !c.is_ascii_alphanumeric() && c != '_');
        &self.name[..end.unwrap_or(self.name.len())]
    }

    pub(crate) fn run(&self) -> Result<'_> {
        // An item that panics fails alone.
        let done = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| (self.check)()));
        let (readings, problem) = match done {
            Ok(Ok(readings)) => (readings, None),
            Ok(Err(problem)) => (Vec::new(), Some(problem)),
            Err(_) => (Vec::new(), Some("panicked, see above".to_owned())),
        };
        Result::new(self, readings, problem)
    }
}

/// An item that was checked.
pub(crate) struct Result<'a> {
    item: &'a Item,
    /// The reading that is worst against its bound.
    worst: Option<(Reading, f64)>,
    problem: Option<String>,
    pub(crate) passed: bool,
}

impl<'a> Result<'a> {
    fn new(item: &'a Item, readings: Vec<Reading>, problem: Option<String>) -> Self {
        let share = |error: f64, bound: f64| {
            // A NaN is the worst.
            if error.is_nan() {
                f64::INFINITY
            } else if error == 0.0 {
                0.0
            } else {
                error / bound
            }
        };
        let worst = readings
            .into_iter()
            .map(|reading| {
                let bound = match reading.precision {
                    "f32" => item.bound.single,
                    _ => item.bound.double,
                };
                (reading, bound)
            })
            .max_by(|a, b| share(a.0.error, a.1).total_cmp(&share(b.0.error, b.1)));
        let problem = match &worst {
            None => problem.or_else(|| Some("nothing was compared".to_owned())),
            Some(_) => problem,
        };
        let passed = problem.is_none()
            && worst
                .as_ref()
                .is_some_and(|(reading, bound)| reading.error <= *bound);
        Self {
            item,
            worst,
            problem,
            passed,
        }
    }

    pub(crate) fn json(&self) -> Value {
        let number = |x: f64| {
            if x.is_finite() {
                json!(x)
            } else {
                json!(x.to_string())
            }
        };
        let (item, worst) = (self.item, self.worst.as_ref());
        json!({
            "family": item.family,
            "item": item.name,
            "source": item.source,
            "error": worst.map(|(reading, _)| number(reading.error)),
            "bound": worst.map(|(_, bound)| number(*bound)),
            "precision": worst.map(|(reading, _)| reading.precision),
            "at": worst.map(|(reading, _)| &reading.at),
            "problem": self.problem,
            "verdict": if self.passed { "pass" } else { "fail" },
        })
    }
}

impl fmt::Display for Result<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Item {
            family,
            name,
            source,
            ..
        } = self.item;
        let verdict = if self.passed { "pass" } else { "FAIL" };
        write!(f, "{verdict} {family}: {name} ({source})")?;
        if let Some((reading, bound)) = &self.worst {
            let Reading {
                at,
                precision,
                error,
            } = reading;
            write!(f, ": {error:.1e} of {bound:.0e} in {precision} at {at}")?;
        }
        self.problem
            .iter()
            .try_for_each(|problem| write!(f, ": {problem}"))
    }
}

/// max|a − b| ÷ max|b|; infinite where the lengths differ, or where all of b is zero and a is not.
pub(crate) fn relative(a: &[f64], b: &[f64]) -> f64 {
    above(a, b, 0.0)
}

/// The same with a least scale.
pub(crate) fn above(a: &[f64], b: &[f64], scale: f64) -> f64 {
    if a.len() != b.len() {
        return f64::INFINITY;
    }
    // `f64::max` would drop a NaN.
    let worst = |m: f64, x: f64| {
        if x.is_nan() || m.is_nan() {
            f64::NAN
        } else {
            m.max(x)
        }
    };
    let difference = a
        .iter()
        .zip(b)
        .fold(0.0, |m, (a, b)| worst(m, (a - b).abs()));
    if difference == 0.0 {
        return 0.0;
    }
    difference / largest(b).max(scale)
}

pub(crate) fn largest(values: &[f64]) -> f64 {
    values.iter().fold(0.0, |m: f64, x| m.max(x.abs()))
}

/// A NaN, too few numbers, an unmeasured item and an error above its bound all fail.
pub(crate) fn judging_is_strict() {
    assert!((relative(&[1.0, 2.0], &[1.0, 2.5]) - 0.2).abs() < 1e-15);
    assert!(relative(&[1.0, f64::NAN], &[1.0, 2.0]).is_nan());
    assert!(relative(&[f64::NAN, 1.0], &[1.0, 2.0]).is_nan());
    assert!(relative(&[1.0], &[1.0, 2.0]).is_infinite());
    assert!(relative(&[1e-9], &[0.0]).is_infinite());
    for (error, passes) in [(0.9, true), (1.1, false), (f64::NAN, false)] {
        let item = Item {
            family: "none",
            name: "none".into(),
            source: "none".into(),
            bound: Bound {
                single: 1.0,
                double: 1.0,
            },
            describes: String::new(),
            check: Box::new(move || {
                let reading = |error| Reading {
                    at: "somewhere".into(),
                    precision: "f64",
                    error,
                };
                Ok(vec![reading(error), reading(0.1)])
            }),
        };
        assert_eq!(item.run().passed, passes, "{error}");
        assert!(!Result::new(&item, Vec::new(), None).passed);
    }
}
