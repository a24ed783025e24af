//! The optimiser's step of all parameters, those of a network by all threads.

use super::step::{Collected, Found};
use crate::nn::Network;
use crate::optim::{Kept, Optimizer, Rate};
use crate::probe::{Course, WeightRow};
use burn::module::{Module, ModuleMapper, Param};
use burn::tensor::Tensor;
use isograd_kernels::{change, claim};
use std::slice::from_ref;

/// Numbers that a thread steps at a time; below that, threads cost more than they bring.
const GRAIN: usize = 1 << 14;

/// What a step tells beside the weights it leaves.
#[derive(Default)]
pub(super) struct Telling<'a> {
    /// The norm over all gradients.
    pub(super) norm: bool,
    /// The norms of what happened to each parameter; the courses of all gradients are kept here.
    pub(super) rows: Option<&'a mut Vec<Course>>,
    /// Parameters whose gradient is not finite stay as they are, and come back.
    pub(super) hold: bool,
}

/// What a step told.
pub(super) struct Told {
    /// Norm over all gradients as they came; NaN where it was not asked for.
    pub(super) norm: f64,
    /// By the position of the parameter.
    pub(super) rows: Vec<(usize, WeightRow)>,
    /// Gradients of the parameters that were not stepped.
    pub(super) held: Collected,
}

/// Steps every parameter of a network that has a gradient. What comes out does not depend on the number of
/// threads.
pub(super) fn update_network(
    network: Network,
    collected: Collected,
    optimizer: &mut Optimizer,
    lr: f64,
    telling: Telling<'_>,
) -> (Network, Told) {
    let roster = optimizer.roster();
    // One node has its parameters one after the other.
    let starts = roster.starts().to_vec();
    let least = GRAIN * starts.len() / roster.elements().max(1);
    update(collected, optimizer, lr, telling, &starts, |updaters| {
        network.map_nodes(updaters, least)
    })
}

/// Steps every parameter of a module that has a gradient.
pub(super) fn update_module<M: Module>(
    module: M,
    collected: Collected,
    optimizer: &mut Optimizer,
    lr: f64,
    telling: Telling<'_>,
) -> (M, Told) {
    update(collected, optimizer, lr, telling, &[0], |mut updaters| {
        module.map(&mut updaters[0])
    })
}

/// `map` steps the parameters, with one updater for those from each of `starts` to the next.
fn update<M>(
    collected: Collected,
    optimizer: &mut Optimizer,
    lr: f64,
    telling: Telling<'_>,
    starts: &[usize],
    map: impl FnOnce(Vec<Updater<'_>>) -> M,
) -> (M, Told) {
    let Collected {
        mut found,
        factor,
        squares,
    } = collected;
    let mut squares = squares.into_iter();
    let mut tasks: Vec<Task> = Vec::with_capacity(found.len());
    for one in &mut found {
        one.release();
        tasks.push(Task {
            kept: optimizer.take(one.place),
            squares: squares.next(),
            row: WeightRow::default(),
            held: false,
        });
    }
    let Telling { norm, rows, hold } = telling;
    let measured = rows.is_some();
    let courses = rows.map_or(&mut [][..], |courses| {
        if let Some(last) = found.last() {
            let most = courses.len().max(last.place + 1);
            courses.resize(most, Course::default());
        }
        courses
    });
    let step = Step {
        optimizer,
        rate: Rate { lr, factor },
        squares: hold || norm && !measured,
        measured,
        hold,
    };
    let updaters = step.updaters(&found, &mut tasks, courses, starts);
    let network = map(updaters);
    let mut told = Told {
        norm: 0.0,
        rows: Vec::with_capacity(if measured { found.len() } else { 0 }),
        held: Collected {
            factor,
            ..Collected::of(Vec::new())
        },
    };
    for (one, task) in found.into_iter().zip(tasks) {
        optimizer.put(one.place, task.kept);
        told.norm += task.squares.unwrap_or_default();
        if task.held {
            told.held.found.push(one);
            told.held.squares.extend(task.squares);
        } else if measured {
            told.rows.push((one.place, task.row));
        }
    }
    told.norm = if norm { told.norm.sqrt() } else { f64::NAN };
    (network, told)
}

/// What all parameters have in common.
#[derive(Clone, Copy)]
struct Step<'a> {
    optimizer: &'a Optimizer,
    rate: Rate,
    /// Whether the squares of the gradients are wanted beside what is measured anyway.
    squares: bool,
    measured: bool,
    hold: bool,
}

