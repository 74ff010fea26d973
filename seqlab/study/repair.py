"""What is damaged in a study's folder is taken away, and only that is lost.

Every file that a study reads again is looked at before it is continued, so that whoever reads it
later finds it whole or missing; and whatever is missing is made again.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

from seqlab.outside import DamagedError
from seqlab.runs import Run, list_runs, read_json
from seqlab.shapes import NUMBER, Shape

Note = Callable[[str], None]


MEASURE = (*NUMBER, None)
IDENTITY: Shape = {
    "task": str,
    "fingerprint": str,
    **dict.fromkeys(("data?", "model?", "train?", "budget?"), dict),
    "backend?": str,
    "seed?": int,
}
ALLOWANCE: Shape = {
    **dict.fromkeys(("trials", "seeds"), int),
    "epochs": NUMBER,
    "steps?": (int, None),
    **dict.fromkeys(("tune_per_seed?", "beyond?"), bool),
    "full?": (int, None),
    **dict.fromkeys(("longest?", "shortened?"), NUMBER),
    "left_out?": [str],
}
COSTS: Shape = {
    "digest": str,
    "params": int,
    **dict.fromkeys(("train_seconds?", "peak_memory_mb?", "size_mb?"), MEASURE),
    **dict.fromkeys(("latency_ms_p50?", "latency_ms_low?", "latency_ms_high?"), MEASURE),
    **dict.fromkeys(("latency_ms_p95?", "latency_batch64_ms?"), MEASURE),
    "rounds?": (str, None),
    "backend?": (str, None),
}
RACE_ROUND: Shape = {
    **dict.fromkeys(("seeds", "most", "look"), int),
    "stop": str,
    "means": dict,
    "exits": [{"name": str, "standing": dict, "pair": dict}],
}
DATA_CARD: Shape = {"origin": str, "fingerprint": str, "findings": [dict], "notes?": [str]}
# Versions before held the digest of a look's runs alone.
LOOK: Shape = (str, {"runs": str, "count": int, "declared": dict})

# By name: the shape that a file must have, and what is done without it.
FILES: dict[str, tuple[Shape, str]] = {
    "identity.json": (IDENTITY, "only runs of these data and settings are kept"),
    "plan.json": ({"key": dict, "allowance": ALLOWANCE}, "the study is planned anew"),
    "costs.json": ({...: COSTS}, "costs are measured again"),
    "looks.json": ([LOOK], "how often the test set was looked at before is no longer known"),
    "race.json": ([RACE_ROUND], "rounds of the race are judged again"),
    "data_card.json": (DATA_CARD, "the data are prepared again"),
    "study.json": ({"realised": {"time?": NUMBER}}, "the time spent before is no longer known"),
    "choices/*.json": ({...: dict}, "it is measured again"),
    "runs/*/*/history.json": ([dict], "how this run was trained is no longer shown"),
    "runs/*/*/exhibits.json": ([dict], "what this run shows is left out"),
}


def take_away_damage(study: Path, note: Note) -> None:
    """Delete what cannot be read as it was written; `note` is told a line for each."""
    for pattern, (shape, consequence) in FILES.items():
        for path in sorted(study.glob(pattern)):
            try:
                read_json(path, shape)
            except DamagedError as error:
                _delete(path)
                note(f"{error.message}; {consequence}")
    for folder, message in _damaged_runs(study):
        shutil.rmtree(folder)
        note(f"{message}; this run is done again")


def _damaged_runs(study: Path) -> Iterator[tuple[Path, str]]:
    messages: list[str] = []
    whole = list(list_runs(study, messages.append))
    kept = {run.folder for run in whole}
    folders = [path.parent for path in sorted(study.glob("runs/*/*/result.json"))]
    yield from zip([one for one in folders if one not in kept], messages, strict=True)
    for run in whole:
        try:
            _read_statistics(run)
        except DamagedError as error:
            yield run.folder, error.message


def _read_statistics(run: Run) -> None:
    """All that a comparison reads of a run."""
    if run.ok and run.result["role"] == "verdict":
        for metric in run.result.get("test") or {}:
            run.statistics(metric)


def _delete(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink()
