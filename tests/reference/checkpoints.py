"""Writes small PyTorch checkpoints, as `torch.save` does today and did before PyTorch 1.6.

    python3 tests/reference/checkpoints.py

Needs torch. The tests of the page and of `weights import` read them, and know these numbers.
"""

import argparse
import collections
from pathlib import Path

import numpy
import torch

counted = torch.arange(12, dtype=torch.float32)
class Scaled(torch.nn.Module):
    """A network that is saved whole."""

    def __init__(self):
        super().__init__()
        self.conv = torch.nn.Sequential(torch.nn.Conv2d(1, 2, 1))
        self.conv[0].weight.data[:] = torch.tensor([3.0, 4.0]).reshape(2, 1, 1, 1)
        self.conv[0].bias.data[:] = torch.tensor([5.0, 6.0])


with_state = torch.nn.Parameter(counted[:2])
with_state.note = "an attribute of its own"
state = {
    "epoch": 3,
    "args": argparse.Namespace(lr=[0.1, None, True]),
    "best_accuracy": numpy.float64(71.2),
    "best_loss": torch.tensor(float("inf")),
    "state_dict": {
        "weight": torch.nn.Parameter(counted.reshape(2, 3, 2)),
        "turned": counted.reshape(4, 3).t(),
        "tail": counted[8:],
        "half": torch.tensor([0.5, -2.0], dtype=torch.float16),
        "brain": torch.tensor([1.5, 3.0], dtype=torch.bfloat16),
        "double": torch.tensor([0.25, 8.0], dtype=torch.float64),
        "with_state": with_state,
        "num_batches_tracked": torch.tensor(7),
    },
}
folder = Path(__file__).parent
# The page reads these two as well. The reader of `weights import` refuses the second.
objects = {"whole": Scaled(), "averages": collections.defaultdict(list, {"loss": [1.0]})}
torch.save({**state, **objects}, folder / "checkpoint.pth")
# Without the whole network: before PyTorch 1.6 its source code was saved with it.
torch.save(state, folder / "checkpoint_before_1.6.pth", _use_new_zipfile_serialization=False)
protocol = {"pickle_protocol": 4, "_use_new_zipfile_serialization": False}
torch.save(state, folder / "checkpoint_protocol_4.pth", **protocol)
