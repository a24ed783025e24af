//! `isograd eval`: a trained network on its data, or on others of the same kind.

use super::open::{self, DESCRIPTION, RUN};
use super::train::MODEL;
use crate::args::{EvalArgs, PartWord, Shared};
use crate::failure::Failure;
use crate::output::{Exit, Output};
use isograd::probe::linear_probes;
use isograd::train::Predictions;
use isograd_core::describe::Document;
use isograd_core::describe::lesion::lesions;
use isograd_core::report::{Score, json, terminal};
use isograd_core::trace::run::write_whole;
use std::fs;
use std::path::{Path, PathBuf};

pub(super) fn run(args: &EvalArgs, shared: &Shared, output: Output) -> Result<Exit, Failure> {
    let run = &args.run;
    let file = origin(run)?;
    let mut changes = args.set.clone();
    changes.extend(args.data.as_deref().map(other_data).transpose()?);
    let document = Document::load(&run.join(DESCRIPTION), &changes)?;
    let document = Document::parse(&document.text, &file)?;
    let opened = open::with(document, shared)?;
    let data = &opened.prepared.data;
    let parts = [
        (PartWord::Train, "training", Some(&data.train)),
        (PartWord::Valid, "validation", data.valid.as_ref()),
        (PartWord::Test, "test", data.test.as_ref()),
    ];
    let network = isograd::train::restore(&opened.prepared, &run.join(MODEL))?;
    let mut scores = vec![];
    let mut table = Table::default();
    for (word, name, part) in parts {
        let wanted = if args.data.is_some() {
            word == PartWord::Test
        } else if args.part.is_empty() {
            word != PartWord::Train
        } else {
            args.part.contains(&word)
        };
        match part {
            Some(part) if wanted => {
                let score = isograd::train::evaluate(&opened.prepared, &network, part)?;
                if args.predictions.is_some() {
                    let predicted = isograd::train::predictions(&opened.prepared, &network, part)?;
                    table.add(name, &predicted);
                }
                scores.push((name.to_owned(), shown(&score)));
                if args.lesions {
                    for lesion in lesions(network.plan()) {
                        let injured = network.rearranged(lesion.plan);
                        let score = isograd::train::evaluate(&opened.prepared, &injured, part)?;
                        scores.push((format!("{name}, {}", lesion.name), shown(&score)));
                    }
                }
                if args.linear_probes {
                    let probes = linear_probes(&network, &data.train, part);
                    if probes.is_empty() {
                        return Err(Failure::new("linear probes read classes, one an example")
                            .hint("leave --linear-probes away"));
                    }
                    for probe in probes {
                        let score = Score {
                            loss: probe.error,
                            metric: probe.accuracy,
                            examples: part.len(),
                        };
                        scores.push((format!("{name}, linear probe behind {}", probe.name), score));
                    }
                }
            }
            None if args.part.contains(&word) => {
                return Err(Failure::new(format!("the run's data have no {name} part"))
                    .hint("leave --part away to see the parts that there are"));
            }
            _ => {}
        }
    }
    if let Some(file) = &args.predictions {
        table.write(file)?;
    }
    let metric = opened.metric();
    let name = run.display().to_string();
    output.print(
        |style| terminal::eval(&name, metric, &scores, style),
        || Ok(json::eval(&name, metric, &scores)),
    )?;
    Ok(Exit::Done)
}

fn shown(score: &isograd::train::Score) -> Score {
    Score {
        loss: score.loss,
        metric: score.metric,
        examples: score.examples,
    }
}

/// The change of the description that makes `file` its test part.
fn other_data(file: &Path) -> Result<String, Failure> {
    // A path in a description is relative to the description, one on the command line is not.
    let wrong = |what: &str| Failure::new(format!("{}: {what}", file.display()));
    let path = fs::canonicalize(file).map_err(|e| wrong(&e.to_string()))?;
    let path = path
        .to_str()
        .ok_or_else(|| wrong("the path is not UTF-8"))?;
    Ok(format!("data.test={path:?}"))
}

/// Predictions as CSV: part, row, step where there is a target at every step, outputs, score.
#[derive(Default)]
struct Table {
    lines: String,
    outputs: usize,
    by_step: bool,
}

impl Table {
    fn add(&mut self, part: &str, predicted: &Predictions) {
        self.outputs = predicted.outputs;
        self.by_step = predicted.steps > 1;
        let rows = predicted
            .values
            .chunks(predicted.outputs.max(1))
            .zip(&predicted.scores);
        for (row, (values, score)) in rows.enumerate() {
            let row = match predicted.steps {
                1 => row.to_string(),
                steps => format!("{},{}", row / steps, row % steps),
            };
            let values: Vec<String> = values.iter().map(ToString::to_string).collect();
            let line = format!("{part},{row},{},{score}\n", values.join(","));
            self.lines.push_str(&line);
        }
    }

    /// The file is there whole or not at all.
    fn write(&self, file: &Path) -> Result<(), Failure> {
        let outputs: Vec<String> = (0..self.outputs).map(|i| format!("y{i}")).collect();
        let row = if self.by_step { "row,step" } else { "row" };
        let text = format!("part,{row},{},score\n{}", outputs.join(","), self.lines);
        let failed = |e| Failure::new(format!("{}: {e}", file.display()));
        write_whole(file, text.as_bytes()).map_err(failed)
    }
}

/// The file that the run's description came from: files that it names are relative to that one.
fn origin(run: &Path) -> Result<PathBuf, Failure> {
    let path = run.join(RUN);
    let wrong = |what: String| {
        Failure::new(format!("{}: {what}", path.display()))
            .hint("give the folder of a run that `isograd train` kept, such as runs/NAME-1")
    };
    let text =
        fs::read(&path).map_err(|e| wrong(format!("this is not the folder of a run: {e}")))?;
    let about: serde_json::Value =
        serde_json::from_slice(&text).map_err(|e| wrong(e.to_string()))?;
    let file = about.get("file").and_then(|f| f.as_str());
    file.map(PathBuf::from)
        .ok_or_else(|| wrong("it does not say which description it is of".into()))
}
