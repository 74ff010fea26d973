import subprocess
import sys

import pytest
import torch

from seqlab import kernels
from seqlab.errors import UserError


def test_fused_where_a_loop_exists():
    assert kernels.running("gru", "cpu", torch.float32) == "fused"
    assert kernels.running("slstm", "cpu", torch.float64) == "fused"
    assert kernels.running("linear_scan", "meta", torch.float32) == "fused"


def test_torch_elsewhere_and_the_twin_where_torch_has_nothing():
    assert kernels.running("lstm", "cuda", torch.float32) == "torch"
    assert kernels.running("gru", "cpu", torch.bfloat16) == "torch"
    assert kernels.running("rnn_elu", "cuda", torch.float32) == "reference"
    assert kernels.running("slstm", "cpu", torch.float32, "torch") == "reference"


def test_the_process_wide_choice_is_what_auto_means():
    with kernels.preferring("reference"):
        assert kernels.running("gru", "cpu", torch.float32) == "reference"
        assert kernels.running("gru", "cpu", torch.float32, "fused") == "fused"
    assert kernels.running("gru", "cpu", torch.float32) == "fused"


def test_a_choice_outlives_no_error():
    with pytest.raises(ZeroDivisionError), kernels.preferring("torch"):
        raise ZeroDivisionError
    assert kernels.running("gru", "cpu", torch.float32) == "fused"


def test_fused_is_refused_where_there_is_no_loop():
    with pytest.raises(UserError) as caught:
        kernels.running("gru", "cpu", torch.float16, "fused")
    assert caught.value.message == (
        'backend "fused" runs float32 and float64 on cpu, but gru was given float16 on cpu'
    )


def test_unknown_names_end_in_a_suggestion():
    with pytest.raises(UserError, match='unknown backend "fuse"; did you mean "fused"'):
        kernels.running("gru", "cpu", torch.float32, "fuse")
    with pytest.raises(UserError, match='unknown kernel "grus"; did you mean "gru"'):
        kernels.running("grus", "cpu", torch.float32)
    with pytest.raises(UserError, match='unknown backend "cudnn"'):
        kernels.prefer("cudnn")


def test_importing_the_face_imports_neither_torch_nor_numba():
    code = "import sys, seqlab.kernels; print({'torch', 'numba'} & set(sys.modules))"
    output = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert output.stdout.strip() == "set()"
