"""The table of small networks and of losses, and what PyTorch makes of each."""

import zlib

import numpy as np
import torch

import blocks
from blocks import (
    Builder, Context, act, batch_norm, celu, chain, conv2d, dense, dropout, flatten, global_pool,
    layer_norm, leaky_relu, pool, prelu, repeat, residual, scaled_tanh, softmax_over_batch, toml_value,
    upsampling,
)
from blocks import (
    composed, concat, fixup_residual, gated, highway, multiplier, offset, scaled_residual,
)
from common import numbers, shaped, tensor, values
from losses import loss
from recurrent import cases as recurrent_cases
from sequences import (
    attention, embedding, learned_positions, patches, queries, sinusoidal, step_dense, transformer,
)
from norms import conv2d_as, dense_as, dyt, group_norm, instance_norm, rms_norm
from steps import conv1d, global_pool1d, pool1d, upsampling1d

# Smooth targets and a smooth loss, so that every output has a gradient.
MSE = {"name": "mse", "on": "logits"}
CE = {"name": "cross_entropy", "on": "logits"}


def case(name, shape, blocks, loss=MSE, batch=3, mode="train", scale=1.0, ids=0, one_hot=False):
    """`ids`: the inputs are whole numbers below it; `one_hot`: each step has one 1."""
    return dict(name=name, shape=shape, blocks=blocks, loss=loss, batch=batch, mode=mode, scale=scale,
                ids=ids, one_hot=one_hot)


def elementwise():
    names = ["sigmoid", "hard_sigmoid", "tanh", "softsign", "softplus", "relu", "leaky_relu", "elu",
             "selu", "celu", "gelu", "silu", "mish", "exponential", "softmax"]
    cases = [case(f"dense-{n}", (4,), [dense(5, 2.0), act(n), dense(3)], batch=4) for n in names]
    return cases + [
        case("dense-leaky-relu-slope", (4,), [dense(5, 2.0), leaky_relu(0.2), dense(3)], batch=4),
        case("dense-celu-alpha", (4,), [dense(5, 2.0), celu(0.5), dense(3)], batch=4),
        case("dense-scaled-tanh", (4,), [dense(5, 2.0), scaled_tanh(1.7159, 0.65), dense(3)], batch=4),
        case("dense-prelu", (4,), [dense(5, 2.0), prelu(), dense(3)], batch=4),
        case("dense-prelu-channels", (4,), [dense(5, 2.0), prelu(0.1, True), dense(3)], batch=4),
        case("conv-prelu-channels", (2, 4, 3), [conv2d(3), prelu(per_channel=True), flatten(), dense(2)]),
        case("dense-without-bias", (4,), [dense(5, bias=False), act("tanh"), dense(3, bias=False)]),
        case("softmax-over-batch", (4,), [dense(3), softmax_over_batch()], batch=4),
        case("dropout-in-evaluation", (4,), [dense(6), act("relu"), dropout(0.5), dense(3)],
             mode="eval"),
    ]


def convolution():
    image, rest = (2, 5, 4), [act("tanh"), flatten(), dense(1)]
    return [
        case("conv-same", image, [conv2d(2), *rest], batch=2),
        case("conv-valid", image, [conv2d(2, padding="valid"), *rest], batch=2),
        case("conv-valid-stride", image, [conv2d(2, stride=(2, 2), padding="valid"), *rest], batch=2),
        case("conv-explicit", image, [conv2d(2, padding=(2, 1)), *rest], batch=2),
        # An even size and stride 2 need one row of zeros, an even kernel one too: at the end.
        case("conv-same-stride-asymmetric", (2, 6, 6), [conv2d(2, stride=(2, 2)), *rest], batch=2),
        case("conv-same-even-kernel", image, [conv2d(2, kernel=(2, 4)), *rest], batch=2),
        case("conv-pointwise-without-bias", image, [conv2d(3, kernel=(1, 1), bias=False), *rest],
             batch=2),
        case("conv-rectangular-stride", (1, 7, 5), [conv2d(2, kernel=(3, 2), stride=(2, 1)), *rest],
             batch=2),
        case("upsampling", (2, 2, 3), [upsampling(2, 3), conv2d(2), *rest], batch=2),
    ]


