"""What comes after 98, 99, 100? Window 1, numbers 0 … 99 scaled to 0 … 1, rolled forward.

A saturating network cannot count beyond what it has seen, however small its training loss: the
farther the roll goes, the more it lags. `seqlab predict-next 98 99 100` draws the same.
"""

import torch
from torch import nn

torch.manual_seed(0)
numbers = torch.arange(100.0)
scaled = numbers / 99


class Next(nn.Module):
    def __init__(self, units=32):
        super().__init__()
        self.rnn = nn.RNN(1, units, batch_first=True)
        self.output = nn.Linear(units, 1)

    def forward(self, x):  # (B, 1, 1)
        states, _ = self.rnn(x)
        return self.output(states[:, -1])  # (B, 1)


model = Next()
optimiser = torch.optim.Adam(model.parameters(), lr=1e-2)
x, y = scaled[:-1].reshape(-1, 1, 1), scaled[1:].reshape(-1, 1)
for _ in range(600):
    loss = ((model(x) - y) ** 2).mean()
    optimiser.zero_grad()
    loss.backward()
    optimiser.step()

inside, rolled = float("nan"), []
with torch.no_grad():
    inside = model(scaled[50].reshape(1, 1, 1)).item() * 99
    value = torch.tensor([[[100 / 99]]])
    for _ in range(10):
        value = model(value).reshape(1, 1, 1)
        rolled.append(value.item() * 99)

if __name__ == "__main__":
    print(f"after 50: {inside:.2f}")
    print("after 98, 99, 100:", ", ".join(f"{number:.1f}" for number in rolled))
