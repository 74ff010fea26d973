"""Whether a table holds texts or series with numbers to predict, and why."""

from __future__ import annotations

from seqlab.data import columns as guess
from seqlab.data.columns import ColumnKind
from seqlab.data.table import Table
from seqlab.errors import UserError
from seqlab.tasks.base import Confidence
from seqlab.tasks.regression.reading import reads_text, text_roles
from seqlab.tasks.regression.targets import is_quantity, named_targets


def recognise(table: Table) -> Confidence:
    """Texts, or arrays in cells, beside a column of many numbers, not all whole.

    Rows of numbers could be much else: they are a regression when that is asked for.
    """
    try:
        if not reads_text(table, {}):
            return _cells(table)
        roles, names, _ = text_roles(table, {})
    except UserError as error:
        return Confidence(0.0, error.message)
    text, target = table.frame[roles["text"]], table.frame[names[0]]
    if guess.kind(text) is not ColumnKind.TEXT:
        return Confidence(0.0, f'column "{roles["text"]}" holds no texts')
    if not is_quantity(target):
        return Confidence(0.1, f'the numbers in "{names[0]}" are few or whole')
    why = f'texts in "{roles["text"]}" and numbers in "{names[0]}": regress'
    if ColumnKind.DATE in guess.describe(table.frame).values():
        return Confidence(0.4, f"{why}, but there are dates")
    plain = {guess.normalised(roles["text"]), guess.normalised(names[0])}
    return Confidence(0.85 if plain <= {"text", "target", "score"} else 0.7, why)


def _cells(table: Table) -> Confidence:
    kinds = guess.describe(table.frame)
    lists = [name for name, kind in kinds.items() if kind is ColumnKind.LIST]
    if len(lists) != 1 or guess.normalised(lists[0]) != "series":
        return Confidence(0.1, "no texts, and no series in a column of their own")
    names, _ = named_targets(None, table, lists)
    if not is_quantity(table.frame[names[0]]):
        return Confidence(0.1, f'the numbers in "{names[0]}" are few or whole')
    return Confidence(0.96, f'a series in each cell of "{lists[0]}" and numbers in "{names[0]}"')
