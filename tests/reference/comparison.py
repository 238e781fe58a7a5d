"""Networks of the comparison: ResNets by torchvision with weights by formula, and what each method's networks weigh.

    pip install torch==2.15.0 torchvision==0.29.2 timm==1.0.31 numpy==2.4.6 anomalib==2.7.0
    python tests/reference/comparison.py

Writes `comparison.json`, which `tests/rust/native/comparison.rs` compares our networks with. Bottleneck, decoder and flow are
written down here from the papers and from anomalib 2's shapes.
"""

import timm
import torch
import torchvision
from anomalib.models.image.cfa.torch_model import Descriptor
from torch import nn
from torchvision.models.resnet import BasicBlock, Bottleneck

from formula import noise, weights
from golden import summary, write

SIDE = 224
NAMES = {"resnet18": "ResNet-18", "wide_resnet50_2": "WideResNet-50"}


class Layers(nn.Module):
    """A ResNet up to `layer3`."""

    def __init__(self, name):
        super().__init__()
        whole = getattr(torchvision.models, name)()
        for part in ["conv1", "bn1", "relu", "maxpool", "layer1", "layer2", "layer3"]:
            setattr(self, part, getattr(whole, part))

    def forward(self, x):
        x = self.maxpool(self.relu(self.bn1(self.conv1(x))))
        layer1 = self.layer1(x)
        layer2 = self.layer2(layer1)
        return layer1, layer2, self.layer3(layer2)


class Condense(nn.Module):
    """Reverse distillation's bottleneck: its convolutions, with the BatchNorm after each."""

    def __init__(self, block, repeats):
        super().__init__()
        self.expansion = e = block.expansion
        self.conv1, self.bn1 = nn.Conv2d(64 * e, 128 * e, 3, 2, 1, bias=False), nn.BatchNorm2d(128 * e)
        self.conv2, self.bn2 = nn.Conv2d(128 * e, 256 * e, 3, 2, 1, bias=False), nn.BatchNorm2d(256 * e)
        self.conv3, self.bn3 = nn.Conv2d(128 * e, 256 * e, 3, 2, 1, bias=False), nn.BatchNorm2d(256 * e)
        downsample = nn.Sequential(nn.Conv2d(768 * e, 512 * e, 1, 2, bias=False), nn.BatchNorm2d(512 * e))
        first = block(768 * e, 512, 2, downsample)
        self.blocks = nn.Sequential(first, *[block(512 * e, 512) for _ in range(repeats - 1)])

    def forward(self, layers):
        one = self.bn2(self.conv2(self.bn1(self.conv1(layers[0])).relu())).relu()
        two = self.bn3(self.conv3(layers[1])).relu()
        return self.blocks(torch.cat([one, two, layers[2]], 1))


class Restore(nn.Module):
    """A block of reverse distillation's decoder."""

    def __init__(self, block, inputs, planes, factor, doubles):
        super().__init__()
        outputs = planes * block.expansion

        def middle(a, b):
            return nn.ConvTranspose2d(a, b, 2, 2, bias=False) if doubles else nn.Conv2d(a, b, 3, 1, 1, bias=False)

        if block is BasicBlock:
            convs = [middle(inputs, planes), nn.Conv2d(planes, planes, 3, 1, 1, bias=False)]
        else:
            width = planes * factor
            convs = [nn.Conv2d(inputs, width, 1, bias=False), middle(width, width), nn.Conv2d(width, outputs, 1, bias=False)]
        self.convs = nn.ModuleList(convs)
        self.norms = nn.ModuleList([nn.BatchNorm2d(conv.out_channels) for conv in convs])
        if doubles:
            self.upsample = nn.Sequential(nn.ConvTranspose2d(inputs, outputs, 2, 2, bias=False), nn.BatchNorm2d(outputs))

    def forward(self, x):
        skip = self.upsample(x) if hasattr(self, "upsample") else x
        for index, (conv, norm) in enumerate(zip(self.convs, self.norms)):
            x = norm(conv(x))
            x = x.relu() if index + 1 < len(self.convs) else x
        return (x + skip).relu()


def decoder(block, repeats, factor):
    inputs, layers = 512 * block.expansion, []
    for planes, count in zip([256, 128, 64], repeats):
        for index in range(count):
            layers.append(Restore(block, inputs, planes, factor, index == 0))
            inputs = planes * block.expansion
    return nn.Sequential(*layers)


