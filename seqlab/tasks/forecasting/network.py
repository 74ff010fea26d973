"""From windows to what a sequence model reads, and back: instance normalisation and patches.

RevIN (Kim et al., 2022, "Reversible instance normalization"), here without its affine part, and
patches of each channel by itself (Nie et al., 2023, "A time series is worth 64 words").

Where something is known ahead, the horizon's patches follow those of the look-back: they hold what
is known, nothing of what is not, and a mark. Inputs known ahead are not normalised by the window,
which may hold no promotion at all. Quantiles are sorted, so that they never cross
(Chernozhukov et al., 2010, "Quantile and probability curves without crossing").
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from seqlab.batch import Batch, Context
from seqlab.tasks.forecasting.fitted import Fitted

EPSILON = 1e-5  # in units of the training part's variance


def forecast(model: nn.Module, batch: Batch, fitted: Fitted) -> Tensor:
    """The forecast on the scale of the standardised series, (B, horizon, channels, quantiles)."""
    if fitted.strategy != "recursive":
        return stretch(model, batch, fitted)
    horizon, parts = fitted.geometry.horizon, []
    for done in range(0, horizon, fitted.stretch):
        parts.append(stretch(model, batch, fitted, done))
        if done + fitted.stretch < horizon:
            batch = _moved(batch, parts[-1][..., 0], done, fitted)
    return torch.cat(parts, dim=1)[:, :horizon]


def stretch(model: nn.Module, batch: Batch, fitted: Fitted, done: int = 0) -> Tensor:
    """What a model forecasts at once: the stretch that follows on the batch's windows, which
    reach `done` steps into the horizon.
    """
    C, past = fitted.channels, fitted.past_width
    x = batch.inputs  # (B, L, C + V)
    known = batch.extra.get("known")
    if fitted.instance_norm:
        own = None if known is None else known[..., :past]
        centre, spread = instance_scale(x[..., :past], own)
        x = torch.cat([(x[..., :past] - centre) / spread, x[..., past:]], dim=2)
    sequences = _sequences(x, known, batch.extra, done, fitted)  # (B or B·C, N, F)
    out: Tensor = model(sequences, Context())
    if fitted.positions_ahead:  # each patch of the horizon answers for itself
        out = out[:, -fitted.positions_ahead :]
    quantiles = max(1, len(fitted.quantiles))
    if fitted.joint:
        out = out.reshape(x.shape[0], -1, C, quantiles)
    else:
        out = out.reshape(x.shape[0], C, -1, quantiles).transpose(1, 2)
    out = out[:, : fitted.stretch]
    if fitted.residual is not None:
        out = out + naive(x[..., :C], out.shape[1], fitted)[..., None]
    if quantiles > 1:
        out = out.sort(dim=-1).values
    if fitted.instance_norm:
        out = out * spread[..., :C, None] + centre[..., :C, None]
    return out


def naive(x: Tensor, steps: int, fitted: Fitted) -> Tensor:
    """What a model's outputs are added to, (B, steps, C): the last value or season of (B, L, C).

    A random walk or a season that repeats is then where training begins, and what is learned is
    how the series departs from it (as blocks do from what others forecast: Oreshkin et al., 2020,
    N-BEATS).
    """
    season = fitted.geometry.season if fitted.residual == "seasonal-naive" else 1
    ahead = torch.arange(steps, device=x.device) % season
    return x[:, x.shape[1] - season + ahead]


def _moved(batch: Batch, new: Tensor, done: int, fitted: Fitted) -> Batch:
    """The windows a stretch later, with forecasts (B, stretch, C) in the place of what came.

    Inputs that are not known ahead stay as they were last, and are marked as missing.
    """
    x, steps = batch.inputs, new.shape[1]
    C, past = fitted.channels, fitted.past_width
    parts = [new, x[:, -1:, C:past].expand(-1, steps, -1)]
    if "ahead" in batch.extra:
        parts.append(batch.extra["ahead"][:, done : done + steps])
    extra = dict(batch.extra)
    if fitted.missing:
        known = extra.get("known", torch.ones_like(x, dtype=torch.bool))
        told = torch.ones_like(known[:, :1]).expand(-1, steps, -1).clone()
        told[..., C:past] = False
        extra["known"] = torch.cat([known[:, steps:], told], dim=1)
    return Batch(torch.cat([x[:, steps:], torch.cat(parts, dim=2)], dim=1), extra=extra)


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


def _sequences(
    x: Tensor, known: Tensor | None, extra: dict[str, Tensor], done: int, fitted: Fitted
) -> Tensor:
    """What the model reads: each channel's patches, with those of the further inputs."""
    C, N = fitted.channels, fitted.positions
    parts = [_patches(x, _ahead(x, extra, done, fitted), fitted)]  # (B, N, P, C + V) each
    if fitted.missing:
        gaps = torch.zeros_like(x) if known is None else (~known).to(x.dtype)
        parts.append(_patches(gaps, _gaps_ahead(gaps, fitted), fitted))
    if fitted.joint:
        features = [part.flatten(2) for part in parts]
        shared = []
    else:
        features = [part[..., :C].permute(0, 3, 1, 2).flatten(0, 1) for part in parts]
        shared = [part[..., C:].flatten(2) for part in parts] if x.shape[2] > C else []
    if fitted.cycles:
        first = done // fitted.geometry.patch
        shared.append(extra["calendar"][:, first : first + N])
    if "static" in extra:
        shared.append(extra["static"][:, None].expand(-1, N, -1))
    if fitted.positions_ahead:
        mark = torch.arange(N, device=x.device) >= fitted.geometry.positions
        shared.append(mark.to(x.dtype)[None, :, None].expand(x.shape[0], -1, -1))
    if shared:
        together = torch.cat(shared, dim=2)
        features.append(together if fitted.joint else together.repeat_interleave(C, dim=0))
    return torch.cat(features, dim=2)


