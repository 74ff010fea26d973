"""What `seqlab check` shows."""

from __future__ import annotations

from pathlib import Path

from seqlab.cli.streams import print_json
from seqlab.cli.terminal import Terminal
from seqlab.workbench.checking import check, plain


def check_and_show(model: Path, tests: Path, device: str, *, json: bool) -> bool:
    """Try the tests of a file; whether all passed."""
    outcomes = check(model, tests, device=device)
    passed = all(outcome.passed for outcome in outcomes)
    if json:
        print_json({"passed": passed, "tests": [plain(outcome) for outcome in outcomes]})
        return passed
    terminal = Terminal()
    rows = []
    for outcome in outcomes:
        rate = outcome.rate
        shown = f"{100 * rate.value:.1f} % ({100 * rate.low:.1f}–{100 * rate.high:.1f})"
        verdict = "passed" if outcome.passed else "failed" if outcome.cases else "no case"
        rows.append(
            [
                outcome.test.name,
                outcome.test.kind,
                f"{outcome.cases:,}",
                shown if outcome.cases else "–",
                f"{100 * outcome.test.most:g} %",
                verdict,
            ]
        )
    terminal.table(
        ["test", "kind", "cases", "failed (95 %)", "at most", "verdict"], rows, kinds="llrrrl"
    )
    for outcome in outcomes:
        if not outcome.passed and outcome.failures:
            terminal.say(f"\n{outcome.test.name}, for example:", style="bold")
            for failure in outcome.failures:
                terminal.say(f"  {failure}")
    return passed
