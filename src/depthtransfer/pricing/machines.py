"""Where runs are to train: this processor as it typically is, or a GPU by name."""

import difflib
from dataclasses import dataclass
from pathlib import Path

from depthtransfer.configuration.machines import GPU, Assumed, load_machines
from depthtransfer.errors import ConfigurationError
from depthtransfer.sweeps.shards import TYPICAL, Estimate, Speed

CPU, HERE = "cpu", "here"
"""Names of a typical processor, and of this machine as it was timed."""
_PASSES = 6
"""How often a step reads or writes each byte that its backward pass keeps, the gradients' bytes included."""
_BESIDE_A_CPU = 1


@dataclass(frozen=True)
class Machine:
    """What a run's price depends on.

    Args:
        name: `cpu` or a GPU of config/machines.yaml.
        title: name in words.
        speed: of one worker.
        gpu_bytes: memory of the GPU; None on a processor.
        decoding_threads: threads that decode streamed images beside a worker.
        start_seconds: from the command to the first step: interpreters, torch, images.
        run_seconds: a run beside its steps: the network built and initialized, its record written.
    """

    name: str
    title: str
    speed: Estimate
    gpu_bytes: int | None
    decoding_threads: int
    start_seconds: float = 6.0
    run_seconds: float = 0.1


def machine(name: str, config: Path = Path("config")) -> Machine:
    """Return a machine by name.

    Raises:
        ConfigurationError: if it is unknown, or config/machines.yaml does not say something valid.
    """
    if name == CPU:
        return Machine(CPU, "one core of a typical server processor", TYPICAL, None, _BESIDE_A_CPU)
    known = load_machines(config)
    if name not in known.gpus:
        close = difflib.get_close_matches(name, known.gpus, n=1)
        hint = f"did you mean {close[0]!r}? " if close else ""
        raise ConfigurationError(
            f"machine {name!r} is not in {config}/machines.yaml", f"{hint}known: {', '.join((CPU, *known.gpus))}"
        )
    gpu = known.gpus[name]
    memory = int(gpu.memory_gib * 2**30)
    return Machine(name, gpu.title, _speed(gpu, known.assumed), memory, known.assumed.host_cores)


def _speed(gpu: GPU, assumed: Assumed) -> Speed:
    reached = assumed.utilisation
    return Speed(
        seconds_per_kernel=assumed.seconds_per_kernel,
        flops_per_second=gpu.peak.fp32 * reached.fp32,
        bf16_flops_per_second=max(gpu.peak.bf16 * reached.bf16, gpu.peak.fp32 * reached.fp32),
        bytes_per_second=gpu.bandwidth * reached.bandwidth / _PASSES,
    )
