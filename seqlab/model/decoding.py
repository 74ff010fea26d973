"""Writing a sequence with a decoder: greedily, or by beam search with a length penalty.

Greedy decoding takes the most probable token at every position. Beam search keeps the K most
probable beginnings and returns the finished sequence y with the highest

    log p(y | x) / ((5 + |y|) / 6)^α                         |y| with its end

so that α = 0 compares plain probabilities and α > 0 does not punish long sequences for their length
(Wu et al., 2016, arXiv:1609.08144). The search ends when no open beginning can still win.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import torch
from torch import Tensor

from seqlab.batch import Context
from seqlab.mixers.states import map_tensors
from seqlab.model.encoder_decoder import EncoderDecoder
from seqlab.specs import Spec


class Decoding(Spec):
    """How sequences are written: from `beam` beginnings side by side; with one, greedily.

    limit     the most ids of a sequence, its end included
    begin     the id that comes before the first
    end       the id that comes after the last
    forbidden ids that are never written, such as padding
    """

    begin: int
    end: int
    limit: int
    beam: int = 1
    length_penalty: float = 1.0
    forbidden: tuple[int, ...] = ()


def decode(model: EncoderDecoder, source: Tensor, context: Context, how: Decoding) -> Tensor:
    """Source ids (B, S) → ids written (B, up to limit), each row filled up with ends."""
    write = greedy if how.beam == 1 else beam_search
    return write(model, model.encode(source, context), how)


def greedy(model: EncoderDecoder, read: Context, how: Decoding) -> Tensor:
    """The most probable token at every position."""
    return torch.stack(list(greedy_steps(model, read, how)), dim=1)


def greedy_steps(model: EncoderDecoder, read: Context, how: Decoding) -> Iterator[Tensor]:
    """The same position by position, (B,) each, until all have ended."""
    state = model.begin(read)
    assert read.memory is not None
    B, device = read.memory.shape[0], read.memory.device
    last = torch.full((B, 1), how.begin, device=device)
    ended = torch.zeros(B, dtype=torch.bool, device=device)
    for _ in range(how.limit):
        hidden, state = model.write(last, state)
        logits = _allowed(model.logits(hidden[:, -1]), how)
        chosen = logits.argmax(dim=-1).masked_fill(ended, how.end)
        yield chosen
        ended = ended | (chosen == how.end)
        if bool(ended.all()):
            return
        last = chosen[:, None]


class Beams(NamedTuple):
    """K sequences for each of B sources: ids (B, K, T), scores (B, K), −∞ where there is none."""

    ids: Tensor
    scores: Tensor

    def best(self, count: int) -> Beams:
        """The `count` highest."""
        scores, places = self.scores.topk(count, dim=1)
        return Beams(_picked(self.ids, places), scores)


def beam_search(model: EncoderDecoder, read: Context, how: Decoding) -> Tensor:
    """The best finished sequence of each source; what the limit cuts counts where none finished."""
    K, memory = how.beam, read.memory
    assert memory is not None
    B, device = memory.shape[0], memory.device
    rows = torch.arange(B, device=device)
    state = reordered(model.begin(read), rows.repeat_interleave(K))
    scores = torch.full((B, K), -torch.inf, device=device)
    scores[:, 0] = 0  # all beginnings are the same: one of them counts
    alive = Beams(torch.full((B, K, 1), how.begin, device=device), scores)
    done = Beams(torch.full((B, K, how.limit + 1), how.end, device=device), scores - torch.inf)
    for length in range(1, how.limit + 1):
        hidden, state = model.write(alive.ids[:, :, -1].reshape(B * K, 1), state)
        logp = _allowed(model.logits(hidden[:, -1]), how).log_softmax(dim=-1).view(B, K, -1)
        grown = (alive.scores[:, :, None] + logp).flatten(1)  # (B, K·V)
        # Of 2K at most K end, so that K are left to go on.
        found, places = grown.topk(min(2 * K, grown.shape[1]), dim=1)
        parents, tokens = places // logp.shape[2], places % logp.shape[2]
        ids = torch.cat((_picked(alive.ids, parents), tokens[:, :, None]), dim=2)
        ends = tokens == how.end
        done = _with_finished(done, ids, found.masked_fill(~ends, -torch.inf), how)
        scores, chosen = found.masked_fill(ends, -torch.inf).topk(K, dim=1)
        alive = Beams(_picked(ids, chosen), scores)
        if bool((_hope(alive, length, how) <= done.scores[:, 0]).all()):
            break
        origin = rows[:, None] * K + parents.gather(1, chosen)
        # What is read, and the summary, are the same for all beginnings of a source.
        state = state._replace(mixers=reordered(state.mixers, origin.flatten()))
    cut = _with_finished(done, alive.ids, alive.scores, how)
    finished = done.scores[:, :1, None].isfinite()
    return torch.where(finished, done.ids, cut.ids)[:, 0, 1:]


def penalty(length: int, how: Decoding) -> float:
    """((5 + length) / 6)^α."""
    return float(((5 + length) / 6) ** how.length_penalty)


def _with_finished(done: Beams, ids: Tensor, logp: Tensor, how: Decoding) -> Beams:
    """The K best of those that had finished and those of some ids (B, n, T) that do so now."""
    scores = logp / penalty(ids.shape[2] - 1, how)
    missing = done.ids.shape[2] - ids.shape[2]
    ids = torch.nn.functional.pad(ids, (0, missing), value=how.end)
    both = Beams(torch.cat((done.ids, ids), dim=1), torch.cat((done.scores, scores), dim=1))
    return both.best(how.beam)


def _hope(alive: Beams, length: int, how: Decoding) -> Tensor:
    """The highest score that an open beginning may still come to, (B,)."""
    longest = length + 1 if how.length_penalty < 0 else how.limit
    return alive.scores[:, 0] / penalty(longest, how)


def _picked(ids: Tensor, places: Tensor) -> Tensor:
    """ids (B, n, T), places (B, m) → (B, m, T)."""
    return ids.gather(1, places[:, :, None].expand(-1, -1, ids.shape[2]))


def _allowed(logits: Tensor, how: Decoding) -> Tensor:
    if how.forbidden:
        logits = logits.index_fill(
            -1, torch.tensor(how.forbidden, device=logits.device), -torch.inf
        )
    return logits


def reordered(state: Any, rows: Tensor) -> Any:
    """A state with its sequences taken by row number."""
    # A number that all sequences share, such as their position, has no rows.
    return map_tensors(state, lambda t: t if t.dim() == 0 else t.index_select(0, rows))
