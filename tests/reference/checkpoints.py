"""Writes small PyTorch checkpoints, as `torch.save` does today and did before PyTorch 1.6.

    python3 tests/reference/checkpoints.py

Needs torch. The tests of the page and of `weights import` read them, and know these numbers.
"""

from pathlib import Path

import torch

counted = torch.arange(12, dtype=torch.float32)
state = {
    "epoch": 3,
    "args": {"lr": [0.1, None, True]},
    "state_dict": {
        "weight": torch.nn.Parameter(counted.reshape(2, 3, 2)),
        "turned": counted.reshape(4, 3).t(),
        "tail": counted[8:],
        "half": torch.tensor([0.5, -2.0], dtype=torch.float16),
        "brain": torch.tensor([1.5, 3.0], dtype=torch.bfloat16),
        "double": torch.tensor([0.25, 8.0], dtype=torch.float64),
        "scalar": torch.tensor(7.5),
        "num_batches_tracked": torch.tensor(7),
    },
}
folder = Path(__file__).parent
torch.save(state, folder / "checkpoint.pth")
torch.save(state, folder / "checkpoint_before_1.6.pth", _use_new_zipfile_serialization=False)
