"""Writes the PyTorch checkpoints that the tests of `weights import` read, without PyTorch.

    python3 tests/reference/pytorch_checkpoint.py

Both are EfficientNet-B0 in the form of `torch.save` (a zip of a pickle and the storages): one with torchvision's names
as a plain state dict, one with timm's under the key 'state_dict' and with the prefix 'module.', as a training run saves
it. To stay small, tensor number i is a view with stride 0 of the i-th number of one storage, so all its values are i.
"""

import pickle
import struct
import sys
import types
import zipfile
from collections import OrderedDict
from pathlib import Path

# (repeats, kernel, expansion, output channels): Tan and Le 2019, table 1.
STAGES = [(1, 3, 1, 16), (2, 3, 6, 24), (2, 5, 6, 40), (3, 3, 6, 80), (3, 5, 6, 112), (4, 5, 6, 192), (1, 3, 6, 320)]
STEM, HEAD, CLASSES = 32, 1280, 1000


def norm(name, channels):
    return [(f"{name}.{word}", (channels,)) for word in ("weight", "bias", "running_mean", "running_var")]


def conv(name, output, inputs, kernel):
    return [(f"{name}.weight", (output, inputs, kernel, kernel))]


def squeeze(reduce, expand, middle, few):
    return [
        *conv(reduce, few, middle, 1), (f"{reduce}.bias", (few,)),
        *conv(expand, middle, few, 1), (f"{expand}.bias", (middle,)),
    ]


def torchvision_b0():
    tensors = conv("features.0.0", STEM, 3, 3) + norm("features.0.1", STEM)
    inputs = STEM
    for s, (repeats, kernel, expansion, output) in enumerate(STAGES, 1):
        for b in range(repeats):
            block, middle, step = f"features.{s}.{b}.block", inputs * expansion, 0
            if expansion != 1:
                tensors += conv(f"{block}.0.0", middle, inputs, 1) + norm(f"{block}.0.1", middle)
                step = 1
            tensors += conv(f"{block}.{step}.0", middle, 1, kernel) + norm(f"{block}.{step}.1", middle)
            tensors += squeeze(f"{block}.{step + 1}.fc1", f"{block}.{step + 1}.fc2", middle, inputs // 4)
            tensors += conv(f"{block}.{step + 2}.0", output, middle, 1) + norm(f"{block}.{step + 2}.1", output)
            inputs = output
    tensors += conv("features.8.0", HEAD, inputs, 1) + norm("features.8.1", HEAD)
    return tensors + [("classifier.1.weight", (CLASSES, HEAD)), ("classifier.1.bias", (CLASSES,))]


def timm_b0():
    tensors = conv("conv_stem", STEM, 3, 3) + norm("bn1", STEM)
    inputs = STEM
    for s, (repeats, kernel, expansion, output) in enumerate(STAGES):
        for b in range(repeats):
            block, middle = f"blocks.{s}.{b}", inputs * expansion
            se = squeeze(f"{block}.se.conv_reduce", f"{block}.se.conv_expand", middle, inputs // 4)
            if expansion == 1:
                tensors += conv(f"{block}.conv_dw", middle, 1, kernel) + norm(f"{block}.bn1", middle) + se
                tensors += conv(f"{block}.conv_pw", output, middle, 1) + norm(f"{block}.bn2", output)
            else:
                tensors += conv(f"{block}.conv_pw", middle, inputs, 1) + norm(f"{block}.bn1", middle)
                tensors += conv(f"{block}.conv_dw", middle, 1, kernel) + norm(f"{block}.bn2", middle) + se
                tensors += conv(f"{block}.conv_pwl", output, middle, 1) + norm(f"{block}.bn3", output)
            inputs = output
    tensors += conv("conv_head", HEAD, inputs, 1) + norm("bn2", HEAD)
    return tensors + [("classifier.weight", (CLASSES, HEAD)), ("classifier.bias", (CLASSES,))]


class Storage:
    """Stands for the one storage; the pickle refers to it by its key."""

    def __init__(self, length):
        self.length = length


class Tensor:
    def __init__(self, storage, offset, shape):
        self.arguments = (storage, offset, shape, (0,) * len(shape), False, OrderedDict())

    def __reduce__(self):
        return sys.modules["torch._utils"]._rebuild_tensor_v2, self.arguments


def stand_in_for_torch():
    """The two names that a checkpoint's pickle refers to; pickle wants to be able to import them."""
    torch, utils = types.ModuleType("torch"), types.ModuleType("torch._utils")
    storage = type("FloatStorage", (), {"__module__": "torch"})

    def _rebuild_tensor_v2(*_):
        raise NotImplementedError

    _rebuild_tensor_v2.__module__, _rebuild_tensor_v2.__qualname__ = "torch._utils", "_rebuild_tensor_v2"
    torch.FloatStorage, utils._rebuild_tensor_v2, torch._utils = storage, _rebuild_tensor_v2, utils
    sys.modules.update({"torch": torch, "torch._utils": utils})
    return storage


class Pickler(pickle.Pickler):
    def __init__(self, file, storage_type):
        super().__init__(file, protocol=2)
        self.storage_type = storage_type

    def persistent_id(self, value):
        if isinstance(value, Storage):
            return ("storage", self.storage_type, "0", "cpu", value.length)
        return None


def save(path, tensors, wrap, storage_type):
    storage = Storage(len(tensors))
    state = OrderedDict((name, Tensor(storage, i, shape)) for i, (name, shape) in enumerate(tensors))
    root = path.stem

    def entry(name):
        # A fixed date: the same script writes the same bytes.
        return zipfile.ZipInfo(f"{root}/{name}", (1980, 1, 1, 0, 0, 0))

    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        with archive.open(entry("data.pkl"), "w") as file:
            Pickler(file, storage_type).dump(wrap(state))
        archive.writestr(entry("byteorder"), "little")
        archive.writestr(entry("data/0"), struct.pack(f"<{len(tensors)}f", *range(len(tensors))))
        archive.writestr(entry("version"), "3\n")


def main():
    folder = Path(__file__).parent
    storage_type = stand_in_for_torch()
    save(folder / "torchvision_b0.pth", torchvision_b0(), lambda state: state, storage_type)
    with_module = [(f"module.{name}", shape) for name, shape in timm_b0()]
    save(folder / "timm_b0_checkpoint.pth", with_module, lambda s: {"epoch": 3, "state_dict": s}, storage_type)


if __name__ == "__main__":
    main()
