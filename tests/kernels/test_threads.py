import itertools
import multiprocessing
import sys
import threading

import pytest
import torch

from seqlab.kernels import threads

MUCH = 100 * threads.OPERATIONS_PER_THREAD


@pytest.fixture
def four_threads():
    before = torch.get_num_threads()
    torch.set_num_threads(4)
    yield
    torch.set_num_threads(before)


@pytest.mark.parametrize("count", [1, 7, 8, 9, 32, 100])
def test_shares_cover_the_batch_in_whole_tiles(count, four_threads):
    ranges = threads.shares(count, MUCH, tile=8)
    assert len(ranges) <= 4
    assert ranges[0][0] == 0
    assert ranges[-1][1] == count
    assert all(a[1] == b[0] for a, b in itertools.pairwise(ranges))
    if count >= 32:
        assert all((last - first) % 8 == 0 for first, last in ranges[:-1])


def test_little_work_wakes_nobody(four_threads):
    assert threads.shares(64, threads.OPERATIONS_PER_THREAD) == [(0, 64)]


def test_one_thread_where_torch_has_one():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        assert threads.shares(64, MUCH) == [(0, 64)]
    finally:
        torch.set_num_threads(before)


def test_each_range_has_its_own_thread_and_errors_come_back(four_threads):
    found = threads.each([(0, 1), (1, 2)], lambda *_: threading.current_thread().name)
    assert found[0] == threading.current_thread().name
    assert found[1].startswith("seqlab-kernels")
    with pytest.raises(ZeroDivisionError):
        threads.each([(0, 1), (1, 2)], lambda first, _: 1 / (1 - first))


def _each_in_a_child(results):
    results.put(threads.each([(0, 1), (1, 2)], lambda first, _: first))


@pytest.mark.skipif(sys.platform == "win32", reason="no fork on Windows")
def test_a_forked_process_starts_its_own_threads(four_threads):
    threads.each([(0, 1), (1, 2)], lambda *_: None)  # the parent's pool lives
    context = multiprocessing.get_context("fork")
    results = context.SimpleQueue()
    child = context.Process(target=_each_in_a_child, args=(results,), daemon=True)
    child.start()
    child.join(timeout=30)
    assert child.exitcode == 0
    assert results.get() == [0, 1]
