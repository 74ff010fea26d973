"""The pictures of docs/training.md, drawn from the code that they show.

python -m bench.pictures – writes docs/pictures/*.svg; takes seconds and trains nothing.
"""

from __future__ import annotations

from pathlib import Path

from seqlab.specs import TrainSpec
from seqlab.training.schedules import schedule

FOLDER = Path(__file__).resolve().parent.parent / "docs" / "pictures"
STEPS = 400
WIDTH, HEIGHT, GAP = 180, 80, 34
SHAPES = (
    ("constant", {"schedule": "constant"}),
    ("linear", {"schedule": "linear"}),
    ("cosine", {"schedule": "cosine"}),
    ("inverse_sqrt", {"schedule": "inverse_sqrt"}),
    ("wsd", {"schedule": "wsd"}),
    ("one_cycle, warmup 0.3", {"schedule": "one_cycle", "warmup": 0.3}),
    ("cyclic triangular", {"schedule": "cyclic", "cycle": "triangular"}),
    ("cyclic triangular2", {"schedule": "cyclic", "cycle": "triangular2"}),
    ("cyclic exp", {"schedule": "cyclic", "cycle": "exp"}),
)
COLUMNS = 3


def schedules() -> str:
    """Each schedule's factor over a training, as SVG."""
    rows = -(-len(SHAPES) // COLUMNS)
    width, height = COLUMNS * (WIDTH + GAP) + GAP, rows * (HEIGHT + GAP) + GAP
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        'font-family="sans-serif" font-size="11">',
        f'<rect width="{width}" height="{height}" fill="white"/>',
    ]
    for number, (name, fields) in enumerate(SHAPES):
        left = GAP + number % COLUMNS * (WIDTH + GAP)
        top = GAP + number // COLUMNS * (HEIGHT + GAP)
        factor = schedule(TrainSpec.read(fields), STEPS)
        points = " ".join(
            f"{left + WIDTH * step / STEPS:.1f},{top + HEIGHT * (1 - factor(step)):.1f}"
            for step in range(STEPS)
        )
        parts += [
            f'<text x="{left}" y="{top - 6}" fill="#333">{name}</text>',
            f'<path d="M{left} {top}v{HEIGHT}h{WIDTH}" fill="none" stroke="#bbb"/>',
            f'<polyline points="{points}" fill="none" stroke="#1f5fa8" stroke-width="1.5"/>',
        ]
    return "\n".join([*parts, "</svg>", ""])


def main() -> None:
    """Write the pictures."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    (FOLDER / "schedules.svg").write_text(schedules(), encoding="utf-8")


if __name__ == "__main__":
    main()
