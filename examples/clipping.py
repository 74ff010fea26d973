"""Two ways to clip gradients. By value may turn their direction; by norm keeps it.

The norm is that of all gradients together, not of each array: else their shares change.
"""

import numpy as np


def by_value(gradients, limit):
    return [np.clip(g, -limit, limit) for g in gradients]


def by_norm(gradients, limit):
    norm = np.sqrt(sum((g**2).sum() for g in gradients))
    return [g * min(1.0, limit / norm) if norm else g for g in gradients]


gradients = [np.array([3.0, 0.3]), np.array([[4.0]])]
value, norm = by_value(gradients, 1.0), by_norm(gradients, 1.0)

if __name__ == "__main__":
    print("by value:", [g.round(3).tolist() for g in value])
    print("by norm: ", [g.round(3).tolist() for g in norm])
