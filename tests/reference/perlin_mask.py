"""Statistics of the defect mask, from its definition and without any of the Rust code.

The definition is DRAEM's `rand_perlin_2d_np` (Zavrtanik et al., ICCV 2021) as CSE uses it: a random unit gradient
at each of the (rows + 1) x (columns + 1) lattice points, fade 6t^5 - 15t^4 + 10t^3, times sqrt(2); rotated about the
centre by a uniform angle in +-90 degrees, bilinear, corners 0; thresholded at 0.5; drawn again below 100 pixels.

    pip install numpy scipy
    python tests/reference/perlin_mask.py

Prints the means and their standard errors that `core/src/defects/perlin_mask.rs` is tested against.
"""

import json

import numpy as np
from scipy import ndimage

SIZE, DRAWS = 224, 4000


def perlin(rng, rows, columns):
    angle = rng.uniform(0, 2 * np.pi, (rows + 1, columns + 1))
    y, x = np.meshgrid(np.arange(SIZE) * rows / SIZE, np.arange(SIZE) * columns / SIZE, indexing="ij")
    row, column = y.astype(int), x.astype(int)
    v, u = y - row, x - column

    def ramp(i, j):
        a = angle[row + i, column + j]
        return np.cos(a) * (v - i) + np.sin(a) * (u - j)

    def fade(t):
        return t**3 * (10 + t * (6 * t - 15))

    top = ramp(0, 0) + fade(u) * (ramp(0, 1) - ramp(0, 0))
    bottom = ramp(1, 0) + fade(u) * (ramp(1, 1) - ramp(1, 0))
    return np.sqrt(2) * (top + fade(v) * (bottom - top))


def mask(rng):
    noise = perlin(rng, 2 ** rng.integers(0, 6), 2 ** rng.integers(0, 6))
    return ndimage.rotate(noise, rng.uniform(-90, 90), reshape=False, order=1, mode="constant", cval=0.0) > 0.5


rng = np.random.default_rng(0)
shares, components, refused = [], [], 0
while len(shares) < DRAWS:
    drawn = mask(rng)
    if drawn.sum() < 100:
        refused += 1
        continue
    shares.append(drawn.mean())
    components.append(ndimage.label(drawn, np.ones((3, 3)))[1])


def summary(values):
    return {"mean": float(np.mean(values)), "deviation": float(np.std(values, ddof=1)), "median": float(np.median(values))}


print(json.dumps({"draws": DRAWS, "area_share": summary(shares), "components": summary(components),
                  "refused_share": refused / (DRAWS + refused)}, indent=1))
