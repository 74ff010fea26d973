"""One step of an LSTM in NumPy, over a batch: three gates, and a cell that is added to.

The cell is kept by a product with the forget gate and changed by a sum, so that its gradient does
not pass through a matrix and a tanh at each step, as that of an RNN's state does.
"""

import numpy as np

rng = np.random.default_rng(0)
batch, steps, inputs, units = 4, 6, 3, 5

w_x = rng.normal(0, inputs**-0.5, (4 * units, inputs))  # input, forget, candidate, output
w_h = rng.normal(0, units**-0.5, (4 * units, units))
b = np.zeros(4 * units)
b[units : 2 * units] = 1.0  # forget little at first: a forget gate of 0.5 halves the past each step


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def step(x, h, c):
    """(batch, inputs), (batch, units), (batch, units) → the next h and c."""
    i, f, g, o = np.split(x @ w_x.T + h @ w_h.T + b, 4, axis=1)
    c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
    return sigmoid(o) * np.tanh(c), c


x = rng.normal(size=(batch, steps, inputs))
h = c = np.zeros((batch, units))
states = []
for t in range(steps):
    h, c = step(x[:, t], h, c)
    states.append(h)
states = np.stack(states, axis=1)  # (batch, steps, units)

if __name__ == "__main__":
    print(states.shape)
    print(states[0, -1].round(3))
