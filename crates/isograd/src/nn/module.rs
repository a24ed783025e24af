//! [`Network`] as a Burn module: the path of a parameter is its node's name and its own.

use super::network::Network;
use super::parameters::Parameters;
use burn::module::{Module, ModuleMapper, ModuleVisitor, Param, ParamId};
use burn::tensor::{Device, Tensor};
use isograd_core::describe::{NodeId, Plan};
use std::ops::Range;

impl Network {
    fn each(mut self, f: impl Fn(Parameters) -> Parameters) -> Self {
        self.parameters = self
            .parameters
            .into_iter()
            .map(|(node, p)| (node, f(p)))
            .collect();
        self
    }
}

impl Network {
    /// Visits the parameters of these nodes.
    pub(crate) fn visit_nodes<V: ModuleVisitor>(&self, nodes: Range<NodeId>, visitor: &mut V) {
        // They are in the order of the plan.
        let from = self.parameters.partition_point(|p| p.0 < nodes.start);
        let to = self.parameters.partition_point(|p| p.0 < nodes.end);
        for (node, parameters) in &self.parameters[from..to] {
            let name = &self.frame.plan.nodes[*node].name;
            visitor.enter_module(name, parameters.container());
            parameters.visit_inside(visitor);
            visitor.exit_module(name, parameters.container());
        }
    }
}

/// Applies a mapper to the parameters of nodes.
fn mapped<M: ModuleMapper>(
    plan: &Plan,
    parameters: Vec<(NodeId, Parameters)>,
    mapper: &mut M,
) -> Vec<(NodeId, Parameters)> {
    let each = parameters.into_iter().map(|(node, parameters)| {
        let name = &plan.nodes[node].name;
        let kind = parameters.container();
        mapper.enter_module(name, kind);
        let parameters = parameters.map_inside(mapper);
        mapper.exit_module(name, kind);
        (node, parameters)
    });
    each.collect()
}

impl Network {
    /// The first parameter of the second half of the nodes that have some, and which of them that half
    /// begins with; `None` of a network with few.
    pub(crate) fn middle(&self) -> Option<(usize, ParamId)> {
        /// Nodes below which one thread is enough.
        const FEW: usize = 16;
        if self.parameters.len() < FEW {
            return None;
        }
        let at = self.parameters.len() / 2;
        let mut first = First(None);
        self.parameters[at].1.visit_inside(&mut first);
        Some((at, first.0?))
    }

    /// [`Module::map`] with one mapper for the nodes in front of the `at`-th that has parameters and one
    /// for the others, at the same time.
    pub(crate) fn map_halves<M: ModuleMapper + Send>(
        mut self,
        at: usize,
        [front, behind]: [&mut M; 2],
    ) -> Self {
        let mut first = std::mem::take(&mut self.parameters);
        let second = first.split_off(at);
        let plan = &self.frame.plan;
        let (mut first, second) = rayon::join(
            || mapped(plan, first, front),
            || mapped(plan, second, behind),
        );
        first.extend(second);
        self.parameters = first;
        self
    }
}

/// Finds the first parameter.
struct First(Option<ParamId>);

impl ModuleVisitor for First {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        self.0 = self.0.or(Some(param.id));
    }
}

impl Module for Network {
    fn collect_devices(&self, devices: Vec<Device>) -> Vec<Device> {
        self.parameters
            .iter()
            .fold(devices, |devices, (_, p)| p.collect_devices(devices))
    }

    fn fork(self, device: &Device) -> Self {
        self.each(|p| p.fork(device))
    }

    fn to_device(self, device: &Device) -> Self {
        self.each(|p| p.to_device(device))
    }

    fn train(self) -> Self {
        self.each(Module::train)
    }

    fn valid(&self) -> Self {
        let parameters = self
            .parameters
            .iter()
            .map(|(node, p)| (*node, p.valid()))
            .collect();
        Self {
            frame: self.frame.clone(),
            parameters,
            slots: self.slots.clone(),
        }
    }

    fn materialize(self) -> Self {
        self.each(Module::materialize)
    }

    fn visit<V: ModuleVisitor>(&self, visitor: &mut V) {
        self.visit_nodes(0..self.frame.plan.nodes.len(), visitor);
    }

    fn map<M: ModuleMapper>(mut self, mapper: &mut M) -> Self {
        let parameters = std::mem::take(&mut self.parameters);
        self.parameters = mapped(&self.frame.plan, parameters, mapper);
        self
    }
}
