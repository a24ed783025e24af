//! Probes for a model of one's own: one line a place.

use burn::tensor::Tensor;
use isograd_kernels::{Direction, Moments, Sink, View, Want, Watch, probe};
use std::fmt;
use std::ops::Deref;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Shows what flows through the places of a model, and the gradient that comes back.
///
/// ```
/// use burn::tensor::{Device, Tensor};
/// use isograd::probe::Probes;
///
/// let device = Device::flex().autodiff();
/// let probes = Probes::new();
/// let x = Tensor::<2>::from_floats([[3.0, 4.0], [0.0, 0.0]], &device).require_grad();
/// let h = probes.see("h", x * 2.0);
/// h.sum_dim(1).mean().backward();
/// let seen = probes.take();
/// assert_eq!((seen[0].name.as_str(), seen[0].examples), ("h", 2));
/// // Each example's own loss has the gradient (1, 1).
/// assert!((seen[0].gradient.unwrap() - 2f64.sqrt()).abs() < 1e-6);
/// ```
#[derive(Clone, Debug, Default)]
pub struct Probes(Option<Arc<Places>>);

/// Everything seen, and how the loss is reduced.
#[derive(Debug, Default)]
struct Places {
    summed: bool,
    seen: Mutex<Vec<Place>>,
}

#[derive(Debug, Default)]
struct Place {
    name: String,
    forward: Moments,
    backward: Moments,
    /// Σ over examples of ‖∂Lᵢ/∂aᵢ‖².
    squares: f64,
    examples: usize,
    backward_examples: usize,
}

/// What one place has seen.
#[derive(Clone, Debug, PartialEq)]
pub struct Reading {
    /// The name it was given.
    pub name: String,
    /// Examples that passed.
    pub examples: usize,
    /// Root mean square of the activations.
    pub rms: f64,
    /// Largest magnitude of the activations.
    pub max_abs: f64,
    /// G = √(mean over examples of ‖∂Lᵢ/∂aᵢ‖²), Lᵢ the loss of example i, the norm over all units and
    /// positions; `None` before a backward pass.
    pub gradient: Option<f64>,
    /// Activations and gradients that are NaN or infinite.
    pub non_finite: u64,
}

/// The readings of all places, in the order in which they were first passed; prints as a table.
#[derive(Clone, Debug, PartialEq)]
pub struct Readings(Vec<Reading>);

impl Probes {
    /// Probes of a model whose loss is the mean over the batch.
    pub fn new() -> Self {
        Self(Some(Arc::default()))
    }

    /// Probes of a model whose loss is the sum over the batch.
    pub fn of_summed_loss() -> Self {
        Self(Some(Arc::new(Places {
            summed: true,
            ..Places::default()
        })))
    }

    /// Probes that see nothing and cost nothing: for evaluation.
    pub fn none() -> Self {
        Self(None)
    }

    /// Passes `x` on as it is, and shows it and later its gradient under this name. A name that is
    /// passed several times adds up.
    ///
    /// # Shapes
    ///
    /// - `x` and the result: `[batch, …]`
    #[must_use]
    pub fn see<const D: usize>(&self, name: &str, x: Tensor<D>) -> Tensor<D> {
        let Some(places) = &self.0 else { return x };
        let mut seen = places.lock();
        let site = seen
            .iter()
            .position(|place| place.name == name)
            .unwrap_or_else(|| {
                seen.push(Place {
                    name: name.to_owned(),
                    ..Place::default()
                });
                seen.len() - 1
            });
        drop(seen);
        let sink = places.clone();
        probe(x, Watch { site, sink })
    }

    /// What was seen since the last call.
    pub fn take(&self) -> Readings {
        let Some(places) = &self.0 else {
            return Readings(Vec::new());
        };
        let mut seen = places.lock();
        let readings = seen.iter().filter(|p| p.examples > 0).map(reading);
        let readings = Readings(readings.collect());
        for place in &mut *seen {
            let name = std::mem::take(&mut place.name);
            *place = Place {
                name,
                ..Place::default()
            };
        }
        readings
    }
}

