"""The eight networks as a PyTorch user would write them, with isograd's weights."""

from dataclasses import dataclass
from typing import Callable

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn


class Residual(nn.Module):
    """Basic block of He et al. (2015); the shortcut is subsampled and padded with zeros."""

    def __init__(self, channels, filters, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(channels, filters, 3, stride, 1, bias=False)
        self.norm1 = nn.BatchNorm2d(filters)
        self.conv2 = nn.Conv2d(filters, filters, 3, 1, 1, bias=False)
        self.norm2 = nn.BatchNorm2d(filters)
        self.stride, self.pad = stride, (filters - channels) // 2

    def forward(self, x):
        y = F.relu(self.norm1(self.conv1(x)))
        y = self.norm2(self.conv2(y))
        if self.stride > 1:
            x = F.pad(x[:, :, :: self.stride, :: self.stride], (0, 0, 0, 0, self.pad, self.pad))
        return F.relu(y + x)


def resnet(width=16, count=3):
    layers = [nn.Conv2d(1, width, 3, 1, 1, bias=False), nn.BatchNorm2d(width), nn.ReLU()]
    channels = width
    for stage, filters in enumerate((width, 2 * width, 4 * width)):
        for unit in range(count):
            stride = 2 if stage > 0 and unit == 0 else 1
            layers.append(Residual(channels, filters, stride))
            channels = filters
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, 10))


class Dense(nn.Module):
    """A layer of a dense block (Huang et al. 2017), its input in front of what it adds."""

    def __init__(self, channels, growth):
        super().__init__()
        self.norm = nn.BatchNorm2d(channels)
        self.conv = nn.Conv2d(channels, growth, 3, 1, 1, bias=False)

    def forward(self, x):
        return torch.cat([x, self.conv(F.relu(self.norm(x)))], 1)


def densenet(growth=12, count=12):
    layers, channels = [nn.Conv2d(3, 16, 3, 1, 1, bias=False)], 16
    for block in range(3):
        for _ in range(count):
            layers.append(Dense(channels, growth))
            channels += growth
        layers += [nn.BatchNorm2d(channels), nn.ReLU()]
        if block < 2:
            layers += [nn.Conv2d(channels, channels, 1, bias=False), nn.AvgPool2d(2)]
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, 10))