def pooling():
    image, rest = (1, 5, 6), [flatten(), dense(1)]
    cases = []
    for kind in ("max", "avg"):
        for tag, arguments in [
            ("valid", {}),
            ("overlapping", dict(kernel=(3, 3), stride=(1, 2))),
            ("same", dict(kernel=(2, 2), stride=(2, 2), padding="same")),
            ("same-asymmetric", dict(kernel=(3, 3), stride=(2, 2), padding="same")),
            ("explicit", dict(kernel=(3, 3), stride=(2, 2), padding=(1, 1))),
        ]:
            blocks = [conv2d(2), pool(kind, **arguments), *rest]
            cases.append(case(f"{kind}-pool-{tag}", image, blocks, batch=2))
        blocks = [conv2d(3), act("tanh"), global_pool(kind), dense(2)]
        cases.append(case(f"global-{kind}-pool", image, blocks, batch=2))
    return cases


def normalisation():
    flat = [dense(5), batch_norm(0.8), act("relu"), dense(2)]
    image = [conv2d(3, bias=False), batch_norm(0.99, 1e-3), act("relu"), global_pool("avg"), dense(2)]
    return [
        case("batch-norm-train", (4,), flat, batch=6),
        case("batch-norm-eval", (4,), flat, batch=6, mode="eval"),
        case("batch-norm-image-train", (2, 4, 4), image),
        case("batch-norm-image-eval", (2, 4, 4), image, mode="eval"),
        case("batch-norm-not-updated-eval", (4,),
             [dense(5), batch_norm(not_updated=True), act("relu"), dense(2)], mode="eval"),
        case("layer-norm", (4,), [dense(5), layer_norm(), act("tanh"), dense(2)]),
        case("layer-norm-image", (2, 3, 3), [conv2d(2), layer_norm(1e-3), act("tanh"), flatten(),
                                            dense(2)]),
    ]


def norms():
    image, sequence, rest = (4, 3, 3), (5, 4), [act("tanh"), flatten(), dense(2)]
    cases = []
    for name, block in [
        ("group-norm", group_norm(2, 1e-3)), ("group-norm-one", group_norm(1)),
        ("group-norm-bare", group_norm(2, affine=False)), ("instance-norm", instance_norm(1e-3)),
        ("instance-norm-bare", instance_norm(affine=False)), ("rms-norm", rms_norm(1e-3)),
        ("rms-norm-bare", rms_norm(affine=False)), ("dyt", dyt(0.8)),
    ]:
        cases.append(case(f"{name}-image", image, [block, *rest]))
        cases.append(case(f"{name}-sequence", sequence, [block, *rest]))
        if not name.startswith("instance"):
            cases.append(case(f"{name}-vector", (4,), [dense(6), block, act("tanh"), dense(2)]))
    return cases


def weights():
    cases, rest = [], [act("tanh"), flatten(), dense(2)]
    for form in ("normalised", "standardised", "scaled"):
        cases += [
            case(f"dense-{form}", (4,), [dense_as(5, form), act("tanh"), dense(2)]),
            case(f"dense-{form}-sequence", (3, 4), [dense_as(3, form, bias=False), *rest]),
            case(f"conv1d-{form}", (5, 4), [conv1d(3, form=form), *rest]),
            case(f"conv2d-{form}", (2, 4, 3), [conv2d_as(3, form), *rest]),
            case(f"conv2d-{form}-groups", (4, 4, 3), [conv2d_as(4, form, groups=2), *rest]),
        ]
    return cases


