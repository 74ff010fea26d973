"""Weights of a checkpoint into a model, or one line on why they are not its own."""

from __future__ import annotations

from torch import Tensor, nn

from seqlab.errors import UserError


def load_weights(model: nn.Module, weights: dict[str, Tensor]) -> None:
    """Copy the weights in. Raises UserError where names or shapes are another model's."""
    own = model.state_dict()
    hint = "delete the checkpoint to train from the beginning"
    for name in [*own, *weights]:
        if name not in own or name not in weights:
            place = "the checkpoint" if name not in weights else "this model"
            raise UserError(f"the checkpoint is of another model: {name} is not in {place}", hint)
        if own[name].shape != weights[name].shape:
            given, expected = tuple(weights[name].shape), tuple(own[name].shape)
            raise UserError(
                f"the checkpoint is of another model: {name} has shape {given}, not {expected}",
                hint,
            )
    model.load_state_dict(weights)
