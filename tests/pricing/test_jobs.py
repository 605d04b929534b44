import itertools
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from depthtransfer.configuration import load_preset
from depthtransfer.errors import ConfigurationError
from depthtransfer.pricing.cost import job_cost
from depthtransfer.pricing.jobs import START_MB, START_MINUTES, WORKERS, Jobs, Resources
from depthtransfer.sweeps import refinement
from depthtransfer.sweeps.grid import ExperimentRuns, load_runs

PAPER = load_preset("paper").experiments


@pytest.fixture(scope="module")
def sweep() -> ExperimentRuns:
    """960 runs on a GPU."""
    return load_runs("paper", "cnn_learning_rate")


def jobs(**config: Any) -> Jobs:
    return Jobs.of(config)


def all_resources(chosen: Jobs, sweep: ExperimentRuns, attempt: int = 1) -> list[Resources]:
    return [chosen.resources(sweep, each, attempt=attempt) for each in chosen.shares(sweep, chosen.count(sweep))]


@pytest.mark.parametrize(("experiment", "machine"), list(itertools.product(PAPER, ("a100", "t4", "cpu")))[::4])
def test_every_run_is_in_one_job_and_jobs_take_tens_of_minutes(experiment: str, machine: str) -> None:
    chosen, sweep = jobs(machine=machine, shard_minutes=30), load_runs("paper", experiment)
    shares = chosen.shares(sweep, chosen.count(sweep))
    assert sorted(each.spec.key for share in shares for each in share) == sorted(e.spec.key for e in sweep.requests)
    assert all(shares)
    times = [
        job_cost(share, sweep.declarations, chosen.on(sweep), chosen.workers(sweep, share)).seconds for share in shares
    ]
    longest = max(job_cost([each], sweep.declarations, chosen.on(sweep)).seconds for each in sweep.requests)
    assert max(times) <= 1.25 * 1800 + 2 * longest, "no job is much longer than wanted, unless a run is"
    assert len(times) == 1 or sum(times) / len(times) > 600, (
        "about 12 s that Snakemake takes to start are below 5 % of a job"
    )


def test_more_time_a_job_is_fewer_jobs(sweep: ExperimentRuns) -> None:
    counts = [jobs(machine="h100", shard_minutes=minutes).count(sweep) for minutes in (20, 60, 300, 1e6)]
    assert counts == sorted(counts, reverse=True)
    assert counts[0] > counts[2] > counts[3] == 1


def test_a_machine_alone_implies_the_rest(sweep: ExperimentRuns) -> None:
    assert jobs(machine="a100").count(sweep) == jobs(machine="a100", shard_minutes=30, workers=WORKERS).count(sweep) > 9


def test_shards_are_what_is_asked_for(sweep: ExperimentRuns) -> None:
    assert jobs().count(sweep) == 1
    assert jobs(shards=7).count(sweep) == 7
    assert jobs(shards=7, machine="a100").count(sweep) == 7


def test_each_attempt_asks_for_twice_the_counted_time_and_memory(sweep: ExperimentRuns) -> None:
    chosen = jobs(machine="a100")
    first, second, third = (all_resources(chosen, sweep, attempt) for attempt in (1, 2, 3))
    for one, two, three in zip(first, second, third, strict=True):
        for start, name in ((START_MB, "mem_mb"), (START_MINUTES, "minutes")):
            counted = [getattr(each, name) - start for each in (one, two, three)]
            assert counted[1] == pytest.approx(2 * counted[0], abs=1)
            assert counted[2] == pytest.approx(4 * counted[0], abs=3)
        assert (one.gpus, one.workers, one.cpus) == (three.gpus, three.workers, three.cpus)


def test_what_is_asked_for_covers_what_is_counted(sweep: ExperimentRuns) -> None:
    chosen = jobs(machine="a100", headroom=2)
    for share in chosen.shares(sweep, chosen.count(sweep)):
        asked = chosen.resources(sweep, share)
        counted = job_cost(share, sweep.declarations, chosen.machine, asked.workers)
        assert 2 * counted.mem_mb <= asked.mem_mb <= 2 * counted.mem_mb + START_MB + 1
        assert 2 * counted.seconds / 60 <= asked.minutes <= 2 * counted.seconds / 60 + START_MINUTES + 1


