"""Keras' fit with its defaults, on an LSTM of the wanted size; KERAS_BACKEND says what runs it.

Runs in an environment of its own: python -m bench.peer_keras TEXTS BATCH WIDTH DEPTH HEADS.
"""

from __future__ import annotations

import sys
from collections.abc import Callable

import keras
from keras import layers

from bench.peer_service import CLIP, DROPOUT, RATE, read, serve


def prepare() -> tuple[Callable[[], object], str]:
    """A training of one epoch, and what trains."""
    texts = read(sys.argv[1:])
    x = keras.utils.pad_sequences(texts.ids, maxlen=texts.longest, padding="post")
    stack: list[keras.Layer] = [
        keras.Input((texts.longest,), dtype="int32"),
        layers.Embedding(texts.tokens, texts.width, mask_zero=True),
        layers.Dropout(DROPOUT),
    ]
    for number in range(1, texts.depth + 1):
        stack.append(layers.LSTM(texts.width, return_sequences=number < texts.depth))
        stack.append(layers.Dropout(DROPOUT))
    model = keras.Sequential([*stack, layers.Dense(1, activation="sigmoid")])
    optimiser = keras.optimizers.AdamW(RATE, weight_decay=0.0, global_clipnorm=CLIP)
    model.compile(optimizer=optimiser, loss="binary_crossentropy")

    def epoch(rows: int | None = None) -> None:
        labels = texts.labels[:rows].astype("float32")
        model.fit(x[:rows], labels, batch_size=texts.batch_size, epochs=1, verbose=0)

    last = len(x) % texts.batch_size  # a batch of another size is compiled anew: before the clock
    epoch(2 * texts.batch_size + last)
    return epoch, f"keras {keras.__version__} on {keras.backend.backend()}"


if __name__ == "__main__":
    serve(prepare)
