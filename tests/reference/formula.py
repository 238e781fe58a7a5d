"""Numbers by formula, the same as `tests/rust/formula.rs` makes: neither inputs nor weights need a file."""

import math

import numpy as np
import torch

# FNV-1a, 64 bits.
OFFSET_BASIS, PRIME = 0xCBF29CE484222325, 0x100000001B3
# SplitMix64.
STEP, MIX = 0x9E3779B97F4A7C15, (0xBF58476D1CE4E5B9, 0x94D049BB133111EB)


def noise(name, shape):
    """Numbers of -1 to 1 in f64, each a hash of `name` and its index in row-major order, in steps of 2^-23."""
    seed = OFFSET_BASIS
    for byte in name.encode():
        seed = (seed ^ byte) * PRIME % 2**64
    with np.errstate(over="ignore"):
        z = np.uint64(seed) + np.uint64(STEP) * np.arange(1, math.prod(shape) + 1, dtype=np.uint64)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(MIX[0])
        z = (z ^ (z >> np.uint64(27))) * np.uint64(MIX[1])
        z = z ^ (z >> np.uint64(31))
    return torch.from_numpy((z >> np.uint64(40)).astype(np.float64) / 2**23 - 1).reshape(shape)


def weights(shapes):
    """The state dict of a network, in f32, by names and shapes. Convolutions are scaled by what goes into them, as Kaiming
    initialisation does, with a gain between those of linear layers and of ReLU: activations neither vanish nor explode."""

    def tensor(name, shape):
        values, part = noise(name, shape), name.rsplit(".")[-1]
        if len(shape) > 1:
            return values * math.sqrt(4.5 / math.prod(shape[1:]))
        return {
            "weight": 1 + values / 2,
            "bias": values / 2,
            "running_mean": values / 4,
            "running_var": 1 + values / 2,
        }[part]

    return {name: tensor(name, shape).float() for name, shape in shapes.items()}
