//! The command line.

use clap::{Args, Parser, Subcommand, ValueEnum};
use isograd_core::diagnose::Severity;
use std::path::PathBuf;

/// Exit codes, said in `--help`.
const EXIT_CODES: &str = "Exit codes: 0 done; 1 a finding that --deny refuses, or nothing could be healed; 2 \
could not run (a wrong description, a missing file …); 130 interrupted with Ctrl-C, after saving.";

/// Finds out why a deep network does not learn, and mends it.
#[derive(Debug, Parser)]
#[command(name = "isograd", version, after_help = EXIT_CODES, max_term_width = 100)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
    #[command(flatten)]
    pub(crate) shared: Shared,
}

/// What every command understands.
#[derive(Args, Debug)]
pub(crate) struct Shared {
    /// What is printed on standard output.
    #[arg(long, value_enum, default_value_t = Format::Text, global = true)]
    pub(crate) format: Format,
    /// Colours: auto is when standard output is a terminal and NO_COLOR is not set.
    #[arg(long, alias = "color", value_enum, default_value_t = When::Auto, global = true)]
    pub(crate) colour: When,
    /// Threads to compute on; default as many as there are cores.
    #[arg(long, global = true, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) threads: Option<u16>,
    /// Folder of the named data sets; default what ISOGRAD_DATA names.
    #[arg(long, global = true, value_name = "FOLDER")]
    data_dir: Option<PathBuf>,
}

impl Shared {
    /// Folder of the named data sets.
    pub(crate) fn data_dir(&self) -> Option<PathBuf> {
        let told = || std::env::var_os("ISOGRAD_DATA").filter(|v| !v.is_empty());
        self.data_dir.clone().or_else(|| told().map(PathBuf::from))
    }
}

/// Form of the output.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people.
    Text,
    /// One object, whose schema is docs/output.schema.json.
    Json,
    /// One line a run, of a comparison.
    Csv,
    /// The table of a comparison for documentation.
    Markdown,
}

/// When colours are used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum When {
    /// On a terminal.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Predict, probe and diagnose a network: a short training, findings, blame and advice.
    Doctor(DoctorArgs),
    /// Mend a network: try remedies, prove the best one, write the healed description.
    Heal(HealArgs),
    /// Train a network to the end of its budget and keep it.
    Train(TrainArgs),
    /// Measure a trained network on its data.
    Eval(EvalArgs),
    /// Train every cell of a grid with several seeds and compare: table, tests, map.
    Compare(CompareArgs),
    /// Predict how signal and gradient travel through a network, without training it.
    Predict(DescriptionArgs),
    /// Explain a finding: what it means, why it hurts, what helps.
    Explain(ExplainArgs),
    /// Print the completions of a shell.
    Completions(CompletionsArgs),
}

/// A description and what replaces parts of it.
#[derive(Args, Clone, Debug)]
pub(crate) struct DescriptionArgs {
    /// The description, a TOML file.
    #[arg(value_name = "DESCRIPTION")]
    pub(crate) file: PathBuf,
    /// Replace a value of the description, as in --set train.batch=64; may be repeated.
    #[arg(long, value_name = "PATH=VALUE")]
    pub(crate) set: Vec<String>,
    /// Replace the seed.
    #[arg(long, value_name = "N")]
    pub(crate) seed: Option<u64>,
}

/// Where a run is kept.
#[derive(Args, Clone, Debug)]
pub(crate) struct RunArgs {
    /// Keep the run in this folder, which may not exist yet; default runs/NAME-N.
    #[arg(long, value_name = "FOLDER")]
    pub(crate) out: Option<PathBuf>,
}

#[derive(Args, Debug)]
pub(crate) struct DoctorArgs {
    #[command(flatten)]
    pub(crate) description: DescriptionArgs,
    #[command(flatten)]
    pub(crate) run: RunArgs,
    /// Train for the description's whole budget instead of at most 300 steps or 60 seconds.
    #[arg(long)]
    pub(crate) full: bool,
    /// Exit with 1 when there is a finding this bad, or worse.
    #[arg(long, value_enum, value_name = "SEVERITY")]
    pub(crate) deny: Option<Deny>,
}

/// The mildest severity that is refused.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Deny {
    /// Warnings and critical findings.
    Warning,
    /// Critical findings.
    Critical,
}

