"""Batches come in the same order and with the same content, made ahead or not, and time is told."""

import threading
import time

import numpy as np
import pytest
import torch

from seqlab.batch import Batch
from seqlab.errors import UserError
from seqlab.specs import TrainSpec
from seqlab.training import feed as feeding
from seqlab.training.checkpoints import Checkpoints
from seqlab.training.feed import Feed
from seqlab.training.fit import fit
from seqlab.training.hooks import Hook
from seqlab.training.prefetch import Ahead, Groups
from tests.training.problems import Line, line_model
from tests.training.streams import Streams, build, settings


def threads():
    return [thread for thread in threading.enumerate() if thread.name == "seqlab-batches"]


class Numbered:
    """Batches that say which they are; they may take their time, or break."""

    def __init__(self, seconds=0.0, breaks_at=None):
        self.seconds, self.breaks_at, self.made = seconds, breaks_at, 0

    def batches(self, epoch):
        for number in range(3):
            if self.seconds:
                time.sleep(self.seconds)
            if (epoch, number) == self.breaks_at:
                raise UserError("this batch cannot be made")
            self.made += 1
            yield Batch(torch.tensor([[epoch, number]]))


def taken(feed, count):
    return [(tuple(feed.next().inputs[0].tolist()), feed.place()) for _ in range(count)]


@pytest.mark.parametrize("ahead", [1, 3])
def test_order_and_places_are_those_without_a_thread(ahead):
    plain, feed = Feed(Numbered(), "cpu"), Feed(Numbered(), "cpu", ahead)
    assert taken(feed, 8) == taken(plain, 8)
    assert len(threads()) == 1
    for place in ((1, 2), (0, 3), (4, 0)):
        plain.go_to(place)
        feed.go_to(place)
        assert feed.place() == place
        assert taken(feed, 5) == taken(plain, 5)
    feed.close()
    assert not threads()


def test_no_more_batches_are_made_than_were_asked_for():
    source = Numbered()
    feed = Feed(source, "cpu", 2)
    feed.next()
    time.sleep(0.1)
    assert 3 <= source.made <= 4  # one taken, two waiting, one in the thread's hands
    feed.close()


def test_what_goes_wrong_in_the_thread_comes_out_in_its_place():
    feed = Feed(Numbered(breaks_at=(1, 1)), "cpu", 3)
    taken(feed, 4)
    with pytest.raises(UserError, match="this batch cannot be made"):
        feed.next()
    feed.close()
    assert not threads()


def test_a_thread_ends_though_it_waits_for_room():
    ahead = Ahead(iter(range(100)), 1)
    assert next(ahead) == 0
    ahead.close()
    assert not threads()


def test_an_iterator_that_ends_ends_for_good():
    ahead = Ahead(iter("ab"), 5)
    assert list(ahead) == ["a", "b"]
    assert list(ahead) == []


class Slow(Numbered):
    """Computing takes longer than making a batch."""

    computing = 0.006

    def fed(self, ahead, monkeypatch, cores=2):
        monkeypatch.setattr(feeding, "cores", lambda: cores)
        feed = Feed(self, "cpu", ahead)
        for _ in range(100):
            feed.next()
            time.sleep(self.computing)
        feed.close()
        return feed


def test_a_training_that_waits_gets_a_thread_and_waits_less(monkeypatch):
    one, two = torch.get_num_threads(), torch.get_num_threads() + 1
    waiting = Slow(0.003).fed(0, monkeypatch)
    decided = Slow(0.003).fed(None, monkeypatch, cores=two)
    assert (waiting.ahead, decided.ahead) == (0, feeding.BATCHES_AHEAD)
    assert decided.seconds < 0.8 * waiting.seconds
    assert Slow().fed(None, monkeypatch, cores=two).ahead == 0, "no need"
    assert Slow(0.003).fed(None, monkeypatch, cores=one).ahead == 0, "no core to spare"


