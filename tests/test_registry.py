"""Names to classes, without importing anything until it is used."""

from __future__ import annotations

import subprocess
import sys

import pytest

from seqlab import registry
from seqlab.errors import UserError


@pytest.mark.parametrize("kind", registry.KINDS)
def test_every_name_loads_to_its_class(kind):
    assert registry.names(kind)
    for name in registry.names(kind):
        assert registry.load(kind, name).name == name
        assert registry.card(kind, name)["summary"]


def test_unknown_name_suggests():
    with pytest.raises(UserError, match='unknown mixer "gruu"; did you mean "gru"'):
        registry.load("mixers", "gruu")


def test_import_is_light():
    """Neither the package nor its lists need torch."""
    code = (
        "import sys, seqlab; from seqlab import registry; registry.cards('mixers');"
        "import seqlab.compare, seqlab.report, seqlab.metrics, seqlab.runs, seqlab.specs;"
        "assert 'torch' not in sys.modules, 'torch was imported'"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_help_needs_neither_torch_nor_pandas():
    code = (
        "import sys; from seqlab.cli import run; run(['--help']);"
        "heavy = {'torch', 'pandas', 'sklearn', 'numba'} & set(sys.modules);"
        "assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", code], check=True, stdout=subprocess.DEVNULL)
