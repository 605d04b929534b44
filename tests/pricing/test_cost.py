"""What runs need, from counted sizes: monotone, packed, and about what records really take."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from depthtransfer.errors import ConfigurationError
from depthtransfer.pricing.cost import JobCost, disk_bytes, job_cost, run_seconds
from depthtransfer.pricing.machines import machine
from depthtransfer.store.records import Record, encode
from depthtransfer.sweeps.grid import Request, load_runs
from depthtransfer.sweeps.shards import packed

CPU, A100, H100 = machine("cpu"), machine("a100"), machine("h100")


def asked(requests: Sequence[Request], where: Any = CPU, workers: int = 1) -> JobCost:
    return job_cost(requests, load_runs("smoke", "cnn_learning_rate").declarations, where, workers)


@pytest.fixture(scope="module")
def runs() -> tuple[Request, ...]:
    return load_runs("smoke", "cnn_learning_rate").requests[:40]


def test_more_runs_take_longer_and_more_disk(runs: tuple[Request, ...]) -> None:
    assert asked([]) == JobCost(0.0, 0, 0, 0)
    few, many = asked(runs[:10]), asked(runs)
    assert few.seconds < many.seconds
    assert few.disk_mb <= many.disk_mb


def test_workers_share_the_time_and_add_memory(runs: tuple[Request, ...]) -> None:
    one, two, all_of_them = (asked(runs, workers=count) for count in (1, 2, 1000))
    alone, side_by_side = one.seconds - CPU.start_seconds, two.seconds - CPU.start_seconds
    assert 0.499 * alone < side_by_side < 0.6 * alone
    assert one.mem_mb < two.mem_mb < all_of_them.mem_mb
    longest = max(run_seconds(each, load_runs("smoke", "cnn_learning_rate").declarations, CPU) for each in runs)
    assert all_of_them.seconds == pytest.approx(CPU.start_seconds + longest)


def test_packing_is_no_better_than_the_longest_nor_than_even_shares() -> None:
    assert packed([5, 1, 1, 1], 2) == 5
    assert packed([3, 3, 2, 2, 2], 2) == 7  # 6 would need the jobs' lengths looked at together
    assert packed([1.0] * 7, 3) == 3


def test_workers_on_one_gpu_do_not_compute_side_by_side() -> None:
    sweep = load_runs("paper", "cnn_learning_rate")
    wide = [each for each in sweep.requests if each.spec.width == 256]
    alone, together = (job_cost(wide, sweep.declarations, A100, workers) for workers in (1, 8))
    assert together.seconds > 0.9 * alone.seconds
    assert together.gpu_mem_mb > 6 * alone.gpu_mem_mb


def test_a_gpu_takes_the_tensors_and_a_better_one_is_faster() -> None:
    sweep = load_runs("paper", "cnn_learning_rate")
    on_cpu, slow, fast = (job_cost(sweep.requests, sweep.declarations, where) for where in (CPU, A100, H100))
    assert on_cpu.seconds > slow.seconds > fast.seconds
    assert (on_cpu.gpu_mem_mb, slow.gpu_mem_mb) == (0, fast.gpu_mem_mb)
    assert on_cpu.mem_mb > max(each.memory for each in sweep.requests) / 2**20
    assert fast.gpu_mem_mb > max(each.memory for each in sweep.requests) / 2**20


def test_streamed_images_are_not_trained_on_faster_than_they_are_decoded() -> None:
    sweep = load_runs("paper", "vit_cosine_learning_rate")
    shallow = min(sweep.requests, key=lambda each: each.flops)
    images = shallow.spec.batch_size * shallow.spec.steps
    assert run_seconds(shallow, sweep.declarations, H100) >= 2e-3 * images / H100.decoding_threads
    held = {name: each.model_copy(update={"streamed": False}) for name, each in sweep.declarations.items()}
    assert run_seconds(shallow, held, H100) < run_seconds(shallow, sweep.declarations, H100)
    assert job_cost([shallow], held, CPU).mem_mb > job_cost([shallow], sweep.declarations, CPU).mem_mb


def test_bf16_is_faster_where_the_card_has_it(runs: tuple[Request, ...]) -> None:
    half = [replace(each, spec=replace(each.spec, precision="bf16")) for each in runs]
    for name, faster in (("a100", True), ("v100", False)):
        speed = machine(name).speed
        assert (sum(map(speed.seconds, half)) < sum(map(speed.seconds, runs))) is faster


@pytest.mark.parametrize("steps", [20, 600])
def test_disk_is_about_that_of_a_record(runs: tuple[Request, ...], steps: int) -> None:
    spec = replace(runs[0].spec, steps=steps, probe_steps=(0, steps), probe_images=50)
    rng = np.random.default_rng(0)
    series = {name: rng.random(steps).tolist() for name in ("loss", "accuracy", "learning_rate_factor")}
    provenance = {"commit": "0" * 40, "versions": {"torch": "2.0"}, "machine": "one", "seconds": 1.0}
    record = Record(spec.canonical(), {"status": "ok"}, provenance, series, rng.normal(size=1000).tolist())
    counted = disk_bytes(replace(runs[0], spec=spec), classes=10)
    assert len(encode([record])) < counted < 4 * len(encode([record]))


@pytest.mark.parametrize("name", ["h10", "0xh100"])
def test_an_unknown_machine_names_the_known_ones(name: str) -> None:
    with pytest.raises(ConfigurationError, match="known: cpu, t4"):
        machine(name)


def test_several_gpus_share_the_runs() -> None:
    sweep = load_runs("paper", "cnn_learning_rate")
    one, eight = machine("rtx4090"), machine("8xrtx4090")
    assert (eight.gpus, eight.kind, eight.gpu_bytes) == (8, "rtx4090", one.gpu_bytes)
    alone, together = (job_cost(sweep.requests, sweep.declarations, where) for where in (one, eight))
    assert alone.seconds / 8.01 < together.seconds < alone.seconds / 7.5
    assert together.gpu_mem_mb == alone.gpu_mem_mb
    assert together.mem_mb > 7 * alone.mem_mb
    few = job_cost(sweep.requests[:3], sweep.declarations, eight)
    assert few.seconds == max(job_cost([each], sweep.declarations, one).seconds for each in sweep.requests[:3])


def test_wrong_facts_are_refused(tmp_path: Path) -> None:
    text = Path("config/machines.yaml").read_text(encoding="utf-8")
    (tmp_path / "machines.yaml").write_text(text.replace("fp32: 0.4", "fp32: 1.4"), encoding="utf-8")
    with pytest.raises(ConfigurationError, match=r"assumed\.utilisation\.fp32"):
        machine("a100", tmp_path)
