//! Trained networks on disk: safetensors with the parameters' readable paths as names.

use crate::nn::Network;
use burn_store::{ModuleSnapshot as _, SafetensorsStore};
use std::path::{Path, PathBuf};

/// Why a network could not be written or read.
#[derive(Debug, thiserror::Error)]
#[error("{}: {what}", file.display())]
pub struct StoreError {
    /// The file.
    pub file: PathBuf,
    /// What went wrong.
    pub what: String,
}

/// Writes parameters and running statistics to `file`; an older file is replaced only when the
/// new one is whole.
pub fn save(network: &Network, file: &Path) -> Result<(), StoreError> {
    let error = |what: String| StoreError {
        file: file.to_owned(),
        what,
    };
    let part = file.with_extension("part");
    let mut store = SafetensorsStore::from_file(&part)
        .overwrite(true)
        .metadata("producer", "isograd");
    network
        .save_into(&mut store)
        .map_err(|e| error(e.to_string()))?;
    let written = std::fs::File::open(&part).and_then(|f| f.sync_all());
    written
        .and_then(|()| std::fs::rename(&part, file))
        .map_err(|e| error(e.to_string()))
}

/// Reads into a network that was built from the same plan. Every parameter must be there, with its
/// shape.
pub fn load(network: &mut Network, file: &Path) -> Result<(), StoreError> {
    let error = |what: String| StoreError {
        file: file.to_owned(),
        what,
    };
    if !file.is_file() {
        return Err(error("there is no such file".to_owned()));
    }
    let mut store = SafetensorsStore::from_file(file);
    let result = network
        .load_from(&mut store)
        .map_err(|e| error(e.to_string()))?;
    if let Some(missing) = result.missing.first() {
        return Err(error(format!("holds no parameter `{missing:?}`")));
    }
    Ok(())
}
