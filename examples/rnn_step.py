"""A recurrent network in NumPy, over a batch: h_t = tanh(W_x x_t + W_h h_{t-1} + b).

Often printed for one example as W @ x. With a batch, examples are rows, so the matrices stand on
the right and transposed.
"""

import numpy as np

rng = np.random.default_rng(0)
batch, steps, inputs, units = 4, 6, 3, 5

w_x = rng.normal(0, inputs**-0.5, (units, inputs))
w_h = rng.normal(0, units**-0.5, (units, units))
b = np.zeros(units)


def step(x, h):
    """(batch, inputs), (batch, units) → (batch, units)."""
    return np.tanh(x @ w_x.T + h @ w_h.T + b)


x = rng.normal(size=(batch, steps, inputs))
h = np.zeros((batch, units))
states = []
for t in range(steps):
    h = step(x[:, t], h)
    states.append(h)
states = np.stack(states, axis=1)  # (batch, steps, units)

if __name__ == "__main__":
    print(states.shape)
    print(states[0, -1].round(3))
