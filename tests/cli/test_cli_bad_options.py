"""Options and settings that make no sense: one line that names the option and what it accepts."""

import json

import pytest

from tests.reviews import write_reviews

CANDIDATES = "accepted: all, "
METRICS = "accepted: accuracy, macro-f1, log-loss, auroc, calibration-error"
COUNT = "expected a positive number such as 200k or 1000000"
DIFFERENCE = "expected a difference such as 1pt (a hundredth), 2% (of the best value) or 0.01"
WHOLE = "that is the whole range of accuracy (0 to 1) or more, so everything would count as equal"
DURATION = "expected a duration such as 90s, 10m or 1.5h, or none"
SHARES = "accepted: shares such as 60/20/20, or two dates such as 2016-07-01,2017-11-01"

# arguments after the data → error, beginning of the hint
OPTIONS = [
    (["--candidates", "gruu"], 'unknown candidate "gruu"; did you mean "gru"?', CANDIDATES),
    (["--candidates", "rnn,nope"], 'unknown candidate "nope"', CANDIDATES),
    (["--candidates", " , "], '--candidates " , ": expected names divided by commas', ""),
    (["--candidates", "lstm-50"], 'candidate "lstm-50" is for forecast, not for classify', "leave"),
    (["--metric", "acuracy"], 'unknown metric "acuracy"; did you mean "accuracy"?', ""),
    (["--metric", "mse"], 'unknown metric "mse"', METRICS),
    (
        ["--baselines", "majorty"],
        'unknown baseline for classify "majorty"; did you mean "majority"?',
        "accepted: majority, tfidf-lr",
    ),
    (["--baselines", "dlinear"], 'unknown baseline for classify "dlinear"', "accepted: majority"),
    (["--baselines", ""], '--baselines "": expected names divided by commas', ""),
    (["--params", "10"], "--params 10: too small for rnn of any width", "the smallest, width "),
    (["--params", "abc"], f'--params "abc": {COUNT}', ""),
    (["--params", "0"], f'--params "0": {COUNT}', ""),
    (["--max-params", "x"], f'--max-params "x": {COUNT}', ""),
    (["--max-latency-ms", "-1"], "--max-latency-ms -1: expected a number above 0", ""),
    (["--max-memory-mb", "nan"], "--max-memory-mb nan: expected a number above 0", ""),
    (["--margin", "-1"], f'--margin "-1": {DIFFERENCE}', ""),
    (["--margin", "1 point"], f'--margin "1 point": {DIFFERENCE}', ""),
    (["--accept", "much"], f'--accept "much": {DIFFERENCE}', ""),
    (["--margin", "1"], f"--margin 1: {WHOLE}", "write 1pt or 0.01"),
    (["--accept", "5"], f"--accept 5: {WHOLE}", "write 5pt or 0.05"),
    (["--margin", "100pt"], f"--margin 100pt: {WHOLE}", "write 1pt or 0.01"),
    (
        ["--margin", "100%"],
        "--margin 100%: that is all of the best accuracy or more, so everything would count as"
        " equal",
        "write 1% or 0.01",
    ),
    (["--prefer", "speed"], "prefer = 'speed': should be 'quality', 'balanced' or 'cost'", ""),
    (["--train-seconds", "0"], "--train-seconds 0: expected a number above 0", ""),
    (["--time", "nonsense"], f'--time "nonsense": {DURATION}', ""),
    (["--time", "0s"], f'--time "0s": {DURATION}', ""),
    (["--time", "-4m"], f'--time "-4m": {DURATION}', ""),
    (["--split", "nonsense"], '--split: expected three positive shares, got "nonsense"', SHARES),
    (["--split", "60/40"], '--split: expected three positive shares, got "60/40"', SHARES),
    (["--split", "2016-01-01,2017-01-01"], "--split by date needs a column of dates", SHARES),
    (["--folds", "1000"], "--folds 1000: expected between 2 and the number of rows (60)", ""),
    (["--sizes", "abc"], '--sizes: "abc" is not a size', "accepted: numbers and all"),
    (["--sizes", "0"], '--sizes: "0" is not a size', "accepted: numbers and all"),
    (["--sizes", "9000"], "--sizes 9000: the training part has 48 examples", "accepted: sizes up"),
    (
        ["--task", "classify", "--horizon", "3"],
        "--horizon is not a setting of the task classify",
        "leave it out",
    ),
    (
        ["--horizon", "3"],
        '"data.csv": no column of numbers to forecast among: text (text), label (category)',
        "name it with --columns",
    ),
    (["--task", "clasify"], 'unknown task "clasify"; did you mean "classify"?', "accepted: cl"),
    (["--device", "gpu"], '--device "gpu": accepted are auto, cpu, cuda', ""),
    (
        ["--backend", "fast"],
        "backend = 'fast': should be 'auto', 'fused', 'torch' or 'reference'",
        "",
    ),
    (["--encoding", "foo"], '--encoding: unknown encoding "foo"', "accepted: any encoding"),
    (["--columns", ","], "--columns: no column is named", "name them"),
    (
        ["--columns", "text=text,label"],
        '--columns: "label" has no role, but others have',
        "write all as role=column",
    ),
    (["--columns", "foo=text,label=label"], 'unknown role in --columns "foo"', "accepted: text"),
    (
        ["--task", "classify", "--columns", "time=text"],
        "time in --columns is not a setting of the task classify",
        "leave it out",
    ),
    (
        ["--columns", "src=text,time=label"],
        "no task has all these settings: src in --columns, time in --columns",
        "leave out those of the other task",
    ),
    (["--set", "nonsense"], '--set "nonsense": expected section.name=value, as model.depth=2', ""),
    (["--set", "trian.x=1"], 'unknown section in --set "trian"; did you mean "train"?', ""),
    (
        ["--set", "train.lerning_rate=1"],
        'unknown setting in train "lerning_rate"; did you mean "learning_rate"?',
        "accepted: learning_rate, epochs",
    ),
    (
        ["--set", "budget.seedz=4"],
        'unknown setting in budget "seedz"; did you mean "seeds"?',
        "accepted: params, epochs",
    ),
    (
        ["--set", "data.vocabulary=1"],
        "data.vocabulary = 1: should be greater than or equal to 3",
        "",
    ),
    (
        ["--set", "data.max_tokens=0"],
        "data.max_tokens = 0: should be greater than or equal to 1",
        "",
    ),
    (
        ["--set", "model.width=abc"],
        "model.width = 'abc': should be a valid integer, unable to parse string as an integer",
        "",
    ),
    (["--set", "train.clip_norm=-1"], "train.clip_norm = -1: should be greater than 0", ""),
    (["--set", "train.seed=1"], "train.seed: set it with --seed", ""),
    (["--set", "train.epochs=3"], "train.epochs: set it with --epochs", ""),
    (["--set", "model.mixer=gru"], "model.mixer: set it with --candidates", ""),
    (["--set", "model.settings.foo=1"], 'unknown setting of mixer "rnn" "foo"', "accepted: act"),
    (
        ["--set", "train.batch_size=3", "--set", "train.batch_size.x=4"],
        '--set "train.batch_size.x=4": "batch_size" has no settings within it',
        "",
    ),
]


