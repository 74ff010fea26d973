"""A network of the user's own: a file with a function that makes it, examined before it enters.

    def build(inputs, outputs) -> nn.Module: …    # inputs.kind, inputs.size, inputs.longest
    forward(x) or forward(x, mask) -> (B, outputs); (B, T, outputs) where positions are answered

x is (B, T) token ids or (B, T, channels) values, mask (B, T) true where a position is real.
"""

from __future__ import annotations

import hashlib
import importlib.util
import inspect
import sys
from functools import lru_cache
from pathlib import Path
from typing import Any, cast

import torch
from torch import Tensor, nn

from seqlab.batch import Context
from seqlab.errors import UserError
from seqlab.model.base import Model
from seqlab.specs import ModelSpec, Origin
from seqlab.tasks.base import Inputs
from seqlab.tasks.row_task import RowTask

EXPECTED = "expected build(inputs, outputs) -> nn.Module; see docs/pretrained.md"
ROWS, POSITIONS, PADDED = 4, 7, 3  # of the made-up batch that a network is examined with
CLOSE = 1e-4


class OwnModel(Model):
    """What the user's function made; it answers by itself and has no head of ours."""

    def __init__(self, spec: ModelSpec, network: nn.Module, tokens: int) -> None:
        super().__init__()
        self.spec, self.network, self.tokens = spec, network, tokens
        self.reads_mask = _reads_mask(network)
        self.head: nn.Module = nn.Identity()
        self.dropout: nn.Module = nn.Identity()

    def forward(self, inputs: Tensor, context: Context) -> Tensor:
        """One answer per sequence, or per position."""
        if not self.reads_mask:
            return cast(Tensor, self.network(inputs))
        mask = context.mask
        if mask is None:
            mask = torch.ones(inputs.shape[:2], dtype=torch.bool, device=inputs.device)
        return cast(Tensor, self.network(inputs, mask))

    @property
    def backend(self) -> str:
        """What runs it."""
        return "own code"

    def embedding_parameters(self) -> int:
        """Parameters of its tables of tokens."""
        tables = [m for m in self.modules() if isinstance(m, nn.Embedding)]
        return sum(t.weight.numel() for t in tables if t.num_embeddings >= self.tokens > 0)


def build_own(task: RowTask, spec: ModelSpec) -> OwnModel:
    """The network of a spec, for a task."""
    assert spec.origin is not None
    place, _, function = spec.origin.name.rpartition(":")
    if digest_of_code(Path(place)) != spec.origin.content:
        raise UserError(
            f"{place}: not the file that this study was planned with",
            "put it back, or give another folder for the study with -o",
        )
    made = _called(Path(place), function, spec.origin.content, task.inputs, outputs_of(task))
    return OwnModel(spec, made, task.inputs.size if task.inputs.kind == "tokens" else 0)


def outputs_of(task: RowTask) -> int:
    """How many numbers the task wants for an example, or for a position."""
    with torch.no_grad():
        shape = (1, 2, 4) if task.inputs.per_position else (1, 4)
        answer = task.head(4)(torch.zeros(shape))
    return int(answer.shape[-1])


def digest_of_code(path: Path) -> str:
    """Sixteen hexadecimal digits that stand for a file."""
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()[:16]
    except OSError as error:
        raise UserError(f"{path}: {(error.strerror or str(error)).lower()}", EXPECTED) from None


def _called(path: Path, function: str, digest: str, inputs: Inputs, outputs: int) -> nn.Module:
    """What the function makes; whatever is wrong with it is one line."""
    build = getattr(_module(path, digest), function, None)
    if not callable(build):
        raise UserError(f'{path}: has no function "{function}"', EXPECTED)
    try:
        made = build(inputs, outputs)
    except UserError:
        raise
    except Exception as error:
        raise UserError(f"{path}:{function} failed: {_said(error)}", EXPECTED) from error
    if not isinstance(made, nn.Module):
        kind = type(made).__name__
        raise UserError(f"{path}:{function} returned {kind}, no nn.Module", EXPECTED)
    return made


@lru_cache(maxsize=8)
def _module(path: Path, digest: str) -> Any:
    """The file as a module, executed once per content."""
    name = f"seqlab_own_{digest}"
    described = importlib.util.spec_from_file_location(name, path)
    assert described is not None
    assert described.loader is not None
    module = importlib.util.module_from_spec(described)
    sys.modules[name] = module
    sys.path.append(str(path.parent))  # what lies beside it can be imported from it
    try:
        described.loader.exec_module(module)
    except Exception as error:
        raise UserError(f"{path} cannot be imported: {_said(error)}", EXPECTED) from error
    finally:
        sys.path.remove(str(path.parent))
    return module


