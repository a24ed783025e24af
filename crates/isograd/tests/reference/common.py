"""Numbers in and out: seeded values with few digits, and documents with one tensor a line."""

import json

import numpy as np
import torch

# Significant digits: single precision has seven, and ten of double precision are three more than the
# central differences that other tests compare with.
DIGITS = {np.dtype(np.float32): 7, np.dtype(np.float64): 10}


def values(rng, shape, scale=1.0, shift=0.0):
    """Standard normal numbers, scaled, shifted and rounded to three decimals."""
    return np.round(shift + scale * rng.standard_normal(shape), 3) + 0.0


def numbers(tensor):
    """A tensor as a flat list, row-major."""
    array = tensor.detach().numpy().reshape(-1)
    return [float(f"{x:.{DIGITS[array.dtype]}g}") for x in array.tolist()]


def tensor(array, dtype):
    """A NumPy array as a tensor of this type; class numbers stay whole."""
    array = np.asarray(array)
    return torch.tensor(array, dtype=torch.int64 if array.dtype.kind == "i" else dtype)


def shaped(array):
    """Shape and values of a NumPy array."""
    array = np.asarray(array)
    return {"shape": list(array.shape), "values": array.reshape(-1).tolist()}


def write(path, document):
    """Writes JSON with every list of numbers on one line, so that a change shows as one."""
    path.write_text(_lines(document, "") + "\n")


def _lines(value, indent):
    inner = indent + " "
    if isinstance(value, dict) and value:
        entries = [f"{inner}{json.dumps(k)}: {_lines(v, inner)}" for k, v in value.items()]
        return "{\n" + ",\n".join(entries) + f"\n{indent}}}"
    if isinstance(value, list) and value and isinstance(value[0], dict):
        entries = [inner + _lines(v, inner) for v in value]
        return "[\n" + ",\n".join(entries) + f"\n{indent}]"
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)
