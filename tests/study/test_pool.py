"""Processes that work for a study: what one of them suffers hurts nothing but its own job."""

import os
import time
from pathlib import Path

import pytest

from seqlab.errors import UserError
from seqlab.isolation import python
from seqlab.runs import Job
from seqlab.study import child_process
from seqlab.study import pool as pools
from seqlab.study.assignment import Assignment
from seqlab.study.pool import Pool
from seqlab.study.worker import Leaving

FAKE = Path(__file__).with_name("fake_worker.py")


def command(monkeypatch, *arguments):
    """Let workers be another program."""
    monkeypatch.setattr(pools, "python_module", lambda _, study: python(*arguments, study))


@pytest.fixture(autouse=True)
def fake(monkeypatch):
    command(monkeypatch, str(FAKE))


def job(candidate, number=0):
    return Assignment(
        job=Job(candidate, "model", "verdict", number),
        task="task",
        prepared="prepared",
        data="data",
        model={},
        train={"seed": 0},
    )


def alive(study):
    """The workers of a study that still run."""

    def runs(pid):
        try:
            os.kill(pid, 0)
            return Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z"
        except OSError:
            return False

    return [pid for pid in map(int, (study / "pids").read_text().split()) if runs(pid)]


def outcome(assignment, study):
    run = assignment.finished(study)
    return None if run is None else (run.result["status"], run.result["reason"])


@pytest.mark.parametrize("workers", [1, 2, 3])
def test_everything_is_done_by_few_processes(workers, tmp_path):
    jobs = [job("ok", number) for number in range(6)]
    seen = []
    with Pool(tmp_path, workers) as pool:
        assert (
            pool.execute(jobs[:3], lambda a, share, reading: seen.append((a.job.number, share)))
            == []
        )
        pool.execute(jobs[3:], lambda a, share, reading: seen.append((a.job.number, share)))
        assert len((tmp_path / "pids").read_text().split()) <= workers
    assert sorted(seen) == [(number, 1.0) for number in range(6)]
    assert all(outcome(a, tmp_path) == ("ok", "") for a in jobs)
    assert alive(tmp_path) == []


@pytest.mark.parametrize("workers", [1, 2, 3])
def test_a_job_that_kills_its_process_is_tried_twice_and_recorded(workers, tmp_path):
    jobs = [job("ok", 0), job("dies"), job("ok", 1), job("ok", 2)]
    with Pool(tmp_path, workers) as pool:
        pool.execute(jobs)
    assert outcome(jobs[1], tmp_path) == ("failed", "killed: most likely out of memory")
    assert (jobs[1].folder(tmp_path) / "attempts").read_text() == "xx"
    assert all(outcome(a, tmp_path) == ("ok", "") for a in (jobs[0], *jobs[2:]))


@pytest.mark.parametrize("workers", [1, 2])
def test_a_process_killed_by_chance_costs_one_repetition(workers, tmp_path):
    jobs = [job("unlucky"), job("ok")]
    with Pool(tmp_path, workers) as pool:
        pool.execute(jobs)
    assert [outcome(a, tmp_path) for a in jobs] == [("ok", ""), ("ok", "")]
    assert (jobs[0].folder(tmp_path) / "attempts").read_text() == "xx"


def test_a_lost_job_goes_to_a_process_that_idles(tmp_path):
    """The last job's process dies while the other has nothing left to do."""
    with Pool(tmp_path, 2) as pool:
        pool.execute([job("ok", 0), job("ok", 1)])
        pool.execute([job("unlucky")])
    assert outcome(job("unlucky"), tmp_path) == ("ok", "")


def test_finished_runs_are_not_done_again(tmp_path):
    with Pool(tmp_path, 1) as pool:
        pool.execute([job("ok")])
    pids = (tmp_path / "pids").read_text()
    seen = []
    with Pool(tmp_path, 1) as pool:
        pool.execute([job("ok")], lambda a, share, reading: seen.append(share))
    assert seen == [1.0]
    assert (tmp_path / "pids").read_text() == pids, "no process was needed"


def test_another_command_tries_again_what_was_killed(tmp_path):
    """Memory may be free by then; a job that failed by itself is not repeated."""
    with Pool(tmp_path, 1) as pool:
        pool.execute([job("dies")])
    with Pool(tmp_path, 1) as pool:
        pool.execute([job("dies")])
    assert (job("dies").folder(tmp_path) / "attempts").read_text() == "xxxx"


def test_what_is_not_kept_is_left_out(tmp_path):
    jobs = [job("ok", number) for number in range(4)]
    with Pool(tmp_path, 2) as pool:
        left_out = pool.execute(jobs, keep=lambda a: a.job.number < 2)
    assert left_out == jobs[2:]
    assert [outcome(a, tmp_path) for a in jobs] == [("ok", "")] * 2 + [None] * 2


