"""Vanishing, exploding, out of reach or sound; and what fits the model at hand."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from seqlab import registry
from seqlab.mixers.base import setting_defaults
from seqlab.specs import ModelSpec, TrainSpec
from seqlab.study.gradient_flow import Flow, Reach

VANISHING_RATIO, EXPLODING_RATIO = 1e-2, 1e2  # the farthest tenth of positions over the nearest
UNDERFLOW_SHARE = 1e-30  # of the nearest: what falls below it may be zero for lack of digits
FEWEST_POSITIONS = 10  # or there is no distance to speak of


@dataclass(frozen=True)
class Diagnosis:
    """What ails the gradients of some layers, the numbers that show it, and what fits."""

    what: str  # vanishing | exploding | out of reach | sound
    layers: tuple[str, ...]
    evidence: str
    advice: str

    @property
    def sentence(self) -> str:
        """All of it in a line."""
        where = f" in {', '.join(self.layers)}" if self.what != "sound" else ""
        return (
            f"{self.what}{where}: {self.evidence}. Try: {self.advice}"
            if where
            else (f"{self.what}: {self.evidence}; {self.advice}")
        )


def diagnose(flow: Flow, model: ModelSpec, train: TrainSpec) -> list[Diagnosis]:
    """One diagnosis for each thing that is found, the gravest first; "sound" if none is."""
    found: dict[str, list[str]] = {}
    for name, reach in flow.reaches.items():
        found.setdefault(diagnosis_of(reach), []).append(name)
    advice = {
        "exploding": ", ".join(_against_exploding(model, train, flow)),
        "vanishing": ", ".join(_against_vanishing(model, flow)),
        "out of reach": "a wider window, more depth, or a mixer that sees all positions",
    }
    said = [
        Diagnosis(what, tuple(found[what]), _evidence(flow, found[what]), advice[what])
        for what in advice
        if what in found
    ]
    if said:
        return said
    layers = tuple(flow.reaches)
    return [Diagnosis("sound", layers, _evidence(flow, layers), _why_sound(flow, model))]


def diagnosis_of(reach: Reach) -> str:
    """What one layer's gradients do on their way back."""
    if len(reach.norms) < FEWEST_POSITIONS:
        return "sound"
    norms = np.array(reach.norms)
    last = int(np.flatnonzero(norms).max(initial=0))
    cut = last < len(norms) - 1 and norms[last] > UNDERFLOW_SHARE * norms.max()
    if cut and reach.ratio < VANISHING_RATIO:
        return "out of reach"
    if reach.ratio < VANISHING_RATIO:
        return "vanishing"
    return "exploding" if reach.ratio > EXPLODING_RATIO else "sound"


def _evidence(flow: Flow, layers: list[str] | tuple[str, ...]) -> str:
    """The layer whose ratio is farthest from 1."""

    def size(name: str) -> float:
        ratio = flow.reaches[name].ratio
        return abs(float(np.log(ratio))) if ratio > 0 else np.inf

    worst = max(layers, key=size)
    reach = flow.reaches[worst]
    of = f" ({worst})" if len(layers) > 1 else ""
    far = len(reach.norms) - 1
    said = f"farthest over nearest {reach.ratio:.2g}{of}"
    if reach.heard < far:
        said += f", below a hundredth from {reach.heard + 1} of {far} positions back"
    return said


def _against_vanishing(model: ModelSpec, flow: Flow) -> list[str]:
    advice = []
    if model.pooling == "last" and not flow.last_answer_only:
        advice.append('pooling = "mean" or "attention", which hear every position directly')
    accepted = setting_defaults(registry.load("mixers", model.mixer))
    if "initialisation" in accepted:
        given = model.settings.get("initialisation", accepted["initialisation"])
        advice.append("gates (lstm, gru)")
        if given not in ("orthogonal", "identity"):
            advice.append("an orthogonal initialisation")
    elif "chrono_length" in accepted and not model.settings.get("chrono_length"):
        advice.append("the chrono initialisation (settings.chrono_length = the distance)")
    if model.norm == "none" or not model.residual:
        advice.append('normalisation with residuals (norm = "pre", residual = true)')
    if flow.causal:
        heard = max(reach.heard for reach in flow.reaches.values())
        advice.append(f"backpropagation truncated at {heard + 1} positions loses next to nothing")
    return advice or ["a mixer that sees every position at once (attention), or shorter sequences"]


def _against_exploding(model: ModelSpec, train: TrainSpec, flow: Flow) -> list[str]:
    accepted = setting_defaults(registry.load("mixers", model.mixer))
    limit = train.clip_norm
    advice = ["clip_norm = 1" if limit is None else f"keep clip_norm = {limit:g}, or lower it"]
    if "gain" in accepted:
        advice += ["an orthogonal initialisation with gain ≤ 1", "gates (lstm, gru)"]
    if model.norm == "none":
        advice.append('normalisation (norm = "pre")')
    if flow.causal:
        advice.append("backpropagation truncated earlier (a smaller options.block)")
    return advice


def _why_sound(flow: Flow, model: ModelSpec) -> str:
    if max(len(reach.norms) for reach in flow.reaches.values()) < FEWEST_POSITIONS:
        return f"sequences of fewer than {FEWEST_POSITIONS} positions have no distance to speak of"
    if model.pooling != "last" and not flow.last_answer_only:
        return f'every position may be heard directly: pooling = "{model.pooling}"'
    return "nothing to do"
