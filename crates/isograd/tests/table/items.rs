//! The table: one line an item. A name begins with the word of the description that it is about.

use super::cells;
use super::closed_form::closed_form;
use super::difficulty;
use super::loops;
use super::differences::{FLAT, IMAGE, SEQUENCE, differences, loss_differences};
use super::distribution::{FAN_IN, FAN_OUT, Law, distribution, std_of_truncated, weights};
use super::item::Item;
use super::rates::rates;
use super::sequences::sequences;
use super::matrices;
use super::skips::skips;
use super::torch::torch;
use super::trajectory::trajectory;
use isograd_core::describe::Task;
use isograd_core::describe::data::TargetKind;

pub(crate) fn all() -> Vec<Item> {
    let families = [
        activations(),
        initialisations(),
        normalisation(),
        layers(),
        recurrent(),
        architecture(),
        skips(),
        sequences(),
        matrices::items(),
        losses(),
        optimizers(),
        schedules(),
        super::shapes::all(),
        curricula(),
    ];
    families.into_iter().flatten().collect()
}

/// An activation between two dense layers, by central differences. Kinks are as likely as a zero of
/// a continuous density: the inputs stay away from them.
fn slope(phi: &str) -> Item {
    let layers = format!(r#"{{ dense = 6 }}, "{phi}", {{ dense = 3 }}"#);
    differences("activation", phi, &layers, FLAT)
}

fn activations() -> Vec<Item> {
    let family = "activation";
    let torch = |name, path| torch(family, name, path);
    vec![
        torch("sigmoid", "activations/dense-sigmoid"),
        torch("hard_sigmoid", "activations/dense-hard_sigmoid"),
        torch("tanh", "activations/dense-tanh"),
        torch("softsign", "activations/dense-softsign"),
        torch("softplus", "activations/dense-softplus"),
        torch("relu", "activations/dense-relu"),
        torch("leaky_relu", "activations/dense-leaky_relu"),
        torch("leaky_relu, slope", "activations/dense-leaky-relu-slope"),
        torch("elu", "activations/dense-elu"),
        torch("celu", "activations/dense-celu"),
        torch("celu, alpha", "activations/dense-celu-alpha"),
        torch("scaled_tanh", "activations/dense-scaled-tanh"),
        torch("prelu", "activations/dense-prelu"),
        torch("prelu, one slope a feature", "activations/dense-prelu-channels"),
        torch("prelu, one slope a channel", "activations/conv-prelu-channels"),
        torch("selu", "activations/dense-selu"),
        torch("gelu", "activations/dense-gelu"),
        torch("silu", "activations/dense-silu"),
        torch("mish", "activations/dense-mish"),
        torch("exponential", "activations/dense-exponential"),
        torch("softmax", "activations/dense-softmax"),
        torch("softmax, over the batch", "activations/softmax-over-batch"),
        slope("linear"),
        slope("sigmoid"),
        slope("hard_sigmoid"),
        slope("tanh"),
        slope("softsign"),
        slope("softplus"),
        slope("relu"),
        slope("leaky_relu"),
        slope("elu"),
        slope("selu"),
        slope("gelu"),
        slope("silu"),
        slope("mish"),
        slope("exponential"),
        slope("celu"),
        slope("scaled_tanh"),
        slope("prelu"),
        differences(family, "prelu, sequences", r#"{ dense = 4 }, { prelu = 0.3, slopes = "per_channel" }, "flatten", { dense = 3 }"#, SEQUENCE),
        differences(family, "tailored", r#"{ repeat = 30, layers = [ { dense = 5, init = "critical" }, "tailored" ] }, { dense = 3 }"#, FLAT),
        differences(family, "tailored, tanh", r#"{ repeat = 5, layers = [ { dense = 5, init = "critical" }, { tailored = true, shape = "tanh" } ] }, { dense = 3 }"#, FLAT),
        differences(family, "softmax", r#"{ dense = 3 }, "softmax""#, FLAT),
        differences(family, "softmax, over the batch", r#"{ dense = 3 }, { softmax = true, axis = "batch" }"#, FLAT),
    ]
}

fn initialisations() -> Vec<Item> {
    use Law::{Normal, Truncated, Uniform};
    // Published forms: Glorot limit √(6/(in + out)), He limit √(6/in), LeCun limit √(3/in).
    let (fan_in, both, gain) = (FAN_IN as f64, (FAN_IN + FAN_OUT) as f64, 1.5);
    // Truncation keeps the variance.
    let cut = |std: f64| Truncated(0.0, std / std_of_truncated());
    vec![
        distribution("glorot_uniform", r#"{ name = "glorot_uniform", gain = 1.5 }"#, Law::within(gain * (6.0 / both).sqrt())),
        distribution("glorot_normal", r#"{ name = "glorot_normal", gain = 1.5 }"#, Normal(0.0, gain * (2.0 / both).sqrt())),
        distribution("glorot_normal, truncated", r#"{ name = "glorot_normal", gain = 1.5, truncated = true }"#, cut(gain * (2.0 / both).sqrt())),
        distribution("he_uniform", r#""he_uniform""#, Law::within((6.0 / fan_in).sqrt())),
        distribution("he_normal", r#""he_normal""#, Normal(0.0, (2.0 / fan_in).sqrt())),
        distribution("he_normal, truncated", r#"{ name = "he_normal", truncated = true }"#, cut((2.0 / fan_in).sqrt())),
        distribution("lecun_uniform", r#"{ name = "lecun_uniform", gain = 1.5 }"#, Law::within(gain * (3.0 / fan_in).sqrt())),
        distribution("lecun_normal", r#"{ name = "lecun_normal", gain = 1.5 }"#, Normal(0.0, gain / fan_in.sqrt())),
        distribution("lecun_normal, truncated", r#"{ name = "lecun_normal", gain = 1.5, truncated = true }"#, cut(gain / fan_in.sqrt())),
        distribution("torch_default", r#""torch_default""#, Law::within(1.0 / fan_in.sqrt())),
        distribution("uniform", r#"{ name = "uniform", min = -0.25, max = 0.75 }"#, Uniform(-0.25, 0.75)),
        distribution("normal", r#"{ name = "normal", mean = -1.0, std = 0.3 }"#, Normal(-1.0, 0.3)),
        distribution("truncated_normal", r#"{ name = "truncated_normal", mean = 2.0, std = 0.3 }"#, Truncated(2.0, 0.3)),
        closed_form("init", "constant", "every weight is −5", || (weights(r#"{ name = "constant", value = -5.0 }"#).unwrap(), vec![-5.0; FAN_IN * FAN_OUT])).within(0.0, 0.0),
        closed_form("init", "zeros", "every weight is 0", || (weights(r#""zeros""#).unwrap(), vec![0.0; FAN_IN * FAN_OUT])).within(0.0, 0.0),
        closed_form("init", "ones", "every weight is 1", || (weights(r#""ones""#).unwrap(), vec![1.0; FAN_IN * FAN_OUT])).within(0.0, 0.0),
    ]
}

fn normalisation() -> Vec<Item> {
    let family = "normalisation";
    let torch = |name, path| torch(family, name, path);
    let differences = |name, layers, input| differences(family, name, layers, input);
    vec![
        torch("batch_norm, training", "normalisation/batch-norm-train"),
        torch("batch_norm, evaluation", "normalisation/batch-norm-eval"),
        torch("batch_norm, images, training", "normalisation/batch-norm-image-train"),
        torch("batch_norm, images, evaluation", "normalisation/batch-norm-image-eval"),
        torch("batch_norm, not updated", "normalisation/batch-norm-not-updated-eval"),
        differences("batch_norm", r#"{ dense = 6 }, "batch_norm", "tanh", { dense = 3 }"#, FLAT),
        differences("batch_norm, sequences", r#"{ dense = 4 }, "batch_norm", "flatten", { dense = 3 }"#, SEQUENCE),
        torch("layer_norm", "normalisation/layer-norm"),
        torch("layer_norm, images", "normalisation/layer-norm-image"),
        differences("layer_norm", r#"{ dense = 6 }, "layer_norm", "tanh", { dense = 3 }"#, FLAT),
        differences("layer_norm, images", r#""layer_norm", "flatten", { dense = 3 }"#, IMAGE),
    ]
}

fn layers() -> Vec<Item> {
    let family = "layer";
    let torch = |name, path| torch(family, name, path);
    let differences = |name, layers, input| differences(family, name, layers, input);
    vec![
        torch("dense, without bias", "activations/dense-without-bias"),
        differences("dense", r#"{ dense = 4 }, { dense = "classes" }"#, FLAT),
        differences("dense, without bias", r"{ dense = 3, bias = false }", FLAT),
        differences("dense, sequences", r#"{ dense = 4 }, "tanh", "flatten", { dense = 3 }"#, SEQUENCE),
        torch("dropout, evaluation", "activations/dropout-in-evaluation"),
        differences("dropout", r"{ dense = 8 }, { dropout = 0.4 }, { dense = 3 }", FLAT),
        torch("conv2d, same", "convolution/conv-same"),
        torch("conv2d, valid", "convolution/conv-valid"),
        torch("conv2d, stride", "convolution/conv-valid-stride"),
        torch("conv2d, padding given", "convolution/conv-explicit"),
        torch("conv2d, one row of padding", "convolution/conv-same-stride-asymmetric"),
        torch("conv2d, even kernel", "convolution/conv-same-even-kernel"),
        torch("conv2d, pointwise without bias", "convolution/conv-pointwise-without-bias"),
        torch("conv2d, rectangular stride", "convolution/conv-rectangular-stride"),
        differences("conv2d, same", r#"{ conv2d = 3 }, "tanh", "flatten", { dense = 3 }"#, IMAGE),
        differences("conv2d, valid", r#"{ conv2d = 3, padding = "valid" }, "tanh", "flatten", { dense = 3 }"#, IMAGE),
        differences("conv2d, asymmetric", r#"{ conv2d = 3, kernel = [4, 2], stride = [2, 1] }, "tanh", "flatten", { dense = 3 }"#, IMAGE),
        differences("conv2d, without bias", r#"{ conv2d = 3, bias = false }, "batch_norm", "tanh", "flatten", { dense = 3 }"#, IMAGE),
        torch("max_pool2d, valid", "pooling/max-pool-valid"),
        torch("max_pool2d, overlapping", "pooling/max-pool-overlapping"),
        torch("max_pool2d, same", "pooling/max-pool-same"),
        torch("max_pool2d, same, asymmetric", "pooling/max-pool-same-asymmetric"),
        torch("max_pool2d, padding given", "pooling/max-pool-explicit"),
        differences("max_pool2d", r#"{ conv2d = 3 }, { max_pool2d = 2 }, "flatten", { dense = 3 }"#, IMAGE),
        differences("max_pool2d, same", r#"{ conv2d = 3 }, { max_pool2d = 3, stride = 2, padding = "same" }, "flatten", { dense = 3 }"#, IMAGE),
        torch("avg_pool2d, valid", "pooling/avg-pool-valid"),
        torch("avg_pool2d, overlapping", "pooling/avg-pool-overlapping"),
        torch("avg_pool2d, same", "pooling/avg-pool-same"),
        torch("avg_pool2d, same, asymmetric", "pooling/avg-pool-same-asymmetric"),
        torch("avg_pool2d, padding given", "pooling/avg-pool-explicit"),
        differences("avg_pool2d", r#"{ conv2d = 3 }, { avg_pool2d = 2 }, "flatten", { dense = 3 }"#, IMAGE),
        differences("avg_pool2d, same", r#"{ conv2d = 3 }, { avg_pool2d = 3, stride = 2, padding = "same" }, "flatten", { dense = 3 }"#, IMAGE),
        torch("global_max_pool", "pooling/global-max-pool"),
        torch("global_avg_pool", "pooling/global-avg-pool"),
        differences("global_max_pool", r#"{ conv2d = 4 }, "tanh", "global_max_pool", { dense = 3 }"#, IMAGE),
        differences("global_avg_pool", r#"{ conv2d = 4 }, "tanh", "global_avg_pool", { dense = 3 }"#, IMAGE),
        torch("upsampling2d", "convolution/upsampling"),
        differences("upsampling2d", r#"{ upsampling2d = [2, 3] }, { conv2d = 2 }, "tanh", "flatten", { dense = 3 }"#, IMAGE),
        differences("flatten", r#""flatten", { dense = 3 }"#, IMAGE),
    ]
}

fn recurrent() -> Vec<Item> {
    let cells = [("rnn", "rnn"), ("rnn, relu", "rnn-relu"), ("gru", "gru"), ("lstm", "lstm")];
    let kinds = [
        ("", "sequence"),
        (", last", "last"),
        (", bidirectional", "bidirectional"),
        (", bidirectional, last", "bidirectional-last"),
        (", stacked", "stacked"),
        (", without bias", "without-bias"),
        (", truncated", "truncated"),
        (", truncated, last", "truncated-last"),
        (", layer norm", "layer-norm"),
        (", layer norm, bidirectional", "layer-norm-bidirectional"),
        (", in a residual", "residual"),
    ];
    let against_torch = cells.iter().flat_map(|(cell, tag)| {
        kinds.iter().map(move |(kind, case)| {
            let item = torch("recurrent", &format!("{cell}{kind}"), &format!("recurrent/{tag}-{case}"));
            // Four numbers normalised in single precision, at every step: two digits go on the way.
            if kind.contains("norm") { item.within(1e-8, 1e-4) } else { item }
        })
    });
    let differences = |name, layers: &str| differences("recurrent", name, &format!(r#"{layers}, "flatten", {{ dense = 3 }}"#), SEQUENCE);
    // Glorot's limit of one gate's matrix, from the input and from the state.
    let (from_input, from_state) = ((6.0f64 / 448.0).sqrt(), (6.0f64 / 800.0).sqrt());
    let gate = "{ lstm = 400, bidirectional = true }";
    let same = |x: f64| x;
    let own = [
        cells::drawn("lstm, input weights", gate, "input_weight", 5, same, Law::within(from_input)),
        cells::drawn("lstm, recurrent weights", r#"{ lstm = 400, bidirectional = true, recurrent_init = "glorot_uniform" }"#, "recurrent_weight", 2, same, Law::within(from_state)),
        cells::drawn("gru, PyTorch's weights", r#"{ gru = 400, init = "torch_default" }"#, "input_weight", 1, same, Law::within(0.05)),
        cells::drawn("lstm, chrono", "{ lstm = 400, chrono = 300 }", "input_bias", 1, f64::exp, Law::Uniform(1.0, 299.0)),
        cells::drawn("gru, chrono", "{ gru = 400, chrono = 300 }", "input_bias", 1, f64::exp, Law::Uniform(1.0, 299.0)),
        closed_form("recurrent", "gru, recurrent weights", "WᵀW = I of each gate", cells::orthogonal_gates),
        closed_form("recurrent", "lstm, chrono, input gate", "Tallec and Ollivier 2018: b_i = −b_f", cells::input_gate),
        closed_form("recurrent", "lstm, forget bias", "b_f = 1.5, others 0", cells::forget_bias),
        closed_form("recurrent", "lstm, forget bias, default", "b_f = 1, others 0", cells::default_bias),
        differences("rnn", r"{ rnn = 4 }"),
        differences("gru, bidirectional", r"{ gru = 3, bidirectional = true }"),
        differences("lstm, stacked", r#"{ lstm = 3 }, { lstm = 3, return = "last" }"#),
        differences("rnn, layer norm", r#"{ rnn = 4, norm = "layer" }"#),
        differences("gru, layer norm", r#"{ gru = 4, norm = "layer" }"#),
        differences("lstm, layer norm, in a residual", r#"{ lstm = 3 }, { residual = { layers = [{ lstm = 3, norm = "layer" }] } }"#),
    ];
    against_torch.chain(own).collect()
}

fn architecture() -> Vec<Item> {
    let family = "architecture";
    let torch = |name, path| torch(family, name, path);
    let differences = |name, layers, input| differences(family, name, layers, input);
    vec![
        torch("residual, identity", "composition/residual-identity"),
        torch("residual, projection", "composition/residual-projection"),
        torch("residual, images, identity", "composition/residual-image-identity"),
        torch("residual, images, projection", "composition/residual-image-projection"),
        torch("residual, nested", "composition/residual-nested"),
        torch("residual, small ResNet, training", "composition/resnet-small-train"),
        torch("residual, small ResNet, evaluation", "composition/resnet-small-eval"),
        torch("repeat, 30 × tanh", "composition/deep-tanh-30"),
        torch("repeat, 30 × relu", "composition/deep-relu-30"),
        torch("repeat, 8 × sigmoid", "composition/deep-sigmoid-8"),
        torch("repeat, 8 × residual", "composition/deep-residual-8"),
        differences("residual", r#"{ dense = 6 }, { residual = { layers = [ { dense = 6 }, "tanh" ] } }, { dense = 3 }"#, FLAT),
        differences("residual, projection", r#"{ residual = { layers = [ { dense = 7 }, "tanh" ] } }, { dense = 3 }"#, FLAT),
        differences("residual, images", r#"{ residual = { layers = [ { conv2d = 4, stride = 2 }, "batch_norm", "tanh" ] } }, "global_avg_pool", { dense = 3 }"#, IMAGE),
        differences("residual, nested, repeated", r#"{ repeat = 2, layers = [ { residual = { layers = [ { dense = 5 }, { residual = { layers = [ { dense = 5 }, "tanh" ] } } ] } } ] }, { dense = 3 }"#, FLAT),
        differences("repeat, 30 × tanh", r#"{ repeat = 30, layers = [ { dense = 6 }, "tanh" ] }, { dense = 3 }"#, FLAT),
    ]
}

fn losses() -> Vec<Item> {
    let torch = |name, path| torch("loss", name, path);
    let two = Task::Regression { targets: 2 };
    vec![
        torch("cross_entropy", "losses/loss-cross-entropy-logits"),
        torch("cross_entropy, large logits", "losses/loss-cross-entropy-logits-large"),
        torch("cross_entropy, sum", "losses/loss-cross-entropy-logits-sum"),
        torch("cross_entropy, mean over classes", "losses/loss-cross-entropy-logits-mean-over-classes"),
        torch("cross_entropy, probabilities", "losses/loss-cross-entropy-probabilities"),
        torch("cross_entropy, clipped", "losses/loss-cross-entropy-probabilities-clipped"),
        torch("cross_entropy, unclipped", "losses/loss-cross-entropy-probabilities-unclipped"),
        torch("cross_entropy, renormalised", "losses/loss-cross-entropy-renormalised"),
        torch("cross_entropy, not renormalised", "losses/loss-cross-entropy-not-renormalised"),
        torch("cross_entropy, sum over the batch", "losses/loss-cross-entropy-sum-over-batch"),
        torch("binary_cross_entropy", "losses/loss-binary-logits"),
        torch("binary_cross_entropy, large logits", "losses/loss-binary-logits-large"),
        torch("binary_cross_entropy, sum over outputs", "losses/loss-binary-logits-sum-over-outputs"),
        torch("binary_cross_entropy, probabilities", "losses/loss-binary-probabilities"),
        torch("binary_cross_entropy, clipped", "losses/loss-binary-probabilities-clipped"),
        loss_differences("binary_cross_entropy", r#""binary_cross_entropy""#, Task::Binary, TargetKind::Binary),
        torch("mse", "losses/loss-mse"),
        torch("mse, sum", "losses/loss-mse-sum"),
        torch("mse, factor", "losses/loss-mse-factor"),
        torch("mse, pairwise", "losses/loss-mse-pairwise"),
        loss_differences("mse", r#""mse""#, two, TargetKind::Real),
        torch("mae", "losses/loss-mae"),
        loss_differences("mae", r#""mae""#, two, TargetKind::Real),
        torch("hinge", "losses/loss-hinge"),
        loss_differences("hinge", r#""hinge""#, Task::Binary, TargetKind::Binary),
        torch("angle", "losses/loss-angle"),
        torch("angle, unclipped", "losses/loss-angle-unclipped"),
        torch("cross_entropy, smoothed", "losses/loss-cross-entropy-smoothed"),
        torch("cross_entropy, probabilities, smoothed", "losses/loss-cross-entropy-probabilities-smoothed"),
        torch("cross_entropy, class weights", "losses/loss-cross-entropy-weighted"),
        torch("cross_entropy, probabilities, class weights", "losses/loss-cross-entropy-probabilities-weighted"),
        torch("cross_entropy, smoothed, class weights", "losses/loss-cross-entropy-smoothed-weighted"),
        torch("binary_cross_entropy, smoothed", "losses/loss-binary-smoothed"),
        torch("binary_cross_entropy, positive weight", "losses/loss-binary-logits-positive-weight"),
        torch("binary_cross_entropy, probabilities, positive weight", "losses/loss-binary-probabilities-positive-weight"),
        torch("squared_hinge", "losses/loss-squared-hinge"),
        torch("huber", "losses/loss-huber"),
        torch("huber, delta", "losses/loss-huber-delta"),
        torch("msle", "losses/loss-msle"),
        torch("msle, below zero", "losses/loss-msle-below-zero"),
        torch("kld", "losses/loss-kld-logits"),
        torch("kld, probabilities", "losses/loss-kld-probabilities"),
        torch("poisson", "losses/loss-poisson"),
        torch("poisson, log rate", "losses/loss-poisson-log-rate"),
        loss_differences("cross_entropy, smoothed, class weights", r#"{ name = "cross_entropy", label_smoothing = 0.1, class_weights = [0.5, 2.0, 1.0] }"#, Task::Classification { classes: 3 }, TargetKind::Index),
        loss_differences("binary_cross_entropy, positive weight", r#"{ name = "binary_cross_entropy", pos_weight = 3.0 }"#, Task::Binary, TargetKind::Binary),
        loss_differences("squared_hinge", r#""squared_hinge""#, Task::Binary, TargetKind::Binary),
        loss_differences("huber", r#"{ name = "huber", delta = 0.5 }"#, two, TargetKind::Real),
        loss_differences("poisson", r#"{ name = "poisson", log_rate = true }"#, two, TargetKind::Real),
        loss_differences("kld", r#""kld""#, Task::Classification { classes: 3 }, TargetKind::OneHot),
    ]
}

fn optimizers() -> Vec<Item> {
    vec![
        trajectory("sgd"),
        trajectory("sgd-momentum"),
        trajectory("sgd-nesterov"),
        trajectory("sgd-weight-decay"),
        trajectory("sgd-decay"),
        trajectory("sgd-wrong-sign"),
        trajectory("sgd-clip-value"),
        trajectory("sgd-clip-global-norm"),
        trajectory("sgd-clip-both"),
        trajectory("adam"),
        trajectory("adam-constants"),
        trajectory("adamw"),
        trajectory("rmsprop"),
        trajectory("rmsprop-epsilon"),
        trajectory("adagrad"),
        trajectory("adadelta"),
        trajectory("adam-l2"),
        trajectory("adam-decoupled"),
        trajectory("rmsprop-l2"),
        trajectory("adagrad-l2"),
        trajectory("adadelta-l2"),
        trajectory("sgd-decoupled"),
        trajectory("nadam"),
        trajectory("nadam-l2"),
        trajectory("nadam-decoupled"),
        trajectory("sign"),
        trajectory("sign-momentum"),
        trajectory("sign-decoupled"),
        trajectory("lion"),
        trajectory("lion-decay"),
        trajectory("lamb"),
        trajectory("lamb-without-decay"),
        trajectory("adan"),
        trajectory("adan-without-decay"),
        trajectory("muon"),
        trajectory("muon-without-nesterov"),
        trajectory("sgd-clip-norm"),
        trajectory("sgd-clip-adaptive"),
        trajectory("sgd-clip-adaptive-small"),
        trajectory("sgd-clip-all"),
    ]
}

fn schedules() -> Vec<Item> {
    vec![
        rates("constant"),
        rates("constant-warmup"),
        rates("step"),
        rates("step-epochs"),
        rates("multi_step"),
        rates("cosine"),
        rates("cosine-floor-warmup"),
        rates("cosine-epochs"),
        rates("cosine-restarts"),
        rates("cosine-restarts-equal"),
        rates("exponential"),
        rates("exponential-epochs-warmup"),
        rates("polynomial"),
        rates("polynomial-short"),
        rates("linear"),
        rates("linear-warmup"),
        rates("noam"),
        rates("one_cycle"),
        rates("one_cycle-linear"),
        rates("plateau"),
        rates("plateau-cooldown"),
        rates("plateau-floor"),
        rates("plateau-not-a-number"),
    ]
}

fn curricula() -> Vec<Item> {
    let wu = "Wu et al. 2021, pacing functions";
    vec![
        closed_form("loop", "accumulation", "one batch of the same examples", loops::accumulation).within(1e-5, 1e-5),
        closed_form("loop", "checkpoint", "the same network in one piece", loops::checkpoint),
        closed_form("loop", "range test", "Smith 2017, rates in equal ratios", loops::range),
        closed_form("curriculum", "step", wu, difficulty::step),
        closed_form("curriculum", "linear", wu, difficulty::linear),
        closed_form("curriculum", "exponential, stages", "Hacohen and Weinshall 2019, start · inc^⌊i/length⌋", difficulty::exponential),
        closed_form("difficulty", "loss", "−ln softmax of a reference trained apart", difficulty::loss).within(1e-5, 1e-5),
        closed_form("difficulty", "scores", "the file", difficulty::scores),
        closed_form("difficulty", "column", "the inputs", difficulty::column),
        closed_form("difficulty", "length", "steps behind the empty ones", difficulty::length),
        closed_form("difficulty", "noise", "spread of the inputs around their centre", difficulty::noise).within(0.05, 0.05),
    ]
}
