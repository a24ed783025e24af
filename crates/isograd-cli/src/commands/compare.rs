//! `isograd compare`: a grid of descriptions, the same data and seeds.

use crate::args::{CompareArgs, Format, Shared};
use crate::failure::Failure;
use crate::interrupt;
use crate::output::{self, Exit, Output};
use crate::talk::Talk;
use isograd::compare::{BUILD, DataCache, Job, Moment, run_all};
use isograd::session::{PrepareError, prepare_on};
use isograd_core::compare::store::{Identity, key};
use isograd_core::compare::{Best, Cell, CellRuns, Goal, Grid, RunRecord, Store, summarise};
use isograd_core::report::{CompareReport, Style, comparison, json, terminal};
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// What is kept beside the runs.
const REPORT: &str = "report.json";
const TABLE: &str = "table.md";
const LINES: &str = "runs.csv";

pub(super) fn run(args: &CompareArgs, shared: &Shared, output: Output) -> Result<Exit, Failure> {
    let grid = Grid::load(&args.file)?;
    let threads = usize::from(shared.threads.unwrap_or(1));
    let folder = args.out.clone().unwrap_or_else(|| folder(&grid));
    let store = Store::at(&folder);
    if !store.is_usable() {
        return Err(Failure::new(format!(
            "{} is something else than the folder of a comparison",
            folder.display()
        ))
        .hint("name another folder with --out"));
    }
    let cells = grid.cells(args.quick)?;
    let jobs = jobs(&grid, &cells, args.quick, threads, shared)?;
    let mut records = HashMap::new();
    let stale = known(&store, &jobs, args.any_build, &mut records);
    let missing: Vec<Job> = missing(jobs.iter().flatten(), &records);
    let mut talk = Talk::new();
    let all: usize = jobs.iter().map(Vec::len).sum();
    let at_a_time = args
        .jobs
        .map_or_else(|| cores() / threads, usize::from)
        .max(1);
    if args.dry_run {
        talk.say(&format!(
            "{} cells, {all} runs, {} to do",
            cells.len(),
            missing.len()
        ));
        return Ok(Exit::Done);
    }
    store.begin(&grid.text)?;
    announce(&mut talk, all, &missing, stale, at_a_time);
    train(
        &missing,
        at_a_time,
        threads,
        &store,
        &mut records,
        &mut talk,
    )?;
    talk.done();
    if interrupt::asked() && records.len() < distinct(&jobs) {
        talk.say(&format!(
            "stopped with {} of {} runs; they are kept in {}: the same command goes on",
            records.len(),
            distinct(&jobs),
            folder.display()
        ));
        return Ok(Exit::Interrupted);
    }
    let runs = |jobs: &Vec<Job>| {
        let named = |job: &Job| {
            // The same run may serve several cells.
            let record = records.get(&job.key).cloned();
            record.map(|r: RunRecord| RunRecord {
                cell: job.cell.clone(),
                ..r
            })
        };
        jobs.iter().filter_map(named).collect()
    };
    let cells = cells
        .iter()
        .zip(&jobs)
        .map(|(c, j)| CellRuns::new(c, runs(j)))
        .collect();
    let summary = summarise(&grid, args.quick, cells, args.map);
    let report = CompareReport {
        summary: &summary,
        folder: folder.display().to_string(),
        threads,
    };
    let object = json::compare(&report);
    store.write(REPORT, format!("{object:#}\n").as_bytes())?;
    store.write(TABLE, comparison::markdown(&report).as_bytes())?;
    store.write(LINES, comparison::csv(&report).as_bytes())?;
    match output.format {
        Format::Csv => output::write(&comparison::csv(&report))?,
        Format::Markdown => output::write(&comparison::markdown(&report))?,
        _ => output.print(
            |style: Style| terminal::compare(&report, style),
            || Ok(object.clone()),
        )?,
    }
    Ok(Exit::Done)
}