impl From<Deny> for Severity {
    fn from(deny: Deny) -> Self {
        match deny {
            Deny::Warning => Self::Warning,
            Deny::Critical => Self::Critical,
        }
    }
}

#[derive(Args, Debug)]
pub(crate) struct HealArgs {
    #[command(flatten)]
    pub(crate) description: DescriptionArgs,
    #[command(flatten)]
    pub(crate) run: RunArgs,
    /// Write the healed description here; default beside the description, as NAME.healed.toml.
    #[arg(long, value_name = "FILE")]
    pub(crate) healed: Option<PathBuf>,
    /// What all trials may cost together, in full trainings.
    #[arg(long, value_name = "TRAININGS", default_value_t = 20.0)]
    pub(crate) budget: f64,
    /// Diagnose on the description's whole budget instead of at most 300 steps or 60 seconds.
    #[arg(long)]
    pub(crate) full: bool,
}

#[derive(Args, Debug)]
pub(crate) struct TrainArgs {
    #[command(flatten)]
    pub(crate) description: DescriptionArgs,
    #[command(flatten)]
    pub(crate) run: RunArgs,
    /// Instead of training, let the rate grow from step to step until the loss diverges, and suggest
    /// one (Smith 2017); nothing is kept.
    #[arg(long, conflicts_with = "out")]
    pub(crate) range_test: bool,
}

#[derive(Args, Debug)]
pub(crate) struct EvalArgs {
    /// The folder of a run that `isograd train` kept.
    #[arg(value_name = "RUN")]
    pub(crate) run: PathBuf,
    /// Part of the data; may be repeated. Default: validation and test, as far as there are any.
    #[arg(long, value_enum)]
    pub(crate) part: Vec<PartWord>,
    /// Evaluate on this file instead, read as the run's data were (a CSV with the same columns, …).
    #[arg(long, value_name = "FILE", conflicts_with = "part")]
    pub(crate) data: Option<PathBuf>,
    /// Write what the network puts out to this CSV file, one line an example.
    #[arg(long, value_name = "FILE")]
    pub(crate) predictions: Option<PathBuf>,
    /// Also evaluate with each block left out, and with each two neighbours exchanged.
    #[arg(long)]
    pub(crate) lesions: bool,
    /// Also fit a linear classifier on what leaves each block, on training rows, and evaluate it.
    #[arg(long)]
    pub(crate) linear_probes: bool,
    /// Replace a value of the run's description, as in --set data.test=other.csv; may be repeated.
    #[arg(long, value_name = "PATH=VALUE")]
    pub(crate) set: Vec<String>,
}

/// A part of the data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum PartWord {
    /// What was trained on.
    Train,
    /// What the training was judged on.
    Valid,
    /// What was looked at in the end.
    Test,
}

#[allow(
    clippy::struct_excessive_bools,
    reason = "switches of the command line"
)]
#[derive(Args, Debug)]
pub(crate) struct CompareArgs {
    /// The grid, a TOML file; docs/compare.md is its grammar.
    #[arg(value_name = "GRID")]
    pub(crate) file: PathBuf,
    /// Keep the runs in this folder and use those that are there; default runs/compare-NAME.
    #[arg(long, value_name = "FOLDER")]
    pub(crate) out: Option<PathBuf>,
    /// The quick tier: what the grid's [quick] says.
    #[arg(long)]
    pub(crate) quick: bool,
    /// Runs at a time; default as many as there are cores. Results do not depend on it. Each run
    /// computes on --threads threads, 1 unless said.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) jobs: Option<u16>,
    /// Draw the map of the first two axes.
    #[arg(long)]
    pub(crate) map: bool,
    /// Use runs of other builds of this program too.
    #[arg(long)]
    pub(crate) any_build: bool,
    /// Say what would be run, and run nothing.
    #[arg(long)]
    pub(crate) dry_run: bool,
}

#[derive(Args, Debug)]
pub(crate) struct ExplainArgs {
    /// The finding's word, such as vanishing-gradient; without one, all are listed.
    #[arg(value_name = "CODE")]
    pub(crate) code: Option<String>,
}

#[derive(Args, Debug)]
pub(crate) struct CompletionsArgs {
    /// The shell.
    #[arg(value_enum)]
    pub(crate) shell: clap_complete::Shell,
}