def dilation_and_groups():
    image, rest = (4, 6, 5), [act("tanh"), flatten(), dense(1)]
    rows = [
        ("dilation", dict(filters=2, dilation=(2, 1))),
        ("dilation-valid", dict(filters=2, dilation=(2, 2), padding="valid")),
        ("dilation-stride", dict(filters=2, dilation=(2, 2), stride=(2, 2))),
        ("dilation-explicit", dict(filters=2, dilation=(1, 2), padding=(1, 2), stride=(1, 2))),
        ("groups", dict(filters=6, groups=2)),
        ("groups-stride", dict(filters=2, groups=2, stride=(2, 1))),
        ("groups-dilation", dict(filters=4, groups=2, dilation=(2, 2), stride=(2, 2))),
        ("depthwise", dict(filters=4, groups=4)),
        ("depthwise-multiplier", dict(filters=8, groups=4, kernel=(2, 3), bias=False)),
        ("depthwise-dilation", dict(filters=4, groups=4, dilation=(2, 2))),
    ]
    return [case(f"conv2d-{n}", image, [conv2d_as(**a), *rest], batch=2) for n, a in rows]


def along_steps():
    sequence, rest = (7, 4), [act("tanh"), flatten(), dense(1)]
    rows = [
        ("same", dict(filters=3)), ("valid", dict(filters=3, padding="valid")),
        ("explicit", dict(filters=3, padding=2)), ("causal", dict(filters=3, padding="causal")),
        ("same-stride", dict(filters=3, stride=2, kernel=4)),
        ("causal-stride", dict(filters=2, padding="causal", stride=3)),
        ("dilation", dict(filters=3, dilation=2)),
        ("causal-dilation", dict(filters=3, dilation=3, kernel=2, padding="causal")),
        ("groups", dict(filters=6, groups=2)), ("depthwise", dict(filters=4, groups=4, bias=False)),
        ("groups-dilation-stride", dict(filters=2, groups=2, dilation=2, stride=2)),
    ]
    cases = [case(f"conv1d-{n}", sequence, [conv1d(**a), *rest], batch=2) for n, a in rows]
    for kind in ("max", "avg"):
        for tag, a in [
            ("valid", {}), ("overlapping", dict(kernel=3, stride=1)),
            ("same", dict(kernel=3, padding="same")), ("same-asymmetric", dict(kernel=4, padding="same")),
            ("explicit", dict(kernel=3, padding=1)), ("causal", dict(kernel=3, stride=1, padding="causal")),
        ]:
            blocks = [conv1d(2), pool1d(kind, **a), *rest]
            cases.append(case(f"{kind}-pool1d-{tag}", sequence, blocks, batch=2))
        blocks = [conv1d(3), act("tanh"), global_pool1d(kind), dense(2)]
        cases.append(case(f"global-{kind}-pool-sequence", sequence, blocks, batch=2))
    return cases + [case("upsampling1d", (3, 2), [upsampling1d(3), conv1d(2), *rest], batch=2)]


def composition():
    plain = [dense(5), act("tanh"), dense(5)]
    small = residual(conv2d(2, bias=False), batch_norm(), act("relu"), conv2d(2, bias=False),
                     batch_norm())
    wider = residual(conv2d(3, stride=(2, 2), bias=False), batch_norm(), act("relu"),
                     conv2d(3, bias=False), batch_norm(), projection=2)
    resnet = [conv2d(2, bias=False), batch_norm(), act("relu"), small, act("relu"), wider,
              act("relu"), global_pool("avg"), dense(3)]
    narrow = 4
    return [
        case("residual-identity", (5,), [residual(*plain), act("relu"), dense(2)]),
        case("residual-projection", (4,), [residual(*plain, projection=1), act("relu"), dense(2)]),
        case("residual-image-identity", (2, 4, 4), [residual(conv2d(2)), flatten(), dense(2)]),
        case("residual-image-projection", (2, 5, 4),
             [residual(conv2d(3, stride=(2, 2)), projection=2), flatten(), dense(2)]),
        case("residual-nested", (5,), [residual(dense(5), residual(*plain)), dense(2)]),
        case("resnet-small-train", (1, 6, 6), resnet, loss=CE, batch=4),
        case("resnet-small-eval", (1, 6, 6), resnet, loss=CE, batch=4, mode="eval"),
        case("deep-tanh-30", (4,), [repeat(30, dense(narrow, 1.2), act("tanh")), dense(3)], loss=CE),
        case("deep-relu-30", (4,), [repeat(30, dense(narrow, 1.5), act("relu")), dense(3)], loss=CE),
        case("deep-sigmoid-8", (4,), [repeat(8, dense(narrow, 2.0), act("sigmoid")), dense(3)],
             loss=CE),
        case("deep-residual-8", (4,),
             [dense(narrow), repeat(8, residual(dense(narrow), batch_norm(), act("relu"))), dense(3)],
             loss=CE, batch=6),
    ]


