"""What an inspection has to say: how bad it is, what was found, and what to do."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Literal

Severity = Literal["info", "warning", "error"]


@dataclass(frozen=True)
class Finding:
    """One thing found in the data; an error means that a study cannot run as it is."""

    severity: Severity
    title: str
    detail: str = ""
    advice: str = ""

    def to_dict(self) -> dict[str, str]:
        """The finding as plain data, for JSON and the data card."""
        return asdict(self)
