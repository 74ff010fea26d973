"""The space of tuning: equal for all families, covered, at the budget, and what is fixed stays."""

import numpy as np
import pytest
import torch
from scipy.stats import qmc

from seqlab import registry
from seqlab.specs import ModelSpec
from seqlab.study import space
from seqlab.study.building import build_model
from seqlab.study.plan import Allowance, Planner, entries
from seqlab.study.points import MOST_DIMENSIONS, point
from seqlab.study.recipes import recipes
from tests import inprocess
from tests.study.test_floor import conditions_of

FAMILIES = [name for name, recipe in recipes().items() if recipe.groups]
BUDGET = 100_000


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """The planner of a study that classifies short texts."""
    with pytest.MonkeyPatch.context() as patch:
        inprocess.patch(patch)
        _, conditions = conditions_of(patch, tmp_path_factory.mktemp("space") / "study", trials=0)
        return conditions.planner


def planned(made, names, **fields):
    fields = {"baselines": (), "model": {}, "train": {}, **fields}
    spec = made.spec.with_(candidates=names, budget={"params": BUDGET}, **fields)
    allowance = Allowance(trials=9, seeds=2, epochs=2)
    return Planner(spec, made.task, ("data",), allowance), entries(spec, made.task)


def test_every_family_has_a_space_of_equal_size():
    for name in FAMILIES:
        model = ModelSpec.read(recipes()[name].model, "model")
        own = space.own_dimensions(model.mixer)
        assert len(own) == space.OWN, name
        for field, values in own.items():
            assert space.default_of(model, field) in values, (name, field)
            assert len(set(map(str, values))) == len(values) > 1


@pytest.mark.parametrize("mixer", sorted({recipes()[n].model["mixer"] for n in FAMILIES}))
def test_every_own_value_builds_a_mixer(mixer):
    own = space.own_dimensions(mixer)
    for field, values in own.items():
        if field.startswith("settings."):
            for value in values:
                cls = registry.load("mixers", mixer)
                cls.build(32, causal=False, **{field.removeprefix("settings."): value})


def test_the_first_point_is_the_default():
    first = space.point(0)
    assert set(first.places) == {0.5}
    for name in FAMILIES:
        model = ModelSpec.read(recipes()[name].model, "model")
        varied = space.varied_fields(model.mixer, {}, textbook=False, pools=True)
        assert model.with_(**first.model(model, varied)) == model.with_(dropout=first.dropout)
    assert first.train({"batch_size": 32}) == {
        "learning_rate": 0.00173,
        "weight_decay": 0.01,
        "batch_size": 32,
        "warmup": 0.1,
    }


@pytest.mark.parametrize("kind", ["CD", "WD", "MD", "L2-star"])
@pytest.mark.parametrize("count", [9, 16, 27])
def test_points_cover_better_than_chance(kind, count):
    """By every discrepancy: centred, wrapped round, of mixtures and of boxes at the origin."""
    draw = np.random.default_rng(1)
    ours = qmc.discrepancy([point(n, MOST_DIMENSIONS) for n in range(count)], method=kind)
    chance = [
        qmc.discrepancy(draw.random((count, MOST_DIMENSIONS)), method=kind) for _ in range(60)
    ]
    assert ours < np.median(chance)


def test_every_dimension_of_sixteen_points_is_stratified():
    """What makes it a net: beside the middle, no two points in the same sixteenth."""
    places = np.array([point(n, MOST_DIMENSIONS) for n in range(1, 16)])
    for column in places.T:
        assert len(set((column * 16).astype(int))) == 15


@pytest.mark.parametrize("count", [5, 9, 27])
def test_rate_depth_and_dropout_are_not_confounded(count):
    places = np.array([point(n, MOST_DIMENSIONS) for n in range(count)])
    assert np.abs(np.corrcoef(places[:, :3].T) - np.eye(3)).max() < 0.3


def test_points_stay_as_they_are():
    """A change here would give every stored study other trials."""
    assert [space.point(n).learning_rate for n in range(4)] == [0.00173, 0.00724, 0.00249, 0.000362]


def test_bodies_are_within_five_percent_of_the_budget(made):
    planner, contestants = planned(made, FAMILIES)
    for entry in contestants:
        for number in (0, 1, 2, 5):
            model = ModelSpec.read(
                planner.trial(entry, number, space.point(number)).model, entry.name
            )
            body = made.task.model(model).body_parameters()
            assert 0.95 * BUDGET <= body <= BUDGET, (entry.name, number, model)


def test_all_depths_are_tried(made):
    planner, (entry,) = planned(made, ["gru"])
    depths = {planner.trial(entry, n, space.point(n)).model["depth"] for n in range(9)}
    assert depths == set(space.DEPTHS)


def test_what_the_user_fixed_is_not_varied(made):
    model = {"pooling": "max", "depth": 2, "settings": {"forget_bias": 0.5}}
    planner, (entry,) = planned(
        made, ["lstm"], model=model, train={"batch_size": 24, "warmup": 0.0}
    )
    for number in range(9):
        trial = planner.trial(entry, number, space.point(number))
        assert trial.model["pooling"] == "max"
        assert trial.model["depth"] == 2
        assert trial.model["settings"]["forget_bias"] == 0.5
        assert (trial.train["batch_size"], trial.train["warmup"]) == (24, 0.0)
    assert len({planner.trial(entry, n, space.point(n)).model["dropout"] for n in range(9)}) == 9


def test_a_textbook_form_stays_what_its_name_says(made):
    planner, (entry,) = planned(made, ["classic-lstm"])
    for number in range(5):
        model = planner.trial(entry, number, space.point(number)).model
        assert (model["width"], model["depth"], model["pooling"]) == (32, 1, "last")


def test_embeddings_are_the_same_for_all(made):
    planner, contestants = planned(made, FAMILIES)
    tables = {}
    for entry in contestants:
        assert entry.embedding_parameters == contestants[0].embedding_parameters > 0
        for number in (0, 1, 2):
            trial = planner.trial(entry, number, space.point(number))
            model = build_model(made.task, ModelSpec.read(trial.model, entry.name), seed=3)
            tables[entry.name, number] = model.embedding.table.weight
    first = next(iter(tables.values()))
    assert all(torch.equal(first, table) for table in tables.values())


def test_a_user_chooses_the_size_of_embeddings(made):
    _, (entry,) = planned(made, ["gru"], model={"embedding_width": 24})
    assert entry.model.embedding_width == 24
