"""The race over seeds as a picture and in words."""

import json

from seqlab.report.page import render
from seqlab.report.race import race, race_words
from seqlab.report.stored import read_study


def with_race(study):
    """The finished study, as if its seeds had been run in rounds."""
    path = study / "verdict.json"
    verdict = json.loads(path.read_text())
    comparison = json.loads((study / "comparison.json").read_text())
    names = [s["name"] for s in comparison["standings"]]
    models = [n for n in names if (study / "runs" / n / "verdict-1").exists()]
    means = {name: [0.7, 0.6, 0.8] for name in models}
    first = {"seeds": 2, "stop": "", "means": means, "exits": [{"name": models[-1]}]}
    second = {
        "seeds": 3,
        "stop": "more seeds, up to 8, would hardly decide what is undecided",
        "means": {name: [0.71, 0.66, 0.76] for name in models[:-1]},
        "exits": [],
    }
    verdict["race"] = [first, second]
    path.write_text(json.dumps(verdict))
    return models


def test_each_contestant_has_a_line_that_ends_where_it_left(study):
    models = with_race(study)
    figure = race(read_study(study))
    assert figure is not None
    lines = {c.name: trace for c, trace in zip(figure.legend, figure.data, strict=True)}
    assert set(lines) == set(models)
    assert min(lines[models[0]]["customdata"]) == 2
    assert 3 in lines[models[0]]["customdata"]
    assert 3 not in lines[models[-1]]["customdata"]


def test_it_is_told_who_left_and_what_was_saved(study):
    models = with_race(study)
    words = race_words(read_study(study))
    assert words[0] == f"after 2 seeds: {models[-1]} left"
    assert words[1].startswith("ended after 3 seeds: more seeds, up to 8")
    assert "verdict runs instead of the" in words[2]
    assert "The race over seeds" in render(read_study(study))


def test_without_rounds_there_is_no_race(study):
    assert race(read_study(study)) is None
    assert "The race over seeds" not in render(read_study(study))
