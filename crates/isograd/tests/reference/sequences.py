"""Blocks of sequences (steps × features): embedding, positions, attention, Transformer layers.

Attention and Transformer layers are PyTorch's own modules (`torch.nn.MultiheadAttention`,
`TransformerEncoderLayer`, `TransformerDecoderLayer`), called with the parameters of the case;
DeepNorm is the formula LN(α·x + F(x)) around them.
"""

import math

import torch
import torch.nn.functional as F
from torch import nn
from torch.func import functional_call

from blocks import table


def step_dense(units, name=None):
    """A dense layer over the features of each step."""

    def build(builder, shape):
        steps, fan_in = shape
        own = name or builder.name("dense")
        builder.draw(f"{own}.weight", (units, fan_in), fan_in**-0.5)
        builder.draw(f"{own}.bias", (units,), 0.3)

        def forward(x, c):
            y = F.linear(x, c.parameters[f"{own}.weight"], c.parameters[f"{own}.bias"])
            c.kept[own] = y
            return y

        options = {"name": name} if name else {}
        return table("dense", units, options), (steps, units), forward

    return build


def embedding(size, vocabulary):
    """Of ids (steps × 1): `nn.Embedding`'s lookup; of one-hot steps the product, which is the same."""

    def build(builder, shape):
        name = builder.name("embedding")
        builder.draw(f"{name}.weight", (vocabulary, size), 1.0)

        def forward(x, c):
            weight = c.parameters[f"{name}.weight"]
            if shape[1] == 1:
                return F.embedding(x.detach().squeeze(2).long(), weight)
            picked = F.embedding(x.detach().argmax(2), weight)
            assert torch.allclose(picked, x.detach() @ weight)
            return x @ weight

        toml = table("embedding", size, {"vocabulary": vocabulary})
        return toml, (shape[0], size), forward

    return build


