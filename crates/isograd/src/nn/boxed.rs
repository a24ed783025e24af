//! A large module behind a pointer.

use burn::module::{
    Content, DisplaySettings, Module, ModuleDisplay, ModuleDisplayDefault, ModuleMapper,
    ModuleVisitor,
};
use burn::tensor::Device;
use std::ops::{Deref, DerefMut};

/// A module on the heap, with the paths that it has without: a list of many modules stays short where
/// few of them are large.
#[derive(Clone, Debug)]
pub struct Boxed<M>(Box<M>);

impl<M> Boxed<M> {
    /// Puts it there.
    pub fn new(module: M) -> Self {
        Self(Box::new(module))
    }

    fn each(mut self, f: impl FnOnce(M) -> M) -> Self {
        *self.0 = f(*self.0);
        self
    }
}

impl<M> Deref for Boxed<M> {
    type Target = M;

    fn deref(&self) -> &M {
        &self.0
    }
}

impl<M> DerefMut for Boxed<M> {
    fn deref_mut(&mut self) -> &mut M {
        &mut self.0
    }
}

impl<M: Module> Module for Boxed<M> {
    fn collect_devices(&self, devices: Vec<Device>) -> Vec<Device> {
        self.0.collect_devices(devices)
    }

    fn fork(self, device: &Device) -> Self {
        self.each(|module| module.fork(device))
    }

    fn to_device(self, device: &Device) -> Self {
        self.each(|module| module.to_device(device))
    }

    fn train(self) -> Self {
        self.each(Module::train)
    }

    fn valid(&self) -> Self {
        Self::new(self.0.valid())
    }

    fn materialize(self) -> Self {
        self.each(Module::materialize)
    }

    fn visit<V: ModuleVisitor>(&self, visitor: &mut V) {
        self.0.visit(visitor);
    }

    fn map<Mapper: ModuleMapper>(self, mapper: &mut Mapper) -> Self {
        self.each(|module| module.map(mapper))
    }
}

impl<M: ModuleDisplay> ModuleDisplay for Boxed<M> {
    fn format(&self, settings: DisplaySettings) -> String {
        self.0.format(settings)
    }

    fn custom_settings(&self) -> Option<DisplaySettings> {
        self.0.custom_settings()
    }

    fn custom_content(&self, content: Content) -> Option<Content> {
        self.0.custom_content(content)
    }
}

impl<M: ModuleDisplayDefault> ModuleDisplayDefault for Boxed<M> {
    fn content(&self, content: Content) -> Option<Content> {
        self.0.content(content)
    }

    fn num_params(&self) -> usize {
        self.0.num_params()
    }
}