def _ahead(x: Tensor, extra: dict[str, Tensor], done: int, fitted: Fitted) -> Tensor | None:
    """The stretch to be forecast as far as it is known, (B, stretch, C + V); 0 where it is not."""
    if not fitted.positions_ahead:
        return None
    blank = x.new_zeros(x.shape[0], fitted.stretch, fitted.past_width)
    if "ahead" not in extra:
        return blank
    told = _filled(extra["ahead"][:, done : done + fitted.stretch], 0, fitted.stretch)
    return torch.cat([blank, told], dim=2)


def _gaps_ahead(gaps: Tensor, fitted: Fitted) -> Tensor | None:
    if not fitted.positions_ahead:
        return None
    missing = torch.arange(gaps.shape[2], device=gaps.device) < fitted.past_width
    return missing.to(gaps.dtype).expand(gaps.shape[0], fitted.stretch, -1)


def _patches(x: Tensor, ahead: Tensor | None, fitted: Fitted) -> Tensor:
    """(B, L, F) and (B, stretch, F) → (B, N, P, F); the first patch is filled up with the first
    value, the last with the last.
    """
    geometry = fitted.geometry
    x = _filled(x, geometry.positions * geometry.patch, 0)
    if ahead is not None:
        ahead = _filled(ahead, 0, fitted.positions_ahead * geometry.patch)
        x = torch.cat([x, ahead], dim=1)
    return x.reshape(x.shape[0], fitted.positions, geometry.patch, -1)


def _filled(x: Tensor, before: int, after: int) -> Tensor:
    """Lengthened to so many steps, at its begin or at its end, by what stands there."""
    parts = [x]
    if before > x.shape[1]:
        parts.insert(0, x[:, :1].expand(-1, before - x.shape[1], -1))
    if after > x.shape[1]:
        parts.append(x[:, -1:].expand(-1, after - x.shape[1], -1))
    return torch.cat(parts, dim=1) if len(parts) > 1 else x


def error(
    forecasts: Tensor, batch: Batch, metric: str, quantiles: tuple[float, ...] = ()
) -> tuple[Tensor, float]:
    """The training loss of (B, stretch, channels, quantiles) in the primary metric's terms, and
    how many targets it averages over.

    A squared error is minimised by means, an absolute one by medians, the pinball loss by
    quantiles: each is trained for.
    """
    assert batch.targets is not None
    targets = batch.targets[:, : forecasts.shape[1], :, None]
    known = ~targets.isnan()
    away = torch.where(known, targets - forecasts, 0.0)  # (B, stretch, C, Q)
    if quantiles:
        level = torch.tensor(quantiles, dtype=away.dtype, device=away.device)
        away = 2 * torch.maximum(level * away, (level - 1) * away).mean(dim=3, keepdim=True)
    else:
        away = away.square() if metric in ("mse", "rmse") else away.abs()
    weight = batch.extra.get("weight")  # (B, C): from standardised to scaled errors
    if weight is not None:
        away = away * weight[:, None, :, None]
    count = known.sum().clamp(min=1)
    return away.sum() / count, float(count)