def test_a_run_that_is_overdue_is_left_out_and_the_others_go_on(tmp_path, hurried):
    begun = time.monotonic()
    with Pool(tmp_path, 1) as pool:
        pool.overdue = lambda a: a.job.candidate == "slow"
        assert pool.execute([job("slow"), job("ok")]) == [job("slow")]
    assert [outcome(a, tmp_path) for a in (job("slow"), job("ok"))] == [None, ("ok", "")]
    assert time.monotonic() - begun < 50, "it takes a minute, of which it had a second"


def test_a_full_disk_stops_the_study_and_keeps_what_is_done(tmp_path):
    jobs = [job("ok"), job("full"), job("ok", 1)]
    with Pool(tmp_path, 1) as pool, pytest.raises(UserError) as raised:
        pool.execute(jobs)
    assert raised.value.message.endswith("full/verdict-0: cannot be written: the disk is full")
    assert "run the same command again" in raised.value.hint
    assert [outcome(a, tmp_path) for a in jobs] == [("ok", ""), None, None]
    assert alive(tmp_path) == []


def test_who_was_asked_to_go_has_not_died(tmp_path):
    """Whoever sends the signal: the checkpoint is continued from, as often as it takes."""
    told, seen = [], []
    with Pool(tmp_path, 1) as pool:
        pool.remark = lambda a, text: told.append((a.job.candidate, text))
        pool.execute([job("asked")], lambda a, share, reading: seen.append(share))
    assert outcome(job("asked"), tmp_path) == ("ok", "")
    assert told == [("asked", f"goes for the {n}. time") for n in (1, 2, 3)]
    assert seen == [0.0, 0.0, 0.0, 1.0]


def test_what_only_the_user_can_decide_stops_the_study(tmp_path):
    with Pool(tmp_path, 1) as pool, pytest.raises(UserError) as raised:
        pool.execute([job("foreign"), job("ok")])
    assert (raised.value.message, raised.value.hint) == (
        "x: a checkpoint of version 0",
        "delete it",
    )
    assert outcome(job("foreign"), tmp_path) is None


class LeftError(BaseException):
    pass


@pytest.fixture
def leaving(monkeypatch):
    """A worker's `Leaving` that raises where the process would end."""

    def left(status):
        raise LeftError

    monkeypatch.setattr("seqlab.study.worker.os._exit", left)
    monkeypatch.setattr("seqlab.study.worker.GRACE_SECONDS", 1e6)  # its timer ends no test
    return Leaving()


def test_an_idle_worker_goes_at_once_and_a_busy_one_after_its_step(leaving):
    with pytest.raises(LeftError):
        leaving.ask()
    leaving.asked, leaving.busy = False, True
    leaving.ask()
    leaving.ask()  # a signal to the whole group, and the study's own
    assert leaving.now()
    with pytest.raises(LeftError):
        leaving.rest()


def test_who_was_asked_and_lost_its_study_goes_at_once(leaving):
    leaving.busy = True
    leaving.orphaned()  # the study was killed: there is time for a step
    with pytest.raises(LeftError):
        leaving.orphaned()


def test_interruption_stops_every_process_at_once(tmp_path):
    def interrupt(assignment, share, reading):
        raise KeyboardInterrupt

    begun = time.monotonic()
    with Pool(tmp_path, 2) as pool, pytest.raises(KeyboardInterrupt):
        pool.execute([job("slow", 0), job("slow", 1)], interrupt)
    assert alive(tmp_path) == []
    assert time.monotonic() - begun < 20


def test_a_process_that_cannot_begin_is_told(tmp_path, monkeypatch):
    command(monkeypatch, "-c", "raise SystemExit(3)")
    with Pool(tmp_path, 1) as pool, pytest.raises(UserError) as raised:
        pool.execute([job("ok")])
    assert raised.value.message == "a worker process ended before it began, with status 3"
    assert str(tmp_path / "workers.log") in raised.value.hint


def test_a_process_gone_between_stages_is_replaced(tmp_path):
    with Pool(tmp_path, 1) as pool:
        pool.execute([job("ok", 0)])
        pool.workers[0].process.kill()
        pool.workers[0].process.wait()
        pool.execute([job("ok", 1)])
    assert outcome(job("ok", 1), tmp_path) == ("ok", "")


