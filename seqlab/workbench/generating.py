"""Writing on: text after a prompt, piece by piece, from a trained model or from n-gram counts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from seqlab.errors import UserError
from seqlab.tasks.language import Language
from seqlab.tasks.language_modelling.vocabulary import BOUNDARY

if TYPE_CHECKING:
    from seqlab.model.generation import TokenReader
    from seqlab.workbench.predictor import Predictor

NAMED_CHARACTERS = 8  # unknown characters that an error lists


class Writer:
    """A predictor of the task language that writes; `where` is what errors call it."""

    def __init__(self, predictor: Predictor, where: str = "this model") -> None:
        if not isinstance(predictor.task, Language):
            raise UserError(
                f"{where}: trained for {predictor.task.name}, which writes no text",
                "expected the best/ folder of a study with --task language",
            )
        self.task, self.contestant = predictor.task, predictor.contestant

    def write(self, prompt: str | None, tokens: int = 200, **sampling: Any) -> Iterator[str]:
        """Pieces of text as they are drawn; ends with the document or after so many tokens.

        Without a prompt a document begins, or a line where the model knows one running text.
        """
        from seqlab.model.generation import Sampling, generate

        if tokens < 1:
            raise UserError(f"--tokens {tokens}: expected a whole number from 1 on")
        settings = Sampling.read(sampling, "generate").checked()
        ids = self.ids(prompt)
        return self._text(generate(self.reader(), ids, tokens, settings, self.task.settings.never))

    def _text(self, tokens: Iterator[int]) -> Iterator[str]:
        decode = self.task.vocabulary.decoder()
        for token in tokens:
            if token == BOUNDARY:
                return
            piece = decode(token)
            if piece:
                yield piece

    def ids(self, prompt: str | None) -> list[int]:
        """The tokens that a prompt is, or that a text begins with where there is none."""
        vocabulary, ends = self.task.vocabulary, self.task.settings.ends
        if prompt is None:
            if ends or vocabulary.unknown("\n"):
                return [BOUNDARY]
            prompt = "\n"
        if not prompt and not ends:
            raise UserError(
                "--prompt is empty: a model of one running text has no beginning to go on from",
                "give it some characters, or leave --prompt out to begin with a new line",
            )
        strange = vocabulary.unknown(prompt)
        if strange:
            more = (
                f" and {len(strange) - NAMED_CHARACTERS} more"
                if len(strange) > NAMED_CHARACTERS
                else ""
            )
            what = "characters" if vocabulary.kind == "character" else "words"
            raise UserError(
                f"--prompt: {what} that the training text does not hold:"
                f" {', '.join(repr(piece) for piece in strange[:NAMED_CHARACTERS])}{more}",
                "leave them out, or train with --set data.tokenizer=bpe, which knows every one",
            )
        ids: list[int] = vocabulary.encode(prompt).ids.tolist()
        return [BOUNDARY, *ids] if ends else ids

    def reader(self) -> TokenReader:
        """What reads one text and says what may follow."""
        from seqlab.baselines.base import Baseline
        from seqlab.baselines.kneser_ney import KneserNey

        if isinstance(self.contestant, Baseline):
            assert isinstance(self.contestant, KneserNey)
            return self.contestant.reader()
        from seqlab.model.generation import ModelReader

        return ModelReader(self.contestant, self.task.settings.block)
