"""Where runs on other nodes say how they are doing, and read whether they are to leave."""

from __future__ import annotations

from typing import Any

News = list[tuple[str, dict[str, Any]]]  # an assignment's digest, and an event of it


class Board:
    """An actor on the node of the study, which reads it."""

    def __init__(self) -> None:
        self.news: News = []
        self.asked: set[str] = set()

    def post(self, digest: str, event: dict[str, Any]) -> bool:
        """News of a run; returns whether it is to leave."""
        self.news.append((digest, event))
        return digest in self.asked

    def ask(self, digests: list[str]) -> None:
        """Have these runs leave, once they have finished their step."""
        self.asked |= set(digests)

    def forget(self, digest: str) -> None:
        """It may be begun again."""
        self.asked.discard(digest)

    def read(self) -> News:
        """What came since the last time."""
        news, self.news = self.news, []
        return news
