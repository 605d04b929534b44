"""A preset's grid of one experiment, expanded into the runs it asks for."""

import math
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from typing import Any

from depthtransfer.configuration import AugmentationChoice, Experiment, Grid, SchemeChoice, load_experiment, load_preset
from depthtransfer.data import Declaration, load_declarations
from depthtransfer.errors import ConfigurationError
from depthtransfer.models import registry
from depthtransfer.models.shapes import NUMBER, shape_of, training_bytes
from depthtransfer.registry import HYPERPARAMETERS
from depthtransfer.scaling import Constants, Optimizer, Scheme
from depthtransfer.sweeps.spec import RunSpec

CONSTANTS = ("beta", "gamma0", "alpha", "update_exponent")
"""Hyperparameters that are constants of a scheme."""

MOST_RUNS = 100_000
"""More in one experiment is taken for a slip of the pen: counting them alone would take minutes."""


@dataclass(frozen=True)
class Request:
    """One run as an experiment asks for it.

    Args:
        spec: what is computed.
        window: steps at the end over which the reported loss is averaged.
        epochs: passes over the training images.
        parameters: trained parameters of the network.
        flops: operations of the whole run.
        kernels: operations that all steps start.
        traffic: bytes of activations that all steps keep.
        memory: bytes of tensors at the peak of a step.
        variant: what the experiment calls this scheme with these constants.
    """

    spec: RunSpec
    window: int
    epochs: float
    parameters: int
    flops: float
    kernels: float
    traffic: float
    memory: int
    variant: str


@dataclass(frozen=True)
class ExperimentRuns:
    """All runs that a preset asks of an experiment, each once, in a fixed order."""

    preset: str
    experiment: str
    swept: str
    device: str
    declarations: dict[str, Declaration]
    requests: tuple[Request, ...]


def load_runs(preset: str, experiment: str, config: Path = Path("config")) -> ExperimentRuns:
    """Read, validate and expand.

    Raises:
        ConfigurationError: naming file and key of whatever does not fit, before anything runs.
    """
    declarations = load_declarations(config / "datasets.yaml")
    chosen = load_preset(preset, config)
    science = load_experiment(experiment, config)
    where = f"{config}/presets/{preset}.yaml: experiments.{experiment}"
    if experiment not in chosen.experiments:
        raise ConfigurationError(
            f"{where} is missing", f"add its grids; the preset has {', '.join(chosen.experiments)}"
        )
    if chosen.refine and science.sweep == "batch_size":
        raise ConfigurationError(
            f"config/presets/{preset}.yaml: refine adds values between others, which batch sizes have none of",
            f"leave refine out, or {experiment}",
        )
    requests: dict[str, Request] = {}
    if (asked := sum(map(_runs, chosen.experiments[experiment]))) > MOST_RUNS:
        raise ConfigurationError(f"{where} asks for {asked} runs or more", f"ask for at most {MOST_RUNS}")
    for number, grid in enumerate(chosen.experiments[experiment]):
        for request in _expand(grid, science, declarations, f"{where}[{number}]"):
            requests.setdefault(request.spec.key, request)
    used = {request.spec.dataset for request in requests.values()}
    return ExperimentRuns(
        preset=preset,
        experiment=experiment,
        swept=science.sweep,
        device=chosen.device,
        declarations={name: declarations[name] for name in sorted(used)},
        requests=tuple(requests.values()),
    )


def _runs(grid: Grid) -> int:
    """Runs of one scheme."""
    return math.prod(map(len, (grid.widths, grid.depths, grid.seeds, *grid.values.values())))


