//! [`Network`] as a Burn module: the path of a parameter is its node's name and its own.

use super::network::{Network, Parameters};
use burn::module::{Module, ModuleMapper, ModuleVisitor};
use burn::tensor::Device;

/// What Burn calls the container of a node's parameters.
fn container(parameters: &Parameters) -> &'static str {
    match parameters {
        Parameters::Dense(_) => "Dense",
        Parameters::Conv2d(_) => "Conv2d",
        Parameters::BatchNorm(_) => "BatchNorm",
        Parameters::LayerNorm(_) => "LayerNorm",
    }
}

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
        for (node, parameters) in &self.parameters {
            let name = &self.frame.plan.nodes[*node].name;
            visitor.enter_module(name, container(parameters));
            each_visit(parameters, visitor);
            visitor.exit_module(name, container(parameters));
        }
    }

    fn map<M: ModuleMapper>(mut self, mapper: &mut M) -> Self {
        let frame = self.frame.clone();
        self.parameters = self
            .parameters
            .into_iter()
            .map(|(node, parameters)| {
                let name = &frame.plan.nodes[node].name;
                let kind = container(&parameters);
                mapper.enter_module(name, kind);
                let parameters = each_map(parameters, mapper);
                mapper.exit_module(name, kind);
                (node, parameters)
            })
            .collect();
        self
    }
}

// The variant of the enum is not part of a path, so its module is visited directly.
fn each_visit<V: ModuleVisitor>(parameters: &Parameters, visitor: &mut V) {
    match parameters {
        Parameters::Dense(p) => p.visit(visitor),
        Parameters::Conv2d(p) => p.visit(visitor),
        Parameters::BatchNorm(p) => p.visit(visitor),
        Parameters::LayerNorm(p) => p.visit(visitor),
    }
}

fn each_map<M: ModuleMapper>(parameters: Parameters, mapper: &mut M) -> Parameters {
    match parameters {
        Parameters::Dense(p) => Parameters::Dense(p.map(mapper)),
        Parameters::Conv2d(p) => Parameters::Conv2d(p.map(mapper)),
        Parameters::BatchNorm(p) => Parameters::BatchNorm(p.map(mapper)),
        Parameters::LayerNorm(p) => Parameters::LayerNorm(p.map(mapper)),
    }
}
