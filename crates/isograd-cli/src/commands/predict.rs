//! `isograd predict`: theory alone.

use super::open;
use crate::args::{DescriptionArgs, Shared};
use crate::failure::Failure;
use crate::output::{Exit, Output};
use isograd_core::report::{PredictReport, json, terminal};

pub(super) fn run(
    args: &DescriptionArgs,
    shared: &Shared,
    output: Output,
) -> Result<Exit, Failure> {
    let opened = open::open(args, shared)?;
    let report = PredictReport {
        facts: &opened.facts,
        plan: &opened.prepared.plan,
        prediction: &opened.prediction,
    };
    output.print(
        |style| terminal::predict(&report, style),
        || Ok(json::predict(&report)),
    )?;
    Ok(Exit::Done)
}
