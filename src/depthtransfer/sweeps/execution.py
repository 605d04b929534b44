"""One run from its specification to its record; the only place where models, data and the loop meet."""

import math
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import torch

from depthtransfer.data import Dataset, Declaration, load
from depthtransfer.models.network import ResidualNetwork
from depthtransfer.models.parametrization import initialize, parameter_groups, resolve, silence_branches
from depthtransfer.models.registry import build, cost
from depthtransfer.models.shapes import ImageShape
from depthtransfer.scaling import Role, Rule, branch_multiplier
from depthtransfer.store.provenance import provenance
from depthtransfer.store.records import Record
from depthtransfer.sweeps.checkpoint import Checkpoints, StoppedError, Timer
from depthtransfer.sweeps.spec import RunSpec
from depthtransfer.training.augmentation import Augmentation, normalize
from depthtransfer.training.batches import batches
from depthtransfer.training.loop import History, train
from depthtransfer.training.optimizers import SCHEDULES, build_optimizer
from depthtransfer.training.probing import BlockUpdates, Probe, spread
from depthtransfer.training.process import named_rng
from depthtransfer.training.state import Parts, restore, snapshot


class Executor:
    """Runs specifications one after another in this process, keeping data sets between them.

    Args:
        declarations: data sets by name.
        data_directory: where images lie or are downloaded to.
        device: cpu or cuda.
        loaded: data sets that are in memory already, by name.
    """

    def __init__(
        self,
        declarations: dict[str, Declaration],
        data_directory: Path,
        device: str,
        loaded: dict[str, Dataset] | None = None,
    ) -> None:
        self._declarations = declarations
        self._data_directory = data_directory
        self._device = torch.device(device)
        self._datasets = dict(loaded or {})

    def dataset(self, name: str) -> Dataset:
        """Load and verify a data set once."""
        if name not in self._datasets:
            self._datasets[name] = load(name, self._declarations[name], self._data_directory)
        return self._datasets[name]

    def run(
        self,
        spec: RunSpec,
        on_progress: Callable[[int, float], None] = lambda step, loss: None,
        states: Checkpoints | None = None,
        pace: Timer | None = None,
    ) -> Record:
        """Train one network and return what it left behind; divergence is a status, not an error.

        Args:
            spec: what is computed.
            on_progress: called with steps done and loss whenever losses are looked at.
            states: where the run goes on from, if it was stopped in the middle, and where its state is kept.
            pace: when the state is kept, and whether to stop.

        Raises:
            DataError: if the data are missing, damaged or not the declared ones.
            StoppedError: if `pace` says so.
        """
        data = self.dataset(spec.dataset)
        model = network(spec, data.declaration)
        model.to(self._device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        rules = _rules(model, spec, data.declaration)
        groups = parameter_groups(model, rules, learning_rate=spec.learning_rate, weight_decay=spec.weight_decay)
        optimizer = build_optimizer(spec.optimizer, groups, momentum=spec.momentum)
        seed = spec.seed if spec.batch_seed is None else spec.batch_seed
        draws = named_rng(seed, "augmentation")
        probe = self._probe(model, data, spec)
        keeper = Checkpointer(spec.key, Parts(model, optimizer, probe, draws), states, pace or Timer(), on_progress)
        try:
            begun = keeper.begin()
        except ValueError as error:
            keeper.reject(str(error))
            return self.run(spec, on_progress, states, pace)
        resumed = {"resumed_at": len(begun.loss)} if begun.loss else {}
        shown = batches(
            data.images,
            data.labels,
            batch_size=spec.batch_size,
            augmentation=Augmentation(spec.crop_padding, spec.flip, spec.rotation_degrees),
            seed=seed,
            device=self._device,
            skip=len(begun.loss),
            draws=draws,
        )
        with closing(shown):
            history = train(
                model,
                optimizer,
                shown,
                SCHEDULES[spec.schedule](spec.steps, spec.warmup),
                steps=spec.steps,
                classes=data.declaration.classes,
                bf16=spec.precision == "bf16",
                before_step=probe,
                watch=keeper.watch,
                history=begun,
            )
        return Record(
            specification=spec.canonical(),
            summary={
                "status": "ok" if history.diverged_step is None else "diverged",
                "diverged_step": history.diverged_step,
                "device": self._device.type,
                **({"probe_steps": probe.steps} if spec.probe_steps else {}),
                **({"updates": list(map(_finite, probe.updates))} if spec.probe_blocks else {}),
            },
            provenance=provenance(self._device) | {"seconds": history.seconds} | resumed,
            series={
                "loss": history.loss,
                "accuracy": history.accuracy,
                "learning_rate_factor": history.learning_rate_factor,
            },
            logits=probe.logits,
        )

    def _probe(self, model: ResidualNetwork, data: Dataset, spec: RunSpec) -> Probe:
        """What looks at the network while it trains; made while it is as initialized."""
        chosen = torch.from_numpy(data.images[spread(len(data.images), spec.probe_images)]).to(self._device)
        images = normalize(chosen, torch.float32, torch.channels_last)
        if not spec.probe_blocks:
            return Probe(model, images, spec.probe_steps)
        blocks = [model.get_submodule(name) for name in model.blocks()]
        branches = [name for name, role in model.roles().items() if role in (Role.BRANCH, Role.BRANCH_VECTOR)]
        weights = [model.get_parameter(name) for name in branches]
        return Probe(model, images, spec.probe_steps, BlockUpdates(model, images, blocks, weights))


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def network(spec: RunSpec, declaration: Declaration) -> ResidualNetwork:
    """Return the initialized network of a specification; the same for every learning rate."""
    model = build(
        spec.model,
        width=spec.width,
        depth=spec.depth,
        shape=ImageShape(declaration.channels, declaration.image_size),
        classes=declaration.classes,
        branch_multiplier=branch_multiplier(spec.scheme, depth=spec.depth, constants=spec.constants),
        options=spec.options,
    )
    initialize(model, _rules(model, spec, declaration), lambda name: named_rng(spec.seed, f"weights/{name}"))
    if spec.zero_init:
        silence_branches(model)
    return model


def _rules(model: ResidualNetwork, spec: RunSpec, declaration: Declaration) -> dict[str, Rule]:
    sizes = cost(
        spec.model,
        width=spec.width,
        depth=spec.depth,
        shape=ImageShape(declaration.channels, declaration.image_size),
        classes=declaration.classes,
        options=spec.options,
    )
    return resolve(
        model,
        model.roles(),
        scheme=spec.scheme,
        width=sizes.readout_fan_in,
        depth=spec.depth,
        optimizer=spec.optimizer,
        constants=spec.constants,
    )


@dataclass(frozen=True)
class Checkpointer:
    """Beside one run.

    Args:
        key: of the run.
        parts: whose state is kept.
        states: where; nothing is kept or continued without.
        pace: when, and whether to stop.
        on_progress: called with steps done and loss whenever losses were looked at.
    """

    key: str
    parts: Parts
    states: Checkpoints | None
    pace: Timer
    on_progress: Callable[[int, float], None]

    def begin(self) -> History:
        """Return the rows of the run so far, its parts standing after the last one; none for a new run.

        Raises:
            ValueError: if the state does not fit the run.
        """
        self.pace.start()
        state = None if self.states is None else self.states.load(self.key)
        return History() if state is None else restore(state, self.parts)

    def reject(self, why: str) -> None:
        """Remove a state that did not fit."""
        if self.states is not None:
            self.states.reject(self.key, why)

    def watch(self, history: History) -> None:
        """Report progress, and keep the state if it is due.

        Raises:
            StoppedError: if this process is to end.
        """
        self.on_progress(len(history.loss), history.loss[-1])
        if history.diverged_step is not None:
            return
        if self.states is not None and self.pace.is_due():
            self.states.save(self.key, snapshot(self.parts, history))
            self.pace.start()
        if self.pace.stopping:
            raise StoppedError
