//! Where the repository and the folder beside it are, and which files belong to it.

use crate::process;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The root of the repository.
pub(crate) fn root() -> &'static Path {
    // The manifest of xtask lies one level below the root.
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap_or(Path::new("."))
}

/// Where cargo builds: `CARGO_TARGET_DIR`, else `target`.
pub(crate) fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR")
        .map_or_else(|| root().join("target"), |folder| root().join(folder))
}

/// The folder of real data: `ISOGRAD_SHARED`, else `../shared` where it is there.
pub(crate) fn shared() -> Option<PathBuf> {
    match std::env::var_os("ISOGRAD_SHARED") {
        Some(folder) => Some(PathBuf::from(folder)),
        None => root()
            .parent()
            .map(|p| p.join("shared"))
            .filter(|p| p.is_dir()),
    }
}

/// One file of the repository.
pub(crate) struct File {
    /// From the root, with slashes.
    pub(crate) path: String,
    /// What is in it.
    pub(crate) bytes: Vec<u8>,
}

impl File {
    /// Its text, where it is one.
    pub(crate) fn text(&self) -> Option<&str> {
        std::str::from_utf8(&self.bytes).ok()
    }

    /// True for Rust source.
    pub(crate) fn is_rust(&self) -> bool {
        Path::new(&self.path).extension().is_some_and(|e| e == "rs")
    }
}

/// Every file that is in the repository or would be with `git add .`, by path.
pub(crate) fn files() -> Result<Vec<File>, String> {
    let mut git = Command::new("git");
    git.args([
        "ls-files",
        "-z",
        "--cached",
        "--others",
        "--exclude-standard",
    ])
    .current_dir(root());
    let mut files = Vec::new();
    for path in process::output(&mut git)?
        .split('\0')
        .filter(|p| !p.is_empty())
    {
        match std::fs::read(root().join(path)) {
            Ok(bytes) => files.push(File {
                path: path.into(),
                bytes,
            }),
            // Deleted but not yet committed.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(format!("{path}: {error}")),
        }
    }
    files.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(files)
}
