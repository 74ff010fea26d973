"""Transformers, imported on use: offline, silent, and said where it is missing."""

from __future__ import annotations

import importlib
import os
from functools import cache
from typing import Any

from seqlab.errors import UserError

OFFLINE = ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE", "HF_HUB_DISABLE_TELEMETRY")


@cache
def transformers() -> Any:
    """The library; what it loads lies in a folder, so it never asks a server.

    The import takes seconds.
    """
    # It reads these once, when it is imported.
    os.environ.update(dict.fromkeys(OFFLINE, "1"))
    try:
        library = importlib.import_module("transformers")
    except ImportError:
        raise UserError(
            "pre-trained models are read by transformers, which is not installed",
            'pip install "seqlab[pretrained]"',
        ) from None
    library.logging.set_verbosity_error()
    library.logging.disable_progress_bar()
    return library
