"""A study's figures for notebooks: the report's own, as plotly figures."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from seqlab.errors import UserError

if TYPE_CHECKING:
    from seqlab.report.figure import Figure
    from seqlab.report.stored import StoredStudy


class StudyPlots:
    """`study.plot.leaderboard()` and its like, each a plotly figure of what is stored."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def leaderboard(self) -> Any:
        """Every contestant's score with its interval, its seeds, and the margin as a band."""
        from seqlab.report.quality import intervals

        return self._drawn(intervals, "no contestant has a score")

    def race(self) -> Any:
        """The means after each round of seeds."""
        from seqlab.report.race import race

        return self._drawn(race, "all seeds were run in one round")

    def learning(self) -> Any:
        """Validation scores over the training."""
        from seqlab.report.learning import learning

        def valid(study: StoredStudy) -> Figure | None:
            return learning(study, "valid", f"Validation {study.metric}")

        return self._drawn(valid, "nothing was trained in steps")

    def sizes(self) -> Any:
        """Scores on fewer training examples."""
        from seqlab.report.sizes import sizes

        return self._drawn(sizes, "run the study with sizes, as in --sizes 500,2000,all")

    def cost(self) -> Any:
        """Quality against the latency of one example."""
        from seqlab.report.quality import cost

        def latency(study: StoredStudy) -> Figure | None:
            return cost(study, "latency_ms_p50", "latency of one example", "ms")

        return self._drawn(latency, "fewer than two contestants have both")

    def _drawn(self, draw: Any, why_not: str) -> Any:
        from seqlab.report.notebook import as_plotly
        from seqlab.report.stored import read_study

        figure = draw(read_study(self.folder))
        if figure is None:
            raise UserError(f"{self.folder}: there is nothing to draw: {why_not}")
        return as_plotly(figure)
