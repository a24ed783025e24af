//! What optimisers remember, by parameter path.

use burn::tensor::Tensor;
use std::collections::BTreeMap;

/// Why a state cannot be loaded.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StateError {
    /// A name that this optimiser does not write.
    #[error("`{name}` is no state of this optimiser, which keeps {accepted} for each parameter")]
    Unknown {
        /// The name.
        name: String,
        /// What would be accepted, in words.
        accepted: String,
    },
}

/// State tensors by path, then by slot. Ordered, so that a checkpoint is the same every time.
#[derive(Debug)]
pub(super) struct State {
    names: &'static [&'static str],
    parameters: BTreeMap<String, Vec<Option<Tensor<1>>>>,
}

impl State {
    pub(super) fn new(names: &'static [&'static str]) -> Self {
        Self {
            names,
            parameters: BTreeMap::new(),
        }
    }

    /// The slots of one parameter, empty at its first step.
    pub(super) fn of(&mut self, path: &str) -> Slots<'_> {
        // Looked up first: an entry would allocate its key at every step.
        if !self.parameters.contains_key(path) {
            self.parameters
                .insert(path.to_owned(), vec![None; self.names.len()]);
        }
        Slots(
            self.parameters
                .get_mut(path)
                .map_or(&mut [], Vec::as_mut_slice),
        )
    }

    pub(super) fn list(&self) -> Vec<(String, Tensor<1>)> {
        let mut list = Vec::new();
        for (path, slots) in &self.parameters {
            for (name, slot) in self.names.iter().zip(slots) {
                if let Some(tensor) = slot {
                    list.push((format!("{path}:{name}"), tensor.clone()));
                }
            }
        }
        list
    }

    pub(super) fn read(
        names: &'static [&'static str],
        tensors: impl IntoIterator<Item = (String, Tensor<1>)>,
    ) -> Result<Self, StateError> {
        let mut state = Self::new(names);
        for (name, tensor) in tensors {
            let place = name.rsplit_once(':').and_then(|(path, slot)| {
                let slot = names.iter().position(|&known| known == slot)?;
                Some((path, slot))
            });
            let Some((path, slot)) = place else {
                let accepted = if names.is_empty() {
                    "nothing".to_owned()
                } else {
                    names.join(" and ")
                };
                return Err(StateError::Unknown { name, accepted });
            };
            state.of(path).put(slot, tensor);
        }
        Ok(state)
    }
}

/// The state tensors of one parameter.
pub(super) struct Slots<'a>(&'a mut [Option<Tensor<1>>]);

impl Slots<'_> {
    /// The slots behind the first `n`, for a rule inside a rule.
    pub(super) fn behind(&mut self, n: usize) -> Slots<'_> {
        Slots(&mut self.0[n..])
    }

    /// Takes a tensor out, so that its handle is the only one and it is changed in place.
    pub(super) fn take(&mut self, slot: usize) -> Option<Tensor<1>> {
        self.0[slot].take()
    }

    pub(super) fn put(&mut self, slot: usize, tensor: Tensor<1>) {
        self.0[slot] = Some(tensor);
    }

    /// slot ← keep·slot + new, from 0; returns the new value.
    pub(super) fn blend(&mut self, slot: usize, keep: f64, new: Tensor<1>) -> Tensor<1> {
        let value = match self.take(slot) {
            Some(old) => old.mul_scalar(keep) + new,
            None => new,
        };
        self.put(slot, value.clone());
        value
    }
}
