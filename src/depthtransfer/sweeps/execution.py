"""One run from its specification to its record; the only place where models, data and the loop meet."""

import math
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

from depthtransfer.data import Dataset, Declaration, Split, load
from depthtransfer.models.network import ResidualNetwork
from depthtransfer.models.parametrization import initialize, parameter_groups, resolve, silence_branches
from depthtransfer.models.registry import build, cost, is_unmodified
from depthtransfer.models.shapes import shape_of
from depthtransfer.scaling import Role, Rule, branch_multiplier
from depthtransfer.store.provenance import TRAINING, provenance
from depthtransfer.store.records import Record
from depthtransfer.sweeps.checkpoint import Checkpoints, StoppedError, Timer
from depthtransfer.sweeps.planned import library_groups, library_network
from depthtransfer.sweeps.spec import RunSpec
from depthtransfer.training.augmentation import Augmentation, network_input
from depthtransfer.training.batches import batches
from depthtransfer.training.evaluation import evaluate
from depthtransfer.training.loop import History, train
from depthtransfer.training.optimizers import SCHEDULES, build_optimizer
from depthtransfer.training.probing import BlockUpdates, Probe, StreamDistances, spread
from depthtransfer.training.process import named_rng
from depthtransfer.training.state import Parts, restore, snapshot


class Executor:
    """Runs specifications one after another in this process, keeping data sets between them.

    Args:
        declarations: data sets by name.
        data_directory: where images lie or are downloaded to.
        device: cpu or cuda.
    """

    def __init__(self, declarations: dict[str, Declaration], data_directory: Path, device: str) -> None:
        self._declarations = declarations
        self._data_directory = data_directory
        self._device = torch.device(device)
        self._datasets: dict[tuple[str, Split], Dataset] = {}

    def dataset(self, name: str, split: Split = "train") -> Dataset:
        """Load and verify a split of a data set once."""
        if (name, split) not in self._datasets:
            self._datasets[name, split] = load(name, self._declarations[name], self._data_directory, split)
        return self._datasets[name, split]

    def run(
        self,
        spec: RunSpec,
        on_progress: Callable[[int, float], None] = lambda step, loss: None,
        checkpoints: Checkpoints | None = None,
        timer: Timer | None = None,
    ) -> Record:
        """Train one network and return what it left behind; divergence is a status, not an error.

        Args:
            spec: what is computed.
            on_progress: called with steps done and loss whenever losses are looked at.
            checkpoints: where the run goes on from, if it was stopped in the middle, and where its state is kept.
            timer: when the state is kept, and whether to stop.

        Raises:
            DataError: if the data are missing, damaged or not the declared ones.
            StoppedError: if `timer` says so.
        """
        data = self.dataset(spec.dataset)
        model = (library_network if is_unmodified(spec.model) else network)(spec, data.declaration)
        model.to(self._device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        groups = _groups(model, spec, data.declaration)
        optimizer = build_optimizer(spec.optimizer, groups, momentum=spec.momentum)
        seed = spec.seed if spec.batch_seed is None else spec.batch_seed
        draws = named_rng(seed, "augmentation")
        probe = self._probe(model, data, spec)
        parts = Parts(model, optimizer, probe, draws)
        checkpointer = Checkpointer(spec.key, parts, checkpoints, timer or Timer(), on_progress)
        begun = checkpointer.begin()
        if begun is None:
            return self.run(spec, on_progress, checkpoints, timer)
        resumed_at = len(begun.loss)
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
                watch=checkpointer.watch,
                history=begun,
            )
        trained = history.diverged_step is None
        return Record(
            specification=spec.canonical(),
            summary={
                **(self._tested(model, spec) if trained else {}),
                "status": "ok" if trained else "diverged",
                "diverged_step": history.diverged_step,
                "device": self._device.type,
                **({"probe_steps": probe.steps} if spec.probe_steps else {}),
                **({"updates": list(map(_finite, probe.updates))} if spec.probe_blocks else {}),
                **({"stream_distances": list(map(_finite, probe.distances))} if spec.probe_streams else {}),
            },
            provenance={
                **provenance(TRAINING, torch.cuda.get_device_name() if self._device.type == "cuda" else None),
                "threads": torch.get_num_threads(),
                "seconds": history.seconds,
                **({"resumed_at": resumed_at} if resumed_at else {}),
            },
            series={
                "loss": history.loss,
                "accuracy": history.accuracy,
                "learning_rate_factor": history.learning_rate_factor,
            },
            logits=probe.logits,
        )

    def _tested(self, model: nn.Module, spec: RunSpec) -> dict[str, float | None]:
        """Loss and accuracy on the test images."""
        data = self.dataset(spec.dataset, "test")
        loss, accuracy = evaluate(
            model,
            data.images,
            data.labels,
            batch_size=spec.batch_size,
            device=self._device,
            bf16=spec.precision == "bf16",
        )
        return {"test_loss": _finite(loss), "test_accuracy": accuracy}

    def _probe(self, model: nn.Module, data: Dataset, spec: RunSpec) -> Probe:
        """What looks at the network while it trains; made while it is as initialized."""
        chosen = torch.from_numpy(data.images[spread(len(data.images), spec.probe_images)]).to(self._device)
        images = network_input(chosen)
        if not isinstance(model, ResidualNetwork):
            return Probe(model, images, spec.probe_steps)
        blocks = [model.get_submodule(name) for name in model.blocks()]
        updates, streams = None, None
        if spec.probe_blocks:
            branches = [name for name, role in model.roles().items() if role in (Role.BRANCH, Role.BRANCH_VECTOR)]
            weights = [model.get_parameter(name) for name in branches]
            updates = BlockUpdates(model, images, blocks, weights, together=spec.probe_together)
        if spec.probe_streams:
            streams = StreamDistances(model, images, blocks)
        return Probe(model, images, spec.probe_steps, updates, streams)