impl<'a> Step<'a> {
    fn updaters(
        self,
        mut gradients: &'a [Found],
        mut tasks: &'a mut [Task],
        mut courses: &'a mut [Course],
        starts: &[usize],
    ) -> Vec<Updater<'a>> {
        let ends = starts.iter().skip(1).copied().chain([usize::MAX]);
        let updaters = starts.iter().zip(ends).map(|(&first, end)| {
            let own = gradients.iter().take_while(|one| one.place < end).count();
            let all = gradients;
            gradients = &all[own..];
            let own = tasks.split_off_mut(..own).unwrap_or_default();
            let known = courses.len().min(end - first);
            Updater {
                step: self,
                gradients: all,
                tasks: own,
                courses: courses.split_off_mut(..known).unwrap_or_default(),
                first,
            }
        });
        updaters.collect()
    }
}

/// What one parameter has of its own, and what becomes of it.
struct Task {
    kept: Kept,
    /// Σ of the squares of its gradient, once they are known.
    squares: Option<f64>,
    row: WeightRow,
    held: bool,
}

/// Steps parameters that stand one behind the other.
struct Updater<'a> {
    step: Step<'a>,
    /// Theirs, and those of all parameters behind them.
    gradients: &'a [Found],
    tasks: &'a mut [Task],
    courses: &'a mut [Course],
    /// The position of the first.
    first: usize,
}