fn reading(place: &Place) -> Reading {
    let gradient = (place.squares / place.backward_examples as f64).sqrt();
    Reading {
        name: place.name.clone(),
        examples: place.examples,
        rms: place.forward.rms(),
        max_abs: place.forward.max_abs,
        gradient: (place.backward_examples > 0).then_some(gradient),
        non_finite: place.forward.non_finite + place.backward.non_finite,
    }
}

impl Places {
    // A panic of another thread while it held the lock has nothing to do with the numbers here.
    fn lock(&self) -> MutexGuard<'_, Vec<Place>> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Sink for Places {
    fn want(&self, _: usize, _: Direction) -> Want {
        Want::Moments
    }

    fn receive(
        &self,
        site: usize,
        direction: Direction,
        batch: usize,
        moments: Moments,
        _: Option<View<'_>>,
    ) {
        let mut seen = self.lock();
        let Some(place) = seen.get_mut(site) else {
            return;
        };
        match direction {
            Direction::Forward => {
                place.forward = place.forward.merged(moments);
                place.examples += batch;
            }
            Direction::Backward => {
                // The gradient of a mean is that of one example's own loss over the batch.
                let factor = if self.summed { 1.0 } else { batch as f64 };
                place.backward = place.backward.merged(moments);
                place.squares += factor * factor * moments.sum_squares;
                place.backward_examples += batch;
            }
        }
    }
}

impl Deref for Readings {
    type Target = [Reading];

    fn deref(&self) -> &[Reading] {
        &self.0
    }
}

impl fmt::Display for Readings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let widest = self.iter().map(|r| r.name.chars().count()).max();
        let width = widest.unwrap_or(0).max("layer".len());
        write!(f, "{:<width$}  {:>8}  {:>9}", "layer", "rms", "gradient")?;
        for reading in self.iter() {
            let Reading { name, rms, .. } = reading;
            write!(f, "\n{name:<width$}  {rms:>8.3}  ")?;
            match reading.gradient {
                Some(gradient) => write!(f, "{gradient:>9.2e}")?,
                None => write!(f, "{:>9}", "–")?,
            }
            if reading.non_finite > 0 {
                write!(f, "  {} not finite", reading.non_finite)?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use burn::tensor::Device;

    /// Rows (1, 2) and (3, 4) through h = 2x, the loss of an example Σ h².
    fn run(probes: &Probes, summed: bool) -> Readings {
        let device = Device::flex().autodiff();
        for rows in [[[1.0, 2.0], [3.0, 4.0]], [[0.0, 0.0], [0.0, 0.0]]] {
            let x = Tensor::<2>::from_floats(rows, &device).require_grad();
            let h = probes.see("h", x * 2.0);
            let h = probes.see("again", h);
            let loss = h.powi_scalar(2).sum();
            let loss = if summed { loss } else { loss / 2.0 };
            loss.backward();
        }
        probes.take()
    }

    #[test]
    fn gradients_are_those_of_one_example_however_the_loss_is_reduced() {
        // ∂L/∂h = 2h: rows (4, 8), (12, 16), and twice (0, 0).
        let expected = (480.0f64 / 4.0).sqrt();
        for (probes, summed) in [(Probes::new(), false), (Probes::of_summed_loss(), true)] {
            let seen = run(&probes, summed);
            let names: Vec<&str> = seen.iter().map(|r| r.name.as_str()).collect();
            assert_eq!(names, ["h", "again"]);
            for reading in &*seen {
                assert!((reading.gradient.unwrap() / expected - 1.0).abs() < 1e-6);
                assert!((reading.rms - (120.0f64 / 8.0).sqrt()).abs() < 1e-6);
                assert_eq!((reading.examples, reading.max_abs), (4, 8.0));
            }
            assert!(probes.take().is_empty(), "a clean start");
        }
    }

    #[test]
    fn the_table_is_aligned_and_none_sees_nothing() {
        assert!(run(&Probes::none(), false).is_empty());
        insta::assert_snapshot!(run(&Probes::new(), false), @r"
        layer       rms   gradient
        h         3.873     1.10e1
        again     3.873     1.10e1
        ");
    }
}
