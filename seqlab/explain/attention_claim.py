"""Whether attention explains: its agreement with occlusion, and what uniform attention costs.

The experiments behind the claim that attention makes models interpretable: Jain & Wallace (2019),
Attention is not explanation; Wiegreffe & Pinter (2019), Attention is not not explanation.
"""

from __future__ import annotations

from dataclasses import dataclass

from seqlab import registry
from seqlab.data.examples import Examples
from seqlab.explain.agreement import correlation
from seqlab.explain.attending import uniform_attention
from seqlab.explain.attribution import Attribution
from seqlab.explain.intervals import Estimate, apart
from seqlab.explain.methods.base import Case


@dataclass(frozen=True)
class AttentionClaim:
    """agreement: mean rank correlation with occlusion. cost: what uniform attention loses."""

    agreement: Estimate
    metric: str
    trained: float
    uniform: float
    cost: Estimate

    @property
    def sentences(self) -> list[str]:
        """In words."""
        a, c = self.agreement, self.cost
        lost = "costs" if c.above else "is not shown to cost"
        return [
            f"attention orders the units as occlusion does with a rank correlation of {a.value:.2f}"
            f" (95 %: {a.low:.2f}–{a.high:.2f}); 1 would be the same order, 0 none",
            f"looking at everything alike {lost} quality: {self.metric} {self.uniform:.3f} instead"
            f" of {self.trained:.3f} (difference {c.value:+.3f}, 95 %: {c.low:+.3f} to"
            f" {c.high:+.3f})",
        ]


def attention_claim(
    case: Case, attention: Attribution, occlusion: Attribution, test: Examples
) -> AttentionClaim:
    """Of a network with attention; `test` is what its quality is measured on."""
    task, model = case.subject.task, case.subject.network("attention")
    metric = registry.load("metrics", task.metrics[0])()
    trained = task.statistics(metric, case.subject.predict(test), test)
    with uniform_attention(model):
        uniform = task.statistics(metric, case.subject.predict(test), test)
    return AttentionClaim(
        correlation(attention, occlusion),
        metric.name,
        metric.value(trained),
        metric.value(uniform),
        apart(metric, trained, uniform),
    )
