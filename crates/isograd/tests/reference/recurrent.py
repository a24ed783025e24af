"""Recurrent layers: torch.nn.RNN, GRU and LSTM; with layer normalisation, step by step as Ba et al.
(2016) write them down.

Parameters are drawn in isograd's layout: input weights inputs × (directions × gates × units), recurrent
weights directions × units × (gates × units), one bias (b_ih + b_hh), and the bias of a GRU's candidate
that lies inside the reset gate (the last third of b_hh).
"""

import torch
import torch.nn.functional as F

from blocks import table

GATES = {"rnn": 1, "gru": 3, "lstm": 4}


def cells(kind, activation, sizes, directions, bias):
    """PyTorch's layer; it only says what is computed, its parameters are given."""
    options = dict(batch_first=True, bidirectional=directions == 2, bias=bias)
    if kind == "rnn":
        return torch.nn.RNN(*sizes, nonlinearity=activation, **options)
    return {"gru": torch.nn.GRU, "lstm": torch.nn.LSTM}[kind](*sizes, **options)


def given(kind, own, direction, units):
    """The four tensors of one direction, in PyTorch's layout."""
    width = GATES[kind] * units
    part = slice(direction * width, (direction + 1) * width)
    found = {"weight_ih": own["input_weight"][:, part].T, "weight_hh": own["recurrent_weight"][direction].T}
    if "input_bias" in own:
        found["bias_ih"] = own["input_bias"][part]
        inside = torch.zeros_like(own["input_bias"][part])
        if kind == "gru":
            candidate = own["recurrent_bias"][direction * units:(direction + 1) * units]
            inside = torch.cat([inside[:2 * units], candidate])
        found["bias_hh"] = inside
    return found


def plain(kind, layer, own, directions, units, truncate):
    def forward(x):
        names = {}
        for d in range(directions):
            ending = "_l0" + ("_reverse" if d else "")
            names |= {k + ending: v for k, v in given(kind, own, d, units).items()}
        run = lambda *arguments: torch.func.functional_call(layer, names, arguments)
        if truncate is None:
            out, state = run(x)
            return out, state[0] if kind == "lstm" else state
        outs, state = [], None
        for piece in x.split(truncate, 1):
            out, state = run(piece, state) if state is not None else run(piece)
            outs.append(out)
            last = state
            state = tuple(s.detach() for s in state) if kind == "lstm" else state.detach()
        return torch.cat(outs, 1), last[0] if kind == "lstm" else last

    return forward


def norm(x, gamma):
    return F.layer_norm(x, x.shape[-1:]) * gamma


def normalised(kind, activation, own, directions, units):
    """Ba et al. (2016), equation 4 (RNN), 20-22 (LSTM), 23-25 (GRU), without the shifts that a bias
    makes up for."""
    phi = {"tanh": torch.tanh, "relu": torch.relu}[activation]
    width = GATES[kind] * units

    def one(x, d):
        cut = lambda name, size: own[name][d * size:(d + 1) * size] if name in own else 0.0
        bias, inside = cut("input_bias", width), cut("recurrent_bias", units)
        scale_x, scale_h = cut("input_gamma", width), cut("recurrent_gamma", width)
        scale_c, shift_c = cut("cell_gamma", units), cut("cell_beta", units)
        weight_x = own["input_weight"][:, d * width:(d + 1) * width]
        h = torch.zeros(x.shape[0], units, dtype=x.dtype)
        c, outs = h, []
        for t in range(x.shape[1]):
            from_x, from_h = x[:, t] @ weight_x, h @ own["recurrent_weight"][d]
            if kind == "rnn":
                h = phi(norm(from_x + from_h, scale_c) + bias)
            elif kind == "lstm":
                i, f, g, o = (norm(from_x, scale_x) + norm(from_h, scale_h) + bias).chunk(4, 1)
                c = f.sigmoid() * c + i.sigmoid() * g.tanh()
                h = o.sigmoid() * torch.tanh(norm(c, scale_c) + shift_c)
            else:
                both = 2 * units
                gates = (norm(from_x[:, :both], scale_x[:both]) + norm(from_h[:, :both], scale_h[:both])
                         + bias[:both])
                r, z = gates.sigmoid().chunk(2, 1)
                new = norm(from_x[:, both:], scale_x[both:]) + bias[both:]
                new = torch.tanh(new + r * (norm(from_h[:, both:], scale_h[both:]) + inside))
                h = (1 - z) * new + z * h
            outs.append(h)
        return torch.stack(outs, 1), h

    def forward(x):
        outs, last = one(x, 0)
        if directions == 1:
            return outs, last[None]
        back, first = one(x.flip(1), 1)
        return torch.cat([outs, back.flip(1)], 2), torch.stack([last, first])

    return forward


