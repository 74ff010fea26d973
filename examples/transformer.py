"""The Transformer from its parts: positions, heads, encoder, decoder (Vaswani et al., 2017).

Common mistakes, mended: frequencies fall with 10000^(−2i/d), the same for a sine and its cosine;
a head is width/heads wide, and its scores are divided by the root of that; heads are split off
with a transpose, not with a reshape alone; and embeddings are multiplied by √width.
"""

import math

import torch
from torch import nn


def positions(length, width):
    """(length, width): sin and cos of t · 10000^(−2i/width), side by side."""
    frequency = torch.exp(-math.log(10000) * torch.arange(0, width, 2) / width)
    angle = torch.arange(length)[:, None] * frequency
    return torch.stack([angle.sin(), angle.cos()], dim=2).flatten(1)


class MultiHead(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        assert width % heads == 0
        self.heads = heads
        self.q, self.k, self.v, self.out = (nn.Linear(width, width) for _ in range(4))

    def forward(self, x, memory, mask=None):
        B, T, D = x.shape

        def split(y):  # (B, S, D) → (B, heads, S, D / heads)
            return y.view(B, -1, self.heads, D // self.heads).transpose(1, 2)

        q, k, v = split(self.q(x)), split(self.k(memory)), split(self.v(memory))
        scores = q @ k.transpose(-1, -2) / math.sqrt(D // self.heads)
        if mask is not None:  # true where a query may look
            scores = scores.masked_fill(~mask, -torch.inf)
        return self.out((scores.softmax(-1) @ v).transpose(1, 2).reshape(B, T, D))


class Layer(nn.Module):
    """Attention to itself, then to the encoder's output if there is one, then an MLP."""

    def __init__(self, width, heads, reads_memory=False):
        super().__init__()
        self.own = MultiHead(width, heads)
        self.cross = MultiHead(width, heads) if reads_memory else None
        self.mlp = nn.Sequential(
            nn.Linear(width, 4 * width), nn.ReLU(), nn.Linear(4 * width, width)
        )
        self.norms = nn.ModuleList(nn.LayerNorm(width) for _ in range(3))

    def forward(self, x, memory=None, mask=None):
        x = self.norms[0](x + self.own(x, x, mask))
        if self.cross is not None:
            x = self.norms[1](x + self.cross(x, memory))
        return self.norms[2](x + self.mlp(x))


class Transformer(nn.Module):
    def __init__(self, tokens, width=32, heads=4, depth=1):
        super().__init__()
        self.width = width
        self.embed = nn.Embedding(tokens, width)
        nn.init.normal_(self.embed.weight, std=width**-0.5)
        self.encoder = nn.ModuleList(Layer(width, heads) for _ in range(depth))
        self.decoder = nn.ModuleList(Layer(width, heads, True) for _ in range(depth))
        self.output = nn.Linear(width, tokens)

    def read(self, ids):
        return self.embed(ids) * math.sqrt(self.width) + positions(ids.shape[1], self.width)

    def forward(self, source, target):
        """Scores of what follows each position of the target: (B, T, tokens)."""
        memory, x = self.read(source), self.read(target)
        for layer in self.encoder:
            memory = layer(memory)
        past = torch.ones(x.shape[1], x.shape[1], dtype=torch.bool).tril()
        for layer in self.decoder:
            x = layer(x, memory, past)
        return self.output(x)


def train(steps=250, length=6, tokens=12):
    """To write backwards what it reads; 0 begins. Returns the model and its token accuracy."""
    torch.manual_seed(0)
    model = Transformer(tokens)
    optimiser = torch.optim.Adam(model.parameters(), lr=4e-3)
    for _ in range(steps):
        source = torch.randint(1, tokens, (32, length))
        wanted = source.flip(1)
        given = torch.cat([torch.zeros(32, 1, dtype=torch.long), wanted[:, :-1]], 1)
        scores = model(source, given)
        loss = nn.functional.cross_entropy(scores.flatten(0, 1), wanted.flatten())
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    return model, (scores.argmax(-1) == wanted).float().mean().item()


model, accuracy = train()

if __name__ == "__main__":
    print(f"token accuracy at writing backwards: {accuracy:.2f}")
