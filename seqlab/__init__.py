"""seqlab answers one question on your own sequence data: RNN or Transformer?"""

import sys

# `python -m seqlab` has put the current folder first on the path. A file beside the data must not
# be imported in place of a module, and these lines come before anything that could be one.
if sys.argv[:1] == ["-m"] and not sys.flags.safe_path:
    del sys.path[0]

from typing import TYPE_CHECKING, Any

__version__ = "0.4.0"

if TYPE_CHECKING:
    from seqlab.workbench.estimators import Forecaster, SequenceClassifier
    from seqlab.workbench.inspecting import inspect
    from seqlab.workbench.predictor import Predictor, load
    from seqlab.workbench.study import Study

# What is imported on first use, so that `import seqlab` needs neither torch nor pandas.
_FACE = {
    "Study": "seqlab.workbench.study",
    "SequenceClassifier": "seqlab.workbench.estimators",
    "Forecaster": "seqlab.workbench.estimators",
    "Predictor": "seqlab.workbench.predictor",
    "load": "seqlab.workbench.predictor",
    "inspect": "seqlab.workbench.inspecting",
}

__all__ = ["Forecaster", "Predictor", "SequenceClassifier", "Study", "inspect", "load"]


def __getattr__(name: str) -> Any:
    import importlib

    if name in _FACE:
        return getattr(importlib.import_module(_FACE[name]), name)
    raise AttributeError(f"module 'seqlab' has no attribute {name!r}")


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
