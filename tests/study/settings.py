"""Settings for tests of tuning: a list that does not change when the portfolio does."""

from seqlab.study import portfolio
from seqlab.study.space import Setting

RATES = (0.002, 0.007, 0.0025, 0.0004, 0.001)
LISTED = [
    Setting(named=(("learning_rate", rate), ("dropout", 0.1 * place)))
    for place, rate in enumerate(RATES)
]


def patch(monkeypatch):
    """Every candidate tries LISTED first."""
    monkeypatch.setattr(portfolio, "_lists", lambda kind: {"every": LISTED})
