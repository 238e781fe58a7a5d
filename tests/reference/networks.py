"""Feature maps by timm, and the embedder and the decoder by PyTorch, of weights by formula.

    pip install torch==2.15.0 timm==1.0.31 numpy==2.4.6
    python tests/reference/networks.py

Writes `networks.json`, which `tests/rust/native/networks.rs` compares our networks with.
"""

import timm
import torch
from torch import nn
from torch.nn import functional as F

from formula import noise, weights
from golden import summary, write

ARCHITECTURES = ["efficientnet_b0", "tf_efficientnet_b0", "efficientnet_b3", "tf_efficientnet_lite0"]
SIZES = [(224, 224), (160, 288)]
B3_TAPS = (136, 384)
EMBEDDING = 64
LR = 20.0


def load(module):
    """`module` with weights by formula, in eval mode."""
    state = {name: tensor for name, tensor in module.state_dict().items() if tensor.dim() > 0}
    module.load_state_dict(weights({name: list(tensor.shape) for name, tensor in state.items()}), strict=False)
    return module.eval()


def extractor(architecture):
    # The ends of blocks.4 and blocks.6.
    network = load(timm.create_model(architecture, features_only=True, out_indices=(3, 4)))
    assert network.feature_info.module_name() == ["blocks.4", "blocks.6"]
    maps = {}
    for height, width in SIZES:
        stage5, stage7 = network(noise("image", [1, 3, height, width]).float())
        maps[f"{height}x{width}"] = {"stage5": summary(stage5), "stage7": summary(stage7)}
    return maps


def block(inputs, outputs):
    return [nn.Conv2d(inputs, outputs, 1, bias=False), nn.ReLU(), nn.BatchNorm2d(outputs)]


class Heads(nn.Module):
    """Embedder and decoder with the layers' names in the authors' code."""

    def __init__(self, c1, c2):
        super().__init__()
        widths = [c1 + c2, (c1 + c2) // 2, (c1 + c2) // 4, EMBEDDING]
        self.embedder = nn.Sequential(*[layer for pair in zip(widths, widths[1:]) for layer in block(*pair)])
        self.decoder1 = nn.Sequential(*block(EMBEDDING, c1 // 2), *block(c1 // 2, c1))
        self.decoder2 = nn.Sequential(*block(EMBEDDING, c2 // 2), nn.MaxPool2d(2), *block(c2 // 2, c2))

    def embed(self, stage5, stage7):
        coarse = F.interpolate(stage7, size=stage5.shape[-2:], mode="bilinear", align_corners=True)
        return self.embedder(torch.cat([stage5, coarse], 1))


def heads():
    c1, c2 = B3_TAPS
    network = load(Heads(c1, c2))
    stage5, stage7 = noise("stage5", [3, c1, 14, 14]).float(), noise("stage7", [3, c2, 7, 7]).float()
    e14 = network.embed(stage5, stage7)
    e7 = F.avg_pool2d(e14, 2)
    maps = {"e14": e14, "e7": e7, "d1": network.decoder1(e14), "d2": network.decoder2(e14)}
    # The first photo is the bank.
    score = 1 - F.cosine_similarity(e7[1:], e7[:1], dim=1).mean((1, 2))
    return {**{name: summary(tensor) for name, tensor in maps.items()}, "scores": score.tolist()}


def step():
    """The embedder after a step of gradient descent on batch statistics: running statistics and weights change."""
    c1, c2 = B3_TAPS
    network = load(Heads(c1, c2)).train()
    e14 = network.embed(noise("stage5", [3, c1, 14, 14]).float(), noise("stage7", [3, c2, 7, 7]).float())
    loss = (e14 * noise("slope", list(e14.shape)).float()).mean()
    loss.backward()
    torch.optim.SGD(network.embedder.parameters(), lr=LR).step()
    state = network.state_dict()
    trained = {name: summary(state[name], 24) for name in state if name.startswith("embedder.") and state[name].dim() > 0}
    return {"lr": LR, "e14": summary(e14), "trained": trained}


if __name__ == "__main__":
    with torch.no_grad():
        found = {"extractors": {name: extractor(name) for name in ARCHITECTURES}, "heads": heads()}
    found["step"] = step()
    write("networks.json", found)
