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


@pytest.fixture(params=["openmp", "pool"])
def either_way(request, monkeypatch):
    if request.param == "pool":
        monkeypatch.setattr(threads, "_openmp", lambda: None)
    elif threads._openmp() is None:
        pytest.skip("PyTorch's OpenMP cannot be called here")


def test_ranges_run_side_by_side_the_first_on_the_callers_thread(four_threads, either_way):
    meeting = threading.Barrier(2, timeout=30)

    def work(first, last):
        meeting.wait()  # passes only if both run at a time
        return first, last, threading.get_ident()

    (a, b, caller), (c, d, other) = threads.each([(0, 1), (1, 3)], work)
    assert (a, b, c, d) == (0, 1, 1, 3)
    assert caller == threading.get_ident() != other


def test_a_team_smaller_than_asked_for_does_all_the_work():
    class Alone:
        omp_get_thread_num = staticmethod(lambda: 0)
        omp_get_num_threads = staticmethod(lambda: 1)
        GOMP_parallel = staticmethod(lambda callback, *_: callback(None))

    ranges = [(n, n + 1) for n in range(5)]
    assert threads._by_openmp(Alone, ranges, lambda first, _: first) == list(range(5))


@pytest.mark.parametrize("failing", [0, 1])
def test_errors_come_back(failing, four_threads, either_way):
    with pytest.raises(ZeroDivisionError):
        threads.each([(0, 1), (1, 2)], lambda first, _: 1 / (first - failing))


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
