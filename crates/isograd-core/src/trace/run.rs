//! Run directories: where everything that a command leaves behind is kept.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, ErrorKind, Write as _};
use std::path::{Path, PathBuf};

/// Name of the folder that holds the trace of a run.
pub const TRACE: &str = "trace";

/// The directory of one run.
///
/// It is begun under a hidden name and gets its own with [`Run::keep`]; one that is dropped before
/// leaves nothing behind. So whatever a command may refuse is done before `keep`.
#[derive(Debug)]
pub struct Run {
    path: PathBuf,
    goal: Option<Goal>,
}

#[derive(Debug)]
enum Goal {
    /// `parent/name-n`, with the first n that is free.
    Numbered { parent: PathBuf, name: String },
    /// Exactly here.
    Exact(PathBuf),
}

/// Why a run directory could not be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RunError {
    /// The place that was asked for is taken.
    #[error("{} exists already and is not an empty folder", .0.display())]
    Taken(PathBuf),
    /// The system refused.
    #[error("{}: {doing}: {source}", path.display())]
    Io {
        /// Which file or folder.
        path: PathBuf,
        /// What was being done.
        doing: &'static str,
        /// What the system said.
        source: io::Error,
    },
}

fn refused(path: &Path, doing: &'static str) -> impl FnOnce(io::Error) -> RunError {
    let path = path.to_owned();
    move |source| RunError::Io {
        path,
        doing,
        source,
    }
}

impl Run {
    /// Begins a run that will be `parent/name-n`, n counted from 1. Characters of `name` that a file
    /// system may dislike become `-`.
    pub fn begin(parent: &Path, name: &str) -> Result<Self, RunError> {
        let name = tame(name);
        let goal = Goal::Numbered {
            parent: parent.to_owned(),
            name: name.clone(),
        };
        Self::begin_in(parent, &name, goal)
    }

    /// Begins a run that will be `out` itself, which may not exist, or be an empty folder.
    pub fn begin_at(out: &Path) -> Result<Self, RunError> {
        if !is_free(out) {
            return Err(RunError::Taken(out.to_owned()));
        }
        let parent = out.parent().filter(|p| !p.as_os_str().is_empty());
        let name = out
            .file_name()
            .map_or_else(|| "run".into(), |n| tame(&n.to_string_lossy()));
        let goal = Goal::Exact(out.to_owned());
        Self::begin_in(parent.unwrap_or(Path::new(".")), &name, goal)
    }

    fn begin_in(parent: &Path, name: &str, goal: Goal) -> Result<Self, RunError> {
        fs::create_dir_all(parent).map_err(refused(parent, "cannot make the folder"))?;
        // The process is part of the name, so only this process can be in the way of itself.
        for attempt in 0_u32.. {
            let path = parent.join(format!(".{name}-{}-{attempt}.new", std::process::id()));
            match fs::create_dir(&path) {
                Ok(()) => {
                    return Ok(Self {
                        path,
                        goal: Some(goal),
                    });
                }
                Err(e) if e.kind() == ErrorKind::AlreadyExists => {}
                Err(e) => return Err(refused(&path, "cannot make the folder")(e)),
            }
        }
        Err(RunError::Taken(parent.to_owned()))
    }

    /// Where it is now; changes once, with [`Run::keep`].
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Where its trace lies.
    pub fn trace(&self) -> PathBuf {
        self.path.join(TRACE)
    }

    /// Gives the run its name, in one step; from here on it stays.
    pub fn keep(&mut self) -> Result<(), RunError> {
        match &self.goal {
            None => {}
            Some(Goal::Exact(out)) => {
                if !is_free(out) {
                    return Err(RunError::Taken(out.clone()));
                }
                let to = out.clone();
                fs::rename(&self.path, &to).map_err(refused(&to, "cannot name the run"))?;
                self.path = to;
            }
            Some(Goal::Numbered { parent, name }) => {
                let to = rename_to_free(&self.path, parent, name)?;
                self.path = to;
            }
        }
        self.goal = None;
        Ok(())
    }

    /// Writes a file of the run whole or not at all: under another name first, then renamed.
    pub fn write(&self, name: &str, bytes: &[u8]) -> Result<PathBuf, RunError> {
        let path = self.path.join(name);
        write_whole(&path, bytes)?;
        Ok(path)
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        if self.goal.is_some() {
            let _ = fs::remove_dir_all(&self.path);
        }
    }
}

