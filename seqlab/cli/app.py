"""The application: every command registered; what a command needs is imported when it runs."""

from __future__ import annotations

from typing import Annotated

import typer

from seqlab import __version__
from seqlab.cli.ablate import ablate
from seqlab.cli.audit import audit
from seqlab.cli.check import check
from seqlab.cli.compare import compare
from seqlab.cli.datasets import datasets
from seqlab.cli.demo import demo
from seqlab.cli.doctor import doctor
from seqlab.cli.evaluate import evaluate
from seqlab.cli.explain import explain
from seqlab.cli.export import export
from seqlab.cli.finetune import finetune
from seqlab.cli.generate import generate
from seqlab.cli.gradients import gradients
from seqlab.cli.help import GroupedCommand, WholeGroup
from seqlab.cli.inspect import inspect
from seqlab.cli.latency import latency
from seqlab.cli.lr_find import lr_find
from seqlab.cli.mixers import mixers
from seqlab.cli.models import models
from seqlab.cli.monitor import monitor
from seqlab.cli.pipeline import pipeline
from seqlab.cli.predict import predict
from seqlab.cli.predict_next import predict_next
from seqlab.cli.report import report
from seqlab.cli.serve import serve
from seqlab.cli.train import train
from seqlab.cli.translate import translate

app = typer.Typer(
    no_args_is_help=True,
    cls=WholeGroup,
    add_completion=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(asked: bool) -> None:
    if asked:
        print(f"seqlab {__version__}")
        raise typer.Exit


@app.callback(help="RNN or Transformer? Bring your sequence data and get a verdict.")
def root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Options of the command line itself; `--debug` anywhere shows tracebacks."""


for command in (
    demo,
    inspect,
    compare,
    report,
    train,
    predict,
    evaluate,
    export,
    monitor,
    latency,
    predict_next,
    translate,
    explain,
    audit,
    check,
    generate,
    serve,
    ablate,
    lr_find,
    gradients,
    finetune,
    pipeline,
    mixers,
    models,
    datasets,
    doctor,
):
    app.command(cls=GroupedCommand)(command)
