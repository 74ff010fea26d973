"""Trainings of every mixer, killed by SIGKILL at random moments and continued by other processes.

    python -m tests.training.killing FOLDER KILLS

kills at least KILLS trainings in all, compares the final weights of each training that comes to its
end with those of one left alone, and prints what it did, a line for each mixer.
"""

import os
import random
import shutil
import signal
import sys
import time
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file, save_file

from seqlab.training.checkpoints import Checkpoints
from seqlab.training.fit import fit
from tests.training.streams import MIXERS, Streams, build, settings

STEPS = 24
CHAIN = 3  # kills of one training before it is left to end


def train(number, folder):
    """One life of a training: from its last checkpoint, with random states of its own."""
    model = build(MIXERS[number])
    kept = folder / "kept"
    seed = os.getpid() if any(kept.glob("*.safetensors")) else 5
    torch.manual_seed(seed)
    np.random.seed(seed)
    spec = settings(number, steps=STEPS, swa=None, ema=0.8)
    fit(model, Streams(), spec, [], Checkpoints(kept, seconds=0))
    save_file({k: v.contiguous() for k, v in model.state_dict().items()}, folder / "end")


def lives(number, folder, step=STEPS, seconds=0.0):
    """Start a training in a process of its own; kill it so many seconds after it reached a step.

    Returns whether it was killed; it may have come to its end before.
    """
    child = os.fork()
    if child == 0:
        status = 1
        try:
            train(number, folder)
            status = 0
        finally:
            os._exit(status)
    while step == STEPS or reached(folder) < step:
        if os.waitpid(child, os.WNOHANG)[0]:
            return False
        time.sleep(0.001)
    time.sleep(seconds)
    os.kill(child, signal.SIGKILL)
    return os.WIFSIGNALED(os.waitpid(child, 0)[1])


def reached(folder):
    """The last step of which a whole checkpoint is left."""
    kept = folder.glob("kept/step-*.safetensors")
    return max((int(path.stem.split("-")[1]) for path in kept), default=0)


def soak(number, folder, kills):
    """Kill one mixer's trainings so often; says at which steps, and how many came to their end."""
    alone, killed = folder / "alone", folder / "killed"
    alone.mkdir(parents=True)
    assert not lives(number, alone)
    expected = load_file(alone / "end")
    rng, steps, ends, chain = random.Random(number), [], 0, 0
    while len(steps) < kills or chain:
        killed.mkdir(exist_ok=True)
        leave = chain == CHAIN or len(steps) == kills
        step = STEPS if leave else rng.randint(reached(killed), STEPS - 1)
        if lives(number, killed, step, rng.uniform(0.0, 0.03)):
            steps.append(reached(killed))
            chain += 1
            continue
        found = load_file(killed / "end")
        for name, value in expected.items():
            assert torch.equal(value, found[name]), f"{MIXERS[number]}: {name} after {steps}"
        ends, chain = ends + 1, 0
        shutil.rmtree(killed)
    return steps, ends


def main(folder, kills):
    torch.set_num_threads(1)
    for number in range(len(MIXERS)):  # so that no child has to import or to compile anything
        fit(build(MIXERS[number]), Streams(), settings(number, steps=4))
    each, total, ended = -(-kills // len(MIXERS)), 0, 0
    for number, name in enumerate(MIXERS):
        steps, ends = soak(number, folder / name, each)
        total, ended = total + len(steps), ended + ends
        at = ", ".join(map(str, steps))
        print(f"{name}: killed after steps {at} of {STEPS}; identical: {ends}", flush=True)
    print(f"{total} kills of {len(MIXERS)} mixers, {ended} ends with identical weights", flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
