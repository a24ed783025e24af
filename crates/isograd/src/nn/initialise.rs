//! Initial values for any Burn module.

use super::init::{Fans, sample};
use burn::module::{Module, ModuleMapper, Param};
use burn::tensor::{Tensor, TensorData};
use isograd_core::describe::network::Init;
use isograd_core::random::{Purpose, stream};

/// Draws the weights of a module anew, each from the stream of (`seed`, its path), and sets the
/// biases beside them to zero.
///
/// Weights are the parameters called `weight` with at least two dimensions: of dense layers inputs ×
/// outputs, of convolutions outputs × inputs × kernel, as Burn has them (transposed convolutions:
/// inputs × outputs × kernel). Embeddings, normalisations and everything of another name stay as they
/// are, and so does what is frozen.
///
/// ```
/// use burn::nn::LinearConfig;
/// use burn::tensor::Device;
/// use isograd::nn::initialise;
///
/// let layer = LinearConfig::new(300, 200).init(&Device::flex());
/// let layer = initialise(layer, &"he_normal".parse()?, 1);
/// let spread = layer.weight.val().var(0).mean().into_scalar::<f32>();
/// assert!((spread * 300.0 / 2.0 - 1.0).abs() < 0.05);
/// # Ok::<(), isograd_core::describe::DescribeError>(())
/// ```
pub fn initialise<M: Module>(module: M, init: &Init, seed: u64) -> M {
    let mut draw = Draw {
        init,
        seed,
        path: Vec::new(),
        containers: Vec::new(),
    };
    module.map(&mut draw)
}

struct Draw<'a> {
    init: &'a Init,
    seed: u64,
    path: Vec<String>,
    containers: Vec<String>,
}

impl Draw<'_> {
    /// The fans of a weight of these dimensions in the present container; `None`: not a weight.
    fn fans(&self, dims: &[usize]) -> Option<Fans> {
        let container = self.containers.last().map_or("", String::as_str);
        if self.path.last().is_none_or(|name| name != "weight") || container.contains("Embedding") {
            return None;
        }
        let area: usize = dims.get(2..)?.iter().product();
        let (first, second) = (dims[0], dims[1]);
        let inputs_first = dims.len() == 2 || container.contains("ConvTranspose");
        let (inputs, outputs) = if inputs_first {
            (first, second)
        } else {
            (second, first)
        };
        Some(Fans {
            fan_in: inputs * area,
            fan_out: outputs * area,
        })
    }
}

impl ModuleMapper for Draw<'_> {
    fn enter_module(&mut self, name: &str, container: &str) {
        self.path.push(name.to_owned());
        self.containers.push(container.to_owned());
    }

    fn exit_module(&mut self, _: &str, _: &str) {
        self.path.pop();
        self.containers.pop();
    }

    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let value = param.val();
        let dims = value.dims();
        let container = self.containers.last().map_or("", String::as_str);
        let of_weights = container.contains("Linear")
            || container.contains("Conv")
            || container.contains("Dense");
        let is_bias = D == 1 && of_weights && self.path.last().is_some_and(|name| name == "bias");
        let numbers = match self.fans(&dims) {
            _ if !param.is_require_grad() && value.is_autodiff() => return param,
            Some(fans) => {
                let path = self.path.join(".");
                let mut stream = stream(self.seed, Purpose::Init, &path, 0);
                sample(self.init, &dims, fans, &mut stream)
            }
            None if is_bias => vec![0.0; dims.iter().product()],
            None => return param,
        };
        let (device, dtype) = (value.device(), value.dtype());
        let grad = param.is_require_grad();
        param
            .map(|_| Tensor::from_data(TensorData::new(numbers, dims), (&device, dtype)))
            .set_require_grad(grad)
    }
}