class Block(nn.Module):
    """Pre-LN Transformer layer (Xiong et al. 2020)."""

    def __init__(self, width, heads):
        super().__init__()
        self.norm1 = nn.LayerNorm(width)
        self.qkv = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)
        self.norm2 = nn.LayerNorm(width)
        self.ff1 = nn.Linear(width, 4 * width)
        self.ff2 = nn.Linear(4 * width, width)
        self.heads = heads

    def forward(self, x):
        batch, steps, width = x.shape
        qkv = self.qkv(self.norm1(x)).view(batch, steps, 3, self.heads, width // self.heads)
        q, k, v = qkv.permute(2, 0, 3, 1, 4)
        y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + self.out(y.transpose(1, 2).reshape(batch, steps, width))
        return x + self.ff2(F.gelu(self.ff1(self.norm2(x))))


class Transformer(nn.Module):
    def __init__(self, width=128, heads=4, count=6, steps=64, alphabet=65):
        super().__init__()
        self.embedding = nn.Embedding(alphabet, width)
        self.positions = nn.Embedding(steps, width)
        self.blocks = nn.Sequential(*[Block(width, heads) for _ in range(count)])
        self.norm = nn.LayerNorm(width)
        self.head = nn.Linear(width, alphabet)

    def forward(self, x):
        return self.head(self.norm(self.blocks(self.embedding(x) + self.positions.weight)))


class NormalisedLstm(nn.Module):
    """LSTM with layer normalisation of what input and state contribute, and of the cell (Ba et al.
    2016, equations 29 to 31). The inputs of all steps are one product."""

    def __init__(self, inputs=2, units=128):
        super().__init__()
        self.inputs = nn.Parameter(torch.zeros(inputs, 4 * units))
        self.states = nn.Parameter(torch.zeros(units, 4 * units))
        self.bias = nn.Parameter(torch.zeros(4 * units))
        self.input_gamma = nn.Parameter(torch.ones(4 * units))
        self.state_gamma = nn.Parameter(torch.ones(4 * units))
        self.cell_gamma = nn.Parameter(torch.ones(units))
        self.cell_beta = nn.Parameter(torch.zeros(units))
        self.head = nn.Linear(units, 1)
        self.units = units

    def forward(self, x):
        wide = (4 * self.units,)
        x = F.layer_norm(x @ self.inputs, wide, self.input_gamma) + self.bias
        h = c = x.new_zeros(x.shape[0], self.units)
        for step in x.unbind(1):
            gates = step + F.layer_norm(h @ self.states, wide, self.state_gamma)
            i, f, g, o = gates.chunk(4, 1)
            c = f.sigmoid() * c + i.sigmoid() * g.tanh()
            h = o.sigmoid() * F.layer_norm(c, (self.units,), self.cell_gamma, self.cell_beta).tanh()
        return self.head(h)


class Highway(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.body = nn.Linear(width, width)
        self.gate = nn.Linear(width, width)

    def forward(self, x):
        t = self.gate(x).sigmoid()
        return self.body(x).tanh() * t + x * (1 - t)


def highway(depth=50, width=64):
    first = [nn.Linear(width, width), nn.Tanh()]
    return nn.Sequential(*first, *[Highway(width) for _ in range(depth - 1)], nn.Linear(width, 10))


def mlp(depth, width):
    layers = [m for _ in range(depth) for m in (nn.Linear(width, width), nn.Tanh())]
    return nn.Sequential(*layers, nn.Linear(width, 10))


def load(model, weights):
    """In order. isograd's dense weights are inputs × units, PyTorch's the other way round; three
    dense layers of an attention are one here."""
    left = [v for name, v in weights.items() if "running" not in name]
    owners = {}
    for module in model.modules():
        for name, parameter in module.named_parameters(recurse=False):
            owners[id(parameter)] = (module, name)
    with torch.no_grad():
        for parameter in model.parameters():
            module, name = owners[id(parameter)]
            if name == "weight" and isinstance(module, nn.Linear):
                units = module.out_features
                taken = [left.pop(0)]
                biases = [left.pop(0)]
                while sum(v.shape[1] for v in taken) < units:
                    taken.append(left.pop(0))
                    biases.append(left.pop(0))
                parameter.copy_(torch.from_numpy(np.concatenate(taken, 1).T.copy()))
                module.bias.copy_(torch.from_numpy(np.concatenate(biases)))
            elif name == "bias" and isinstance(module, nn.Linear):
                continue
            else:
                value = torch.from_numpy(left.pop(0).copy())
                parameter.copy_(value.reshape(parameter.shape))
    assert not left, "weights are left"


def classes(logits, y):
    return F.cross_entropy(logits.flatten(0, -2), y.flatten())


def squares(output, y):
    return F.mse_loss(output, y)


@dataclass
class Kind:
    model: Callable
    batch: Callable
    loss: Callable = classes
    rate: float = 1e-3
    load: Callable = load


def rows(x, y):
    return x, y.long().squeeze(1)


def grey(x, y):
    return x.reshape(len(x), 1, 28, 28), y.long().squeeze(1)


def coloured(x, y):
    return x.reshape(len(x), 3, 32, 32), y.long().squeeze(1)


def characters(x, y):
    return x.long(), y.long()


def steps(x, y):
    return x.reshape(len(x), -1, 2), y


KINDS = {
    "mlp-100x128": Kind(lambda: mlp(100, 128), rows, rate=1e-4),
    "mlp-1000x64": Kind(lambda: mlp(1000, 64), rows, rate=1e-5),
    "mlp-10000x32": Kind(lambda: mlp(10000, 32), rows, rate=1e-6),
    "resnet-20": Kind(resnet, grey),
    "densenet-40": Kind(densenet, coloured),
    "transformer-6x128": Kind(Transformer, characters),
    "ln-lstm-128": Kind(NormalisedLstm, steps, squares),
    "highway-50x64": Kind(highway, rows),
}


def of(name):
    return KINDS[name]
