//! Gives the crate the hash of the sources that results depend on: finished runs of a comparison are
//! used again only by the build that made them.

use std::collections::hash_map::DefaultHasher;
use std::fs;
use std::hash::{Hash as _, Hasher as _};
use std::path::{Path, PathBuf};

/// What a training's result depends on, beside the dependencies.
const SOURCES: [&str; 4] = [
    "src",
    "../isograd-kernels/src",
    "../isograd-core/src/describe",
    "../isograd-core/src/random.rs",
];

fn main() {
    let mut hash = DefaultHasher::new();
    for source in SOURCES {
        println!("cargo::rerun-if-changed={source}");
        let mut files = Vec::new();
        collect(Path::new(source), &mut files);
        files.sort();
        for file in files {
            file.hash(&mut hash);
            fs::read(&file).unwrap_or_default().hash(&mut hash);
        }
    }
    println!("cargo::rustc-env=ISOGRAD_SOURCES={:016x}", hash.finish());
}

/// All files of a folder; none where it is not there (a packaged crate stands alone).
fn collect(path: &Path, files: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(path) else {
        files.extend(path.is_file().then(|| path.to_owned()));
        return;
    };
    for entry in entries.flatten() {
        collect(&entry.path(), files);
    }
}