def sequences():
    steps, rest = (5, 4), [flatten(), dense(2)]
    encoded = [step_dense(6, "memory"), queries(3, 4)]
    same = [step_dense(4, "memory"), queries(3, 4)]
    layer = lambda norm, **more: transformer(2, 7, norm, **more)
    return [
        case("embedding-ids", (5, 1), [embedding(3, 7), *rest], ids=7),
        case("embedding-one-hot", (5, 6), [embedding(3, 6), *rest], one_hot=True),
        case("positions-sinusoidal", (5, 5), [sinusoidal(), *rest]),
        case("positions-learned", steps, [learned_positions(), *rest]),
        case("patches", (2, 4, 6), [patches(2, 3), step_dense(3), *rest]),
        case("queries", steps, [*encoded, attention(2, memory="memory", source=6), *rest]),
        case("attention", steps, [attention(2), *rest]),
        case("attention-one-head", steps, [attention(1), *rest]),
        case("attention-causal", steps, [attention(2, causal=True), *rest]),
        case("attention-without-bias", steps, [attention(4, bias=False), *rest]),
        case("transformer-pre", steps, [layer("pre"), *rest]),
        case("transformer-post", steps, [layer("post"), *rest]),
        case("transformer-post-relu", steps, [layer("post", activation="relu"), *rest]),
        case("transformer-pre-causal", steps, [layer("pre", causal=True), *rest]),
        case("transformer-pre-6", steps, [layer("pre", count=6), *rest]),
        case("transformer-decoder-pre", steps,
             [*same, layer("pre", causal=True, memory="memory", source=4), *rest]),
        case("transformer-decoder-post", steps,
             [*same, layer("post", count=2, memory="memory", source=4), *rest]),
        case("transformer-deep", steps, [layer("deep", count=3), *rest]),
        case("transformer-decoder-deep", steps,
             [*encoded, layer("deep", causal=True, memory="memory", source=6), *rest]),
    ]


