//! Data that cells share, and their fingerprint.

use crate::data::{Data, Part, Targets, load};
use crate::session::PrepareError;
use isograd_core::compare::store::Fingerprint;
use isograd_core::describe::train::LossKind;
use isograd_core::describe::{DataSpec, Document};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Data of several cells.
#[derive(Clone, Debug)]
pub struct Shared {
    /// The examples.
    pub data: Arc<Data>,
    /// Hash of every input and target.
    pub fingerprint: Arc<str>,
}

/// Reads data once for all descriptions that agree on them.
#[derive(Debug)]
pub struct DataCache {
    data_dir: Option<PathBuf>,
    loaded: Vec<(PathBuf, DataSpec, LossKind, u64, Shared)>,
}

impl DataCache {
    /// Nothing read yet; named sets lie in `data_dir`.
    pub fn new(data_dir: Option<PathBuf>) -> Self {
        Self {
            data_dir,
            loaded: Vec::new(),
        }
    }

    /// The data of a description.
    pub fn get(&mut self, document: &Document) -> Result<Shared, PrepareError> {
        let description = &document.description;
        let base = document.file.parent().unwrap_or(Path::new("."));
        let (loss, seed) = (description.train.loss.kind, description.seed);
        let known = self.loaded.iter().find(|(b, spec, l, s, _)| {
            b == base && *l == loss && *s == seed && *spec == description.data
        });
        if let Some((.., shared)) = known {
            return Ok(shared.clone());
        }
        let dir = self.data_dir.as_deref();
        let data = load(&description.data, base, dir, seed, Some(loss))?;
        let shared = Shared {
            fingerprint: fingerprint(&data).into(),
            data: Arc::new(data),
        };
        let key = (
            base.to_owned(),
            description.data.clone(),
            loss,
            seed,
            shared.clone(),
        );
        self.loaded.push(key);
        Ok(shared)
    }
}

/// Hash of every number that training and evaluation see.
fn fingerprint(data: &Data) -> String {
    let mut hash = Fingerprint::default();
    hash.text(&format!(
        "{:?} {:?} {:?}",
        data.shape, data.target, data.target_scaling
    ));
    for part in [Some(&data.train), data.valid.as_ref(), data.test.as_ref()] {
        match part {
            Some(part) => add(&mut hash, part),
            None => hash.text("none"),
        }
    }
    hash.finish()
}

fn add(hash: &mut Fingerprint, part: &Part) {
    hash.floats(&part.inputs);
    match &part.targets {
        Targets::Index(classes) => hash.integers(classes),
        Targets::Real { values, width } => {
            hash.integers(&[*width as u32]);
            hash.floats(values);
        }
        Targets::Steps { classes, steps } => {
            hash.integers(&[*steps as u32]);
            hash.integers(classes);
        }
    }
}
