"""What an experiment varies: config/experiments/*.yaml, science only."""

from typing import Literal

from pydantic import Field, model_validator

from depthtransfer.configuration.vocabulary import (
    Hyperparameter,
    NonNegative,
    Optimizer,
    Options,
    Positive,
    Provenance,
    Scheme,
    Size,
    Strict,
    repeated,
)


class SchemeChoice(Strict):
    """A scaling scheme with its constants.

    `label` names it in tables and figures where an experiment has several variants of one scheme. With `zero_init`
    the last weight of every residual branch starts from zero (ReZero-like; paper A, Appendix M).
    """

    name: Scheme
    label: str | None = Field(default=None, pattern=r"^[A-Za-z0-9][A-Za-z0-9 .,=_-]*$", max_length=40)
    zero_init: bool = Field(default=False, strict=True)
    beta: Positive = 1.0
    gamma0: Positive = 1.0
    alpha: float = Field(default=0.5, ge=0, le=1)
    update_exponent: float = Field(default=0.5, ge=0, le=1)
    base_width: Positive = 1.0
    base_depth: Positive = 1.0

    @property
    def variant(self) -> str:
        """The label, or else the scheme's name."""
        return self.label or str(self.name)


class OptimizerChoice(Strict):
    """An optimizer with the hyperparameters that are not swept."""

    name: Optimizer = Optimizer.SGD
    momentum: float = Field(default=0.0, ge=0, lt=1)
    weight_decay: NonNegative = 0.0


class ScheduleChoice(Strict):
    """Shape of the learning rate over time; warm-up is a preset's matter, since it is counted in steps."""

    name: Literal["constant", "cosine"] = "constant"


class Experiment(Strict):
    """One sweep: a model, the schemes that are compared, and the hyperparameter that is swept."""

    title: str = Field(min_length=1)
    model: str = Field(min_length=1)
    options: Options = Field(default_factory=dict)
    schemes: tuple[SchemeChoice, ...] = Field(min_length=1)
    sweep: Hyperparameter = "learning_rate"
    optimizer: OptimizerChoice = OptimizerChoice()
    schedule: ScheduleChoice = ScheduleChoice()
    sources: dict[str, Provenance] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _one_entry_per_scheme(self) -> "Experiment":
        if twice := repeated(scheme.variant for scheme in self.schemes):
            raise ValueError(f"schemes: {', '.join(twice)} listed twice; give each a label of its own")
        entries = [scheme.model_dump_json(exclude={"label"}) for scheme in self.schemes]
        if len(set(entries)) < len(entries):
            raise ValueError("schemes: the same scheme with the same constants is listed twice")
        return self


__all__ = ["Experiment", "OptimizerChoice", "ScheduleChoice", "SchemeChoice", "Size"]