def skips():
    plain = [dense(5), act("tanh"), dense(5)]
    image, head = (2, 4, 4), [global_pool("avg"), dense(2)]
    se = [global_pool("avg"), dense(2), act("relu"), dense(4), act("sigmoid")]
    layer = [batch_norm(), act("relu"), conv2d(3, padding=(1, 1), bias=False)]
    narrow = [batch_norm(), act("relu"), conv2d(4, kernel=(1, 1), padding=(0, 0), bias=False), *layer[:2],
              conv2d(2, padding=(1, 1), bias=False)]
    down = [batch_norm(), act("relu"), conv2d(2, kernel=(1, 1), padding=(0, 0), bias=False), pool("avg")]
    two = {"conv2d": 2, "batch_norm": 2}

    def same(filters, stride=1, kernel=3):
        pad = (kernel // 2, kernel // 2)
        return conv2d(filters, kernel=(kernel, kernel), stride=(stride, stride), padding=pad, bias=False)

    basic = scaled_residual(same(4, 2), batch_norm(), act("relu"), same(4), batch_norm(), pad=True)
    pre = residual(batch_norm(), act("relu"), same(2), batch_norm(), act("relu"), same(2))
    bottle = residual(same(2, 1, 1), batch_norm(), act("relu"), same(2), batch_norm(), act("relu"),
                      same(8, 1, 1), batch_norm(), projection=1)
    return [
        case("residual-scale", (5,), [scaled_residual(*plain, scale=0.3), dense(2)]),
        case("residual-skip-scale", (5,), [scaled_residual(*plain, skip_scale=1.7), dense(2)]),
        case("residual-rezero", (5,), [scaled_residual(*plain, rezero=True), dense(2)]),
        case("residual-layer-scale", (5,), [scaled_residual(*plain, layer_scale=True), dense(2)]),
        case("residual-layer-scale-image", image,
             [scaled_residual(conv2d(2), act("tanh"), layer_scale=True), *head]),
        case("residual-all", (5,), [scaled_residual(*plain, scale=0.5, skip_scale=1.3, rezero=True,
                                                    layer_scale=True), dense(2)]),
        case("residual-pad", (2, 6, 6),
             [scaled_residual(conv2d(5, stride=(2, 2), padding=(1, 1)), act("tanh"), pad=True), *head]),
        case("residual-drop-eval", (5,), [scaled_residual(*plain, drop=0.5), dense(2)], mode="eval"),
        case("residual-fixup", image,
             [fixup_residual(conv2d(2, bias=False), conv2d(2, bias=False)), *head]),
        case("multiplier", (4,), [dense(5), multiplier(0.7), act("tanh"), dense(2)]),
        case("multiplier-unit", image, [conv2d(3), multiplier(0.7, unit=True), act("tanh"), *head]),
        case("multiplier-fixed", (4,), [dense(5), multiplier(0.7, learned=False), act("tanh"), dense(2)]),
        case("offset", (4,), [dense(5), offset(), act("tanh"), dense(2)]),
        case("offset-unit", image, [conv2d(3), offset(unit=True), act("tanh"), *head]),
        case("highway", (5,), [highway(dense(5), act("tanh")), dense(2)]),
        case("highway-image", image, [highway(conv2d(2), act("relu")), *head]),
        case("highway-image-pointwise", image, [highway(conv2d(2), act("relu"), kernel=1), *head]),
        case("highway-10", (4,), [repeat(10, highway(dense(4), act("tanh"))), dense(3)], loss=CE),
        case("concat", (4,), [concat(dense(3), act("tanh")), dense(2)]),
        case("concat-image", image, [concat(conv2d(3), act("tanh")), *head]),
        case("gated", (4,), [gated(dense(4), act("sigmoid")), dense(2)]),
        case("gated-by-channel", image, [gated(global_pool("avg"), dense(2), act("sigmoid")), *head]),
        case("squeeze", (4, 3, 3),
             [composed("squeeze", "{ squeeze = 2 }", {"dense": 2}, gated(*se)), *head]),
        case("dense-block", image,
             [composed("dense_block", "{ dense_block = 2, growth = 3 }", two,
                       repeat(2, concat(*layer))), *head], batch=5),
        case("dense-block-bottleneck", image,
             [composed("dense_block", "{ dense_block = 1, growth = 2, bottleneck_ratio = 2 }", two,
                       concat(*narrow)), *head], batch=5),
        case("transition", (5, 4, 4), [composed("transition", "{ transition = 0.5 }", {}, *down), *head],
             batch=5),
        case("basic-block", (2, 6, 6),
             [composed("basic_block", '{ basic_block = 4, stride = 2, shortcut = "pad" }', two, basic,
                       act("relu")), *head], batch=5),
        case("basic-block-pre", (2, 4, 4),
             [composed("basic_block", '{ basic_block = 2, order = "pre" }', two, pre), *head], batch=5),
        case("bottleneck", (2, 4, 4),
             [composed("bottleneck", "{ bottleneck = 2 }", {"conv2d": 3, "batch_norm": 3}, bottle,
                       act("relu")), *head], batch=5),
    ]


def losses():
    linear, several = [dense(3)], {"batch": 4}
    prob = {"on": "probabilities"}
    soft, sig = [dense(3), act("softmax")], [dense(3), act("sigmoid")]
    ce, bce = {"name": "cross_entropy"}, {"name": "binary_cross_entropy"}
    logit = {"on": "logits"}
    rows = [
        ("cross-entropy-logits", linear, ce | logit, 1),
        ("cross-entropy-logits-large", linear, ce | logit, 40),
        ("cross-entropy-logits-sum", linear, ce | logit | {"reduction": "sum"}, 1),
        ("cross-entropy-logits-mean-over-classes", linear, ce | logit | {"over_classes": "mean"}, 1),
        ("cross-entropy-probabilities", soft, ce | prob, 1),
        ("cross-entropy-probabilities-clipped", soft, ce | prob | {"clip": 0.2}, 3),
        ("cross-entropy-probabilities-unclipped", soft, ce | prob | {"clip": 0.0}, 1),
        ("cross-entropy-renormalised", sig, ce | prob | {"renormalise": True}, 1),
        ("cross-entropy-not-renormalised", sig, ce | prob, 1),
        ("cross-entropy-sum-over-batch", soft, ce | prob | {"sum_over_batch": True}, 1),
        ("binary-logits", linear, bce | logit, 1),
        ("binary-logits-large", linear, bce | logit, 40),
        ("binary-logits-sum-over-outputs", linear, bce | logit | {"over_outputs": "sum"}, 1),
        ("binary-probabilities", sig, bce | prob, 1),
        ("binary-probabilities-clipped", sig, bce | prob | {"clip": 0.3}, 3),
        ("mse", linear, {"name": "mse"} | logit, 1),
        ("mse-sum", linear, {"name": "mse", "reduction": "sum", "over_outputs": "sum"} | logit, 1),
        ("mse-factor", linear, {"name": "mse", "factor": 0.5} | logit, 1),
        ("mse-pairwise", [dense(1)], {"name": "mse", "pairwise": True} | logit, 1),
        ("mae", linear, {"name": "mae"} | logit, 1),
        ("hinge", linear, {"name": "hinge"} | logit, 1),
        ("angle", [dense(2)], {"name": "angle"} | logit, 1),
        ("angle-unclipped", [dense(2)], {"name": "angle", "clip_cosine": False} | logit, 1),
    ]
    positive = [dense(3), act("softplus")]
    weighed = {"class_weights": [0.5, 2.0, 1.0]}
    rows += [
        ("cross-entropy-smoothed", linear, ce | logit | {"label_smoothing": 0.1}, 1),
        ("cross-entropy-probabilities-smoothed", soft, ce | prob | {"label_smoothing": 0.2}, 1),
        ("cross-entropy-weighted", linear, ce | logit | weighed, 1),
        ("cross-entropy-probabilities-weighted", soft, ce | prob | weighed, 1),
        ("cross-entropy-smoothed-weighted", linear, ce | logit | weighed | {"label_smoothing": 0.1}, 1),
        ("binary-smoothed", linear, bce | logit | {"label_smoothing": 0.1}, 1),
        ("binary-logits-positive-weight", linear, bce | logit | {"pos_weight": 3.0}, 1),
        ("binary-probabilities-positive-weight", sig, bce | prob | {"pos_weight": 0.3}, 1),
        ("squared-hinge", linear, {"name": "squared_hinge"} | logit, 1),
        ("huber", linear, {"name": "huber"} | logit, 2),
        ("huber-delta", linear, {"name": "huber", "delta": 0.3, "over_outputs": "sum"} | logit, 1),
        ("msle", positive, {"name": "msle"} | logit, 1),
        ("msle-below-zero", linear, {"name": "msle"} | logit, 1),
        ("kld-logits", linear, {"name": "kld"} | logit, 1),
        ("kld-probabilities", soft, {"name": "kld"} | prob, 1),
        ("poisson", positive, {"name": "poisson"} | logit, 1),
        ("poisson-log-rate", linear, {"name": "poisson", "log_rate": True} | logit, 1),
    ]
    return [case(f"loss-{n}", (4,), b, loss=o, scale=s, **several) for n, b, o, s in rows]


def recurrent():
    return recurrent_cases(case, blocks)


TABLES = {
    "recurrent": recurrent,
    "activations": elementwise, "convolution": convolution, "pooling": pooling,
    "norms": norms, "weights": weights, "dilation_and_groups": dilation_and_groups,
    "along_steps": along_steps,
    "normalisation": normalisation, "composition": composition, "sequences": sequences, "losses": losses,
    "skips": skips,
}


def targets(rng, kind, batch, outputs):
    if kind == "cross_entropy":
        return rng.integers(0, outputs, batch)
    if kind in ("binary_cross_entropy", "hinge", "squared_hinge"):
        return rng.integers(0, 2, (batch, outputs)).astype(float)
    if kind == "kld":
        return rng.multinomial(64, np.ones(outputs) / outputs, batch) / 64
    if kind == "poisson":
        return rng.integers(0, 5, (batch, outputs)).astype(float)
    # Exact in single precision, in which isograd keeps targets.
    if kind in ("huber", "msle"):
        eighths = np.round(8 * values(rng, (batch, outputs))) / 8
        return abs(eighths) if kind == "msle" else eighths
    return values(rng, (batch, outputs))


def description(network, spec):
    """A whole description; its data and its optimiser play no part in the numbers."""
    shown = ", ".join(f"{k} = {toml_value(v)}" for k, v in spec.items())
    train = f'[train]\nloss = {{ {shown} }}\noptimizer = "sgd"\n'
    return f'[data]\nsource = "blobs"\n\n[network]\nlayers = {network}\n\n{train}'


def evaluate(case):
    # A seed of its own for each case, so that a new case changes no other.
    rng = np.random.default_rng(zlib.crc32(case["name"].encode()))
    builder = Builder(rng)
    network, out, forward = chain(case["blocks"], builder, case["shape"])
    inputs = values(rng, (case["batch"], *case["shape"]), case["scale"])
    if case["ids"]:
        inputs = rng.integers(0, case["ids"], inputs.shape).astype(float)
    if case["one_hot"]:
        inputs = np.eye(inputs.shape[2])[rng.integers(0, inputs.shape[2], inputs.shape[:2])]
    kind = case["loss"]["name"]
    wanted = targets(rng, kind, case["batch"], out[0])
    document = {
        "name": case["name"],
        "description": description(network, case["loss"]),
        "mode": case["mode"],
        "inputs": shaped(inputs),
        "targets": shaped(wanted),
        "parameters": {k: shaped(v) for k, v in builder.parameters.items()},
        "buffers": {k: shaped(v) for k, v in builder.buffers.items()},
    }
    for precision, dtype in (("f32", torch.float32), ("f64", torch.float64)):
        document[precision] = run(case, builder, inputs, wanted, forward, dtype)
    return document


def run(case, builder, inputs, wanted, forward, dtype):
    x = tensor(inputs, dtype).requires_grad_()
    parameters = {k: tensor(v, dtype).requires_grad_() for k, v in builder.parameters.items()}
    buffers = {k: tensor(v, dtype) for k, v in builder.buffers.items()}
    context = Context(parameters, buffers, case["mode"] == "train")
    y = forward(x, context)
    options = {k: v for k, v in case["loss"].items() if k != "name"}
    # isograd keeps targets in single precision, also where it computes in double.
    target = wanted if wanted.dtype.kind == "i" else wanted.astype(np.float32)
    value = loss(case["loss"]["name"], y, tensor(target, dtype), options)
    value.backward()
    return {
        "output": numbers(y),
        "loss": numbers(value)[0],
        # Ids have none.
        "input_gradient": None if x.grad is None else numbers(x.grad),
        "gradients": {k: numbers(p.grad) for k, p in parameters.items()},
        "buffers_after": {k: numbers(v) for k, v in context.after.items()},
    }


def tables():
    """A document for every table."""
    return {name: [evaluate(c) for c in make()] for name, make in TABLES.items()}
