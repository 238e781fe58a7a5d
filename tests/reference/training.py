"""Losses, the one-cycle schedule and the bank by PyTorch, in f64, on inputs by formula.

    pip install torch==2.15.0 numpy==2.4.6
    python tests/reference/training.py

Writes `training.json`, which `tests/rust/native/losses.rs`, `tests/rust/native/bank.rs` and the tests of the one-cycle
schedule compare our numbers with.
"""


import torch
from torch.nn import functional as F

from formula import noise
from golden import rounded, summary, write

PAIRS, CHANNELS = 4, 16
DEFECTIVE = torch.tensor([False, True, True, False])
EMBEDDINGS = 12
# core/src/losses.rs: a position whose cover reaches the first counts fully as defective, the second not as normal.
FULL_COVER, TOUCHED_COVER = 0.2, 0.02


def cover():
    """Shares of positions: none in the first pair, mostly small ones in the others."""
    shares = noise("cover", [PAIRS, 1, 14, 14]).clamp(min=0) ** 3
    shares[0] = 0
    return shares


def by_position(covered, untouched, cover):
    """Cost of the positions under a defect, their weighted mean, and of the others, over all; summed over the batch."""
    defective = (cover / FULL_COVER).clamp(max=1)
    normal = 1 - (cover / TOUCHED_COVER).clamp(max=1)
    under = (defective * covered).sum((1, 2, 3)) / (defective.sum((1, 2, 3)) + 1e-3)
    return (under + (normal * untouched).mean((1, 2, 3))).sum()


def contrastive_by_position(a, b):
    cosine = F.cosine_similarity(a, b, dim=1).unsqueeze(1)
    return by_position((1 + cosine) / 2, 1 - cosine, cover())


def contrastive(a, b, dim):
    cosine = F.cosine_similarity(a, b, dim=dim).mean((1, 2))
    return torch.where(DEFECTIVE, (1 + cosine) / 2, 1 - cosine).sum()


def classification(logits):
    probability = torch.sigmoid(logits).mean((1, 2, 3))
    return F.binary_cross_entropy(probability, DEFECTIVE.double(), reduction="sum")


def decoder(d1, d2):
    def distance(decoded, feature):
        return F.mse_loss(F.normalize(decoded), F.normalize(feature), reduction="sum") / feature[0, 0].numel() / 2

    return (distance(d1, noise("stage5", [PAIRS, CHANNELS, 14, 14])) + distance(d2, noise("stage7", [PAIRS, CHANNELS, 7, 7]))) / 2


def slopes(loss, *inputs):
    """The loss and its gradient by each input."""
    for tensor in inputs:
        tensor.requires_grad_()
    value = loss(*inputs)
    gradients = torch.autograd.grad(value, inputs)
    return {"loss": rounded(value), "gradients": [summary(gradient, 32) for gradient in gradients]}


def losses():
    def pair(side):
        return noise("a", [PAIRS, CHANNELS, side, side]), noise("b", [PAIRS, CHANNELS, side, side])

    def logits(side):
        values = 4 * noise("logits", [PAIRS, 1, side, side])
        # Beyond what a probability in f32 can tell from 0 and 1.
        values[0, 0, 0, 0], values[1, 0, 0, 0] = 40, -40
        return values

    return {
        "contrastive_by_position": slopes(contrastive_by_position, *pair(14)),
        "contrastive_position": slopes(lambda a, b: contrastive(a, b, 1), *pair(7)),
        "contrastive_rows": slopes(lambda a, b: contrastive(a, b, 3), *pair(7)),
        "classification": slopes(classification, logits(7)),
        "decoder": slopes(decoder, noise("d1", [PAIRS, CHANNELS, 14, 14]), noise("d2", [PAIRS, CHANNELS, 7, 7])),
    }


def adam(weights, max_lr, steps, weight_decay=0.0):
    """Adam under `OneCycleLR`. The beta given here is the authors', which the schedule replaces."""
    optimizer = torch.optim.Adam([weights], lr=max_lr, betas=(0.5, 0.999), weight_decay=weight_decay)
    return optimizer, torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=max_lr, total_steps=steps)


def schedule(max_lr, steps, at):
    weights = torch.zeros(1, dtype=torch.float64, requires_grad=True)
    optimizer, cycle = adam(weights, max_lr, steps)
    rows = []
    for step in range(steps):
        group = optimizer.param_groups[0]
        rows.append({"step": step, "lr": group["lr"], "beta1": group["betas"][0]})
        weights.grad = torch.zeros_like(weights)
        optimizer.step()
        if step + 1 < steps:
            cycle.step()
    return {"max_lr": max_lr, "steps": steps, "at": [row for row in rows if row["step"] in at]}


def descent():
    """Weights on their way to the minimum of a quadratic, `sum(curvature * (weight - minimum)^2)`."""
    max_lr, steps, weight_decay = 0.1, 30, 0.05
    start, curvature, minimum = [0.5, -1.0, 2.0, 0.0], [1.0, 0.1, 4.0, 0.5], [0.0, 1.0, 1.5, -0.25]
    weights = torch.tensor(start, dtype=torch.float64, requires_grad=True)
    optimizer, cycle = adam(weights, max_lr, steps, weight_decay)
    after = []
    for step in range(steps):
        optimizer.zero_grad()
        (torch.tensor(curvature) * (weights - torch.tensor(minimum)) ** 2).sum().backward()
        optimizer.step()
        if step + 1 < steps:
            cycle.step()
        if step + 1 in (1, 2, 10, 20, 30):
            after.append({"steps": step + 1, "weights": [rounded(weight) for weight in weights.tolist()]})
    return {
        **{"max_lr": max_lr, "steps": steps, "weight_decay": weight_decay},
        **{"start": start, "curvature": curvature, "minimum": minimum, "after": after},
    }


def bank():
    """k-means (Lloyd) of embeddings in two groups, by the distance of their pooled maps."""
    embeddings = torch.stack([noise(f"embedding {i}", [64, 14, 14]) + (2 * (i % 2) - 1) * 0.5 for i in range(EMBEDDINGS)])
    pooled = F.avg_pool2d(embeddings, 2).flatten(1)
    centres = pooled[:2]
    for _ in range(10):
        members = torch.cdist(pooled, centres).argmin(1)
        centres = torch.stack([pooled[members == k].mean(0) for k in range(2)])
    means = torch.stack([embeddings[members == k].mean(0) for k in range(2)])
    nearest = torch.cdist(pooled, centres).argmin(0)
    # Distances before pooling would choose others: a test can tell the two apart.
    assert not torch.equal(nearest, torch.cdist(embeddings.flatten(1), means.flatten(1)).argmin(0))
    return {
        "embeddings": EMBEDDINGS,
        "clusters": [{"centre": summary(mean), "nearest": index.item()} for mean, index in zip(means, nearest)],
    }

if __name__ == "__main__":
    write(
        "training.json",
        {
            "losses": losses(),
            "schedules": [
                schedule(4e-4, 1000, {0, 1, 150, 298, 299, 300, 301, 650, 998, 999}),
                schedule(4e-3, 10, range(10)),
                schedule(1e-3, 2, range(2)),
            ],
            "descent": descent(),
            "bank": bank(),
        },
    )
