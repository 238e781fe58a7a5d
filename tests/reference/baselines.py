"""PatchCore's and PaDiM's scores and maps by anomalib, on a ResNet-18 with weights by formula.

    pip install anomalib==2.7.0 torch==2.15.0 timm==1.0.31 numpy==2.4.6
    python tests/reference/baselines.py

Writes `baselines.json`, which `tests/rust/native/baselines.rs` compares our own with.
"""

import torch
from anomalib.models.image.padim.torch_model import PadimModel
from anomalib.models.image.patchcore.torch_model import PatchcoreModel

from formula import noise, weights
from golden import rounded, summary, write

SHAPE = [1, 3, 224, 224]
CHANNELS = 64 + 128 + 256
KEPT = 100
# Windows to fit to. PatchCore's bank has all patches of the first two.
GOOD = 6
IN_BANK = 2


def good(name):
    """Windows that are half alike."""
    return (0.7 * noise("surface", SHAPE) + 0.3 * noise(name, SHAPE)).float()


def defective():
    window = good("another")
    window[:, :, 64:96, 128:176] = 1.5
    return window


def with_weights(model):
    """Gives the backbone its weights by formula."""
    network = model.feature_extractor
    shapes = {name: list(tensor.shape) for name, tensor in network.state_dict().items() if tensor.dim() > 0}
    names = {name: name.removeprefix("feature_extractor.") for name in shapes}
    made = weights({names[name]: shape for name, shape in shapes.items()})
    network.load_state_dict({name: made[names[name]] for name in shapes}, strict=False)
    return model.eval()


def judged(model):
    found = {}
    for name, window in [("good", good("another")), ("defective", defective())]:
        result = model(window)
        found[name] = {"score": rounded(result.pred_score.item()), "map": summary(result.anomaly_map)}
    return found


def patchcore():
    model = with_weights(PatchcoreModel(["layer2", "layer3"], "resnet18", pre_trained=False))
    model.train()
    model.feature_extractor.eval()
    model.memory_bank = torch.vstack([model(good(f"good {index}")) for index in range(IN_BANK)])
    return judged(model.eval())


def padim():
    model = with_weights(PadimModel("resnet18", pre_trained=False))
    model.idx = torch.tensor([index * CHANNELS // KEPT for index in range(KEPT)])
    model.train()
    model.feature_extractor.eval()
    model.memory_bank = [model(good(f"good {index}")) for index in range(GOOD)]
    model.fit()
    return judged(model.eval())


if __name__ == "__main__":
    with torch.no_grad():
        write("baselines.json", {"patchcore": patchcore(), "padim": padim()})
