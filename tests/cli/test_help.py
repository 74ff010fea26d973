"""How help reads: groups, defaults, an example each, and no sentence that is cut."""

import pytest
import typer.main

from seqlab.cli.app import app
from seqlab.cli.help import HEADINGS

COMPARE = typer.main.get_command(app).commands["compare"]


@pytest.fixture(params=["40", "80"])
def columns(request, monkeypatch):
    monkeypatch.setenv("COLUMNS", request.param)


def test_compare_has_its_options_in_groups(seqlab, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    said = seqlab("compare", "--help").out
    places = [said.index(f"\n{heading}:\n") for heading in HEADINGS]
    assert places == sorted(places)
    budget = said[places[3] : places[4]]
    assert "--seeds" in budget
    assert "--max-latency-ms" not in budget
    assert "[x>=" not in said


def test_every_option_of_compare_says_its_default_and_an_example():
    for option in COMPARE.params:
        if option.param_type_name == "argument" or option.is_flag:
            continue
        assert "For example " in option.help, option.opts
        # What one example shows must be the option itself.
        assert option.opts[-1] in option.help or option.opts[0] in option.help, option.opts
        if option.name not in ("config", "settings"):
            assert "[default: " in option.help, option.opts


def test_no_summary_is_cut(seqlab, columns):
    said = seqlab("--help").out
    assert "…" not in said
    assert "..." not in said.replace("COMMAND [ARGS]...", "")
    whole = " ".join(said.split())
    for name, command in typer.main.get_command(app).commands.items():
        first = " ".join(command.help.partition("\n\n")[0].split())
        assert f"{name} {first}" in whole


def test_completion_knows_the_commands(seqlab, monkeypatch):
    monkeypatch.setenv("_SEQLAB_COMPLETE", "complete_bash")
    monkeypatch.setenv("COMP_WORDS", "seqlab comp")
    monkeypatch.setenv("COMP_CWORD", "1")
    assert seqlab().out.split() == ["compare"]


def test_a_time_without_its_unit_is_asked_for(seqlab):
    done = seqlab("compare", "nowhere.csv", "--time", "10")
    assert done.error == "--time 10: the unit is missing"
    assert "10m for minutes" in done.hint
