"""Copies the centre square of photos as grey photos of equal size, mean and contrast, so that only texture tells two
materials apart.

    equal_photos.py FROM TO

keeps the folders below FROM. Needs NumPy and Pillow.
"""

import sys
from pathlib import Path

import numpy as np
from PIL import Image

SIDE, MEAN, CONTRAST = 256, 110, 30
ENDINGS = {".jpg", ".jpeg", ".png"}

source, target = map(Path, sys.argv[1:])
for path in sorted(path for path in source.rglob("*") if path.suffix.lower() in ENDINGS):
    photo = Image.open(path).convert("L")
    side = min(photo.size)
    left, top = ((length - side) // 2 for length in photo.size)
    square = photo.resize((SIDE, SIDE), Image.BILINEAR, (left, top, left + side, top + side))
    grey = np.asarray(square, dtype=np.float64)
    equal = (grey - grey.mean()) / max(grey.std(), 1) * CONTRAST + MEAN
    out = (target / path.relative_to(source)).with_suffix(".png")
    out.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(equal.round().clip(0, 255).astype(np.uint8)).save(out)
