//! No file of the repository is a copy of one in the folder of shared data: what we ship, we wrote.

use super::Done;
use crate::repository::{self, File};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

pub(super) fn check() -> Result<Done, String> {
    let Some(folder) = repository::shared() else {
        return Ok(Done::Skipped("no ISOGRAD_SHARED and no ../shared".into()));
    };
    let mut theirs = Vec::new();
    walk(&folder, &mut theirs)?;
    let files = repository::files()?;
    let copies = copies(&files, &theirs)?;
    if copies.is_empty() {
        return Ok(Done::Passed(format!(
            "{} files against {}",
            files.len(),
            theirs.len()
        )));
    }
    Err(format!(
        "{} files are copies\n  {}",
        copies.len(),
        copies.join("\n  ")
    ))
}

/// Every regular file below a folder with its size.
fn walk(folder: &Path, found: &mut Vec<(u64, PathBuf)>) -> Result<(), String> {
    let located = |e: std::io::Error| format!("{}: {e}", folder.display());
    for entry in std::fs::read_dir(folder).map_err(located)? {
        let entry = entry.map_err(located)?;
        let kind = entry.file_type().map_err(located)?;
        if kind.is_dir() {
            walk(&entry.path(), found)?;
        } else if kind.is_file() {
            found.push((entry.metadata().map_err(located)?.len(), entry.path()));
        }
    }
    Ok(())
}

/// `ours = theirs` for every pair of equal files; only files of equal size are read.
fn copies(ours: &[File], theirs: &[(u64, PathBuf)]) -> Result<Vec<String>, String> {
    let mut by_size: BTreeMap<u64, Vec<&File>> = BTreeMap::new();
    for file in ours.iter().filter(|f| !f.bytes.is_empty()) {
        by_size
            .entry(file.bytes.len() as u64)
            .or_default()
            .push(file);
    }
    let mut found = Vec::new();
    for (size, path) in theirs {
        let Some(candidates) = by_size.get(size) else {
            continue;
        };
        let bytes = std::fs::read(path).map_err(|e| format!("{}: {e}", path.display()))?;
        let hash = Sha256::digest(&bytes);
        for file in candidates
            .iter()
            .filter(|f| Sha256::digest(&f.bytes) == hash)
        {
            found.push(format!("{} = {}", file.path, path.display()));
        }
    }
    found.sort();
    Ok(found)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::{copies, walk};
    use crate::repository::File;

    #[test]
    fn a_copy_is_found_under_another_name() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("deep")).unwrap();
        std::fs::write(folder.path().join("deep/a.csv"), "1,2,3").unwrap();
        std::fs::write(folder.path().join("empty"), "").unwrap();
        let mut theirs = Vec::new();
        walk(folder.path(), &mut theirs).unwrap();
        assert_eq!(theirs.len(), 2);
        let file = |path: &str, text: &str| File {
            path: path.into(),
            bytes: text.into(),
        };
        let ours = [
            file("b.txt", "1,2,3"),
            file("c.txt", "1,2,4"),
            file("d.txt", ""),
        ];
        let found = copies(&ours, &theirs).unwrap();
        assert_eq!(found.len(), 1);
        assert!(found[0].starts_with("b.txt = "), "{}", found[0]);
    }
}