def recurrent(kind, units, returns="sequence", activation="tanh", bidirectional=False, layer_norm=False,
              truncate=None, bias=True, scale=0.6):
    def build(builder, shape):
        steps, inputs = shape
        name = builder.name(kind)
        directions, width = 1 + bidirectional, GATES[kind] * units
        shapes = {"input_weight": (inputs, directions * width),
                  "recurrent_weight": (directions, units, width)}
        if bias:
            shapes["input_bias"] = (directions * width,)
            if kind == "gru":
                shapes["recurrent_bias"] = (directions * units,)
        if layer_norm and kind != "rnn":
            shapes["input_gamma"] = shapes["recurrent_gamma"] = (directions * width,)
        if layer_norm and kind != "gru":
            shapes["cell_gamma"] = (directions * units,)
        if layer_norm and kind == "lstm":
            shapes["cell_beta"] = (directions * units,)
        for key, size in shapes.items():
            builder.draw(f"{name}.{key}", size, 0.3 if "gamma" in key else scale, float("gamma" in key))
        layer = cells(kind, activation, (inputs, units), directions, bias)

        def forward(x, c):
            own = {k: c.parameters[f"{name}.{k}"] for k in shapes}
            if layer_norm:
                assert truncate is None
                run = normalised(kind, activation, own, directions, units)
            else:
                run = plain(kind, layer, own, directions, units, truncate)
            out, last = run(x)
            if returns == "last":
                return last.transpose(0, 1).flatten(1)
            return out

        options = {"return": returns, "bidirectional": bidirectional}
        if kind == "rnn":
            options["activation"] = activation
        options |= {"norm": "layer"} if layer_norm else {}
        options |= {"truncate": truncate} if truncate else {}
        options |= {} if bias else {"bias": False}
        out = (directions * units,) if returns == "last" else (steps, directions * units)
        return table(kind, units, options), out, forward

    return build


def cases(case, blocks):
    """The cases, of `networks.case` and the blocks around a recurrent one."""
    shape, small = (6, 3), dict(batch=3)
    end = [blocks.flatten(), blocks.dense(2)]
    found = []
    for name, options in [("rnn", {}), ("rnn", {"activation": "relu"}), ("gru", {}), ("lstm", {})]:
        tag = name + ("-relu" if options else "")
        layer = lambda units=4, **more: recurrent(name, units, **(options | more))
        found += [
            case(f"{tag}-sequence", shape, [layer(), *end], **small),
            case(f"{tag}-last", shape, [layer(returns="last"), blocks.dense(2)], **small),
            case(f"{tag}-bidirectional", shape, [layer(bidirectional=True), *end], **small),
            case(f"{tag}-bidirectional-last", shape,
                 [layer(bidirectional=True, returns="last"), blocks.dense(2)], **small),
            case(f"{tag}-stacked", shape, [layer(), layer(3), layer(2, returns="last")], **small),
            case(f"{tag}-without-bias", shape, [layer(bias=False), *end], **small),
            case(f"{tag}-truncated", shape, [layer(truncate=2), *end], **small),
            case(f"{tag}-truncated-last", shape, [layer(truncate=4, returns="last"), blocks.dense(2)],
                 **small),
            case(f"{tag}-layer-norm", shape, [layer(layer_norm=True), *end], **small),
            case(f"{tag}-layer-norm-bidirectional", shape,
                 [layer(layer_norm=True, bidirectional=True), *end], **small),
            case(f"{tag}-residual", shape, [layer(), blocks.residual(layer()), *end], **small),
        ]
    return found
