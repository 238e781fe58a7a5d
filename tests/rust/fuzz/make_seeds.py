"""Writes the small valid files that the fuzzer changes: photos of 40 x 36 pixels in many encodings, and checkpoints.

    pip install numpy Pillow && python3 tests/rust/fuzz/make_seeds.py

Photos that the `image` crate can write are made by the fuzzer itself; these are the others.
"""

import pickle
import struct
import sys
import types
import zipfile
from collections import OrderedDict
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image

SEEDS = Path(__file__).parent / "seeds"
WIDTH, HEIGHT = 40, 36


def photos():
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    grey = ((x * 5 + y * 3) % 256).astype(np.uint8)
    rgb = Image.fromarray(np.stack([grey, 255 - grey, grey // 2], 2), "RGB")
    rgba = Image.fromarray(np.stack([grey, 255 - grey, grey // 2, np.where(x < 8, 0, 255).astype(np.uint8)], 2), "RGBA")
    palette, cmyk = rgb.quantize(16), rgb.convert("CMYK")
    frames = [rgb.rotate(90 * turn).convert("P") for turn in range(3)]
    exif = Image.Exif()
    exif[0x0112] = 6
    twelve = Image.fromarray((grey.astype(np.uint16) << 4))
    floats = Image.fromarray(grey.astype(np.float32) / 255)
    yield "progressive.jpg", rgb, {"progressive": True, "quality": 60, "exif": exif}
    yield "cmyk.jpg", cmyk, {"quality": 60}
    yield "restarts.jpg", rgb, {"quality": 40, "restart_marker_blocks": 2, "subsampling": "4:2:0"}
    yield "palette.png", palette, {"bits": 4}
    yield "animated.png", rgb, {"save_all": True, "append_images": [rgb.rotate(180)]}
    yield "sixteen.png", twelve, {}
    yield "bilevel.png", rgb.convert("1"), {}
    yield "lossy.webp", rgb, {"quality": 50, "exif": exif}
    yield "lossy-alpha.webp", rgba, {"quality": 50}
    yield "animated.webp", rgb, {"save_all": True, "append_images": [rgb.rotate(180)], "lossless": True}
    yield "animated.gif", frames[0], {"save_all": True, "append_images": frames[1:], "interlace": True}
    yield "palette.bmp", palette, {}
    yield "alpha.bmp", rgba, {}
    for compression in ["raw", "tiff_lzw", "tiff_adobe_deflate", "packbits", "jpeg"]:
        yield f"{compression}.tif", rgb, {"compression": None if compression == "raw" else compression}
    yield "group4.tif", rgb.convert("1"), {"compression": "group4"}
    yield "pages.tif", rgb.resize((34, 33)), {"save_all": True, "append_images": [rgb]}
    yield "alpha.tif", rgba, {"compression": "tiff_lzw"}
    yield "cmyk.tif", cmyk, {"compression": "packbits"}
    yield "palette.tif", palette, {}
    yield "sixteen.tif", twelve, {"compression": "tiff_lzw"}
    yield "float.tif", floats, {}


class Storage:
    """Stands for a storage; the pickle refers to it by its key."""

    def __init__(self, kind, key, length):
        self.id = ("storage", kind, key, "cpu", length)


class Tensor:
    def __init__(self, storage, shape, strides):
        self.arguments = (storage, 0, shape, strides, False, OrderedDict())

    def __reduce__(self):
        return sys.modules["torch._utils"]._rebuild_tensor_v2, self.arguments


def stand_in_for_torch():
    """The names that a checkpoint's pickle refers to; pickle wants to be able to import them."""
    torch, utils = types.ModuleType("torch"), types.ModuleType("torch._utils")
    kinds = [type(f"{name}Storage", (), {"__module__": "torch"}) for name in ("Float", "Half", "Long")]

    def _rebuild_tensor_v2(*_):
        raise NotImplementedError

    _rebuild_tensor_v2.__module__, _rebuild_tensor_v2.__qualname__ = "torch._utils", "_rebuild_tensor_v2"
    for kind in kinds:
        setattr(torch, kind.__name__, kind)
    utils._rebuild_tensor_v2, torch._utils = _rebuild_tensor_v2, utils
    sys.modules.update({"torch": torch, "torch._utils": utils})
    return kinds


class Pickler(pickle.Pickler):
    def persistent_id(self, value):
        return value.id if isinstance(value, Storage) else None


def dumped(value, protocol=2):
    to = BytesIO()
    Pickler(to, protocol).dump(value)
    return to.getvalue()


def checkpoints():
    float_kind, half, long_kind = stand_in_for_torch()
    storages = {"0": struct.pack("<12f", *range(12)), "1": struct.pack("<4e", *range(4)), "2": struct.pack("<q", 7)}
    tensors = OrderedDict(
        [
            ("conv.weight", Tensor(Storage(float_kind, "0", 12), (2, 3, 2), (6, 2, 1))),
            ("conv.turned", Tensor(Storage(float_kind, "0", 12), (3, 2), (1, 3))),
            ("conv.bias", Tensor(Storage(half, "1", 4), (4,), (1,))),
            ("bn.num_batches_tracked", Tensor(Storage(long_kind, "2", 1), (), ())),
        ]
    )
    plain, nested = tensors, {"epoch": 3, "name": "x", "rate": [0.1, None, True], "state_dict": tensors}

    def zipped(value, compression):
        to = BytesIO()
        with zipfile.ZipFile(to, "w", compression) as archive:
            entries = {"data.pkl": dumped(value), "byteorder": b"little", "version": b"3\n"}
            entries.update((f"data/{key}", data) for key, data in storages.items())
            for name, data in entries.items():
                # A fixed date: the same script writes the same bytes.
                archive.writestr(zipfile.ZipInfo(f"model/{name}", (1980, 1, 1, 0, 0, 0)), data, compression)
        return to.getvalue()

    def legacy(value, protocol):
        info = {"protocol_version": 1001, "little_endian": True, "type_sizes": {"short": 2, "int": 4, "long": 4}}
        head = [0x1950A86A20F9469CFC6C, 1001, info]
        parts = [dumped(part, protocol) for part in [*head, value, list(storages)]]
        sizes = {"0": 12, "1": 4, "2": 1}
        return b"".join(parts + [struct.pack("<q", sizes[key]) + data for key, data in storages.items()])

    yield "plain.pth", zipped(plain, zipfile.ZIP_STORED)
    yield "nested.pth", zipped(nested, zipfile.ZIP_STORED)
    yield "deflated.pth", zipped(nested, zipfile.ZIP_DEFLATED)
    yield "legacy.pth", legacy(nested, 2)
    yield "legacy-protocol-4.pth", legacy(plain, 4)
    yield "dictionary.pth", pickle.dumps({"rates": [0.5, 1], "names": ("a", b"b"), "count": 2**70}, 2)


def main():
    SEEDS.mkdir(exist_ok=True)
    for name, photo, options in photos():
        photo.save(SEEDS / name, **options)
    for name, data in checkpoints():
        (SEEDS / name).write_bytes(data)


if __name__ == "__main__":
    main()
