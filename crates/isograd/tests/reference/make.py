"""Writes the reference numbers: python make.py FOLDER. Run it through
`cargo xtask reference --remake`."""

import pathlib
import sys

import torch

import losses
import networks
import optimizers
import schedules
from common import write


def main(folder):
    torch.set_num_threads(1)
    losses.check()
    made_by = f"make.py, PyTorch {torch.__version__.split('+')[0]}, CPU"
    for name, cases in networks.tables().items():
        write(folder / f"{name}.json", {"made_by": made_by, "cases": cases})
    write(folder / "optimizers.json", {"made_by": made_by} | optimizers.document())
    write(folder / "schedules.json", {"made_by": made_by} | schedules.document())


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
