"""What a node of a cluster has installed.

This module travels to nodes by value, as one without the package could not import it: it imports
nothing of seqlab outside of its function.
"""

from __future__ import annotations

import platform
import socket
from importlib.metadata import PackageNotFoundError, version

# Which decide about numbers, beside Python and seqlab.
PACKAGES = ("torch", "numpy", "pandas", "scikit-learn", "numba", "tokenizers")


def node_facts(packages: list[str]) -> dict[str, str]:
    """The node's name, and the version of Python, of seqlab and of each package; "" for none."""
    found = {"host": socket.gethostname(), "python": platform.python_version()}
    for name in packages:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = ""
    try:
        from seqlab import __version__

        found["seqlab"] = __version__
    except ImportError:
        found["seqlab"] = ""
    return found
