//! A model of one's own: Burn's layers beside isograd's, initialised, probed and clipped.

use burn::module::Module;
use burn::nn::loss::CrossEntropyLossConfig;
use burn::nn::{Linear, LinearConfig};
use burn::tensor::activation::tanh;
use burn::tensor::{Device, Tensor};
use isograd::prelude::*;

#[derive(Module, Debug)]
struct Net {
    stem: Linear,
    body: Vec<Dense>,
    norm: LayerNorm,
    head: Linear,
}

impl Net {
    fn new(inputs: usize, classes: usize, device: &Device) -> Self {
        Self {
            stem: LinearConfig::new(inputs, 32).init(device),
            body: (0..8).map(|_| Dense::new(32, 32, device)).collect(),
            norm: LayerNorm::new(32, device),
            head: LinearConfig::new(32, classes).init(device),
        }
    }

    fn forward(&self, x: Tensor<2>, probes: &Probes) -> Tensor<2> {
        let mut x = probes.see("stem", tanh(self.stem.forward(x)));
        for (i, dense) in self.body.iter().enumerate() {
            x = probes.see(&format!("body{i}"), tanh(dense.forward(x)));
        }
        self.head.forward(self.norm.forward(x, 1e-5))
    }
}

#[allow(clippy::print_stdout)]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    let device = Device::flex().autodiff();
    let data = Data::from_spec(&"spirals".parse()?, 1)?;
    let net = Net::new(data.train.elements, data.shape.task.outputs(), &device);
    let mut net = initialise(net, &"glorot_uniform".parse()?, 1);
    let mut optimizer = Optimizer::new(&r#"{ name = "adamw", lr = 3e-3 }"#.parse()?);
    let clip = "{ global_norm = 2.0 }".parse()?;
    let (probes, loss) = (Probes::new(), CrossEntropyLossConfig::new().init(&device));
    for epoch in 0..10 {
        let mut losses = Vec::new();
        for batch in data.batches(64, 1, epoch) {
            let y = net.forward(batch.x(&device), &probes);
            let value = loss.forward(y, batch.labels(&device));
            losses.push(value.clone().into_scalar::<f32>());
            (net, _) = optimizer.update(net, value.backward(), &clip);
        }
        let mean = losses.iter().sum::<f32>() / losses.len() as f32;
        println!("\nepoch {epoch}: loss {mean:.3}\n{}", probes.take());
    }
    Ok(())
}
