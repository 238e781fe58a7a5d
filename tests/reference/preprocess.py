"""A photo by formula as torchvision prepares it for a network, with Pillow's resizing.

    pip install torch==2.15.0 torchvision==0.29.2 pillow==13.0.0 numpy==2.4.6
    python tests/reference/preprocess.py

Writes `preprocess.json`, which `tests/rust/native/preprocess.rs` compares our preparation with.
"""

import numpy as np
from PIL import Image
from torchvision import transforms

from formula import noise
from golden import summary, write

HEIGHT, WIDTH = 300, 410


def photo():
    """Blocks of 5 x 5 pixels, each pixel a little different: edges and noise."""
    blocks = noise("blocks", [HEIGHT // 5, WIDTH // 5, 3]).numpy().repeat(5, axis=0).repeat(5, axis=1)
    pixels = 128 + 96 * blocks + 31 * noise("pixels", [HEIGHT, WIDTH, 3]).numpy()
    return Image.fromarray(np.floor(pixels).astype(np.uint8))


def prepared(*view):
    finish = [transforms.ToTensor(), transforms.Normalize((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))]
    return transforms.Compose([*view, *finish])(photo()).unsqueeze(0)


if __name__ == "__main__":
    crop = prepared(transforms.Resize(256), transforms.CenterCrop(224))
    resize = prepared(transforms.Resize((224, 224)))
    write("preprocess.json", {"crop": summary(crop, 300), "resize": summary(resize, 300)})
