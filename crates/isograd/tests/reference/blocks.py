"""Blocks of a network: what each is called in a description and what it computes in PyTorch.

A block is built for the shape of one example, channels first, and gives back its TOML, the shape
that comes out, and a function of (x, context). Parameters are drawn when the block is built and
looked up in the context by name, so that the same network runs in both precisions.
"""

import json

import torch
import torch.nn.functional as F

from common import values


class Builder:
    """Draws parameters and numbers the blocks by kind, as isograd does."""

    def __init__(self, rng):
        self.rng, self.counts, self.parameters, self.buffers = rng, {}, {}, {}

    def name(self, kind):
        self.counts[kind] = self.counts.get(kind, 0) + 1
        return f"{kind}{self.counts[kind]}"

    def draw(self, name, shape, scale, shift=0.0):
        self.parameters[name] = values(self.rng, shape, scale, shift)


class Context:
    """Parameters and buffers as tensors, and whether the network is training."""

    def __init__(self, parameters, buffers, training):
        self.parameters, self.buffers, self.training = parameters, buffers, training
        self.after = {}  # running statistics after one training step
        self.kept = {}  # outputs that blocks behind them read


def toml_value(value):
    if isinstance(value, (bool, str)):
        return json.dumps(value)
    if isinstance(value, tuple):
        return str(list(value))
    return str(value)


def table(word, value, options=None):
    """`{ word = value, option = … }`; a block whose value is {} has options alone."""
    options = {k: toml_value(v) for k, v in (options or {}).items()}
    listed = ", ".join(f"{k} = {v}" for k, v in options.items())
    if value == {}:
        return f"{{ {word} = {{ {listed} }} }}"
    return f"{{ {word} = {toml_value(value)}{', ' if listed else ''}{listed} }}"


def compose(functions):
    def forward(x, context):
        for function in functions:
            x = function(x, context)
        return x

    return forward


def chain(blocks, builder, shape):
    """Builds blocks one after another."""
    parts, functions = [], []
    for block in blocks:
        toml, shape, function = block(builder, shape)
        parts.append(toml)
        functions.append(function)
    return "[" + ", ".join(parts) + "]", shape, compose(functions)


def dense(units, gain=1.0, bias=True):
    def build(builder, shape):
        (fan_in,) = shape
        name = builder.name("dense")
        builder.draw(f"{name}.weight", (units, fan_in), gain / fan_in**0.5)
        if bias:
            builder.draw(f"{name}.bias", (units,), 0.3)

        def forward(x, c):
            return F.linear(x, c.parameters[f"{name}.weight"], c.parameters.get(f"{name}.bias"))

        return table("dense", units, {} if bias else {"bias": False}), (units,), forward

    return build


