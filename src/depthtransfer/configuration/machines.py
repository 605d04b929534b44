"""What named GPUs can do: config/machines.yaml, facts and assumptions apart."""

from pathlib import Path
from typing import Annotated

from pydantic import Field

from depthtransfer.configuration.vocabulary import Positive, Size, Strict
from depthtransfer.strict import read_yaml, validate

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
