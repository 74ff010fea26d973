"""Reading a text out of frame-wise probabilities in which a blank may stand between characters.

A text has many alignments: paths of characters and blanks, one a frame, that give the text once
repetitions are merged and blanks left out. `greedy` takes the best path; `prefix_beam` adds up the
paths of each beginning of a text, kept apart by whether they end in a blank:

    p_b(y, t)  = p(blank | t) · (p_b(y, t−1) + p_n(y, t−1))
    p_n(y, t)  = p(c | t) · (p_n(y, t−1) + p_b(y', t−1) + [c ≠ last of y'] p_n(y', t−1)),  y = y' c

Graves et al. (2006), Connectionist temporal classification; the search is that of Hannun et al.
(2014), arXiv:1408.2873, without a language model.
"""

from __future__ import annotations

from collections import defaultdict

import numpy as np
from numpy.typing import NDArray

BLANK = 0
LOG_OF_ZERO = float("-inf")

Floats = NDArray[np.floating]
Ids = NDArray[np.int32]


def greedy(log_probabilities: Floats) -> Ids:
    """The text of the best path: log-probabilities (T, C) → ids."""
    path = log_probabilities.argmax(axis=1)
    first = np.concatenate(([True], path[1:] != path[:-1]))
    return path[first & (path != BLANK)].astype(np.int32)


def prefix_beam(log_probabilities: Floats, beam: int) -> Ids:
    """The most probable text over all its paths, as far as `beam` beginnings tell."""
    beams: dict[tuple[int, ...], tuple[float, float]] = {(): (0.0, LOG_OF_ZERO)}
    for frame in np.asarray(log_probabilities, dtype=np.float64):
        grown: dict[tuple[int, ...], list[float]] = defaultdict(lambda: [LOG_OF_ZERO, LOG_OF_ZERO])
        # Characters that are not among the likeliest of a frame could not enter the beam.
        likely = np.argsort(-frame)[: beam + 1]
        for text, (blank, sound) in beams.items():
            whole = np.logaddexp(blank, sound)
            for character in likely.tolist():
                p = float(frame[character])
                if character == BLANK:
                    _add(grown[text], 0, whole + p)
                elif text and character == text[-1]:
                    _add(grown[text], 1, sound + p)
                    _add(grown[(*text, character)], 1, blank + p)
                else:
                    _add(grown[(*text, character)], 1, whole + p)
        best = sorted(grown.items(), key=lambda item: -float(np.logaddexp(item[1][0], item[1][1])))
        beams = {text: (blank, sound) for text, (blank, sound) in best[:beam]}
    return np.array(next(iter(beams)), dtype=np.int32)


def _add(scores: list[float], place: int, value: float) -> None:
    scores[place] = float(np.logaddexp(scores[place], value))


def frames_needed(ids: Ids) -> int:
    """The fewest frames that can say a text: a blank has to part what repeats."""
    return len(ids) + int((ids[1:] == ids[:-1]).sum())
