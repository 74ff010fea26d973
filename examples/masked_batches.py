"""Batches as BERT is trained on (Devlin et al., 2018): 15 % of the tokens are to be told.

Of these 80 % are masked, 10 % are replaced, 10 % stay. Only they count in the loss: all other
targets are −100, which cross_entropy leaves out. Marks and padding are never chosen, and padding
is kept out of attention by a mask of its own. The draw is new in every epoch.
"""

import torch

PAD, CLS, SEP, MASK, FIRST, VOCABULARY = 0, 1, 2, 3, 4, 100


def collate(sequences):
    """Token lists → ids (B, T) between marks, padded, and what is no padding (B, T)."""
    rows = [[CLS, *sequence, SEP] for sequence in sequences]
    longest = max(map(len, rows))
    ids = torch.tensor([row + [PAD] * (longest - len(row)) for row in rows])
    return ids, ids != PAD


def masked(ids, generator, share=0.15):
    """Ids (B, T) → inputs and targets of masked language modelling."""

    def draw():
        return torch.rand(ids.shape, generator=generator)

    chosen = (draw() < share) & (ids >= FIRST)
    targets = torch.where(chosen, ids, -100)
    how = draw()
    random = torch.randint(FIRST, VOCABULARY, ids.shape, generator=generator)
    inputs = torch.where(chosen & (how < 0.8), MASK, ids)
    inputs = torch.where(chosen & (how >= 0.9), random, inputs)
    return inputs, targets


generator = torch.Generator().manual_seed(0)
ids, attended = collate([[10, 11, 12, 13], [20, 21], [30, 31, 32, 33, 34, 35, 36]])
inputs, targets = masked(ids, generator)

if __name__ == "__main__":
    print(ids)
    print(inputs)
    print(targets)