def test_a_gpu_is_asked_for_where_the_preset_wants_one() -> None:
    named = jobs(machine="a100", gpu_model="nvidia_a100")
    on_gpu, on_cpu = load_runs("paper", "cnn_gamma0"), load_runs("smoke", "cnn_gamma0")
    assert {(each.gpus, each.gpu_model) for each in all_resources(named, on_gpu)} == {(1, "nvidia_a100")}
    assert {(each.gpus, each.gpu_model) for each in all_resources(jobs(machine="a100"), on_gpu)} == {(1, None)}
    assert {(each.gpus, each.gpu_model) for each in all_resources(named, on_cpu)} == {(0, None)}
    assert {each.gpus for each in all_resources(jobs(machine="cpu"), on_gpu)} == {0}
    assert named.on(on_cpu).name == "cpu"


def test_workers_share_a_gpu_only_while_their_tensors_fit() -> None:
    sweep = load_runs("paper", "resnet18_bn_learning_rate")
    heaviest = sorted(sweep.requests, key=lambda each: each.memory)[-4:]
    small = jobs(machine="t4", workers=4)
    count = small.workers(sweep, heaviest)
    capacity = small.machine.gpu_bytes
    assert capacity is not None
    assert 1 <= count < 4 == jobs(machine="h200", workers=4).workers(sweep, heaviest)
    assert job_cost(heaviest, sweep.declarations, small.machine, count + 1).gpu_mem_mb > capacity / 2**20


def test_streamed_images_get_one_process_and_the_cores_that_decode() -> None:
    sweep = load_runs("paper", "vit_cosine_learning_rate")
    assert any(declaration.streamed for declaration in sweep.declarations.values())
    (asked,) = {(each.workers, each.cpus) for each in all_resources(jobs(machine="a100"), sweep)}
    assert asked == (1, jobs(machine="a100").machine.decoding_threads)


def test_without_a_machine_all_cores_train(sweep: ExperimentRuns) -> None:
    assert jobs().resources(sweep, sweep.requests[:9], cores=6).workers == 6
    assert jobs(workers=2).resources(sweep, sweep.requests[:9], cores=6).workers == 2
    assert jobs().resources(sweep, sweep.requests[:9], cores=6).gpus == 0


def test_jobs_are_a_function_of_the_sweep(sweep: ExperimentRuns) -> None:
    again = load_runs("paper", "cnn_learning_rate")
    chosen = jobs(machine="v100", shard_minutes=40)
    assert chosen.shares(sweep, 12) == chosen.shares(again, 12)
    fewer = replace(sweep, requests=sweep.requests[:-1])
    assert chosen.shares(fewer, 12) != chosen.shares(sweep, 12)


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({"shard_minuts": 30}, ("shard_minuts", "shard_minutes")),
        ({"machine": "a10"}, ("'a10'", "a100")),
        ({"machine": "8xa100"}, ("one GPU",)),
        ({"machine": "a100", "shards": 3, "shard_minutes": 30}, ("both shards and shard_minutes",)),
        ({"shard_minutes": 30}, ("without a machine",)),
        ({"shards": 0}, ("shards",)),
        ({"workers": "many"}, ("workers",)),
        ({"headroom": -1}, ("headroom",)),
    ],
)
def test_wrong_settings_are_named(config: Mapping[str, Any], words: tuple[str, ...]) -> None:
    with pytest.raises(ConfigurationError) as caught:
        Jobs.of(config)
    assert all(word in str(caught.value) for word in words)


def test_refinement_costs_at_most_one_value_of_each_network_and_round(sweep: ExperimentRuns) -> None:
    networks = {(each.variant, each.spec.width, each.spec.depth) for each in sweep.requests}
    seeds = {each.spec.seed for each in sweep.requests}
    assert len(refinement.at_most(sweep, 2)) == 2 * len(networks) * len(seeds)
    assert refinement.at_most(sweep, 0) == []
