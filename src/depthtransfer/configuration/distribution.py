"""How training is spread over jobs: what `--config` and the `config:` of a profile may say."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field

from depthtransfer.errors import ConfigurationError
from depthtransfer.strict import Strict, validate

Word = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}$")]
"""What may stand in a command as it is."""


class Distribution(Strict):
    """How many jobs there are, and what they ask for; it changes no result.

    Args:
        machine: what trains, `cpu` or a GPU of config/machines.yaml; without it jobs ask for nothing.
        shards: jobs of each experiment.
        shard_minutes: wall time a job is to take on the machine, which decides how many there are.
        workers: processes side by side in a job; without machine and workers one for each core of Snakemake's.
        headroom: what is asked for over what is counted, in time and memory.
        gpu_model: Slurm's name of the GPU; without it any will do.
    """

    machine: Word | None = None
    shards: Annotated[int, Field(ge=1)] | None = None
    shard_minutes: Annotated[float, Field(gt=0)] | None = None
    workers: Annotated[int, Field(ge=1)] | None = None
    headroom: Annotated[float, Field(gt=0)] = 1.5
    gpu_model: Word | None = None

    @property
    def decides_workers(self) -> bool:
        """Whether the number of workers does not depend on the cores that Snakemake may use."""
        return self.machine is not None or self.workers is not None


def read_distribution(config: Mapping[str, Any]) -> Distribution:
    """Return what a configuration says.

    Raises:
        ConfigurationError: if a setting is unknown or wrong, or two exclude each other.
    """
    settings = validate(Distribution, dict(config), "--config")
    if settings.shards and settings.shard_minutes:
        raise ConfigurationError("--config has both shards and shard_minutes", "leave one of them out")
    if settings.shard_minutes and not settings.machine:
        raise ConfigurationError("--config has shard_minutes without a machine", "add machine=cpu or a GPU's name")
    return settings
