"""Blocks that normalise: the signal by groups, or the weights."""

import torch
import torch.nn.functional as F

from blocks import margins, table, windows


def _affine(builder, name, shape):
    builder.draw(f"{name}.weight", shape, 0.2, 1.0)
    builder.draw(f"{name}.bias", shape, 0.2)


def _parameters(c, name, affine):
    return [c.parameters[f"{name}.{s}"] if affine else None for s in ("weight", "bias")]


def group_norm(groups, epsilon=1e-5, affine=True):
    """Of a sequence (steps × features) the features are what PyTorch calls channels."""

    def build(builder, shape):
        name = builder.name("group_norm")
        sequence = len(shape) == 2
        if affine:
            _affine(builder, name, (shape[-1 if sequence else 0],))

        def forward(x, c):
            x = x.transpose(1, 2) if sequence else x
            y = F.group_norm(x, groups, *_parameters(c, name, affine), epsilon)
            return y.transpose(1, 2) if sequence else y

        options = {"epsilon": epsilon, "affine": affine}
        return table("group_norm", groups, options), shape, forward

    return build


def instance_norm(epsilon=1e-5, affine=True):
    def build(builder, shape):
        name = builder.name("instance_norm")
        sequence = len(shape) == 2
        if affine:
            _affine(builder, name, (shape[-1 if sequence else 0],))

        def forward(x, c):
            x = x.transpose(1, 2) if sequence else x
            weight, bias = _parameters(c, name, affine)
            y = F.instance_norm(x, weight=weight, bias=bias, eps=epsilon)
            return y.transpose(1, 2) if sequence else y

        options = {"epsilon": epsilon, "affine": affine}
        return table("instance_norm", True, options), shape, forward

    return build


def rms_norm(epsilon=1e-5, affine=True):
    """Over an example, of a sequence over each step."""

    def build(builder, shape):
        name = builder.name("rms_norm")
        over = shape[-1:] if len(shape) == 2 else shape
        if affine:
            builder.draw(f"{name}.weight", over, 0.2, 1.0)

        def forward(x, c):
            weight = c.parameters[f"{name}.weight"] if affine else None
            return F.rms_norm(x, over, weight, epsilon)

        return table("rms_norm", True, {"epsilon": epsilon, "affine": affine}), shape, forward

    return build


def dyt(alpha=0.5):
    """The published layer: weight·tanh(alpha·x) + bias (Zhu et al. 2025)."""

    def build(builder, shape):
        name = builder.name("dyt")
        image = len(shape) == 3
        _affine(builder, name, (shape[0 if image else -1],))
        builder.draw(f"{name}.alpha", (1,), 0.1, alpha)

        def forward(x, c):
            weight, bias = _parameters(c, name, True)
            if image:
                weight, bias = weight[:, None, None], bias[:, None, None]
            return weight * torch.tanh(c.parameters[f"{name}.alpha"] * x) + bias

        return table("dyt", alpha), shape, forward

    return build


def formed(form, v, gain):
    """Weights of each unit (first dimension) in a form."""
    if form == "normalised":
        # PyTorch's own: g·v/‖v‖ over all dimensions but the first.
        return torch._weight_norm(v, gain.reshape(-1, *[1] * (v.dim() - 1)), 0)
    flat = v.reshape(len(v), -1)
    variance, mean = torch.var_mean(flat, 1, correction=0, keepdim=True)
    if form == "standardised":
        flat = (flat - mean) / torch.sqrt(variance + 1e-10)
    else:
        flat = (flat - mean) / torch.sqrt(torch.clamp(variance * flat.shape[1], min=1e-4))
        flat = flat * gain[:, None]
    return flat.reshape(v.shape)


def _weights(builder, name, shape, form, bias):
    fan_in = 1
    for n in shape[1:]:
        fan_in *= n
    # A mean that standardisation has to take away.
    builder.draw(f"{name}.weight", shape, fan_in**-0.5, 0.1)
    if form in ("normalised", "scaled"):
        builder.draw(f"{name}.gain", shape[:1], 0.3, 1.2)
    if bias:
        builder.draw(f"{name}.bias", shape[:1], 0.3)


def _read(c, name, form):
    weight = c.parameters[f"{name}.weight"]
    bias = c.parameters.get(f"{name}.bias")
    if form == "plain":
        return weight, bias
    return formed(form, weight, c.parameters.get(f"{name}.gain")), bias


def dense_as(units, form, bias=True):
    def build(builder, shape):
        name = builder.name("dense")
        _weights(builder, name, (units, shape[-1]), form, bias)

        def forward(x, c):
            return F.linear(x, *_read(c, name, form))

        options = {"weight": form} | ({} if bias else {"bias": False})
        return table("dense", units, options), (*shape[:-1], units), forward

    return build


def conv2d_as(filters, form="plain", kernel=(3, 3), stride=(1, 1), padding="same",
              dilation=(1, 1), groups=1, bias=True):
    """A convolution with everything that it can have."""

    def build(builder, shape):
        name = builder.name("conv2d")
        _weights(builder, name, (filters, shape[0] // groups, *kernel), form, bias)
        extent = tuple(d * (k - 1) + 1 for d, k in zip(dilation, kernel))
        pad = margins(padding, shape, extent, stride)

        def forward(x, c):
            return F.conv2d(F.pad(x, pad), *_read(c, name, form), stride, 0, dilation, groups)

        options = {"kernel": kernel, "stride": stride, "padding": padding, "dilation": dilation,
                   "groups": groups, "weight": form} | ({} if bias else {"bias": False})
        return table("conv2d", filters, options), (filters, *windows(shape, extent, stride, pad)), forward

    return build
