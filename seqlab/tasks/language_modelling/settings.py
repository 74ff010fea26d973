"""What a user may set of language modelling, under `options`."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from seqlab.errors import UserError
from seqlab.metrics.base import metrics_of, primary_first
from seqlab.specs import Spec
from seqlab.tasks.base import DataSpec
from seqlab.tasks.language_modelling.vocabulary import BOUNDARY, UNKNOWN

METRICS = ("bits-per-character", "bits-per-byte", "perplexity")


class LanguageOptions(Spec):
    """How text is cut for training and what is read before a block that is scored.

    block       tokens that a model reads at once: a training example, and the reach of a cache
    stateful    training rows go on from batch to batch, with the state carried (truncated
                backpropagation through time); else blocks come from anywhere in the text
    evaluation  what a model has read before a block that is scored: `blocks`, the token before
                it; `strided`, `context` tokens, so that a block scores the others only; `carried`,
                all that its state keeps of the document so far
    context     of `strided`; None: half a block
    tied        whether the output matrix is the embedding; None: yes but for characters, whose
                matrix is small
    """

    block: int = Field(128, ge=2)
    stateful: bool = False
    evaluation: Literal["blocks", "strided", "carried"] | None = None
    context: int | None = Field(None, ge=1)
    tied: bool | None = None


class TextSettings(Spec):
    """The options with everything decided."""

    kind: Literal["character", "word", "bpe"]
    block: int
    context: int = 0  # tokens read before those that are scored
    carried: bool = False
    stateful: bool = False
    tied: bool = False
    metrics: tuple[str, ...] = METRICS
    ends: bool = False  # whether documents end, so that an end is predicted

    @property
    def stride(self) -> int:
        """Tokens scored in an evaluation block."""
        return self.block - self.context

    @property
    def never(self) -> tuple[int, ...]:
        """Tokens that are not drawn when the model writes."""
        return (UNKNOWN,) if self.ends else (BOUNDARY, UNKNOWN)

    @property
    def sentence(self) -> str:
        """How blocks are scored, for people."""
        if self.carried:
            return "each document is read from its beginning to its end, the state carried along"
        if self.context:
            return f"each token is scored after at least {self.context} tokens, if it has as many"
        return f"blocks of {self.block} tokens are scored one by one, without the text before them"


def decide(spec: DataSpec) -> TextSettings:
    """What the user set, with the defaults of what was left open."""
    options = LanguageOptions.read(spec.options, "options")
    evaluation = options.evaluation or ("carried" if options.stateful else "blocks")
    if options.context is not None and evaluation != "strided":
        raise UserError(
            f'options.context = {options.context}: evaluation = "{evaluation}" reads no context',
            'set options.evaluation = "strided", or leave the context out',
        )
    context = options.context or options.block // 2
    if options.context is not None and context >= options.block:
        raise UserError(
            f"options.context = {context}: leaves nothing to score of {options.block} tokens",
            f"accepted: 1 to {options.block - 1}, or a larger options.block",
        )
    kind = spec.tokenizer or "character"
    return TextSettings(
        kind=kind,
        block=options.block,
        context=context if evaluation == "strided" else 0,
        carried=evaluation == "carried",
        stateful=options.stateful,
        tied=kind != "character" if options.tied is None else options.tied,
        metrics=_metrics(spec.metric),
    )


def _metrics(asked: str | None) -> tuple[str, ...]:
    return primary_first(asked, metrics_of("language", METRICS))