def _groups(model: nn.Module, spec: RunSpec, declaration: Declaration) -> list[dict[str, Any]]:
    """Parameter groups of the run's optimizer."""
    if not isinstance(model, ResidualNetwork):
        return library_groups(model, spec, declaration)
    return parameter_groups(
        model,
        _rules(model, spec, declaration),
        learning_rate=spec.learning_rate,
        weight_decay=spec.weight_decay,
        apart=_trained_apart(model, spec),
    )


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _trained_apart(model: ResidualNetwork, spec: RunSpec) -> dict[str, float]:
    """Base learning rates of read-in and readout, where they have one of their own."""
    if spec.outer_learning_rate is None:
        return {}
    outer = (Role.INPUT, Role.READOUT)
    return {name: spec.outer_learning_rate for name, role in model.roles().items() if role in outer}


def network(spec: RunSpec, declaration: Declaration) -> ResidualNetwork:
    """Return the initialized network of a specification; the same for every learning rate."""
    model = build(
        spec.model,
        width=spec.width,
        depth=spec.depth,
        shape=shape_of(declaration),
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
        shape=shape_of(declaration),
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
        fan_ins=model.fan_ins(),
    )


@dataclass(frozen=True)
class Checkpointer:
    """Beside one run: begins it where it was stopped, and keeps its state when that is due.

    Args:
        key: of the run.
        parts: whose state is kept.
        checkpoints: where; nothing is kept or continued without.
        timer: when, and whether to stop.
        on_progress: called with steps done and loss whenever losses were looked at.
    """

    key: str
    parts: Parts
    checkpoints: Checkpoints | None
    timer: Timer
    on_progress: Callable[[int, float], None]

    def begin(self) -> History | None:
        """Return the rows of the run so far, its parts standing after the last one; empty for a new run.

        None says that there was a state that did not fit, which is removed: the parts are no longer to be used.
        """
        self.timer.start()
        state = None if self.checkpoints is None else self.checkpoints.load(self.key)
        if self.checkpoints is None or state is None:
            return History()
        try:
            return restore(state, self.parts)
        except ValueError as error:
            self.checkpoints.reject(self.key, str(error))
            return None

    def watch(self, history: History) -> None:
        """Report progress, and keep the state if it is due.

        Raises:
            StoppedError: if this process is to end.
        """
        self.on_progress(len(history.loss), history.loss[-1])
        if history.diverged_step is not None:
            return
        if self.checkpoints is not None and self.timer.is_due():
            self.checkpoints.save(self.key, snapshot(self.parts, history))
            self.timer.start()
        if self.timer.stopping:
            raise StoppedError
