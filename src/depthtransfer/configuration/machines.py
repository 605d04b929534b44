"""What named GPUs can do (config/machines.yaml), and how training is spread over jobs (--config, profiles)."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field

from depthtransfer.configuration.vocabulary import Positive, Size
from depthtransfer.errors import ConfigurationError
from depthtransfer.strict import Strict, read_yaml, validate

Share = Annotated[float, Field(gt=0, le=1)]
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]


class Peak(Strict):
    """Dense peak rates (FLOP/s) by precision."""

    fp32: Positive
    bf16: Positive


class Utilisation(Strict):
    """Assumed share of each peak that training reaches."""

    fp32: Share
    bf16: Share
    bandwidth: Share


class Assumed(Strict):
    """What no data sheet says, the same for all GPUs.

    `seconds_per_kernel` is the time (s) that starting one operation takes, `host_cores` the threads that decode
    streamed images.
    """

    seconds_per_kernel: Positive
    utilisation: Utilisation
    host_cores: Size


class GPU(Strict):
    """One GPU's data sheet: memory (GiB), peak rates and bandwidth (bytes/s), and where they stand."""

    title: str = Field(min_length=1)
    memory_gib: Positive
    peak: Peak
    bandwidth: Positive
    source: str = Field(min_length=1)


class Machines(Strict):
    """All GPUs by name, and the assumptions that turn peaks into times."""

    assumed: Assumed
    gpus: dict[Name, GPU] = Field(min_length=1)


def load_machines(root: Path = Path("config")) -> Machines:
    """Read config/machines.yaml.

    Raises:
        ConfigurationError: naming file and key of what is wrong.
    """
    path = root / "machines.yaml"
    return validate(Machines, read_yaml(path), path)


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
