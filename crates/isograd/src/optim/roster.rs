//! The parameters of a module by their position in a visit, so that a step needs no names.

use super::parameter::{Parameter, Places};
use burn::module::{Module, ModuleVisitor, Param, ParamId};
use burn::tensor::Tensor;

/// The parameters of one module in the order in which they are visited, frozen ones and running
/// statistics among them.
#[derive(Debug, Default)]
pub(crate) struct Roster {
    members: Vec<Member>,
    /// Positions of the first parameter of each part of the module.
    starts: Vec<usize>,
    elements: usize,
}

#[derive(Debug)]
struct Member {
    id: ParamId,
    parameter: Parameter,
    /// Where the optimiser keeps its state.
    key: usize,
}

impl Roster {
    pub(super) fn of<M: Module>(
        module: &M,
        places: &Places,
        key: impl FnMut(&str) -> usize,
    ) -> Self {
        let mut names = Names {
            path: Vec::new(),
            places,
            key,
            roster: Self::default(),
        };
        module.visit(&mut names);
        names.roster
    }

    /// The position of a parameter at or behind `from`.
    pub(crate) fn find(&self, id: ParamId, from: usize) -> Option<usize> {
        let mut rest = self.members.iter().skip(from);
        rest.position(|member| member.id == id).map(|at| from + at)
    }

    /// The parameter at this position.
    pub(crate) fn parameter(&self, place: usize) -> &Parameter {
        &self.members[place].parameter
    }

    pub(super) fn at(&self, place: usize) -> (&Parameter, usize) {
        let member = &self.members[place];
        (&member.parameter, member.key)
    }

    /// Positions of the first parameter of each part of the module: of each node of a network.
    pub(crate) fn starts(&self) -> &[usize] {
        &self.starts
    }

    /// Numbers in all parameters.
    pub(crate) fn elements(&self) -> usize {
        self.elements
    }
}

struct Names<'a, F> {
    path: Vec<String>,
    places: &'a Places,
    key: F,
    roster: Roster,
}

impl<F: FnMut(&str) -> usize> ModuleVisitor for Names<'_, F> {
    fn enter_module(&mut self, name: &str, _: &str) {
        if self.path.is_empty() {
            self.roster.starts.push(self.roster.members.len());
        }
        self.path.push(name.to_owned());
    }

    fn exit_module(&mut self, _: &str, _: &str) {
        self.path.pop();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let path = self.path.join(".");
        let key = (self.key)(&path);
        let dims = param.dims();
        self.roster.elements += dims.iter().product::<usize>();
        let parameter = self.places.parameter(path, dims.to_vec());
        self.roster.members.push(Member {
            id: param.id,
            parameter,
            key,
        });
    }
}
