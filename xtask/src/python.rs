//! PyTorch, in a virtual environment outside the repository that is made once and used again.

use crate::process;
use std::path::PathBuf;
use std::process::Command;

/// What the environment holds; a change makes it anew.
const PACKAGES: &[&str] = &["torch==2.15.0", "numpy==2.4.6", "torchmortem==0.1.1"];

/// The interpreter of the environment, which is made if need be.
pub(crate) fn environment() -> Result<PathBuf, String> {
    let cache = std::env::var_os("XDG_CACHE_HOME")
        .map(PathBuf::from)
        .or_else(|| std::env::home_dir().map(|home| home.join(".cache")))
        .ok_or("neither XDG_CACHE_HOME nor a home folder says where the environment can lie")?;
    let folder = cache.join("isograd").join("venv");
    let python = folder.join("bin/python");
    let stamp = folder.join("isograd-packages");
    let wanted = PACKAGES.join("\n");
    if std::fs::read_to_string(&stamp).is_ok_and(|has| has == wanted) {
        return Ok(python);
    }
    eprintln!(
        "making {} with {} (minutes, gigabytes)",
        folder.display(),
        PACKAGES.join(", ")
    );
    process::run(Command::new("python3").args(["-m", "venv"]).arg(&folder))?;
    process::run(
        Command::new(&python)
            .args(["-m", "pip", "install", "--quiet"])
            .args(PACKAGES),
    )?;
    std::fs::write(&stamp, wanted).map_err(|e| format!("{}: {e}", stamp.display()))?;
    Ok(python)
}
