//! The rate at every step of a training against PyTorch's (`reference/schedules.py`).

use super::case::{case, numbers, table};
use super::item::{Bound, Item, Reading, relative};
use isograd::optim::RateSchedule;
use isograd_core::describe::Document;
use serde_json::Value;
use std::path::Path;

/// PyTorch goes from step to step, which adds up rounding. There is no single precision.
const BOUND: Bound = Bound {
    single: 0.0,
    double: 1e-12,
};

/// The case `name` of `reference/schedules.json`, which begins with the schedule's word.
pub(crate) fn rates(name: &'static str) -> Item {
    let path = format!("schedules/{name}");
    Item {
        family: "schedule",
        name: name.to_owned(),
        source: format!("PyTorch {path}"),
        bound: BOUND,
        describes: description(&case(&path)),
        check: Box::new(move || run(&case(&path))),
    }
}

fn description(case: &Value) -> String {
    let entries = case["schedule"].as_object().unwrap().iter();
    let entries: Vec<String> = entries.map(|(k, v)| format!("{k} = {v}")).collect();
    format!(
        "[data]\nsource = \"circles\"\n[network]\nlayers = [{{ dense = 1 }}]\n[train]\nloss = \"mse\"\n\
         optimizer = \"sgd\"\nschedule = {{ {} }}\n",
        entries.join(", ")
    )
}

fn run(case: &Value) -> Result<Vec<Reading>, String> {
    let text = description(case);
    let document =
        Document::parse(&text, Path::new("case.toml")).map_err(|e| format!("{text}{e}"))?;
    let spec = &document.description.train.schedule;
    let all = table("schedules");
    let (steps, per_epoch) = (all["steps"].as_u64().unwrap(), all["per_epoch"].as_u64());
    let lr = all["lr"].as_f64().unwrap();
    let expected = numbers(&case["rates"]);
    let got: Vec<f64> = match case["losses"].as_array() {
        None => {
            let schedule = RateSchedule::new(spec, steps, per_epoch.unwrap());
            (0..steps).map(|step| lr * schedule.factor(step)).collect()
        }
        // One step an epoch, with the validation loss at its end.
        Some(losses) => {
            let mut schedule = RateSchedule::new(spec, losses.len() as u64, 1);
            let mut rates = Vec::new();
            for (epoch, loss) in (0..).zip(losses) {
                rates.push(lr * schedule.factor(epoch));
                schedule.epoch_ended(loss.as_f64().unwrap_or(f64::NAN));
            }
            if rates.last() >= rates.first() {
                return Err("the rate never fell".to_owned());
            }
            rates
        }
    };
    Ok(vec![Reading {
        at: format!("{} steps", got.len()),
        precision: "f64",
        error: relative(&got, &expected),
    }])
}
