"""From windows to what a sequence model reads, and back: instance normalisation and patches.

RevIN (Kim et al., 2022, "Reversible instance normalization"), here without its affine part, and
patches of each channel by itself (Nie et al., 2023, "A time series is worth 64 words").
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from seqlab.batch import Batch, Context
from seqlab.tasks.forecasting.fitted import Fitted

EPSILON = 1e-5  # in units of the training part's variance


def forecast(model: nn.Module, batch: Batch, fitted: Fitted) -> Tensor:
    """The model's forecast on the scale of the standardised series, (B, horizon, channels)."""
    C = fitted.channels
    x = batch.inputs  # (B, L, C + V)
    known = batch.extra.get("known")
    if fitted.instance_norm:
        centre, spread = instance_scale(x, known)
        x = (x - centre) / spread
    sequences = _sequences(x, known, batch.extra.get("calendar"), fitted)  # (B or B·C, N, F)
    out: Tensor = model(sequences, Context())
    out = out.reshape(len(x), -1, C) if fitted.joint else out.reshape(len(x), C, -1).mT
    return out * spread[..., :C] + centre[..., :C] if fitted.instance_norm else out


def instance_scale(x: Tensor, known: Tensor | None) -> tuple[Tensor, Tensor]:
    """Mean and spread of each window's observed values, (B, 1, channels) each."""
    if known is None:
        centre = x.mean(dim=1, keepdim=True)
        variance = (x - centre).square().mean(dim=1, keepdim=True)
        return centre, (variance + EPSILON).sqrt()
    weight = known.to(x.dtype)
    count = weight.sum(dim=1, keepdim=True).clamp(min=1)
    centre = (x * weight).sum(dim=1, keepdim=True) / count
    variance = ((x - centre).square() * weight).sum(dim=1, keepdim=True) / count
    return centre, (variance + EPSILON).sqrt()


def _sequences(x: Tensor, known: Tensor | None, calendar: Tensor | None, fitted: Fitted) -> Tensor:
    """What the model reads: each channel's patches, with those of the covariates."""
    C = fitted.channels
    parts = [x]
    if fitted.missing:
        gaps = torch.zeros_like(x) if known is None else (~known).to(x.dtype)
        parts.append(gaps)
    patched = [_patches(part, fitted) for part in parts]  # (B, N, P, C + V) each
    if fitted.joint:
        features = [part.flatten(2) for part in patched]
    else:
        features = [part[..., :C].permute(0, 3, 1, 2).flatten(0, 1) for part in patched]
        if x.shape[2] > C:
            shared = torch.cat([part[..., C:].flatten(2) for part in patched], dim=2)
            features.append(shared.repeat_interleave(C, dim=0))
    if calendar is not None and fitted.cycles:
        features.append(calendar if fitted.joint else calendar.repeat_interleave(C, dim=0))
    return torch.cat(features, dim=2)


def _patches(x: Tensor, fitted: Fitted) -> Tensor:
    """(B, L, F) → (B, N, P, F); the first patch is filled up with the first value."""
    geometry = fitted.geometry
    short = geometry.positions * geometry.patch - geometry.lookback
    if short:
        x = torch.cat([x[:, :1].expand(-1, short, -1), x], dim=1)
    return x.reshape(len(x), geometry.positions, geometry.patch, -1)


def error(forecasts: Tensor, batch: Batch, metric: str) -> tuple[Tensor, float]:
    """The training loss in the primary metric's terms, and how many targets it averages over.

    A squared error is minimised by means, an absolute one by medians: each metric is trained for.
    """
    assert batch.targets is not None
    known = ~batch.targets.isnan()
    away = torch.where(known, forecasts - batch.targets, 0.0)
    away = away.square() if metric in ("mse", "rmse") else away.abs()
    weight = batch.extra.get("weight")  # (B, C): from standardised to scaled errors
    if weight is not None:
        away = away * weight.unsqueeze(1)
    count = known.sum().clamp(min=1)
    return away.sum() / count, float(count)
