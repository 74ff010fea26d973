"""Frozen, validated settings, to and from plain data; equal settings have equal digests."""

from __future__ import annotations

import hashlib
import json
from typing import Any, Literal, Self, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from seqlab.errors import UserError, unknown


class Spec(BaseModel):
    """Base of all settings: immutable, and an unknown field is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    @classmethod
    def read(cls, values: dict[str, Any], where: str = "settings") -> Self:
        """From plain data; a mistake is one line that names the setting and what is accepted.

        `where` is the section or the file that the settings stand in.
        """
        try:
            return cls.model_validate(values)
        except ValidationError as error:
            raise cls._mistake(error, where) from None

    @classmethod
    def _mistake(cls, error: ValidationError, where: str) -> UserError:
        """One thing that is wrong, in one line; a misspelt name explains what else is missing."""
        errors = error.errors()
        first = next((e for e in errors if e["type"] == "extra_forbidden"), errors[0])
        if first["type"] == "value_error":  # a validator of ours, which names the setting itself
            named = [*([where] if where else []), *(str(part) for part in first["loc"])]
            return UserError(".".join([*named, str(first["ctx"]["error"])]))
        *outer, last = [*([where] if where else []), *(str(part) for part in first["loc"])]
        if first["type"] == "extra_forbidden":
            inner: Any = cls
            for part in first["loc"][:-1]:
                listed = isinstance(part, int)
                inner = get_args(inner)[0] if listed else inner.model_fields[part].annotation
            place = f"setting in {'.'.join(outer)}" if outer else "setting"
            return unknown(place, last, inner.model_fields)
        if first["type"] == "missing":
            return UserError(f"{'.'.join(outer) or 'settings'}: misses {last}")
        said = first["msg"].lower().removeprefix("input ")
        return UserError(f"{'.'.join((*outer, last))} = {first.get('input')!r}: {said}")

    def plain(self) -> dict[str, Any]:
        """As plain data, for JSON and TOML; nothing is left out where nothing is the default."""
        dumped = self.model_dump(mode="json")
        plain: dict[str, Any] = {}
        for name, field in type(self).model_fields.items():
            value = getattr(self, name)
            if value is not None or field.default is not None:
                plain[name] = value.plain() if isinstance(value, Spec) else dumped[name]
        return plain

    def digest(self) -> str:
        """Sixteen hexadecimal digits that stand for these settings."""
        text = json.dumps(self.plain(), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def with_(self, **changes: Any) -> Self:
        """A validated copy with some fields changed."""
        return type(self).read({**self.model_dump(), **changes}, type(self).__name__)

    def __hash__(self) -> int:
        return hash(self.digest())


class Origin(Spec):
    """Where a network comes from that is not built of mixers.

    kind         checkpoint, a folder of pre-trained weights; or code, a function of the user's own
    name         of the catalogue, or a path; of code with the function: mine.py:build
    content      a digest of what lies there: a run counts only as long as that is the same
    window       the most tokens that a checkpoint is given of a text
    freeze       what of a checkpoint stays as it is: none, embeddings, the lowest K layers, or
                 all-but-head; lora: all, with small matrices beside it that are trained
    layer_decay  the learning rate of a layer, times that of the layer above
    """

    kind: Literal["checkpoint", "code"]
    name: str
    content: str
    window: int | None = Field(None, ge=1)
    freeze: str = "none"
    layer_decay: float = Field(0.9, gt=0.0, le=1.0)


class ModelSpec(Spec):
    """A sequence model: embedding or projection → blocks → pooling → head."""

    mixer: str
    origin: Origin | None = Field(None, description="in place of mixers; --candidates names it")
    settings: dict[str, Any] = Field(default_factory=dict)
    width: int = Field(64, ge=1)
    depth: int = Field(1, ge=1)
    bidirectional: bool = False
    mlp: float = Field(0.0, ge=0.0, description="hidden width of the MLP over width; 0: no MLP")
    activation: Literal["gelu", "relu", "silu", "tanh", "leaky_relu", "elu"] = "gelu"
    residual: bool = False
    norm: Literal["pre", "post", "none"] = "none"
    norm_kind: Literal["layer", "rms"] = "layer"
    positions: Literal["none", "sinusoidal", "learned", "rotary", "alibi", "relative"] = "none"
    attention: Literal["auto", "cross", "bahdanau", "luong", "none"] = Field(
        "auto",
        description="how a decoder reads its encoder; auto: cross in residual stacks, else luong",
    )
    pooling: Literal["last", "mean", "max", "attention", "flatten"] = "last"
    embedding_width: int | None = Field(None, ge=1, description="None: the width")
    vocabulary: int | None = Field(None, ge=3, description="rarer tokens read as unknown")
    max_length: int = Field(512, ge=1, description="positions of what has a table of them")
    embedding_dropout: float = Field(0.0, ge=0.0, lt=1.0)
    dropout: float = Field(0.1, ge=0.0, lt=1.0)
    variational_dropout: bool = Field(False, description="one mask for all positions")
    attention_dropout: float = Field(0.0, ge=0.0, lt=1.0, description="where there is attention")
    weight_drop: float = Field(0.0, ge=0.0, lt=1.0, description="of recurrent matrices")
    stochastic_depth: float = Field(0.0, ge=0.0, lt=1.0, description="of residual blocks")


class Augmentation(Spec):
    """A change to training examples that leaves their labels right; seqlab/data/augmentation.py.

    rate   how strongly: the share of tokens or positions, or the size of the noise
    share  of the examples that are changed
    words  of synonyms: a file of lines with a word and its synonyms, divided by commas
    hook   of rewrite: "module:function", from texts and a seed to as many other texts
    """

    kind: Literal[
        "token_dropout",
        "swap",
        "synonyms",
        "rewrite",
        "jitter",
        "scaling",
        "time_warping",
        "window_slicing",
        "masking",
    ]
    rate: float = Field(0.1, gt=0.0, le=1.0)
    share: float = Field(1.0, gt=0.0, le=1.0)
    words: str | None = None
    hook: str | None = None

    @model_validator(mode="after")
    def _complete(self) -> Self:
        """The two that need more than numbers say where it is."""
        if (self.kind == "synonyms") != (self.words is not None):
            raise ValueError(f"words = {self.words!r}: the word list of synonyms, and only theirs")
        if (self.kind == "rewrite") != (self.hook is not None):
            raise ValueError(f'hook = {self.hook!r}: "module:function" of rewrite, and only there')
        return self


class TrainSpec(Spec):
    """How one run is trained; docs/training.md says when to use what, and where it is from."""

    learning_rate: float = Field(1e-3, gt=0.0)
    epochs: int | float = Field(10, gt=0)
    steps: int | None = Field(None, ge=1, description="stop after this many steps")
    seconds: float | None = Field(None, gt=0.0, description="stop after this long")
    batch_size: int = Field(64, ge=1)
    batch_tokens: int = Field(16384, ge=1, description="positions in a batch, padding counted")
    length_warmup: float | None = Field(
        None, gt=0.0, lt=1.0, description="share of the steps, with sequences cut to what grows"
    )
    max_memory_mb: float | None = Field(
        None, gt=0.0, description="chooses batch_size and batch_tokens: the largest that stay below"
    )
    prefetch: int | None = Field(
        None, ge=0, description="batches made ahead on a thread; None: where that pays"
    )
    packing: bool | None = Field(
        None, description="leave padding out of all but the mixers; None: where that pays"
    )
    accumulate: int = Field(1, ge=1, description="batches whose gradients make one step")
    optimizer: Literal["sgd", "rmsprop", "adam", "adamw", "lion", "muon"] = "adamw"
    beta1: float = Field(0.9, ge=0.0, lt=1.0, description="memory of the gradient")
    beta2: float = Field(0.999, ge=0.0, lt=1.0, description="memory of its square")
    epsilon: float = Field(1e-8, gt=0.0)
    momentum: float = Field(0.9, ge=0.0, lt=1.0, description="of sgd, rmsprop and muon")
    nesterov: bool = Field(False, description="of sgd: look ahead before the gradient is taken")
    weight_decay: float = Field(0.01, ge=0.0)
    lazy_embeddings: bool = Field(False, description="update only the rows that occur in a step")
    schedule: Literal[
        "cosine",
        "constant",
        "linear",
        "cyclic",
        "one_cycle",
        "inverse_sqrt",
        "plateau",
        "wsd",
        "open_ended",
    ] = "cosine"
    warmup: float = Field(0.1, ge=0.0, lt=1.0, description="share of the steps")
    min_factor: float = Field(0.0, ge=0.0, lt=1.0, description="of the rate, where it is lowest")
    cycle: Literal["triangular", "triangular2", "exp"] = "triangular"
    cycles: int = Field(4, ge=1, description="of schedule cyclic, over the whole training")
    decay: float = Field(0.2, gt=0.0, lt=1.0, description="share of the steps in which wsd falls")
    plateau_patience: int = Field(2, ge=1, description="evaluations before the rate is lowered")
    plateau_factor: float = Field(0.5, gt=0.0, lt=1.0)
    clip_norm: float | None = Field(1.0, gt=0.0)
    clip_value: float | None = Field(None, gt=0.0)
    clip_adaptive: float | None = Field(None, gt=0.0, description="share of each unit's weights")
    recompute: bool = Field(False, description="blocks in the backward pass, to save memory")
    label_smoothing: float = Field(0.0, ge=0.0, lt=1.0)
    mixup: float = Field(0.0, ge=0.0, description="α of the Beta that mixes examples; 0: none")
    augment: tuple[Augmentation, ...] = ()
    precision: Literal["float32", "tf32", "bfloat16", "float16", "auto"] = "float32"
    compile: Literal["off", "on", "auto"] = Field("off", description="with torch.compile")
    ema: float | None = Field(None, gt=0.0, lt=1.0, description="decay of averaged weights")
    swa: float | None = Field(None, gt=0.0, lt=1.0, description="share of steps averaged, the last")
    patience: int | None = Field(3, ge=1, description="evaluations without a better one")
    evaluations: int = Field(10, ge=1, description="validations over the whole training")
    retries: int = Field(2, ge=0, description="after a loss that is no number, at a lower rate")
    spike: float | None = Field(None, gt=1.0, description="times the usual loss: rolled back too")
    checkpoint_seconds: float = Field(30.0, ge=0.0, description="between checkpoints of a study")
    tracker: Literal["tensorboard", "wandb", "mlflow", "trackio"] | None = None
    seed: int = 0
    threads: int = Field(1, ge=1)
    device: str = "cpu"

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        """What no single field can say: which settings contradict each other."""
        if self.schedule == "wsd" and self.warmup + self.decay > 1:
            raise ValueError(
                f"decay = {self.decay:g}: with warmup = {self.warmup:g} the schedule is longer than"
                f" the training; accepted: at most {1 - self.warmup:g}"
            )
        if self.schedule == "cyclic" and self.steps is not None and 2 * self.cycles > self.steps:
            raise ValueError(
                f"cycles = {self.cycles}: a cycle takes 2 steps or more, so the schedule is longer"
                f" than the training of {self.steps}; accepted: at most {self.steps // 2}"
            )
        for name in ("swa", "length_warmup"):
            if self.schedule == "open_ended" and getattr(self, name) is not None:
                raise ValueError(
                    f"{name} = {getattr(self, name):g}: a share of the steps, whose number is not"
                    " known with schedule = open_ended; accepted with it: none"
                )
        if self.ema is not None and self.swa is not None:
            raise ValueError(f"swa = {self.swa:g}: the weights are averaged by ema; choose one")
        if self.prefetch and any(one.hook is not None for one in self.augment):
            raise ValueError(
                f"prefetch = {self.prefetch}: rewrite runs a function of yours, which a thread "
                "would mix with the training's random draws; accepted with it: 0"
            )
        if self.nesterov and (self.optimizer != "sgd" or not self.momentum):
            raise ValueError('nesterov = True: accepted with optimizer = "sgd" and a momentum')
        return self
