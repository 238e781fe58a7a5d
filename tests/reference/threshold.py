"""Upper prediction limits of log-normal scores by SciPy.

    pip install numpy scipy
    python tests/reference/threshold.py

Prints what the test of `core/src/scoring/threshold.rs` expects: scores, groups, rate and threshold.
"""

import numpy as np
from scipy.stats import t

for count, groups, rate in [(2, 2, 0.02), (12, 12, 0.02), (20, 20, 0.02), (99, 99, 0.02), (99, 20, 0.05), (764, 130, 0.02)]:
    logs = 0.01 * np.arange(1, count + 1)
    logs = np.maximum(logs, logs[count // 2] + np.log(0.25))
    promised = max(rate, 1 / (groups + 1))
    limit = logs.mean() + t.ppf(1 - promised, groups - 1) * logs.std(ddof=1) * np.sqrt(1 + 1 / groups)
    print(f"({count}, {groups}, {rate}, {np.exp(limit):.9}),")
