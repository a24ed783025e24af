"""The half of `cargo xtask bench-peers` that is PyTorch.

    peer.py data FOLDER                 writes the data that the descriptions name
    peer.py train NAME FOLDER MODE      trains NAME from the weights and batches in FOLDER

MODE is one of eager, fused (the same with PyTorch's fused AdamW), compiled, hooks, postmortem. Training
says {"losses": […], "seconds": …} after the first step and after every further block of N steps; each
line of standard input is an N, and its end is the end.
"""

import json
import sys
import time
from pathlib import Path

import numpy as np


def data(folder):
    random = np.random.default_rng(1)
    rows = 1024
    for width in (32, 64, 128):
        x = 0.1 * random.standard_normal((rows, width))
        np.save(folder / f"x{width}.npy", x.astype(np.float32))
    images = random.standard_normal((rows, 32, 32, 3))
    np.save(folder / "images.npy", images.astype(np.float32))
    np.save(folder / "y.npy", random.integers(0, 10, rows).astype(np.uint8))
    alphabet = np.array([chr(c) for c in range(48, 48 + 65)])
    (folder / "text.txt").write_text("".join(random.choice(alphabet, rows * 64 + 1)))


def batches(folder, index, kind, torch):
    """The batches of an epoch, in order."""
    inputs = np.fromfile(folder / "inputs.bin", "<f4").reshape(index["examples"], index["elements"])
    targets = np.fromfile(folder / "targets.bin", "<f4").reshape(index["examples"], index["targets"])
    made = []
    for start in range(0, index["examples"], index["batch"]):
        x = torch.from_numpy(inputs[start : start + index["batch"]].copy())
        y = torch.from_numpy(targets[start : start + index["batch"]].copy())
        made.append(kind.batch(x, y))
    return made


def weights(folder, index):
    """Name and values of every parameter, in isograd's order and layout."""
    values = np.fromfile(folder / "weights.bin", "<f4")
    found, at = {}, 0
    for parameter in index["parameters"]:
        size = int(np.prod(parameter["shape"]))
        found[parameter["name"]] = values[at : at + size].reshape(parameter["shape"])
        at += size
    return found


def train(name, folder, mode):
    import torch

    import models
    import monitors

    kind = models.of(name)
    index = json.loads((folder / "index.json").read_text())
    model = kind.model()
    kind.load(model, weights(folder, index))
    made = batches(folder, index, kind, torch)
    # isograd's decoupled decay acts on matrices and kernels only.
    matrices = [p for p in model.parameters() if p.ndim > 1]
    vectors = [p for p in model.parameters() if p.ndim <= 1]
    optimizer = torch.optim.AdamW(
        [{"params": matrices}, {"params": vectors, "weight_decay": 0.0}],
        lr=kind.rate,
        weight_decay=0.01,
        fused=True if mode == "fused" else None,
    )
    watched = monitors.of(mode, model, optimizer)
    called = torch.compile(model) if mode == "compiled" else model

    step, left, losses = 0, 1, []
    begun = time.perf_counter()
    while True:
        x, y = made[step % len(made)]
        optimizer.zero_grad(set_to_none=True)
        loss = kind.loss(called(x), y)
        loss.backward()
        optimizer.step()
        # A program that shows its loss reads it; isograd does too.
        losses.append(loss.item())
        watched.step(losses[-1])
        step += 1
        left -= 1
        if left == 0:
            seconds = time.perf_counter() - begun
            print(json.dumps({"losses": losses, "seconds": seconds}), flush=True)
            line = sys.stdin.readline().strip()
            if not line:
                return
            left, losses = int(line), []
            begun = time.perf_counter()


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["data", folder]:
            data(Path(folder))
        case ["train", name, folder, mode]:
            train(name, Path(folder), mode)
        case _:
            sys.exit(__doc__)
