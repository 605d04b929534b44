"""Jobs of an experiment: how many, which runs each of them trains, and what each asks of a cluster.

Nothing here looks into a store, so a repeated or resumed build finds the same jobs.
"""

import functools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from depthtransfer.configuration.machines import Distribution, read_distribution
from depthtransfer.errors import ConfigurationError
from depthtransfer.pricing.cost import job_cost, run_seconds
from depthtransfer.pricing.machines import CPU, Machine, machine
from depthtransfer.sweeps.grid import ExperimentRuns, Request
from depthtransfer.sweeps.shards import shard

SHARD_MINUTES = 30.0
WORKERS = 4
"""What a machine's name alone implies."""

START_MINUTES = 5
"""Of a job before it trains: Snakemake three times inside each other, Python from a slow shared disk."""
START_MB = 600
"""Memory of those three (MiB)."""


@dataclass(frozen=True)
class Resources:
    """What one job asks for.

    Args:
        workers: processes that train side by side.
        cpus: cores, those that decode streamed images included.
        gpus: 0 or 1; the workers share it.
        gpu_model: its name, where any other will not do.
        mem_mb: memory of the host (MiB).
        minutes: wall time.
    """

    workers: int
    cpus: int
    gpus: int
    gpu_model: str | None
    mem_mb: int
    minutes: int


@dataclass(frozen=True)
class Jobs:
    """The rule by which experiments become jobs.

    Args:
        settings: what the configuration says.
        machine: what trains, as `settings` name it; a typical processor if they do not.
        processor: what trains the presets that ask for a processor.
    """

    settings: Distribution
    machine: Machine
    processor: Machine

    @classmethod
    def of(cls, config: Mapping[str, Any], folder: Path = Path("config")) -> "Jobs":
        """Read the settings.

        Raises:
            ConfigurationError: if one is unknown or wrong, or two exclude each other.
        """
        settings = read_distribution(config)
        processor = machine(CPU, folder)
        target = machine(settings.machine, folder) if settings.machine else processor
        if target.gpus > 1:
            raise ConfigurationError(f"machine {target.name}: a job trains on one GPU", "name the GPU without a number")
        return cls(settings, target, processor)

    def on(self, sweep: ExperimentRuns) -> Machine:
        """What trains a preset: the machine, unless the preset wants a processor."""
        return self.processor if sweep.device == "cpu" else self.machine

    def workers(self, sweep: ExperimentRuns, requests: Sequence[Request], cores: int = 1) -> int:
        """How many processes train these runs side by side: no more than fit into the GPU's memory together.

        Streamed images keep all cores beside a GPU busy with decoding for one process.
        """
        if not self.settings.decides_workers:
            return cores
        wanted = self.settings.workers or WORKERS
        target = self.on(sweep)
        if target.gpu_bytes is None:
            return wanted
        if self._streams(sweep, requests):
            return 1
        return next(
            (
                count
                for count in range(wanted, 1, -1)
                if job_cost(requests, sweep.declarations, target, count).gpu_mem_mb <= target.gpu_bytes / 2**20
            ),
            1,
        )

    def count(self, sweep: ExperimentRuns) -> int:
        """Number of jobs: as many as take the wanted time each, but none with fewer runs than workers."""
        if self.settings.shards or not self.settings.machine:
            return self.settings.shards or 1
        seconds = 60 * (self.settings.shard_minutes or SHARD_MINUTES)
        workers = self.workers(sweep, sweep.requests)
        total = job_cost(sweep.requests, sweep.declarations, self.on(sweep), workers).seconds
        return max(1, min(math.ceil(total / seconds), len(sweep.requests) // workers))

    def shares(self, sweep: ExperimentRuns, count: int) -> list[list[Request]]:
        """The runs of each job, of about equal time on the machine."""
        cost = functools.partial(run_seconds, declarations=sweep.declarations, machine=self.on(sweep))
        return shard(sweep.requests, cost, count)

    def resources(
        self, sweep: ExperimentRuns, requests: Sequence[Request], *, attempt: int = 1, cores: int = 1
    ) -> Resources:
        """What a job asks for; each further attempt twice the time and memory of the one before."""
        target = self.on(sweep)
        workers = self.workers(sweep, requests, cores)
        counted = job_cost(requests, sweep.declarations, target, workers)
        on_gpu = target.gpu_bytes is not None
        decoding = target.decoding_threads if on_gpu and self._streams(sweep, requests) else 0
        return Resources(
            workers=workers,
            cpus=max(workers, decoding),
            gpus=int(on_gpu),
            gpu_model=self.settings.gpu_model if on_gpu else None,
            mem_mb=START_MB + self._scaled(counted.mem_mb, attempt),
            minutes=self.minutes(counted.seconds, attempt),
        )

    def minutes(self, seconds: float, attempt: int = 1) -> int:
        """Wall time that a job asks for which is counted to take so many seconds."""
        return START_MINUTES + self._scaled(seconds / 60, attempt)

    def _scaled(self, counted: float, attempt: int) -> int:
        return math.ceil(self.settings.headroom * 2.0 ** (attempt - 1) * counted)

    @staticmethod
    def _streams(sweep: ExperimentRuns, requests: Sequence[Request]) -> bool:
        return any(sweep.declarations[request.spec.dataset].streamed for request in requests)
