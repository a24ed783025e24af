//! The two programs, and the files that give both the same to do.

use super::contender::Contender;
use super::workload::WORKLOADS;
use crate::{process, python, repository};
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;

/// Seconds that something beside may live, compilation included.
const PATIENCE: &str = "600";

/// Both programs, built, with their data.
#[derive(Debug)]
pub(super) struct Programs {
    isograd: PathBuf,
    python: PathBuf,
    script: PathBuf,
    folder: PathBuf,
    threads: usize,
}

impl Programs {
    /// Builds, makes the Python environment if need be, and writes weights and batches.
    pub(super) fn prepare(threads: usize) -> Result<Self, String> {
        let python = python::environment()?;
        // With the command itself: alone, it would have its dependencies built once more.
        let build = [
            "build",
            "--release",
            "-p",
            "isograd-cli",
            "-p",
            "isograd-peers",
        ];
        process::run(&mut process::cargo(&build))?;
        let source = repository::root().join("benches/peers");
        let folder = repository::target().join("peers");
        let programs = Self {
            isograd: repository::target().join("release/isograd-peers"),
            python,
            script: source.join("peer.py"),
            folder,
            threads,
        };
        programs.write(&source.join("descriptions"))?;
        Ok(programs)
    }

    fn write(&self, descriptions: &Path) -> Result<(), String> {
        let made = |folder: &Path| {
            std::fs::create_dir_all(folder).map_err(|e| format!("{}: {e}", folder.display()))
        };
        made(&self.folder)?;
        let mut data = Command::new(&self.python);
        process::run(data.arg(&self.script).arg("data").arg(&self.folder))?;
        for name in WORKLOADS {
            let (description, dump) = self.files(name);
            let source = descriptions.join(format!("{name}.toml"));
            std::fs::copy(&source, &description)
                .map_err(|e| format!("{}: {e}", source.display()))?;
            made(&dump)?;
            let mut write = Command::new(&self.isograd);
            process::run(write.arg("dump").arg(description).arg(dump))?;
        }
        Ok(())
    }

    /// Description and folder of weights and batches.
    fn files(&self, name: &str) -> (PathBuf, PathBuf) {
        let description = self.folder.join(format!("{name}.toml"));
        (description, self.folder.join(name))
    }

    /// A folder that is gone when it is dropped.
    pub(super) fn scratch(&self) -> Result<TempDir, String> {
        TempDir::new_in(&self.folder).map_err(|e| format!("{}: {e}", self.folder.display()))
    }

    /// isograd, which writes its trace into a new folder `trace`.
    pub(super) fn isograd(&self, name: &str, trace: &Path) -> Result<Contender, String> {
        let mut command = Command::new(&self.isograd);
        command.arg("train").arg(self.files(name).0).arg(trace);
        Contender::start(&command, &self.folder, self.threads)
    }

    /// PyTorch in this mode.
    pub(super) fn torch(&self, name: &str, mode: &str) -> Result<Contender, String> {
        let mut command = if mode == "eager" {
            Command::new(&self.python)
        } else {
            let mut limited = Command::new("timeout");
            limited.arg(PATIENCE).arg(&self.python);
            limited
        };
        command
            .arg(&self.script)
            .args(["train", name])
            .arg(self.files(name).1)
            .arg(mode);
        Contender::start(&command, &self.folder, self.threads)
    }
}
