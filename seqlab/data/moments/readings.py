"""Which number is the day: the order of day, month and year, from a whole column."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from seqlab.data.moments.formats import DAY, Format, Stamps
from seqlab.data.moments.patterns import DATE_ORDERS, formats_of

_CLEARER_RATIO = 2.0  # times as regular: then the steps decide between two readings
_REGULAR_SHARE = 0.5
OVERRIDE = "--set options.day_first={}"


@dataclass(frozen=True)
class Order:
    """An order with the formats of the cells, their moments, which were read, and a remark."""

    name: str = ""
    formats: tuple[Format, ...] = ()
    stamps: Stamps = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    read: NDArray[np.bool_] = field(default_factory=lambda: np.zeros(0, dtype=bool))
    remark: str = ""

    @property
    def unread(self) -> int:
        """Cells that are no moments in this order."""
        return int((~self.read).sum())


def choose_order(cells: Sequence[str], day_first: bool | None = None) -> Order:
    """The order in which the cells are read: as asked for, as all of them allow, or the likelier.

    Of two orders that read as many, that with by far the more regular steps wins, then that in
    which the rows go less back and forth, then the usual one: the day before a full stop, else the
    month.
    """
    if day_first is not None:
        return _in_order(cells, "day" if day_first else "month")
    usual = "day" if cells and cells[0][1:3].strip("0123456789")[:1] == "." else "month"
    first = _in_order(cells, usual)
    if not first.unread and not first.name:
        return first
    others = [_in_order(cells, order) for order in DATE_ORDERS if order != usual]
    readings = sorted([first, *others], key=lambda order: order.unread)  # stable: the usual first
    best, *rest = [order for order in readings if order.unread == readings[0].unread]
    for other in rest:
        if not np.array_equal(other.stamps[other.read], best.stamps[best.read]):
            best = _likelier(cells, best, other)
    return best


def _in_order(cells: Sequence[str], order: str) -> Order:
    formats, stamps, read = formats_of(cells, order)
    name = order if any(is_ordered(form) for form in formats) else ""
    return Order(name, tuple(formats), stamps, read)


def is_ordered(form: Format) -> bool:
    """Whether nothing but their order tells day, month and year apart."""
    letters = [letter for letter in form.directives if letter in "Yymdb"]
    return "b" not in letters and len(letters) == 3 and letters[0] != "Y"


def _likelier(cells: Sequence[str], usual: Order, other: Order) -> Order:
    regular = [_regularity(order.stamps[order.read]) for order in (usual, other)]
    turns = [_turns(order.stamps[order.read]) for order in (usual, other)]
    if max(regular) >= _REGULAR_SHARE and max(regular) >= _CLEARER_RATIO * min(regular):
        chosen, why = int(regular[1] > regular[0]), "its steps are regular"
    elif turns[0] != turns[1]:
        chosen, why = int(turns[1] < turns[0]), "it keeps the rows in order"
    else:
        chosen, why = 0, "the usual reading"
    taken, left = ((usual, other), (other, usual))[chosen]
    row = int((taken.stamps != left.stamps).argmax())
    remark = (
        f'"{cells[row]}" can be {_day(taken.stamps[row])} or {_day(left.stamps[row])}: read with'
        f" the {taken.name} first, {why} (to change: {_override(taken.name, left.name)})"
    )
    return Order(taken.name, taken.formats, taken.stamps, taken.read, remark)


def _override(taken: str, left: str) -> str:
    if "year" in (taken, left):
        return "--set options.time_format=%y-%m-%d"
    return OVERRIDE.format("true" if left == "day" else "false")


def _day(stamp: np.int64) -> str:
    return str(np.datetime64(int(stamp) // DAY, "D"))


def _turns(stamps: Stamps) -> int:
    """How often moments go back, or (where they mostly do) forth."""
    steps = np.sign(np.diff(stamps))
    return int(min((steps < 0).sum(), (steps > 0).sum()))


def _regularity(stamps: Stamps) -> float:
    """The share of equal steps, of time or of months, from first to last, that are there."""
    moments = np.unique(stamps)
    if len(moments) < 3:
        return 0.0
    dates = (moments // DAY).astype("datetime64[D]")
    months = dates.astype("datetime64[M]")
    day = (dates - months.astype("datetime64[D]")).astype(np.int64)
    shares = [_coverage(moments)]
    if (day == day[0]).all():
        shares.append(_coverage(months.astype(np.int64)))
    return max(shares)


def _coverage(places: Stamps) -> float:
    gaps, counts = np.unique(np.diff(places), return_counts=True)
    usual = int(gaps[counts.argmax()])
    return min(1.0, (len(places) - 1) * usual / int(places[-1] - places[0])) if usual else 0.0
