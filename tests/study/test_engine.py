"""Which engine a study runs on, as it is said and refused."""

import pytest

from seqlab.cli import run
from seqlab.errors import UserError
from seqlab.kernels.threads import cores
from seqlab.study.engines import read_engine, slots


@pytest.mark.parametrize(
    ("engine", "read"),
    [
        ("local", ("local", None)),
        ("ray", ("ray", None)),
        ("ray:auto", ("ray", "auto")),
        ("ray:10.0.0.1", ("ray", "10.0.0.1:6379")),
        ("ray:head.of.cluster:7000", ("ray", "head.of.cluster:7000")),
    ],
)
def test_an_engine_is_read(engine, read):
    assert read_engine(engine) == read


@pytest.mark.parametrize("engine", ["", "Ray", "slurm", "local:x", "ray:", "dask:10.0.0.1"])
def test_another_engine_is_refused(engine, small_csv, tmp_path, capsys):
    assert run(["compare", str(small_csv), "--engine", engine, "-o", str(tmp_path / "s")]) == 2
    said = capsys.readouterr().err
    assert f'--engine "{engine}": accepted are local, ray (on this machine) and ray:ADDRESS' in said
    assert not (tmp_path / "s").exists()


def test_a_client_of_a_cluster_is_told_to_be_one_of_its_nodes():
    with pytest.raises(UserError, match="is not one of its nodes"):
        read_engine("ray://10.0.0.1:10001")


def test_without_a_cluster_there_is_a_process_for_each_core():
    assert slots("local", "cpu") == cores()
    assert slots("local", "cuda") == 1