def same(size, kernel, stride):
    """Zeros before and after: the odd one after, as TensorFlow does."""
    total = max((-(-size // stride) - 1) * stride + kernel - size, 0)
    return total // 2, total - total // 2


def margins(padding, shape, kernel, stride):
    """F.pad's order: columns before and after, rows before and after."""
    if padding == "valid":
        return (0, 0, 0, 0)
    if padding == "same":
        return same(shape[2], kernel[1], stride[1]) + same(shape[1], kernel[0], stride[0])
    return (padding[1], padding[1], padding[0], padding[0])


def windows(shape, kernel, stride, pad):
    rows = (shape[1] + pad[2] + pad[3] - kernel[0]) // stride[0] + 1
    columns = (shape[2] + pad[0] + pad[1] - kernel[1]) // stride[1] + 1
    return rows, columns


def conv2d(filters, kernel=(3, 3), stride=(1, 1), padding="same", bias=True):
    def build(builder, shape):
        name = builder.name("conv2d")
        fan_in = shape[0] * kernel[0] * kernel[1]
        builder.draw(f"{name}.weight", (filters, shape[0], *kernel), fan_in**-0.5)
        if bias:
            builder.draw(f"{name}.bias", (filters,), 0.3)
        pad = margins(padding, shape, kernel, stride)

        def forward(x, c):
            weight, offset = c.parameters[f"{name}.weight"], c.parameters.get(f"{name}.bias")
            return F.conv2d(F.pad(x, pad), weight, offset, stride)

        options = {"kernel": kernel, "stride": stride, "padding": padding}
        toml = table("conv2d", filters, options | ({} if bias else {"bias": False}))
        return toml, (filters, *windows(shape, kernel, stride, pad)), forward

    return build


def pool(kind, kernel=(2, 2), stride=(2, 2), padding="valid"):
    """Maximum, or mean in which padding does not count."""

    def build(_builder, shape):
        pad = margins(padding, shape, kernel, stride)

        def forward(x, _c):
            if kind == "max":
                return F.max_pool2d(F.pad(x, pad, value=float("-inf")), kernel, stride)
            area = kernel[0] * kernel[1]
            total = F.avg_pool2d(F.pad(x, pad), kernel, stride) * area
            count = F.avg_pool2d(F.pad(torch.ones_like(x), pad), kernel, stride) * area
            return total / count

        toml = table(f"{kind}_pool2d", kernel, {"stride": stride, "padding": padding})
        return toml, (shape[0], *windows(shape, kernel, stride, pad)), forward

    return build


def global_pool(kind):
    def build(_builder, shape):
        reduce = {"avg": lambda x: x.mean((2, 3)), "max": lambda x: x.amax((2, 3))}[kind]
        return f'"global_{kind}_pool"', (shape[0],), lambda x, _c: reduce(x)

    return build


def upsampling(rows, columns):
    def build(_builder, shape):
        def forward(x, _c):
            return x.repeat_interleave(rows, 2).repeat_interleave(columns, 3)

        out = (shape[0], shape[1] * rows, shape[2] * columns)
        return table("upsampling2d", (rows, columns)), out, forward

    return build


def flatten():
    def build(_builder, shape):
        size = 1
        for n in shape:
            size *= n
        return '"flatten"', (size,), lambda x, _c: x.flatten(1)

    return build


def dropout(rate):
    """Not drawn here: used in evaluation only, where it is the identity."""

    def build(_builder, shape):
        def forward(x, c):
            assert not c.training, "the mask is isograd's own"
            return x

        return table("dropout", rate), shape, forward

    return build


ACTIVATIONS = {
    "sigmoid": torch.sigmoid,
    "hard_sigmoid": lambda x: torch.clamp(0.2 * x + 0.5, 0, 1),
    "tanh": torch.tanh,
    "softsign": F.softsign,
    "softplus": F.softplus,
    "relu": F.relu,
    "leaky_relu": F.leaky_relu,
    "elu": F.elu,
    "selu": F.selu,
    "celu": F.celu,
    "gelu": F.gelu,
    "silu": F.silu,
    "mish": F.mish,
    "exponential": torch.exp,
    "softmax": lambda x: torch.softmax(x, 1),
}


def act(name):
    def build(_builder, shape):
        return f'"{name}"', shape, lambda x, _c: ACTIVATIONS[name](x)

    return build


def leaky_relu(slope):
    def build(_builder, shape):
        return table("leaky_relu", slope), shape, lambda x, _c: F.leaky_relu(x, slope)

    return build


def celu(alpha):
    def build(_builder, shape):
        return table("celu", alpha), shape, lambda x, _c: F.celu(x, alpha)

    return build


def scaled_tanh(output, scale):
    def build(_builder, shape):
        toml = table("scaled_tanh", {}, {"output": output, "input": scale})
        return toml, shape, lambda x, _c: output * torch.tanh(scale * x)

    return build


def prelu(slope=0.25, per_channel=False):
    """Channels are in dimension 1, as PyTorch wants them."""

    def build(builder, shape):
        name = builder.name("prelu")
        builder.draw(f"{name}.slope", (shape[0] if per_channel else 1,), 0.2, slope)

        def forward(x, c):
            return F.prelu(x, c.parameters[f"{name}.slope"])

        options = {"slopes": "per_channel"} if per_channel else {}
        return table("prelu", slope, options), shape, forward

    return build


def softmax_over_batch():
    def build(_builder, shape):
        return table("softmax", {}, {"axis": "batch"}), shape, lambda x, _c: torch.softmax(x, 0)

    return build


def batch_norm(momentum=0.9, epsilon=1e-5, not_updated=False):
    """`momentum` is the share of the old statistics kept: one minus PyTorch's."""

    def build(builder, shape):
        units = shape[0]
        name = builder.name("batch_norm")
        builder.draw(f"{name}.weight", (units,), 0.2, 1.0)
        builder.draw(f"{name}.bias", (units,), 0.2)
        # Statistics that were never updated are the initial ones.
        spread = 0.0 if not_updated else 1.0
        mean, var = values(builder.rng, (units,), 0.3), values(builder.rng, (units,), 0.1)
        builder.buffers[f"{name}.running_mean"] = spread * mean
        builder.buffers[f"{name}.running_var"] = abs(1.0 + spread * var).round(3)
        options = {"eval_statistics": "not_updated"} if not_updated else {}

        def forward(x, c):
            mean, var = (c.buffers[f"{name}.running_{s}"].clone() for s in ("mean", "var"))
            weight, bias = (c.parameters[f"{name}.{s}"] for s in ("weight", "bias"))
            y = F.batch_norm(x, mean, var, weight, bias, c.training, 1 - momentum, epsilon)
            if c.training and not not_updated:
                old = c.buffers[f"{name}.running_var"]
                count = x.numel() / units
                c.after[f"{name}.running_mean"] = mean
                c.after[f"{name}.running_var_unbiased"] = var
                # PyTorch keeps the unbiased variance; the biased one by the same rule.
                biased = (var - momentum * old) * (count - 1) / count + momentum * old
                c.after[f"{name}.running_var"] = biased
            return y

        options = {"momentum": momentum, "epsilon": epsilon} | options
        return table("batch_norm", {}, options), shape, forward

    return build


def layer_norm(epsilon=1e-5):
    """Over all features of one example; scale and shift have one number a feature."""

    def build(builder, shape):
        name = builder.name("layer_norm")
        builder.draw(f"{name}.weight", shape, 0.2, 1.0)
        builder.draw(f"{name}.bias", shape, 0.2)

        def forward(x, c):
            weight, bias = (c.parameters[f"{name}.{s}"] for s in ("weight", "bias"))
            return F.layer_norm(x, shape, weight, bias, epsilon)

        return table("layer_norm", {}, {"epsilon": epsilon}), shape, forward

    return build


def residual(*blocks, projection=None):
    """body(x) + x, or body(x) + projection(x): a dense or 1×1 convolution without bias, with this
    stride."""

    def build(builder, shape):
        name = builder.name("residual")
        body, out, inner = chain(blocks, builder, shape)
        key = f"{name}.shortcut.weight"
        if projection is not None:
            extent = (1, 1) if len(shape) == 3 else ()
            builder.draw(key, (out[0], shape[0], *extent), shape[0] ** -0.5)

        def forward(x, c):
            shortcut = x
            if projection is not None:
                weight = c.parameters[key]
                image = weight.dim() == 4
                shortcut = F.conv2d(x, weight, None, projection) if image else F.linear(x, weight)
            return inner(x, c) + shortcut

        return f"{{ residual = {{ layers = {body} }} }}", out, forward

    return build


def repeat(count, *blocks):
    """The same blocks several times, each with parameters of its own."""

    def build(builder, shape):
        functions = []
        for _ in range(count):
            toml, shape, function = chain(blocks, builder, shape)
            functions.append(function)
        return f"{{ repeat = {count}, layers = {toml} }}", shape, compose(functions)

    return build


def multiplier(value, unit=False, learned=True):
    """x times a learned number, or one a channel or feature."""

    def build(builder, shape):
        name = builder.name("multiplier")
        if learned:
            builder.draw(f"{name}.weight", (shape[0] if unit else 1,), 0.3, value)

        def forward(x, c):
            w = c.parameters[f"{name}.weight"] if learned else torch.tensor([value], dtype=x.dtype)
            return x * w.reshape(1, -1, *[1] * (x.dim() - 2))

        options = ({"per": "unit"} if unit else {}) | ({} if learned else {"learned": False})
        return table("multiplier", value, options), shape, forward

    return build


def offset(unit=False):
    def build(builder, shape):
        name = builder.name("offset")
        builder.draw(f"{name}.bias", (shape[0] if unit else 1,), 0.3)

        def forward(x, c):
            return x + c.parameters[f"{name}.bias"].reshape(1, -1, *[1] * (x.dim() - 2))

        return table("offset", 0.0, {"per": "unit"} if unit else {}), shape, forward

    return build


def scaled_residual(*blocks, scale=1.0, skip_scale=1.0, rezero=False, layer_scale=False, pad=False,
                    drop=None):
    """α·x + s·F(x), F with a learned factor behind it; `drop` in evaluation, where it is nothing."""

    def build(builder, shape):
        name = builder.name("residual")
        body, out, inner = chain(blocks, builder, shape)
        options = {}
        if layer_scale:
            builder.draw(f"{name}.layer_scale.weight", (out[0],), 0.3, 0.5)
            options["layer_scale"] = 0.5
        if rezero:
            builder.draw(f"{name}.rezero.weight", (1,), 0.3, 0.5)
            options["rezero"] = True
        if scale != 1.0:
            options["scale"] = scale
        if skip_scale != 1.0:
            options["skip_scale"] = skip_scale
        if drop is not None:
            options["drop"] = drop
        if pad:
            options["shortcut"] = "pad"

        def forward(x, c):
            y = inner(x, c)
            if layer_scale:
                y = y * c.parameters[f"{name}.layer_scale.weight"].reshape(1, -1, *[1] * (y.dim() - 2))
            if rezero:
                y = y * c.parameters[f"{name}.rezero.weight"]
            assert drop is None or not c.training, "the draws are isograd's own"
            shortcut = x
            if pad:
                step = shape[1] // out[1]
                more = out[0] - shape[0]
                # He et al. 2015, option A, as the published code of many writes it.
                shortcut = F.pad(x[:, :, ::step, ::step], (0, 0, 0, 0, more // 2, more - more // 2))
            return scale * y + skip_scale * shortcut

        listed = "".join(f", {k} = {toml_value(v)}" for k, v in options.items())
        return f"{{ residual = {{ layers = {body}{listed} }} }}", out, forward

    return build


def fixup_residual(*convolutions):
    """conv, ReLU, conv … with a number before each weighted layer and activation, then a factor and
    a number (Zhang et al. 2019, fig. 1)."""

    def build(builder, shape):
        name = builder.name("residual")
        parts, functions = [], []

        def bias():
            function = offset()(builder, shape)[2]
            functions.append(function)

        for i, block in enumerate(convolutions):
            if i > 0:
                bias()
                parts.append('"relu"')
                functions.append(lambda x, _c: F.relu(x))
            bias()
            toml, _, function = block(builder, shape)
            parts.append(toml)
            functions.append(function)
        builder.draw(f"{name}.multiplier.weight", (1,), 0.3, 1.0)
        builder.draw(f"{name}.offset.bias", (1,), 0.3)
        inner = compose(functions)

        def forward(x, c):
            y = inner(x, c) * c.parameters[f"{name}.multiplier.weight"]
            return x + y + c.parameters[f"{name}.offset.bias"]

        return f"{{ residual = {{ layers = [{', '.join(parts)}], fixup = true }} }}", shape, forward

    return build


def highway(*blocks, kernel=3):
    """h·t + x·(1 − t) with t = sigmoid(W x + b)."""

    def build(builder, shape):
        name = builder.name("highway")
        body, out, inner = chain(blocks, builder, shape)
        image = len(shape) == 3
        extent = (kernel, kernel) if image else ()
        fan_in = shape[0] * (kernel * kernel if image else 1)
        builder.draw(f"{name}.gate.weight", (shape[0], shape[0], *extent), fan_in**-0.5)
        builder.draw(f"{name}.gate.bias", (shape[0],), 0.3, -2.0)

        def forward(x, c):
            weight, bias = (c.parameters[f"{name}.gate.{s}"] for s in ("weight", "bias"))
            t = F.conv2d(x, weight, bias, padding=kernel // 2) if image else F.linear(x, weight, bias)
            t = torch.sigmoid(t)
            return inner(x, c) * t + x * (1 - t)

        return f"{{ highway = {{ layers = {body}, gate_kernel = {kernel} }} }}", out, forward

    return build


def concat(*blocks):
    def build(builder, shape):
        body, out, inner = chain(blocks, builder, shape)

        def forward(x, c):
            return torch.cat([x, inner(x, c)], 1)

        return f"{{ concat = {{ layers = {body} }} }}", (shape[0] + out[0], *shape[1:]), forward

    return build


def gated(*blocks):
    def build(builder, shape):
        body, out, inner = chain(blocks, builder, shape)

        def forward(x, c):
            g = inner(x, c)
            return x * g.reshape(*g.shape, *[1] * (x.dim() - g.dim()))

        return f"{{ gated = {{ layers = {body} }} }}", shape, forward

    return build


class Under:
    """A builder that names blocks as the parts of a composed block: `squeeze1.dense`, numbered where
    there are several of a kind."""

    def __init__(self, builder, name, kinds):
        self.builder, self.name_, self.totals, self.seen = builder, name, kinds, {}
        self.rng, self.parameters, self.buffers = builder.rng, builder.parameters, builder.buffers

    def name(self, kind):
        self.seen[kind] = self.seen.get(kind, 0) + 1
        number = f".{self.seen[kind]}" if self.totals.get(kind, 1) > 1 else ""
        return f"{self.name_}.{kind}{number}"

    draw = Builder.draw


def composed(word, toml, kinds, *blocks):
    """A composed block: its own TOML, and the blocks that it stands for."""

    def build(builder, shape):
        under = Under(builder, builder.name(word), kinds)
        _, out, inner = chain(blocks, under, shape)
        return toml, out, inner

    return build
