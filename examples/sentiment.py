"""Embedding, recurrent layer, sigmoid: the classifier of many articles, and its LSTM twin.

Two things are often left out. Padding must not be read as text: the state is taken at each
text's own last word. And a sigmoid belongs into the loss (…_with_logits), where it cannot
saturate; it is applied once more only to show a probability.
"""

import torch
from torch import nn
from torch.nn.functional import binary_cross_entropy_with_logits

torch.manual_seed(0)
POSITIVE, NEGATIVE, REST = range(1, 6), range(6, 11), range(11, 50)  # 0 is padding


class Classifier(nn.Module):
    def __init__(self, layer, vocabulary=50, width=32):
        super().__init__()
        self.embed = nn.Embedding(vocabulary, width, padding_idx=0)
        self.recurrent = layer(width, width, batch_first=True)
        self.output = nn.Linear(width, 1)

    def forward(self, words):  # (B, T)
        states, _ = self.recurrent(self.embed(words))  # (B, T, D)
        last = (words != 0).sum(1) - 1
        return self.output(states[torch.arange(len(words)), last]).squeeze(1)  # (B,)


def texts(number, longest=12):
    """Words at random, one of them telling."""
    lengths = torch.randint(3, longest + 1, (number,))
    words = torch.randint(REST.start, REST.stop, (number, longest))
    liked = torch.rand(number) < 0.5
    telling = torch.randint(0, 5, (number,)) + torch.where(liked, POSITIVE.start, NEGATIVE.start)
    words[torch.arange(number), (torch.rand(number) * lengths).long()] = telling
    words[torch.arange(longest) >= lengths[:, None]] = 0
    return words, liked.float()


def train(layer, steps=150):
    """Returns the share of new texts that are told right."""
    model = Classifier(layer)
    optimiser = torch.optim.AdamW(model.parameters(), lr=5e-3)
    for _ in range(steps):
        words, liked = texts(64)
        loss = binary_cross_entropy_with_logits(model(words), liked)
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
    words, liked = texts(1000)
    with torch.no_grad():
        probability = torch.sigmoid(model(words))
    return ((probability > 0.5) == liked.bool()).float().mean().item()


accuracy = {layer.__name__: train(layer) for layer in (nn.RNN, nn.LSTM)}

if __name__ == "__main__":
    print(accuracy)
