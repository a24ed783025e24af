"""Twenty steps of every optimiser on a fixed sequence of gradients."""

import numpy as np
import torch

import published
from common import numbers, shaped, tensor, values

STEPS = 20
# Enough to see the first steps, a transient and the end.
SHOWN = [1, 2, 3, 5, 10, 20]


def table():
    sgd, adam = torch.optim.SGD, torch.optim.Adam
    rms = torch.optim.RMSprop
    e7 = {"epsilon": 1e-7}
    return [
        ("sgd", {"name": "sgd", "lr": 0.1}, {}, lambda p: sgd(p, 0.1)),
        ("sgd-momentum", {"name": "sgd", "lr": 0.1, "momentum": 0.9}, {},
         lambda p: sgd(p, 0.1, momentum=0.9)),
        ("sgd-nesterov", {"name": "sgd", "lr": 0.1, "momentum": 0.9, "nesterov": True}, {},
         lambda p: sgd(p, 0.1, momentum=0.9, nesterov=True)),
        ("sgd-weight-decay", {"name": "sgd", "lr": 0.1, "momentum": 0.5, "weight_decay": 0.1}, {},
         lambda p: sgd(p, 0.1, momentum=0.5, weight_decay=0.1)),
        ("sgd-decay", {"name": "sgd", "lr": 0.1, "decay": 0.2}, {}, lambda p: sgd(p, 0.1)),
        ("sgd-wrong-sign", {"name": "sgd", "lr": 0.1, "gradient_sign": -1.0}, {},
         lambda p: sgd(p, 0.1)),
        ("sgd-clip-value", {"name": "sgd", "lr": 0.1}, {"value": 0.5}, lambda p: sgd(p, 0.1)),
        ("sgd-clip-global-norm", {"name": "sgd", "lr": 0.1}, {"global_norm": 2.0},
         lambda p: sgd(p, 0.1)),
        ("sgd-clip-both", {"name": "sgd", "lr": 0.1}, {"value": 0.8, "global_norm": 1.0},
         lambda p: sgd(p, 0.1)),
        ("adam", {"name": "adam", "lr": 0.01}, {}, lambda p: adam(p, 0.01)),
        ("adam-constants",
         {"name": "adam", "lr": 0.01, "beta1": 0.5, "beta2": 0.9, "epsilon": 0.1}, {},
         lambda p: adam(p, 0.01, (0.5, 0.9), 0.1)),
        ("adamw", {"name": "adamw", "lr": 0.01, "weight_decay": 0.1}, {},
         # Decay on matrices only.
         lambda p: torch.optim.AdamW([{"params": p[:1], "weight_decay": 0.1},
                                      {"params": p[1:], "weight_decay": 0.0}], 0.01)),
        ("rmsprop", {"name": "rmsprop", "lr": 0.01, "rho": 0.9} | e7, {},
         lambda p: rms(p, 0.01, alpha=0.9, eps=1e-7)),
        ("rmsprop-epsilon", {"name": "rmsprop", "lr": 0.01, "rho": 0.5, "epsilon": 0.1}, {},
         lambda p: rms(p, 0.01, alpha=0.5, eps=0.1)),
        ("adagrad", {"name": "adagrad", "lr": 0.05, "initial_accumulator": 0.1} | e7, {},
         lambda p: torch.optim.Adagrad(p, 0.05, initial_accumulator_value=0.1, eps=1e-7)),
        ("adadelta", {"name": "adadelta", "lr": 1.0, "rho": 0.95} | e7, {},
         lambda p: torch.optim.Adadelta(p, 1.0, rho=0.95, eps=1e-7)),
        *newer(),
    ]


def matrices_only(p, decay):
    """Decoupled decay is for matrices."""
    return [{"params": p[:1], "weight_decay": decay}, {"params": p[1:], "weight_decay": 0.0}]