/// Writes `path` whole or not at all, and on the disk when this returns.
pub fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), RunError> {
    let mut name = path.file_name().map_or_else(OsString::new, OsString::from);
    name.push(format!(".{}.new", std::process::id()));
    let temporary = path.with_file_name(name);
    File::create(&temporary)
        .and_then(|mut file| file.write_all(bytes).and_then(|()| file.sync_all()))
        .and_then(|()| fs::rename(&temporary, path))
        .map_err(|e| {
            let _ = fs::remove_file(&temporary);
            refused(path, "cannot write the file")(e)
        })
}

/// Renames to the first `parent/name-n` that is free. A rename onto a folder that is not empty
/// fails, so two processes never get the same number.
fn rename_to_free(from: &Path, parent: &Path, name: &str) -> Result<PathBuf, RunError> {
    for n in 1_u64.. {
        let to = parent.join(format!("{name}-{n}"));
        if to.symlink_metadata().is_ok() {
            continue;
        }
        match fs::rename(from, &to) {
            Ok(()) => return Ok(to),
            Err(e) if to.symlink_metadata().is_err() => {
                return Err(refused(&to, "cannot name the run")(e));
            }
            // Somebody took this number between the look and the rename.
            Err(_) => {}
        }
    }
    Err(RunError::Taken(parent.join(name)))
}

fn is_free(path: &Path) -> bool {
    match fs::read_dir(path) {
        Ok(mut entries) => entries.next().is_none(),
        Err(e) => e.kind() == ErrorKind::NotFound,
    }
}

fn tame(name: &str) -> String {
    let good = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.');
    let name: String = name
        .chars()
        .map(|c| if good(c) { c } else { '-' })
        .collect();
    let name = name.trim_start_matches('.');
    if name.is_empty() {
        "run".into()
    } else {
        name.into()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::{Run, RunError};
    use std::collections::BTreeSet;
    use std::fs;

    #[test]
    fn runs_are_numbered_and_nothing_hidden_is_left() {
        let dir = tempfile::tempdir().unwrap();
        let parent = dir.path().join("runs");
        for expected in ["deep-1", "deep-2", "deep-3"] {
            let mut run = Run::begin(&parent, "deep").unwrap();
            run.write("description.toml", b"seed = 1\n").unwrap();
            run.keep().unwrap();
            assert_eq!(run.path(), parent.join(expected));
            assert_eq!(
                fs::read(parent.join(expected).join("description.toml")).unwrap(),
                b"seed = 1\n"
            );
        }
        fs::remove_dir_all(parent.join("deep-2")).unwrap();
        let mut run = Run::begin(&parent, "deep").unwrap();
        run.keep().unwrap();
        assert_eq!(run.path(), parent.join("deep-2"));
        assert_eq!(fs::read_dir(&parent).unwrap().count(), 3);
    }

    #[test]
    fn a_run_that_is_not_kept_leaves_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let run = Run::begin(dir.path(), "deep").unwrap();
        run.write("description.toml", b"x").unwrap();
        drop(run);
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
    }

    #[test]
    fn runs_begun_at_the_same_time_get_names_of_their_own() {
        let dir = tempfile::tempdir().unwrap();
        let names: BTreeSet<_> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..8)
                .map(|i: usize| {
                    let parent = dir.path();
                    scope.spawn(move || {
                        let mut run = Run::begin(parent, "deep").unwrap();
                        run.write("who", i.to_string().as_bytes()).unwrap();
                        run.keep().unwrap();
                        run.path().to_owned()
                    })
                })
                .collect();
            threads.into_iter().map(|t| t.join().unwrap()).collect()
        });
        assert_eq!(names.len(), 8);
        let expected: BTreeSet<_> = (1..=8)
            .map(|n| dir.path().join(format!("deep-{n}")))
            .collect();
        assert_eq!(names, expected);
    }

    #[test]
    fn a_place_that_is_taken_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let out = dir.path().join("here");
        let mut run = Run::begin_at(&out).unwrap();
        run.write("a", b"").unwrap();
        run.keep().unwrap();
        assert_eq!(run.path(), out);
        assert!(matches!(Run::begin_at(&out), Err(RunError::Taken(path)) if path == out));
        let file = dir.path().join("file");
        fs::write(&file, "x").unwrap();
        assert!(matches!(Run::begin_at(&file), Err(RunError::Taken(_))));
    }

    #[test]
    fn names_become_names_of_folders() {
        let dir = tempfile::tempdir().unwrap();
        for (name, expected) in [
            ("a b/../c", "a-b-..-c-1"),
            ("..", "run-1"),
            ("größe", "größe-1"),
        ] {
            let mut run = Run::begin(dir.path(), name).unwrap();
            run.keep().unwrap();
            assert_eq!(run.path(), dir.path().join(expected));
        }
    }
}