def _expand(grid: Grid, science: Experiment, declarations: dict[str, Declaration], where: str) -> list[Request]:
    if grid.dataset not in declarations:
        raise ConfigurationError(
            f"{where}.dataset: {grid.dataset!r} is unknown", f"choose one of {', '.join(declarations)}"
        )
    data = declarations[grid.dataset]
    if science.sweep not in grid.values:
        raise ConfigurationError(f"{where}.values: {science.sweep} is missing", "give values: the experiment sweeps it")
    if grid.probes.streams and registry.ARCHITECTURES[science.model].staged:
        raise ConfigurationError(
            f"{where}.probes.streams: streams of the {science.model} change their shape between stages",
            "leave it out; a model without stages has streams that can be compared",
        )
    schemes = _schemes(grid, science, where)
    _refuse_idle(grid, schemes, science.optimizer.name, where)
    _refuse_unmodified(grid, schemes, science.model, where)
    lengths = {batch: _length(grid, data, batch, where) for batch in _batches(grid)}
    if data.kind == "text" and grid.augmentation != AugmentationChoice():
        raise ConfigurationError(f"{where}.augmentation: {grid.dataset} is a text", "write augmentation: {} there")
    shape = shape_of(data)
    expanded = []
    for scheme, width, depth, seed, values in product(
        schemes, grid.widths, grid.depths, grid.seeds, _value_points(grid)
    ):
        length = lengths[values.get("batch_size", grid.batch_size)]
        try:
            options = registry.checked_options(science.model, {**science.options, **grid.options}).model_dump()
            cost = registry.cost(
                science.model, width=width, depth=depth, shape=shape, classes=data.classes, options=options
            )
            spec = _spec(grid, science, scheme, width, depth, seed, values, data, length, options)
        except ConfigurationError as error:
            raise ConfigurationError(f"{where}: {error.what}", error.remedy) from error
        except ValueError as error:
            raise ConfigurationError(f"{where}: {error}", "correct the value") from error
        expanded.append(
            Request(
                spec=spec,
                window=length.window,
                epochs=length.epochs,
                parameters=cost.parameters,
                flops=cost.step_flops * length.batch_size * length.steps,
                kernels=cost.kernels * length.steps,
                traffic=NUMBER * cost.kept * length.batch_size * length.steps,
                memory=training_bytes(cost, batch_size=length.batch_size, optimizer=spec.optimizer),
                variant=scheme.variant,
            )
        )
    if (different := len({request.spec.key for request in expanded})) < len(expanded):
        raise ConfigurationError(
            f"{where}: {len(expanded)} runs are only {different} different ones",
            "give schemes that ignore a swept value a grid of their own without it",
        )
    return expanded


def _refuse_idle(grid: Grid, schemes: list[SchemeChoice], optimizer: Optimizer, where: str) -> None:
    """Refuse values of a hyperparameter on which no run depends."""
    for name in grid.values:
        if not any(_depends_on(name, scheme.name, optimizer) for scheme in schemes):
            kinds = ", ".join(dict.fromkeys(str(scheme.name) for scheme in schemes))
            raise ConfigurationError(
                f"{where}.values.{name}: no run of {kinds} with {optimizer} depends on it",
                "leave it out, or choose a scheme or an optimizer that has it",
            )


def _refuse_unmodified(grid: Grid, schemes: list[SchemeChoice], model: str, where: str) -> None:
    """Refuse what needs the roles of a library's model, and a plan for one of this project's."""
    if model not in registry.ARCHITECTURES:
        return  # refused with its options
    unmodified = registry.is_unmodified(model)
    right = {Scheme.SP, Scheme.PLANNED} if unmodified else set(Scheme) - {Scheme.PLANNED}
    if wrong := [each.name for each in schemes if each.name not in right]:
        raise ConfigurationError(
            f"{where}: there is no {wrong[0]} of the {model}", f"choose among {', '.join(sorted(right))}"
        )
    asked = {
        "probes.blocks": grid.probes.blocks,
        "probes.streams": grid.probes.streams,
        "outer_learning_rate": grid.outer_learning_rate is not None,
        "zero_init of a scheme": any(each.zero_init for each in schemes),
    }
    if unmodified and (idle := next((name for name, is_set in asked.items() if is_set), None)):
        raise ConfigurationError(
            f"{where}: {idle} needs the roles of the {model}'s parameters, which nobody wrote down", "leave it out"
        )


def _depends_on(hyperparameter: str, scheme: Scheme, optimizer: Optimizer) -> bool:
    """Whether a run of this scheme and optimizer is another one with another value of a hyperparameter."""
    schemes = HYPERPARAMETERS[hyperparameter].read_by
    return (not schemes or scheme in schemes) and (hyperparameter != "momentum" or optimizer is Optimizer.SGD)


def _schemes(grid: Grid, science: Experiment, where: str) -> list[SchemeChoice]:
    if grid.schemes is None:
        return list(science.schemes)
    known = {name for scheme in science.schemes for name in (scheme.variant, str(scheme.name))}
    if unknown := sorted(set(grid.schemes) - known):
        raise ConfigurationError(
            f"{where}.schemes: {', '.join(unknown)} not in the experiment",
            f"choose among {', '.join(scheme.variant for scheme in science.schemes)}",
        )
    return [scheme for scheme in science.schemes if {scheme.variant, str(scheme.name)} & set(grid.schemes)]


