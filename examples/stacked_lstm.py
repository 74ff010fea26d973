"""Two stacked LSTMs that continue a series.

The scale comes from the training part alone, and the test part lies after it: shuffling windows
before the split, as many listings do, lets the model see what it is asked.
"""

import torch
from torch import nn

torch.manual_seed(0)
LOOKBACK = 24

series = torch.sin(torch.arange(700) * 0.26) + 0.1 * torch.randn(700)
train, test = series[:560], series[560 - LOOKBACK :]
mean, std = train.mean(), train.std()


def windows(values):
    """(n, LOOKBACK, 1) and the value after each, (n,); one after the other in time."""
    cut = ((values - mean) / std).unfold(0, LOOKBACK + 1, 1)
    return cut[:, :-1, None], cut[:, -1]


class StackedLSTM(nn.Module):
    def __init__(self, units=50):
        super().__init__()
        self.lstm = nn.LSTM(1, units, num_layers=2, dropout=0.1, batch_first=True)
        self.output = nn.Linear(units, 1)

    def forward(self, x):
        states, _ = self.lstm(x)  # (B, T, units) of the upper layer
        return self.output(states[:, -1]).squeeze(1)


model = StackedLSTM()
optimiser = torch.optim.Adam(model.parameters(), lr=5e-3)
x, y = windows(train)
for _ in range(12):
    for rows in torch.randperm(len(x)).split(64):
        loss = ((model(x[rows]) - y[rows]) ** 2).mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()

model.eval()  # no dropout
with torch.no_grad():
    x, y = windows(test)
    error = ((model(x) - y) ** 2).mean().item()
last_value = ((x[:, -1, 0] - y) ** 2).mean().item()

if __name__ == "__main__":
    print(f"mean squared error {error:.3f}; of the last value {last_value:.3f}")
