"""What Pillow and OpenCV make of the test pattern of `core/src/defects/photometric.rs`: its left upper corner.

    pip install numpy pillow opencv-python-headless
    python tests/reference/photometric.py
"""

import cv2
import numpy as np
from PIL import Image, ImageEnhance, ImageOps

y, x = np.mgrid[:48, :48]
channels = [20 + ((a * x + b * y + c * x * y) % 256) ** 2 // 300 for a, b, c in [(37, 59, 11), (5, 3, 1), (1, 83, 7)]]
pixels = np.stack(channels, -1).astype(np.uint8)
image = Image.fromarray(pixels)

for name, result in {
    "solarize 100": ImageOps.solarize(image, 100),
    "posterize 3": ImageOps.posterize(image, 3),
    "invert": ImageOps.invert(image),
    "autocontrast 0": ImageOps.autocontrast(image, 0),
    "autocontrast 13": ImageOps.autocontrast(image, 13),
    "equalize": ImageOps.equalize(image),
    "sharpness 0.3": ImageEnhance.Sharpness(image).enhance(0.3),
    "sharpness 1.7": ImageEnhance.Sharpness(image).enhance(1.7),
    "contrast 0.9": ImageEnhance.Contrast(image).enhance(0.9),
    "contrast 1.6": ImageEnhance.Contrast(image).enhance(1.6),
}.items():
    print(name, *(row.tobytes().hex() for row in np.asarray(result)[:8, :8]))

for size in [5, 11, 15]:
    blurred = cv2.GaussianBlur(pixels.astype(np.float64), (size, size), 6, borderType=cv2.BORDER_REFLECT_101)
    print("blur", size, np.rint(blurred[:3, :3]).astype(int).ravel().tolist())