@pytest.fixture
def hurried(monkeypatch):
    """Processes are looked at often, and not waited for when they have said their last word."""
    monkeypatch.setattr(child_process, "CHECK_SECONDS", 0.1)
    for module in (pools, child_process):
        monkeypatch.setattr(module, "FAREWELL_SECONDS", 0.4)
    monkeypatch.setattr(pools, "CHECK_SECONDS", 0.1)


def patience(pool, monkeypatch, name, seconds):
    """Wait so long for a silent process, once the first has begun: a start may take longer."""
    pool.started = lambda _: monkeypatch.setattr(child_process, name, seconds)


def test_what_is_printed_beside_the_events_is_logged(tmp_path):
    """By a library before the channel is there, by one that takes JSON for a log, or unreadable."""
    seen = []
    with Pool(tmp_path, 1) as pool:
        pool.execute([job("prints"), job("ok")], lambda a, share, reading: seen.append(share))
    assert seen == [1.0, 1.0]
    log = (tmp_path / "workers.log").read_bytes()
    assert log == b'loading\n5\n{"level": "info"}\n{"event": 7}\n\xff\xfe\n' + b"[" * 9999 + b"\n"


@pytest.mark.parametrize("first", ["stopped", "deaf"])
def test_a_process_that_no_longer_answers_is_ended_and_its_run_done_again(
    first, tmp_path, monkeypatch, hurried
):
    """Stopped by a signal, or waiting for what never comes; the other run is not disturbed."""
    told = []
    with Pool(tmp_path, 2) as pool:
        patience(pool, monkeypatch, "SILENT_SECONDS", 1.5)
        pool.remark = lambda a, text: told.append((a.job.candidate, text))
        pool.execute([job(f"{first}-once"), job("ok")])
    assert outcome(job(f"{first}-once"), tmp_path) == ("ok", "")
    assert outcome(job("ok"), tmp_path) == ("ok", "")
    assert told == [
        (f"{first}-once", "its process no longer answered and was ended; done once more")
    ]
    assert alive(tmp_path) == []


def test_a_process_that_is_silent_twice_is_a_failure_of_its_run(tmp_path, monkeypatch, hurried):
    """Once a time limit has passed, it is not waited for as long."""
    monkeypatch.setattr(child_process, "SILENT_SECONDS_LATE", 60.0)
    with Pool(tmp_path, 1) as pool:
        patience(pool, monkeypatch, "SILENT_SECONDS_LATE", 1.5)
        pool.late = lambda: True
        pool.execute([job("stopped"), job("ok")])
    assert outcome(job("stopped"), tmp_path) == (
        "failed",
        "its process no longer answered, and was ended",
    )
    assert outcome(job("ok"), tmp_path) == ("ok", "")


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="CPU times are read in /proc")
def test_a_process_that_computes_without_a_word_is_waited_for(tmp_path, monkeypatch, hurried):
    told = []
    with Pool(tmp_path, 1) as pool:
        patience(pool, monkeypatch, "SILENT_SECONDS", 1.5)
        pool.remark = lambda a, text: told.append(text)
        pool.execute([job("computes")])
    assert (outcome(job("computes"), tmp_path), told) == (("ok", ""), [])


def test_a_study_that_stood_still_itself_ends_no_process(tmp_path, monkeypatch, hurried):
    """A machine that slept, or Ctrl-Z: everything stood still together."""
    told = []

    def stand_still(assignment, share, reading):
        time.sleep(2)

    with Pool(tmp_path, 1) as pool:
        patience(pool, monkeypatch, "SILENT_SECONDS", 1.5)
        pool.remark = lambda a, text: told.append(text)
        pool.execute([job("tells")], stand_still)
    assert (outcome(job("tells"), tmp_path), told) == (("ok", ""), [])


def test_a_process_whose_output_another_keeps_open_is_seen_to_be_gone(tmp_path, hurried):
    begun = time.monotonic()
    with Pool(tmp_path, 1) as pool:
        pool.execute([job("heir")])
    assert outcome(job("heir"), tmp_path) == ("failed", "process ended: status 7")
    assert time.monotonic() - begun < 50


def test_a_process_that_closes_its_channel_and_stays_is_ended(tmp_path, hurried):
    with Pool(tmp_path, 1) as pool:
        pool.execute([job("mute")])
    assert outcome(job("mute"), tmp_path) == ("failed", "killed: most likely out of memory")
    assert alive(tmp_path) == []


def test_a_reader_that_fails_is_noticed(tmp_path, monkeypatch, hurried):
    def fails(line):
        raise MemoryError

    monkeypatch.setattr(child_process, "read_event", fails)
    with Pool(tmp_path, 1) as pool, pytest.raises(UserError, match="ended before it began"):
        pool.execute([job("ok")])
    assert "could not be read: MemoryError" in (tmp_path / "workers.log").read_text()
