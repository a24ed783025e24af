//! What a rule keeps of one parameter from step to step.

use super::pass::Number;
use crate::flex;
use crate::handle::from_vec;
use burn::tensor::{Element, Tensor};

/// What a rule keeps of one parameter: its slots one behind the other in one buffer, so that a small
/// parameter costs one way to memory.
#[derive(Clone, Debug, Default)]
pub struct State(Kept);

#[derive(Clone, Debug, Default)]
pub(super) enum Kept {
    #[default]
    Nothing,
    Single(Vec<f32>),
    Double(Vec<f64>),
}

impl State {
    /// Of slots of one size; one that is missing is 0. `None` where they are no tensors of Flex of one
    /// size and type, single or double precision.
    pub fn of(slots: &[Option<Tensor<1>>]) -> Option<Self> {
        let Some(one) = slots.iter().flatten().next() else {
            return Some(Self::default());
        };
        let all = slots
            .iter()
            .map(|slot| slot.clone().unwrap_or_else(|| one.zeros_like()));
        let all = all.map(|slot| flex::open(slot).ok().map(|slot| slot.to_contiguous()));
        let all: Vec<_> = all.collect::<Option<_>>()?;
        let elements = one.shape().num_elements();
        let single: Option<Vec<&[f32]>> = all.iter().map(|slot| slot.as_slice()).collect();
        let double: Option<Vec<&[f64]>> = all.iter().map(|slot| slot.as_slice()).collect();
        match (single, double) {
            (Some(all), _) if all.iter().all(|slot| slot.len() == elements) => {
                Some(Self(Kept::Single(all.concat())))
            }
            (_, Some(all)) if all.iter().all(|slot| slot.len() == elements) => {
                Some(Self(Kept::Double(all.concat())))
            }
            _ => None,
        }
    }

    /// Copies of so many slots, or of none at all before the first step.
    pub fn tensors(&self, slots: usize) -> Vec<Tensor<1>> {
        match &self.0 {
            Kept::Nothing => Vec::new(),
            Kept::Single(numbers) => parts(numbers, slots),
            Kept::Double(numbers) => parts(numbers, slots),
        }
    }

    /// The slots of a parameter with so many elements; empty where there are fewer than two.
    pub(super) fn slots<T: Number>(&mut self, slots: usize, elements: usize) -> [&mut [T]; 2] {
        if slots == 0 {
            return [&mut [], &mut []];
        }
        if matches!(self.0, Kept::Nothing) {
            self.0 = T::keep(vec![T::default(); slots * elements]);
        }
        let Some(numbers) = T::kept(&mut self.0) else {
            panic!("a parameter keeps its type")
        };
        assert_eq!(
            numbers.len(),
            slots * elements,
            "a parameter keeps its size"
        );
        let (first, second) = numbers.split_at_mut(elements);
        [first, second]
    }
}

fn parts<T: Element>(numbers: &[T], slots: usize) -> Vec<Tensor<1>> {
    let elements = numbers.len() / slots.max(1);
    let slots = numbers.chunks(elements.max(1)).take(slots);
    slots
        .map(|slot| flex::close(from_vec(slot.to_vec(), [slot.len()])))
        .collect()
}
