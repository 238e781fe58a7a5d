"""What a reference file keeps of a tensor, and its form."""

import json
import math
import re
from pathlib import Path


def rounded(value):
    """To the seven digits that an f32 can hold."""
    return float(f"{value:.7g}")


def summary(tensor, count=48):
    """Shape, mean, standard deviation, and about `count` values at equal steps in row-major order."""
    flat = tensor.detach().double().flatten()
    step = max(1, len(flat) // count)
    # Without a common divisor the values come from every row, column and channel.
    while math.gcd(step, len(flat)) > 1:
        step += 1
    return {
        "shape": list(tensor.shape),
        "mean": rounded(flat.mean()),
        "deviation": rounded(flat.std(correction=0)),
        "step": step,
        "sample": [rounded(value) for value in flat[::step].tolist()],
    }


def write(name, content):
    """As JSON beside this script, each list on one line."""
    text = re.sub(r"\[[^][{}]*\]", lambda found: " ".join(found.group().split()), json.dumps(content, indent=1))
    Path(__file__).with_name(name).write_text(text + "\n")
