"""Embedding tables of which a step changes only the rows that occur in it.

A row that does not occur has no gradient; a dense optimiser still walks over it, decays its moments
and its weights, and moves it by what is left of its momentum. Here it stays as it is, moments
included: weight decay, too, is applied in the steps in which the row occurs and in no others. Where
every row occurs in every step nothing differs (LazyAdam, and torch.optim.SparseAdam, which knows no
decay). For the step, the rows stand in for their table in the optimiser, which may be any that
works entry by entry.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn, optim

from seqlab.errors import UserError
from seqlab.training.muon import Muon


@dataclass
class _Rows:
    """The rows of a table that occurred, and where the table stands in the optimiser."""

    table: nn.Parameter
    places: Tensor  # (rows,)
    part: nn.Parameter  # (rows, D)
    members: list[nn.Parameter]  # of the optimiser's group
    position: int


class LazyTables:
    """The tables of a model, whose gradients then are sparse."""

    def __init__(self, model: nn.Module, optimiser: optim.Optimizer) -> None:
        inner = optimiser.rest if isinstance(optimiser, Muon) else optimiser
        tables = [m for m in model.modules() if isinstance(m, nn.Embedding)]
        if not tables or inner is None:
            raise UserError(
                "train.lazy_embeddings = true: this model has no embedding table",
                "accepted where inputs are tokens",
            )
        for table in tables:
            table.sparse = True
        self.optimiser = inner
        self.weights = {id(table.weight) for table in tables}

    @contextmanager
    def standing_in(self, parameters: list[nn.Parameter]) -> Iterator[list[nn.Parameter]]:
        """All parameters with rows for tables; what becomes of the rows is written to the tables.

        A table that is also an output has a dense gradient, as all of its rows occur.
        """
        read_rows = [rows for group in self.optimiser.param_groups for rows in self._of(group)]
        parts = {id(rows.table): rows.part for rows in read_rows}
        for rows in read_rows:
            rows.members[rows.position] = rows.part
            state = self.optimiser.state.get(rows.table, {})
            self.optimiser.state[rows.part] = _taken(state, rows)
        try:
            yield [parts.get(id(p), p) for p in parameters]
        finally:
            for rows in read_rows:
                self._put_back(rows)

    def _of(self, group: dict[str, Any]) -> Iterator[_Rows]:
        members: list[nn.Parameter] = group["params"]
        for position, table in enumerate(members):
            if id(table) not in self.weights or table.grad is None or not table.grad.is_sparse:
                continue
            gradient = table.grad.coalesce()
            places = gradient.indices()[0]
            part = nn.Parameter(table.detach()[places])
            part.grad = gradient.values()
            yield _Rows(table, places, part, members, position)

    @torch.no_grad()
    def _put_back(self, rows: _Rows) -> None:
        rows.members[rows.position] = rows.table
        rows.table.index_copy_(0, rows.places, rows.part)
        state = self.optimiser.state[rows.table]
        for name, value in self.optimiser.state.pop(rows.part).items():
            if isinstance(value, Tensor) and value.shape == rows.part.shape:
                whole = state.setdefault(name, torch.zeros_like(rows.table))
                whole.index_copy_(0, rows.places, value)
            else:
                state[name] = value


def _taken(state: dict[str, Any], rows: _Rows) -> dict[str, Any]:
    """The optimiser's state of the rows; what is one for all of them stays one."""
    shape = rows.table.shape
    return {
        name: value[rows.places] if isinstance(value, Tensor) and value.shape == shape else value
        for name, value in state.items()
    }