@pytest.fixture
def data(here):
    return write_reviews(here / "data.csv", rows=60).name


@pytest.mark.parametrize(("arguments", "message", "hint"), OPTIONS, ids=str)
def test_option_that_makes_no_sense(arguments, message, hint, data, seqlab, here):
    if "--candidates" not in arguments:
        arguments = ["--candidates", "rnn", *arguments]
    done = seqlab("compare", data, *arguments, "-o", "out")
    assert done.error == message
    assert done.status == 2
    assert done.hint.startswith(hint) if hint else True
    assert [path.name for path in here.iterdir()] == [data], "something was left behind"


CONFIGS = {
    "missing": (None, "--config study.toml: no such file or directory"),
    "not TOML": ("= nonsense [", "--config study.toml: not TOML: "),
    "not UTF-8": (b"\xff\xfe\0", "--config study.toml: not TOML: "),
    "unknown key": ("[train]\nlerning_rate = 1\n", 'unknown setting in train "lerning_rate"; did'),
    "unknown section": ("[trian]\nx = 1\n", 'unknown setting "trian"; did you mean "train"?'),
    "no section": ("data = 3\n", "--config study.toml: data = 3: expected a table of settings"),
    "wrong value": ("margin = -1\n", "margin = -1: expected a difference such as 1pt"),
}


@pytest.mark.parametrize("case", CONFIGS)
def test_config_that_cannot_be_used(case, data, seqlab, here):
    content, message = CONFIGS[case]
    if content is not None:
        content = content if isinstance(content, bytes) else content.encode()
        (here / "study.toml").write_bytes(content)
    done = seqlab("compare", data, "--config", "study.toml", "--candidates", "rnn", "-o", "out")
    assert done.error.startswith(message)
    assert not (here / "out").exists()


def test_config_holds_and_options_go_before_it(data, seqlab, here):
    (here / "study.toml").write_text(
        'seed = 5\ncandidates = "rnn"\nbackend = "torch"\n[budget]\nparams = 3000\nseeds = 7\n'
    )
    arguments = ["compare", data, "--config", "study.toml", "--baselines", "none", "--dry-run"]
    plan = json.loads(seqlab(*arguments, "--seeds", "3", "--json").out)
    assert [entry["candidate"] for entry in plan["contestants"]] == ["rnn"]
    assert plan["seeds"] == 3
    assert plan["contestants"][0]["params"] <= 3000


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["foo"], "No such command 'foo'."),
        (["compare"], "Missing argument"),
        (["compare", "x", "--nonsense"], "No such option: --nonsense"),
        (["compare", "x", "extra"], "Got unexpected extra argument"),
        (["compare", "x", "--seeds", "abc"], "Invalid value for '--seeds': "),
        (["compare", "x", "--seeds", "0"], "Invalid value for '--seeds': "),
        (["compare", "x", "--trials", "-1"], "Invalid value for '--trials': "),
        (["compare", "x", "--epochs", "0"], "Invalid value for '--epochs': "),
        (["compare", "x", "--steps", "0"], "Invalid value for '--steps': "),
        (["compare", "x", "--folds", "1"], "Invalid value for '--folds': "),
        (["compare", "x", "--horizon", "0"], "Invalid value for '--horizon': "),
        (["compare", "x", "--seed", "-1"], "Invalid value for '--seed': "),
        (["compare", "x", "--workers", "0"], "Invalid value for '--workers': "),
        (["predict", "x"], "Missing argument"),
    ],
)
def test_command_line_that_makes_no_sense(arguments, message, seqlab):
    done = seqlab(*arguments)
    assert done.error.startswith(message)
    assert "--help" in done.hint


def test_no_command_shows_the_commands(seqlab):
    done = seqlab()
    assert done.status == 2
    assert "Commands:" in done.err
    assert "compare" in done.err
