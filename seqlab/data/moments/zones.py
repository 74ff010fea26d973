"""Time zones as cells write them: cutting them off, which zone it is, and writing them again."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

import numpy as np
from numpy.typing import NDArray

from seqlab.data.moments.formats import DAY, MINUTE, SECOND, Stamps

_ZONE = re.compile(
    r"(.*?\d(?::\d{2})+(?:[.,]\d+)?(?:\s?[AaPp]\.?[Mm]\.?)?|.*?\d[Tt]\d{2}(?:\d{2}){0,2})(\s?)"
    r"(Z|z|(?:UTC|GMT)?[+-]\d{1,2}(?::?\d{2})?|(?![AaPp][Mm]\b)[A-Z]{2,5})?"
    r"(\s?\[?[A-Z][A-Za-z_]+(?:/[A-Za-z_+-]+)+\]?)?"
)
_DIGITS = frozenset("0123456789:., ")
# Minutes before or after UTC of the usual short names.
_SHORT = {"UTC": 0, "GMT": 0, "Z": 0, "WET": 0, "WEST": 60, "CET": 60, "CEST": 120, "MEZ": 60,
          "MESZ": 120, "EET": 120, "EEST": 180, "MSK": 180, "BST": 60, "IST": 330, "JST": 540,
          "KST": 540, "SGT": 480, "HKT": 480, "AEST": 600, "AEDT": 660, "ACST": 570, "AWST": 480,
          "NZST": 720, "NZDT": 780, "EST": -300, "EDT": -240, "CST": -360, "CDT": -300,
          "MST": -420, "MDT": -360, "PST": -480, "PDT": -420, "AKST": -540, "HST": -600,
          "BRT": -180, "ART": -180}  # fmt: skip
# Of several zones with the same hours, the one that most people mean.
_USUAL = ("Europe/Berlin", "Europe/London", "Europe/Athens", "America/New_York", "America/Chicago",
          "America/Denver", "America/Los_Angeles", "Europe/Lisbon", "Australia/Sydney",
          "Pacific/Auckland", "America/Halifax", "America/Anchorage")  # fmt: skip
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Zone:
    """Where the clocks of a column stand.

    name    a region such as Europe/Berlin, an offset such as +05:30, or UTC; "": none is named
    suffix  how it is written after a moment: `%z` +0530, `%:z` +05:30, `%Z` CET, or as it stands
    """

    name: str = ""
    suffix: str = ""

    def offsets(self, utc: Stamps) -> Stamps:
        """Microseconds by which local time is ahead of UTC at moments of UTC."""
        if not self.name:
            return np.zeros(len(utc), dtype=np.int64)
        if (fixed := _fixed(self.name)) is not None:
            return np.full(len(utc), fixed * MINUTE)
        # A day whose ends have one offset has no other in between: most need no look of their own.
        days, place = np.unique(utc // DAY, return_inverse=True)
        region = ZoneInfo(self.name)
        starts = np.array([_offset(region, day * DAY) for day in days], dtype=np.int64)
        ends = np.array([_offset(region, (day + 1) * DAY) for day in days], dtype=np.int64)
        offsets = starts[place]
        for row in np.flatnonzero((starts != ends)[place]):
            offsets[row] = _offset(region, utc[row])
        return offsets

    def to_utc(self, local: Stamps) -> Stamps:
        """Local moments in UTC; of an hour that comes twice, the first."""
        guess = local - self.offsets(local)
        earlier = local - self.offsets(local - DAY)
        fits = earlier + self.offsets(earlier) == local
        return np.where(fits, earlier, guess)

    def written(self, utc: Stamps) -> list[str]:
        """What stands after each moment."""
        if "%" not in self.suffix:
            return [self.suffix] * len(utc)
        texts = []
        for moment, offset in zip(utc, self.offsets(utc) // MINUTE, strict=True):
            sign, minutes = "-" if offset < 0 else "+", abs(int(offset))
            hours, colon = f"{sign}{minutes // 60:02d}", f":{minutes % 60:02d}"
            text = self.suffix.replace("%:z", hours + colon).replace("%z", hours + colon[1:])
            text = text.replace("%h", hours)
            texts.append(text.replace("%Z", self._short(int(moment)) if "%Z" in text else ""))
        return texts

    def _short(self, moment: int) -> str:
        when = EPOCH + timedelta(microseconds=moment)
        return str(when.astimezone(ZoneInfo(self.name)).tzname())


NOWHERE = Zone()  # no zone is named


def _offset(region: ZoneInfo, moment: int) -> int:
    when = (EPOCH + timedelta(microseconds=int(moment))).astimezone(region)
    offset = when.utcoffset()
    return 0 if offset is None else round(offset.total_seconds()) * SECOND


def _fixed(name: str) -> int | None:
    """The offset in minutes of a zone that has but one."""
    if name in ("UTC", "GMT"):
        return 0
    found = re.fullmatch(r"(?:UTC|GMT)?([+-])(\d{1,2}):?(\d{2})?", name)
    if found is None:
        return None
    minutes = 60 * int(found[2]) + int(found[3] or 0)
    return -minutes if found[1] == "-" else minutes


def divided(cells: Sequence[str]) -> tuple[list[str], list[str]]:
    """Cells without their zones, and the zones as they are written (empty: there is none)."""
    cores, zones = [], []
    for cell in cells:
        found = _ZONE.fullmatch(cell) if _may_end_in_a_zone(cell) else None
        zone = "" if found is None else "".join(part or "" for part in found.groups()[1:])
        zones.append(zone if zone.strip() else "")
        cores.append(cell[: len(cell) - len(zone)] if zone.strip() else cell)
    return cores, zones


def _may_end_in_a_zone(cell: str) -> bool:
    """A cheap look before the pattern is tried: most cells end in the digits of a time or date."""
    return (":" in cell or "T" in cell) and not set(cell[-6:]) <= _DIGITS


def _region(text: str) -> str:
    """The region that a written zone names, or nothing."""
    found = re.search(r"[A-Z][A-Za-z_]+(?:/[A-Za-z_+-]+)+", text)
    return found[0] if found else ""


def offset_of(text: str) -> int | None:
    """Minutes ahead of UTC that a written zone says by itself; None: unknown, or a region alone."""
    word = text.strip()
    region = _region(word)
    if region:
        word = word.replace(f"[{region}]", "").replace(region, "").strip()
    if word.upper() in _SHORT:
        return _SHORT[word.upper()]
    return _fixed(word) if word else None


def is_known(text: str) -> bool:
    """Whether a written zone can be understood."""
    return offset_of(text) is not None or _loaded(_region(text)) is not None


@cache
def _loaded(name: str) -> ZoneInfo | None:
    try:
        return ZoneInfo(name) if name else None
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


def in_utc(local: Stamps, texts: Sequence[str]) -> Stamps:
    """Local moments in UTC by what is written after each."""
    utc = np.array(local)
    kinds = np.asarray(texts, dtype=object)
    for text in dict.fromkeys(texts):
        rows = kinds == text
        minutes = offset_of(text)
        utc[rows] = (
            Zone(_region(text)).to_utc(local[rows])
            if minutes is None
            else local[rows] - minutes * MINUTE
        )
    return utc


def zone_of(utc: Stamps, texts: Sequence[str]) -> Zone:
    """The zone of moments, from what is written after each.

    Offsets that change are those of a region: the usual one with the same changes, else the moments
    are in UTC.
    """
    suffix = _suffix(texts[-1])
    if region := _region(texts[0]):
        return Zone(region, suffix)
    distinct = list(dict.fromkeys(texts))
    minutes = {text: offset_of(text) or 0 for text in distinct}
    if len(set(minutes.values())) == 1:
        offset = next(iter(minutes.values()))
        hours, rest = divmod(abs(offset), 60)
        name = f"{'-' if offset < 0 else '+'}{hours:02d}:{rest:02d}" if offset else "UTC"
        short = re.fullmatch(r"\s?[A-Z]{2,5}", texts[0])
        return Zone(name, texts[0] if short else suffix)
    offsets = np.array([minutes[text] for text in texts])
    found = _region_of(utc, offsets * MINUTE)
    if found is None:
        return Zone("UTC", suffix if "z" in suffix else " UTC")
    return Zone(found, suffix)


def _suffix(text: str) -> str:
    """How a zone is written, as a pattern."""
    if re.search(r"[+-]\d{1,2}:\d{2}", text):
        return re.sub(r"[+-]\d{1,2}:\d{2}", "%:z", text, count=1)
    if re.search(r"[+-]\d{4}", text):
        return re.sub(r"[+-]\d{4}", "%z", text, count=1)
    if re.search(r"[+-]\d{1,2}$", text):
        return re.sub(r"[+-]\d{1,2}$", "%h", text, count=1)
    if _region(text) or text.strip().upper() in ("UTC", "GMT", "Z"):
        return text
    return re.sub(r"[A-Z]{2,5}", "%Z", text, count=1)


def _region_of(utc: Stamps, offsets: Stamps) -> str | None:
    """The region whose offsets are these at every moment."""
    order = np.argsort(utc, kind="stable")
    utc, offsets = utc[order], offsets[order]
    turns = np.flatnonzero(np.diff(offsets))
    probes = np.unique(np.concatenate([[0, len(utc) - 1], turns, turns + 1]))
    probes = probes[:: max(1, len(probes) // 200)]
    for name in (*_USUAL, *sorted(available_timezones())):
        zone = Zone(name)
        if _loaded(name) is None or zone.offsets(utc[probes[:1]])[0] != offsets[probes[0]]:
            continue
        if _agrees(zone, utc, offsets, probes):
            return name
    return None


def _agrees(zone: Zone, utc: Stamps, offsets: Stamps, probes: NDArray[np.int64]) -> bool:
    return bool((zone.offsets(utc[probes]) == offsets[probes]).all())
