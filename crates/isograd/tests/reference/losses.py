"""Losses as a description says them; composed by hand where PyTorch's own has no such option."""

import torch
import torch.nn.functional as F

DEFAULTS = {
    "on": "logits",
    "clip": 1e-7,
    "renormalise": False,
    "reduction": "mean",
    "over_outputs": "mean",
    "over_classes": "sum",
    "sum_over_batch": False,
    "pairwise": False,
    "factor": 1.0,
    "label_smoothing": 0.0,
    "class_weights": None,
    "pos_weight": 1.0,
}


def reduce(x, how, dim=None):
    if dim is None:
        return x.mean() if how == "mean" else x.sum()
    return x.mean(dim) if how == "mean" else x.sum(dim)


def clipped(p, o):
    """Into [clip, 1 − clip]; the gradient of what is clipped is zero."""
    return torch.clamp(p, o["clip"], 1 - o["clip"]) if o["clip"] > 0 else p


def cross_entropy(y, target, o):
    if o["on"] == "logits":
        logs = torch.log_softmax(y, 1)
    else:
        logs = torch.log(clipped(y / y.sum(1, keepdim=True) if o["renormalise"] else y, o))
    smooth = o["label_smoothing"]
    wanted = (1 - smooth) * F.one_hot(target, y.shape[1]).to(y.dtype) + smooth / y.shape[1]
    if o["class_weights"] is not None:
        wanted = wanted * torch.tensor(o["class_weights"], dtype=y.dtype)
    terms = -wanted * logs
    if o["sum_over_batch"]:
        return reduce(terms.sum(0), "mean")
    return reduce(reduce(terms, o["over_classes"], 1), o["reduction"])


def binary_terms(y, t, o):
    t = (1 - o["label_smoothing"]) * t + o["label_smoothing"] / 2
    weight = torch.tensor(o["pos_weight"], dtype=y.dtype)
    if o["on"] == "logits":
        return F.binary_cross_entropy_with_logits(y, t, reduction="none", pos_weight=weight)
    p = clipped(y, o)
    return -weight * t * torch.log(p) - (1 - t) * torch.log(1 - p)


def direction(y):
    """Unit vectors of polar angle and azimuth."""
    polar, azimuth = y[:, 0], y[:, 1]
    across = polar.sin()
    return torch.stack([across * azimuth.cos(), across * azimuth.sin(), polar.cos()], 1)


def angle(y, t, o):
    cosine = (direction(y) * direction(t)).sum(1, keepdim=True)
    if o.get("clip_cosine", True):
        cosine = cosine.clamp(1e-7 - 1, 1 - 1e-7)
    return torch.acos(cosine)


def msle(y, t, o):
    low = o["clip"]
    return (torch.log(y.clamp(min=low) + 1) - torch.log(t.clamp(min=low) + 1)) ** 2


def divergence(y, t, o):
    """Keras: target and probability in [clip, 1]."""
    t = t.clamp(o["clip"], 1)
    logs = torch.log_softmax(y, 1) if o["on"] == "logits" else torch.log(y.clamp(o["clip"], 1))
    return F.kl_div(logs, t, reduction="none")


def poisson(y, t, o):
    log_rate = o.get("log_rate", False)
    return F.poisson_nll_loss(y, t, log_rate, eps=o["clip"], reduction="none")


TERMS = {
    "squared_hinge": lambda y, t, o: F.relu(1 - (2 * t - 1) * y) ** 2,
    "huber": lambda y, t, o: F.huber_loss(y, t, delta=o.get("delta", 1.0), reduction="none"),
    "msle": msle,
    "kld": divergence,
    "poisson": poisson,
    "binary_cross_entropy": binary_terms,
    "mse": lambda y, t, o: (y - t) ** 2,
    "mae": lambda y, t, o: (y - t).abs(),
    "angle": angle,
    "hinge": lambda y, t, o: F.relu(1 - (2 * t - 1) * y),
}


def loss(kind, y, target, given):
    """The loss of a batch."""
    o = DEFAULTS | given
    if kind == "cross_entropy":
        return o["factor"] * cross_entropy(y, target, o)
    if o["pairwise"]:
        # (B, 1) against (B): every prediction meets every target, B × B terms in place of B.
        return o["factor"] * reduce(TERMS[kind](y, target.T, o), o["reduction"])
    terms = TERMS[kind](y, target, o)
    inner = o["over_classes"] if kind == "kld" else o["over_outputs"]
    return o["factor"] * reduce(reduce(terms, inner, 1), o["reduction"])


def check():
    """Where PyTorch has the loss itself, ours is the same number."""
    rng = torch.Generator().manual_seed(0)
    y = torch.randn(5, 4, generator=rng, dtype=torch.float64)
    t = (torch.rand(5, 4, generator=rng, dtype=torch.float64) > 0.5).double()
    k = torch.randint(0, 4, (5,), generator=rng)
    p, s = torch.softmax(y, 1), torch.sigmoid(y)
    on = {"on": "probabilities"}
    w = [0.5, 2.0, 1.0, 3.0]
    weights = torch.tensor(w, dtype=torch.float64)
    options = {"label_smoothing": 0.1, "class_weights": w, "reduction": "sum"}
    smooth = F.cross_entropy(y, k, weights, label_smoothing=0.1, reduction="sum")
    for ours, theirs in [
        (loss("cross_entropy", y, k, {}), F.cross_entropy(y, k)),
        (loss("cross_entropy", y, k, {"reduction": "sum"}), F.cross_entropy(y, k, reduction="sum")),
        (loss("cross_entropy", p, k, on), F.nll_loss(torch.log(p), k)),
        (loss("binary_cross_entropy", y, t, {}), F.binary_cross_entropy_with_logits(y, t)),
        (loss("binary_cross_entropy", s, t, on), F.binary_cross_entropy(s, t)),
        (loss("mse", y, t, {}), F.mse_loss(y, t)),
        (loss("mae", y, t, {}), F.l1_loss(y, t)),
        (loss("cross_entropy", y, k, options), smooth),
        (loss("kld", torch.log(p), p.flip(0), {}),
         F.kl_div(torch.log(p), p.flip(0), reduction="batchmean")),
    ]:
        assert torch.allclose(ours, theirs, rtol=1e-12), (ours, theirs)