def newer():
    """Optimisers beyond the first ones, every kind of decay, and clipping tensor by tensor."""
    adam, o = torch.optim.Adam, torch.optim
    wd, de = {"weight_decay": 0.1}, {"weight_decay": 0.1, "decoupled": True}
    return [
        ("adam-l2", {"name": "adam", "lr": 0.01} | wd, {}, lambda p: adam(p, 0.01, weight_decay=0.1)),
        ("adam-decoupled", {"name": "adam", "lr": 0.01} | de, {},
         lambda p: adam(matrices_only(p, 0.1), 0.01, decoupled_weight_decay=True)),
        ("rmsprop-l2", {"name": "rmsprop", "lr": 0.01} | wd, {},
         lambda p: o.RMSprop(p, 0.01, alpha=0.9, eps=1e-7, weight_decay=0.1)),
        ("adagrad-l2", {"name": "adagrad", "lr": 0.05} | wd, {},
         lambda p: o.Adagrad(p, 0.05, initial_accumulator_value=0.1, eps=1e-7, weight_decay=0.1)),
        ("adadelta-l2", {"name": "adadelta"} | wd | {"lr": 1.0}, {},
         lambda p: o.Adadelta(p, 1.0, rho=0.95, eps=1e-7, weight_decay=0.1)),
        ("sgd-decoupled", {"name": "sgd", "lr": 0.1, "momentum": 0.9} | de, {},
         lambda p: published.Decoupled(p, 0.1, 0.1, lambda q: o.SGD(q, 0.1, momentum=0.9))),
        ("nadam", {"name": "nadam", "lr": 0.01}, {}, lambda p: o.NAdam(p, 0.01)),
        ("nadam-l2", {"name": "nadam", "lr": 0.01, "momentum_decay": 0.1} | wd, {},
         lambda p: o.NAdam(p, 0.01, weight_decay=0.1, momentum_decay=0.1)),
        ("nadam-decoupled", {"name": "nadam", "lr": 0.01} | de, {},
         lambda p: o.NAdam(matrices_only(p, 0.1), 0.01, decoupled_weight_decay=True)),
        ("sign", {"name": "sign", "lr": 0.01}, {}, lambda p: published.Sign(p, 0.01)),
        ("sign-momentum", {"name": "sign", "lr": 0.01, "momentum": 0.9}, {},
         lambda p: published.Sign(p, 0.01, 0.9)),
        ("sign-decoupled", {"name": "sign", "lr": 0.01, "momentum": 0.9} | de, {},
         lambda p: published.Sign(p, 0.01, 0.9, 0.1)),
        ("lion", {"name": "lion", "lr": 0.01}, {}, lambda p: published.Lion(p, 0.01)),
        ("lion-decay", {"name": "lion", "lr": 0.01, "beta1": 0.95, "beta2": 0.98} | wd, {},
         lambda p: published.Lion(p, 0.01, 0.95, 0.98, 0.1)),
        ("lamb", {"name": "lamb", "lr": 0.01}, {}, lambda p: published.Lamb(p, 0.01, 0.01)),
        ("lamb-without-decay", {"name": "lamb", "lr": 0.01, "weight_decay": 0.0}, {},
         lambda p: published.Lamb(p, 0.01, 0.0)),
        ("adan", {"name": "adan", "lr": 0.01}, {}, lambda p: published.Adan(p, 0.01, 0.02)),
        ("adan-without-decay", {"name": "adan", "lr": 0.01, "weight_decay": 0.0}, {},
         lambda p: published.Adan(p, 0.01, 0.0)),
        ("muon", {"name": "muon", "lr": 0.02}, {}, lambda p: published.Muon(p, 0.02)),
        ("muon-without-nesterov",
         {"name": "muon", "lr": 0.02, "nesterov": False, "scale": "adam", "aux_lr": 0.01} | wd, {},
         lambda p: published.Muon(p, 0.02, nesterov=False, adjust="match_rms_adamw", decay=0.1,
                                  aux=0.01)),
        ("sgd-clip-norm", {"name": "sgd", "lr": 0.1}, {"norm": 1.5}, lambda p: o.SGD(p, 0.1)),
        ("sgd-clip-adaptive", {"name": "sgd", "lr": 0.1}, {"adaptive": 0.5}, lambda p: o.SGD(p, 0.1)),
        ("sgd-clip-adaptive-small", {"name": "sgd", "lr": 0.1}, {"adaptive": 0.01},
         lambda p: o.SGD(p, 0.1)),
        ("sgd-clip-all", {"name": "sgd", "lr": 0.1},
         {"value": 1.0, "norm": 1.2, "adaptive": 0.8, "global_norm": 0.7}, lambda p: o.SGD(p, 0.1)),
    ]


def unit_norms(x):
    """Of each output (row) of a matrix, of a vector as a whole."""
    return x.norm(dim=1, keepdim=True) if x.dim() > 1 else x.norm()


