"""Times the comparison's backbones in ONNX Runtime and in PyTorch, on the CPU with all its cores.

    pip install torch==2.15.0 torchvision==0.29.2 timm==1.0.31 numpy==2.4.6 onnxruntime==1.32.0 onnx==1.23.2 anomalib==2.7.0
    python tests/reference/backbone_times.py

Prints the median of 20 photos of 224 x 224 pixels, after two that do not count. PyTorch is timed in both memory layouts.
"""

import os
import statistics
import time

import onnxruntime
import torch

from comparison import SIDE
from onnx_backbones import FOLDER, backbones

RUNS = 20


def median(run):
    run(), run()
    times = []
    for _ in range(RUNS):
        began = time.perf_counter()
        run()
        times.append(1000 * (time.perf_counter() - began))
    return statistics.median(times)


def main():
    torch.set_num_threads(os.cpu_count())
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = os.cpu_count()
    image = torch.rand(1, 3, SIDE, SIDE)
    print(f"{'':16} {'ONNX Runtime':>14} {'PyTorch':>9} {'PyTorch, channels last':>23}   ms")
    for title, network in backbones():
        session = onnxruntime.InferenceSession(FOLDER / f"{title}.onnx", options)
        onnx = median(lambda: session.run(None, {"image": image.numpy()}))
        plain = median(lambda: network(image))
        network, last = (x.to(memory_format=torch.channels_last) for x in (network, image))
        print(f"{title:16} {onnx:14.1f} {plain:9.1f} {median(lambda: network(last)):23.1f}")


if __name__ == "__main__":
    with torch.no_grad():
        main()
