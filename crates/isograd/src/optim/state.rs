//! What optimisers remember, by parameter path.

use burn::tensor::Tensor;
use isograd_kernels::State as Fused;
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

/// The state of one parameter.
#[derive(Debug)]
pub(crate) enum Kept {
    /// By slot.
    Slots(Vec<Option<Tensor<1>>>),
    /// As a kernel keeps it.
    Fused(Fused),
}

impl Default for Kept {
    fn default() -> Self {
        Self::Fused(Fused::default())
    }
}

impl Kept {
    /// Its slots, so many, empty at the first step.
    pub(super) fn slots(&mut self, count: usize) -> Slots<'_> {
        if let Self::Fused(fused) = self {
            let mut slots: Vec<_> = fused.tensors(count).into_iter().map(Some).collect();
            slots.resize(count, None);
            *self = Self::Slots(slots);
        }
        match self {
            Self::Slots(slots) => Slots(slots),
            Self::Fused(_) => Slots(&mut []),
        }
    }

    /// The same for a kernel; `None` where it cannot take them.
    pub(super) fn fused(&mut self) -> Option<&mut Fused> {
        if let Self::Slots(slots) = self {
            *self = Self::Fused(Fused::of(slots)?);
        }
        match self {
            Self::Fused(fused) => Some(fused),
            Self::Slots(_) => None,
        }
    }
}

/// State tensors of every parameter, by slot.
#[derive(Debug)]
pub(super) struct State {
    names: &'static [&'static str],
    parameters: Vec<Kept>,
    /// Positions by path. Ordered, so that a checkpoint is the same every time.
    keys: BTreeMap<String, usize>,
}

impl State {
    pub(super) fn new(names: &'static [&'static str]) -> Self {
        Self {
            names,
            parameters: Vec::new(),
            keys: BTreeMap::new(),
        }
    }

    /// The position of one parameter, which stays.
    pub(super) fn key(&mut self, path: &str) -> usize {
        if let Some(&key) = self.keys.get(path) {
            return key;
        }
        let key = self.parameters.len();
        self.parameters.push(Kept::default());
        self.keys.insert(path.to_owned(), key);
        key
    }

    /// Takes the state at a position out, to be put back.
    pub(super) fn take(&mut self, key: usize) -> Kept {
        std::mem::take(&mut self.parameters[key])
    }

    pub(super) fn put(&mut self, key: usize, kept: Kept) {
        self.parameters[key] = kept;
    }

    pub(super) fn list(&self) -> Vec<(String, Tensor<1>)> {
        let mut list = Vec::new();
        for (path, &key) in &self.keys {
            let mut enter = |name: &str, tensor| list.push((format!("{path}:{name}"), tensor));
            match &self.parameters[key] {
                Kept::Fused(fused) => {
                    let tensors = fused.tensors(self.names.len());
                    let named = self.names.iter().zip(tensors);
                    named.for_each(|(name, tensor)| enter(name, tensor));
                }
                Kept::Slots(slots) => {
                    for (name, slot) in self.names.iter().zip(slots) {
                        if let Some(tensor) = slot {
                            enter(name, tensor.clone());
                        }
                    }
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
            let key = state.key(path);
            state.parameters[key].slots(names.len()).put(slot, tensor);
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