def sinusoidal():
    def build(_builder, shape):
        steps, features = shape

        def forward(x, _c):
            # The usual program of Vaswani et al. (2017), §3.5.
            table = torch.zeros(steps, features, dtype=torch.float64)
            place = torch.arange(steps, dtype=torch.float64).unsqueeze(1)
            rate = torch.exp(
                torch.arange(0, features, 2, dtype=torch.float64) * (-math.log(10000.0) / features)
            )
            table[:, 0::2] = torch.sin(place * rate)
            table[:, 1::2] = torch.cos(place * rate)[:, : features // 2]
            return x + table.to(x.dtype)

        return '"positions"', shape, forward

    return build


def learned_positions():
    def build(builder, shape):
        name = builder.name("positions")
        builder.draw(f"{name}.weight", shape, 0.5)
        toml = table("positions", "learned")
        return toml, shape, lambda x, c: x + c.parameters[f"{name}.weight"]

    return build


def queries(steps, size):
    def build(builder, _shape):
        name = builder.name("queries")
        builder.draw(f"{name}.weight", (steps, size), 1.0)

        def forward(x, c):
            return c.parameters[f"{name}.weight"].expand(len(x), steps, size)

        return table("queries", steps, {"size": size}), (steps, size), forward

    return build


def patches(rows, columns):
    def build(_builder, shape):
        channels, height, width = shape
        steps = (height // rows) * (width // columns)

        def forward(x, _c):
            return F.unfold(x, (rows, columns), stride=(rows, columns)).transpose(1, 2)

        out = (steps, channels * rows * columns)
        return table("patches", (rows, columns)), out, forward

    return build


def draw_attention(builder, name, features, source, bias=True):
    for part, fan_in in zip(
        ("query", "key", "value", "output"), (features, source, source, features)
    ):
        builder.draw(f"{name}.{part}.weight", (features, fan_in), 1.3 * fan_in**-0.5)
        if bias:
            builder.draw(f"{name}.{part}.bias", (features,), 0.3)


def torch_attention(c, name, packed, bias=True):
    """The parameters of `name` as `nn.MultiheadAttention` calls them."""
    of = lambda part, what: c.parameters[f"{name}.{part}.{what}"]
    found = {"out_proj.weight": of("output", "weight")}
    three = ("query", "key", "value")
    if packed:
        found["in_proj_weight"] = torch.cat([of(part, "weight") for part in three])
    else:
        for part in three:
            found[f"{part[0]}_proj_weight"] = of(part, "weight")
    if bias:
        found["in_proj_bias"] = torch.cat([of(part, "bias") for part in three])
        found["out_proj.bias"] = of("output", "bias")
    return found


def future(steps):
    return nn.Transformer.generate_square_subsequent_mask(steps)


def attend(c, name, heads, x, memory, causal, bias=True):
    features, source = x.shape[2], memory.shape[2]
    module = nn.MultiheadAttention(
        features, heads, bias=bias, kdim=source, vdim=source, batch_first=True
    )
    mask = future(x.shape[1]).to(x.dtype) if causal else None
    given = torch_attention(c, name, source == features, bias)
    options = {"attn_mask": mask, "need_weights": False}
    return functional_call(module, given, (x, memory, memory), options)[0]


def attention(heads, causal=False, bias=True, memory=None, source=None):
    def build(builder, shape):
        features = shape[1]
        name = builder.name("attention")
        draw_attention(builder, name, features, source or features, bias)

        def forward(x, c):
            kept = x if memory is None else c.kept[memory]
            return attend(c, name, heads, x, kept, causal, bias)

        options = {"causal": True} if causal else {}
        options |= {} if bias else {"bias": False}
        options |= {"memory": memory} if memory else {}
        return table("attention", heads, options), shape, forward

    return build


def transformer(heads, ff, norm, count=1, causal=False, activation="gelu", memory=None, source=None):
    """PyTorch's layers; with `norm` "deep" the formula of DeepNorm."""

    def build(builder, shape):
        steps, features = shape
        block = builder.name("transformer")
        layers = [block if count == 1 else f"{block}.l{i + 1}" for i in range(count)]
        parts = 2 if memory is None else 3
        for name in layers:
            draw_attention(builder, f"{name}.attention", features, features)
            if memory:
                draw_attention(builder, f"{name}.cross", features, source)
            builder.draw(f"{name}.ff1.weight", (ff, features), features**-0.5)
            builder.draw(f"{name}.ff1.bias", (ff,), 0.3)
            builder.draw(f"{name}.ff2.weight", (features, ff), ff**-0.5)
            builder.draw(f"{name}.ff2.bias", (features,), 0.3)
            for part in range(parts):
                builder.draw(f"{name}.norm{part + 1}.weight", (features,), 0.2, 1.0)
                builder.draw(f"{name}.norm{part + 1}.bias", (features,), 0.2)

        def layer(x, c, name):
            if norm == "deep":
                return deep(x, c, name)
            kind = nn.TransformerEncoderLayer if memory is None else nn.TransformerDecoderLayer
            module = kind(
                features, heads, ff, 0.0, getattr(F, activation), batch_first=True,
                norm_first=norm == "pre",
            )
            given = {}
            for ours, theirs in {"ff1": "linear1", "ff2": "linear2"}.items():
                for what in ("weight", "bias"):
                    given[f"{theirs}.{what}"] = c.parameters[f"{name}.{ours}.{what}"]
            for part in range(parts):
                for what in ("weight", "bias"):
                    given[f"norm{part + 1}.{what}"] = c.parameters[f"{name}.norm{part + 1}.{what}"]
            named = {"attention": "self_attn"} | ({"cross": "multihead_attn"} if memory else {})
            for ours, theirs in named.items():
                found = torch_attention(c, f"{name}.{ours}", True)
                given |= {f"{theirs}.{k}": v for k, v in found.items()}
            mask = future(steps).to(x.dtype) if causal else None
            if memory is None:
                return functional_call(module, given, (x,), {"src_mask": mask})
            return functional_call(module, given, (x, c.kept[memory]), {"tgt_mask": mask})

        def deep(x, c, name):
            alpha = (2 * count) ** 0.25 if memory is None else (3 * count) ** 0.25
            parameter = lambda what: c.parameters[f"{name}.{what}"]

            def added(x, y, part):
                weight, bias = parameter(f"norm{part}.weight"), parameter(f"norm{part}.bias")
                return F.layer_norm(alpha * x + y, (features,), weight, bias)

            x = added(x, attend(c, f"{name}.attention", heads, x, x, causal), 1)
            if memory is not None:
                x = added(x, attend(c, f"{name}.cross", heads, x, c.kept[memory], False), 2)
            inner = F.linear(x, parameter("ff1.weight"), parameter("ff1.bias"))
            inner = getattr(F, activation)(inner)
            y = F.linear(inner, parameter("ff2.weight"), parameter("ff2.bias"))
            return added(x, y, parts)

        def forward(x, c):
            for name in layers:
                x = layer(x, c, name)
            return x

        options = {"ff": ff, "norm": norm, "activation": activation}
        options |= {"count": count} if count > 1 else {}
        options |= {"causal": True} if causal else {}
        options |= {"memory": memory} if memory else {}
        return table("transformer", heads, options), shape, forward

    return build
