"""Why gradients vanish: a factor below one at each step, a hundred steps long.

0.9 to the power of 100 is 0.000027. In an RNN the factor is the product of W_h and the slope of
tanh; in an LSTM, along the cell, it is the forget gate alone, which can stay near one.
"""

import numpy as np

rng = np.random.default_rng(0)
steps, units = 100, 32
w_h = rng.normal(0, 0.9 * units**-0.5, (units, units))  # spectral radius about 0.9
h = rng.normal(size=units)

gradient = np.eye(units)  # ∂h_T/∂h_t, from the last step backwards
states, norms = [], []
for _ in range(steps):
    h = np.tanh(w_h @ h + rng.normal(0, 0.5, units))
    states.append(h)
for h in reversed(states):
    norms.append(np.linalg.norm(gradient, 2))
    gradient = gradient @ (np.diag(1 - h**2) @ w_h)

forget = 0.99
of_rnn = norms[-1]
of_cell = forget ** (steps - 1)

if __name__ == "__main__":
    print(f"0.9 to the power of {steps}: {0.9**steps:.1e}")
    print(f"RNN: the gradient {steps - 1} steps back has a norm of {of_rnn:.1e}")
    print(f"LSTM cell with a forget gate of {forget}: {of_cell:.2f}")
