"""Metrics of two small data sets by scikit-learn, and AUPRO from its definition and, where it is installed, by anomalib.

    pip install numpy scipy scikit-learn anomalib
    python tests/reference/metrics.py

Prints what the tests of `native-train/src/metrics.rs` expect.
"""

import json

import numpy as np
from scipy import ndimage
from sklearn.metrics import average_precision_score, precision_recall_curve, roc_auc_score, roc_curve


def metrics(scores, defective):
    precision, recall, thresholds = precision_recall_curve(defective, scores)
    with np.errstate(invalid="ignore"):
        f1 = np.nan_to_num(2 * precision * recall / (precision + recall))[:-1]
    best = len(f1) - 1 - f1[::-1].argmax()  # the highest of the thresholds that are equally good
    fpr, tpr, _ = roc_curve(defective, scores, drop_intermediate=False)
    return {
        "roc_auc": roc_auc_score(defective, scores),
        "average_precision": average_precision_score(defective, scores),
        "f1_max": [f1[best], thresholds[best], precision[best], recall[best]],
        "tpr_at_fpr": {limit: tpr[fpr <= limit].max() for limit in (0.02, 0.05, 0.2)},
    }


def aupro(maps, masks, limit):
    """Mean overlap of the defective regions (8-connected) against the false positive rate of the normal pixels."""
    thresholds = np.unique(np.concatenate([m.ravel() for m in maps]))[::-1]
    normal = np.sort(np.concatenate([scores[~mask] for scores, mask in zip(maps, masks)]))
    regions = []
    for scores, mask in zip(maps, masks):
        labels, count = ndimage.label(mask, np.ones((3, 3)))
        regions += [np.sort(scores[labels == i + 1]) for i in range(count)]

    def at_least(values):
        return np.concatenate([[0.0], 1 - np.searchsorted(values, thresholds) / len(values)])

    fpr, pro = at_least(normal), np.mean([at_least(region) for region in regions], axis=0)
    fine = np.concatenate([fpr[fpr < limit], [limit]])
    return np.trapezoid(np.concatenate([pro[fpr < limit], [np.interp(limit, fpr, pro)]]), fine) / limit, len(regions)


i = np.arange(60)
defective = i * 7 % 10 < 3
scores = ((i * i * 31 + i * 17) % 97 + 30 * defective) / 128

y, x = np.mgrid[:24, :32]
maps, masks = [], []
for k in range(3):
    mask = ((x - 8 - k) ** 2 + (y - 8) ** 2 < 20) | ((x - y == 10) & (x >= 20) & (x < 25)) | ((k == 1) & (x >= 28) & (y >= 20))
    masks.append(mask & (k < 2))
    maps.append(((3 * x * x + 5 * y * y + 7 * x * y + 11 * k) % 61 + 25 * masks[-1] + 10 * (x < 16)) / 128)

pixels = metrics(np.ravel(maps), np.ravel(masks))
pixels["aupro"], pixels["regions"] = aupro(maps, masks, 0.3)
try:
    import torch
    from anomalib.metrics.aupro import _AUPRO
except ImportError:
    pass
else:
    by_anomalib = _AUPRO(fpr_limit=0.3)
    by_anomalib.update(torch.tensor(np.float32(maps)), torch.tensor(np.int32(masks)))
    pixels["aupro by anomalib"] = float(by_anomalib.compute())
print(json.dumps({"images": metrics(scores, defective), "pixels": pixels}, indent=1))
