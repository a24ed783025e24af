//! Batches as tensors, for a loop of one's own.

use crate::data::{Batch, Data, DataError, Targets, load};
use burn::tensor::{Device, Int, Tensor, TensorData};
use isograd_core::describe::DataSpec;
use std::path::Path;

impl Data {
    /// Reads or generates the data of a `[data]` table, or of a source alone: `"spirals".parse()?`.
    /// Files are relative to the present folder, named sets lie in the folder that `ISOGRAD_DATA`
    /// names.
    ///
    /// ```
    /// use isograd::data::Data;
    ///
    /// let spec = r#"{ source = "spirals", valid = 0.2 }"#.parse()?;
    /// let data = Data::from_spec(&spec, 1)?;
    /// assert_eq!(data.train.elements, 2);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn from_spec(spec: &DataSpec, seed: u64) -> Result<Self, DataError> {
        let folder = std::env::var_os("ISOGRAD_DATA");
        load(
            spec,
            Path::new("."),
            folder.as_deref().map(Path::new),
            seed,
            None,
        )
    }

    /// The batches of this epoch, in the order of this seed, changed as the data say (augmentation).
    /// The last one may be smaller.
    pub fn batches(&self, size: usize, seed: u64, epoch: u64) -> impl Iterator<Item = Batch> {
        let rows = self.order(seed, epoch);
        let size = size.max(1);
        let first = epoch * self.train.len().div_ceil(size) as u64;
        let steps = rows.len().div_ceil(size);
        (0..steps).map(move |i| {
            let end = rows.len().min((i + 1) * size);
            self.train_batch(&rows[i * size..end], seed, first + i as u64)
        })
    }
}

impl Batch {
    /// The inputs: `[batch, elements]`.
    pub fn x(&self, device: &Device) -> Tensor<2> {
        let shape = [self.len(), self.inputs.len() / self.len().max(1)];
        Tensor::from_data(TensorData::new(self.inputs.clone(), shape), device)
    }

    /// The class numbers, `[batch]`, or `[batch · steps]` with one a step; a real target is cut to a
    /// whole number.
    pub fn labels(&self, device: &Device) -> Tensor<1, Int> {
        let labels: Vec<i64> = match &self.targets {
            Targets::Index(classes) | Targets::Steps { classes, .. } => {
                classes.iter().map(|&class| i64::from(class)).collect()
            }
            Targets::Real { values, .. } => values.iter().map(|&value| value as i64).collect(),
        };
        let shape = [labels.len()];
        Tensor::from_data(TensorData::new(labels, shape), device)
    }

    /// The targets as numbers: `[batch, width]`.
    pub fn y(&self, device: &Device) -> Tensor<2> {
        let numbers = |classes: &[u32]| classes.iter().map(|&class| class as f32).collect();
        let (values, width) = match &self.targets {
            Targets::Index(classes) => (numbers(classes), 1),
            Targets::Steps { classes, steps } => (numbers(classes), *steps),
            Targets::Real { values, width } => (values.clone(), *width),
        };
        let shape = [values.len() / width.max(1), width];
        Tensor::from_data(TensorData::new(values, shape), device)
    }
}