def test_a_thread_that_makes_training_slower_is_given_up(monkeypatch):
    class Disturbed(Slow):
        @property
        def computing(self):
            return 0.02 if threads() else 0.001

    feed = Disturbed(0.003).fed(None, monkeypatch, cores=torch.get_num_threads() + 1)
    assert feed.ahead == 0
    assert not feed.undecided
    assert feed.place() == (33, 1), "no batch was lost or came twice"


def test_items_made_at_a_time_end_and_break_in_their_place():
    assert list(Groups(iter("abcde"), 2)) == list("abcde")
    groups = Groups(iter("abcde"), 3)
    assert next(groups) == "a"
    assert list(groups.close()) == list("bcde")
    feed = Feed(Numbered(breaks_at=(1, 1)), "cpu")
    assert len(taken(feed, 4)) == 4
    with pytest.raises(UserError, match="this batch cannot be made"):
        feed.next()


class KilledError(Exception):
    pass


class Kill(Hook):
    def on_step_end(self, progress):
        if progress.history.steps == 7:
            raise KilledError


def test_training_with_a_thread_is_the_same_to_the_bit_and_resumes_exactly(tmp_path):
    def train(ahead, *rest):
        model = build("gru")
        torch.manual_seed(5)
        fit(model, Streams(), settings(0, prefetch=ahead), *rest)
        return model.state_dict()

    expected = train(0)
    with pytest.raises(KilledError):
        train(2, [Kill()], Checkpoints(tmp_path, seconds=0))
    assert not threads(), "what stops a training ends its thread"
    torch.manual_seed(99)
    for weights in (train(2), train(2, [], Checkpoints(tmp_path, seconds=0))):
        assert all(torch.equal(weights[name], value) for name, value in expected.items())
    assert not threads()


def test_ctrl_c_leaves_no_thread():
    class Interrupts(Hook):
        def on_step_end(self, progress):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fit(line_model(), Line(), TrainSpec(prefetch=3), [Interrupts()])
    assert not threads()


def test_the_time_spent_on_waiting_is_in_the_history():
    class Slowly(Line):
        def batches(self, epoch):
            for batch in super().batches(epoch):
                time.sleep(0.005)
                yield batch

    spec = TrainSpec(steps=8, evaluations=2, prefetch=0)
    history = fit(line_model(), Slowly(), spec)
    assert 8 * 0.005 <= history.loading <= history.seconds
    assert history.records[0]["loading"] > 0.5, "some are made at a time"
    assert fit(line_model(), Line(), spec).loading < 0.005


def test_making_batches_leaves_the_random_states_alone():
    """Else a thread would make the draws of training depend on who comes first."""
    from seqlab.training.randomness import random_states

    before = random_states()
    batches = Streams().batches(0)
    assert len(list(batches)) == 5
    after = random_states()
    assert torch.equal(before["torch"], after["torch"])
    assert before["python"] == after["python"]
    np.testing.assert_equal(before["numpy"], after["numpy"])


HOOK = {"kind": "rewrite", "hook": "some.module:function"}


def test_a_function_of_a_users_is_never_run_on_a_thread():
    assert feeding.ahead_of(TrainSpec()) is None
    assert feeding.ahead_of(TrainSpec(prefetch=3)) == 3
    assert feeding.ahead_of(TrainSpec(augment=[HOOK])) == 0
    with pytest.raises(UserError) as caught:
        TrainSpec.read({"augment": [HOOK], "prefetch": 2}, "train")
    assert caught.value.message == (
        "train.prefetch = 2: rewrite runs a function of yours, which a thread would mix with the "
        "training's random draws; accepted with it: 0"
    )


def test_a_negative_number_of_batches_is_refused_in_a_line():
    with pytest.raises(UserError) as caught:
        TrainSpec.read({"prefetch": -1}, "train")
    assert str(caught.value.message) == (
        "train.prefetch = -1: should be greater than or equal to 0"
    )