@dataclass(frozen=True)
class _Length:
    """How long the runs with one batch size are.

    Args:
        batch_size: images in a batch.
        steps: updates.
        epochs: passes over the training images.
        window: steps at the end over which the reported loss is averaged.
        warmup: steps of linear warm-up.
    """

    batch_size: int
    steps: int
    epochs: float
    window: int
    warmup: int


def _batches(grid: Grid) -> list[float]:
    return list(grid.values.get("batch_size", [grid.batch_size]))


def _length(grid: Grid, data: Declaration, batch: float, where: str) -> _Length:
    """Return the length of runs with this batch size; where it is swept, window and warm-up keep their images.

    Raises:
        ConfigurationError: if the batch is no whole number of the images, or it does not fit the steps.
    """
    key = "values.batch_size" if "batch_size" in grid.values else "batch_size"
    if batch != int(batch) or batch > data.train_images:
        raise ConfigurationError(
            f"{where}.{key}: {batch:g} is no number of the {data.train_images} training images", "give a smaller batch"
        )
    per_epoch = data.train_images // int(batch)
    steps = _steps(grid, per_epoch, where)
    window, warmup = (round(steps_of * grid.batch_size / batch) for steps_of in (grid.window, grid.warmup))
    for name, value in (("window", window), ("warmup", warmup + 1)):
        if value > steps:
            raise ConfigurationError(
                f"{where}.{name}: longer than the {steps} steps of training", f"give at most {steps}"
            )
    if late := [step for step in grid.probes.steps if step > steps]:
        raise ConfigurationError(
            f"{where}.probes.steps: {late[0]} lies after the {steps} steps of training", f"give at most {steps}"
        )
    return _Length(int(batch), steps, steps / per_epoch, max(1, window), warmup)


def _steps(grid: Grid, per_epoch: int, where: str) -> int:
    if grid.steps is not None:
        return grid.steps
    steps = (grid.epochs or 0) * per_epoch
    if not 0.5 < steps < 1e9:
        raise ConfigurationError(
            f"{where}.epochs: {grid.epochs} give {steps:.3g} steps of training",
            f"one step is {1 / per_epoch:.3g} epochs; give one step or more, and fewer than a billion",
        )
    return round(steps)


def _value_points(grid: Grid) -> list[dict[str, float]]:
    names = list(grid.values)
    return [dict(zip(names, point, strict=True)) for point in product(*grid.values.values())]


def _spec(
    grid: Grid,
    science: Experiment,
    scheme: SchemeChoice,
    width: int,
    depth: int,
    seed: int,
    values: dict[str, float],
    data: Declaration,
    length: _Length,
    options: dict[str, Any],
) -> RunSpec:
    constants = Constants(
        beta=scheme.beta,
        gamma0=scheme.gamma0,
        alpha=scheme.alpha,
        base_width=scheme.base_width,
        base_depth=scheme.base_depth,
        update_exponent=scheme.update_exponent,
    )
    constants = replace(constants, **{name: value for name, value in values.items() if name in CONSTANTS})
    momentum = values.get("momentum", science.optimizer.momentum)
    if not 0 <= momentum < 1:
        raise ValueError(f"momentum = {momentum} must lie in [0, 1)")
    weight_decay = values.get("weight_decay", science.optimizer.weight_decay)
    if weight_decay and science.optimizer.name is Optimizer.ADAM:
        raise ValueError("Adam with weight decay has no width-independent form; use adamw")
    return RunSpec(
        model=science.model,
        width=width,
        depth=depth,
        scheme=scheme.name,
        constants=constants,
        optimizer=science.optimizer.name,
        learning_rate=values["learning_rate"],
        momentum=momentum,
        weight_decay=weight_decay,
        schedule=science.schedule.name,
        warmup=length.warmup,
        dataset=grid.dataset,
        data_identity=data.identity,
        batch_size=length.batch_size,
        crop_padding=grid.augmentation.crop_padding,
        flip=grid.augmentation.flip,
        rotation_degrees=grid.augmentation.rotation_degrees,
        steps=length.steps,
        seed=seed,
        precision=grid.precision,
        options=options,
        zero_init=scheme.zero_init,
        batch_seed=grid.batch_seed,
        probe_steps=grid.probes.steps,
        probe_images=grid.probes.images,
        probe_blocks=grid.probes.blocks,
        probe_together=grid.probes.together,
        probe_streams=grid.probes.streams,
        outer_learning_rate=grid.outer_learning_rate,
    )
