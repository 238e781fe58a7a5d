"""Writes the backbones of the comparison as ONNX, for ONNX Runtime Web to run in the page.

    pip install torch==2.15.0 torchvision==0.29.2 timm==1.0.31 numpy==2.4.6 onnx==1.23.2 onnxruntime==1.32.0 anomalib==2.7.0
    python tests/reference/onnx_backbones.py

Networks and cuts are those of `comparison.py`. A file has no weights, so that it is small: each tensor is filled with one
number, which ONNX Runtime computes once when it loads the file. Times do not depend on weights.
"""

import io
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import timm
import torch
from onnx import helper, numpy_helper

from comparison import NAMES, SIDE, Layers

FOLDER = Path(__file__).parents[2] / "www" / "public" / "backbones"
# Tensors of fewer numbers stay as they are: shapes and the like.
SMALL = 16


def backbones():
    """Each backbone with the name that the comparison calls it by."""
    for name, title in NAMES.items():
        yield title, Layers(name).eval()
    for name, title in [("efficientnet_b3", "EfficientNet-B3"), ("tf_efficientnet_b0", "EfficientNet-B0")]:
        yield title, timm.create_model(name, features_only=True, out_indices=(3, 4)).eval()


def without_weights(model):
    """Replaces each large tensor by a node that fills it with 1 / (numbers that one output adds up)."""
    graph, kept, fills = model.graph, [], []
    for tensor in graph.initializer:
        shape = list(tensor.dims)
        if np.prod(shape) < SMALL or tensor.data_type != onnx.TensorProto.FLOAT:
            kept.append(tensor)
            continue
        value = 1 / np.prod(shape[1:]) if len(shape) > 1 else 1.0
        sides = helper.make_tensor(f"{tensor.name}.shape", onnx.TensorProto.INT64, [len(shape)], shape)
        filled = helper.make_tensor("value", onnx.TensorProto.FLOAT, [1], [value])
        fills.append(helper.make_node("ConstantOfShape", [sides.name], [tensor.name], value=filled))
        kept.append(sides)
    del graph.initializer[:]
    graph.initializer.extend(kept)
    nodes = list(graph.node)
    del graph.node[:]
    graph.node.extend(fills + nodes)
    return model


def main():
    FOLDER.mkdir(exist_ok=True)
    image = torch.zeros(1, 3, SIDE, SIDE)
    for name, network in backbones():
        whole = io.BytesIO()
        torch.onnx.export(network, (image,), whole, input_names=["image"], opset_version=18, dynamo=False)
        whole = onnx.load_from_string(whole.getvalue())
        model = without_weights(whole)
        onnx.checker.check_model(model, full_check=True)
        data = model.SerializeToString()
        shapes = [list(layer.shape) for layer in network(image)]
        found = onnxruntime.InferenceSession(data).run(None, {"image": image.numpy()})
        assert [list(layer.shape) for layer in found] == shapes, name
        assert all(np.isfinite(layer).all() for layer in found), name
        (FOLDER / f"{name}.onnx").write_bytes(data)
        print(name, len(data), shapes)


if __name__ == "__main__":
    with torch.no_grad():
        main()
