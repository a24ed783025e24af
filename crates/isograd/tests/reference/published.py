"""Optimisers that PyTorch does not have, from their papers' algorithms, one step at a time."""

from unittest import mock

import torch


class Rule:
    """Parameters, their state, and the groups in which the caller sets the rate."""

    def __init__(self, parameters, lr):
        self.parameters, self.param_groups, self.t = list(parameters), [{"lr": lr}], 0
        self.state = [{} for _ in self.parameters]

    @torch.no_grad()
    def step(self):
        self.t += 1
        for w, s in zip(self.parameters, self.state):
            self.one(w, w.grad, s, self.param_groups[0]["lr"])


class Decoupled:
    """Any optimiser behind w ← (1 − lr·decay)·w of the matrices."""

    def __init__(self, parameters, lr, decay, make):
        self.parameters, self.lr, self.decay, self.inner = parameters, lr, decay, make(parameters)
        self.param_groups = self.inner.param_groups

    def step(self):
        with torch.no_grad():
            for w in self.parameters:
                if w.dim() > 1:
                    w.mul_(1 - self.param_groups[0]["lr"] * self.decay)
        self.inner.step()


class Sign(Rule):
    """Bernstein et al. 2018, algorithms 1 (momentum 0) and 2."""

    def __init__(self, parameters, lr, momentum=0.0, decay=0.0):
        super().__init__(parameters, lr)
        self.momentum, self.decay = momentum, decay

    def one(self, w, g, s, lr):
        s["m"] = self.momentum * s.get("m", 0.0) + (1 - self.momentum) * g
        decay = self.decay if w.dim() > 1 else 0.0
        w.copy_(w - lr * (torch.sign(s["m"]) + decay * w))


class Lion(Rule):
    """Chen et al. 2023, algorithm 2."""

    def __init__(self, parameters, lr, beta1=0.9, beta2=0.99, decay=0.0):
        super().__init__(parameters, lr)
        self.beta1, self.beta2, self.decay = beta1, beta2, decay

    def one(self, w, g, s, lr):
        m = s.get("m", torch.zeros_like(w))
        c = self.beta1 * m + (1 - self.beta1) * g
        decay = self.decay if w.dim() > 1 else 0.0
        w.copy_(w - lr * (torch.sign(c) + decay * w))
        s["m"] = self.beta2 * m + (1 - self.beta2) * g


class Lamb(Rule):
    """You et al. 2020, algorithm 2; vectors without decay and trust ratio, as the authors' program
    excludes biases and normalisation."""

    def __init__(self, parameters, lr, decay, beta1=0.9, beta2=0.999, epsilon=1e-6):
        super().__init__(parameters, lr)
        self.decay, self.betas, self.epsilon = decay, (beta1, beta2), epsilon

    def one(self, w, g, s, lr):
        b1, b2 = self.betas
        s["m"] = b1 * s.get("m", 0.0) + (1 - b1) * g
        s["v"] = b2 * s.get("v", 0.0) + (1 - b2) * g**2
        r = (s["m"] / (1 - b1**self.t)) / (torch.sqrt(s["v"] / (1 - b2**self.t)) + self.epsilon)
        if w.dim() > 1:
            r = r + self.decay * w
            r = r * (w.norm() / r.norm())
        w.copy_(w - lr * r)


class Adan(Rule):
    """Xie et al. 2022, algorithm 1, in the paper's own betas: one minus those of the program."""

    def __init__(self, parameters, lr, decay, betas=(0.02, 0.08, 0.01), epsilon=1e-8):
        super().__init__(parameters, lr)
        self.decay, self.betas, self.epsilon = decay, betas, epsilon

    def one(self, w, g, s, lr):
        b1, b2, b3 = self.betas
        d = g - s.get("g", g)
        s["g"] = g.clone()
        s["m"] = (1 - b1) * s.get("m", 0.0) + b1 * g
        s["v"] = (1 - b2) * s.get("v", 0.0) + b2 * d
        s["n"] = (1 - b3) * s.get("n", 0.0) + b3 * (g + (1 - b2) * d) ** 2
        # The averages start at zero; their bias is taken out, as in the authors' program.
        m, v, n = (s[k] / (1 - (1 - b) ** self.t) for k, b in zip("mvn", self.betas))
        w_next = w - lr / (torch.sqrt(n) + self.epsilon) * (m + (1 - b2) * v)
        decay = self.decay if w.dim() > 1 else 0.0
        w.copy_(w_next / (1 + lr * decay))


class Muon:
    """PyTorch's Muon for the matrix, in full precision instead of its bfloat16, and AdamW without
    decay for the vector."""

    def __init__(self, parameters, lr, nesterov=True, adjust="original", decay=0.0, aux=3e-4):
        self.matrix = torch.optim.Muon(parameters[:1], lr=lr, momentum=0.95, nesterov=nesterov,
                                       weight_decay=decay, adjust_lr_fn=adjust)
        self.vector = torch.optim.AdamW(parameters[1:], aux, (0.9, 0.95), 1e-10, weight_decay=0.0)
        self.param_groups = self.matrix.param_groups + self.vector.param_groups
        self.param_groups[1]["share"] = aux / lr
        self.dtype = parameters[0].dtype

    def step(self):
        with mock.patch.object(torch, "bfloat16", self.dtype):
            self.matrix.step()
        self.vector.step()
