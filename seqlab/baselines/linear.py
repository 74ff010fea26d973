"""One linear map from the look-back to the horizon, shared by all channels.

Linear and NLinear of Zeng et al. (2023), "Are Transformers effective for time series
forecasting?", here by ridge regression in closed form instead of gradient descent.
"""

from __future__ import annotations

from seqlab.baselines.ridge import Ridge
from seqlab.registry import registered

CARD = {"title": "one linear map", "tasks": ["forecast"]}


@registered
class Linear(Ridge):
    """Each step of the horizon is a weighted sum of the steps of the look-back."""