def _reads_mask(network: nn.Module) -> bool:
    parameters = list(inspect.signature(network.forward).parameters.values())
    positional = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    taken = [p for p in parameters if p.kind in positional]
    return len(taken) > 1 and (taken[1].name == "mask" or taken[1].default is taken[1].empty)


def examined(task: RowTask, origin: Origin) -> None:
    """The entry examination; raises UserError for the first thing that is wrong."""
    spec = ModelSpec(mixer=origin.kind, origin=origin)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        Examination(task, origin.name, build_own(task, spec), build_own(task, spec)).run()


class Examination:
    """A network and a second one of the same make, on a made-up batch."""

    def __init__(self, task: RowTask, name: str, model: OwnModel, second: OwnModel) -> None:
        self.task, self.name, self.model, self.second = task, name, model, second
        inputs, T = task.inputs, task.inputs.length or POSITIONS
        if inputs.kind == "tokens":
            self.x = torch.randint(min(2, inputs.size - 1), inputs.size, (ROWS, T))
        else:
            self.x = torch.randn(ROWS, T, inputs.size)
        self.mask = torch.ones(ROWS, T, dtype=torch.bool)

    def run(self) -> None:
        """Shapes, finite numbers, gradients, dropout, padding, and a round trip of the weights."""
        torch.nn.Module.train(self.model)
        answer = self._answer(self.model, self.x, self.mask)
        self._check_shape(answer)
        self._check_gradients(answer)
        self.model.eval()
        with torch.no_grad():
            once = self._answer(self.model, self.x, self.mask)
            if not torch.equal(once, self._answer(self.model, self.x, self.mask)):
                raise self._refused(
                    "answers differ from call to call in evaluation: is dropout on?"
                )
            if self.task.inputs.length is None:
                self._check_padding(once)
            self._check_round_trip(once)

    def _answer(self, model: OwnModel, x: Tensor, mask: Tensor) -> Tensor:
        try:
            answer = model(x, Context(mask))
        except Exception as error:
            raise self._refused(f"forward failed: {_said(error)}") from error
        if not isinstance(answer, Tensor):
            raise self._refused(f"forward returned {type(answer).__name__}, no tensor")
        return answer

    def _check_shape(self, answer: Tensor) -> None:
        outputs = outputs_of(self.task)
        whole = (ROWS, self.x.shape[1]) if self.task.inputs.per_position else (ROWS,)
        if tuple(answer.shape) != (*whole, outputs):
            raise self._refused(
                f"forward returned shape {tuple(answer.shape)}; expected {(*whole, outputs)}"
            )
        if not bool(torch.isfinite(answer).all()):
            raise self._refused("forward returned what is no number")

    def _check_gradients(self, answer: Tensor) -> None:
        trained = {n: p for n, p in self.model.network.named_parameters() if p.requires_grad}
        if not trained:
            raise self._refused("has no parameters to train")
        if not answer.requires_grad:
            raise self._refused("no gradient reaches its parameters: is something detached?")
        answer.square().sum().backward()  # type: ignore[no-untyped-call]
        without = [name for name, p in trained.items() if p.grad is None]
        if without:
            raise self._refused(f"no gradient reaches {without[0]}")
        infinite = [
            name
            for name, p in trained.items()
            if p.grad is not None and not bool(torch.isfinite(p.grad).all())
        ]
        if infinite:
            raise self._refused(f"the gradient of {infinite[0]} is no number")

    def _check_padding(self, once: Tensor) -> None:
        rest = torch.zeros((ROWS, PADDED, *self.x.shape[2:]), dtype=self.x.dtype)
        mask = torch.cat([self.mask, torch.zeros(ROWS, PADDED, dtype=torch.bool)], dim=1)
        padded = self._answer(self.model, torch.cat([self.x, rest], dim=1), mask)
        if self.task.inputs.per_position:
            padded = padded[:, : once.shape[1]]
        if not torch.allclose(padded, once, atol=CLOSE, rtol=CLOSE):
            hint = "" if self.model.reads_mask else ": give forward a second argument, mask"
            raise self._refused(f"padding changes its answers{hint}")

    def _check_round_trip(self, once: Tensor) -> None:
        try:
            self.second.load_state_dict(self.model.state_dict())
        except RuntimeError as error:
            raise self._refused(f"its weights do not fit a second one: {_said(error)}") from error
        self.second.eval()
        if not torch.allclose(self._answer(self.second, self.x, self.mask), once, atol=CLOSE):
            raise self._refused("a second one with its weights answers otherwise")

    def _refused(self, what: str) -> UserError:
        return UserError(f"{self.name}: {what}", EXPECTED)


def _said(error: Exception) -> str:
    line = str(error).partition("\n")[0]
    return f"{type(error).__name__}: {line}" if line else type(error).__name__
