//! [`Network`] as a Burn module: the path of a parameter is its node's name and its own.

use super::network::Network;
use super::parameters::Parameters;
use burn::module::{Module, ModuleMapper, ModuleVisitor};
use burn::tensor::Device;
use isograd_core::describe::{NodeId, Plan};
use isograd_kernels::threads::wake;
use rayon::prelude::*;
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

    /// Maps the parameters of each node that has some with a mapper of its own, on all threads; one of them
    /// takes at least so many nodes at a time.
    pub(crate) fn map_nodes<M: ModuleMapper + Send>(
        mut self,
        mappers: Vec<M>,
        least: usize,
    ) -> Self {
        let all = self.parameters.len();
        assert_eq!(mappers.len(), all, "a mapper for each node with parameters");
        let least = least.max(1);
        if least < all {
            wake();
        }
        let plan = &self.frame.plan;
        self.parameters = self
            .parameters
            .into_par_iter()
            .with_min_len(least)
            .zip(mappers)
            .map(|(entry, mut mapper)| map_node(plan, entry, &mut mapper))
            .collect();
        self
    }
}

/// Maps the parameters of one node.
fn map_node<M: ModuleMapper>(
    plan: &Plan,
    (node, parameters): (NodeId, Parameters),
    mapper: &mut M,
) -> (NodeId, Parameters) {
    let name = &plan.nodes[node].name;
    let kind = parameters.container();
    mapper.enter_module(name, kind);
    let parameters = parameters.map_inside(mapper);
    mapper.exit_module(name, kind);
    (node, parameters)
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
        let plan = &self.frame.plan;
        self.parameters = self
            .parameters
            .into_iter()
            .map(|entry| map_node(plan, entry, mapper))
            .collect();
        self
    }
}
