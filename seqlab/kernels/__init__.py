"""Fused loops that the mixers' bases call, each beside its plain-torch twin."""

from __future__ import annotations

from seqlab.kernels.backend import BACKENDS, KINDS, prefer, preferring, running
from seqlab.kernels.warm_up import warm_up

__all__ = ["BACKENDS", "KINDS", "prefer", "preferring", "running", "warm_up"]