impl ModuleMapper for Updater<'_> {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let Some((one, behind)) = self.gradients.split_first() else {
            return param;
        };
        if one.id != param.id {
            return param;
        }
        let Some(task) = self.tasks.split_off_first_mut() else {
            return param;
        };
        self.gradients = behind;
        let Step {
            optimizer,
            rate,
            squares,
            measured,
            hold,
        } = self.step;
        // A measured step finds them while it reads the gradient anyway.
        let missed = squares && task.squares.is_none();
        if missed {
            task.squares = Some(one.gradient.sum_of_squares());
            if let Some(next) = behind.first() {
                next.gradient.approach();
            }
        }
        if hold && task.squares.is_some_and(|squares| !squares.is_finite()) {
            task.held = true;
            return param;
        }
        let course = (measured && optimizer.is_matrix(one.place))
            .then(|| &mut self.courses[one.place - self.first]);
        if let Some(course) = course.as_deref() {
            claim(from_ref(course));
        }
        let (id, value, mapper) = param.consume();
        let (value, norms) = change(value, |value| {
            let kept = &mut task.kept;
            optimizer.step_at(one.place, kept, value, &one.gradient, rate, measured)
        });
        // The step has brought the gradient, and what was claimed has come meanwhile.
        task.row.heard = course.and_then(|course| course.add(&one.gradient));
        if let Some(norms) = norms {
            task.squares = task.squares.or(Some(norms.gradient * norms.gradient));
            task.row.norm = norms.weights;
            task.row.moved = Some(norms.moved);
        }
        task.row.gradient = task.squares.map(|squares| rate.factor * squares.sqrt());
        Param::from_mapped_value(id, value, mapper)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::nn::{Build, Cuts, Pass};
    use crate::optim::Places;
    use crate::session::prepare;
    use crate::train::accumulate::Source;
    use crate::train::judges;
    use burn::module::ModuleVisitor;
    use burn::tensor::{DType, Device};
    use isograd_core::describe::Document;
    use std::path::Path;

    #[derive(Default)]
    struct Weights(Vec<f32>);

    impl ModuleVisitor for Weights {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            self.0.extend(param.val().to_data().iter::<f32>());
        }
    }

    /// Norm and rows of each step.
    type All = Vec<(f64, Vec<(usize, WeightRow)>)>;

    /// Three steps of a deep network, in the second of which one gradient is not finite, and the weights
    /// after them; all that was told.
    fn steps(optimizer: &str, of_module: bool, measure: bool) -> (Vec<f32>, All) {
        let text = format!(
            "[data]\nsource = {{ name = \"blobs\", samples = 64, classes = 3 }}\n\
             [network]\nlayers = [{{ repeat = 30, layers = [{{ dense = 40 }}, \"batch_norm\", \"prelu\"] }}, \
             {{ dense = \"classes\" }}]\n[train]\nloss = \"cross_entropy\"\noptimizer = {optimizer}\n"
        );
        let document = Document::parse(&text, Path::new("a.toml")).unwrap();
        let prepared = prepare(&document, None).unwrap();
        let device = Device::flex().autodiff();
        let mut network = Build::new(3, device.clone()).network(&prepared.plan);
        let (loss, _) = judges(&prepared).unwrap();
        let mut optimizer = Optimizer::new(&prepared.description.train.optimizer);
        let places = Places::of(&prepared.plan);
        let mut courses = Vec::new();
        let mut told = Vec::new();
        for step in 0..3 {
            let source = Source {
                network: &network,
                cuts: &Cuts::none(),
                loss: &loss,
                device: &device,
                dtype: DType::F32,
                weights: false,
            };
            let rows: Vec<u32> = (0..20).map(|row| row + 4 * step).collect();
            let batch = prepared.data.train.batch(&rows);
            let batches = [(batch, Pass::train(1, u64::from(step)))];
            let mut gradients = source.gather(batches, rows.len()).unwrap().gradients;
            gradients.enlist(&network, &places, &mut optimizer);
            if step == 1 {
                gradients.found[40].gradient.change(|g| g * f64::NAN);
            }
            let telling = Telling {
                norm: true,
                rows: measure.then_some(&mut courses),
                hold: true,
            };
            let lr = optimizer.advance();
            let (after, new) = if of_module {
                update_module(network, gradients, &mut optimizer, lr, telling)
            } else {
                update_network(network, gradients, &mut optimizer, lr, telling)
            };
            network = after;
            let held: Vec<usize> = new.held.found.iter().map(|one| one.place).collect();
            assert_eq!(held.len(), usize::from(step == 1));
            assert_eq!(new.norm.is_finite(), step != 1);
            assert!(new.rows.iter().all(|(place, _)| !held.contains(place)));
            told.push((new.norm, new.rows));
        }
        let mut weights = Weights::default();
        network.visit(&mut weights);
        assert!(weights.0.iter().all(|w| w.is_finite()));
        (weights.0, told)
    }

    /// NaN is equal to NaN.
    fn shown<T: std::fmt::Debug>(x: T) -> String {
        format!("{x:?}")
    }

    #[test]
    fn a_network_without_gradients_stays_as_it_is() {
        let text = "[data]\nsource = \"blobs\"\n[network]\nlayers = [{ dense = \"classes\" }]\n\
                    [train]\nloss = \"cross_entropy\"\noptimizer = \"adamw\"\n";
        let document = Document::parse(text, Path::new("a.toml")).unwrap();
        let prepared = prepare(&document, None).unwrap();
        let device = Device::flex().autodiff();
        let network = Build::new(3, device).network(&prepared.plan);
        let mut optimizer = Optimizer::new(&prepared.description.train.optimizer);
        let mut none = Collected::of(Vec::new());
        none.enlist(&network, &Places::of(&prepared.plan), &mut optimizer);
        let lr = optimizer.advance();
        let of = |network: &Network| {
            let mut weights = Weights::default();
            network.visit(&mut weights);
            weights.0
        };
        let before = of(&network);
        let (after, told) = update_network(network, none, &mut optimizer, lr, Telling::default());
        assert!(of(&after) == before && told.held.is_empty());
    }

    #[test]
    fn any_number_of_threads_takes_the_same_step() {
        for optimizer in ["{ name = \"adamw\", weight_decay = 0.1 }", "\"lion\""] {
            for measure in [true, false] {
                let (weights, told) = steps(optimizer, true, measure);
                // Of each layer two parameters, of what follows it three; two of the last layer. One was held back.
                let rows: Vec<usize> = told.iter().map(|(_, rows)| rows.len()).collect();
                let all = if measure { [152, 151, 152] } else { [0; 3] };
                assert_eq!(rows, all);
                for threads in [1, 2, 3] {
                    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
                    let pool = pool.build().unwrap();
                    let found = pool.install(|| steps(optimizer, false, measure));
                    assert_eq!(found.0, weights);
                    assert_eq!(shown(found.1), shown(&told));
                }
            }
        }
    }
}
