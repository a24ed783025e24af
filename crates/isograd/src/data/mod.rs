//! Data: generators and readers, splits, scaling, batches.
//!
//! [`load`] turns the `[data]` table of a description into [`Data`]. Nothing here uses tensors:
//! inputs are `f32` in row-major order, images channels first. All that is fitted (scaling, words of
//! categories) is fitted on the training rows alone, and every choice of rows is a function of the
//! seed and the number of rows.
//!
//! Files are read without trusting them: length fields are checked against the size of the file
//! before anything is allocated, packed files against the largest ratio that DEFLATE can reach, and
//! every error says which file, where, and what would have been accepted.

mod assemble;
mod augment;
mod bytes;
mod categories;
mod curriculum;
mod error;
mod generate;
mod ids;
mod label_noise;
mod load;
mod named;
mod order;
mod overrides;
mod part;
mod raw;
mod read;
mod scale;
mod shape;
mod target;
mod target_error;

use isograd_core::describe::data::{Augment, TargetKind};
use isograd_core::describe::{DataShape, Task};

pub use augment::Pixels;
pub use curriculum::Curriculum;
pub use error::{DataError, DataErrorKind, Position};
pub use load::load;
pub use named::{NamedSet, SETS};
pub use order::{in_order, order, probe_rows, split_rows};
pub use part::{Batch, Facts, Part, Targets};
pub use scale::Scaling;

/// The data of a description, ready for training.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Data {
    /// What is trained on.
    pub train: Part,
    /// What the training is judged on while it runs.
    pub valid: Option<Part>,
    /// What is looked at in the end.
    pub test: Option<Part>,
    /// Shape of an example, task, and number of training rows.
    pub shape: DataShape,
    /// What the targets are. Class numbers ([`Targets::Index`]) of [`TargetKind::Binary`], and of
    /// [`TargetKind::Index`] before a loss that has no classes, are to be used as numbers.
    pub target: TargetKind,
    /// Names of the classes, where they have any.
    pub class_names: Vec<String>,
    /// Names of the columns, where they have any.
    pub feature_names: Vec<String>,
    /// How each real target was scaled; empty: not at all. Metrics are in the original unit:
    /// [`Scaling::unscale`].
    pub target_scaling: Vec<Scaling>,
    /// Changes of training batches.
    pub augment: Vec<Augment>,
    /// The training order is drawn anew every epoch.
    pub shuffle: bool,
    /// Remarks for a report: missing cells, unknown categories ….
    pub notes: Vec<String>,
    /// Channels, height and width, where examples are images, flattened or not.
    pub image: Option<Pixels>,
}

impl Data {
    /// Rows of the training part in the order of this epoch, by this seed.
    pub fn order(&self, seed: u64, epoch: u64) -> Vec<u32> {
        if self.shuffle {
            order(seed, epoch, self.train.len())
        } else {
            in_order(self.train.len())
        }
    }

    /// These rows of the training part, changed as the description says for this step, by this seed.
    ///
    /// # Panics
    /// If a row is not there.
    pub fn train_batch(&self, rows: &[u32], seed: u64, step: u64) -> Batch {
        let mut batch = self.train.batch(rows);
        augment::apply(
            &self.augment,
            &mut batch.inputs,
            self.train.elements,
            self.image,
            seed,
            step,
        );
        batch
    }

    /// Fails if a class number has no output: for cross-entropy, once the number of the network's
    /// outputs is known.
    pub fn check_outputs(&self, outputs: usize) -> Result<(), DataError> {
        let parts = [
            ("train", Some(&self.train)),
            ("valid", self.valid.as_ref()),
            ("test", self.test.as_ref()),
        ];
        for (name, part) in parts {
            let (classes, steps) = match part.map(|part| &part.targets) {
                Some(Targets::Index(classes)) => (classes, 1),
                Some(Targets::Steps { classes, steps }) => (classes, *steps),
                Some(Targets::Real { .. }) | None => continue,
            };
            if let Some(row) = classes.iter().position(|&class| class as usize >= outputs) {
                let needed = match self.shape.task {
                    Task::Classification { classes } | Task::Steps { classes, .. } => classes,
                    _ => classes[row] as usize + 1,
                };
                return Err(DataError::new(
                    DataErrorKind::Label,
                    format!(
                        "label {} of the {name} part is beyond the network's {}",
                        classes[row],
                        error::count(outputs, "output")
                    ),
                )
                .at(Position::Row((row / steps.max(1)) as u64))
                .help(format!(
                    "the last layer needs {needed} outputs: `dense = \"classes\"`"
                )));
            }
        }
        Ok(())
    }
}
