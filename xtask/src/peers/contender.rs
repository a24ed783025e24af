//! A program that trains in blocks of steps, as it is told.

use crate::process;
use serde_json::Value;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

/// What a block of steps took.
#[derive(Clone, Debug)]
pub(super) struct Block {
    pub(super) seconds: f64,
    pub(super) losses: Vec<f64>,
}

/// A running program.
#[derive(Debug)]
pub(super) struct Contender {
    shown: String,
    child: Child,
    steps: ChildStdin,
    blocks: BufReader<ChildStdout>,
}

impl Contender {
    /// Starts `command` in `folder`, on the first `threads` processors, with as many threads.
    pub(super) fn start(command: &Command, folder: &Path, threads: usize) -> Result<Self, String> {
        let last = threads.saturating_sub(1);
        let mut pinned = Command::new("taskset");
        pinned
            .args(["-c", &format!("0-{last}")])
            .arg(command.get_program())
            .args(command.get_args())
            // A monitor may leave a report where it stands.
            .current_dir(folder)
            .env("OMP_NUM_THREADS", threads.to_string())
            .env("RAYON_NUM_THREADS", threads.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        let shown = process::shown(&pinned);
        let mut child = pinned.spawn().map_err(|e| format!("{shown}: {e}"))?;
        let (Some(steps), Some(blocks)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(format!("{shown}: no pipes"));
        };
        Ok(Self {
            shown,
            child,
            steps,
            blocks: BufReader::new(blocks),
        })
    }

    /// The block that is under way: the first begins by itself.
    pub(super) fn block(&mut self) -> Result<Block, String> {
        let mut line = String::new();
        let read = self.blocks.read_line(&mut line);
        let value: Value = match read {
            Ok(n) if n > 0 => {
                serde_json::from_str(&line).map_err(|e| format!("{}: {e}", self.shown))?
            }
            _ => return Err(format!("{} ended early", self.shown)),
        };
        let losses = value["losses"].as_array().map_or(&[][..], Vec::as_slice);
        Ok(Block {
            seconds: value["seconds"].as_f64().unwrap_or(f64::NAN),
            losses: losses.iter().filter_map(Value::as_f64).collect(),
        })
    }

    /// So many steps more; `watch`: what isograd measures.
    pub(super) fn steps(&mut self, steps: u64, watch: &str) -> Result<Block, String> {
        writeln!(self.steps, "{steps} {watch}").map_err(|e| format!("{}: {e}", self.shown))?;
        self.block()
    }

    /// Largest memory so far, in MiB; `None` where the system does not say.
    pub(super) fn peak_memory(&self) -> Option<f64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).ok()?;
        let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
        let kib: f64 = line.split_whitespace().nth(1)?.parse().ok()?;
        Some(kib / 1024.0)
    }
}

impl Drop for Contender {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
