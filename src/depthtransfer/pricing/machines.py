"""Where runs are to train: this processor as it typically is or as it was timed, or GPUs by name."""

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from depthtransfer.configuration.machines import GPU, Assumed, load_machines
from depthtransfer.errors import ConfigurationError
from depthtransfer.sweeps.shards import TYPICAL, Speed

CPU, HERE = "cpu", "here"
"""Names of a typical processor, and of this machine as it was timed."""
_PASSES = 6
"""How often a step reads or writes each byte that its backward pass keeps, the gradients' bytes included."""
_BESIDE_A_CPU = 1
_SEVERAL = re.compile(r"(?:([1-9]\d{0,3})x)?(.+)")


@dataclass(frozen=True)
class Machine:
    """What the cost of runs depends on.

    Args:
        name: `cpu`, `here`, a GPU of config/machines.yaml, or several of them in one machine, such as `8xrtx4090`.
        title: name in words.
        speed: of one worker.
        gpu_bytes: memory of each GPU; None on a processor.
        decoding_threads: threads that decode streamed images beside a worker.
        start_seconds: from the command to the first step: interpreters, torch, images.
        run_seconds: a run beside its steps: the network built and initialized, its record written.
        gpus: how many there are; 1 on a processor.
        slowness: by architecture, how many times longer than `speed` says its steps took here; 1 where not timed.
    """

    name: str
    title: str
    speed: Speed
    gpu_bytes: int | None
    decoding_threads: int
    start_seconds: float = 6.0
    run_seconds: float = 0.1
    gpus: int = 1
    slowness: Mapping[str, float] = field(default_factory=dict)

    @property
    def kind(self) -> str:
        """Name of one of its GPUs."""
        return self.name.partition("x")[2] if self.gpus > 1 else self.name


def machine(name: str, config: Path = Path("config")) -> Machine:
    """Return a machine by name.

    Raises:
        ConfigurationError: if it is unknown, or config/machines.yaml does not say something valid.
    """
    if name == CPU:
        return Machine(CPU, "one core of a typical server processor", TYPICAL, None, _BESIDE_A_CPU)
    known = load_machines(config)
    several = _SEVERAL.fullmatch(name)
    count, kind = (several[1], several[2]) if several else (None, name)
    if kind not in known.gpus:
        close = difflib.get_close_matches(kind, known.gpus, n=1)
        hint = f"did you mean {close[0]!r}? " if close else ""
        raise ConfigurationError(
            f"machine {name!r} is not in {config}/machines.yaml",
            f"{hint}known: {', '.join((CPU, *known.gpus))}; write 8x before the name for eight of them",
        )
    gpu = known.gpus[kind]
    title = f"{count} x {gpu.title}" if count else gpu.title
    memory = int(gpu.memory_gib * 2**30)
    return Machine(name, title, _speed(gpu, known.assumed), memory, known.assumed.host_cores, gpus=int(count or 1))


def _speed(gpu: GPU, assumed: Assumed) -> Speed:
    reached = assumed.utilisation
    return Speed(
        seconds_per_kernel=assumed.seconds_per_kernel,
        flops_per_second=gpu.peak.fp32 * reached.fp32,
        bf16_flops_per_second=max(gpu.peak.bf16 * reached.bf16, gpu.peak.fp32 * reached.fp32),
        bytes_per_second=gpu.bandwidth * reached.bandwidth / _PASSES,
    )