def projection(channels):
    """RD++'s projection of a layer."""
    widths = [channels, channels // 2, channels // 4, channels // 2, channels]
    parts = []
    for inputs, outputs in zip(widths, widths[1:]):
        parts += [nn.Conv2d(inputs, outputs, 3, padding=1), nn.InstanceNorm2d(outputs), nn.LeakyReLU()]
    return nn.Sequential(*parts)


def flow(channels):
    """The convolutions of FastFlow's eight steps on one layer, each run once."""
    half, steps = channels // 2, []
    for step in range(8):
        k = 3 if step % 2 == 0 else 1
        steps += [nn.Conv2d(half, half, k, padding=k // 2), nn.Conv2d(half, 2 * half, k, padding=k // 2)]
    return nn.ModuleList(steps)


class Counter:
    """Multiply-adds of every convolution that runs, and the weights with BatchNorm folded into them."""

    def __init__(self, *networks):
        self.multiply_adds = 0
        self.networks = networks
        for network in networks:
            for module in network.modules():
                if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
                    module.register_forward_hook(self.count)

    def count(self, module, inputs, output):
        positions = inputs[0] if isinstance(module, nn.ConvTranspose2d) else output
        self.multiply_adds += positions[0, 0].numel() * module.weight.numel()

    def parameters(self):
        total = 0
        for module in (module for network in self.networks for module in network.modules()):
            if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
                total += module.weight.numel() + module.weight.shape[1 if isinstance(module, nn.ConvTranspose2d) else 0]
        return total

    def found(self):
        return {"parameters": self.parameters(), "multiply_adds": self.multiply_adds}


def backbones():
    found = {}
    for name in NAMES:
        network = Layers(name).eval()
        state = {name: list(tensor.shape) for name, tensor in network.state_dict().items() if tensor.dim() > 0}
        network.load_state_dict(weights(state), strict=False)
        counter = Counter(network)
        layers = network(noise("image", [1, 3, SIDE, SIDE]).float())
        maps = {f"layer{index + 1}": summary(layer) for index, layer in enumerate(layers)}
        found[name] = {"shapes": state, "maps": maps, **counter.found()}
    return found


def extractors():
    """EfficientNets up to stage 7, as timm cuts them."""
    found = {}
    for name in ["efficientnet_b3", "tf_efficientnet_b0"]:
        network = timm.create_model(name, features_only=True, out_indices=(3, 4)).eval()
        counter = Counter(network)
        network(torch.zeros(1, 3, SIDE, SIDE))
        found[name] = counter.found()
    return found


def methods():
    image = torch.zeros(1, 3, SIDE, SIDE)
    found = {}
    for name, block, repeats, bottleneck, factor in [
        ("reverse-distillation-wide", Bottleneck, [3, 4, 6], 3, 2),
        ("reverse-distillation18", BasicBlock, [2, 2, 2], 2, 1),
    ]:
        backbone = Layers("wide_resnet50_2" if block is Bottleneck else "resnet18").eval()
        condense, restore = Condense(block, bottleneck).eval(), decoder(block, repeats, factor).eval()
        counter = Counter(backbone, condense, restore)
        restore(condense(backbone(image)))
        found[name] = counter.found()
    backbone = Layers("wide_resnet50_2").eval()
    projections = [projection(channels) for channels in (256, 512, 1024)]
    condense, restore = Condense(Bottleneck, 3).eval(), decoder(Bottleneck, [3, 4, 6], 2).eval()
    counter = Counter(backbone, *projections, condense, restore)
    restore(condense([project(layer) for project, layer in zip(projections, backbone(image))]))
    found["rd-plus-plus"] = counter.found()
    backbone = Layers("wide_resnet50_2").eval()
    flows = [flow(channels) for channels in (256, 512, 1024)]
    counter = Counter(backbone, *flows)
    for layer, steps in zip(backbone(image), flows):
        half = layer[:, : layer.shape[1] // 2]
        for hidden, output in zip(steps[::2], steps[1::2]):
            output(hidden(half))
    found["fastflow"] = counter.found()
    # LayerNorm's and the channels' factors and offsets, which no convolution holds.
    affine = sum(2 * layer[0].numel() + 8 * 2 * layer.shape[1] for layer in backbone(image))
    found["fastflow"]["parameters"] += affine
    backbone = Layers("wide_resnet50_2").eval()
    described = Descriptor(1, "wide_resnet50_2").eval()
    # The layer around this convolution has weights of its own that nothing uses.
    counter = Counter(backbone, described.layer.conv2d)
    channels, positions = described(backbone(image)).flatten(2).shape[1:]
    # Each position is compared with as many centroids.
    counter.multiply_adds += positions * channels * positions
    found["cfa"] = counter.found()
    teacher, student = Layers("resnet18").eval(), Layers("resnet18").eval()
    counter = Counter(teacher, student)
    teacher(image), student(image)
    found["stfpm"] = counter.found()
    return found


if __name__ == "__main__":
    with torch.no_grad():
        write("comparison.json", {"backbones": backbones(), "extractors": extractors(), "methods": methods()})
