"""What a list of runs costs on a machine: time, memory, disk; counted, without torch."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from depthtransfer.data.declaration import Declaration
from depthtransfer.pricing.machines import Machine
from depthtransfer.sweeps.grid import Request
from depthtransfer.sweeps.shards import packed, shard

_PARENT_BYTES = 0.15 * 2**30
_WORKER_BYTES = 0.55 * 2**30
_CUDA_HOST_BYTES = 3.0 * 2**30
_CUDA_DEVICE_BYTES = 0.8 * 2**30
_HEAP_SLACK = 1.15
"""Freed and not yet used again, as a share of the tensors."""
_DECODED_AHEAD = 6
"""Batches of a streamed data set that are held at a time."""
_BYTES_OF_STREAMED_IMAGE = 200
_FORWARD = 1 / 3
"""Of a step, the forward pass."""

_SECONDS_TO_DECODE = ((128, 4.0e-4), (1 << 30, 2.0e-3))
"""Core seconds a streamed image takes to decode, for sides up to so many pixels; beyond, it is a photograph."""

_RECORD_BYTES, _RECORD_BYTES_A_STEP, _RECORD_BYTES_A_LOGIT = 9.0e3, 5.3, 5.4
_TABLE_BYTES, _TABLE_BYTES_A_STEP, _TABLE_BYTES_A_LOGIT = 2.0e2, 7.0, 4.6
"""Of a run in the store and in the tables: least squares over the committed runs, a disk's half block added."""


@dataclass(frozen=True)
class JobCost:
    """What a list of runs takes.

    Args:
        seconds: wall time; an upper bound where runs diverge early.
        mem_mb: memory of the host (MiB), all workers together.
        gpu_mem_mb: memory on each GPU (MiB), all its workers together; 0 on a processor.
        disk_mb: store and tables (MiB).
    """

    seconds: float
    mem_mb: int
    gpu_mem_mb: int
    disk_mb: int


def job_cost(
    requests: Sequence[Request], declarations: Mapping[str, Declaration], machine: Machine, workers: int = 1
) -> JobCost:
    """Return what runs take; nothing for no runs.

    Args:
        requests: the runs, of one job.
        declarations: their data sets by name.
        machine: where they train.
        workers: processes side by side; on a machine with GPUs so many share each of them.
    """
    if not requests:
        return JobCost(0.0, 0, 0, 0)

    def seconds(request: Request) -> float:
        return run_seconds(request, declarations, machine)

    if machine.gpus > 1:
        alone, shares = replace(machine, gpus=1), shard(requests, seconds, min(machine.gpus, len(requests)))
        return _side_by_side([job_cost(share, declarations, alone, workers) for share in shares])
    count = min(workers, len(requests))
    wall = packed(map(seconds, requests), count)
    if machine.gpu_bytes is not None:  # workers on one GPU compute one after another
        wall = max(wall, sum(machine.speed.device_seconds(request) for request in requests))
    tensors = sum(sorted((request.memory for request in requests), reverse=True)[:count]) * _HEAP_SLACK
    data = [declarations[name] for name in {request.spec.dataset for request in requests}]
    images = sum(map(_host_bytes_of_images, data)) + _decoded_ahead(requests, declarations) * count
    host, gpu = _PARENT_BYTES + count * _WORKER_BYTES + tensors + images, 0.0
    if machine.gpu_bytes is not None:
        resident = sum(_pixels(declaration) for declaration in data if not declaration.streamed)
        host = _PARENT_BYTES + images + count * (_CUDA_HOST_BYTES + resident)
        gpu = tensors + count * (_CUDA_DEVICE_BYTES + resident)
    return JobCost(
        seconds=machine.start_seconds + wall,
        mem_mb=_mib(host),
        gpu_mem_mb=_mib(gpu),
        disk_mb=_mib(sum(disk_bytes(request, declarations[request.spec.dataset].classes) for request in requests)),
    )


def _side_by_side(parts: Sequence[JobCost]) -> JobCost:
    """Jobs on the GPUs of one machine at once."""
    return JobCost(
        seconds=max(part.seconds for part in parts),
        mem_mb=sum(part.mem_mb for part in parts),
        gpu_mem_mb=max(part.gpu_mem_mb for part in parts),
        disk_mb=sum(part.disk_mb for part in parts),
    )


def run_seconds(request: Request, declarations: Mapping[str, Declaration], machine: Machine) -> float:
    """Estimated wall time of one run (s): of its steps and the look at the test images at its end, or of decoding all
    these images where that takes longer."""
    data, spec = declarations[request.spec.dataset], request.spec
    decoding = 0.0
    if data.streamed:
        each = next(seconds for side, seconds in _SECONDS_TO_DECODE if data.image_size <= side)
        decoding = each * (spec.batch_size * spec.steps + data.test_images) / machine.decoding_threads
    steps = machine.speed.seconds(request) * machine.slowness.get(spec.model, 1.0)
    tested = math.ceil(data.test_images / spec.batch_size) * _FORWARD / spec.steps
    return machine.run_seconds + max(steps * (1.0 + tested), decoding)


def disk_bytes(request: Request, classes: int) -> float:
    """Bytes of a run's record and of its rows in the tables."""
    steps, logits = request.spec.steps, len(request.spec.probe_steps) * request.spec.probe_images * classes
    record = _RECORD_BYTES + _RECORD_BYTES_A_STEP * steps + _RECORD_BYTES_A_LOGIT * logits
    return record + _TABLE_BYTES + _TABLE_BYTES_A_STEP * steps + _TABLE_BYTES_A_LOGIT * logits


def _pixels(data: Declaration) -> int:
    """Bytes of the training images, which a GPU holds."""
    return data.train_images * math.prod(data.form)


def _host_bytes_of_images(data: Declaration) -> float:
    """Images of both splits in memory, whose pages workers share, or what is known of each image that is not."""
    images = data.train_images + data.test_images
    return images * (_BYTES_OF_STREAMED_IMAGE if data.streamed else _pixels(data) / data.train_images)


def _decoded_ahead(requests: Sequence[Request], declarations: Mapping[str, Declaration]) -> float:
    """Bytes of decoded batches that a worker holds."""
    return max(
        _DECODED_AHEAD * each.spec.batch_size * _pixels(data) / data.train_images if data.streamed else 0.0
        for each in requests
        for data in [declarations[each.spec.dataset]]
    )


def _mib(size: float) -> int:
    return math.ceil(size / 2**20)
