"""Blocks along the steps of a sequence (batch × steps × features)."""

import torch
import torch.nn.functional as F

from blocks import same, table
from norms import _read, _weights


def zeros(padding, steps, extent, stride):
    """Zeros before and after."""
    if padding == "same":
        return same(steps, extent, stride)
    if padding == "causal":
        return extent - 1, 0
    return (0, 0) if padding == "valid" else (padding, padding)


def along(function):
    """Features second, as PyTorch has them, and back."""
    return lambda x, c: function(x.transpose(1, 2), c).transpose(1, 2)


def conv1d(filters, kernel=3, stride=1, padding="same", dilation=1, groups=1, form="plain",
           bias=True):
    def build(builder, shape):
        steps, features = shape
        name = builder.name("conv1d")
        _weights(builder, name, (filters, features // groups, kernel), form, bias)
        extent = dilation * (kernel - 1) + 1
        pad = zeros(padding, steps, extent, stride)

        def forward(x, c):
            return F.conv1d(F.pad(x, pad), *_read(c, name, form), stride, 0, dilation, groups)

        options = {"kernel": kernel, "stride": stride, "padding": padding, "dilation": dilation,
                   "groups": groups, "weight": form} | ({} if bias else {"bias": False})
        out = (steps + sum(pad) - extent) // stride + 1
        return table("conv1d", filters, options), (out, filters), along(forward)

    return build


def pool1d(kind, kernel=2, stride=2, padding="valid"):
    """Maximum, or mean in which padding does not count."""

    def build(_builder, shape):
        pad = zeros(padding, shape[0], kernel, stride)

        def forward(x, _c):
            if kind == "max":
                return F.max_pool1d(F.pad(x, pad, value=float("-inf")), kernel, stride)
            total = F.avg_pool1d(F.pad(x, pad), kernel, stride)
            return total / F.avg_pool1d(F.pad(torch.ones_like(x), pad), kernel, stride)

        out = (shape[0] + sum(pad) - kernel) // stride + 1
        toml = table(f"{kind}_pool1d", kernel, {"stride": stride, "padding": padding})
        return toml, (out, shape[1]), along(forward)

    return build


def global_pool1d(kind):
    def build(_builder, shape):
        reduce = {"avg": lambda x: x.mean(1), "max": lambda x: x.amax(1)}[kind]
        return f'"global_{kind}_pool"', (shape[1],), lambda x, _c: reduce(x)

    return build


def upsampling1d(factor):
    def build(_builder, shape):
        def forward(x, _c):
            return F.interpolate(x.transpose(1, 2), scale_factor=factor).transpose(1, 2)

        return table("upsampling1d", factor), (shape[0] * factor, shape[1]), forward

    return build