def clip(gradients, parameters, given):
    """Value first, each tensor's norm, each unit's against its weights, then the norm over all
    parameters together. PyTorch's clip_grad_norm_ divides by
    the norm plus 1e-6; this is the norm itself."""
    if "value" in given:
        gradients = [g.clamp(-given["value"], given["value"]) for g in gradients]
    if "norm" in given:
        gradients = [g * torch.clamp(given["norm"] / g.norm(), max=1) for g in gradients]
    if "adaptive" in given:
        limits = [given["adaptive"] * unit_norms(p.detach()).clamp(min=1e-3) for p in parameters]
        pairs = zip(gradients, limits)
        gradients = [torch.where(unit_norms(g) > m, g * (m / unit_norms(g)), g) for g, m in pairs]
    if "global_norm" in given:
        norm = torch.sqrt(sum((g**2).sum() for g in gradients))
        if norm > given["global_norm"]:
            gradients = [g * (given["global_norm"] / norm) for g in gradients]
    return gradients


def trajectory(make, optimizer, clipping, start, gradients, dtype):
    parameters = [tensor(v, dtype).requires_grad_() for v in start.values()]
    algorithm = make(parameters)
    shown = {}
    for step in range(STEPS):
        rate = optimizer["lr"] / (1 + optimizer.get("decay", 0.0) * step)
        for group in algorithm.param_groups:
            group["lr"] = rate * group.get("share", 1.0)
        now = [tensor(g[step], dtype) * optimizer.get("gradient_sign", 1.0) for g in gradients.values()]
        for parameter, gradient in zip(parameters, clip(now, parameters, clipping)):
            parameter.grad = gradient
        algorithm.step()
        if step + 1 in SHOWN:
            shown[str(step + 1)] = dict(zip(start, (numbers(p) for p in parameters)))
    return shown


def by_hand(optimizer, start, gradients):
    """The textbook update in plain arithmetic, where the place of epsilon is easily got wrong."""
    o, after = optimizer, {}
    for name, first in start.items():
        rho, small = o.get("rho", 0.95 if o["name"] == "adadelta" else 0.9), o.get("epsilon", 1e-7)
        w, m, v, d = np.array(first, float), 0.0, o.get("initial_accumulator", 0.1 if o["name"] == "adagrad" else 0.0), 0.0
        for t, g in enumerate(np.array(gradients[name], float), 1):
            if o["name"] != "adamw":
                g = g + o.get("weight_decay", 0.0) * w
            if o["name"] == "rmsprop":
                v = rho * v + (1 - rho) * g**2
                w = w - o["lr"] * g / (np.sqrt(v) + small)
            elif o["name"] == "adagrad":
                v = v + g**2
                w = w - o["lr"] * g / (np.sqrt(v) + small)
            elif o["name"] == "adadelta":
                v = rho * v + (1 - rho) * g**2
                move = np.sqrt(d + small) / np.sqrt(v + small) * g
                d = rho * d + (1 - rho) * move**2
                w = w - o["lr"] * move
            elif o["name"] in ("adam", "adamw") and not o.get("decoupled"):
                b1, b2, eps = o.get("beta1", 0.9), o.get("beta2", 0.999), o.get("epsilon", 1e-8)
                if o["name"] == "adamw" and w.ndim == 2:
                    w = w - o["lr"] * o["weight_decay"] * w
                m, v = b1 * m + (1 - b1) * g, b2 * v + (1 - b2) * g**2
                w = w - o["lr"] * (m / (1 - b1**t)) / (np.sqrt(v / (1 - b2**t)) + eps)
            else:
                return None
        after[name] = w
    return after


def document():
    rng = np.random.default_rng(20)
    shapes = {"weight": (3, 2), "bias": (3,)}
    start = {k: values(rng, s) for k, s in shapes.items()}
    gradients = {k: values(rng, (STEPS, *s)) for k, s in shapes.items()}
    cases = []
    for name, optimizer, clipping, make in table():
        own = optimizer["name"] in ("sign", "lion", "lamb", "adan")
        source = "published algorithm" if own else "PyTorch"
        case = {"name": name, "source": source, "optimizer": optimizer, "clip": clipping}
        for precision, dtype in (("f32", torch.float32), ("f64", torch.float64)):
            case[precision] = trajectory(make, optimizer, clipping, start, gradients, dtype)
        check = by_hand(optimizer, start, gradients)
        for key, w in (check or {}).items():
            assert np.allclose(w.reshape(-1), case["f64"][str(STEPS)][key], rtol=1e-9), (name, key)
        cases.append(case)
    return {
        "start": {k: shaped(v) for k, v in start.items()},
        "gradients": {k: shaped(v) for k, v in gradients.items()},
        "cases": cases,
    }
