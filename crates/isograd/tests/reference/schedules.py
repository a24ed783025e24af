"""The rate at every step of a whole training, by PyTorch's schedulers."""

import math

import numpy as np
import torch
from torch.optim import lr_scheduler as s

STEPS, PER_EPOCH, RATE = 60, 7, 0.3


def table():
    """Name, keys of `train.schedule`, and the scheduler; `per` epoch: stepped after each."""
    epoch = {"per": "epoch"}
    return [
        ("constant", {"name": "constant"}, lambda o: s.ConstantLR(o, 1.0)),
        ("constant-warmup", {"name": "constant", "warmup": 10}, warm(10, lambda o: s.ConstantLR(o, 1.0))),
        ("step", {"name": "step", "every": 13, "factor": 0.5}, lambda o: s.StepLR(o, 13, 0.5)),
        ("step-epochs", {"name": "step", "every": 2} | epoch, lambda o: s.StepLR(o, 2, 0.1)),
        ("multi_step", {"name": "multi_step", "at": [5, 6, 40], "factor": 0.2},
         lambda o: s.MultiStepLR(o, [5, 6, 40], 0.2)),
        ("cosine", {"name": "cosine"}, lambda o: s.CosineAnnealingLR(o, STEPS)),
        ("cosine-floor-warmup", {"name": "cosine", "floor": 0.1, "warmup": 8},
         warm(8, lambda o: s.CosineAnnealingLR(o, STEPS - 8, RATE * 0.1))),
        ("cosine-epochs", {"name": "cosine"} | epoch,
         lambda o: s.CosineAnnealingLR(o, math.ceil(STEPS / PER_EPOCH))),
        ("cosine-restarts", {"name": "cosine", "length": 9, "restarts": 2, "floor": 0.05},
         lambda o: s.CosineAnnealingWarmRestarts(o, 9, 2, RATE * 0.05)),
        ("cosine-restarts-equal", {"name": "cosine", "length": 8, "restarts": 1},
         lambda o: s.CosineAnnealingWarmRestarts(o, 8)),
        ("exponential", {"name": "exponential", "factor": 0.93}, lambda o: s.ExponentialLR(o, 0.93)),
        ("exponential-epochs-warmup", {"name": "exponential", "factor": 0.8, "warmup": 7} | epoch,
         warm(7, lambda o: s.LambdaLR(o, lambda t: 0.8 ** (t // PER_EPOCH)), by_steps=True)),
        ("polynomial", {"name": "polynomial", "power": 2.0}, lambda o: s.PolynomialLR(o, STEPS, 2.0)),
        ("polynomial-short", {"name": "polynomial", "power": 0.9, "length": 40},
         lambda o: s.PolynomialLR(o, 40, 0.9)),
        ("linear", {"name": "linear", "floor": 0.2, "length": 50},
         lambda o: s.LinearLR(o, 1.0, 0.2, 50)),
        ("linear-warmup", {"name": "linear", "warmup": 12},
         warm(12, lambda o: s.LinearLR(o, 1.0, 0.0, STEPS - 12))),
        # As published: PyTorch has no scheduler of this name.
        ("noam", {"name": "noam", "width": 64, "rise": 20},
         lambda o: s.LambdaLR(o, lambda t: 64**-0.5 * min((t + 1) ** -0.5, (t + 1) * 20**-1.5))),
        ("one_cycle", {"name": "one_cycle"},
         lambda o: s.OneCycleLR(o, RATE, STEPS, cycle_momentum=False)),
        ("one_cycle-linear", {"name": "one_cycle", "rise": 0.4, "start": 10.0, "end": 100.0, "linear": True},
         lambda o: s.OneCycleLR(o, RATE, STEPS, pct_start=0.4, anneal_strategy="linear",
                                cycle_momentum=False, div_factor=10.0, final_div_factor=100.0)),
    ]


def warm(steps, make, by_steps=False):
    """Behind a straight rise over this many steps."""

    def build(o):
        rise = s.LambdaLR(o, lambda t: (t + 1) / steps)
        return s.SequentialLR(o, [rise, make(o)], [steps])

    build.by_steps = by_steps
    return build


def optimizer():
    return torch.optim.SGD([torch.zeros(1, requires_grad=True)], RATE)


def rates(make, per_epoch):
    o = optimizer()
    scheduler, found = make(o), []
    for step in range(STEPS):
        found.append(o.param_groups[0]["lr"])
        o.step()
        if not per_epoch or (step + 1) % PER_EPOCH == 0:
            scheduler.step()
    return found


def plateaus():
    """The rate of each epoch, and the validation loss at its end."""
    rng = np.random.default_rng(4)
    falling = 2.0 * 0.9 ** np.minimum(np.arange(40), 15) + 0.05 * rng.random(40)
    rising = np.concatenate([np.linspace(1, 0.5, 8), np.linspace(0.5, 2, 32)])
    broken = np.where(np.arange(40) % 6 == 2, np.nan, falling)
    rows = [
        ("plateau", {"patience": 3, "factor": 0.5}, falling),
        ("plateau-cooldown", {"patience": 1, "factor": 0.3, "cooldown": 4, "threshold": 0.02}, falling),
        ("plateau-floor", {"patience": 0, "factor": 0.1, "floor": 0.05}, rising),
        ("plateau-not-a-number", {"patience": 2, "factor": 0.5}, broken),
    ]
    cases = []
    for name, options, losses in rows:
        o = optimizer()
        given = {"threshold": 1e-4, "cooldown": 0, "floor": 0.0} | options
        scheduler = s.ReduceLROnPlateau(
            o, factor=given["factor"], patience=given["patience"], threshold=given["threshold"],
            cooldown=given["cooldown"], min_lr=given["floor"] * RATE, eps=0.0)
        losses = [round(float(x), 4) for x in losses]
        found = []
        for loss in losses:
            found.append(o.param_groups[0]["lr"])
            o.step()
            scheduler.step(loss)
        losses = ["NaN" if math.isnan(x) else x for x in losses]
        cases.append({"name": name, "schedule": {"name": "plateau"} | options, "losses": losses,
                      "rates": found})
    return cases


def document():
    cases = []
    for name, given, make in table():
        per_epoch = given.get("per") == "epoch" and not getattr(make, "by_steps", False)
        cases.append({"name": name, "schedule": given, "rates": rates(make, per_epoch)})
    return {"lr": RATE, "steps": STEPS, "per_epoch": PER_EPOCH, "cases": cases + plateaus()}
