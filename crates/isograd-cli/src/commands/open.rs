//! Reads a description and everything that it names, and begins its run.

use super::facts;
use crate::args::{DescriptionArgs, RunArgs, Shared};
use crate::failure::Failure;
use isograd::session::{Prepared, input_moments, prepare};
use isograd::train::metric::default_metric;
use isograd_core::describe::Document;
use isograd_core::describe::train::Metric;
use isograd_core::predict::{Prediction, predict};
use isograd_core::report::Facts;
use isograd_core::trace::Run;
use serde_json::json;
use std::path::{Path, PathBuf};

/// Where runs lie when nothing else is said.
const RUNS: &str = "runs";
/// The description in a run directory, with everything that was replaced.
pub(super) const DESCRIPTION: &str = "description.toml";
/// What a run directory says of itself.
pub(super) const RUN: &str = "run.json";

/// A description with all that it names.
pub(super) struct Opened {
    pub(super) document: Document,
    pub(super) prepared: Prepared,
    pub(super) prediction: Prediction,
    pub(super) facts: Facts,
}

/// Reads; whatever is wrong with description or data comes out here, before any work.
pub(super) fn open(args: &DescriptionArgs, shared: &Shared) -> Result<Opened, Failure> {
    let mut overrides = args.set.clone();
    overrides.extend(args.seed.map(|seed| format!("seed={seed}")));
    let document = Document::load(&args.file, &overrides)?;
    with(document, shared)
}

/// The same for a document that was read already.
pub(super) fn with(document: Document, shared: &Shared) -> Result<Opened, Failure> {
    let prepared = prepare(&document, shared.data_dir().as_deref())?;
    let moments = input_moments(&prepared.data, document.description.seed);
    let prediction = predict(&prepared.plan, moments);
    let facts = facts::facts(&document, &prepared);
    Ok(Opened {
        document,
        prepared,
        prediction,
        facts,
    })
}

impl Opened {
    /// Folder that the description's files are relative to.
    pub(super) fn base(&self) -> PathBuf {
        let parent = self
            .document
            .file
            .parent()
            .filter(|p| !p.as_os_str().is_empty());
        parent.unwrap_or(Path::new(".")).to_owned()
    }

    /// What is reported on held-out rows.
    pub(super) fn metric(&self) -> Metric {
        let asked = self.document.description.train.metric;
        asked.unwrap_or_else(|| default_metric(self.prepared.data.shape.task))
    }

    /// Begins the run of a command: from here on its directory stays.
    pub(super) fn begin(&self, command: &str, args: &RunArgs) -> Result<Run, Failure> {
        let mut run = match &args.out {
            Some(out) => Run::begin_at(out)?,
            None => Run::begin(Path::new(RUNS), &self.document.description.name)?,
        };
        run.write(DESCRIPTION, self.document.text.as_bytes())?;
        // Files of the description are relative to where it lay.
        let file = std::path::absolute(&self.document.file)
            .map_err(|e| Failure::new(format!("{}: {e}", self.document.file.display())))?;
        let about = json!({
            "isograd": env!("CARGO_PKG_VERSION"),
            "command": command,
            "file": file.to_string_lossy(),
        });
        run.write(RUN, format!("{about:#}\n").as_bytes())?;
        run.keep()?;
        Ok(run)
    }
}
