"""Does the decision keep its promises? Studies drawn at will, and what is said of them.

`python -m bench.simulation` prints the tables, with --repetitions studies a world; `--quick` takes
a few, `--full` as many as a record wants. Everything goes through the public functions, from
per-example statistics to sentences. It ends with 1 if a promise is not kept.
"""

from __future__ import annotations

import argparse
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial

from bench.simulation import fields, raced
from bench.simulation.judging import Judgement, Record, judge_one, judge_race, record_of
from bench.simulation.procedures import table_of_procedures
from bench.simulation.promises import table_of_promises
from bench.simulation.worlds import World
from seqlab.kernels.threads import cores

ERROR, COVERAGE, FOUND = 0.05, 0.93, 0.90
POWER_LOST = 0.03  # by looking early
REPETITIONS, QUICK, FULL = 300, 40, 2000


@dataclass(frozen=True)
class Run:
    """How much is drawn, and on how many processes."""

    repetitions: int
    pool: ProcessPoolExecutor

    def record(self, world: World) -> Record:
        """A world's record."""
        judge = partial(_judge, world)
        judged: list[Judgement] = list(self.pool.map(judge, range(self.repetitions), chunksize=10))
        return record_of(judged)


def _judge(world: World, number: int) -> Judgement:
    return judge_one(world, 0, number)


def main(arguments: list[str] | None = None) -> int:
    """Print the tables; 1 if a promise is not kept."""
    parser = argparse.ArgumentParser(prog="python -m bench.simulation")
    parser.add_argument("--quick", action="store_true", help=f"{QUICK} studies a world")
    parser.add_argument("--full", action="store_true", help=f"{FULL} studies a world")
    parser.add_argument("--repetitions", type=int, default=REPETITIONS, help="studies a world")
    options = parser.parse_args(arguments)
    repetitions = QUICK if options.quick else FULL if options.full else options.repetitions
    begun = time.perf_counter()
    with ProcessPoolExecutor(cores()) as pool:
        run = Run(repetitions, pool)
        print(f"{repetitions} studies a world.\n")
        held = [*errors(run), *power(run), *regret(run)]
        held += races(run)
        held += table_of_promises(pool, repetitions)
        table_of_procedures(pool, repetitions)
    print(f"\n{time.perf_counter() - begun:.0f} s")
    return 0 if all(held) else 1


def errors(run: Run) -> list[bool]:
    """All equal: how often something is called worse, apart or best that is not."""
    print(
        "| all are equal | something false is said | intervals with the best hold |"
        " all pairs' hold | too short to decide |\n|---|---|---|---|---|"
    )
    held = []
    for world in fields.alike():
        record = run.record(world)
        false = max(record["false_claim"], record["family_claim"])
        error = max(false, 1 - record["words_true"])
        kept = error <= ERROR + 2 * _standard_error(ERROR, run.repetitions)
        held.append(kept)
        print(
            f"| {world.name} | {error:.3f}{'' if kept else ' **missed**'} |"
            f" {record['best_covered']:.3f} | {record['pairs_covered']:.3f} |"
            f" {record['too_short']:.3f} |",
            flush=True,
        )
    return held


def power(run: Run) -> list[bool]:
    """A gap of 3 points, 8 seeds, 2,000 examples, 6 contestants."""
    print(
        "\n| the last is 3 points behind (8 seeds, 2,000 examples) | it is found |"
        " something false is said | a best one is kept |\n|---|---|---|---|"
    )
    held = []
    for world in fields.gaps():
        record = run.record(world)
        kept = record["found"] >= FOUND - 2 * _standard_error(FOUND, run.repetitions)
        kept &= record["false_claim"] <= ERROR + 2 * _standard_error(ERROR, run.repetitions)
        held.append(kept)
        print(
            f"| {world.name} | {record['found']:.3f}{'' if kept else ' **missed**'} |"
            f" {record['false_claim']:.3f} | {record['best_kept']:.3f} |",
            flush=True,
        )
    return held


def regret(run: Run) -> list[bool]:
    """Half a point between each and the next: what the recommendation gives away."""
    print(
        "\n| half a point between each and the next | regret of the recommendation, points |"
        " at most | intervals with the best hold | a best one is kept |\n|---|---|---|---|---|"
    )
    held = []
    for world, most in zip(fields.graded(), fields.REGRETS, strict=True):
        record = run.record(world)
        kept = record["regret"] <= most and record["best_covered"] >= COVERAGE
        held.append(kept)
        print(
            f"| {world.name} | {100 * record['regret']:.2f}{'' if kept else ' **missed**'} |"
            f" {100 * most:.1f} | {record['best_covered']:.3f} | {record['best_kept']:.3f} |",
            flush=True,
        )
    return held


def races(run: Run) -> list[bool]:
    """Seeds in rounds: the same promises, for fewer runs; power beside that of one look."""
    print(
        "\n| verdict seeds in rounds, up to 8 | something false is said | a best one is kept |"
        " the last is found | … in one look | runs | wanted |\n|---|---|---|---|---|---|---|"
    )
    held = []
    for world, most in raced.worlds():
        judge = partial(judge_race, world, 0)
        judged: list[Judgement] = list(run.pool.map(judge, range(run.repetitions), chunksize=10))
        record, whole = record_of(judged), run.record(world)
        false = max(record["false_claim"], 1 - record["words_true"])
        error = ERROR + 2 * _standard_error(ERROR, run.repetitions)
        gap = world.truth(1)["c0"] - min(world.truth(1).values()) > 0
        lost = whole["found"] - record["found"] if gap else 0.0
        kept = false <= error and record["best_kept"] >= 1 - error
        kept &= lost <= POWER_LOST + 2 * _standard_error(FOUND, run.repetitions)
        held.append(kept)
        found = f"{record['found']:.3f} | {whole['found']:.3f}" if gap else "– | –"
        print(
            f"| {world.name} | {false:.3f}{'' if kept else ' **missed**'} |"
            f" {record['best_kept']:.3f} | {found} |"
            f" {record['runs']:.2f}{'' if record['runs'] <= most else ' **more**'} | {most} |",
            flush=True,
        )
    return held


def _standard_error(share: float, repetitions: int) -> float:
    return float((share * (1 - share) / repetitions) ** 0.5)


if __name__ == "__main__":
    sys.exit(main())