fn folder(grid: &Grid) -> PathBuf {
    let tame = |c: char| {
        if c.is_alphanumeric() || "-_.".contains(c) {
            c
        } else {
            '-'
        }
    };
    let name: String = grid.name.chars().map(tame).collect();
    let name = name.strip_prefix("compare-").unwrap_or(&name);
    Path::new("runs").join(format!("compare-{name}"))
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// The runs of each cell. Whatever cannot be computed comes out here, before any work.
fn jobs(
    grid: &Grid,
    cells: &[Cell],
    quick: bool,
    threads: usize,
    shared: &Shared,
) -> Result<Vec<Vec<Job>>, Failure> {
    let mut data = DataCache::new(shared.data_dir());
    let every = grid.target.and_then(|t| t.every);
    let mut jobs = Vec::new();
    for cell in cells {
        let found = data.get(&cell.document)?;
        let prepared = match prepare_on(&cell.document, found.data.clone()) {
            Err(PrepareError::Plan(error)) => return Err(grid.place(cell, *error).into()),
            Err(other) => {
                let failure = Failure::from(other);
                return Err(failure.hint(format!("in the cell {}", grid.call(&cell.choice))));
            }
            Ok(prepared) => prepared,
        };
        if found.data.valid.is_none() && needs_validation(grid) {
            return Err(Failure::new(format!(
                "the cell {} has no validation rows, which `best = \"metric\"` and a target on them need",
                grid.call(&cell.choice)
            ))
            .hint("data.valid = 0.1 holds out a tenth of the training rows"));
        }
        let seeds = grid.seeds(quick).iter();
        let job = |&seed: &u64| Job {
            key: key(&Identity {
                description: &cell.document.description,
                seed,
                data: &found.fingerprint,
                every,
                threads,
            }),
            prepared: prepared.clone(),
            seed,
            every,
            cell: grid.labels(&cell.choice),
        };
        jobs.push(seeds.map(job).collect());
    }
    Ok(jobs)
}

fn needs_validation(grid: &Grid) -> bool {
    let target = grid.target.map(|t| t.goal);
    matches!(target, Some(Goal::Metric(_) | Goal::ValidLoss(_)))
        || grid.axes.iter().any(|a| a.best == Some(Best::Metric))
}

/// Takes the runs that are kept already; how many are of other builds and not taken.
fn known(
    store: &Store,
    jobs: &[Vec<Job>],
    any_build: bool,
    records: &mut HashMap<String, RunRecord>,
) -> usize {
    let mut stale = 0;
    for job in jobs.iter().flatten() {
        match store.find(&job.key) {
            Some(record) if any_build || record.build == BUILD => {
                records.insert(job.key.clone(), record);
            }
            Some(_) => stale += 1,
            None => {}
        }
    }
    stale
}

/// Jobs that have no record, each key once.
fn missing<'a>(
    jobs: impl Iterator<Item = &'a Job>,
    records: &HashMap<String, RunRecord>,
) -> Vec<Job> {
    let mut missing: Vec<Job> = Vec::new();
    let mut seen = std::collections::HashSet::new();
    for job in jobs {
        if !records.contains_key(&job.key) && seen.insert(&job.key) {
            missing.push(job.clone());
        }
    }
    missing
}

fn distinct(jobs: &[Vec<Job>]) -> usize {
    let keys: std::collections::HashSet<&str> =
        jobs.iter().flatten().map(|j| j.key.as_str()).collect();
    keys.len()
}

fn announce(talk: &mut Talk, all: usize, missing: &[Job], stale: usize, at_a_time: usize) {
    let to_do = missing.len();
    if to_do < all {
        talk.say(&format!("{all} runs, {to_do} to do: the others are there"));
    } else {
        talk.say(&format!("{all} runs, {} at a time", at_a_time.min(to_do)));
    }
    if stale > 0 {
        talk.say(&format!(
            "{stale} of them kept by another build of isograd, made again; --any-build uses these"
        ));
    }
}

/// Runs what is missing; each run is on the disk as soon as it has ended.
fn train(
    missing: &[Job],
    at_a_time: usize,
    threads: usize,
    store: &Store,
    records: &mut HashMap<String, RunRecord>,
    talk: &mut Talk,
) -> Result<(), Failure> {
    let started = Instant::now();
    let work: Vec<f64> = missing.iter().map(Job::work).collect();
    let total: f64 = work.iter().sum();
    let mut shares = vec![0.0; missing.len()];
    let (mut done, mut told, mut failure) = (0, false, None);
    let mut tell = |moment: Moment| {
        match moment {
            Moment::Waiting => {}
            Moment::Going(i, share) => shares[i] = share,
            Moment::Done(i, result) => {
                shares[i] = 1.0;
                done += 1;
                match *result {
                    Ok(record) => {
                        if let Err(error) = store.keep(&record) {
                            failure.get_or_insert(Failure::from(error));
                        }
                        records.insert(record.key.clone(), record);
                    }
                    Err(error) => {
                        failure.get_or_insert(Failure::from(error));
                    }
                }
            }
        }
        if interrupt::asked() && !told {
            told = true;
            talk.say("stopping after the runs under way; Ctrl-C again ends at once");
        }
        let share: f64 = work.iter().zip(&shares).map(|(w, s)| w * s).sum::<f64>() / total;
        let elapsed = started.elapsed().as_secs_f64();
        let left = (share > 0.0).then(|| elapsed / share * (1.0 - share));
        talk.runs(done, missing.len(), share, left);
        failure.is_none() && !interrupt::asked()
    };
    run_all(missing, at_a_time, threads, &mut tell)?;
    failure.map_or(Ok(()), Err)
}
